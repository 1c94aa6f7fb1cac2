"""Quy tắc thời hạn: time limits as the law writes them, each with its own way to count."""

from __future__ import annotations

import calendar as months
import datetime as dt
from enum import StrEnum

from django.utils.translation import gettext as _

from haicap.kernel.calendar.errors import BadAmount, BadUnit
from haicap.kernel.calendar.working import WorkingCalendar
from haicap.kernel.clock import ZONE

#: a time limit longer than this is a slip of the pen
_MOST = {
    "working_hours": 80_000,
    "working_days": 10_000,
    "calendar_days": 15_000,
    "months": 480,
    "same_day": 0,
}


class TimeUnit(StrEnum):
    """Đơn vị của thời hạn: in what a time limit is counted."""

    WORKING_HOURS = "working_hours"
    WORKING_DAYS = "working_days"
    CALENDAR_DAYS = "calendar_days"
    MONTHS = "months"
    SAME_DAY = "same_day"

    @classmethod
    def parse(cls, text: str) -> TimeUnit:
        """A unit by its name; `hours` and `days` are working ones. BadUnit (KRN-103) for anything else."""
        name = text.strip().lower().replace("-", "_").replace(" ", "_")
        try:
            return cls(_SHORT.get(name, name))
        except ValueError:
            raise BadUnit(
                _("Không có đơn vị thời gian «%(unit)s»") % {"unit": text},
                todo=_("Dùng một trong: %(units)s.") % {"units": ", ".join([*cls, *_SHORT])},
            ) from None


_SHORT = {
    "hour": "working_hours",
    "hours": "working_hours",
    "working_hour": "working_hours",
    "day": "working_days",
    "days": "working_days",
    "working_day": "working_days",
    "calendar_day": "calendar_days",
    "month": "months",
}


def due(calendar: WorkingCalendar, start: dt.datetime, amount: int, unit: TimeUnit) -> dt.datetime:
    """Hạn: when a time limit that begins at `start` is over.

    - working hours and working days (8 hours): `start` outside working time counts from the next opening;
      whole days keep the time of day (field practice);
    - calendar days and months: the day counts from the day after `start`, the last day of a shorter month
      where the month has no such day, the next working day where the last one is none (Civil Code, art. 147
      and 148), until that day's closing;
    - same day: until the closing of the day, of the next working day when received after 15:00 (the
      calendar's `same_day_until`) or after the closing or on a day off.

    BadAmount (KRN-102) for negative and absurd amounts, OutsideCalendar (KRN-104) where the calendar ends.
    """
    if isinstance(amount, bool) or not isinstance(amount, int) or not 0 <= amount <= _MOST[unit]:
        raise BadAmount(
            _("Thời hạn %(amount)s không hợp lệ") % {"amount": amount},
            kept=_("Không có gì thay đổi."),
            todo=_("Nhập một số nguyên từ 0 đến %(most)s.") % {"most": _MOST[unit]},
            details={"amount": str(amount), "unit": str(unit)},
        )
    if unit is TimeUnit.WORKING_HOURS:
        return calendar.add_hours(start, amount)
    if unit is TimeUnit.WORKING_DAYS:
        return calendar.add_days(start, amount)
    calendar.is_working(start)  # refuses an instant without a zone or outside the calendar
    local = start.astimezone(ZONE)
    if unit is TimeUnit.CALENDAR_DAYS:
        return calendar.closing(local.date() + dt.timedelta(days=amount))
    if unit is TimeUnit.MONTHS:
        return calendar.closing(months_later(local.date(), amount))
    return same_day_due(calendar, start)


def same_day_due(calendar: WorkingCalendar, start: dt.datetime) -> dt.datetime:
    """Trong ngày: the closing of the day of receipt, or of the next working day when that came too late."""
    local = start.astimezone(ZONE)
    day = local.date()
    if calendar.is_working_day(day):
        closing = calendar.closing(day)
        if local < closing and local.time() <= calendar.day(day).same_day_until:
            return closing
    return calendar.closing(calendar.next_working_day(day))


def months_later(day: dt.date, count: int) -> dt.date:
    """The same day so many months later; the last day of a month that is too short (31/1 → 28/2)."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    last = months.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(day.day, last))
