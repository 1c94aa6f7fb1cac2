"""Errors of the calendar: KRN-101 to KRN-107."""

from __future__ import annotations

from haicap.kernel.errors import BadInput, NotAllowed


class NaiveInstant(BadInput):
    """An instant without a zone (thời điểm không có múi giờ)."""

    code = "KRN-101"


class BadAmount(BadInput):
    """An amount of time that cannot be used (lượng thời gian không hợp lệ)."""

    code = "KRN-102"


class BadUnit(BadInput):
    """No such unit of time (không có đơn vị thời gian này)."""

    code = "KRN-103"


class OutsideCalendar(BadInput):
    """The instant, or the answer, lies outside the days that the calendar knows (ngoài phạm vi lịch)."""

    code = "KRN-104"


class BadWorkingHours(BadInput):
    """Working hours that cannot be (giờ làm việc không hợp lệ)."""

    code = "KRN-105"


class BadCalendarDay(BadInput):
    """A day off or a working day that cannot be entered (ngày nghỉ, ngày làm bù không hợp lệ)."""

    code = "KRN-106"


class CalendarNotAllowed(NotAllowed):
    """The actor may not change the calendar (không có quyền sửa lịch)."""

    code = "KRN-107"
