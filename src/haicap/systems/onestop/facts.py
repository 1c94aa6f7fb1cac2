"""What the one-stop shop gives the warehouse: counts by day, agency and procedure; nothing about people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import ClassVar

from django.db import connection

from haicap.kernel.clock import ZONE
from haicap.kernel.contract import FactSource

_BATCH = 2_000

# Receptions count on their day, ends on theirs. `on_time`: ended by the appointment.
_SQL = """
    SELECT day, agency_id, procedure_code, field,
           sum(received)::bigint, sum(finished)::bigint, sum(on_time)::bigint
    FROM (
        SELECT (received_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS day, receiving_agency_id AS agency_id,
               procedure_code, field, 1 AS received, 0 AS finished, 0 AS on_time
        FROM onestop_dossier WHERE received_at >= %(since)s AND received_at < %(until)s
        UNION ALL
        SELECT (finished_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, receiving_agency_id,
               procedure_code, field, 0, 1, (due_at IS NULL OR finished_at <= due_at)::int
        FROM onestop_dossier WHERE finished_at >= %(since)s AND finished_at < %(until)s
    ) counted
    GROUP BY 1, 2, 3, 4
    ORDER BY 1, 2, 3, 4
"""


class DossierDays(FactSource):
    """Hồ sơ theo ngày: received, finished and finished on time, by receiving agency and procedure."""

    system: ClassVar[str] = "onestop"
    name: ClassVar[str] = "dossier_days"
    label: ClassVar[str] = "Hồ sơ theo ngày, cơ quan tiếp nhận, thủ tục"
    columns: ClassVar[tuple[str, ...]] = (
        "day", "agency_id", "procedure_code", "field", "received", "finished", "on_time",
    )  # fmt: skip

    def rows(self, first: date, last: date) -> Iterator[Sequence[object]]:
        """One row a day, agency, procedure and field, in this order."""
        bounds = {
            "since": datetime.combine(first, time.min, tzinfo=ZONE),
            "until": datetime.combine(last + timedelta(days=1), time.min, tzinfo=ZONE),
        }
        with connection.cursor() as cursor:
            cursor.execute(_SQL, bounds)
            while batch := cursor.fetchmany(_BATCH):
                yield from batch


FACTS: tuple[type[FactSource], ...] = (DossierDays,)
