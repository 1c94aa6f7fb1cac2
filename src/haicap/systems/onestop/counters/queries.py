"""What the counters, the board and people who wait may know. Nothing here is about a person."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.calendar import service as calendars
from haicap.registry.desks import desks_held_by, holders_at
from haicap.systems.onestop.models import Booking, Counter, Ticket, TicketState

#: what a person takes at a counter where nothing was measured yet today
USUAL_MINUTES = 8
#: the wait is computed from so many who were served last
RECENT = 30
#: numbers shown on the board as just called
ON_BOARD = 12
#: a counter that called somebody within this time has somebody who runs it
STAFFED_WITHIN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Wait:
    """Thời gian chờ ước tính: how many wait, how many counters are open, how long a newcomer waits.

    `minutes` is None where nobody serves.
    """

    waiting: int
    counters: int
    minutes: int | None


@dataclass(frozen=True, slots=True)
class Slot:
    """Giờ còn trống: a time that can be booked, and for how many."""

    begins_at: datetime
    free: int


def waiting_for(counter: Counter) -> QuerySet[Ticket]:
    """Who waits today for what the counter serves, in the order of being called."""
    waiting = Ticket.objects.filter(desk_id=counter.desk_id, day=clock.today(), state=TicketState.WAITING)
    if counter.fields:
        waiting = waiting.filter(Q(field__in=counter.fields) | Q(field=""))
    return waiting.order_by("rank", "number")


def counters_of(actor: Actor) -> QuerySet[Counter]:
    """Counters at desks that the actor's agencies hold now."""
    living = Counter.objects.filter(retired_at__isnull=True).select_related("staffed_by")
    if not actor.sees_all:
        desks = [desk for agency in actor.agency_ids for desk in desks_held_by(agency)]
        living = living.filter(desk_id__in=desks)
    return living.order_by("place_name", "number")


def at_counter(counter: Counter) -> Ticket | None:
    """Who was called to the counter or is served there."""
    return Ticket.objects.filter(counter=counter, state__in=[TicketState.CALLED, TicketState.SERVING]).first()


def board(desk_id: uuid.UUID) -> list[Ticket]:
    """Bảng gọi số: numbers called today that are still at a counter, the latest call first."""
    return list(
        Ticket.objects.filter(
            desk_id=desk_id, day=clock.today(), state__in=[TicketState.CALLED, TicketState.SERVING]
        )
        .select_related("counter")
        .order_by("-called_at")[:ON_BOARD]
    )


def ahead_of(ticket: Ticket) -> int:
    """How many who wait will be called before this ticket."""
    return Ticket.objects.filter(
        Q(rank__lt=ticket.rank) | Q(rank=ticket.rank, number__lt=ticket.number),
        desk_id=ticket.desk_id,
        day=ticket.day,
        state=TicketState.WAITING,
    ).count()


def wait(desk_id: uuid.UUID, ahead: int | None = None) -> Wait:
    """The estimated wait at a desk, for who has `ahead` people before them (default: a newcomer)."""
    return waits([desk_id], ahead)[desk_id]


def waits(desk_ids: Collection[uuid.UUID], ahead: int | None = None) -> dict[uuid.UUID, Wait]:
    """The estimated wait at several desks; three queries however many.

    People ahead, over the open counters, times the median of what the last ones took today.
    """
    today, wanted = clock.today(), list(desk_ids)
    waiting = dict(
        Ticket.objects.filter(desk_id__in=wanted, day=today, state=TicketState.WAITING)
        .values_list("desk_id")
        .annotate(many=Count("*"))
    )
    serving = dict(
        Counter.objects.filter(desk_id__in=wanted, opened_at__isnull=False, retired_at__isnull=True)
        .values_list("desk_id")
        .annotate(many=Count("*"))
    )
    took = _minutes_taken(wanted, today)
    found = {}
    for desk_id in wanted:
        queue, open_counters = waiting.get(desk_id, 0), serving.get(desk_id, 0)
        before = queue if ahead is None else ahead
        minutes = round(before * took.get(desk_id, USUAL_MINUTES) / open_counters) if open_counters else None
        found[desk_id] = Wait(queue, open_counters, minutes)
    return found


def _minutes_taken(desk_ids: list[uuid.UUID], today: date) -> dict[uuid.UUID, float]:
    """Desk id → median minutes from being called to the end, of the last ones today."""
    rows = (
        Ticket.objects.filter(
            desk_id__in=desk_ids, day=today, state=TicketState.DONE, called_at__isnull=False
        )
        .order_by("-ended_at")
        .values_list("desk_id", "called_at", "ended_at")[: RECENT * max(len(desk_ids), 1)]
    )
    taken: dict[uuid.UUID, list[float]] = {}
    for desk_id, called_at, ended_at in rows:
        if called_at is not None and ended_at is not None:
            taken.setdefault(desk_id, []).append((ended_at - called_at).total_seconds() / 60)
    return {desk_id: max(median(minutes[:RECENT]), 0.5) for desk_id, minutes in taken.items()}


def free_slots(desk_id: uuid.UUID, day: date, slot_minutes: int, seats: int) -> list[Slot]:
    """Times of a day that can still be booked, by the working calendar of who holds the desk then."""
    begins = datetime.combine(day, time.min, tzinfo=clock.ZONE)
    holder = holders_at([desk_id], begins + timedelta(hours=12)).get(desk_id)
    if holder is None:
        return []
    calendar, now = calendars.calendar(holder), clock.now()
    taken = dict(
        Booking.objects.filter(
            desk_id=desk_id,
            cancelled_at__isnull=True,
            begins_at__gte=begins,
            begins_at__lt=begins + timedelta(days=1),
        )
        .values_list("begins_at")
        .annotate(many=Count("*"))
    )
    times = (begins + timedelta(minutes=minute) for minute in range(0, 24 * 60, slot_minutes))
    return [
        Slot(at, seats - taken.get(at, 0))
        for at in times
        if at > now and calendar.is_working(at) and taken.get(at, 0) < seats
    ]


def missed_today(desk_ids: Collection[uuid.UUID]) -> list[Ticket]:
    """Who was called today and did not come: they may come after all."""
    return list(
        Ticket.objects.filter(desk_id__in=list(desk_ids), day=clock.today(), state=TicketState.MISSED)
        .select_related("counter")
        .order_by("-ended_at")[:ON_BOARD]
    )


# Everything that a board shows follows from today's tickets of the desk and from which of its counters are open.
_BOARD_STATE = """
    SELECT (SELECT coalesce(bit_xor(hashtextextended(
                concat_ws('|', id, state, counter_id, calls, called_at, ended_at), 0)), 0)
            FROM onestop_ticket WHERE desk_id = %(desk)s AND day = %(day)s),
           (SELECT coalesce(bit_xor(hashtextextended(id::text, 0)), 0)
            FROM onestop_counter WHERE desk_id = %(desk)s AND opened_at IS NOT NULL AND retired_at IS NULL)
"""


def state_of_board(desk_id: uuid.UUID) -> str:
    """A text that changes when, and only when, the board shows something else. One query."""
    today = clock.today()
    with connection.cursor() as cursor:
        cursor.execute(_BOARD_STATE, {"desk": desk_id, "day": today})
        return f"{today}|{cursor.fetchone()}"


def next_in_line(desk_id: uuid.UUID, most: int = 8) -> list[int]:
    """The numbers that will be called next at a desk."""
    return list(
        Ticket.objects.filter(desk_id=desk_id, day=clock.today(), state=TicketState.WAITING)
        .order_by("rank", "number")
        .values_list("number", flat=True)[:most]
    )


def counters_staffed(agency_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, tuple[int, int]]:
    """Quầy có người: agency id → (counters that somebody runs, all its counters), for the readiness board.

    Somebody runs a counter where it is open now, or a number was called to it within a week: at night no counter
    is open, and yet it is staffed. Agencies without counters are left out. Two queries however many.
    """
    wanted, since = set(agency_ids), clock.now() - STAFFED_WITHIN
    rows = list(
        Counter.objects.filter(retired_at__isnull=True)
        .annotate(
            used=Exists(
                Ticket.objects.filter(counter=OuterRef("pk"), called_at__gte=since, day__gte=since.date())
            )
        )
        .values_list("desk_id", "opened_at", "used")
    )
    holders = holders_at({desk_id for desk_id, _opened, _used in rows}, clock.now())
    found: dict[uuid.UUID, tuple[int, int]] = {}
    for desk_id, opened_at, used in rows:
        agency_id = holders.get(desk_id)
        if agency_id in wanted and agency_id is not None:
            staffed, counters = found.get(agency_id, (0, 0))
            found[agency_id] = (staffed + (opened_at is not None or bool(used)), counters + 1)
    return found
