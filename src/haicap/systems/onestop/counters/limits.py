"""Giới hạn: how many numbers and booked times one network and one telephone number may take."""

from __future__ import annotations

from django.db.models import F, Func, Value
from django.utils.translation import gettext as _

from haicap.access.sign_in import throttle
from haicap.kernel import clock
from haicap.systems.onestop.counters.errors import TooMany
from haicap.systems.onestop.models import Booking

#: numbers and bookings of one network in a row (an hour of quiet begins anew), then it waits longer each time
FREE_DRAWS, FREE_BOOKINGS = 20, 10
#: times that one telephone number may have booked and not used
PER_PHONE = 3


def check_draw(network: str) -> None:
    """Raises TooMany (ONE-710) where a network draws many numbers."""
    if not throttle.take([throttle.counter("onestop.ticket", network, free=FREE_DRAWS)]):
        raise TooMany(
            _("Mạng này vừa lấy nhiều số."),
            kept=_("Chưa có thêm số nào được lấy."),
            todo=_("Hãy chờ một lát rồi thử lại, hoặc lấy số tại máy ở nơi tiếp nhận."),
        )


def check_booking(network: str, phone: str) -> None:
    """Raises TooMany (ONE-710) where a telephone number holds many times already, or a network books many.

    A number counts by its digits, however it is written. `network` is empty for an official who books for somebody.
    """
    digits = "".join(letter for letter in phone if letter.isdigit())
    if digits:
        bare = Func(F("phone"), Value(r"\D"), Value(""), Value("g"), function="regexp_replace")
        ahead = Booking.objects.filter(cancelled_at__isnull=True, begins_at__gt=clock.now())
        held = ahead.annotate(bare=bare).filter(bare=digits).count()
        if held >= PER_PHONE:
            raise TooMany(
                _("Số điện thoại này đã có %(count)d lịch hẹn chưa đến giờ.") % {"count": held},
                kept=_("Các lịch hẹn ấy giữ nguyên; chưa đặt thêm lịch nào."),
                todo=_("Hãy dùng một lịch hẹn đã có, hoặc hủy bớt."),
            )
    if network and not throttle.take([throttle.counter("onestop.booking", network, free=FREE_BOOKINGS)]):
        raise TooMany(
            _("Mạng này vừa đặt nhiều lịch hẹn."),
            kept=_("Chưa đặt thêm lịch nào."),
            todo=_("Hãy chờ một lát rồi thử lại."),
        )
