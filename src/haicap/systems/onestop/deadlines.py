"""Hạn trả kết quả: appointments by the working calendar, and how much time is left in words."""

from __future__ import annotations

import uuid
from datetime import datetime, time, timedelta

from haicap.kernel.calendar import service as calendars
from haicap.kernel.calendar.rules import TimeUnit, due
from haicap.kernel.calendar.words import remaining_text
from haicap.kernel.calendar.working import WorkingCalendar
from haicap.kernel.clock import ZONE

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
    return due(working_calendar(agency_id), received_at, days, unit)


def extended(
    due_at: datetime, waiting_since: datetime, until: datetime, agency_id: uuid.UUID | None = None
) -> datetime:
    """The appointment moved by the working time that a dossier waited: the clock stood still meanwhile."""
    calendar = working_calendar(agency_id)
    waited_s = max(0, calendar.seconds_between(waiting_since, until))
    return calendar.add_seconds(due_at, waited_s) if waited_s else due_at


def left_in_words(due_at: datetime, now: datetime, agency_id: uuid.UUID | None = None) -> str:
    """«còn 2 ngày làm việc», «quá hạn 1 ngày làm việc»."""
    return remaining_text(working_calendar(agency_id), now, due_at)


def midnight_after(now: datetime) -> datetime:
    """The first instant of tomorrow in Vietnam."""
    local = now.astimezone(ZONE)
    return datetime.combine(local.date() + timedelta(days=1), time.min, tzinfo=ZONE)
