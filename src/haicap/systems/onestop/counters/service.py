"""Lấy số, gọi số, đặt lịch hẹn: the only way in which counters, tickets and bookings change.

Tickets change every minute and say nothing of anybody, so they are not journalled one by one; opening a counter and
everything about a booking is.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime, time, timedelta

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM, Actor
from haicap.kernel.calendar import service as calendars
from haicap.kernel.text import clean
from haicap.registry.desks import holders_at
from haicap.systems.onestop import policy
from haicap.systems.onestop.counters import limits, queries
from haicap.systems.onestop.counters.errors import (
    BadTime,
    CounterBusy,
    CounterClosed,
    CounterNotAllowed,
    CounterNotFound,
    CounterTaken,
    NumbersUsedUp,
    TicketMoved,
    TimeFull,
)
from haicap.systems.onestop.models import Booking, Counter, Ticket, TicketState

#: numbers a desk gives out in a day
MOST_TICKETS = 9_999
#: booked times begin every so many minutes, and so many people may book one
SLOT_MINUTES = 15
SEATS_PER_SLOT = 2
#: how many days ahead a time can be booked
DAYS_AHEAD = 30
#: a booked person comes first from so long before until so long after the time
EARLY = timedelta(minutes=15)
LATE = timedelta(minutes=20)
FIRST, BOOKED, ORDINARY = 0, 1, 2
#: no letters or digits that are read wrongly
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def set_up_counter(
    actor: Actor,
    desk_id: uuid.UUID,
    number: int,
    *,
    name: str = "",
    place_name: str = "",
    fields: tuple[str, ...] = (),
) -> Counter:
    """Lập quầy: add a counter to a desk that the actor's agency holds. Raises CounterNotAllowed, CounterTaken."""
    _check_runs(actor, desk_id, policy.COUNTERS)
    with journal.act(actor, "onestop.set_up_counter") as act:
        try:
            with transaction.atomic():
                counter = Counter.objects.create(
                    desk_id=desk_id,
                    number=number,
                    name=clean(name)[:100],
                    place_name=clean(place_name)[:200],
                    fields=list(fields)[:50],
                )
        except IntegrityError as error:
            raise _taken(_("Đã có quầy số %(number)d.") % {"number": number}) from error
        act.changed("onestop.counter", counter.id, None, {"number": number, "desk": str(desk_id)})
    return counter


def retire_counter(actor: Actor, counter_id: uuid.UUID) -> Counter:
    """Bỏ quầy: an empty counter is no longer used; its history stays. Raises CounterBusy."""
    with journal.act(actor, "onestop.retire_counter") as act:
        counter = _locked_counter(actor, counter_id, policy.COUNTERS)
        _check_empty(counter)
        counter.retired_at, counter.opened_at, counter.staffed_by_id = clock.now(), None, None
        counter.save(update_fields=["retired_at", "opened_at", "staffed_by"])
        act.changed("onestop.counter", counter.id, {"retired": False}, {"retired": True})
    return counter


def open_counter(actor: Actor, counter_id: uuid.UUID) -> Counter:
    """Mở quầy: the actor sits down. Raises CounterTaken where somebody sits there, or the actor elsewhere."""
    with journal.act(actor, "onestop.open_counter") as act:
        counter = _locked_counter(actor, counter_id, policy.RECEIVE)
        if counter.opened_at is not None and counter.staffed_by_id != actor.person_id:
            raise _taken(_("Quầy %(number)d đang có người ngồi.") % {"number": counter.number})
        counter.opened_at, counter.staffed_by_id = counter.opened_at or clock.now(), actor.person_id
        try:
            with transaction.atomic():
                counter.save(update_fields=["opened_at", "staffed_by"])
        except IntegrityError as error:
            raise _taken(_("Bạn đang ngồi ở một quầy khác.")) from error
        act.changed("onestop.counter", counter.id, {"open": False}, {"open": True})
    return counter


def close_counter(actor: Actor, counter_id: uuid.UUID) -> Counter:
    """Đóng quầy: the actor stands up, when nobody is at the counter. Raises CounterBusy."""
    with journal.act(actor, "onestop.close_counter") as act:
        counter = _locked_counter(actor, counter_id, policy.RECEIVE)
        _check_empty(counter)
        counter.opened_at, counter.staffed_by_id = None, None
        counter.save(update_fields=["opened_at", "staffed_by"])
        act.changed("onestop.counter", counter.id, {"open": True}, {"open": False})
    return counter


@transaction.atomic
def draw_ticket(
    desk_id: uuid.UUID, field: str = "", *, first: bool = False, booking_code: str = ""
) -> Ticket:
    """Lấy số: the next number of today at this desk, without a gap however many draw at once.

    `first`: whom the law lets go first. `booking_code`: a booked time; it counts from 15 minutes before to 20
    minutes after, before and after that as any other number. A booking draws once: again it gives the same.
    Raises CounterNotFound (no such booking here), NumbersUsedUp.
    """
    now = clock.now()
    booking = _booking_of(desk_id, booking_code) if booking_code else None
    if booking is not None:
        drawn = Ticket.objects.filter(booking=booking).first()
        if drawn is not None:
            return drawn
    in_time = booking is not None and booking.begins_at - EARLY <= now <= booking.begins_at + LATE
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO onestop_ticketnumber AS number (desk_id, day, last) VALUES (%s, %s, 1)
            ON CONFLICT (desk_id, day) DO UPDATE SET last = number.last + 1 WHERE number.last < %s
            RETURNING last
            """,
            [desk_id, now.astimezone(clock.ZONE).date(), MOST_TICKETS],
        )
        row = cursor.fetchone()
    if row is None:
        raise NumbersUsedUp(
            _("Hôm nay đã phát hết số."),
            kept=_("Chưa có số nào được lấy."),
            todo=_("Hãy đặt lịch hẹn cho ngày mai."),
        )
    return Ticket.objects.create(
        desk_id=desk_id,
        day=now.astimezone(clock.ZONE).date(),
        number=row[0],
        field=booking.field if booking is not None else clean(field)[:40],
        rank=FIRST if first else BOOKED if in_time else ORDINARY,
        issued_at=now,
        booking=booking,
    )


@transaction.atomic
def call_next(actor: Actor, counter_id: uuid.UUID) -> Ticket | None:
    """Gọi số tiếp theo: the first who waits for what this counter serves; None where nobody does.

    Two counters that call at once get two people. Raises CounterClosed, CounterBusy.
    """
    counter = _locked_counter(actor, counter_id, policy.RECEIVE)
    if counter.opened_at is None or counter.staffed_by_id != actor.person_id:
        raise CounterClosed(
            _("Quầy %(number)d chưa mở, hoặc người khác đang ngồi.") % {"number": counter.number},
            todo=_("Hãy mở quầy trước khi gọi."),
        )
    _check_empty(counter)
    ticket = queries.waiting_for(counter).select_for_update(skip_locked=True).first()
    if ticket is None:
        return None
    ticket.state, ticket.counter, ticket.called_at, ticket.calls = TicketState.CALLED, counter, clock.now(), 1
    ticket.save(update_fields=["state", "counter", "called_at", "calls"])
    return ticket


def call_again(actor: Actor, ticket_id: uuid.UUID) -> Ticket:
    """Gọi lại: the board shows and says the number once more."""
    return _move(actor, ticket_id, (TicketState.CALLED,), TicketState.CALLED)


def serve(actor: Actor, ticket_id: uuid.UUID) -> Ticket:
    """Bắt đầu phục vụ: the person who was called has come."""
    return _move(actor, ticket_id, (TicketState.CALLED,), TicketState.SERVING)


def finish(actor: Actor, ticket_id: uuid.UUID) -> Ticket:
    """Xong: the counter is free for the next."""
    return _move(actor, ticket_id, (TicketState.SERVING, TicketState.CALLED), TicketState.DONE)


def miss(actor: Actor, ticket_id: uuid.UUID) -> Ticket:
    """Không có mặt: nobody came when the number was called."""
    return _move(actor, ticket_id, (TicketState.CALLED,), TicketState.MISSED)


def put_back(actor: Actor, ticket_id: uuid.UUID) -> Ticket:
    """Cho chờ lại: who was missed and came after all, or was called by mistake, waits again with the same number."""
    return _move(
        actor, ticket_id, (TicketState.MISSED, TicketState.CALLED, TicketState.SERVING), TicketState.WAITING
    )


def book(
    desk_id: uuid.UUID,
    begins_at: datetime,
    name: str,
    *,
    phone: str = "",
    field: str = "",
    procedure_code: str = "",
    network: str = "",
    actor: Actor,
) -> Booking:
    """Đặt lịch hẹn: a seat at this time; two people never get the same. Raises BadTime, TimeFull, TooMany.

    `network` is where a citizen's request comes from (`sign_in.address.place_of`): it may book so many in a row.
    """
    holder = holders_at([desk_id], begins_at).get(desk_id)
    _check_time(begins_at, holder)
    if not clean(name):
        raise BadTime(_("Hãy cho biết họ tên người đến."), where="name", kept=_("Chưa đặt lịch nào."))
    limits.check_booking(network, phone)
    with journal.act(actor, "onestop.book_time") as act:
        for _attempt in range(3):
            try:
                with transaction.atomic():
                    booking = _take_seat(desk_id, begins_at, name, phone, field, procedure_code)
            except IntegrityError:
                continue  # somebody took that seat, or bears that code: look again
            break
        else:
            booking = None
        if booking is None:
            raise TimeFull(
                _("Giờ này vừa có người đặt hết."),
                where="begins_at",
                kept=_("Chưa đặt lịch nào."),
                todo=_("Hãy chọn giờ khác."),
            )
        act.changed("onestop.booking", booking.id, None, {"begins_at": begins_at.isoformat()})
    return booking


def cancel_booking(actor: Actor, code: str) -> Booking:
    """Hủy lịch hẹn, by whoever knows its code; the seat is free again. Cancelling twice changes nothing."""
    with journal.act(actor, "onestop.cancel_booking") as act:
        booking = Booking.objects.select_for_update().filter(code=clean(code).upper()).first()
        if booking is None:
            raise _not_found(_("Không có lịch hẹn với mã này."))
        if booking.cancelled_at is None:
            booking.cancelled_at = clock.now()
            booking.save(update_fields=["cancelled_at"])
            act.changed("onestop.booking", booking.id, {"cancelled": False}, {"cancelled": True})
    return booking


def close_left_over() -> tuple[int, int]:
    """Chốt cuối ngày: numbers of days before today end, counters left open are closed; (numbers, counters).

    What nobody pressed is not made up: who still waited was not called («đã hủy»), who was called and not served did
    not come, who was being served was served; without a time of ending, so that no median counts them. Repeating it
    changes nothing.
    """
    today = clock.today()
    begins = datetime.combine(today, time.min, tzinfo=clock.ZONE)
    left = Ticket.objects.filter(day__lt=today)
    with transaction.atomic():
        ended = (
            left.filter(state=TicketState.WAITING).update(state=TicketState.CANCELLED)
            + left.filter(state=TicketState.CALLED).update(state=TicketState.MISSED)
            + left.filter(state=TicketState.SERVING).update(state=TicketState.DONE)
        )
        opened = Counter.objects.select_for_update().filter(opened_at__lt=begins)
        forgotten = list(opened.values_list("id", flat=True))
        if forgotten:
            with journal.act(SYSTEM, "onestop.close_day") as act:
                Counter.objects.filter(id__in=forgotten).update(opened_at=None, staffed_by=None)
                for counter_id in forgotten:
                    act.changed("onestop.counter", counter_id, {"open": True}, {"open": False})
    return ended, len(forgotten)


def _take_seat(
    desk_id: uuid.UUID, begins_at: datetime, name: str, phone: str, field: str, procedure_code: str
) -> Booking | None:
    taken = set(
        Booking.objects.filter(desk_id=desk_id, begins_at=begins_at, cancelled_at__isnull=True).values_list(
            "seat", flat=True
        )
    )
    free = next((seat for seat in range(1, SEATS_PER_SLOT + 1) if seat not in taken), None)
    if free is None:
        return None
    return Booking.objects.create(
        desk_id=desk_id,
        begins_at=begins_at,
        seat=free,
        field=clean(field)[:40],
        procedure_code=clean(procedure_code)[:20],
        name=clean(name)[:200],
        phone=clean(phone)[:20],
        code="".join(secrets.choice(_ALPHABET) for _position in range(8)),
        made_at=clock.now(),
    )


def _check_time(begins_at: datetime, agency_id: uuid.UUID | None) -> None:
    now = clock.now()
    local = begins_at.astimezone(clock.ZONE)
    if agency_id is None or not now < begins_at <= now + timedelta(days=DAYS_AHEAD):
        problem = _("Chỉ đặt được giờ trong %(days)d ngày tới.") % {"days": DAYS_AHEAD}
    elif local.minute % SLOT_MINUTES or local.second or local.microsecond:
        problem = _("Giờ hẹn phải bắt đầu ở mỗi %(minutes)d phút.") % {"minutes": SLOT_MINUTES}
    elif not calendars.calendar(agency_id).is_working(begins_at):
        problem = _("Giờ ấy cơ quan không làm việc.")
    else:
        return
    raise BadTime(
        problem,
        where="begins_at",
        kept=_("Chưa đặt lịch nào."),
        todo=_("Hãy chọn một giờ trong danh sách giờ còn trống."),
    )


@transaction.atomic
def _move(actor: Actor, ticket_id: uuid.UUID, before: tuple[TicketState, ...], to: TicketState) -> Ticket:
    ticket = Ticket.objects.select_for_update(of=("self",)).filter(pk=ticket_id).first()
    if ticket is None:
        raise _not_found(_("Không có số thứ tự này."))
    _check_runs(actor, ticket.desk_id, policy.RECEIVE)
    if ticket.state not in before:
        raise TicketMoved(
            _("Số %(number)d nay là «%(state)s».")
            % {"number": ticket.number, "state": TicketState(ticket.state).label},
            kept=_("Không có gì thay đổi."),
            todo=_("Hãy xem lại màn hình quầy."),
        )
    now = clock.now()
    if to is TicketState.CALLED:
        ticket.called_at, ticket.calls = now, min(ticket.calls + 1, 99)
    elif to is TicketState.SERVING:
        ticket.served_at = now
    elif to is TicketState.WAITING:
        ticket.counter = ticket.called_at = ticket.served_at = ticket.ended_at = None
    else:
        ticket.ended_at = now
    ticket.state = to
    ticket.save()
    return ticket


def _booking_of(desk_id: uuid.UUID, code: str) -> Booking:
    found = (
        Booking.objects.select_for_update()
        .filter(desk_id=desk_id, code=clean(code).upper(), cancelled_at__isnull=True)
        .first()
    )
    if found is None or found.begins_at.astimezone(clock.ZONE).date() != clock.today():
        raise _not_found(_("Không có lịch hẹn hôm nay với mã này."))
    return found


def _locked_counter(actor: Actor, counter_id: uuid.UUID, permission: str) -> Counter:
    counter = Counter.objects.select_for_update().filter(pk=counter_id, retired_at__isnull=True).first()
    if counter is None:
        raise _not_found(_("Không có quầy này."))
    _check_runs(actor, counter.desk_id, permission)
    return counter


def _check_runs(actor: Actor, desk_id: uuid.UUID, permission: str) -> None:
    if actor.is_system:
        return
    if actor.may(permission) and holders_at([desk_id], clock.now()).get(desk_id) in actor.agency_ids:
        return
    raise CounterNotAllowed(
        _("Bạn không được giao việc này ở quầy của cơ quan này."),
        kept=_("Không có gì thay đổi."),
        todo=_("Hãy nhờ người phụ trách trung tâm giao quyền."),
    )


def _check_empty(counter: Counter) -> None:
    at_counter = Ticket.objects.filter(
        counter=counter, state__in=[TicketState.CALLED, TicketState.SERVING]
    ).first()
    if at_counter is not None:
        raise CounterBusy(
            _("Số %(number)d còn ở quầy %(counter)d.")
            % {"number": at_counter.number, "counter": counter.number},
            kept=_("Không có gì thay đổi."),
            todo=_("Hãy bấm «Xong» hoặc «Không có mặt» trước."),
        )


def check_sets_up(actor: Actor, desk_id: uuid.UUID) -> None:
    """Raises CounterNotAllowed unless the actor sets up counters at this desk."""
    _check_runs(actor, desk_id, policy.COUNTERS)


def _taken(message: str) -> CounterTaken:
    return CounterTaken(
        message, kept=_("Không có gì thay đổi."), todo=_("Hãy chọn quầy khác, hoặc đóng quầy kia trước.")
    )


def _not_found(message: str) -> CounterNotFound:
    return CounterNotFound(message, todo=_("Hãy kiểm tra lại rồi thử lần nữa."))
