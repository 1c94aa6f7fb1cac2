"""The calendar's table: what is shipped, who may change it, and that every process follows."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM, Actor
from haicap.kernel.calendar import queries, service, store
from haicap.kernel.calendar.errors import (
    BadCalendarDay,
    BadWorkingHours,
    CalendarNotAllowed,
    OutsideCalendar,
)
from haicap.kernel.calendar.proposal import (
    SHIPPED,
    SHIPPED_PROVISIONAL_FROM,
    SHIPPED_YEARS,
    proposed_days,
    read_seed,
    seed_rows,
)
from haicap.kernel.calendar.rules import TimeUnit
from haicap.kernel.calendar.service import WeekHalf
from haicap.kernel.calendar.working import AFTERNOON, MORNING, Half
from haicap.kernel.models.calendar import BELIEVED, CalendarDay, DayKind, WorkingWeek
from haicap.kernel.models.journal import JournalEntry

EDITOR = Actor(label="Quản trị lịch", permissions=frozenset({"calendar.edit"}))
WARD = uuid.UUID("01890000-0000-7000-8000-000000000001")
OTHER = uuid.UUID("01890000-0000-7000-8000-000000000002")


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=clock.ZONE)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


# --- what is shipped ---


def test_calendar__seed__is_what_the_package_and_the_overrides_say() -> None:
    """A newer `holidays` that says otherwise is looked at by a person, then the table is edited."""
    rows = seed_rows(SHIPPED_YEARS, SHIPPED_PROVISIONAL_FROM)
    shipped = read_seed(SHIPPED)
    assert [(row["day"], row["kind"]) for row in rows] == [(d.day.isoformat(), d.kind) for d in shipped]
    assert len({seeded.day for seeded in shipped}) == len(shipped)


@pytest.mark.django_db
def test_calendar__table__holds_the_shipped_years() -> None:
    off = {"2026-01-01", "2026-01-02", "2026-02-16", "2026-02-20", "2026-04-27", "2026-08-31", "2026-11-24"}
    on = {"2024-05-04", "2025-04-26", "2026-01-10", "2026-08-22"}
    known = service.calendar()
    assert not any(known.is_working_day(day(text)) for text in off)
    assert all(known.is_working_day(day(text)) for text in on)
    assert known.is_working_day(day("2025-11-24"))  # not yet a holiday
    swapped = CalendarDay.objects.get(BELIEVED, day="2026-01-10")
    assert swapped.swapped_with == day("2026-01-02")
    assert "holidays 0.109 chưa có" in swapped.provenance


@pytest.mark.django_db
@pytest.mark.parametrize(("year", "days"), [(2024, 251), (2025, 250), (2026, 249)])
def test_calendar__year__has_as_many_working_days_as_counted_by_hand(year: int, days: int) -> None:
    """Weekdays of the year, less the days off that fall on one, plus the Saturdays worked instead."""
    first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
    span = (first + dt.timedelta(days=n) for n in range((last - first).days + 1))
    assert sum(service.calendar().is_working_day(one) for one in span) == days


@pytest.mark.django_db
def test_calendar__use__known_limits() -> None:
    assert service.add_working_time(at("2026-02-13 15:30"), 10, TimeUnit.WORKING_DAYS) == at(
        "2026-03-06 15:30"
    )
    assert service.working_hours_between(at("2026-02-13 15:30"), at("2026-03-06 15:30")) == 80
    assert service.working_days_between(at("2026-02-13 15:30"), at("2026-03-06 15:30")) == 10
    assert service.subtract_working_days(at("2026-03-06 15:30"), 10) == at("2026-02-13 15:30")
    assert service.subtract_working_hours(at("2026-03-06 09:30"), 1) == at("2026-03-06 08:30")
    assert not service.is_working(at("2026-02-17 09:00"))
    assert service.next_working_instant(at("2026-02-17 09:00")) == at("2026-02-23 07:30")
    with clock.at(at("2026-03-04 08:00")):
        assert service.remaining_text(at("2026-03-06 09:00")) == "còn 2 ngày làm việc"


@pytest.mark.django_db
def test_calendar__years_beyond_the_table__are_taken_as_proposed() -> None:
    """Nobody has entered 2028 in December 2027: a counter still gives a date, and Tết is off in it."""
    due_at = service.add_working_time(at("2027-12-27 09:00"), 30, TimeUnit.WORKING_DAYS)
    assert due_at.year == 2028
    tet = next(proposed.day for proposed in proposed_days(2028) if proposed.name == "Tết Nguyên Đán")
    assert tet == day("2028-01-26")
    assert not service.is_working(dt.datetime.combine(tet, dt.time(9), clock.ZONE))
    assert service.working_days_between(at("2019-01-01 00:00"), at("2020-01-01 00:00")) > 240


@pytest.mark.django_db
@pytest.mark.parametrize("year", [1, 1999, 2100, 9999])
def test_calendar__years_that_nobody_can_tell__are_refused(year: int) -> None:
    with pytest.raises(OutsideCalendar, match="KRN-104"):
        service.is_working(dt.datetime(year, 6, 1, 9, 0, tzinfo=clock.ZONE))


@pytest.mark.django_db
def test_calendar__computing__asks_no_query_once_it_is_known(django_assert_num_queries: Any) -> None:
    service.calendar()
    with django_assert_num_queries(0):
        service.add_working_time(at("2026-02-13 15:30"), 10, TimeUnit.WORKING_DAYS)
        service.calendar(WARD)


# --- changing days ---


@pytest.mark.django_db
def test_calendar__set_day__for_one_agency_leaves_the_others() -> None:
    service.set_day(
        EDITOR,
        day("2026-03-03"),
        DayKind.CLOSED,
        "Mất điện",
        provenance="Thông báo 12/TB-UBND",
        agency_id=WARD,
    )
    assert not service.is_working(at("2026-03-03 09:00"), WARD)
    assert service.is_working(at("2026-03-03 09:00"))
    assert service.is_working(at("2026-03-03 09:00"), OTHER)
    assert service.add_working_time(at("2026-03-02 09:00"), 1, TimeUnit.WORKING_DAYS, WARD) == at(
        "2026-03-04 09:00"
    )
    (line,) = [one for one in queries.year(2026, WARD) if one.own]
    assert (line.name, line.kind_label) == ("Mất điện", "nghỉ riêng")


@pytest.mark.django_db
def test_calendar__set_day__an_agency_may_work_on_a_holiday() -> None:
    service.set_day(
        EDITOR,
        day("2026-02-17"),
        DayKind.OPEN,
        "Trực Tết",
        provenance="Lịch trực",
        agency_id=WARD,
        afternoon=False,
    )
    assert service.is_working(at("2026-02-17 09:00"), WARD)
    assert not service.is_working(at("2026-02-17 14:00"), WARD)
    assert not service.is_working(at("2026-02-17 09:00"))


@pytest.mark.django_db
def test_calendar__set_day__keeps_what_was_believed_before() -> None:
    with clock.at(at("2026-03-01 08:00")):
        service.set_day(EDITOR, day("2026-03-10"), DayKind.CLOSED, "Bão số 1", provenance="Công điện 1")
    with clock.at(at("2026-03-08 08:00")):
        service.set_day(
            EDITOR, day("2026-03-10"), DayKind.CLOSED, "Bão số 1", provenance="Công điện 2", morning=True
        )
    assert service.is_working(at("2026-03-10 09:00"))
    assert not service.is_working(at("2026-03-10 14:00"))
    first, second = queries.history(day("2026-03-10"))
    assert first.provenance == "Công điện 1"
    assert abs(first.recorded.upper - at("2026-03-08 08:00")) < dt.timedelta(minutes=5)
    assert second.recorded.upper is None


@pytest.mark.django_db
def test_calendar__withdraw_day__gives_the_weekday_back() -> None:
    service.withdraw_day(EDITOR, day("2026-11-24"), reason="Thử")
    assert service.is_working(at("2026-11-24 09:00"))
    with pytest.raises(BadCalendarDay, match="24/11/2026"):
        service.withdraw_day(EDITOR, day("2026-11-24"), reason="Thử lần nữa")
    assert len(queries.history(day("2026-11-24"))) == 1


@pytest.mark.django_db
def test_calendar__swap_days__both_days_and_back_to_work() -> None:
    service.swap_days(EDITOR, day("2026-04-29"), day("2026-05-09"), provenance="Thông báo hoán đổi")
    assert not service.is_working(at("2026-04-29 09:00"))
    assert service.is_working(at("2026-05-09 16:59"))
    assert service.working_hours_between(at("2026-04-28 17:00"), at("2026-05-09 23:00")) == 6 * 8
    with pytest.raises(BadCalendarDay):
        service.swap_days(EDITOR, day("2026-04-29"), day("2026-04-29"), provenance="x")


@pytest.mark.django_db
def test_calendar__set_day__journals_before_and_after() -> None:
    row = service.set_day(EDITOR, day("2026-11-24"), DayKind.OPEN, "Làm việc", provenance="Quyết định 5")
    entry = JournalEntry.objects.get(record_id=row.id)
    assert (entry.action, entry.actor_label, entry.reason) == (
        "calendar.set_day",
        "Quản trị lịch",
        "Quyết định 5",
    )
    assert entry.before is not None
    assert (entry.before["kind"], entry.after["kind"]) == ("holiday", "open")


@pytest.mark.django_db
def test_calendar__changes__need_the_permission() -> None:
    nobody = Actor(label="Chuyên viên")
    attempts = [
        lambda: service.set_day(nobody, day("2026-03-03"), DayKind.CLOSED, "x", provenance="y"),
        lambda: service.swap_days(nobody, day("2026-03-03"), day("2026-03-07"), provenance="y"),
        lambda: service.withdraw_day(nobody, day("2026-11-24"), reason="y"),
        lambda: service.load_year(nobody, 2028),
        lambda: service.confirm_year(nobody, 2027, provenance="y"),
        lambda: service.set_week(nobody, [], begins_on=None, provenance="y"),
    ]
    for attempt in attempts:
        with pytest.raises(CalendarNotAllowed, match="KRN-107"):
            attempt()
    assert service.is_working(at("2026-03-03 09:00"))
    assert not JournalEntry.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": DayKind.HOLIDAY, "morning": True, "afternoon": True},
        {"kind": DayKind.OPEN, "morning": False, "afternoon": False},
        {"provenance": " \u200b"},
        {"name": ""},
        {"day": dt.date(1945, 9, 2)},
    ],
)
def test_calendar__set_day__refuses_what_makes_no_sense(wrong: dict[str, Any]) -> None:
    asked: dict[str, Any] = {
        "day": day("2026-03-03"),
        "kind": DayKind.CLOSED,
        "name": "Bão",
        "provenance": "Công điện",
    } | wrong
    with pytest.raises(BadCalendarDay, match="KRN-106"):
        service.set_day(EDITOR, **asked)
    assert not JournalEntry.objects.exists()


# --- years ---


@pytest.mark.django_db
def test_calendar__load_and_confirm_year__provisional_until_announced() -> None:
    with clock.at(at("2027-11-01 08:00")):
        assert queries.years_to_confirm() == [2027, 2028]
        assert service.load_year(EDITOR, 2028) == len(proposed_days(2028))
        assert service.load_year(EDITOR, 2028) == 0
        assert queries.years_to_confirm() == [2027, 2028]
        assert service.confirm_year(EDITOR, 2027, provenance="Thông báo 1") == 15
        assert service.confirm_year(EDITOR, 2028, provenance="Thông báo 2") == len(proposed_days(2028))
        assert queries.years_to_confirm() == []
    assert all("Thông báo 2" in line.provenance for line in queries.year(2028))
    with pytest.raises(BadCalendarDay):
        service.confirm_year(EDITOR, 2028, provenance="Thông báo 2")
    with pytest.raises(BadCalendarDay):
        service.load_year(EDITOR, 2150)


@pytest.mark.django_db
def test_calendar__set_day__in_a_year_not_entered_enters_the_year() -> None:
    service.set_day(EDITOR, day("2028-03-01"), DayKind.CLOSED, "Bão", provenance="Công điện")
    assert not service.is_working(at("2028-01-26 09:00")), "Tết of that year must not get lost"
    assert not service.is_working(at("2028-03-01 09:00"))


# --- hours of the week ---


def _every_day(*hours: tuple[str, Half]) -> list[WeekHalf]:
    return [WeekHalf(weekday, half, times) for weekday in range(1, 6) for half, times in hours]


@pytest.mark.django_db
def test_calendar__set_week__from_a_day_on_keeps_the_weeks_before() -> None:
    summer = Half(dt.time(7, 0), dt.time(11, 0))
    service.set_week(
        EDITOR,
        [*_every_day(("morning", summer), ("afternoon", AFTERNOON)), WeekHalf(6, "morning", summer)],
        begins_on=day("2026-04-01"),
        ends_on=day("2026-10-01"),
        provenance="Quyết định giờ mùa hè",
    )
    known = service.calendar()
    assert known.opening(day("2026-03-31")) == at("2026-03-31 07:30")
    assert known.opening(day("2026-04-01")) == at("2026-04-01 07:00")
    assert known.is_working(at("2026-04-04 09:00"))
    assert known.opening(day("2026-10-01")) == at("2026-10-01 07:30")
    assert WorkingWeek.objects.filter(BELIEVED).count() == 3
    assert WorkingWeek.objects.exclude(BELIEVED).count() == 1
    assert known.add_days(at("2026-03-31 09:30"), 1) == at("2026-04-01 09:00")


@pytest.mark.django_db
def test_calendar__set_week__of_an_agency_holds_for_it_alone() -> None:
    service.set_week(
        EDITOR,
        [*_every_day(("morning", MORNING), ("afternoon", AFTERNOON)), WeekHalf(6, "morning", MORNING)],
        begins_on=day("2026-03-01"),
        provenance="Trung tâm phục vụ HCC làm sáng thứ Bảy",
        agency_id=WARD,
        same_day_until=dt.time(14, 0),
    )
    assert service.is_working(at("2026-03-07 09:00"), WARD)
    assert not service.is_working(at("2026-03-07 09:00"))
    assert not service.is_working(at("2026-02-28 09:00"), WARD)
    late = service.add_working_time(at("2026-03-06 14:30"), 0, TimeUnit.SAME_DAY, WARD)
    assert late == at("2026-03-07 11:30")
    # the swapped Saturday has the afternoon of the day it stands for
    assert service.is_working(at("2026-08-22 16:00"), WARD)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "halves",
    [
        [WeekHalf(8, "morning", MORNING)],
        [WeekHalf(1, "evening", MORNING)],
        [WeekHalf(1, "morning", MORNING), WeekHalf(1, "morning", MORNING)],
        [WeekHalf(1, "morning", AFTERNOON), WeekHalf(1, "afternoon", MORNING)],
        [WeekHalf(1, "morning", Half(dt.time(7), dt.time(8), 3601))],
    ],
)
def test_calendar__set_week__refuses_what_makes_no_sense(halves: list[WeekHalf]) -> None:
    with pytest.raises(BadWorkingHours, match="KRN-105"):
        service.set_week(EDITOR, halves, begins_on=None, provenance="x")
    with pytest.raises(BadWorkingHours):
        service.set_week(EDITOR, [], begins_on=day("2026-02-01"), ends_on=day("2026-02-01"), provenance="x")
    assert WorkingWeek.objects.count() == 1


# --- the database's own rules ---


def _refused(sql: str, *params: Any) -> str:
    with pytest.raises(DatabaseError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)
    return str(caught.value)


@pytest.mark.django_db
def test_calendar__database__refuses_overwriting_and_doubling() -> None:
    for table in ("kernel_calendar_day", "kernel_working_week"):
        assert "never altered" in _refused(f"DELETE FROM {table}")
        assert "never altered" in _refused(f"UPDATE {table} SET provenance = 'x'")
    assert "kernel_calendar_day_one" in _refused(
        "INSERT INTO kernel_calendar_day (provenance, day, kind, name, morning, afternoon, provisional)"
        " VALUES ('x', '2026-01-01', 'holiday', 'x', false, false, false)"
    )
    assert "kernel_calendar_day_kind" in _refused(
        "INSERT INTO kernel_calendar_day (provenance, day, kind, name, morning, afternoon, provisional)"
        " VALUES ('x', '2026-03-03', 'holiday', 'x', true, true, false)"
    )
    assert "kernel_working_week_one" in _refused(
        "INSERT INTO kernel_working_week (provenance, valid, halves) VALUES ('x', '[2026-01-01,)', '[]')"
    )
    for halves in ('{"a": 1}', '[{"weekday": 9}]', '[{"weekday": 1, "half": "morning", "opens": "9:00"}]'):
        assert "kernel_working_week_halves" in _refused(
            "INSERT INTO kernel_working_week (agency_id, provenance, valid, halves)"
            " VALUES (gen_random_uuid(), 'x', '[2026-01-01,)', %s)",
            halves,
        )


def test_calendar__database__refuses_a_change_that_nobody_journalled(committed: None) -> None:
    assert "without a journal entry" in _refused(
        "INSERT INTO kernel_calendar_day (provenance, day, kind, name, morning, afternoon, provisional)"
        " VALUES ('x', '2026-03-03', 'closed', 'x', false, false, false)"
    )


# --- following changes ---


def test_calendar__change_rolled_back__is_forgotten(committed: None) -> None:
    assert service.is_working(at("2026-03-03 09:00"))
    with transaction.atomic():
        service.set_day(SYSTEM, day("2026-03-03"), DayKind.CLOSED, "Bão", provenance="Công điện")
        assert not service.is_working(at("2026-03-03 09:00"))
        transaction.set_rollback(True)
    assert service.is_working(at("2026-03-03 09:00"))


@pytest.mark.django_db
def test_calendar__change_by_another_process__is_seen_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert service.is_working(at("2026-03-03 09:00"))
    store._revision._changed_here = False
    # past this process's service, as another process would
    with journal.act(SYSTEM, "calendar.set_day") as act, connection.cursor() as cursor:
        act.changed("calendar_day", None, None, {"day": "2026-03-03"})
        cursor.execute(
            "INSERT INTO kernel_calendar_day (provenance, day, kind, name, morning, afternoon, provisional)"
            " VALUES ('x', '2026-03-03', 'closed', 'x', false, false, false)"
        )
    value, _until = store._revision._known
    monkeypatch.setattr(store._revision, "_known", (value, float("-inf")))
    assert not service.is_working(at("2026-03-03 09:00"))
    store.changed_here()


@pytest.mark.django_db
def test_calendar__agencies_without_rows__share_one_calendar() -> None:
    assert service.calendar(WARD) is service.calendar() is service.calendar(OTHER)
