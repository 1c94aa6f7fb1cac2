"""Hạn trả kết quả: appointments by the working calendar, and how much time is left in words."""

from __future__ import annotations

import math
import uuid
from datetime import datetime, time, timedelta
from fractions import Fraction

from haicap.kernel.calendar import service as calendars
from haicap.kernel.calendar.rules import TimeUnit
from haicap.kernel.calendar.working import HOURS_A_DAY, WorkingCalendar
from haicap.kernel.clock import ZONE
from haicap.systems.onestop.catalogue.limits import limit_of
from haicap.systems.onestop.models import Channel, LimitUnit, ProcedureVersion, TimeLimit

#: working days where the procedure's time limit is not known here
DEFAULT_DAYS = 10


def working_calendar(agency_id: uuid.UUID | None = None) -> WorkingCalendar:
    """The working calendar of an agency, of the deployment without one."""
    return calendars.calendar(agency_id)


def appointment(received_at: datetime, days: int, agency_id: uuid.UUID | None = None) -> datetime:
    """When a dossier received at `received_at` is due: `days` working days later, 0 within the same day.

    Same-day procedures received after 15:00 are due the next working day (standards §1).
    """
    unit = TimeUnit.WORKING_DAYS if days else TimeUnit.SAME_DAY
    return calendars.add_working_time(received_at, days, unit, agency_id)


def due_at(
    version: ProcedureVersion,
    channel: Channel | int | None,
    case: str,
    received_at: datetime,
    agency_id: uuid.UUID | None = None,
) -> datetime | None:
    """Hạn trả kết quả: when a dossier received at `received_at` is due by the procedure's published time limit.

    None where the catalogue does not say it (no unit, no time, several cases and none told): a person settles that
    (`CatalogueDefect`), nothing is guessed. Errors as the calendar's `add_working_time`.
    """
    limit = limit_of(version, channel, case)
    return due_by(limit, received_at, agency_id) if limit is not None else None


def due_by(limit: TimeLimit, received_at: datetime, agency_id: uuid.UUID | None = None) -> datetime | None:
    """When a time limit that begins at `received_at` is over; None where its unit or amount is not known.

    Parts of working hours and days are counted exactly; a begun calendar day counts as a whole one.
    """
    if limit.unit == LimitUnit.SAME_DAY:
        return calendars.add_working_time(received_at, 0, TimeUnit.SAME_DAY, agency_id)
    if limit.unit == LimitUnit.UNKNOWN or limit.amount is None:
        return None
    amount, unit = Fraction(limit.amount), TimeUnit(limit.unit)
    if amount.denominator == 1:
        return calendars.add_working_time(received_at, amount.numerator, unit, agency_id)
    if unit is TimeUnit.MONTHS:  # no law counts parts of a month
        return None
    if unit is TimeUnit.CALENDAR_DAYS:
        return calendars.add_working_time(received_at, math.ceil(amount), unit, agency_id)
    hours = amount * HOURS_A_DAY if unit is TimeUnit.WORKING_DAYS else amount
    return calendars.subtract_working_hours(received_at, -hours, agency_id)


def extended(
    due_at: datetime, waiting_since: datetime, until: datetime, agency_id: uuid.UUID | None = None
) -> datetime:
    """The appointment moved by the working time that a dossier waited: the clock stood still meanwhile."""
    waited_s = int(calendars.working_hours_between(waiting_since, until, agency_id) * 3600)
    if waited_s <= 0:
        return due_at
    return calendars.subtract_working_hours(due_at, Fraction(-waited_s, 3600), agency_id)


def left_in_words(due_at: datetime, now: datetime, agency_id: uuid.UUID | None = None) -> str:
    """«còn 2 ngày làm việc», «quá hạn 1 ngày làm việc»."""
    return calendars.remaining_text(due_at, now, agency_id)


def midnight_after(now: datetime) -> datetime:
    """The first instant of tomorrow in Vietnam."""
    local = now.astimezone(ZONE)
    return datetime.combine(local.date() + timedelta(days=1), time.min, tzinfo=ZONE)
