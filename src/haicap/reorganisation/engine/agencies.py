"""The agencies that a plan sets up: full sets for new units, names, codes and missing organs where one lives on."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime

from django.db import connection

from haicap.kernel.ids import new_id
from haicap.kernel.text import fold
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
from haicap.registry.service import UnitState
from haicap.reorganisation.engine.facts import Facts
from haicap.reorganisation.plan.model import UnitPlan


def establishment(facts: Facts, at: datetime, run_id: uuid.UUID) -> EstablishmentRows:
    """Rows of all agencies that the plan sets up: full sets for new units, missing organs for units that live on."""
    plan = facts.plan
    issuer = issuer_from_database()
    codes = _committee_codes([*facts.fates, *_superiors(facts)])
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


def _superiors(facts: Facts) -> set[uuid.UUID]:
    """Units above what is formed or changes: they may stand outside the plan (a commune goes to another province)."""
    states = [item.state for item in facts.changes.opens] + [item.state for item in facts.changes.changes]
    return {above for state in states for above in (state.parent_id, state.province_id) if above is not None}


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
    for above in (state.parent_id, state.province_id):
        if above in rows.committee_code:
            return rows.committee_code[above]
        if above is not None and above in codes:
            return codes[above][1]
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
