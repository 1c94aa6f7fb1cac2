"""Lịch làm việc: the calendar as one immutable value that computes with working time, exactly.

**How working time is counted.** A day has up to two halves (buổi). Each half has its clock times and what it
*counts*: by default 4 hours, two halves being 8 hours = 1 working day, however long the clock runs (standards
§1: 07:30-11:30 and 13:30-17:00 count 8 hours). Inside a half, time counts in proportion: in an afternoon of
3.5 hours by the clock that counts 4, one working hour is 52 minutes and 30 seconds. So one working day later
is the same time of the next working day, and hours and days can be added in any order.

**Exactness.** A position on the time line of work is an integer number of *ticks*, fine enough that every
whole second of the clock and every whole second of working time is a whole tick in every half of the
calendar. No floats, no rounding that adds up: for every instant `a` on a whole second and amounts m, n ≥ 0

    subtract(add(a, n), n) == normalise(a)          add(add(a, m), n) == add(a, m + n)    for n > 0
    seconds_between(a, add(a, n)) == n              a <= b  →  add(a, n) <= add(b, n)

across weekends, Tết, swapped days, half days and changes of the hours. (Instants between seconds are first
taken down to their tick; the same then holds.)

**Two names of one moment.** The end of an afternoon and the opening of the next morning are one moment of
work. What comes out of adding is a deadline and is named by the end («17:00 thứ Sáu»); what comes out of
`normalise`, of adding nothing and of subtracting is a start and is named by the opening.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from math import gcd, lcm

from django.utils.translation import gettext as _

from haicap.kernel.calendar.errors import BadAmount, BadWorkingHours, NaiveInstant, OutsideCalendar
from haicap.kernel.clock import ZONE

HOUR_S = 3600
HOURS_A_DAY = 8
DAY_S = HOURS_A_DAY * HOUR_S
HALF_S = DAY_S // 2
SAME_DAY_UNTIL = dt.time(15, 0)

_US = 1_000_000
_FIRST_DAY = dt.date(1990, 1, 1)  # from here on the zone has been +07 without a change
_LAST_DAY = dt.date(2199, 12, 31)
_ORIGIN = dt.datetime(1990, 1, 1, tzinfo=ZONE)
_ORIGIN_DAY = _FIRST_DAY.toordinal()
_DAY_US = 86400 * _US
#: ticks must stay far coarser than the microseconds in which instants are written
_MOST_TICKS_A_SECOND = 100_000

Hours = int | Fraction


@dataclass(frozen=True, slots=True)
class Half:
    """Buổi: the clock times of a morning or an afternoon, and the seconds that it counts as working time."""

    opens: dt.time
    closes: dt.time
    counts_s: int = HALF_S

    def __post_init__(self) -> None:
        if not self.opens < self.closes or self.counts_s <= 0:
            raise BadWorkingHours(
                _("Buổi làm việc %(opens)s-%(closes)s không hợp lệ")
                % {"opens": self.opens.strftime("%H:%M"), "closes": self.closes.strftime("%H:%M")},
                kept=_("Lịch cũ vẫn giữ nguyên."),
                todo=_("Giờ mở cửa phải trước giờ đóng cửa, và buổi làm việc phải tính hơn 0 giờ."),
            )
        if self.opens.microsecond or self.closes.microsecond:
            raise BadWorkingHours(_("Giờ làm việc phải tròn giây"))

    @property
    def clock_s(self) -> int:
        """How long the half lasts by the clock, in seconds."""
        return _seconds(self.closes) - _seconds(self.opens)


@dataclass(frozen=True, slots=True)
class Day:
    """Ngày trong lịch: what one day is; without halves a day off. `name` says why it differs."""

    halves: tuple[Half, ...] = ()
    name: str = ""
    same_day_until: dt.time = SAME_DAY_UNTIL

    def __post_init__(self) -> None:
        for earlier, later in zip(self.halves, self.halves[1:], strict=False):
            if later.opens < earlier.closes:
                raise BadWorkingHours(
                    _("Buổi sau mở cửa lúc %(opens)s, khi buổi trước chưa đóng cửa (%(closes)s)")
                    % {"opens": later.opens.strftime("%H:%M"), "closes": earlier.closes.strftime("%H:%M")},
                    kept=_("Lịch cũ vẫn giữ nguyên."),
                    todo=_("Sửa giờ để hai buổi không chồng nhau."),
                )


MORNING = Half(dt.time(7, 30), dt.time(11, 30))
AFTERNOON = Half(dt.time(13, 30), dt.time(17, 0))
USUAL_DAY = Day((MORNING, AFTERNOON))
DAY_OFF = Day()
#: Monday to Friday, both halves (standards §1); a province says otherwise in its table
USUAL_WEEK: tuple[Day, ...] = (USUAL_DAY,) * 5 + (DAY_OFF,) * 2


class WorkingCalendar:
    """Lịch làm việc of one agency, or of the province, for the days from `first` to `last`, both included.

    Immutable; made once, cheap to ask. Every instant given must have a zone (NaiveInstant, KRN-101); every
    instant returned is Vietnamese time. Where the answer lies beyond the calendar's days: OutsideCalendar
    (KRN-104); `service.calendar` then makes a longer one.
    """

    __slots__ = (
        "_closes_us",
        "_day_first",
        "_days",
        "_first_ordinal",
        "_opens_us",
        "_positions",
        "_rates",
        "_ticks_a_second",
        "first",
        "last",
    )

    def __init__(self, first: dt.date, last: dt.date, day_of: Callable[[dt.date], Day]) -> None:
        if not _FIRST_DAY <= first <= last <= _LAST_DAY:
            raise OutsideCalendar(
                _("Không có lịch từ %(first)s đến %(last)s")
                % {"first": f"{first:%d/%m/%Y}", "last": f"{last:%d/%m/%Y}"},
                todo=_("Lịch làm việc chỉ tính được từ năm 1990 đến năm 2199."),
            )
        self.first = first
        self.last = last
        self._first_ordinal = first.toordinal()
        self._days = [
            day_of(dt.date.fromordinal(ordinal))
            for ordinal in range(self._first_ordinal, last.toordinal() + 1)
        ]
        self._ticks_a_second = _common_ticks(self._days)
        self._lay_out()

    @classmethod
    def from_weeks(
        cls,
        first: dt.date,
        last: dt.date,
        week: Iterable[Day] = USUAL_WEEK,
        days: Mapping[dt.date, Day] | None = None,
    ) -> WorkingCalendar:
        """A calendar of one week that repeats (Monday first) and days that differ from it."""
        pattern = tuple(week)
        differing = days or {}
        return cls(first, last, lambda day: differing.get(day) or pattern[day.weekday()])

    def _lay_out(self) -> None:
        """The halves one after another: when each opens and closes, and the ticks of work before it."""
        opens: list[int] = []
        closes: list[int] = []
        rates: list[int] = []
        counts: list[int] = []
        day_first: list[int] = []
        midnight_us = (self._first_ordinal - _ORIGIN_DAY) * _DAY_US
        for day in self._days:
            day_first.append(len(opens))
            for half in day.halves:
                opens.append(midnight_us + _seconds(half.opens) * _US)
                closes.append(midnight_us + _seconds(half.closes) * _US)
                rates.append(half.counts_s * self._ticks_a_second // half.clock_s)
                counts.append(half.counts_s * self._ticks_a_second)
            midnight_us += _DAY_US
        day_first.append(len(opens))
        self._opens_us = opens
        self._closes_us = closes
        self._rates = rates  # ticks in a second of the clock
        self._positions = list(accumulate(counts, initial=0))
        self._day_first = day_first

    # --- days ---

    def day(self, day: dt.date) -> Day:
        """What a day is: its halves and its name."""
        return self._days[self._index(day)]

    def is_working_day(self, day: dt.date) -> bool:
        """Whether work is done on a day, in one half at least."""
        return bool(self._days[self._index(day)].halves)

    def next_working_day(self, day: dt.date) -> dt.date:
        """The first working day after `day`."""
        return self._working_day_from(self._index(day) + 1)

    def working_day_on_or_after(self, day: dt.date) -> dt.date:
        """`day` itself when work is done on it, else the next working day (Civil Code, art. 148)."""
        return self._working_day_from(self._index(day))

    def opening(self, day: dt.date) -> dt.datetime:
        """When work begins on a working day, or on the next one."""
        index = self._index(self.working_day_on_or_after(day))
        return _instant(self._opens_us[self._day_first[index]])

    def closing(self, day: dt.date) -> dt.datetime:
        """When work ends on a working day, or on the next one."""
        index = self._index(self.working_day_on_or_after(day))
        return _instant(self._closes_us[self._day_first[index + 1] - 1])

    # --- instants ---

    def is_working(self, instant: dt.datetime) -> bool:
        """Whether work is done at this instant; the closing instant itself no longer counts."""
        at_us = self._within(instant)
        half = bisect_right(self._opens_us, at_us) - 1
        return half >= 0 and at_us < self._closes_us[half]

    def next_working_instant(self, instant: dt.datetime) -> dt.datetime:
        """`instant` when work is done then, else the next opening (after lunch, the next morning)."""
        at_us = self._within(instant)
        half = bisect_right(self._closes_us, at_us)
        if half == len(self._opens_us):
            raise self._outside()
        return _instant(max(at_us, self._opens_us[half]))

    def normalise(self, instant: dt.datetime) -> dt.datetime:
        """The start that an instant counts as: its tick while work is done, else the next opening."""
        return self._start_at(self._position(instant))

    # --- adding and subtracting ---

    def add_seconds(self, start: dt.datetime, seconds: int) -> dt.datetime:
        """The instant when `seconds` of working time (8 h = 1 day) after `start` are over.

        Nothing added gives the normalised start; a negative amount subtracts. BadAmount (KRN-102) where the
        amount is no whole number.
        """
        position = self._position(start) + _whole(seconds) * self._ticks_a_second
        return self._end_at(position) if seconds > 0 else self._start_at(position)

    def subtract_seconds(self, end: dt.datetime, seconds: int) -> dt.datetime:
        """The instant from which `seconds` of working time last until `end`."""
        return self.add_seconds(end, -_whole(seconds))

    def add_minutes(self, start: dt.datetime, minutes: int) -> dt.datetime:
        """`start` and so many working minutes."""
        return self.add_seconds(start, _whole(minutes) * 60)

    def subtract_minutes(self, end: dt.datetime, minutes: int) -> dt.datetime:
        """So many working minutes before `end`."""
        return self.add_seconds(end, -_whole(minutes) * 60)

    def add_hours(self, start: dt.datetime, hours: Hours) -> dt.datetime:
        """`start` and so many working hours; a Fraction where they are not whole."""
        return self.add_seconds(start, _whole(hours * HOUR_S))

    def subtract_hours(self, end: dt.datetime, hours: Hours) -> dt.datetime:
        """So many working hours before `end`."""
        return self.add_seconds(end, -_whole(hours * HOUR_S))

    def add_days(self, start: dt.datetime, days: Hours) -> dt.datetime:
        """`start` and so many working days of 8 hours: the same time of a later day where days are whole."""
        return self.add_seconds(start, _whole(days * DAY_S))

    def subtract_days(self, end: dt.datetime, days: Hours) -> dt.datetime:
        """So many working days of 8 hours before `end`."""
        return self.add_seconds(end, -_whole(days * DAY_S))

    # --- measuring ---

    def seconds_between(self, start: dt.datetime, end: dt.datetime) -> int:
        """Working seconds from `start` to `end`, the begun one left out; negative when `end` lies before."""
        ticks = self._position(end) - self._position(start)
        seconds = abs(ticks) // self._ticks_a_second
        return seconds if ticks >= 0 else -seconds

    def hours_between(self, start: dt.datetime, end: dt.datetime) -> Fraction:
        """Working hours from `start` to `end`, exactly; equal to an int where they are whole."""
        ticks = self._position(end) - self._position(start)
        return Fraction(ticks, HOUR_S * self._ticks_a_second)

    def days_between(self, start: dt.datetime, end: dt.datetime) -> Fraction:
        """Working days of 8 hours from `start` to `end`, exactly."""
        return self.hours_between(start, end) / HOURS_A_DAY

    # --- inside ---

    def _index(self, day: dt.date) -> int:
        index = day.toordinal() - self._first_ordinal
        if not 0 <= index < len(self._days):
            raise self._outside()
        return index

    def _working_day_from(self, index: int) -> dt.date:
        if index >= len(self._days):
            raise self._outside()
        half = self._day_first[index]
        if half == len(self._opens_us):
            raise self._outside()
        return dt.date.fromordinal(self._opens_us[half] // _DAY_US + _ORIGIN_DAY)

    def _within(self, instant: dt.datetime) -> int:
        """Microseconds of an instant since the origin, checked against the calendar's days."""
        at_us = _microseconds(instant)
        if not 0 <= at_us // _DAY_US + _ORIGIN_DAY - self._first_ordinal < len(self._days):
            raise self._outside()
        return at_us

    def _position(self, instant: dt.datetime) -> int:
        """Ticks of work from the beginning of the calendar to an instant."""
        at_us = self._within(instant)
        half = bisect_right(self._closes_us, at_us)
        position = self._positions[half]
        if half < len(self._opens_us) and at_us > self._opens_us[half]:
            return position + (at_us - self._opens_us[half]) * self._rates[half] // _US
        return position

    def _end_at(self, position: int) -> dt.datetime:
        """The earliest instant at a position: a deadline, named by the end of a half."""
        half = bisect_left(self._positions, position) - 1
        if not 0 <= half < len(self._opens_us):
            raise self._outside()
        return self._inside(half, position)

    def _start_at(self, position: int) -> dt.datetime:
        """The latest instant at a position: a start, named by the opening of a half."""
        half = bisect_right(self._positions, position) - 1
        if not 0 <= half < len(self._opens_us):
            raise self._outside()
        return self._inside(half, position)

    def _inside(self, half: int, position: int) -> dt.datetime:
        ticks = position - self._positions[half]
        # Up to the next microsecond, so that the way back, which rounds down, finds this very tick.
        return _instant(self._opens_us[half] - (-ticks * _US // self._rates[half]))

    def _outside(self) -> OutsideCalendar:
        return OutsideCalendar(
            _("Ngoài phạm vi của lịch làm việc (%(first)s đến %(last)s)")
            % {"first": f"{self.first:%d/%m/%Y}", "last": f"{self.last:%d/%m/%Y}"},
            kept=_("Không có gì thay đổi."),
            todo=_("Kiểm tra lại ngày tháng và thời hạn đã nhập."),
        )


def _seconds(time: dt.time) -> int:
    return time.hour * 3600 + time.minute * 60 + time.second


def _whole(amount: Hours) -> int:
    """An amount as int; BadAmount where it is a float, a bool, or a fraction that leaves a remainder."""
    if isinstance(amount, int) and not isinstance(amount, bool):
        return amount
    if isinstance(amount, Fraction) and amount.denominator == 1:
        return amount.numerator
    raise BadAmount(
        _("Lượng thời gian %(amount)s không hợp lệ") % {"amount": amount},
        kept=_("Không có gì thay đổi."),
        todo=_("Nhập một số nguyên giây, phút, giờ hoặc ngày làm việc."),
    )


def _microseconds(instant: dt.datetime) -> int:
    if instant.tzinfo is None:
        raise NaiveInstant(
            _("Thời điểm %(instant)s không có múi giờ") % {"instant": instant.isoformat(" ")},
            kept=_("Không có gì thay đổi."),
            todo=_("Ghi kèm múi giờ, ví dụ +07:00."),
        )
    since = instant - _ORIGIN
    return (since.days * 86400 + since.seconds) * _US + since.microseconds


def _instant(at_us: int) -> dt.datetime:
    return _ORIGIN + dt.timedelta(microseconds=at_us)


def _common_ticks(days: list[Day]) -> int:
    """Ticks in a second of work, so that whole seconds of clock and of work are whole ticks everywhere."""
    ticks = 1
    for half in {half for day in days for half in day.halves}:
        ticks = lcm(ticks, half.clock_s // gcd(half.clock_s, half.counts_s))
        if ticks > _MOST_TICKS_A_SECOND:
            raise BadWorkingHours(
                _("Giờ làm việc quá lẻ, không tính chính xác được"),
                kept=_("Lịch cũ vẫn giữ nguyên."),
                todo=_("Dùng giờ mở cửa, đóng cửa tròn phút và ít loại buổi làm việc khác nhau."),
            )
    return ticks
