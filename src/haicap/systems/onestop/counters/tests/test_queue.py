"""Numbers and calls: in order, without a gap, nobody twice, nobody forgotten."""

from __future__ import annotations

import contextlib
import threading
from datetime import timedelta

import pytest
from django.db import connection
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM, Actor
from haicap.registry.models import Person
from haicap.systems.onestop.counters import queries, service
from haicap.systems.onestop.counters.errors import (
    CounterBusy,
    CounterClosed,
    CounterNotAllowed,
    CounterTaken,
    TicketMoved,
)
from haicap.systems.onestop.models import Counter, Ticket, TicketState
from haicap.systems.onestop.tests.factories import NOW, Town, end_agency, make_town, official


def clerk(*offices: object) -> Actor:
    """An official who exists as a person, for a seat is held by one."""
    actor = official(*offices)  # type: ignore[arg-type]
    with journal.act(SYSTEM, "test.make_person") as act:
        Person.objects.create(
            id=actor.person_id,
            family_name="Trần",
            given_name="Thử",
            full_name="Trần Thử",
            fold="tran thu",
            sort_key=b"",
        )
        act.changed("registry.person", actor.person_id, None, {"name": "Trần Thử"})
    return actor


def open_at(actor: Actor, town: Town, number: int = 1, fields: tuple[str, ...] = ()) -> Counter:
    counter = service.set_up_counter(actor, town.commune.desk.id, number, fields=fields)
    return service.open_counter(actor, counter.id)


def test_ticket__draw__numbers_run_from_one_each_day(town: Town) -> None:
    desk = town.commune.desk.id
    assert [service.draw_ticket(desk).number for _draw in range(3)] == [1, 2, 3]
    with clock.shifted(timedelta(days=1)):
        assert service.draw_ticket(desk).number == 1


def test_ticket__call__first_those_whom_the_law_lets_go_first(town: Town) -> None:
    actor = clerk(town.commune)
    counter = open_at(actor, town)
    ordinary, elder = service.draw_ticket(counter.desk_id), service.draw_ticket(counter.desk_id, first=True)
    called = []
    while (ticket := service.call_next(actor, counter.id)) is not None:
        called.append(ticket.id)
        service.finish(actor, service.serve(actor, ticket.id).id)
    assert called == [elder.id, ordinary.id]


def test_ticket__call__counter_serves_its_fields_and_those_without_one(town: Town) -> None:
    actor = clerk(town.commune)
    counter = open_at(actor, town, fields=("ho-tich",))
    service.draw_ticket(counter.desk_id, "dat-dai")
    civil = service.draw_ticket(counter.desk_id, "ho-tich")
    called = service.call_next(actor, counter.id)
    assert called is not None
    assert called.id == civil.id
    with pytest.raises(CounterBusy):
        service.call_next(actor, counter.id)


def test_ticket__call__who_was_missed_can_wait_again(town: Town) -> None:
    actor = clerk(town.commune)
    counter = open_at(actor, town)
    ticket = service.draw_ticket(counter.desk_id)
    service.call_next(actor, counter.id)
    service.call_again(actor, ticket.id)
    service.miss(actor, ticket.id)
    with pytest.raises(TicketMoved):
        service.serve(actor, ticket.id)
    assert service.put_back(actor, ticket.id).counter is None
    again = service.call_next(actor, counter.id)
    assert again is not None
    assert (again.id, again.calls) == (ticket.id, 1)


def test_counter__open__needs_the_right_person(town: Town) -> None:
    actor = clerk(town.commune)
    counter = open_at(actor, town)
    with pytest.raises(CounterTaken):
        service.open_counter(clerk(town.commune), counter.id)
    with pytest.raises(CounterNotAllowed):
        service.open_counter(clerk(town.neighbour), counter.id)
    with pytest.raises(CounterTaken):
        service.set_up_counter(actor, counter.desk_id, 1)
    second = service.set_up_counter(actor, counter.desk_id, 2)
    with pytest.raises(CounterTaken):
        service.open_counter(actor, second.id)
    service.close_counter(actor, counter.id)
    with pytest.raises(CounterClosed):
        service.call_next(actor, counter.id)


def test_counter__merger__successor_runs_the_counters_of_the_former_office(town: Town) -> None:
    counter = service.set_up_counter(clerk(town.commune), town.commune.desk.id, 1, place_name="Hòa Phú")
    end_agency(town.commune, [town.neighbour], NOW.date())
    heir = clerk(town.neighbour)
    with clock.shifted(timedelta(minutes=1)):
        assert [found.id for found in queries.counters_of(heir)] == [counter.id]
        assert service.open_counter(heir, counter.id).staffed_by_id == heir.person_id
        with pytest.raises(CounterNotAllowed):
            service.close_counter(clerk(town.commune), counter.id)


def test_wait__estimate__people_over_counters_times_what_the_last_took(town: Town) -> None:
    actor = clerk(town.commune)
    desk = town.commune.desk.id
    assert queries.wait(desk).minutes is None
    counter = open_at(actor, town)
    for _draw in range(4):
        service.draw_ticket(desk)
    assert queries.wait(desk) == queries.Wait(waiting=4, counters=1, minutes=32)
    ticket = service.call_next(actor, counter.id)
    assert ticket is not None
    with clock.shifted(timedelta(minutes=3)):
        service.finish(actor, ticket.id)
        assert queries.wait(desk).minutes == 9


@pytest.mark.django_db(transaction=True)
def test_ticket__draw_and_call__many_at_once_leave_nobody_out() -> None:
    with clock.at(NOW):
        town = make_town()
        clerks = [clerk(town.commune) for _person in range(4)]
        counters = [open_at(actor, town, number) for number, actor in enumerate(clerks, 1)]
    called: list[int] = []
    together = threading.Barrier(4, timeout=20)

    def work(actor: Actor, counter: Counter) -> None:
        try:
            with clock.at(NOW):
                together.wait()
                for _draw in range(5):
                    service.draw_ticket(counter.desk_id)
                together.wait()
                while (ticket := service.call_next(actor, counter.id)) is not None:
                    called.append(ticket.number)
                    service.finish(actor, ticket.id)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=pair) for pair in zip(clerks, counters, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(called) == list(range(1, 21))


class WaitingRoom(RuleBasedStateMachine):
    """Whatever the clerks press, a number is in one place, and a counter has one person at most."""

    town: Town
    actor: Actor
    counter: Counter

    @rule(first=st.booleans())
    def draw(self, first: bool) -> None:
        service.draw_ticket(self.counter.desk_id, first=first)

    @rule()
    def call(self) -> None:
        try:
            service.call_next(self.actor, self.counter.id)
        except CounterBusy:
            assert queries.at_counter(self.counter) is not None

    @rule(
        press=st.sampled_from([service.serve, service.finish, service.miss, service.put_back]),
        which=st.integers(0, 30),
    )
    def press(self, press: object, which: int) -> None:
        tickets = list(Ticket.objects.order_by("number"))
        if tickets:
            with contextlib.suppress(TicketMoved, CounterBusy):
                press(self.actor, tickets[which % len(tickets)].id)  # type: ignore[operator]

    @invariant()
    def numbers_have_no_gap_and_one_person_is_at_the_counter(self) -> None:
        numbers = list(Ticket.objects.order_by("number").values_list("number", flat=True))
        assert numbers == list(range(1, len(numbers) + 1))
        at_counter = Ticket.objects.filter(state__in=[TicketState.CALLED, TicketState.SERVING])
        assert at_counter.count() <= 1


def test_queue__any_order_of_presses__holds_together(town: Town) -> None:
    actor = clerk(town.commune)
    counter = open_at(actor, town)

    class Room(WaitingRoom):
        def __init__(self) -> None:
            super().__init__()
            Ticket.objects.all().delete()
            connection.cursor().execute("DELETE FROM onestop_ticketnumber")
            self.town, self.actor, self.counter = town, actor, counter

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Room, settings=hypothesis_settings(max_examples=10, stateful_step_count=15, deadline=None)
    )
