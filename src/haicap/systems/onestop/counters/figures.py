"""Số liệu tại quầy theo ngày: drawn, served, missed, left without a call; median waits. Nothing about a person."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from django.db import connection

#: days that one look covers
MOST_DAYS = 366

# A number put back counts once, as it ended. Only measured times make a median: a number that the end of the day
# closed has none.
_SQL = """
    SELECT day, count(*),
           count(*) FILTER (WHERE state = 'done'),
           count(*) FILTER (WHERE state = 'missed'),
           count(*) FILTER (WHERE state = 'cancelled'),
           count(*) FILTER (WHERE state IN ('waiting', 'called', 'serving')),
           count(*) FILTER (WHERE rank = 0),
           count(booking_id),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM called_at - issued_at))
               FILTER (WHERE called_at IS NOT NULL) / 60,
           percentile_cont(0.9) WITHIN GROUP (ORDER BY extract(epoch FROM called_at - issued_at))
               FILTER (WHERE called_at IS NOT NULL) / 60,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM ended_at - coalesce(served_at, called_at)))
               FILTER (WHERE state = 'done' AND ended_at IS NOT NULL) / 60
    FROM onestop_ticket
    WHERE desk_id = ANY (%s) AND day BETWEEN %s AND %s
    GROUP BY day ORDER BY day DESC LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Day:
    """Một ngày: `drawn` = served + missed + left + still there; minutes are None where nothing was measured."""

    day: date
    drawn: int
    served: int
    missed: int
    left: int
    still: int
    first: int
    booked: int
    wait: float | None
    wait_90: float | None
    service: float | None


def days(desk_ids: Collection[uuid.UUID], since: date, until: date) -> list[Day]:
    """The days with numbers, the latest first. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [list(desk_ids), since, until, MOST_DAYS])
        return [
            Day(*row[:8], *(float(value) if value is not None else None for value in row[8:]))
            for row in cursor.fetchall()
        ]
