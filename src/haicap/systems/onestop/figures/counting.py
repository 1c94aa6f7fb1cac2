"""Đếm theo ngày: the rows of `DossierDay` and `TaskDay`, always made anew from the dossiers, a day at a time.

A day that is over can still change: a dossier comes back from «đã xử lý xong», or is accepted after it was registered.
Whatever a step touches since the last look makes all the days of its dossier new; nothing is added up in passing, so
that the tables cannot drift from what they count (a test compares the two).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction

from haicap.kernel import clock
from haicap.systems.onestop.models import JobMark, Status
from haicap.systems.onestop.processing.routed import ENDED_OTHERWISE
from haicap.systems.onestop.processing.service import RECALLED
from haicap.systems.onestop.routes.moving import MOVED, MOVED_BACK

MARK = "days-counted"
#: looked at again, for steps whose transaction ended later than they began
OVERLAP = timedelta(minutes=15)
#: days in one transaction when everything is counted for the first time
CHUNK_DAYS = 31
#: ends of tasks that nobody did
NOT_DONE = (ENDED_OTHERWISE, RECALLED, MOVED, MOVED_BACK)

# What a day brought, from the dossiers themselves. Registered online and not yet looked at is not received.
DOSSIERS_SQL = """
    SELECT (counted.at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS day, counted.agency_id, counted.field,
           coalesce(detail.channel, 1) AS channel,
           sum(counted.received) AS received, sum(counted.ended) AS ended,
           sum(CASE WHEN counted.late OR (counted.ended = 1 AND coalesce(detail.supplements, 0) > 1)
                    THEN 1 ELSE 0 END) AS late
    FROM (
        SELECT id, received_at AS at, competent_agency_id AS agency_id, field, 1 AS received, 0 AS ended,
               false AS late
        FROM onestop_dossier
        WHERE received_at >= %(since)s AND received_at < %(until)s AND status <> %(registered)s
        UNION ALL
        SELECT id, finished_at, competent_agency_id, field, 0, 1, due_at IS NOT NULL AND finished_at > due_at
        FROM onestop_dossier WHERE finished_at >= %(since)s AND finished_at < %(until)s
    ) counted
    LEFT JOIN onestop_dossierdetail detail ON detail.dossier_id = counted.id
    GROUP BY 1, 2, 3, 4
"""
TASKS_SQL = """
    SELECT (task.closed_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS day,
           coalesce(desk.founder_id, dossier.competent_agency_id) AS agency_id, task.title_id,
           count(*) AS done,
           count(*) FILTER (WHERE task.due_at IS NOT NULL AND task.closed_at > task.due_at) AS late
    FROM onestop_dossiertask task
    JOIN onestop_dossier dossier ON dossier.id = task.dossier_id
    LEFT JOIN registry_desk desk ON desk.id = task.desk_id
    WHERE task.closed_at >= %(since)s AND task.closed_at < %(until)s AND task.outcome <> ALL (%(not_done)s)
    GROUP BY 1, 2, 3
"""
_REPLACE = (
    "DELETE FROM onestop_dossierday WHERE day >= %(first)s AND day <= %(last)s",
    "DELETE FROM onestop_taskday WHERE day >= %(first)s AND day <= %(last)s",
    f"INSERT INTO onestop_dossierday (day, agency_id, field, channel, received, ended, late) {DOSSIERS_SQL}",
    f"INSERT INTO onestop_taskday (day, agency_id, title_id, done, late) {TASKS_SQL}",
)
_TOUCHED = """
    SELECT DISTINCT (every.at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
    FROM onestop_dossierstep every
    WHERE every.dossier_id IN (SELECT recent.dossier_id FROM onestop_dossierstep recent WHERE recent.id >= %s)
"""


def count_days(first: date, last: date) -> None:
    """Đếm lại: make the rows of these days anew. One writer at a time."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('onestop.count_days'))")
        for sql in _REPLACE:
            cursor.execute(sql, bounds(first, last))


def follow() -> int:
    """Count what changed since the last look; everything on the first. How many days were counted."""
    real = clock.now() - clock.current_shift()
    mark = JobMark.objects.filter(name=MARK).first()
    if mark is None:
        counted = count_everything()
    else:
        days = _touched_since(mark.at - OVERLAP)
        since = (clock.now() - (real - mark.at) - OVERLAP).astimezone(clock.ZONE).date()
        today = clock.today()
        days |= {since + timedelta(days=number) for number in range((today - since).days + 1)}
        for begin, end in runs(days):
            count_days(begin, end)
        counted = len(days)
    JobMark.objects.update_or_create(name=MARK, defaults={"at": real})
    return counted


def counted_until() -> datetime | None:
    """Up to which instant the days are counted, by the deployment's clock; None before the first time."""
    mark = JobMark.objects.filter(name=MARK).first()
    return mark.at + clock.current_shift() if mark is not None else None


def bounds(first: date, last: date) -> dict[str, Any]:
    """The values that the SQL of this module asks for."""
    return {
        "first": first,
        "last": last,
        "since": datetime.combine(first, time.min, tzinfo=clock.ZONE),
        "until": datetime.combine(last + timedelta(days=1), time.min, tzinfo=clock.ZONE),
        "registered": int(Status.REGISTERED),
        "not_done": list(NOT_DONE),
    }


def runs(days: Iterable[date]) -> list[tuple[date, date]]:
    """Days as runs without a gap, each at most `CHUNK_DAYS` long."""
    made: list[tuple[date, date]] = []
    for day in sorted(days):
        if made and day == made[-1][1] + timedelta(days=1) and (day - made[-1][0]).days < CHUNK_DAYS:
            made[-1] = (made[-1][0], day)
        else:
            made.append((day, day))
    return made


def count_everything() -> int:
    """Đếm lại tất cả: every day since the first reception, in transactions of a month. How many days.

    Each night: what was written past the history of steps (a take-over of old data, a correction by hand) is found.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(received_at) FROM onestop_dossier")
        (earliest,) = cursor.fetchone()
    today = clock.today()
    first = min(earliest.astimezone(clock.ZONE).date(), today) if earliest is not None else today
    days = [first + timedelta(days=number) for number in range((today - first).days + 1)]
    for begin, end in runs(days):
        count_days(begin, end)
    return len(days)


def _touched_since(instant: datetime) -> set[date]:
    # ids are UUIDv7: made by the machine's clock, in the order of time
    floor = uuid.UUID(int=int(instant.timestamp() * 1000) << 80)
    with connection.cursor() as cursor:
        cursor.execute(_TOUCHED, [floor])
        return {row[0] for row in cursor.fetchall()}
