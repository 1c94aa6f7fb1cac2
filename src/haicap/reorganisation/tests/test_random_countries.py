"""Random countries, random reorganisations one after another: all that the engine promises, counted again in Python."""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.registry import service as registry
from haicap.registry.country import BASE_DATE
from haicap.registry.models import Agency, AgencyCode
from haicap.registry.replay import believed_events, differences, fold_events
from haicap.registry.service import stored_state
from haicap.registry.tests.countries import by_code, by_code_of_base, random_country, random_step
from haicap.reorganisation import service
from haicap.reorganisation.models import LedgerRow
from haicap.reorganisation.models import Plan as PlanRow
from haicap.reorganisation.plan.model import Abolition, Division, Legal, Part, Plan, Transfer, UnitPlan
from haicap.reorganisation.tests.factories import (
    BEFORE,
    FIELD,
    PROCEDURE,
    PROCESSED,
    RETURNED,
    appoint_everywhere,
    assert_same,
    beliefs,
    empty,
    give_sites,
    ids_of,
    ready,
    receive,
    set_up,
)
from haicap.systems.onestop.models import IN_FLIGHT, Dossier, Status
from haicap.systems.onestop.service import advance_dossier

#: what an undo gives back exactly, also after work was done meanwhile
REGISTRY = ("units", "successions", "agencies", "agency_successions", "codes", "seats", "appointments")
SETTINGS = settings(
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # a smaller seed is no smaller country
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    print_blob=True,
)


def agencies_of(code: str, day: date) -> list[Agency]:
    return list(Agency.objects.filter(unit_id=ids_of([code], day)[code]).order_by("id"))


@dataclass
class Lying:
    """Where a dossier lay before a cut-over, as plain Python saw it."""

    holder: uuid.UUID
    interim: bool
    unit: str
    kind: str
    place: str
    row: Dossier


@dataclass
class History:
    """One random country and what happened to it."""

    chance: random.Random
    day: date = BASE_DATE
    names: int = 0
    done: list[tuple[PlanRow, date, dict[str, Any]]] = field(default_factory=list)

    # --- building ---

    def begin(self) -> None:
        country = tuple(
            replace(unit, name=f"{unit.name} {unit.code}") for unit in random_country(self.chance)
        )
        registry.load_base(SYSTEM, country)
        self.said = by_code_of_base(country)
        codes = [code for code in self.said if len(code) == 2 or self.chance.random() < 0.85]
        if codes:
            set_up(codes)
            give_sites([code for code in codes if self.chance.random() < 0.6])
            appoint_everywhere([code for code in codes if self.chance.random() < 0.3][:3])

    def work(self) -> None:
        """Some dossiers come in, some of those that lie here go on."""
        today = clock.today()
        for _number in range(self.chance.randint(1, 6)):
            code = self.chance.choice(sorted(self.said))
            offices = [agency for agency in agencies_of(code, today) if agency.kind == "ubnd"]
            if not offices or not lives(offices[0]):
                continue
            communes = [one for one in self.said if len(one) == 5]
            receive(
                offices[0],
                place=self.chance.choice(communes) if communes and self.chance.random() < 0.7 else "",
                field=self.chance.choice(["ho-tich", FIELD]),
                procedure=self.chance.choice(["1.001193", PROCEDURE]),
                village=self.chance.choice(["", "Thôn 1", "Thôn 2"]),
                to=self.chance.choice([(), (), PROCESSED, RETURNED]),
            )
        for dossier in Dossier.objects.filter(status=Status.RECEIVED).order_by("id")[:2]:
            advance_dossier(SYSTEM, dossier.id, Status.PROCESSING)

    # --- planning ---

    def plan(self) -> Plan | None:
        """A random reorganisation of the country as it stands; None where a district would have no heir at all."""
        self.day += timedelta(days=self.chance.randint(1, 12))
        step = random_step(self.chance, self.said, self.day)
        after = step.expected(self.said)
        new = {one.code for one in step.formations if self._is_new(one, step)}
        communes = sorted(
            code for code in after if len(code) == 5 and (code in new or self._has_agencies(code))
        )
        if not step.formations or (step.abolished and not communes):
            return None
        units = tuple(self._unit(one, step) for one in step.formations)
        after |= {unit.code: (unit.kind, unit.name, unit.parent) for unit in units}
        self.after = after
        went: dict[str, list[str]] = defaultdict(list)
        for unit in units:
            for part in unit.predecessors:
                went[part.code].append(unit.code)
        self.went = went
        provinces = sorted(code for code in after if len(code) == 2)
        return Plan(
            key=f"bước {self.day}",
            title="Sắp xếp ngẫu nhiên",
            effective_on=self.day,
            province=self.chance.choice(provinces),
            legal=(Legal(f"{self.day}/NQ", self.day),),
            units=units,
            abolished=tuple(Abolition(one.code, self.chance.choice(communes)) for one in step.abolished),
            transfers=self.chance.choice([(), (Transfer("Nội vụ", (FIELD,)), Transfer("Y tế", (), (PROCEDURE,)))]),
            divisions=tuple(
                Division(code, self.chance.choice(heirs), villages=(("thôn 1", self.chance.choice(heirs)),))
                for code, heirs in went.items()
                if len(heirs) > 1
            ),
            undo_window_days=60,
        )  # fmt: skip

    def _is_new(self, one: Any, step: Any) -> bool:
        first = one.predecessors[0]
        alone = sum(first.code == other.code for unit in step.formations for other in unit.predecessors) == 1
        return not (
            len(one.predecessors) == 1 and not first.part and alone and len(first.code) == len(one.code)
        )

    def _has_agencies(self, code: str) -> bool:
        units = ids_of(on=clock.today())
        return code in units and Agency.objects.filter(unit_id=units[code], kind="ubnd").exists()

    def _unit(self, one: Any, step: Any) -> UnitPlan:
        first = one.predecessors[0].code
        kept = one.name == self.said[first][1] and not self._is_new(one, step)
        self.names += 1
        own = self._free_code() if one.level == "province" and self._is_new(one, step) else ""
        return UnitPlan(
            code=one.code,
            level=one.level,
            kind=one.kind,
            name=one.name if kept else f"{one.name} số {self.names} {self.day:%d%m}",
            parent=one.parent_code,
            predecessors=tuple(Part(part.code, part.part) for part in one.predecessors),
            seat=self.chance.choice(["", self.chance.choice(one.predecessors).code]),
            agency_code=own,
        )

    def _free_code(self) -> str:
        """A level-1 code that was never issued; the annex of the decision has none for provinces of chance."""
        used = set(AgencyCode.objects.values_list("code", flat=True))
        free = [f"H{n}" for n in range(64, 100) if f"H{n}" not in used and f"K{n}" not in used]
        return free[self.names % len(free)]

    def with_other_codes(self, plan: Plan) -> Plan:
        """The plan for another attempt: codes that the undone one issued are closed for good."""
        units = []
        for unit in plan.units:
            self.names += 1
            units.append(replace(unit, agency_code=self._free_code()) if unit.agency_code else unit)
        return replace(plan, units=tuple(units))

    # --- looking ---

    def look(self) -> dict[uuid.UUID, Lying]:
        """Every dossier: who holds it, for which unit, by the rows alone."""
        code_of = {unit_id: code for code, unit_id in ids_of(on=self.day - timedelta(days=1)).items()}
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT DISTINCT ON (o.id) o.id, h.agency_id, h.interim, a.unit_id, a.kind, d.place_id
                FROM onestop_dossier o JOIN registry_desk d ON d.id = o.desk_id
                JOIN registry_holding h ON h.desk_id = d.id JOIN registry_agency a ON a.id = h.agency_id
                ORDER BY o.id, h.begins_at DESC
                """
            )
            held = {row[0]: row[1:] for row in cursor.fetchall()}
        rows = {row.pk: row for row in Dossier.objects.all()}
        assert held.keys() == rows.keys(), "a dossier lies with nobody"
        return {
            pk: Lying(agency, interim, code_of.get(unit, ""), kind, code_of.get(place, ""), rows[pk])
            for pk, (agency, interim, unit, kind, place) in held.items()
        }

    def check(self, before: dict[uuid.UUID, Lying], plan: Plan, row: PlanRow) -> None:
        """What became of every dossier, told again from the plan by plain rules."""
        after_code = {unit_id: code for code, unit_id in ids_of(on=self.day).items()}
        now = self.look_after()
        assert now.keys() == before.keys(), "dossiers were lost or doubled"
        ended = {item.code: item.interim for item in plan.abolished}
        interim = {item.code: item.interim for item in plan.divisions}
        lives_on = {
            unit.predecessors[0].code: unit.code
            for unit in plan.units
            if len(unit.predecessors) == 1
            and not unit.predecessors[0].part
            and len(self.went[unit.predecessors[0].code]) == 1
            and len(unit.predecessors[0].code) == len(unit.code)
        }

        states = stored_state(self.day - timedelta(days=1)), stored_state(self.day)
        touched = {unit.code for key, unit in states[0].items() if states[1].get(key) != unit}

        def heirs(code: str) -> set[str]:
            if code in ended:
                return {ended[code]}
            return set(self.went.get(code, [code]))

        in_scope = carried = undecided = 0
        for pk, was in before.items():
            agency, undecided_now, unit_id, kind, dossier = now[pk]
            for name in ("code", "status", "due_at", "received_at", "finished_at", "competent_agency_id"):
                assert getattr(dossier, name) == getattr(was.row, name), name
            here = after_code[unit_id]
            if was.unit not in touched:
                assert agency == was.holder
                assert undecided_now == was.interim
                continue
            in_scope += was.unit in touched
            if was.row.status not in IN_FLIGHT:
                assert dossier.desk_id == was.row.desk_id
            if was.unit in lives_on:
                assert here == lives_on[was.unit]
                assert agency == was.holder
            elif len(was.unit) == 3 and kind == "so":
                assert plan.transfers
                assert len(here) == 2
            elif (
                len(was.unit) == 3
            ):  # to the successor of the place, else to the district's own or who holds interim
                assert here in heirs(was.unit) | (heirs(was.place) if was.place else set())
            else:
                assert here in heirs(was.unit)
                if len(heirs(was.unit)) > 1 and dossier.desk_id == was.row.desk_id:
                    assert here == interim[was.unit]
            if was.row.status in IN_FLIGHT and was.unit in touched:
                carried += not undecided_now
                undecided += undecided_now
            if was.interim and dossier.desk_id == was.row.desk_id and kind != "so":
                assert undecided_now, "what was undecided was decided by nobody"
        line = LedgerRow.objects.get(
            run__plan=row, run__undone_by=None, run__kind="cut_over", record="dossier"
        )
        assert (line.before, line.carried, line.undecided) == (in_scope, carried, undecided)

    def look_after(self) -> dict[uuid.UUID, tuple[uuid.UUID, bool, uuid.UUID, str, Dossier]]:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                SELECT DISTINCT ON (o.id) o.id, h.agency_id, h.interim, a.unit_id, a.kind
                FROM onestop_dossier o JOIN registry_holding h ON h.desk_id = o.desk_id
                LEFT JOIN registry_agency a ON a.id = h.agency_id ORDER BY o.id, h.begins_at DESC
                """
            )
            rows = {row.pk: row for row in Dossier.objects.all()}
            return {found[0]: (*found[1:], rows[found[0]]) for found in cursor.fetchall()}

    # --- the whole story ---

    def step(self) -> bool:
        plan = self.plan()
        if plan is None:
            return False
        before_cut = stock()
        lying = self.look()
        was = beliefs()
        row = ready(plan)
        if self.chance.random() < 0.3:
            assert service.rehearse(SYSTEM, row).balanced
            assert_same(was, beliefs())
        assert service.cut_over(SYSTEM, row).balanced
        self.check(lying, plan, row)
        assert before_cut <= stock(), "posts, people or desks were lost"
        assert by_code(stored_state(self.day)) == self.after
        self.replayed()
        row.refresh_from_db()
        if self.chance.random() < 0.5:
            service.undo_cut_over(SYSTEM, row, "thử")
            assert_same(was, beliefs())
            self.replayed()
            again = ready(self.with_other_codes(plan))
            assert service.cut_over(SYSTEM, again).balanced
            self.check(lying, plan, again)
            row.refresh_from_db()
        self.done.append((row, self.day, was))
        self.said = self.after
        return True

    def replayed(self) -> None:
        for day in (self.day - timedelta(days=1), self.day):
            assert differences(fold_events(believed_events(), day), stored_state(day)) == []

    def back(self) -> None:
        """Take all of it back, the last first."""
        for number, (row, _day, was) in enumerate(reversed(self.done)):
            with clock.at(datetime.combine(self.day, time(18 + number), tzinfo=clock.ZONE)):
                service.undo_cut_over(SYSTEM, row, "trở lại")
            now = beliefs()
            assert_same({name: was[name] for name in REGISTRY}, now)
        dossiers = {
            pk: holding for pk, holding in self.look_after().items() if holding[4].status in IN_FLIGHT
        }
        assert all(holding[0] is not None for holding in dossiers.values())
        assert journal.verify


def lives(agency: Agency) -> bool:
    from haicap.registry.standing import standing

    found = standing(agency.id, clock.today())
    return found is not None and found.lives and found.code_id is not None


def stock() -> set[tuple[str, uuid.UUID]]:
    """Everything that may never be lost, by identity."""
    found: set[tuple[str, uuid.UUID]] = set()
    with connection.cursor() as cursor:
        for table in ("post", "person", "desk", "agency", "agencycode", "site", "unit"):
            cursor.execute(f"SELECT id FROM registry_{table}")
            found |= {(table, row[0]) for row in cursor.fetchall()}
        cursor.execute("SELECT id FROM registry_appointment WHERE upper_inf(recorded)")
        found |= {("appointment", row[0]) for row in cursor.fetchall()}
    return found


def tell_a_story(seed: int, steps: int) -> None:
    """Begin, work, reorganise, and again; then take it all back."""
    empty()
    with clock.at(BEFORE):
        history = History(random.Random(seed))
        history.begin()
        history.work()
    for _number in range(steps):
        eve = datetime.combine(history.day, time(16), tzinfo=clock.ZONE)
        with clock.at(eve):
            history.work()
            if not history.step():
                break
        with clock.at(datetime.combine(history.day, time(9), tzinfo=clock.ZONE)):
            history.work()
    history.back()


@settings(SETTINGS, max_examples=12)
@given(seed=st.integers(0, 2**32), steps=st.integers(1, 3))
def test_country__random_reorganisations__nothing_is_lost_and_undo_is_the_identity(
    transactional_db: None, seed: int, steps: int
) -> None:
    tell_a_story(seed, steps)


@pytest.mark.slow
@settings(SETTINGS, max_examples=150)
@given(seed=st.integers(0, 2**32), steps=st.integers(1, 4))
def test_country__many_random_reorganisations__nothing_is_lost(
    transactional_db: None, seed: int, steps: int
) -> None:
    tell_a_story(seed, steps)
