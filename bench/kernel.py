"""Small things that everything else stands on: what the journal's guard costs, appointments by the calendar."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from bench.context import Context, paced, row
from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.kernel.calendar import service as calendar
from haicap.kernel.calendar.rules import TimeUnit

INSERT = (
    "INSERT INTO {table} (family_name, middle_name, given_name, full_name, fold, sort_key, personal_number, "
    "email, phone) VALUES ('Nguyễn', 'Văn', 'An', 'Nguyễn Văn An', 'nguyen van an', 'x', '', '', '')"
)


def rows(context: Context) -> list[dict[str, Any]]:
    """Each against the same work without it."""
    with context.database("kernel"):
        return [_journalled(context), _appointments(context)]


def _journalled(context: Context) -> dict[str, Any]:
    """One row and its journal entry, committed, against the row alone in a table without guards."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_person (LIKE registry_person INCLUDING ALL)")

    def guarded() -> None:
        with journal.act(SYSTEM, "bench.person") as act, connection.cursor() as cursor:
            cursor.execute(INSERT.format(table="registry_person"))
            act.changed("registry.person", uuid.uuid4(), None, {"name": "Nguyễn Văn An"})

    def bare() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(INSERT.format(table="bench_person"))

    rounds, times = (5, 20) if context.quick else (60, 40)
    value, against = paced(guarded, bare, rounds, times)
    return row(
        "kernel: a journalled row, committed", value, "1/s",
        against=against, ratio=value / against, goal="≥ 0.35 of the bare row", holds=value / against >= 0.35,
    )  # fmt: skip


def _appointments(context: Context) -> dict[str, Any]:
    """The end of ten working days."""
    start = datetime(2026, 3, 5, 9, 30, tzinfo=clock.ZONE)

    def due() -> None:
        calendar.add_working_time(start, 10, TimeUnit.WORKING_DAYS)

    rounds, times = (5, 200) if context.quick else (60, 1000)
    value, _same = paced(due, due, rounds, times)
    return row(
        "kernel: an appointment by the working calendar",
        value,
        "1/s",
        goal="≥ 20,000/s",
        holds=value >= 20_000,
    )
