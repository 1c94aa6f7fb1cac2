"""Where people come: counters, the numbers they draw, and the times they book.

A counter and a booking belong to a desk, not to an agency: whoever holds the desk runs them. After a merger the
successor has the counters of all former offices, and a time booked before is kept there; nothing is re-keyed.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from haicap.registry.models.base import Identified


class Counter(Identified):
    """Quầy tiếp nhận: `fields` are the fields (lĩnh vực) it serves, all of them where empty.

    `place_name` tells apart the counters of several sites. Open while `opened_at` is set; `staffed_by` sits there.
    """

    desk = models.ForeignKey("registry.Desk", on_delete=models.PROTECT, related_name="+")
    number = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=100, blank=True)
    place_name = models.CharField(max_length=200, blank=True, help_text="điểm tiếp nhận")
    fields = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    staffed_by = models.ForeignKey(
        "registry.Person", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["desk", "number"], name="onestop_counter_once", condition=Q(retired_at__isnull=True)
            ),
            models.UniqueConstraint(
                fields=["staffed_by"],
                name="onestop_counter_one_seat",
                condition=Q(staffed_by__isnull=False, opened_at__isnull=False),
            ),
            models.CheckConstraint(
                name="onestop_counter_open_is_staffed",
                condition=Q(opened_at__isnull=True) | Q(staffed_by__isnull=False),
            ),
        ]


class TicketState(models.TextChoices):
    """Trạng thái của số thứ tự."""

    WAITING = "waiting", _("đang chờ")
    CALLED = "called", _("đang gọi")
    SERVING = "serving", _("đang phục vụ")
    DONE = "done", _("đã xong")
    MISSED = "missed", _("gọi không có mặt")
    CANCELLED = "cancelled", _("đã hủy")


class TicketNumber(models.Model):
    """Số thứ tự cuối cùng của một ngày: held by the transaction that draws the next, so that none is left out."""

    id = models.BigAutoField(primary_key=True)
    desk = models.ForeignKey("registry.Desk", on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    last = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["desk", "day"], name="onestop_ticketnumber_once")]


class Ticket(Identified):
    """Số thứ tự: a place in today's queue of a desk. Nothing personal: a number, a field, whether to go first.

    `rank` orders the queue: 0 for those the law lets go first (người cao tuổi, khuyết tật, có thai, con nhỏ),
    1 for a booked time that has come, 2 for the rest.
    """

    desk = models.ForeignKey("registry.Desk", on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    number = models.PositiveSmallIntegerField()
    field = models.CharField(max_length=40, blank=True)
    rank = models.PositiveSmallIntegerField(default=2)
    state = models.CharField(max_length=10, choices=TicketState.choices, default=TicketState.WAITING)
    issued_at = models.DateTimeField()
    counter = models.ForeignKey(
        Counter, null=True, blank=True, on_delete=models.PROTECT, related_name="tickets", db_index=False
    )
    called_at = models.DateTimeField(null=True, blank=True)
    calls = models.PositiveSmallIntegerField(default=0)
    served_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    booking = models.OneToOneField(
        "onestop.Booking", null=True, blank=True, on_delete=models.PROTECT, related_name="ticket"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["desk", "day", "number"], name="onestop_ticket_once"),
            # one person at a counter at a time
            models.UniqueConstraint(
                fields=["counter"],
                name="onestop_ticket_one_at_counter",
                condition=Q(state__in=["called", "serving"]),
            ),
            models.CheckConstraint(
                name="onestop_ticket_called_somewhere",
                condition=Q(state__in=["waiting", "cancelled"]) | Q(counter__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["desk", "day", "rank", "number"],
                name="onestop_ticket_queue",
                condition=Q(state="waiting"),
            )
        ]


class Booking(Identified):
    """Lịch hẹn đến làm thủ tục: a time at a desk; `seat` counts the places of one time, so none is given twice."""

    desk = models.ForeignKey("registry.Desk", on_delete=models.PROTECT, related_name="+", db_index=False)
    begins_at = models.DateTimeField()
    seat = models.PositiveSmallIntegerField()
    field = models.CharField(max_length=40, blank=True)
    procedure_code = models.CharField(max_length=20, blank=True)
    name = models.CharField(max_length=200)
    phone = models.CharField(max_length=20, blank=True)
    code = models.CharField(max_length=12, unique=True, help_text="mã hẹn")
    made_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["desk", "begins_at", "seat"],
                name="onestop_booking_seat_once",
                condition=Q(cancelled_at__isnull=True),
            )
        ]
