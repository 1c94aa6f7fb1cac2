"""Máy lấy số: who may draw how often, at which hours, for which fields.

A machine in the centre that an official has set up bears a signed cookie and draws as often as people press. From
elsewhere (a telephone, a PC at home) numbers are drawn, too, but a network that draws many waits longer each time.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.core import signing
from django.utils.translation import gettext as _

from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.calendar import service as calendars
from haicap.systems.onestop import catalogue
from haicap.systems.onestop.counters import limits, service
from haicap.systems.onestop.counters.errors import DeskClosed
from haicap.systems.onestop.models import Counter, Ticket

#: numbers are given out from so long before work begins
BEFORE_WORK = timedelta(minutes=45)
#: a wait of so many minutes is worth a look at other places
LONG_WAIT = 30
COOKIE = "haicap_kiosk"
COOKIE_AGE_S = 365 * 24 * 3600
_SALT = "haicap.onestop.kiosk"


def fields_offered(desk_id: uuid.UUID) -> list[tuple[str, str]]:
    """(code, name) of the fields that one may choose at a desk; none where every counter serves everything.

    «Việc khác» is the empty field: any counter calls it.
    """
    rows = Counter.objects.filter(desk_id=desk_id, retired_at__isnull=True).values_list("fields", flat=True)
    codes = sorted({code for fields in rows for code in fields}, key=catalogue.field_name)
    return (
        [*((code, catalogue.field_name(code) or code) for code in codes), ("", _("Việc khác"))]
        if codes
        else []
    )


def is_open(agency_id: uuid.UUID) -> bool:
    """Whether numbers are given out now: in working hours and a little before them."""
    calendar, now = calendars.calendar(agency_id), clock.now()
    return calendar.is_working(now) or calendar.is_working(now + BEFORE_WORK)


def draw(
    desk_id: uuid.UUID,
    agency_id: uuid.UUID,
    field: str = "",
    *,
    first: bool = False,
    booking_code: str = "",
    network: str = "",
) -> Ticket:
    """Lấy số at the machine (`network` empty) or from elsewhere. Raises DeskClosed, TooMany and what drawing does."""
    if not is_open(agency_id):
        raise DeskClosed(
            _("Ngoài giờ làm việc, chưa phát số."),
            kept=_("Chưa có số nào được lấy."),
            todo=_("Hãy quay lại trong giờ làm việc, hoặc đặt lịch hẹn."),
        )
    if network:
        limits.check_draw(network)
    offered = {code for code, _name in fields_offered(desk_id)}
    return service.draw_ticket(
        desk_id, field if field in offered else "", first=first, booking_code=booking_code
    )


def set_up(actor: Actor, desk_id: uuid.UUID) -> str:
    """Đặt máy này làm máy lấy số: what its cookie says. Raises CounterNotAllowed."""
    service.check_sets_up(actor, desk_id)
    with journal.act(actor, "onestop.set_up_kiosk") as act:
        act.changed("onestop.kiosk", desk_id, None, {"desk": str(desk_id)})
    return signing.dumps(str(desk_id), salt=_SALT)


def is_kiosk(cookie: str, desk_id: uuid.UUID) -> bool:
    """Whether a cookie is that of a machine of this desk."""
    try:
        return bool(signing.loads(cookie, salt=_SALT, max_age=COOKIE_AGE_S) == str(desk_id))
    except signing.BadSignature:
        return False
