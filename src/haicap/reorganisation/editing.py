"""Editing a plan as values: each change gives a new plan; saving it makes a new text (service.save_plan)."""

from __future__ import annotations

import difflib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from django.utils.translation import gettext as _

from haicap.kernel.actor import Actor
from haicap.kernel.errors import NotFound
from haicap.registry.models import Person
from haicap.reorganisation import service
from haicap.reorganisation.models import Plan, PlanText
from haicap.reorganisation.plan.model import Abolition, Division, Part, Staffing, Transfer, UnitPlan
from haicap.reorganisation.plan.model import Plan as PlanValues
from haicap.reorganisation.plan.read import read_plan
from haicap.reorganisation.plan.write import HEAD, write_plan

T = TypeVar("T")
Change = Callable[[PlanValues], PlanValues]


def edit(actor: Actor, plan: Plan, based_on: int, what: str, change: Change) -> Plan:
    """Sửa kế hoạch: apply a change to the text `based_on` and save it as the next one.

    Raises Conflict REO-046 when somebody saved a later text meanwhile: nothing is overwritten.
    """
    values = read_plan(text_of(plan, based_on).text)
    return service.save_plan(actor, write_plan(change(values)), what, based_on=based_on)


def text_of(plan: Plan, number: int) -> PlanText:
    """One saved text of a plan. Raises NotFound (REO-031)."""
    found = plan.texts.filter(number=number).first()
    if found is None:
        raise NotFound(
            _("Kế hoạch «%(key)s» không có bản số %(number)d.") % {"key": plan.key, "number": number},
            code="REO-031",
        )
    return found


def go_back(actor: Actor, plan: Plan, number: int, based_on: int) -> Plan:
    """Quay lại bản cũ: save an older text again as the newest. Raises NotFound REO-031, Conflict REO-046."""
    old = text_of(plan, number)
    what = _("quay lại bản số %(number)d") % {"number": number}
    return service.save_plan(actor, old.text, what, based_on=based_on)


def has_own_comments(text: str) -> bool:
    """Whether a person wrote comments into the text: they are lost when a form writes it anew."""
    head = set(HEAD.splitlines())
    return any(line.lstrip().startswith("#") and line not in head for line in text.splitlines())


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a comparison: `kind` is "same", "added", "removed" or "gap"."""

    kind: str
    old: int
    new: int
    text: str


def compare(old: str, new: str, context: int = 2) -> list[DiffLine]:
    """So sánh hai bản, line by line, with so many unchanged lines around each change."""
    found: list[DiffLine] = []
    before, after = old.splitlines(), new.splitlines()
    for number, group in enumerate(
        difflib.SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(context)
    ):
        if number:
            found.append(DiffLine("gap", 0, 0, ""))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                found.extend(
                    DiffLine("same", i1 + at + 1, j1 + at + 1, text) for at, text in enumerate(before[i1:i2])
                )
                continue
            found.extend(DiffLine("removed", i1 + at + 1, 0, text) for at, text in enumerate(before[i1:i2]))
            found.extend(DiffLine("added", 0, j1 + at + 1, text) for at, text in enumerate(after[j1:j2]))
    return found


# --- units
def with_unit(old_code: str, unit: UnitPlan) -> Change:
    """Put a unit in the place of the one with `old_code` (empty: a new one, after those of its level)."""

    def change(plan: PlanValues) -> PlanValues:
        if not old_code:
            at = max((n + 1 for n, each in enumerate(plan.units) if each.level == unit.level), default=0)
            return replace(plan, units=(*plan.units[:at], unit, *plan.units[at:]))
        _require(any(each.code == old_code for each in plan.units), old_code)
        units = tuple(unit if each.code == old_code else each for each in plan.units)
        staffing = tuple(
            replace(row, unit=unit.code) if row.unit == old_code else row for row in plan.staffing
        )
        divisions = tuple(_renamed(each, old_code, unit.code) for each in plan.divisions)
        abolished = tuple(
            replace(each, interim=unit.code) if each.interim == old_code else each for each in plan.abolished
        )
        return replace(plan, units=units, staffing=staffing, divisions=divisions, abolished=abolished)

    return change


def _renamed(division: Division, old: str, new: str) -> Division:
    def pairs(given: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
        return tuple((text, new if code == old else code) for text, code in given)

    interim = new if division.interim == old else division.interim
    return replace(
        division,
        interim=interim,
        villages=pairs(division.villages),
        addresses=pairs(division.addresses),
    )


def without_unit(code: str) -> Change:
    """Take a unit out of the plan, with the staffing it had."""

    def change(plan: PlanValues) -> PlanValues:
        _require(any(each.code == code for each in plan.units), code)
        return replace(
            plan,
            units=tuple(each for each in plan.units if each.code != code),
            staffing=tuple(row for row in plan.staffing if row.unit != code),
        )

    return change


def split(code: str, parts: Sequence[str], interim: str) -> Change:
    """Chia một đơn vị cũ: the units with the codes `parts` each get a part of it; `interim` holds the rest."""

    def change(plan: PlanValues) -> PlanValues:
        for part in parts:
            _require(any(each.code == part for each in plan.units), part)
        units = tuple(_with_part(unit, code, unit.code in parts) for unit in plan.units)
        divisions = tuple(each for each in plan.divisions if each.code != code)
        return replace(plan, units=units, divisions=(*divisions, Division(code, interim)))

    return change


def _with_part(unit: UnitPlan, code: str, takes: bool) -> UnitPlan:
    rest = tuple(part for part in unit.predecessors if part.code != code)
    return replace(unit, predecessors=(*rest, Part(code, True)) if takes else rest)


def with_seats(seats: dict[str, str]) -> Change:
    """Chọn trụ sở: unit → the predecessor whose building becomes its seat."""

    def change(plan: PlanValues) -> PlanValues:
        return replace(
            plan,
            units=tuple(
                replace(unit, seat=seats[unit.code]) if unit.code in seats else unit for unit in plan.units
            ),
        )

    return change


# --- rules, transfers, districts
def with_division(division: Division) -> Change:
    """Put the rules of a divided unit in place of those it had."""

    def change(plan: PlanValues) -> PlanValues:
        known = [each.code for each in plan.divisions]
        if division.code not in known:
            return replace(plan, divisions=(*plan.divisions, division))
        return replace(
            plan,
            divisions=tuple(division if each.code == division.code else each for each in plan.divisions),
        )

    return change


def with_transfers(transfers: Sequence[Transfer]) -> Change:
    """Chuyển thẩm quyền: all transfers anew."""
    return lambda plan: replace(plan, transfers=tuple(transfers))


def with_interims(interims: dict[str, str]) -> Change:
    """Đơn vị tạm giữ của các huyện kết thúc: abolished unit → the commune that holds what nothing places."""

    def renewed(item: Abolition) -> Abolition:
        return replace(item, interim=interims.get(item.code, item.interim))

    return lambda plan: replace(plan, abolished=tuple(renewed(item) for item in plan.abolished))


# --- staffing
def appoint(unit: str, kind: str, slot: str, title: str, number: int, person: Person | None) -> Change:
    """Bố trí một người vào ghế thứ `number` (from 0) of a title; None leaves it empty.

    Who had the seat loses it; a person who had another seat in the plan leaves it.
    """

    def change(plan: PlanValues) -> PlanValues:
        _require(any(each.code == unit for each in plan.units), unit)
        place = (unit, kind, slot, title)
        here = [row for row in plan.staffing if (row.unit, row.kind, row.slot, row.title) == place]
        displaced = here[number].person_id if number < len(here) else None
        gone: set[uuid.UUID | None] = {displaced, person.pk if person else None}
        rows: list[Staffing] = []
        at = 0
        for row in plan.staffing:
            if row.person_id in gone:
                if row.person_id == displaced and person is not None:
                    rows.append(Staffing(*place, person.pk, person.full_name))
                    at = len(rows)
                continue
            rows.append(row)
            if row.unit == unit:
                at = len(rows)
        if person is not None and displaced is None:
            rows.insert(at, Staffing(*place, person.pk, person.full_name))
        return replace(plan, staffing=tuple(rows))

    return change


def _require(there: bool, code: str) -> None:
    if not there:
        raise NotFound(
            _("Kế hoạch không có đơn vị mới mang mã %(code)s.") % {"code": code[:20]}, code="REO-035"
        )
