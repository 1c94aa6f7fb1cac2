"""Who could lead what (đề xuất bố trí nhân sự): a first proposal by title, for people to change."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

from django.db import connection

from haicap.registry.establishment import AgencyTemplate, PostTemplate, template_for
from haicap.registry.models import AgencyKind
from haicap.registry.service import UnitState, state_before
from haicap.reorganisation.plan.model import Plan, Staffing, UnitPlan

Someone = tuple[uuid.UUID, str]

# Leaders of the units that end, and the clerks of their committees (an administrator of the new unit is one of them).
_PEOPLE = """
    SELECT v.code, a.kind, a.slot, p.title_id, d.kind = 'leadership', pe.id, pe.full_name
    FROM registry_unitversion v
    JOIN registry_agency a ON a.unit_id = v.unit_id
    JOIN registry_desk d ON d.founder_id = a.id
    JOIN registry_post p ON p.desk_id = d.id
    JOIN registry_title t ON t.code = p.title_id
    JOIN registry_appointment ap ON ap.post_id = p.id AND upper_inf(ap.recorded) AND ap.valid @> %(before)s::date
    JOIN registry_person pe ON pe.id = ap.person_id
    WHERE v.code = ANY(%(codes)s) AND upper_inf(v.recorded) AND v.valid @> %(before)s::date
      AND (d.kind = 'leadership' OR (a.kind = 'ubnd' AND p.title_id = 'chuyen_vien'))
    ORDER BY v.code, t.rank, a.kind, a.slot, p.title_id, p.number
"""

#: A deputy's post may also be given to a head of the same organ who found no head's post.
_HEAD_OF = {
    "pho_chu_tich": "chu_tich",
    "pho_bi_thu": "bi_thu",
    "pho_giam_doc": "giam_doc",
    "pho_truong_phong": "truong_phong",
    "pho_chanh_van_phong": "chanh_van_phong",
}
#: Organs that communes did not have before: their leaders come from the district's counterparts first.
_FROM_DISTRICT = {
    ("van_phong", "chanh_van_phong"): ("van_phong", "chanh_van_phong"),
    ("phong", "truong_phong"): ("phong", "truong_phong"),
    ("phong", "pho_truong_phong"): ("phong", "pho_truong_phong"),
    ("tt_pvhcc", "giam_doc_trung_tam"): ("ubnd", "pho_chu_tich"),
}
#: Titles that only their own kind of organ can fill: never given to somebody from elsewhere.
_OWN_KIND_ONLY = {AgencyKind.POLICE, AgencyKind.MILITARY}


@dataclass(slots=True)
class _Pool:
    """Who is there, by where they serve; nobody is taken twice."""

    leaders: dict[tuple[str, str, str, str], list[Someone]] = field(default_factory=lambda: defaultdict(list))
    by_unit: dict[str, list[tuple[str, Someone]]] = field(default_factory=lambda: defaultdict(list))
    clerks: dict[str, list[Someone]] = field(default_factory=lambda: defaultdict(list))
    used: set[uuid.UUID] = field(default_factory=set)

    def take(self, candidates: list[Someone], count: int) -> list[Someone]:
        """The first `count` of the candidates who are free; they are free no more."""
        chosen: list[Someone] = []
        for someone in candidates:
            if len(chosen) == count:
                break
            if someone[0] not in self.used:
                self.used.add(someone[0])
                chosen.append(someone)
        return chosen


def with_staffing(plan: Plan) -> Plan:
    """The plan with leaders proposed by title: who leads the seat's predecessor leads the new unit.

    First everybody stays with their title and organ: the holder at the seat's predecessor, then at the others, then
    the district's counterpart; deputies' posts also take heads who found none. Then posts still empty are given
    to leaders of the same predecessors, then of the same district, who have none, by rank; never posts of police
    and military. Last each new commune's administrator: a clerk of the seat's committee, beside his own post.
    Who is left waits unassigned.
    """
    pool = _pool(plan)
    if not pool.by_unit:
        return plan
    forming = list(_forming(plan))
    districts = _districts(plan) if plan.abolished else {}
    rows: list[Staffing] = []
    for unit, origins in forming:
        rows.extend(_by_title(plan, unit, origins, districts.get(unit.code, ""), pool))
    filled = Counter((row.unit, row.kind, row.slot, row.title) for row in rows)
    for unit, origins in forming:
        rows.extend(_by_rank(plan, unit, [*origins, districts.get(unit.code, "")], pool, filled))
        rows.extend(_administrator(plan, unit, origins, pool))
    order = {unit.code: number for number, unit in enumerate(plan.units)}
    return replace(plan, staffing=tuple(sorted(rows, key=lambda row: order[row.unit])))


def _pool(plan: Plan) -> _Pool:
    codes = {part.code for unit in plan.units for part in unit.predecessors}
    codes |= {item.code for item in plan.abolished}
    pool = _Pool()
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, {"codes": sorted(codes), "before": plan.effective_on - timedelta(days=1)})
        for code, kind, slot, title, leads, person_id, name in cursor.fetchall():
            if leads:
                pool.leaders[(code, kind, slot, title)].append((person_id, name))
                pool.by_unit[code].append((kind, (person_id, name)))
            else:
                pool.clerks[code].append((person_id, name))
    return pool


def _forming(plan: Plan) -> Iterator[tuple[UnitPlan, list[str]]]:
    """The units that are formed anew, each with its predecessors' codes, the seat's first."""
    fan_out = Counter(part.code for unit in plan.units for part in unit.predecessors)
    for unit in plan.units:
        only = unit.predecessors[0]
        alone = len(unit.predecessors) == 1 and not only.part and fan_out[only.code] == 1
        if alone and len(only.code) == len(unit.code):
            continue  # the unit lives on: its people stay where they are
        origins = [unit.seat] if unit.seat else []
        yield unit, origins + [part.code for part in unit.predecessors if part.code not in origins]


def _districts(plan: Plan) -> dict[str, str]:
    """New commune → the district in which its first predecessor lay."""
    states = state_before(plan.effective_on)
    by_code: dict[str, UnitState] = {unit.code: unit for unit in states.values()}
    found: dict[str, str] = {}
    for unit in plan.units:
        for part in unit.predecessors:
            before = by_code.get(part.code)
            if before and before.parent_id and before.level == "commune":
                found.setdefault(unit.code, states[before.parent_id].code)
    return found


def _posts(plan: Plan, unit: UnitPlan) -> Iterator[tuple[AgencyTemplate, PostTemplate]]:
    for template in template_for(unit.level, unit.kind, plan.effective_on):
        if template.kind not in unit.leave_out:
            yield from ((template, post) for post in template.posts if post.leads)


def _row(unit: UnitPlan, template: AgencyTemplate, title: str, someone: Someone) -> Staffing:
    return Staffing(unit.code, template.kind.value, template.slot, title, someone[0], someone[1])


def _by_title(
    plan: Plan, unit: UnitPlan, origins: list[str], district: str, pool: _Pool
) -> Iterator[Staffing]:
    for template, post in _posts(plan, unit):
        kind = template.kind.value
        titles = [post.title, *([_HEAD_OF[post.title]] if post.title in _HEAD_OF else [])]
        candidates = [
            someone
            for title in titles
            for origin in origins
            for someone in pool.leaders.get((origin, kind, template.slot, title), [])
        ]
        counterpart = _FROM_DISTRICT.get((kind, post.title))
        if counterpart and district:
            candidates += [
                someone
                for (code, its_kind, _slot, title), people in pool.leaders.items()
                if code == district and (its_kind, title) == counterpart
                for someone in people
            ]
        for someone in pool.take(candidates, post.count):
            yield _row(unit, template, post.title, someone)


def _by_rank(
    plan: Plan,
    unit: UnitPlan,
    places: list[str],
    pool: _Pool,
    filled: Counter[tuple[str, str, str, str]],
) -> Iterator[Staffing]:
    """Posts still empty: leaders of the same places who have none, by rank; heads before deputies."""
    empty = [
        (template, post)
        for template, post in _posts(plan, unit)
        if template.kind not in _OWN_KIND_ONLY
        and filled[(unit.code, template.kind.value, template.slot, post.title)] < post.count
    ]
    free = [
        someone
        for place in places
        for kind, someone in pool.by_unit.get(place, [])
        if kind not in {own.value for own in _OWN_KIND_ONLY}
    ]
    for template, post in sorted(empty, key=lambda pair: pair[1].title in _HEAD_OF):
        missing = post.count - filled[(unit.code, template.kind.value, template.slot, post.title)]
        for someone in pool.take(free, missing):
            yield _row(unit, template, post.title, someone)


def _administrator(plan: Plan, unit: UnitPlan, origins: list[str], pool: _Pool) -> Iterator[Staffing]:
    for template in template_for(unit.level, unit.kind, plan.effective_on):
        if template.kind in unit.leave_out or unit.level != "commune":
            continue
        if any(post.title == "quan_tri_xa" for post in template.posts):
            clerks = [someone for origin in origins for someone in pool.clerks.get(origin, [])]
            for someone in pool.take(clerks, 1):
                yield _row(unit, template, "quan_tri_xa", someone)
