"""The calendar as a value: adding, subtracting and measuring working time are exact inverses, everywhere."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haicap.kernel.calendar.errors import BadAmount, BadUnit, BadWorkingHours, NaiveInstant, OutsideCalendar
from haicap.kernel.calendar.rules import TimeUnit, due, months_later
from haicap.kernel.calendar.words import remaining_text
from haicap.kernel.calendar.working import (
    DAY_OFF,
    USUAL_DAY,
    USUAL_WEEK,
    Day,
    Half,
    WorkingCalendar,
)
from haicap.kernel.clock import ZONE

TET_2026 = {dt.date(2026, 2, 16) + dt.timedelta(days=n): Day(name="Tết") for n in range(5)}
SWAP_2026 = {
    dt.date(2026, 1, 1): Day(name="Tết Dương lịch"),
    dt.date(2026, 1, 2): Day(name="Nghỉ hoán đổi"),
    dt.date(2026, 1, 10): USUAL_DAY,
}
USUAL = WorkingCalendar.from_weeks(
    dt.date(2025, 12, 1), dt.date(2026, 12, 31), USUAL_WEEK, TET_2026 | SWAP_2026
)


def at(text: str) -> dt.datetime:
    """«2026-02-13 15:30» in Vietnamese time."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZONE)


# --- known answers ---


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-03-02 08:00", 2, "2026-03-02 10:00"),
        ("2026-03-02 07:30", 4, "2026-03-02 11:30"),
        ("2026-03-02 07:30", 8, "2026-03-02 17:00"),
        ("2026-03-02 08:00", 8, "2026-03-03 08:00"),
        ("2026-03-02 15:30", 8, "2026-03-03 15:30"),
        ("2026-03-02 13:30", 1, "2026-03-02 14:22:30"),  # 3.5 hours by the clock count 4
        ("2026-03-02 13:30", 2, "2026-03-02 15:15"),
        ("2026-03-06 15:15", 4, "2026-03-09 09:30"),  # over a weekend
        ("2026-03-02 06:00", 1, "2026-03-02 08:30"),  # before opening: from the opening
        ("2026-03-02 12:00", 2, "2026-03-02 15:15"),  # lunch: from the afternoon's opening
        ("2026-03-02 17:00", 1, "2026-03-03 08:30"),  # after hours: from the next day
        ("2026-03-07 09:00", 1, "2026-03-09 08:30"),  # Saturday
        ("2026-02-13 16:07:30", 2, "2026-02-23 08:30"),  # over Tết
        ("2026-01-09 15:15", 4, "2026-01-10 09:30"),  # into a Saturday that is worked instead
    ],
)
def test_calendar__add_hours__known(start: str, hours: int, end: str) -> None:
    assert USUAL.add_hours(at(start), hours) == at(end)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-02-13 15:30", 10, "2026-03-06 15:30"),
        ("2026-02-13 17:30", 10, "2026-03-06 17:00"),  # counts from the opening after Tết
        ("2025-12-31 09:00", 1, "2026-01-05 09:00"),  # 1 and 2 January are off
        ("2026-01-08 09:00", 2, "2026-01-10 09:00"),  # the swapped Saturday
        ("2026-01-08 09:00", 3, "2026-01-12 09:00"),
        ("2026-03-02 09:00", 0, "2026-03-02 09:00"),
    ],
)
def test_calendar__add_days__known(start: str, days: int, end: str) -> None:
    assert USUAL.add_days(at(start), days) == at(end)


def test_calendar__half_days__count_half() -> None:
    saturdays = (*USUAL_WEEK[:5], Day((USUAL_DAY.halves[0],)), DAY_OFF)
    calendar = WorkingCalendar.from_weeks(dt.date(2026, 3, 1), dt.date(2026, 3, 31), saturdays)
    assert calendar.days_between(at("2026-03-07 00:00"), at("2026-03-08 00:00")) == Fraction(1, 2)
    assert calendar.add_days(at("2026-03-06 07:30"), 2) == at("2026-03-09 11:30")
    assert calendar.hours_between(at("2026-03-02 07:30"), at("2026-03-08 23:00")) == 44


def test_calendar__change_of_hours__keeps_the_share_of_the_half() -> None:
    """From 1 April the afternoon is 13:00-17:00: half of the afternoon is half of the afternoon."""
    summer = Day((Half(dt.time(7, 30), dt.time(11, 30)), Half(dt.time(13, 0), dt.time(17, 0))))
    calendar = WorkingCalendar(
        dt.date(2026, 3, 1),
        dt.date(2026, 4, 30),
        lambda day: DAY_OFF if day.weekday() > 4 else summer if day >= dt.date(2026, 4, 1) else USUAL_DAY,
    )
    assert calendar.add_days(at("2026-03-31 15:15"), 1) == at("2026-04-01 15:00")
    assert calendar.hours_between(at("2026-03-31 15:15"), at("2026-04-01 15:00")) == 8


def test_calendar__is_working__opening_counts_and_closing_does_not() -> None:
    assert USUAL.is_working(at("2026-03-02 07:30"))
    assert not USUAL.is_working(at("2026-03-02 07:29:59.999999"))
    assert USUAL.is_working(at("2026-03-02 11:29:59.999999"))
    assert not USUAL.is_working(at("2026-03-02 11:30"))
    assert not USUAL.is_working(at("2026-03-02 12:00"))
    assert not USUAL.is_working(at("2026-02-17 09:00"))
    assert USUAL.is_working(at("2026-01-10 09:00"))
    assert not USUAL.is_working(at("2026-12-31 23:00"))


def test_calendar__next_working_instant__known() -> None:
    assert USUAL.next_working_instant(at("2026-02-13 17:00")) == at("2026-02-23 07:30")
    assert USUAL.next_working_instant(at("2026-03-02 12:15")) == at("2026-03-02 13:30")
    assert USUAL.next_working_instant(at("2026-03-02 10:00:00.5")) == at("2026-03-02 10:00:00.5")


def test_calendar__other_zones__are_understood() -> None:
    assert USUAL.add_hours(dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC), 2) == at("2026-03-02 10:00")
    assert USUAL.add_hours(at("2026-03-02 08:00"), 2).tzinfo is ZONE


def test_calendar__naive_instants__are_refused() -> None:
    naive = dt.datetime(2026, 3, 2, 8, 0)  # noqa: DTZ001
    for ask in (USUAL.is_working, USUAL.normalise, USUAL.next_working_instant):
        with pytest.raises(NaiveInstant, match="KRN-101"):
            ask(naive)


@pytest.mark.parametrize("amount", [1.0, 0.5, True, "3", None, Fraction(1, 7)])
def test_calendar__amounts_that_are_no_whole_seconds__are_refused(amount: Any) -> None:
    with pytest.raises((BadAmount, TypeError)):
        USUAL.add_seconds(at("2026-03-02 08:00"), amount)
    with pytest.raises((BadAmount, TypeError)):
        USUAL.add_days(at("2026-03-02 08:00"), amount if amount is not True else 1.5)


def test_calendar__beyond_its_days__is_refused_with_the_span() -> None:
    with pytest.raises(OutsideCalendar, match="31/12/2026"):
        USUAL.add_days(at("2026-12-30 08:00"), 100)
    with pytest.raises(OutsideCalendar):
        USUAL.subtract_days(at("2025-12-02 08:00"), 100)
    with pytest.raises(OutsideCalendar):
        USUAL.is_working(at("2027-01-01 00:00"))
    with pytest.raises(OutsideCalendar):
        USUAL.next_working_day(dt.date(2026, 12, 31))


def test_calendar__hours_that_cannot_be__are_refused() -> None:
    with pytest.raises(BadWorkingHours, match="KRN-105"):
        Half(dt.time(11, 30), dt.time(7, 30))
    with pytest.raises(BadWorkingHours):
        Half(dt.time(7, 30), dt.time(11, 30), 0)
    with pytest.raises(BadWorkingHours):
        Day((Half(dt.time(7, 30), dt.time(13, 0)), Half(dt.time(12, 30), dt.time(17, 0))))
    primes = [61, 67, 71, 73]
    odd = [Half(dt.time(7, 0), dt.time(8 + n // 60, n % 60), 4 * 3600) for n in primes]
    with pytest.raises(BadWorkingHours, match="lẻ"):
        WorkingCalendar.from_weeks(
            dt.date(2026, 1, 1), dt.date(2026, 2, 1), [Day((half,)) for half in odd] + [DAY_OFF] * 3
        )


def test_calendar__no_working_day_at_all__is_refused_not_endless() -> None:
    empty = WorkingCalendar.from_weeks(dt.date(2026, 1, 1), dt.date(2026, 2, 1), [DAY_OFF] * 7)
    assert not empty.is_working(at("2026-01-05 09:00"))
    with pytest.raises(OutsideCalendar):
        empty.add_hours(at("2026-01-05 09:00"), 1)
    with pytest.raises(OutsideCalendar):
        empty.normalise(at("2026-01-05 09:00"))


# --- properties ---

HALF_TIMES = {
    "morning": [(7, 0), (7, 30), (8, 0), (11, 0), (11, 30), (12, 0)],
    "afternoon": [(13, 0), (13, 30), (14, 0), (16, 30), (17, 0), (17, 30)],
}


@st.composite
def days(draw: st.DrawFn) -> Day:
    """A day with none, one or two halves, of lengths that do not divide one another."""
    halves = []
    for name in ("morning", "afternoon"):
        times = HALF_TIMES[name]
        if draw(st.booleans()):
            opens = dt.time(*draw(st.sampled_from(times[:3])))
            closes = dt.time(*draw(st.sampled_from(times[3:])))
            halves.append(Half(opens, closes, draw(st.sampled_from([4 * 3600, 4 * 3600, 3 * 3600, 12_600]))))
    return Day(tuple(halves))


FIRST, LAST = dt.date(2026, 1, 1), dt.date(2026, 6, 30)


@st.composite
def calendars(draw: st.DrawFn) -> WorkingCalendar:
    """Half a year: one or two weeks one after the other, a Tết, swapped days and odd days anywhere."""
    weeks = draw(
        st.lists(
            st.lists(days(), min_size=7, max_size=7).filter(lambda w: any(d.halves for d in w)),
            min_size=1,
            max_size=2,
        )
    )
    change = draw(st.dates(FIRST, LAST))
    differing = draw(
        st.dictionaries(st.dates(FIRST, LAST), st.one_of(days(), st.just(USUAL_DAY)), max_size=8)
    )
    tet = draw(st.dates(FIRST, LAST - dt.timedelta(days=9)))
    differing.update({tet + dt.timedelta(days=n): DAY_OFF for n in range(9)})

    def day_of(day: dt.date) -> Day:
        week = weeks[-1] if day >= change else weeks[0]
        return differing.get(day, week[day.weekday()])

    return WorkingCalendar(FIRST, LAST, day_of)


ANY_CALENDAR = st.one_of(st.just(USUAL), calendars())
INSTANTS = st.datetimes(dt.datetime(2026, 2, 10), dt.datetime(2026, 4, 20)).map(  # noqa: DTZ001
    lambda naive: naive.replace(tzinfo=ZONE)
)
SECONDS = st.one_of(
    st.integers(0, 40 * 3600),
    st.integers(0, 40).map(lambda h: h * 3600),
    st.integers(0, 5).map(lambda d: d * 28_800),
)


@given(ANY_CALENDAR, INSTANTS, SECONDS)
def test_calendar__subtract__undoes_add(calendar: WorkingCalendar, start: dt.datetime, seconds: int) -> None:
    try:
        end = calendar.add_seconds(start, seconds)
    except OutsideCalendar:
        return
    normal = calendar.normalise(start)
    assert calendar.subtract_seconds(end, seconds) == normal
    assert calendar.normalise(normal) == normal
    assert calendar.add_seconds(normal, seconds) == end
    assert calendar.seconds_between(start, end) == seconds
    assert calendar.hours_between(start, end) == Fraction(seconds, 3600)
    assert calendar.hours_between(end, start) == -Fraction(seconds, 3600)


@given(ANY_CALENDAR, INSTANTS, SECONDS)
def test_calendar__add__undoes_subtract(calendar: WorkingCalendar, end: dt.datetime, seconds: int) -> None:
    try:
        start = calendar.subtract_seconds(end, seconds)
        again = calendar.add_seconds(start, seconds)
        normal = calendar.normalise(end)
    except OutsideCalendar:
        return
    assert calendar.seconds_between(start, end) == seconds
    assert calendar.normalise(again) == normal
    assert calendar.is_working(start)


@given(ANY_CALENDAR, INSTANTS, SECONDS, SECONDS)
def test_calendar__add__is_additive(calendar: WorkingCalendar, start: dt.datetime, m: int, n: int) -> None:
    try:
        at_once = calendar.add_seconds(start, m + n)
        stepwise = calendar.add_seconds(calendar.add_seconds(start, m), n)
    except OutsideCalendar:
        return
    if n > 0 or m == 0:
        assert stepwise == at_once
    assert calendar.seconds_between(stepwise, at_once) == 0


@given(ANY_CALENDAR, INSTANTS, INSTANTS, SECONDS, SECONDS)
def test_calendar__add__is_monotone(
    calendar: WorkingCalendar, a: dt.datetime, b: dt.datetime, m: int, n: int
) -> None:
    a, b = sorted((a, b))
    m, n = sorted((m, n))
    try:
        assert calendar.add_seconds(a, n) <= calendar.add_seconds(b, n)
        assert calendar.normalise(a) <= calendar.normalise(b)
        if n > m > 0:
            assert calendar.add_seconds(a, m) < calendar.add_seconds(a, n)
    except OutsideCalendar:
        return
    assert calendar.seconds_between(a, b) >= 0


@given(ANY_CALENDAR, INSTANTS, st.integers(1, 40 * 3600))
def test_calendar__answers__lie_in_working_time(
    calendar: WorkingCalendar, start: dt.datetime, seconds: int
) -> None:
    try:
        normal = calendar.normalise(start)
        end = calendar.add_seconds(start, seconds)
    except OutsideCalendar:
        return
    assert calendar.is_working(normal)
    assert calendar.next_working_instant(normal) == normal
    just_before = end - dt.timedelta(microseconds=1)
    assert calendar.is_working(just_before)


def _walked(calendar: WorkingCalendar, a: dt.datetime, b: dt.datetime) -> Fraction:
    """Working seconds between two instants, added up half by half: slow and plain."""
    total = Fraction(0)
    day = a.date()
    while day <= b.date():
        for half in calendar.day(day).halves:
            opens = dt.datetime.combine(day, half.opens, ZONE)
            closes = dt.datetime.combine(day, half.closes, ZONE)
            worked = min(b, closes) - max(a, opens)
            if worked > dt.timedelta(0):
                total += Fraction(
                    worked // dt.timedelta(microseconds=1) * half.counts_s, half.clock_s * 10**6
                )
        day += dt.timedelta(days=1)
    return total


WHOLE_SECONDS = INSTANTS.map(lambda instant: instant.replace(microsecond=0))


@given(ANY_CALENDAR, WHOLE_SECONDS, WHOLE_SECONDS)
def test_calendar__hours_between__equals_walking_through_the_days(
    calendar: WorkingCalendar, a: dt.datetime, b: dt.datetime
) -> None:
    a, b = sorted((a, b))
    assert calendar.hours_between(a, b) * 3600 == _walked(calendar, a, b)


@given(WHOLE_SECONDS, st.integers(1, 30))
def test_calendar__add_days__keeps_the_time_of_day(start: dt.datetime, count: int) -> None:
    """Where every day is whole, n days later is the n-th working day after, at the same time."""
    normal = USUAL.normalise(start)
    day = normal.date()
    for _ in range(count):
        day = USUAL.next_working_day(day)
    found = USUAL.add_days(start, count)
    if normal.time() in (dt.time(7, 30), dt.time(13, 30)):
        assert USUAL.normalise(found) == dt.datetime.combine(day, normal.time(), ZONE)
    else:
        assert found == dt.datetime.combine(day, normal.time(), ZONE)


# --- time limits ---


@pytest.mark.parametrize(
    ("start", "amount", "unit", "end"),
    [
        ("2026-02-13 15:30", 10, TimeUnit.WORKING_DAYS, "2026-03-06 15:30"),
        ("2026-02-13 15:30", 4, TimeUnit.WORKING_HOURS, "2026-02-23 09:47:08.571429"),
        ("2026-03-02 09:00", 3, TimeUnit.CALENDAR_DAYS, "2026-03-05 17:00"),
        ("2026-03-04 09:00", 3, TimeUnit.CALENDAR_DAYS, "2026-03-09 17:00"),  # ends on a Saturday
        ("2026-02-12 09:00", 5, TimeUnit.CALENDAR_DAYS, "2026-02-23 17:00"),  # ends in Tết
        ("2026-01-30 09:00", 1, TimeUnit.MONTHS, "2026-03-02 17:00"),  # 28/2 is a Saturday
        ("2026-03-31 09:00", 1, TimeUnit.MONTHS, "2026-05-04 17:00"),  # 30/4 and 1/5 off below
        ("2026-03-31 09:00", 6, TimeUnit.MONTHS, "2026-09-30 17:00"),
        ("2026-03-02 15:00", 0, TimeUnit.SAME_DAY, "2026-03-02 17:00"),
        ("2026-03-02 15:00:01", 0, TimeUnit.SAME_DAY, "2026-03-03 17:00"),
        ("2026-03-02 05:00", 0, TimeUnit.SAME_DAY, "2026-03-02 17:00"),
        ("2026-03-02 12:00", 0, TimeUnit.SAME_DAY, "2026-03-02 17:00"),
        ("2026-03-02 23:00", 0, TimeUnit.SAME_DAY, "2026-03-03 17:00"),
        ("2026-03-07 09:00", 0, TimeUnit.SAME_DAY, "2026-03-09 17:00"),
        ("2026-02-13 15:01", 0, TimeUnit.SAME_DAY, "2026-02-23 17:00"),
    ],
)
def test_calendar__due__known(start: str, amount: int, unit: TimeUnit, end: str) -> None:
    spring = {dt.date(2026, 4, 30): DAY_OFF, dt.date(2026, 5, 1): DAY_OFF}
    calendar = WorkingCalendar.from_weeks(
        dt.date(2026, 1, 1), dt.date(2026, 12, 31), USUAL_WEEK, TET_2026 | SWAP_2026 | spring
    )
    assert due(calendar, at(start), amount, unit) == at(end)


def test_calendar__due__same_day_on_a_morning_only() -> None:
    mornings = WorkingCalendar.from_weeks(
        dt.date(2026, 3, 1), dt.date(2026, 3, 31), [Day((USUAL_DAY.halves[0],))] * 7
    )
    assert due(mornings, at("2026-03-02 11:29"), 0, TimeUnit.SAME_DAY) == at("2026-03-02 11:30")
    assert due(mornings, at("2026-03-02 11:30"), 0, TimeUnit.SAME_DAY) == at("2026-03-03 11:30")


def test_calendar__due__same_day_until_is_the_calendars() -> None:
    early = Day(USUAL_DAY.halves, same_day_until=dt.time(14, 0))
    calendar = WorkingCalendar.from_weeks(dt.date(2026, 3, 1), dt.date(2026, 3, 31), [early] * 7)
    assert due(calendar, at("2026-03-02 14:00"), 0, TimeUnit.SAME_DAY) == at("2026-03-02 17:00")
    assert due(calendar, at("2026-03-02 14:01"), 0, TimeUnit.SAME_DAY) == at("2026-03-03 17:00")


@pytest.mark.parametrize("amount", [-1, 10_001, True, 2.0, "10"])
def test_calendar__due__refuses_absurd_amounts(amount: Any) -> None:
    with pytest.raises(BadAmount, match="KRN-102"):
        due(USUAL, at("2026-03-02 08:00"), amount, TimeUnit.WORKING_DAYS)


@given(st.dates(dt.date(2000, 1, 1), dt.date(2090, 1, 1)), st.integers(0, 480))
def test_calendar__months_later__is_the_same_day_or_the_last(day: dt.date, count: int) -> None:
    later = months_later(day, count)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == count
    assert later.day == day.day or (later + dt.timedelta(days=1)).day == 1


def test_calendar__units__parse() -> None:
    assert TimeUnit.parse("days") is TimeUnit.WORKING_DAYS
    assert TimeUnit.parse(" Working-Hours ") is TimeUnit.WORKING_HOURS
    assert TimeUnit.parse("calendar days") is TimeUnit.CALENDAR_DAYS
    with pytest.raises(BadUnit, match="KRN-103"):
        TimeUnit.parse("fortnights")


# --- words ---


@pytest.mark.parametrize(
    ("moment", "due_at", "words"),
    [
        ("2026-03-02 08:00", "2026-03-04 09:00", "còn 2 ngày làm việc"),
        ("2026-03-02 08:00", "2026-03-04 07:59", "còn 1 ngày làm việc"),
        ("2026-03-06 16:00", "2026-03-09 09:30", "còn 3 giờ làm việc"),
        ("2026-03-02 08:00", "2026-03-02 08:59", "còn 59 phút làm việc"),
        ("2026-03-02 08:00", "2026-03-02 08:00", "đến hạn"),
        ("2026-03-06 17:00", "2026-03-09 07:30", "đến hạn"),
        ("2026-03-04 09:00", "2026-03-02 08:00", "quá hạn 2 ngày làm việc"),
        ("2026-03-02 08:00:30", "2026-03-02 08:00", "quá hạn dưới 1 phút làm việc"),
        ("2026-02-22 08:00", "2026-02-13 17:00", "quá hạn dưới 1 phút làm việc"),
    ],
)
def test_calendar__remaining_text__known(moment: str, due_at: str, words: str) -> None:
    assert remaining_text(USUAL, at(moment), at(due_at)) == words
