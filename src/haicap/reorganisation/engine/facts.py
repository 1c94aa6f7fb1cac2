"""From a plan to the facts of a cut-over: temporary tables that carriers join, and rows of the new agencies."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from django.db import connection
from django.utils.translation import gettext as _

from haicap.kernel.database.copy import copy_rows
from haicap.kernel.errors import Conflict
from haicap.kernel.ids import new_id
from haicap.kernel.text import fold
from haicap.registry.division import Boundaries, DivisionRules
from haicap.registry.establishment import (
    CodeIssuer,
    EstablishmentRows,
    Period,
    UnitFacts,
    issuer_from_database,
    rows_for,
    template_for,
)
from haicap.registry.establishment.codes import level_one
from haicap.registry.establishment.templates import spoken
from haicap.registry.models import AgencyKind, Level
from haicap.registry.service import UnitChanges, UnitState
from haicap.reorganisation.plan.model import Plan, UnitPlan

TEMPORARY_TABLES = """
CREATE TEMP TABLE cut_unit (
    unit_id uuid PRIMARY KEY, level text NOT NULL, fate text NOT NULL, divided boolean NOT NULL, successor_id uuid
) ON COMMIT DROP;
CREATE TEMP TABLE cut_new_unit (unit_id uuid PRIMARY KEY) ON COMMIT DROP;
CREATE TEMP TABLE cut_succession (
    predecessor_id uuid NOT NULL, successor_id uuid NOT NULL, part boolean NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE cut_agency (
    agency_id uuid PRIMARY KEY, unit_id uuid NOT NULL, kind text NOT NULL, slot text NOT NULL,
    fate text NOT NULL, divided boolean NOT NULL, successor_id uuid
) ON COMMIT DROP;
CREATE TEMP TABLE cut_new_agency (
    agency_id uuid PRIMARY KEY, unit_id uuid NOT NULL, kind text NOT NULL, slot text NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE cut_seat (unit_id uuid PRIMARY KEY, site_id uuid NOT NULL) ON COMMIT DROP;
CREATE TEMP TABLE cut_transfer (field text PRIMARY KEY, agency_id uuid NOT NULL) ON COMMIT DROP;
CREATE TEMP TABLE cut_procedure (procedure_code text PRIMARY KEY, agency_id uuid NOT NULL) ON COMMIT DROP;
CREATE TEMP TABLE cut_staff (post_id uuid NOT NULL, person_id uuid NOT NULL) ON COMMIT DROP;
CREATE TEMP TABLE cut_desk (
    desk_id uuid PRIMARY KEY, holder_id uuid NOT NULL, kind text NOT NULL, place_id uuid, field text NOT NULL,
    since timestamptz NOT NULL, interim boolean NOT NULL, fate text, agency_id uuid,
    held boolean NOT NULL DEFAULT false
) ON COMMIT DROP;
CREATE TEMP TABLE cut_known (desks bigint NOT NULL, holdings bigint NOT NULL) ON COMMIT DROP;
"""


@dataclass(slots=True)
class Facts:
    """What a cut-over knows before it writes: changes of units, the scope, rows of the new agencies, rules."""

    plan: Plan
    changes: UnitChanges
    state: dict[uuid.UUID, UnitState]
    after: dict[uuid.UUID, UnitState]
    #: unit that ends or changes → (fate, divided, successor)
    fates: dict[uuid.UUID, tuple[str, bool, uuid.UUID | None]]
    rows: EstablishmentRows = field(default_factory=EstablishmentRows)
    rules: dict[uuid.UUID, DivisionRules] = field(default_factory=dict)

    @property
    def day_before(self) -> date:
        """The last day of the old order."""
        return self.plan.effective_on - timedelta(days=1)

    def unit_of(self, code: str) -> uuid.UUID:
        """The unit that bears this code from the effective day on."""
        level = {2: Level.PROVINCE, 3: Level.DISTRICT, 5: Level.COMMUNE}[len(code)]
        found = self.changes.unit_of_code.get((level, code))
        if found is not None:
            return found
        return next(
            state.unit_id for state in self.after.values() if state.code == code and state.level == level
        )


def facts_of(plan: Plan, changes: UnitChanges, state: dict[uuid.UUID, UnitState]) -> Facts:
    """The facts of a checked plan; reads nothing."""
    facts = Facts(plan, changes, state, changes.apply_to(state), {})
    by_code = {unit.code: unit.unit_id for unit in state.values()}
    interim = {division.code: division.interim for division in plan.divisions}
    abolished = {item.code: item.interim for item in plan.abolished}
    successors: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for edge in changes.successions:
        successors[edge.predecessor_id].append(edge.successor_id)
    for change in changes.changes:
        facts.fates[change.state.unit_id] = ("continued", False, change.state.unit_id)
    for closing in changes.closes:
        code = state[closing.unit_id].code
        heirs = successors.get(closing.unit_id, [])
        if len(heirs) == 1:
            facts.fates[closing.unit_id] = ("ended", False, heirs[0])
        else:
            holder = interim.get(code) or abolished.get(code) or ""
            facts.fates[closing.unit_id] = ("ended", True, facts.unit_of(holder) if holder else None)
    facts.rules = _rules(plan, facts, by_code)
    return facts


def _rules(plan: Plan, facts: Facts, by_code: Mapping[str, uuid.UUID]) -> dict[uuid.UUID, DivisionRules]:
    """The rules of every divided unit, and of every abolished district (by the place's successor)."""
    boundaries = Boundaries.read(Path(plan.boundaries)) if plan.boundaries else None
    heirs_of: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for edge in facts.changes.successions:
        heirs_of[edge.predecessor_id].append(edge.successor_id)
    found: dict[uuid.UUID, DivisionRules] = {}
    for division in plan.divisions:
        unit_id = by_code[division.code]
        heirs = heirs_of[unit_id]
        found[unit_id] = DivisionRules(
            villages={fold(text): facts.unit_of(code) for text, code in division.villages},
            addresses=[(fold(text), facts.unit_of(code)) for text, code in division.addresses],
            successors={facts.after[heir].code: heir for heir in heirs},
            boundaries=boundaries,
        )
    places = {
        unit_id: successor
        for unit_id, (_fate, divided, successor) in facts.fates.items()
        if not divided and successor is not None and facts.state[unit_id].level == Level.COMMUNE
    }
    for item in plan.abolished:
        found[by_code[item.code]] = DivisionRules(places=places)
    return found


def write_scope(facts: Facts) -> None:
    """Create the temporary tables and fill those of units; then the agencies and desks that are concerned."""
    with connection.cursor() as cursor:
        cursor.execute(TEMPORARY_TABLES)
    copy_rows(
        "cut_unit",
        ("unit_id", "level", "fate", "divided", "successor_id"),
        (
            (unit_id, facts.state[unit_id].level, fate, divided, successor)
            for unit_id, (fate, divided, successor) in facts.fates.items()
        ),
    )
    copy_rows("cut_new_unit", ("unit_id",), ((item.state.unit_id,) for item in facts.changes.opens))
    copy_rows(
        "cut_succession",
        ("predecessor_id", "successor_id", "part"),
        ((edge.predecessor_id, edge.successor_id, edge.part) for edge in facts.changes.successions),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO cut_agency (agency_id, unit_id, kind, slot, fate, divided)
            SELECT a.id, a.unit_id, a.kind, a.slot,
                   CASE u.fate WHEN 'continued' THEN 'kept' ELSE 'ended' END, u.divided
            FROM cut_unit u JOIN registry_agency a ON a.unit_id = u.unit_id
            JOIN LATERAL (
                SELECT closed FROM registry_agencyversion v
                WHERE v.agency_id = a.id AND v.withdrawn_at IS NULL AND v.begins_on <= %(before)s
                ORDER BY v.begins_on DESC LIMIT 1
            ) latest ON NOT latest.closed
            """,
            {"before": facts.day_before},
        )
        cursor.execute("ANALYZE cut_unit, cut_succession, cut_agency")


# The agencies of a unit that ends go to their counterpart in its successor, else to the successor's committee.
WRITE_HEIRS = """
    UPDATE cut_agency c SET successor_id = heir.id
    FROM (
        SELECT old.agency_id, coalesce(same.id, committee.id) AS id
        FROM cut_agency old
        JOIN cut_unit u ON u.unit_id = old.unit_id
        LEFT JOIN registry_agency same
            ON same.unit_id = u.successor_id AND same.kind = old.kind AND same.slot = old.slot
        LEFT JOIN registry_agency committee ON committee.unit_id = u.successor_id AND committee.kind = 'ubnd'
        WHERE old.fate = 'ended'
    ) heir
    WHERE heir.agency_id = c.agency_id;
    UPDATE cut_agency SET successor_id = agency_id WHERE fate = 'kept';
"""

# Every desk that an agency concerned holds at the cut-over. Run again under the lock, for drawers set up meanwhile.
# `interim`: a person has yet to decide about it since an earlier cut-over; not so the drawers of agencies that an
# undone cut-over had made, which come back to whom they were taken from.
FIND_DESKS = """
    INSERT INTO cut_desk (desk_id, holder_id, kind, place_id, field, since, interim)
    SELECT d.id, held.agency_id, d.kind, d.place_id, d.field, held.begins_at,
           held.interim AND EXISTS (
               SELECT FROM registry_agencyversion v WHERE v.agency_id = d.founder_id AND v.withdrawn_at IS NULL)
    FROM (
        SELECT DISTINCT ON (h.desk_id) h.desk_id, h.agency_id, h.begins_at, h.interim FROM registry_holding h
        WHERE h.run_id IS DISTINCT FROM %(run)s
        ORDER BY h.desk_id, h.begins_at DESC
    ) held
    JOIN cut_agency a ON a.agency_id = held.agency_id
    JOIN registry_desk d ON d.id = held.desk_id
    WHERE NOT EXISTS (SELECT FROM cut_desk known WHERE known.desk_id = d.id)
"""
# What others have written so far: rows of both tables are never deleted, so an equal number means the same rows.
COUNT_KNOWN = """
    SELECT (SELECT count(*) FROM registry_desk),
           (SELECT count(*) FROM registry_holding WHERE run_id IS DISTINCT FROM %(run)s)
"""

# A leadership desk of an ended agency closes. A drawer of an abolished district for one place goes to that place's
# successor; work in a transferred field goes to the department; what remains lies with the interim holder. What was
# undecided before stays undecided, whoever holds it now. A desk whose founder is set up again (its first setting up was
# undone) goes back to it.
DECIDE_DESKS = """
    UPDATE cut_desk d SET fate = decided.fate, agency_id = decided.agency_id
    FROM (
        SELECT x.desk_id,
               CASE
                   WHEN again.agency_id IS NOT NULL THEN 'carried'
                   WHEN a.fate = 'kept' THEN 'kept'
                   WHEN x.kind = 'leadership' THEN 'closed'
                   WHEN x.interim THEN 'undecided'
                   WHEN transfer.agency_id IS NOT NULL THEN 'carried'
                   WHEN place_agency.id IS NOT NULL AND NOT place.divided THEN 'carried'
                   WHEN a.divided THEN 'undecided'
                   ELSE 'carried'
               END AS fate,
               CASE
                   WHEN again.agency_id IS NOT NULL THEN again.agency_id
                   WHEN a.fate = 'kept' THEN a.agency_id
                   WHEN x.kind = 'leadership' THEN NULL
                   ELSE coalesce(transfer.agency_id, place_agency.id, a.successor_id)
               END AS agency_id
        FROM cut_desk x
        JOIN registry_desk desk ON desk.id = x.desk_id
        LEFT JOIN cut_new_agency again ON again.agency_id = desk.founder_id
        JOIN cut_agency a ON a.agency_id = x.holder_id
        JOIN cut_unit u ON u.unit_id = a.unit_id
        LEFT JOIN cut_transfer transfer ON u.level = 'district' AND x.field <> '' AND transfer.field = x.field
        LEFT JOIN cut_unit place ON u.level = 'district' AND place.unit_id = x.place_id
        LEFT JOIN registry_agency place_agency
            ON place_agency.unit_id = place.successor_id AND place_agency.kind = 'ubnd'
        WHERE x.fate IS NULL
    ) decided
    WHERE decided.desk_id = d.desk_id
"""


def find_desks(run_id: uuid.UUID) -> None:
    """Find the desks concerned, and note how many desks and holdings there were when we looked."""
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO cut_known {COUNT_KNOWN}", {"run": run_id})
        cursor.execute(FIND_DESKS, {"run": run_id})
        cursor.execute("ANALYZE cut_desk")


_WITHOUT_HEIR = """
    SELECT DISTINCT v.name FROM cut_desk d
    JOIN LATERAL (
        SELECT name FROM registry_agencyversion v WHERE v.agency_id = d.holder_id AND v.withdrawn_at IS NULL
        ORDER BY v.begins_on DESC LIMIT 1
    ) v ON true
    WHERE d.kind = 'work' AND d.agency_id IS NULL ORDER BY v.name LIMIT 20
"""


class NobodyTakesOver(Conflict):
    """An agency ends and no agency takes its work over (không có cơ quan tiếp nhận)."""

    code = "REO-052"


def decide_desks() -> None:
    """Decide the fate of every desk that has none yet; raises NobodyTakesOver (REO-052) for one without an heir."""
    with connection.cursor() as cursor:
        cursor.execute(DECIDE_DESKS)
        cursor.execute(_WITHOUT_HEIR)
        names = [name for (name,) in cursor.fetchall()]
    if names:
        raise NobodyTakesOver(
            _("Không có cơ quan nào tiếp nhận việc của: %(names)s.") % {"names": "; ".join(names)},
            kept=_("Không có gì được chuyển: dữ liệu như trước khi chạy."),
            todo=_("Lập cơ quan cho đơn vị kế thừa hoặc tạm giữ, hay chọn đơn vị khác trong kế hoạch."),
            details={"agencies": names},
        )


_LATEST_HOLDING = """
    SELECT max(h.begins_at) FROM registry_holding h
    WHERE h.begins_at >= %(at)s AND h.desk_id IN (
        SELECT held.desk_id FROM registry_holding held JOIN cut_agency USING (agency_id)
        UNION ALL
        SELECT d.id FROM registry_desk d
        JOIN registry_agency a ON a.id = d.founder_id JOIN cut_unit USING (unit_id)
    )
"""


def latest_holding(at: datetime) -> datetime | None:
    """When the latest holding of a desk concerned begins, among those that begin at `at` or later; None: none does."""
    with connection.cursor() as cursor:
        cursor.execute(_LATEST_HOLDING, {"at": at})
        found: datetime | None = cursor.fetchone()[0]
        return found


def find_late_desks(run_id: uuid.UUID, made: int) -> None:
    """Under the lock: drawers that were set up since the desks were found, besides the `made` ones of this run."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT desks, (SELECT count(*) FROM registry_desk) FROM cut_known")
        known, now = cursor.fetchone()
        if known + made != now:
            cursor.execute(FIND_DESKS, {"run": run_id})
            decide_desks()


# --- the new agencies ---


def establishment(facts: Facts, at: datetime, run_id: uuid.UUID) -> EstablishmentRows:
    """Rows of all agencies that the plan sets up: full sets for new units, missing organs for units that live on."""
    plan = facts.plan
    issuer = issuer_from_database()
    codes = _committee_codes([*facts.fates])
    plans = {unit.code: unit for unit in plan.units}
    opened = {item.state.unit_id for item in facts.changes.opens}
    states = sorted(
        (state for state in facts.after.values() if state.unit_id in opened),
        key=lambda state: (len(state.code), state.code),
    )
    merged = EstablishmentRows()
    # Below the leaders people come with their desks and bring their posts; only those named in the plan get new ones.
    working = Counter((facts.unit_of(row.unit), row.kind, row.slot, row.title) for row in plan.staffing)
    for state in states:
        unit = plans[state.code]
        fact = _unit_facts(facts, state, unit, merged, codes)
        rows = rows_for(
            [fact],
            plan.effective_on,
            issuer,
            held_from=at,
            run_id=run_id,
            leave_out={state.unit_id: frozenset(unit.leave_out)},
            working_posts=working,
        )
        _extend(merged, rows)
    _living_on(facts, merged, codes, issuer, at, run_id, working)
    facts.rows = merged
    return merged


def _extend(into: EstablishmentRows, more: EstablishmentRows) -> None:
    for name in (
        "agencies",
        "versions",
        "codes",
        "code_holdings",
        "kept_codes",
        "desks",
        "holdings",
        "posts",
    ):
        getattr(into, name).extend(getattr(more, name))
    for name in ("committee_code", "by_place", "posts_by_title"):
        getattr(into, name).update(getattr(more, name))


def _committee_codes(units: list[uuid.UUID]) -> dict[uuid.UUID, tuple[uuid.UUID, str]]:
    """Unit → (its committee, the committee's code now) for units that have one."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT ON (a.unit_id) a.unit_id, a.id, c.code
            FROM registry_agency a
            JOIN registry_codeholding h ON h.agency_id = a.id AND h.withdrawn_at IS NULL
            JOIN registry_agencycode c ON c.id = h.code_id AND c.closed_on IS NULL
            WHERE a.kind = 'ubnd' AND (a.unit_id = ANY(%(units)s) OR a.unit_id IN (
                SELECT v.province_id FROM registry_unitversion v
                WHERE v.unit_id = ANY(%(units)s) AND upper_inf(v.recorded)))
            ORDER BY a.unit_id, h.begins_on DESC
            """,
            {"units": units},
        )
        return {unit: (agency, code) for unit, agency, code in cursor.fetchall()}


def _unit_facts(
    facts: Facts,
    state: UnitState,
    unit: UnitPlan,
    rows: EstablishmentRows,
    codes: Mapping[uuid.UUID, tuple[uuid.UUID, str]],
) -> UnitFacts:
    base = UnitFacts(
        state.unit_id, state.level, state.kind, state.name, state.code, gets_code=unit.agency_code
    )
    if state.level == Level.PROVINCE:
        kept = _namesake_code(facts, state, codes)
        return replace(base, keeps_code=kept, gets_code="") if kept else base
    return replace(base, superior_code=_superior_code(facts, state, rows, codes))


def _namesake_code(facts: Facts, state: UnitState, codes: Mapping[uuid.UUID, tuple[uuid.UUID, str]]) -> str:
    """The level-1 code of the merged province whose name the new one bears."""
    for edge in facts.changes.successions:
        before = facts.state[edge.predecessor_id]
        if edge.successor_id == state.unit_id and before.name == state.name and before.unit_id in codes:
            return codes[before.unit_id][1]
    return ""


def _superior_code(
    facts: Facts,
    state: UnitState,
    rows: EstablishmentRows,
    codes: Mapping[uuid.UUID, tuple[uuid.UUID, str]],
) -> str:
    """The agency code that a unit's own is numbered under: its parent's, new or kept, else its province's fact."""
    parent = state.parent_id
    if parent in rows.committee_code:
        return rows.committee_code[parent]
    if parent is not None and parent in codes:
        return codes[parent][1]
    province = facts.after[state.province_id]
    before = next(
        (
            facts.state[edge.predecessor_id]
            for edge in facts.changes.successions
            if edge.successor_id == province.unit_id
            and facts.state[edge.predecessor_id].name == province.name
        ),
        province,
    )
    return level_one(before.code)


def _living_on(
    facts: Facts,
    rows: EstablishmentRows,
    codes: Mapping[uuid.UUID, tuple[uuid.UUID, str]],
    issuer: CodeIssuer,
    at: datetime,
    run_id: uuid.UUID,
    working: Mapping[tuple[uuid.UUID, str, str, str], int],
) -> None:
    """Units that live on: new names of their agencies, new codes under a new superior, organs the new law adds."""
    effective_on = facts.plan.effective_on
    new_period = Period.on(effective_on) is not Period.on(facts.day_before)
    living_on = [change.state.unit_id for change in facts.changes.changes]
    existing = _agencies_of(living_on)
    dormant = _dormant_agencies(living_on) if new_period else {}
    for change in facts.changes.changes:
        was, now = change.was, change.state
        agencies = existing.get(now.unit_id, [])
        if not agencies:
            continue
        if (was.kind, was.name) != (now.kind, now.name):
            _rename(rows, agencies, was, now, effective_on, run_id)
        if now.level == Level.PROVINCE or now.unit_id not in codes:
            continue
        committee, code = codes[now.unit_id]
        superior = _superior_code(facts, now, rows, codes)
        if code.rpartition(".")[0] != superior:
            code = _recode(rows, agencies, issuer, superior, effective_on, run_id)
        if new_period:
            have = frozenset(kind for _agency, kind, _slot, _name in agencies)
            fact = UnitFacts(
                now.unit_id, now.level, now.kind, now.name, now.code, keeps_code=code, committee_id=committee
            )
            extra = rows_for(
                [fact],
                effective_on,
                issuer,
                held_from=at,
                run_id=run_id,
                leave_out={now.unit_id: have},
                working_posts=working,
            )
            extra.kept_codes.clear()
            _extend(rows, _set_up_again(extra, dormant.get(now.unit_id, {})))


Dormant = Mapping[tuple[str, str], uuid.UUID]


def _dormant_agencies(units: Iterable[uuid.UUID]) -> dict[uuid.UUID, dict[tuple[str, str], uuid.UUID]]:
    """Unit → (kind, slot) → agency for agencies without a believed version: an undone cut-over had set them up."""
    found: dict[uuid.UUID, dict[tuple[str, str], uuid.UUID]] = defaultdict(dict)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT a.unit_id, a.kind, a.slot, a.id FROM registry_agency a
            WHERE a.unit_id = ANY(%s) AND NOT EXISTS (
                SELECT FROM registry_agencyversion v WHERE v.agency_id = a.id AND v.withdrawn_at IS NULL)
            """,
            [list(units)],
        )
        for unit_id, kind, slot, agency_id in cursor.fetchall():
            found[unit_id][kind, slot] = agency_id
    return found


def _set_up_again(rows: EstablishmentRows, dormant: Dormant) -> EstablishmentRows:
    """The rows with agencies, desks and posts that an undone cut-over left behind taken up instead of made anew.

    An agency is one of its kind and slot at its unit, whenever it was set up; its names and codes are new rows.
    """
    same: dict[object, uuid.UUID] = {
        agency_id: dormant[kind, slot]  # type: ignore[index]
        for agency_id, _unit, kind, slot in rows.agencies
        if (kind, slot) in dormant
    }
    if not same:
        return rows
    agencies = set(same)
    desks, posts = _desks_and_posts(same.values())
    for desk_id, founder, kind, field_ in rows.desks:
        if known := desks.get((same.get(founder), kind, field_)):
            same[desk_id] = known
    for post_id, desk_id, title, number in rows.posts:
        if known := posts.get((same.get(desk_id), title, number)):
            same[post_id] = known

    def renamed(table: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
        return [
            tuple(same.get(value, value) if isinstance(value, uuid.UUID) else value for value in row)
            for row in table
        ]

    rows.agencies = [row for row in rows.agencies if row[0] not in agencies]
    rows.versions, rows.code_holdings = renamed(rows.versions), renamed(rows.code_holdings)
    # A work desk is with the committee meanwhile and is given back among the desks that are carried.
    returning = {
        desk_id for desk_id, _founder, kind, _field in rows.desks if kind == "work" and desk_id in same
    }
    rows.holdings = renamed([row for row in rows.holdings if returning.isdisjoint(row)])
    rows.desks = renamed([row for row in rows.desks if row[0] not in same])
    rows.posts = renamed([row for row in rows.posts if row[0] not in same])
    rows.by_place = {place: same.get(agency_id, agency_id) for place, agency_id in rows.by_place.items()}
    rows.posts_by_title = {
        (same.get(agency_id, agency_id), title): [same.get(post_id, post_id) for post_id in ids]
        for (agency_id, title), ids in rows.posts_by_title.items()
    }
    return rows


def _desks_and_posts(
    agencies: Iterable[uuid.UUID],
) -> tuple[dict[tuple[object, object, object], uuid.UUID], dict[tuple[object, object, object], uuid.UUID]]:
    """(founder, kind, field) → desk without a place, (desk, title, number) → post, of these agencies."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT founder_id, kind, field, id FROM registry_desk WHERE founder_id = ANY(%s) AND place_id IS NULL",
            [list(agencies)],
        )
        desks = {(founder, kind, field_): desk_id for founder, kind, field_, desk_id in cursor.fetchall()}
        cursor.execute(
            "SELECT desk_id, title_id, number, id FROM registry_post WHERE desk_id = ANY(%s)",
            [list(desks.values())],
        )
        posts = {(desk, title, number): post_id for desk, title, number, post_id in cursor.fetchall()}
    return desks, posts


Existing = tuple[uuid.UUID, str, str, str]


def _agencies_of(units: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Existing]]:
    """Unit → its living agencies as (id, kind, slot, name)."""
    found: dict[uuid.UUID, list[Existing]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT c.unit_id, c.agency_id, c.kind, c.slot, v.name FROM cut_agency c
            JOIN LATERAL (
                SELECT name FROM registry_agencyversion v WHERE v.agency_id = c.agency_id AND v.withdrawn_at IS NULL
                ORDER BY v.begins_on DESC LIMIT 1
            ) v ON true
            WHERE c.unit_id = ANY(%s) ORDER BY c.agency_id
            """,
            [list(units)],
        )
        for unit_id, *rest in cursor.fetchall():
            found[unit_id].append(tuple(rest))
    return found


def _rename(
    rows: EstablishmentRows,
    agencies: list[Existing],
    was: UnitState,
    now: UnitState,
    on: date,
    run_id: uuid.UUID,
) -> None:
    """New versions of the names of a unit's agencies: the unit's spoken name is exchanged, and organs whose name
    follows the kind of unit take the new kind's.
    """
    templates = list(
        zip(template_for(was.level, was.kind, on), template_for(now.level, now.kind, on), strict=False)
    )
    named = spoken(now.kind, now.name)
    for agency_id, kind, slot, _name in agencies:
        for old, new in templates:
            if (old.kind.value, old.slot) == (kind, slot):
                name = new.name.format(unit=named, name=now.name)
                rows.versions.append(
                    (agency_id, on, name, fold(name), _parent(agencies, new.parent), False, run_id)
                )
                break


def _parent(agencies: list[Existing], kind: AgencyKind | None) -> uuid.UUID | None:
    return next(
        (agency_id for agency_id, other, _slot, _name in agencies if kind and other == kind.value), None
    )


def _recode(
    rows: EstablishmentRows,
    agencies: list[Existing],
    issuer: CodeIssuer,
    superior: str,
    on: date,
    run_id: uuid.UUID,
) -> str:
    """New codes below another superior for the agencies of a unit that lives on; returns its committee's."""
    own = issuer.next_below(superior)
    for agency_id, kind, _slot, _name in agencies:
        if kind == AgencyKind.COMMITTEE.value:
            code = own
        elif kind == AgencyKind.COUNCIL.value:
            code = issuer.take(f"K{own[1:]}")
        elif kind in {AgencyKind.OFFICE.value, AgencyKind.DIVISION.value, AgencyKind.SERVICE_CENTRE.value}:
            code = issuer.next_below(own)
        else:
            continue
        code_id = new_id()
        rows.codes.append((code_id, code, "", on))
        rows.code_holdings.append((code_id, agency_id, on, run_id))
    return own


# --- seats, transfers, staffing ---

_SEAT = """
    INSERT INTO cut_seat (unit_id, site_id)
    SELECT pair.unit_id, used.site_id
    FROM unnest(%(units)s::uuid[], %(origins)s::uuid[]) AS pair (unit_id, origin_id)
    JOIN registry_agency a ON a.unit_id = pair.origin_id AND a.kind = 'ubnd'
    JOIN LATERAL (
        SELECT site_id FROM registry_siteuse u
        WHERE u.agency_id = a.id AND u.withdrawn_at IS NULL AND u.begins_on <= %(before)s
        ORDER BY u.begins_on DESC LIMIT 1
    ) used ON used.site_id IS NOT NULL
    ON CONFLICT DO NOTHING
"""


def write_consequences(facts: Facts) -> None:
    """Fill the tables that name new agencies: heirs, seats, transfers, staffing. After the new rows are written."""
    _write_new_agencies(facts)
    _write_seats(facts)
    with connection.cursor() as cursor:
        cursor.execute(WRITE_HEIRS)
    _write_transfers(facts)
    copy_rows("cut_staff", ("post_id", "person_id"), _staff(facts))


def _write_new_agencies(facts: Facts) -> None:
    copy_rows(
        "cut_new_agency",
        ("agency_id", "unit_id", "kind", "slot"),
        (
            (agency_id, unit_id, kind, slot)
            for (unit_id, kind, slot), agency_id in facts.rows.by_place.items()
        ),
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE cut_new_agency")


def _write_seats(facts: Facts) -> None:
    by_code = {unit.code: unit.unit_id for unit in facts.state.values()}
    pairs: list[tuple[uuid.UUID, uuid.UUID]] = []
    for unit in facts.plan.units:
        origin = unit.seat or (unit.predecessors[0].code if unit.predecessors else "")
        if origin in by_code:
            pairs.append((facts.unit_of(unit.code), by_code[origin]))
    with connection.cursor() as cursor:
        cursor.execute(
            _SEAT,
            {
                "units": [pair[0] for pair in pairs],
                "origins": [pair[1] for pair in pairs],
                "before": facts.day_before,
            },
        )


def _write_transfers(facts: Facts) -> None:
    """Departments of the province that take fields or procedures over, new ones or those that stand."""
    if not facts.plan.transfers:
        return
    province = facts.unit_of(facts.plan.province)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT slot, id FROM registry_agency WHERE unit_id = %s AND kind = %s",
            [province, AgencyKind.DEPARTMENT.value],
        )
        departments = dict(cursor.fetchall())
    for table, column, values in (
        ("cut_transfer", "field", lambda transfer: transfer.fields),
        ("cut_procedure", "procedure_code", lambda transfer: transfer.procedures),
    ):
        copy_rows(
            table,
            (column, "agency_id"),
            (
                (name, departments[transfer.to])
                for transfer in facts.plan.transfers
                if transfer.to in departments
                for name in values(transfer)
            ),
        )


def _staff(facts: Facts) -> Iterable[tuple[uuid.UUID, uuid.UUID]]:
    """(post, person) of the plan's staffing: the next free post of that title at that organ."""
    taken: dict[tuple[uuid.UUID, str], int] = defaultdict(int)
    for row in facts.plan.staffing:
        agency = facts.rows.by_place.get((facts.unit_of(row.unit), row.kind, row.slot))
        if agency is None:
            continue  # the organ stands already: its posts go on with their holders
        posts = facts.rows.posts_by_title.get((agency, row.title), [])
        number = taken[(agency, row.title)]
        if number < len(posts):
            taken[(agency, row.title)] += 1
            yield posts[number], row.person_id
