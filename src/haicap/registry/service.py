"""The registry's public face for writing units: load the country, apply a reorganisation, take it back.

Reads are in `haicap.registry.queries`. Every use-case here is one transaction with one journal act; inside
another act it joins it. `write_unit_changes` and its inverse are for the reorganisation engine, which holds
the transaction and the act itself.

The base state is valid from 30/6/2025, the day its sources speak for, and from no earlier day: communes were
still being merged in the months before, and the registry states nothing that it cannot show a source for.
Records older than that day name their units as of that day (`queries.naming_day`).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.errors import NotAllowed
from haicap.kernel.formats import date as written
from haicap.registry import country
from haicap.registry.changes import (
    AbolishedSpec,
    Change,
    Closing,
    Edge,
    FormationSpec,
    From,
    NewEvent,
    Opening,
    Spelling,
    UnitChanges,
    UnitState,
    changes_of,
)
from haicap.registry.errors import (
    AlreadyApplied,
    BadChanges,
    BeforeBase,
    DifferentBase,
    NotWithdrawable,
    RegistryEmpty,
    StateMoved,
)
from haicap.registry.load import base_changes, digest_of_base, specs_of
from haicap.registry.models import Reorganisation, Resolution
from haicap.registry.states import state_before, state_opened_on, stored_state
from haicap.registry.writer import (
    Progress,
    UnitWriteReport,
    lock_registry,
    withdraw_unit_changes,
    write_unit_changes,
)
from haicap.registry.writer import write_spellings as _write_spellings

__all__ = [
    "BASE_KEY",
    "PERMISSION",
    "AbolishedSpec",
    "BadChanges",
    "Change",
    "Closing",
    "Edge",
    "FormationSpec",
    "From",
    "NewEvent",
    "NotWithdrawable",
    "Opening",
    "Spelling",
    "StateMoved",
    "UnitChanges",
    "UnitState",
    "UnitWriteReport",
    "apply_changes",
    "apply_published",
    "changes_of",
    "changes_of_published",
    "ensure_resolutions",
    "load_base",
    "lock_registry",
    "record_reorganisation",
    "state_before",
    "stored_state",
    "withdraw_reorganisation",
    "write_spellings",
    "write_unit_changes",
]

BASE_KEY = "base"
PERMISSION = "registry.change_units"


def load_base(
    actor: Actor,
    base: Sequence[country.BaseUnit] | None = None,
    on: date = country.BASE_DATE,
    progress: Progress | None = None,
) -> UnitWriteReport:
    """Nạp trạng thái gốc: write every unit of the base state, valid from `on`. The second run does nothing.

    Where the shipped dataset differs from what an earlier release loaded, what is loaded stays and the report
    says so in `notes`. Raises NotAllowed without the permission, DifferentBase (REG-014) when a `base` is
    given and another one is loaded.
    """
    _require(actor)
    units = country.load_base() if base is None else tuple(base)
    digest = digest_of_base(units, on)
    with journal.act(actor, "registry.load_base", reason=_("Nạp trạng thái gốc của cả nước")) as act:
        lock_registry()
        loaded = Reorganisation.objects.filter(key=BASE_KEY, undone_at=None).first()
        if loaded is not None:
            if loaded.title.endswith(digest):
                return UnitWriteReport()
            return _another_base(loaded, shipped=base is None)
        reorganisation = _record(BASE_KEY, f"{_('Trạng thái gốc')} {written(on)}, sha256 {digest}", on, ())
        report = write_unit_changes(reorganisation.id, base_changes(units, on), progress)
        with connection.cursor() as cursor:  # the planner knows nothing yet of what was just written
            cursor.execute("ANALYZE registry_unit, registry_unitversion, registry_unitname")
        act.changed("registry.unit", reorganisation.id, None, report.as_dict() | {"sha256": digest})
        return report


def _another_base(loaded: Reorganisation, shipped: bool) -> UnitWriteReport:
    """A newer release may ship a corrected dataset: what was loaded stays, and the difference is told."""
    difference = _("Sổ đăng ký đã có một trạng thái gốc khác (ngày %(day)s).") % {
        "day": written(loaded.effective_on)
    }
    if shipped:
        return UnitWriteReport(notes=(difference,))
    raise DifferentBase(
        difference,
        kept=_("Trạng thái gốc đang có được giữ nguyên."),
        todo=_("Dùng một cơ sở dữ liệu mới, hoặc ghi các khác biệt thành một lần sắp xếp."),
    )


def ensure_resolutions(acts: Iterable[country.PublishedResolution]) -> dict[str, uuid.UUID]:
    """Enter legal acts where they are missing; the ids of all by number. Inside the caller's act."""
    wanted = [
        Resolution(number=item.number, dated=item.dated, issued_by=item.issued_by, title=item.title)
        for item in acts
    ]
    Resolution.objects.bulk_create(wanted, ignore_conflicts=True)
    return dict(
        Resolution.objects.filter(number__in=[item.number for item in wanted]).values_list("number", "id")
    )


def changes_of_published(
    reorganisations: Sequence[country.PublishedReorganisation], resolutions: Mapping[str, uuid.UUID]
) -> UnitChanges:
    """What published reorganisations of one day do to the registry as it stands; several are one step.

    Raises BadChanges (REG-010) when they do not fit the registry's state.
    """
    effective_on = reorganisations[0].effective
    formations: list[FormationSpec] = []
    abolished: list[AbolishedSpec] = []
    for published in reorganisations:
        formed, ended = specs_of(published, resolutions)
        formations += formed
        abolished += ended
    return changes_of(
        state_before(effective_on),
        effective_on,
        formations,
        abolished,
        standing=state_opened_on(effective_on),
    )


def apply_published(
    actor: Actor, reorganisation: country.PublishedReorganisation, progress: Progress | None = None
) -> UnitWriteReport:
    """Áp dụng một lần sắp xếp đã công bố to the registry of units alone: no agency, code or record moves.

    Idempotent by its key: applied already, it does nothing. Raises RegistryEmpty (REG-003) before the base is
    loaded, BadChanges (REG-010) and StateMoved (REG-011) when it does not fit the registry's state.
    """
    _require(actor)
    with transaction.atomic():
        lock_registry()
        if Reorganisation.objects.filter(key=reorganisation.key, undone_at=None).exists():
            return UnitWriteReport()
        numbers = {*reorganisation.resolutions, *(item.resolution for item in reorganisation.formations)}
        acts = [item for item in country.load_resolutions() if item.number in numbers]
        with journal.act(
            actor,
            "registry.apply_published",
            reason=reorganisation.title,
            resolution=" ".join(reorganisation.resolutions),
        ):
            ids = ensure_resolutions(acts)
            changes = changes_of_published([reorganisation], ids)
            return apply_changes(
                actor,
                reorganisation.key,
                reorganisation.title,
                changes,
                [ids[number] for number in reorganisation.resolutions],
                progress,
            )[1]


def apply_changes(
    actor: Actor,
    key: str,
    title: str,
    changes: UnitChanges,
    resolution_ids: Sequence[uuid.UUID] = (),
    progress: Progress | None = None,
) -> tuple[Reorganisation, UnitWriteReport]:
    """Write changes of units under a new reorganisation row; joins the caller's act and transaction.

    Raises AlreadyApplied (REG-012) when a reorganisation with this key stands, and as `record_reorganisation`
    and `write_unit_changes` do.
    """
    _require(actor)
    with journal.act(actor, "registry.apply_changes", reason=title) as act:
        lock_registry()
        reorganisation = record_reorganisation(key, title, changes.effective_on, resolution_ids)
        report = write_unit_changes(reorganisation.id, changes, progress)
        act.changed("registry.unit", reorganisation.id, None, report.as_dict() | {"key": key})
        return reorganisation, report


def record_reorganisation(
    key: str, title: str, effective_on: date, resolution_ids: Sequence[uuid.UUID]
) -> Reorganisation:
    """The row that a set of unit events hangs on. Inside the caller's act.

    Raises RegistryEmpty (REG-003) before the base is loaded, BeforeBase (REG-001) for a day that is not after
    the base state, AlreadyApplied (REG-012) when a reorganisation with this key stands.
    """
    base = Reorganisation.objects.filter(key=BASE_KEY, undone_at=None).first()
    if base is None:
        raise RegistryEmpty(
            _("Chưa có trạng thái gốc của cả nước."), todo=_("Chạy “haicap units load” trước.")
        )
    if effective_on <= base.effective_on:
        raise BeforeBase(
            _("Ngày hiệu lực %(day)s không sau trạng thái gốc %(base)s.")
            % {"day": written(effective_on), "base": written(base.effective_on)},
            kept=_("Sổ đăng ký giữ nguyên."),
            todo=_("Dùng một ngày sau đó."),
        )
    if Reorganisation.objects.filter(key=key, undone_at=None).exists():
        raise AlreadyApplied(
            _("Lần sắp xếp “%(key)s” đã được áp dụng.") % {"key": key},
            kept=_("Sổ đăng ký giữ nguyên."),
            todo=_("Không cần làm gì; hoặc hoàn tác lần đã áp dụng trước."),
        )
    return _record(key, title, effective_on, resolution_ids)


def _record(key: str, title: str, effective_on: date, resolution_ids: Sequence[uuid.UUID]) -> Reorganisation:
    reorganisation = Reorganisation.objects.create(
        key=key, title=title[:500], effective_on=effective_on, applied_at=clock.now()
    )
    through = Reorganisation.resolutions.through
    through.objects.bulk_create(
        through(reorganisation_id=reorganisation.id, resolution_id=resolution_id)
        for resolution_id in dict.fromkeys(resolution_ids)
    )
    return reorganisation


def withdraw_reorganisation(actor: Actor, reorganisation_id: uuid.UUID, reason: str = "") -> UnitWriteReport:
    """Hoàn tác một lần sắp xếp in the registry of units: exact inverse on what is believed; rows stay.

    Raises NotWithdrawable (REG-013) when it is unknown, undone already, the base state, or built upon.
    """
    _require(actor)
    with journal.act(actor, "registry.withdraw_reorganisation", reason=reason) as act:
        lock_registry()
        reorganisation = Reorganisation.objects.filter(pk=reorganisation_id, undone_at=None).first()
        if reorganisation is None or reorganisation.key == BASE_KEY:
            raise NotWithdrawable(
                _("Không có lần sắp xếp nào như vậy để hoàn tác.")
                if reorganisation is None
                else _("Trạng thái gốc không hoàn tác được."),
                kept=_("Sổ đăng ký giữ nguyên."),
                todo=_("Xem các lần sắp xếp đã áp dụng rồi chọn lại."),
                details={"reorganisation": str(reorganisation_id)},
            )
        report = withdraw_unit_changes(reorganisation.id)
        reorganisation.undone_at = clock.now()
        reorganisation.save(update_fields=["undone_at"])
        act.changed("registry.unit", reorganisation.id, {"key": reorganisation.key}, report.as_dict())
        return report


def write_spellings(actor: Actor, spellings: Sequence[Spelling]) -> int:
    """Ghi tên khác của đơn vị: how other systems write a unit's name, so that search and matching find it.

    Known ones are left alone; returns how many are new.
    """
    _require(actor)
    with journal.act(actor, "registry.write_spellings") as act:
        written = _write_spellings(spellings)
        act.changed("registry.unit_name", None, None, {"count": written, "given": len(spellings)})
        return written


def _require(actor: Actor) -> None:
    if not actor.may(PERMISSION):
        details: dict[str, Any] = {"permission": PERMISSION}
        raise NotAllowed(
            _("%(who)s không có quyền thay đổi sổ đăng ký đơn vị hành chính.") % {"who": actor.label},
            kept=_("Chưa có gì được ghi."),
            todo=_("Đề nghị người quản trị của tỉnh cấp quyền."),
            details=details,
        )
