"""Reading the calendar's tables: what a year looks like, what is still to be confirmed, what was believed."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import F

from haicap.kernel import clock
from haicap.kernel.calendar import store
from haicap.kernel.calendar.proposal import proposed_days
from haicap.kernel.models.calendar import CalendarDay, DayKind


@dataclass(frozen=True, slots=True)
class DayLine:
    """Một dòng của lịch năm: a day that differs from its weekday, and where that comes from."""

    day: dt.date
    kind: str
    name: str
    morning: bool
    afternoon: bool
    swapped_with: dt.date | None
    provisional: bool
    provenance: str
    own: bool

    @property
    def kind_label(self) -> str:
        """The kind in Vietnamese: «nghỉ lễ, tết», «làm bù», …"""
        return str(DayKind(self.kind).label)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values; dates as yyyy-mm-dd."""
        return {
            "day": self.day.isoformat(),
            "kind": self.kind,
            "kind_label": self.kind_label,
            "name": self.name,
            "morning": self.morning,
            "afternoon": self.afternoon,
            "swapped_with": self.swapped_with.isoformat() if self.swapped_with else None,
            "provisional": self.provisional,
            "provenance": self.provenance,
            "own": self.own,
        }


def year(number: int, agency_id: uuid.UUID | None = None) -> list[DayLine]:
    """The days of a year that differ, as believed now; as proposed where nobody has entered the year.

    An agency's own rows (`own`) stand in place of the deployment's.
    """
    tables = store.believed()
    rows = {day: row for day, row in tables.days.get(None, {}).items() if day.year == number}
    lines = {day: _line(row, own=False) for day, row in rows.items()}
    if not rows:
        lines = {
            proposed.day: DayLine(
                proposed.day,
                proposed.kind,
                proposed.name,
                proposed.worked,
                proposed.worked,
                proposed.swapped_with,
                True,
                proposed.provenance,
                False,
            )
            for proposed in proposed_days(number)
        }
    if agency_id is not None:
        own = tables.days.get(agency_id, {})
        lines.update({day: _line(row, own=True) for day, row in own.items() if day.year == number})
    return [lines[day] for day in sorted(lines)]


def years_to_confirm(ahead: int = 1) -> list[int]:
    """The years, to `ahead` after the present one, whose days off nobody has entered or confirmed yet."""
    tables = store.believed()
    entered = tables.entered_years()
    provisional = {day.year for day, row in tables.days.get(None, {}).items() if row.provisional}
    this_year = clock.today().year
    return [
        number
        for number in range(this_year, this_year + ahead + 1)
        if number not in entered or number in provisional
    ]


def history(day: dt.date, agency_id: uuid.UUID | None = None) -> list[CalendarDay]:
    """Everything that was ever believed of a day, the oldest first; one query."""
    rows = CalendarDay.objects.filter(day=day, agency_id=agency_id)
    return list(rows.order_by(F("recorded").asc(), "id"))


def _line(row: CalendarDay, *, own: bool) -> DayLine:
    return DayLine(
        row.day,
        row.kind,
        row.name,
        row.morning,
        row.afternoon,
        row.swapped_with,
        row.provisional,
        row.provenance,
        own,
    )
