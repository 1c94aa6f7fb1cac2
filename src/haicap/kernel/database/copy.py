"""Bulk writing by COPY through Django's connection."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import connection
from psycopg import sql


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Write `rows` (each in the order of `columns`) into `table` by COPY; returns how many.

    `rows` must not read from the same connection, which is busy until the COPY ends. Works in the
    caller's transaction; what the database refuses is raised as Django's errors when the COPY ends.
    """
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(sql.Identifier(column) for column in columns)
    )
    written = 0
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
            written += 1
    return written
