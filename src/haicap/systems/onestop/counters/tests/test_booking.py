"""Booked times: within working hours, never given twice, kept by whoever holds the desk then."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from haicap.kernel import clock
from haicap.kernel.actor import ANONYMOUS
from haicap.systems.onestop.counters import queries, service
from haicap.systems.onestop.counters.errors import BadTime, CounterNotFound, TimeFull
from haicap.systems.onestop.models import Booking
from haicap.systems.onestop.tests.factories import NOW, Town, end_agency, make_town

AT = NOW.replace(hour=10)


def book(town: Town, **changes: object) -> Booking:
    values: dict[str, object] = {"begins_at": AT, "name": "Lê Thị Ánh", "actor": ANONYMOUS}
    return service.book(town.commune.desk.id, **values | changes)  # type: ignore[arg-type]


def test_booking__book__takes_seats_until_the_time_is_full(town: Town) -> None:
    first, second = book(town), book(town, name="Phạm Văn Dũng")
    assert {first.seat, second.seat} == {1, 2}
    with pytest.raises(TimeFull):
        book(town, name="Người thứ ba")
    service.cancel_booking(ANONYMOUS, first.code.lower())
    service.cancel_booking(ANONYMOUS, first.code)
    assert book(town, name="Người thứ ba").seat == 1


@pytest.mark.parametrize(
    "begins_at",
    [
        NOW - timedelta(hours=1),
        NOW.replace(hour=12),  # the lunch break
        NOW.replace(hour=10, minute=7),
        NOW + timedelta(days=5),  # a Saturday
        NOW + timedelta(days=400),
    ],
)
def test_booking__book__impossible_times_are_refused(town: Town, begins_at: object) -> None:
    with pytest.raises(BadTime):
        book(town, begins_at=begins_at)
    assert not Booking.objects.exists()


def test_booking__free_slots__are_those_that_can_be_booked(town: Town) -> None:
    desk = town.commune.desk.id
    slots = queries.free_slots(desk, NOW.date(), service.SLOT_MINUTES, service.SEATS_PER_SLOT)
    assert slots[0].begins_at == NOW.replace(minute=15)
    for slot in (slots[0], slots[-1]):
        book(town, begins_at=slot.begins_at)
    left = queries.free_slots(desk, NOW.date(), service.SLOT_MINUTES, service.SEATS_PER_SLOT)
    assert (left[0].free, len(left)) == (1, len(slots))
    saturday = NOW.date() + timedelta(days=5)
    assert queries.free_slots(desk, saturday, service.SLOT_MINUTES, service.SEATS_PER_SLOT) == []


def test_booking__ticket__goes_first_in_its_time_only_and_is_drawn_once(town: Town) -> None:
    booking, desk = book(town), town.commune.desk.id
    with clock.shifted(timedelta(minutes=50)):
        ticket = service.draw_ticket(desk, booking_code=booking.code)
        assert ticket.rank == service.BOOKED
        assert service.draw_ticket(desk, booking_code=booking.code).id == ticket.id
    late = book(town, name="Đến muộn")
    with clock.shifted(timedelta(hours=2)):
        assert service.draw_ticket(desk, booking_code=late.code).rank == service.ORDINARY
    with pytest.raises(CounterNotFound):
        service.draw_ticket(town.neighbour.desk.id, booking_code=late.code)


def test_booking__merger__the_time_is_kept_at_the_successor(town: Town) -> None:
    tomorrow = NOW + timedelta(days=1)
    booking = book(town, begins_at=tomorrow)
    end_agency(town.commune, [town.neighbour], tomorrow.date())
    with clock.shifted(timedelta(days=1)):
        assert service.draw_ticket(town.commune.desk.id, booking_code=booking.code).rank == service.BOOKED


@pytest.mark.django_db(transaction=True)
def test_booking__book__many_at_once_get_two_seats() -> None:
    with clock.at(NOW):
        town = make_town()
    together, outcomes = threading.Barrier(6, timeout=20), []

    def try_it() -> None:
        try:
            with clock.at(NOW):
                together.wait()
                outcomes.append(book(town).seat)
        except TimeFull:
            outcomes.append(0)
        finally:
            connection.close()

    threads = [threading.Thread(target=try_it) for _person in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == [0, 0, 0, 0, 1, 2]
