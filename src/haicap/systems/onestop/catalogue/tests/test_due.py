"""Due dates by the published time limits: every unit, channel and case; nothing guessed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.types.range import DateRange

from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.kernel.calendar import service as calendars
from haicap.systems.onestop import catalogue, deadlines
from haicap.systems.onestop.catalogue import writer
from haicap.systems.onestop.catalogue.facts import Facts, Limit
from haicap.systems.onestop.models import Channel, LimitUnit, ProcedureVersion, TimeLimit

pytestmark = pytest.mark.django_db
MONDAY = dt.datetime(2026, 3, 2, 9, 0, tzinfo=clock.ZONE)


def limit(amount: str | None, unit: LimitUnit) -> TimeLimit:
    return TimeLimit(amount=None if amount is None else Decimal(amount), unit=unit)


@pytest.mark.parametrize(
    ("amount", "unit", "at", "due"),
    [
        ("3", LimitUnit.WORKING_DAYS, "02 09:00", "05/03/2026 09:00"),
        ("0.5", LimitUnit.WORKING_DAYS, "02 07:30", "02/03/2026 11:30"),
        ("2", LimitUnit.WORKING_HOURS, "02 09:00", "02/03/2026 11:00"),
        ("1.5", LimitUnit.WORKING_HOURS, "02 10:00", "02/03/2026 11:30"),
        ("5", LimitUnit.CALENDAR_DAYS, "02 09:00", "09/03/2026 17:00"),
        ("0.5", LimitUnit.CALENDAR_DAYS, "02 09:00", "03/03/2026 17:00"),
        ("1", LimitUnit.MONTHS, "02 09:00", "02/04/2026 17:00"),
        (None, LimitUnit.SAME_DAY, "02 15:00", "02/03/2026 17:00"),
        (None, LimitUnit.SAME_DAY, "02 15:01", "03/03/2026 17:00"),
    ],
)
def test_due_by__every_unit(amount: str | None, unit: LimitUnit, at: str, due: str) -> None:
    received = dt.datetime.strptime(f"2026-03-{at}", "%Y-%m-%d %H:%M").replace(tzinfo=clock.ZONE)
    found = deadlines.due_by(limit(amount, unit), received)
    assert found is not None
    assert f"{found:%d/%m/%Y %H:%M}" == due


def test_due_by__not_known__is_nothing() -> None:
    for one in (
        limit("1", LimitUnit.UNKNOWN),
        limit(None, LimitUnit.WORKING_DAYS),
        limit("1.5", LimitUnit.MONTHS),
    ):
        assert deadlines.due_by(one, MONDAY) is None


AMOUNTS = st.decimals("0.01", "60", places=2)
INSTANTS = st.integers(0, 180 * 86_400).map(lambda one: MONDAY + dt.timedelta(seconds=one))
COUNTED = st.sampled_from([LimitUnit.WORKING_DAYS, LimitUnit.WORKING_HOURS, LimitUnit.CALENDAR_DAYS])


@settings(max_examples=150, deadline=None)
@given(AMOUNTS, AMOUNTS, COUNTED, INSTANTS, INSTANTS)
def test_due_by__more_time_or_a_later_start__is_never_earlier(
    one: Decimal, other: Decimal, unit: LimitUnit, first: dt.datetime, second: dt.datetime
) -> None:
    less, more = sorted((one, other))
    early, late = sorted((first, second))
    dues = [
        deadlines.due_by(limit(str(amount), unit), at)
        for amount, at in ((less, early), (more, early), (more, late))
    ]
    assert dues == sorted(dues)  # type: ignore[type-var]
    assert dues[0] is not None
    assert dues[0] >= early


@settings(max_examples=100, deadline=None)
@given(AMOUNTS, INSTANTS)
def test_due_by__working_days_and_their_hours__are_the_same(days: Decimal, at: dt.datetime) -> None:
    hours = str(days * 8)
    by_days, by_hours = limit(str(days), LimitUnit.WORKING_DAYS), limit(hours, LimitUnit.WORKING_HOURS)
    assert deadlines.due_by(by_days, at) == deadlines.due_by(by_hours, at)


@settings(max_examples=100, deadline=None)
@given(INSTANTS)
def test_due_by__same_day__ends_a_working_day_within_the_next(at: dt.datetime) -> None:
    due = deadlines.due_by(limit(None, LimitUnit.SAME_DAY), at)
    assert due is not None
    known = calendars.calendar()
    assert due == known.closing(due.date())
    assert due.date() in {at.date(), known.next_working_day(at.date())}


# --- which limit counts
def version_with(*limits: Limit) -> ProcedureVersion:
    with journal.act(SYSTEM, "test.write_version") as act:
        (id_,) = writer.ensure_procedures([("9.000001", 0)]).values()
        facts = Facts("Thủ tục", "Hộ tịch", limits=list(limits))
        (made,) = writer.write_versions(
            [writer.NewVersion(id_, facts, DateRange(MONDAY.date(), None), "test")]
        )
        act.changed("test", None, None, {})
    return ProcedureVersion.objects.get(pk=made)


def days(amount: int, channel: int | None = None, case: str = "") -> Limit:
    return Limit(channel, case, str(amount), str(LimitUnit.WORKING_DAYS))


def test_limit_of__own_channel_before_every_channel__own_case_before_none() -> None:
    version = version_with(days(5), days(3, Channel.ONLINE), days(9, Channel.ONLINE, "Phức tạp"))
    assert catalogue.limit_of(version, Channel.IN_PERSON).amount == 5  # type: ignore[union-attr]
    assert catalogue.limit_of(version, Channel.ONLINE).amount == 3  # type: ignore[union-attr]
    assert catalogue.limit_of(version, Channel.ONLINE, "phuc tap").amount == 9  # type: ignore[union-attr]
    assert catalogue.limit_of(version, Channel.ONLINE, "khác").amount == 3  # type: ignore[union-attr]
    assert catalogue.cases_of(version, Channel.ONLINE) == ["Phức tạp"]
    due = deadlines.due_at(version, Channel.ONLINE, "Phức tạp", MONDAY)
    assert due == calendars.add_working_time(MONDAY, 9, calendars.TimeUnit.WORKING_DAYS)


def test_limit_of__cases_and_none_told__is_left_to_a_person() -> None:
    version = version_with(days(2, Channel.IN_PERSON, "thường"), days(9, Channel.IN_PERSON, "khó"))
    assert catalogue.limit_of(version, Channel.IN_PERSON) is None
    assert deadlines.due_at(version, Channel.IN_PERSON, "", MONDAY) is None
    assert catalogue.limit_of(version, Channel.POSTAL) is None
    assert catalogue.limit_of(version, Channel.IN_PERSON, "KHÓ").amount == 9  # type: ignore[union-attr]
