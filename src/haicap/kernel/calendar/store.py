"""The calendar as the tables believe it now, kept in the process until their revision changes."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from haicap.kernel.calendar.errors import OutsideCalendar
from haicap.kernel.calendar.proposal import FIRST_YEAR, LAST_YEAR, proposed_days
from haicap.kernel.calendar.working import AFTERNOON, MORNING, SAME_DAY_UNTIL, Day, Half, WorkingCalendar
from haicap.kernel.models.calendar import BELIEVED, CalendarDay, WorkingWeek
from haicap.kernel.shared_value import SharedValue

#: (weekday 1 to 7, "morning" or "afternoon") → hours
Week = Mapping[tuple[int, str], Half]

USUAL_HALVES: Week = {
    (weekday, name): half
    for weekday in range(1, 6)
    for name, half in (("morning", MORNING), ("afternoon", AFTERNOON))
}
#: calendars of agencies with hours of their own that one process keeps
_MOST_CALENDARS = 256
#: by how many years a calendar grows when an answer lies beyond it
_GROWTH_YEARS = (0, 5, 25, LAST_YEAR - FIRST_YEAR)


@dataclass(frozen=True, slots=True)
class ValidWeek:
    """A week and the days for which it holds; the end is excluded, None is open."""

    begins_on: dt.date | None
    ends_on: dt.date | None
    halves: Week
    same_day_until: dt.time

    def covers(self, day: dt.date) -> bool:
        """Whether it holds on a day."""
        return (self.begins_on is None or self.begins_on <= day) and (
            self.ends_on is None or day < self.ends_on
        )


@dataclass(slots=True)
class Believed:
    """What the tables say at one revision, by agency (None: the whole deployment)."""

    revision: uuid.UUID | None
    weeks: dict[uuid.UUID | None, list[ValidWeek]] = field(default_factory=dict)
    days: dict[uuid.UUID | None, dict[dt.date, CalendarDay]] = field(default_factory=dict)
    calendars: OrderedDict[uuid.UUID | None, tuple[int, WorkingCalendar]] = field(default_factory=OrderedDict)

    @property
    def years(self) -> range:
        """The years whose days off are in the table; all between the first and the last."""
        known = [day.year for day in self.days.get(None, {})]
        return range(min(known), max(known) + 1) if known else range(0)

    def entered_years(self) -> frozenset[int]:
        """The years with at least one row of the whole deployment."""
        return frozenset(day.year for day in self.days.get(None, {}))


_revision: SharedValue[uuid.UUID | None] = SharedValue(
    "kernel_calendar_revision", "SELECT revision FROM kernel_calendar_revision", None
)
_believed: Believed | None = None
_lock = threading.Lock()


def changed_here() -> None:
    """Say that this transaction has changed the calendar: called by every use-case that does."""
    _revision.changed_here()


def believed() -> Believed:
    """The tables' contents at their present revision; read again only when that has changed."""
    global _believed
    revision = _revision.get()
    current = _believed
    if current is None or current.revision != revision:
        current = _read(revision)
        _believed = current
    return current


def calendar_of(agency_id: uuid.UUID | None, growth: int = 0) -> WorkingCalendar:
    """The calendar of an agency at a size; agencies without rows of their own share the deployment's."""
    tables = believed()
    if agency_id not in tables.weeks and agency_id not in tables.days:
        agency_id = None
    kept = tables.calendars.get(agency_id)
    if kept is not None and kept[0] >= growth:
        return kept[1]
    made = _make(tables, agency_id, growth)
    with _lock:
        tables.calendars[agency_id] = (growth, made)
        while len(tables.calendars) > _MOST_CALENDARS:
            tables.calendars.popitem(last=False)
    return made


def growths() -> range:
    """The sizes of a calendar, the usual first."""
    return range(len(_GROWTH_YEARS))


def _read(revision: uuid.UUID | None) -> Believed:
    tables = Believed(revision)
    for week in WorkingWeek.objects.filter(BELIEVED).order_by("valid"):
        tables.weeks.setdefault(week.agency_id, []).append(
            ValidWeek(week.valid.lower, week.valid.upper, parse_halves(week.halves), week.same_day_until)
        )
    for day in CalendarDay.objects.filter(BELIEVED).order_by("day"):
        tables.days.setdefault(day.agency_id, {})[day.day] = day
    return tables


def parse_halves(rows: list[dict[str, Any]]) -> Week:
    """The JSON of a week as hours. Raises BadWorkingHours (KRN-105) for hours that cannot be."""
    week: dict[tuple[int, str], Half] = {}
    for row in rows:
        week[row["weekday"], row["half"]] = Half(
            dt.time.fromisoformat(row["opens"]),
            dt.time.fromisoformat(row["closes"]),
            row["counts_minutes"] * 60,
        )
    return week


def _make(tables: Believed, agency_id: uuid.UUID | None, growth: int) -> WorkingCalendar:
    years = tables.years or range(SHIPPED_FALLBACK[0], SHIPPED_FALLBACK[1] + 1)
    first = max(years[0] - _GROWTH_YEARS[growth], FIRST_YEAR)
    last = min(years[-1] + _GROWTH_YEARS[growth], LAST_YEAR)
    reader = _DayReader(tables, agency_id)
    return WorkingCalendar(dt.date(first, 1, 1), dt.date(last, 12, 31), reader.day)


#: the calendar's first size where the table is empty
SHIPPED_FALLBACK = (2024, 2027)


class _DayReader:
    """What each day is for one agency: its own row, the deployment's row, its own week, the deployment's."""

    def __init__(self, tables: Believed, agency_id: uuid.UUID | None) -> None:
        self._own_days = tables.days.get(agency_id, {})
        self._shared_days = tables.days.get(None, {})
        self._weeks = [*(tables.weeks.get(agency_id, []) if agency_id else []), *tables.weeks.get(None, [])]
        self._entered = tables.entered_years()
        self._usual: dict[tuple[int, int], Day] = {}

    def day(self, day: dt.date) -> Day:
        """What a day is. A year that nobody has entered is taken as proposed."""
        week = next((index for index, valid in enumerate(self._weeks) if valid.covers(day)), -1)
        row = self._own_days.get(day) or self._shared_days.get(day)
        if row is not None:
            return self._differing(day, week, row.morning, row.afternoon, row.swapped_with, row.name)
        if day.year not in self._entered:
            for proposed in proposed_days(day.year):
                if proposed.day == day:
                    worked = proposed.worked
                    return self._differing(day, week, worked, worked, proposed.swapped_with, proposed.name)
        return self._ordinary(day.isoweekday(), week)

    def _ordinary(self, weekday: int, week: int) -> Day:
        made = self._usual.get((weekday, week))
        if made is None:
            halves, until = self._hours(week)
            found = (halves.get((weekday, name)) for name in ("morning", "afternoon"))
            made = Day(tuple(half for half in found if half), "", until)
            self._usual[weekday, week] = made
        return made

    def _differing(
        self, day: dt.date, week: int, morning: bool, afternoon: bool, swapped: dt.date | None, name: str
    ) -> Day:
        halves, until = self._hours(week)
        weekdays = [day.isoweekday(), *([swapped.isoweekday()] if swapped else []), *range(1, 8)]
        worked = []
        for wanted, half, usual in ((morning, "morning", MORNING), (afternoon, "afternoon", AFTERNOON)):
            if wanted:
                found = (halves.get((weekday, half)) for weekday in weekdays)
                worked.append(next((hours for hours in found if hours), usual))
        return Day(tuple(worked), name, until)

    def _hours(self, week: int) -> tuple[Week, dt.time]:
        if week < 0:
            return USUAL_HALVES, SAME_DAY_UNTIL
        return self._weeks[week].halves, self._weeks[week].same_day_until


def refuse_far_away(*instants: dt.datetime) -> None:
    """Raise OutsideCalendar (KRN-104) for years that no calendar can tell, before a long one is made."""
    for instant in instants:
        if not FIRST_YEAR <= instant.year <= LAST_YEAR:
            raise OutsideCalendar(
                _("Không tính được giờ làm việc của năm %(year)s") % {"year": instant.year},
                kept=_("Không có gì thay đổi."),
                todo=_("Lịch làm việc có từ năm %(first)s đến năm %(last)s: kiểm tra lại ngày tháng đã nhập.")
                % {"first": FIRST_YEAR, "last": LAST_YEAR},
            )
