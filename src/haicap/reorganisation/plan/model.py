"""A plan as values: what the file says, with the line each thing stands on (0 where it was never in a file)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, time

from haicap.kernel.clock import ZONE

UNDO_WINDOW_DAYS = 5


@dataclass(frozen=True, slots=True)
class Legal:
    """Căn cứ pháp lý: a resolution the plan stands on."""

    number: str
    dated: date | None = None
    issued_by: str = ""
    title: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A predecessor of a formed unit: by its code on the day before; the whole of it, or a part."""

    code: str
    part: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """Đơn vị hình thành: a unit as it stands from the effective day on, and what it is made of.

    One form covers merging, splitting, renaming, change of kind and moving to another parent: where the only
    predecessor is whole and has no other successor the unit lives on, otherwise it is formed anew.
    `seat` is the code of the predecessor whose building becomes the seat; `agency_code` overrides the rule.
    """

    code: str
    level: str
    kind: str
    name: str
    parent: str | None
    predecessors: tuple[Part, ...]
    resolution: str = ""
    note: str = ""
    latitude: float | None = None
    longitude: float | None = None
    seat: str = ""
    agency_code: str = ""
    leave_out: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Abolition:
    """Đơn vị kết thúc không có đơn vị kế thừa: the districts of 1/7/2025. `interim` holds what no rule places."""

    code: str
    interim: str = ""
    resolution: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Transfer:
    """Chuyển thẩm quyền: work in `fields` or `procedures` of abolished districts goes to the department `to`.

    `to` is the department's slot ("Nông nghiệp và Môi trường"); everything else goes to the commune of the place.
    """

    to: str
    fields: tuple[str, ...] = ()
    procedures: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Division:
    """Quy tắc phân định: how records of a divided unit are placed, in this order; else they stay undecided.

    `villages` and `addresses` are pairs (text, code of the successor).
    """

    code: str
    interim: str
    villages: tuple[tuple[str, str], ...] = ()
    addresses: tuple[tuple[str, str], ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Staffing:
    """Bố trí nhân sự: a person for a title at an organ of a unit after the cut-over."""

    unit: str
    kind: str
    slot: str
    title: str
    person_id: uuid.UUID
    person_name: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Kế hoạch sắp xếp: everything a cut-over needs to know."""

    key: str
    title: str
    effective_on: date
    province: str
    legal: tuple[Legal, ...]
    units: tuple[UnitPlan, ...]
    abolished: tuple[Abolition, ...] = ()
    transfers: tuple[Transfer, ...] = ()
    divisions: tuple[Division, ...] = ()
    staffing: tuple[Staffing, ...] = ()
    boundaries: str = ""
    undo_window_days: int = UNDO_WINDOW_DAYS
    registry_revision: int | None = None
    lines: dict[str, int] = field(default_factory=dict, compare=False)

    @property
    def effective_at(self) -> datetime:
        """The first instant of the effective day in Vietnam."""
        return datetime.combine(self.effective_on, time.min, tzinfo=ZONE)

    @property
    def codes_before(self) -> list[str]:
        """The units of the day before that the plan touches."""
        parts = {part.code for unit in self.units for part in unit.predecessors}
        return sorted(parts | {item.code for item in self.abolished})

    @property
    def codes_after(self) -> list[str]:
        """The units that the plan forms, or lets live on."""
        return sorted({unit.code for unit in self.units})

    @property
    def resolution(self) -> str:
        """The number of the first legal basis: what journal entries name."""
        return self.legal[0].number if self.legal else ""
