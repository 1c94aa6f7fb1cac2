"""Thời gian còn lại bằng lời: how much time is left, as people say it."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from haicap.kernel.calendar.working import DAY_S, HOUR_S, WorkingCalendar


def remaining_text(calendar: WorkingCalendar, moment: dt.datetime, due_at: dt.datetime) -> str:
    """How much time is left until `due_at`, in whole units rounded down.

    «còn 2 ngày làm việc», «còn 3 giờ làm việc», «đến hạn», «quá hạn 1 ngày làm việc». From the instant after
    `due_at` on it is overdue, also while no working time has passed since.
    """
    seconds = calendar.seconds_between(moment, due_at)
    if moment > due_at:
        return _("quá hạn %(amount)s") % {"amount": amount_text(-seconds)}
    if seconds < 60:
        return _("đến hạn")
    return _("còn %(amount)s") % {"amount": amount_text(seconds)}


def amount_text(seconds: int) -> str:
    """Working time as its largest whole unit: days of 8 hours, hours, else minutes."""
    days, hours, minutes = seconds // DAY_S, seconds // HOUR_S, seconds // 60
    if days:
        return ngettext("%(count)d ngày làm việc", "%(count)d ngày làm việc", days) % {"count": days}
    if hours:
        return ngettext("%(count)d giờ làm việc", "%(count)d giờ làm việc", hours) % {"count": hours}
    if minutes:
        return ngettext("%(count)d phút làm việc", "%(count)d phút làm việc", minutes) % {"count": minutes}
    return _("dưới 1 phút làm việc")
