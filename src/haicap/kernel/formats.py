"""Cách viết: numbers, dates and the official date line as Vietnamese readers expect them (standards §1)."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from django.utils.translation import gettext as _

from haicap.kernel.calendar.errors import NaiveInstant
from haicap.kernel.clock import ZONE


def date_line(place: str, day: dt.date) -> str:
    """The date line of an official document: «Đà Nẵng, ngày 05 tháng 3 năm 2026» (NĐ 30/2020, appendix I).

    Days below 10 and the months 1 and 2 have a leading zero, nothing else has. Never translated.
    """
    month = f"{day.month:02d}" if day.month <= 2 else str(day.month)
    return f"{place}, ngày {day.day:02d} tháng {month} năm {day.year}"


def date(day: dt.date) -> str:
    """A day as dd/MM/yyyy; of an instant its day in Vietnam."""
    if isinstance(day, dt.datetime):
        day = _local(day).date()
    return f"{day.day:02d}/{day.month:02d}/{day.year:04d}"


def date_time(instant: dt.datetime, *, seconds: bool = False) -> str:
    """An instant as dd/MM/yyyy HH:mm in Vietnamese time. NaiveInstant (KRN-101) where it has no zone."""
    local = _local(instant)
    return f"{date(local)} {local:%H:%M:%S}" if seconds else f"{date(local)} {local:%H:%M}"


def time_then_date(instant: dt.datetime) -> str:
    """An instant as receipts say it: «15 giờ 30, ngày 05/03/2026»."""
    local = _local(instant)
    return _("%(hour)s giờ %(minute)s, ngày %(date)s") % {
        "hour": f"{local.hour:02d}",
        "minute": f"{local.minute:02d}",
        "date": date(local),
    }


def integer(number: int) -> str:
    """A whole number with dots between thousands: 1.234.567."""
    return f"{number:,}".replace(",", ".")


def decimal(number: Decimal | Fraction | int | float, places: int = 2) -> str:
    """A number with a comma before its decimals and dots between thousands: 1.234,50; halves go up."""
    exact = (
        Decimal(number.numerator) / Decimal(number.denominator) if isinstance(number, Fraction) else number
    )
    rounded = Decimal(str(exact)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    if not rounded:
        rounded = abs(rounded)  # no «-0,00»
    return f"{rounded:,f}".translate(_SIGNS)


def percent(part: int | Fraction, whole: int | Fraction, places: int = 1) -> str:
    """A share in per cent: «12,5 %»; «—» where there is nothing to have a share of."""
    return f"{decimal(Fraction(part) * 100 / Fraction(whole), places)} %" if whole else "—"


def money(dong: int) -> str:
    """An amount in đồng: «20.000 đồng»."""
    return _("%(amount)s đồng") % {"amount": integer(dong)}


_SIGNS = str.maketrans(",.", ".,")


def _local(instant: dt.datetime) -> dt.datetime:
    if instant.tzinfo is None:
        raise NaiveInstant(_("Thời điểm %(instant)s không có múi giờ") % {"instant": instant.isoformat(" ")})
    return instant.astimezone(ZONE)
