"""From templates to table rows: pure, so that a plan can be shown before anything is written."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import lru_cache

from haicap.kernel.clock import ZONE
from haicap.kernel.ids import new_id
from haicap.kernel.text import fold
from haicap.registry.establishment.codes import CodeIssuer, level_one
from haicap.registry.establishment.templates import AgencyTemplate, spoken, template_for
from haicap.registry.models.agency import AgencyKind
from haicap.registry.models.desk import DeskKind
from haicap.registry.models.unit import Level


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """What establishing needs to know of a unit; `superior_code` is the agency code its own is numbered under.

    `keeps_code` is a code that its committee takes over instead of getting a new one (a province that bears
    the name of a merged one keeps that one's level-1 code); `gets_code` is a code that a person chose.
    `committee_id` is the committee that it has already, where only further organs are set up.
    """

    unit_id: uuid.UUID
    level: str
    kind: str
    name: str
    code: str
    superior_code: str = ""
    keeps_code: str = ""
    gets_code: str = ""
    committee_id: uuid.UUID | None = None

    @property
    def spoken(self) -> str:
        """The unit inside a sentence: "phường Hải Vân"."""
        return spoken(self.kind, self.name)


@dataclass(slots=True)
class EstablishmentRows:
    """Rows of the registry's tables, in the column order of `service.COLUMNS`."""

    agencies: list[tuple[object, ...]] = field(default_factory=list)
    versions: list[tuple[object, ...]] = field(default_factory=list)
    codes: list[tuple[object, ...]] = field(default_factory=list)
    code_holdings: list[tuple[object, ...]] = field(default_factory=list)
    kept_codes: list[tuple[str, uuid.UUID]] = field(default_factory=list)
    desks: list[tuple[object, ...]] = field(default_factory=list)
    holdings: list[tuple[object, ...]] = field(default_factory=list)
    posts: list[tuple[object, ...]] = field(default_factory=list)
    committee_code: dict[uuid.UUID, str] = field(default_factory=dict)
    #: (unit, kind, slot) → agency
    by_place: dict[tuple[uuid.UUID, str, str], uuid.UUID] = field(default_factory=dict)
    #: (agency, title) → posts, in order
    posts_by_title: dict[tuple[uuid.UUID, str], list[uuid.UUID]] = field(default_factory=dict)


def midnight(day: date) -> datetime:
    """The first instant of a day in Vietnam."""
    return datetime.combine(day, time.min, tzinfo=ZONE)


def rows_for(
    units: Iterable[UnitFacts],
    on: date,
    issuer: CodeIssuer,
    *,
    held_from: datetime | None = None,
    run_id: uuid.UUID | None = None,
    leave_out: Mapping[uuid.UUID, frozenset[str]] | None = None,
    extra: Mapping[uuid.UUID, tuple[AgencyTemplate, ...]] | None = None,
    working_posts: Mapping[tuple[uuid.UUID, str, str, str], int] | None = None,
) -> EstablishmentRows:
    """Rows for all organs of `units` from the day `on`; superiors' units must come before inferiors'.

    `held_from` is the instant from which their desks are held (default: the first of the day). `leave_out` names
    kinds that a unit does not get, `extra` organs beside its template. `working_posts` says how many posts below the
    leaders to set up by (unit, kind, slot, title), where people bring their own with them; default: the
    template's. Raises BadInput REG-301..303 for codes.
    """
    rows = EstablishmentRows()
    begins_at = held_from or midnight(on)
    for unit in units:
        skipped = (leave_out or {}).get(unit.unit_id, frozenset())
        own_code = _unit_code(unit, issuer, rows)
        by_kind: dict[AgencyKind, uuid.UUID] = {}
        if unit.committee_id is not None:
            by_kind[AgencyKind.COMMITTEE] = unit.committee_id
        for template in (*template_for(unit.level, unit.kind, on), *(extra or {}).get(unit.unit_id, ())):
            if template.kind in skipped:
                continue
            agency_id = _agency(rows, unit, template, on, by_kind, run_id)
            _code(rows, unit, template, agency_id, own_code, on, issuer, run_id)
            counts = _counts(unit.unit_id, template, working_posts)
            _desks(rows, template, counts, agency_id, begins_at, run_id)
    return rows


_folded = lru_cache(maxsize=4096)(fold)  # names of organs repeat in every unit


def _fold_name(pattern: str, unit: UnitFacts) -> str:
    """`fold` of an organ's name, from the folds of its parts: `fold` works word by word."""
    before, slot, after = pattern.partition("{")
    if not slot:
        return _folded(pattern)
    named, _slot, after = after.partition("}")
    pieces = (_folded(before), _folded(unit.spoken if named == "unit" else unit.name), _folded(after))
    return " ".join(piece for piece in pieces if piece)


def _unit_code(unit: UnitFacts, issuer: CodeIssuer, rows: EstablishmentRows) -> str:
    """The code of the unit's committee: kept, or issued now."""
    if unit.keeps_code:
        code = unit.keeps_code
    elif unit.gets_code:
        code = issuer.take(unit.gets_code)
    elif unit.level == Level.PROVINCE:
        code = issuer.take(level_one(unit.code))
    else:
        code = issuer.next_below(unit.superior_code)
    rows.committee_code[unit.unit_id] = code
    return code


def _agency(
    rows: EstablishmentRows,
    unit: UnitFacts,
    template: AgencyTemplate,
    on: date,
    by_kind: dict[AgencyKind, uuid.UUID],
    run_id: uuid.UUID | None,
) -> uuid.UUID:
    agency_id = new_id()
    name = template.name.format(unit=unit.spoken, name=unit.name)
    parent = by_kind.get(template.parent) if template.parent else None
    rows.agencies.append((agency_id, unit.unit_id, template.kind.value, template.slot))
    rows.versions.append((agency_id, on, name, _fold_name(template.name, unit), parent, False, run_id))
    rows.by_place[(unit.unit_id, template.kind.value, template.slot)] = agency_id
    by_kind.setdefault(template.kind, agency_id)
    return agency_id


def _code(
    rows: EstablishmentRows,
    unit: UnitFacts,
    template: AgencyTemplate,
    agency_id: uuid.UUID,
    own_code: str,
    on: date,
    issuer: CodeIssuer,
    run_id: uuid.UUID | None,
) -> None:
    if not template.code:
        return
    if template.code == "unit" and unit.keeps_code:
        rows.kept_codes.append((unit.keeps_code, agency_id))
        return
    if template.code == "unit":
        code = own_code
    elif template.code == "council":
        code = f"K{own_code[1:]}"
        if unit.keeps_code:
            rows.kept_codes.append((code, agency_id))
            return
        issuer.take(code)
    else:
        code = issuer.next_below(own_code)
    code_id = new_id()
    rows.codes.append((code_id, code, "", on))
    rows.code_holdings.append((code_id, agency_id, on, run_id))


def _counts(
    unit_id: uuid.UUID,
    template: AgencyTemplate,
    working_posts: Mapping[tuple[uuid.UUID, str, str, str], int] | None,
) -> dict[str, int]:
    """Title → how many posts."""
    return {
        post.title: post.count
        if post.leads or working_posts is None
        else working_posts.get((unit_id, template.kind.value, template.slot, post.title), 0)
        for post in template.posts
    }


def _desks(
    rows: EstablishmentRows,
    template: AgencyTemplate,
    counts: Mapping[str, int],
    agency_id: uuid.UUID,
    begins_at: datetime,
    run_id: uuid.UUID | None,
) -> None:
    work, leadership = new_id(), new_id()
    if template.works:
        _desk(rows, work, agency_id, DeskKind.WORK, begins_at, run_id)
    if template.leads:
        _desk(rows, leadership, agency_id, DeskKind.LEADERSHIP, begins_at, run_id)
    for post in template.posts:
        ids = [new_id() for _ in range(counts[post.title])]
        desk = leadership if post.leads else work
        rows.posts.extend((post_id, desk, post.title, number) for number, post_id in enumerate(ids, 1))
        rows.posts_by_title.setdefault((agency_id, post.title), []).extend(ids)


def _desk(
    rows: EstablishmentRows,
    desk_id: uuid.UUID,
    agency_id: uuid.UUID,
    kind: DeskKind,
    begins_at: datetime,
    run_id: uuid.UUID | None,
) -> None:
    rows.desks.append((desk_id, agency_id, kind.value, ""))
    rows.holdings.append((desk_id, begins_at, agency_id, False, run_id))
