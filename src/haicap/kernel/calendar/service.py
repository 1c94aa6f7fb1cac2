"""What other packages ask of the calendar, and the use-cases that change it.

Computing (any process, about 100,000 a second once the calendar is in memory)::

    due_at = service.add_working_time(received_at, 10, TimeUnit.WORKING_DAYS, agency_id)
    service.working_hours_between(a, b, agency_id)      # Fraction of working hours, exactly
    service.remaining_text(due_at, agency_id=agency_id) # «còn 2 ngày làm việc»

For loops over thousands of records take `calendar(agency_id)` once and ask it directly.

Changing: every use-case needs the permission `calendar.edit`, says where the change comes from
(`provenance`), ends the believed rows and writes new ones, and is journalled. Due dates already given stay.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from django.db import connection
from django.db.models import Q
from django.utils.translation import gettext as _
from psycopg.types.range import DateRange

from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.calendar import rules, store, words
from haicap.kernel.calendar.errors import BadCalendarDay, BadWorkingHours, CalendarNotAllowed, OutsideCalendar
from haicap.kernel.calendar.proposal import FIRST_YEAR, LAST_YEAR, proposed_days
from haicap.kernel.calendar.rules import TimeUnit
from haicap.kernel.calendar.working import SAME_DAY_UNTIL, Day, Half, WorkingCalendar
from haicap.kernel.models.calendar import BELIEVED, CalendarDay, DayKind, WorkingWeek
from haicap.kernel.text import clean

PERMISSION = "calendar.edit"
_OFF = (DayKind.HOLIDAY, DayKind.IN_LIEU, DayKind.SWAPPED_OFF, DayKind.CLOSED)

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class WeekHalf:
    """Một buổi trong tuần: weekday 1 (Monday) to 7, "morning" or "afternoon", and its hours."""

    weekday: int
    half: str
    hours: Half


# --- computing ----------------------------------------------------------------------------------------


def calendar(agency_id: uuid.UUID | None = None) -> WorkingCalendar:
    """The present calendar of an agency (or of the deployment) for the years whose days off are known.

    Immutable and shared: keep it for one piece of work, not for longer, since the table may change.
    """
    return store.calendar_of(agency_id)


def add_working_time(
    start: dt.datetime, amount: int, unit: TimeUnit, agency_id: uuid.UUID | None = None
) -> dt.datetime:
    """The instant when a time limit of `amount` units that begins at `start` is over (see `rules.due`).

    Raises NaiveInstant (KRN-101), BadAmount (KRN-102), OutsideCalendar (KRN-104).
    """
    return _ask(agency_id, lambda known: rules.due(known, start, amount, unit), start)


def subtract_working_hours(
    end: dt.datetime, hours: int | Fraction, agency_id: uuid.UUID | None = None
) -> dt.datetime:
    """The instant from which so many working hours last until `end`; errors as `add_working_time`."""
    return _ask(agency_id, lambda known: known.subtract_hours(end, hours), end)


def subtract_working_days(end: dt.datetime, days: int, agency_id: uuid.UUID | None = None) -> dt.datetime:
    """The instant from which so many working days last until `end`; errors as `add_working_time`."""
    return _ask(agency_id, lambda known: known.subtract_days(end, days), end)


def working_hours_between(
    start: dt.datetime, end: dt.datetime, agency_id: uuid.UUID | None = None
) -> Fraction:
    """Working hours from `start` to `end`, exactly; negative when `end` lies before `start`."""
    return _ask(agency_id, lambda known: known.hours_between(start, end), start, end)


def working_days_between(
    start: dt.datetime, end: dt.datetime, agency_id: uuid.UUID | None = None
) -> Fraction:
    """Working days of 8 hours from `start` to `end`, exactly."""
    return _ask(agency_id, lambda known: known.days_between(start, end), start, end)


def is_working(instant: dt.datetime, agency_id: uuid.UUID | None = None) -> bool:
    """Whether work is done at an instant."""
    return _ask(agency_id, lambda known: known.is_working(instant), instant)


def next_working_instant(instant: dt.datetime, agency_id: uuid.UUID | None = None) -> dt.datetime:
    """`instant` when work is done then, else the next opening."""
    return _ask(agency_id, lambda known: known.next_working_instant(instant), instant)


def remaining_text(
    due_at: dt.datetime, moment: dt.datetime | None = None, agency_id: uuid.UUID | None = None
) -> str:
    """What is left at `moment`, by default now: «còn 2 ngày làm việc», «quá hạn 3 giờ làm việc»."""
    asked_at = moment or clock.now()
    return _ask(agency_id, lambda known: words.remaining_text(known, asked_at, due_at), asked_at, due_at)


def _ask(
    agency_id: uuid.UUID | None, question: Callable[[WorkingCalendar], Answer], *instants: dt.datetime
) -> Answer:
    """Ask the calendar; a longer one where the answer lies beyond its years."""
    try:
        return question(store.calendar_of(agency_id))
    except OutsideCalendar:
        store.refuse_far_away(*instants)
        for growth in store.growths()[1:-1]:
            try:
                return question(store.calendar_of(agency_id, growth))
            except OutsideCalendar:
                continue
        return question(store.calendar_of(agency_id, store.growths()[-1]))


# --- changing -----------------------------------------------------------------------------------------


def set_day(
    actor: Actor,
    day: dt.date,
    kind: DayKind,
    name: str,
    *,
    provenance: str,
    agency_id: uuid.UUID | None = None,
    morning: bool | None = None,
    afternoon: bool | None = None,
    swapped_with: dt.date | None = None,
    provisional: bool = False,
) -> CalendarDay:
    """Enter a day off or an extra working day, for one agency or for all; replaces what was believed of it.

    `morning` and `afternoon` say which halves are worked: by default none on a day off, both otherwise.
    Raises CalendarNotAllowed (KRN-107), BadCalendarDay (KRN-106).
    """
    _allow(actor)
    worked = kind not in _OFF
    row = CalendarDay(
        agency_id=agency_id,
        provenance=_said(provenance),
        day=_day_in_reach(day),
        kind=kind,
        name=_said(name)[:200],
        morning=worked if morning is None else morning,
        afternoon=worked if afternoon is None else afternoon,
        swapped_with=swapped_with,
        provisional=provisional,
    )
    _check_halves(row)
    with journal.act(actor, "calendar.set_day", reason=row.provenance) as act:
        _close_to_others()
        if agency_id is None and not CalendarDay.objects.filter(BELIEVED, _of_year(day.year)).exists():
            load_year(actor, day.year)  # else this one day would stand for the whole year
        _replace_day(act, row)
    return row


def swap_days(
    actor: Actor, off: dt.date, on: dt.date, *, provenance: str, agency_id: uuid.UUID | None = None
) -> tuple[CalendarDay, CalendarDay]:
    """Hoán đổi ngày làm việc: no work on `off`, work on `on` instead (làm bù). Errors as `set_day`."""
    if off == on:
        raise BadCalendarDay(_("Ngày nghỉ và ngày làm bù phải khác nhau"))
    with journal.act(actor, "calendar.swap_days", reason=provenance):
        free = set_day(
            actor,
            off,
            DayKind.SWAPPED_OFF,
            _("Nghỉ hoán đổi với ngày %(day)s") % {"day": f"{on:%d/%m/%Y}"},
            provenance=provenance,
            agency_id=agency_id,
            swapped_with=on,
        )
        worked = set_day(
            actor,
            on,
            DayKind.SWAPPED_ON,
            _("Làm bù cho ngày %(day)s") % {"day": f"{off:%d/%m/%Y}"},
            provenance=provenance,
            agency_id=agency_id,
            swapped_with=off,
        )
    return free, worked


def withdraw_day(actor: Actor, day: dt.date, *, reason: str, agency_id: uuid.UUID | None = None) -> None:
    """Take a day back: it is an ordinary day of its weekday again (or what the deployment says of it).

    The row stays readable as history. Raises CalendarNotAllowed (KRN-107), BadCalendarDay (KRN-106).
    """
    _allow(actor)
    with journal.act(actor, "calendar.withdraw_day", reason=_said(reason)) as act:
        _close_to_others()
        row = CalendarDay.objects.filter(BELIEVED, day=day, agency_id=agency_id).first()
        if row is None:
            raise BadCalendarDay(
                _("Ngày %(day)s không có trong lịch nghỉ") % {"day": f"{day:%d/%m/%Y}"},
                kept=_("Lịch cũ vẫn giữ nguyên."),
                todo=_("Xem các ngày đã nhập bằng «haicap calendar show»."),
            )
        _end("kernel_calendar_day", [row.id])
        act.changed("calendar_day", row.id, _day_values(row), None)


def load_year(actor: Actor, year: int) -> int:
    """Enter the proposed days off of a year, as provisional; days already entered stay. Returns how many.

    Raises CalendarNotAllowed (KRN-107), BadCalendarDay (KRN-106) for a year that cannot be proposed.
    """
    _allow(actor)
    proposals = proposed_days(year)
    if not proposals:
        raise BadCalendarDay(
            _("Không có lịch nghỉ dự kiến của năm %(year)s") % {"year": year},
            todo=_("Chọn một năm từ %(first)s đến %(last)s.") % {"first": FIRST_YEAR, "last": LAST_YEAR},
        )
    with journal.act(
        actor, "calendar.load_year", reason=_("Lịch nghỉ dự kiến năm %(year)s") % {"year": year}
    ) as act:
        _close_to_others()
        entered = set(CalendarDay.objects.filter(BELIEVED, _of_year(year)).values_list("day", flat=True))
        rows = [
            CalendarDay(
                provenance=proposed.provenance,
                day=proposed.day,
                kind=proposed.kind,
                name=proposed.name,
                morning=proposed.worked,
                afternoon=proposed.worked,
                swapped_with=proposed.swapped_with,
                provisional=True,
            )
            for proposed in proposals
            if proposed.day not in entered
        ]
        CalendarDay.objects.bulk_create(rows)
        store.changed_here()
        for row in rows:
            act.changed("calendar_day", row.id, None, _day_values(row))
        if not rows:
            act.changed("calendar_day", None, None, {"year": year, "count": 0})
    return len(rows)


def confirm_year(actor: Actor, year: int, *, provenance: str) -> int:
    """Say that the days off of a year are as officially announced: no row of it is provisional any more.

    Returns how many rows were confirmed. Raises CalendarNotAllowed (KRN-107), BadCalendarDay (KRN-106).
    """
    _allow(actor)
    said = _said(provenance)
    with journal.act(actor, "calendar.confirm_year", reason=said) as act:
        _close_to_others()
        provisional = CalendarDay.objects.filter(BELIEVED, _of_year(year), provisional=True)
        rows = list(provisional.order_by("day"))
        if not rows:
            raise BadCalendarDay(
                _("Năm %(year)s không có ngày nghỉ nào chờ xác nhận") % {"year": year},
                kept=_("Lịch cũ vẫn giữ nguyên."),
                todo=_("Nhập lịch dự kiến của năm trước bằng «haicap calendar load»."),
            )
        for row in rows:
            confirmed = CalendarDay(
                **{**_day_columns(row), "provisional": False, "provenance": f"{said}; {row.provenance}"[:300]}
            )
            _replace_day(act, confirmed)
    return len(rows)


def set_week(
    actor: Actor,
    halves: Iterable[WeekHalf],
    *,
    begins_on: dt.date | None,
    ends_on: dt.date | None = None,
    provenance: str,
    agency_id: uuid.UUID | None = None,
    same_day_until: dt.time = SAME_DAY_UNTIL,
) -> WorkingWeek:
    """Set the hours of the week from `begins_on` until the day before `ends_on` (None: open).

    For one agency, or for all without hours of their own.

    What was believed of those days ends; what lies before and after stays. No halves at all: never worked.
    Raises CalendarNotAllowed (KRN-107), BadWorkingHours (KRN-105).
    """
    _allow(actor)
    if begins_on is not None and ends_on is not None and begins_on >= ends_on:
        raise BadWorkingHours(_("Ngày kết thúc phải sau ngày bắt đầu"), kept=_("Lịch cũ vẫn giữ nguyên."))
    week = WorkingWeek(
        agency_id=agency_id,
        provenance=_said(provenance),
        valid=DateRange(begins_on, ends_on),
        halves=_week_rows(list(halves)),
        same_day_until=same_day_until,
    )
    with journal.act(actor, "calendar.set_week", reason=week.provenance) as act:
        _close_to_others()
        overlapping = list(
            WorkingWeek.objects.filter(BELIEVED, agency_id=agency_id, valid__overlap=week.valid).order_by(
                "valid"
            )
        )
        _end("kernel_working_week", [row.id for row in overlapping])
        remains = [part for row in overlapping for part in _outside(row, begins_on, ends_on)]
        WorkingWeek.objects.bulk_create([*remains, week])
        for row in overlapping:
            act.changed("working_week", row.id, _week_values(row), None)
        for row in (*remains, week):
            act.changed("working_week", row.id, None, _week_values(row))
    return week


def _of_year(year: int) -> Q:
    return Q(day__year=year, agency_id=None)


def _replace_day(act: journal.Act, row: CalendarDay) -> None:
    """End what is believed of a day and believe `row`."""
    old = CalendarDay.objects.filter(BELIEVED, day=row.day, agency_id=row.agency_id).first()
    if old is not None:
        _end("kernel_calendar_day", [old.id])
    row.save(force_insert=True)
    store.changed_here()
    act.changed("calendar_day", row.id, _day_values(old) if old else None, _day_values(row))


def _end(table: str, ids: list[uuid.UUID]) -> None:
    """End believed rows now; never before they began, also when the clock was shifted back for a drill."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET recorded = tstzrange(lower(recorded),"
            " greatest(lower(recorded), kernel_clock_now())) WHERE id = ANY(%s)",
            [ids],
        )
    store.changed_here()


def _close_to_others() -> None:
    """One change of the calendar at a time; readers do not wait."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE kernel_working_week, kernel_calendar_day IN SHARE ROW EXCLUSIVE MODE")


def _allow(actor: Actor) -> None:
    if not actor.may(PERMISSION):
        raise CalendarNotAllowed(
            _("%(actor)s không được sửa lịch làm việc") % {"actor": actor.label},
            kept=_("Lịch cũ vẫn giữ nguyên."),
            todo=_("Đề nghị quản trị hệ thống của tỉnh thực hiện hoặc cấp quyền."),
        )


def _said(given: str) -> str:
    """A text that must not be empty: a name, or where a change comes from."""
    said = clean(given)[:300]
    if not said:
        raise BadCalendarDay(
            _("Thiếu tên ngày hoặc căn cứ của thay đổi"),
            kept=_("Lịch cũ vẫn giữ nguyên."),
            todo=_("Ghi số văn bản thông báo hoặc lý do."),
        )
    return said


def _day_in_reach(day: dt.date) -> dt.date:
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise BadCalendarDay(
            _("Ngày %(day)s ngoài phạm vi của lịch") % {"day": day.isoformat()},
            kept=_("Lịch cũ vẫn giữ nguyên."),
            todo=_("Kiểm tra lại năm đã nhập."),
        )
    return day


def _check_halves(row: CalendarDay) -> None:
    off = row.kind in _OFF
    if (off and row.morning and row.afternoon) or (not off and not row.morning and not row.afternoon):
        raise BadCalendarDay(
            _("Ngày %(day)s: loại «%(kind)s» không hợp với các buổi làm việc đã chọn")
            % {"day": f"{row.day:%d/%m/%Y}", "kind": DayKind(row.kind).label},
            kept=_("Lịch cũ vẫn giữ nguyên."),
            todo=_("Ngày nghỉ phải nghỉ ít nhất một buổi, ngày làm bù phải làm ít nhất một buổi."),
        )


def _week_rows(halves: list[WeekHalf]) -> list[dict[str, object]]:
    """Halves as the JSON of a row; each day is tried out, so that what cannot be is refused here."""
    seen: dict[tuple[int, str], Half] = {}
    for given in halves:
        place = (given.weekday, given.half)
        if given.half not in ("morning", "afternoon") or not 1 <= given.weekday <= 7 or place in seen:
            raise BadWorkingHours(
                _("Buổi «%(half)s» của ngày thứ %(weekday)s trong tuần không hợp lệ hoặc bị lặp")
                % {"half": given.half, "weekday": given.weekday},
                kept=_("Lịch cũ vẫn giữ nguyên."),
            )
        if given.hours.counts_s % 60:
            raise BadWorkingHours(_("Thời gian tính cho một buổi phải tròn phút"))
        seen[place] = given.hours
    for weekday in range(1, 8):
        found = (seen.get((weekday, half)) for half in ("morning", "afternoon"))
        Day(tuple(hours for hours in found if hours))
    return [
        {
            "weekday": weekday,
            "half": half,
            "opens": hours.opens.isoformat("auto"),
            "closes": hours.closes.isoformat("auto"),
            "counts_minutes": hours.counts_s // 60,
        }
        for (weekday, half), hours in sorted(seen.items(), key=lambda item: (item[0][0], item[1].opens))
    ]


def _outside(row: WorkingWeek, begins_on: dt.date | None, ends_on: dt.date | None) -> list[WorkingWeek]:
    """What is left of a week's validity before and after a new one."""
    left: list[WorkingWeek] = []
    if begins_on is not None and (row.valid.lower is None or row.valid.lower < begins_on):
        left.append(_copy_week(row, DateRange(row.valid.lower, begins_on)))
    if ends_on is not None and (row.valid.upper is None or row.valid.upper > ends_on):
        left.append(_copy_week(row, DateRange(ends_on, row.valid.upper)))
    return left


def _copy_week(row: WorkingWeek, valid: DateRange) -> WorkingWeek:
    return WorkingWeek(
        agency_id=row.agency_id,
        provenance=row.provenance,
        valid=valid,
        halves=row.halves,
        same_day_until=row.same_day_until,
    )


_DAY_COLUMNS = (
    "agency_id",
    "provenance",
    "day",
    "kind",
    "name",
    "morning",
    "afternoon",
    "swapped_with",
    "provisional",
)


def _day_columns(row: CalendarDay) -> dict[str, object]:
    return {name: getattr(row, name) for name in _DAY_COLUMNS}


def _day_values(row: CalendarDay) -> dict[str, object]:
    return {"id": row.id, **_day_columns(row)}


def _week_values(row: WorkingWeek) -> dict[str, object]:
    return {
        "id": row.id,
        "agency_id": row.agency_id,
        "provenance": row.provenance,
        "valid": row.valid,
        "halves": row.halves,
        "same_day_until": row.same_day_until,
    }
