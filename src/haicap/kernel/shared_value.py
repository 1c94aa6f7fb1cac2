"""Giá trị dùng chung: one small value of the database that every process of the deployment follows.

The shift of the clock and the revision of the calendar are asked for at every turn and change almost never.
A process keeps what it last read and asks again after a few seconds; a process that changes the value asks
every time until it stands outside any transaction, so that neither a commit nor a rollback finds it wrong.
"""

from __future__ import annotations

import time
from typing import Any, Generic, TypeVar

import psycopg
from django.core.exceptions import ImproperlyConfigured, SynchronousOnlyOperation
from django.db import DatabaseError, InterfaceError, connection
from psycopg.pq import TransactionStatus

#: How old a known value may become before it is read again.
REREAD_S = 5.0

Value = TypeVar("Value")


class SharedValue(Generic[Value]):
    """One value of one row of `table`, read by `sql`; `unknown` before the first reading.

    Reading goes past Django's cursors: it is no query of the page that happens to need the value, so that
    query counts stay constant. Where no database can be asked (none configured, not reachable, not migrated,
    a broken transaction) the last known value holds.
    """

    def __init__(self, table: str, sql: str, unknown: Value) -> None:
        self._table = table
        self._sql = sql
        self._known: tuple[Value, float] = (unknown, float("-inf"))
        self._changed_here = False

    def get(self) -> Value:
        """The value as last read, at most `REREAD_S` seconds old."""
        value, until_s = self._known
        moment_s = time.monotonic()
        if moment_s < until_s and not self._changed_here:
            return value
        raw = _usable_connection()
        if raw is not None:
            alone = raw.info.transaction_status == TransactionStatus.IDLE
            value = self._read(raw, value)
            if alone:
                self._changed_here = False
        self._known = (value, moment_s + REREAD_S)
        return value

    def changed_here(self) -> None:
        """Say that this process has just changed the value, in a transaction that may yet be rolled back."""
        self._changed_here = True

    def _read(self, raw: Any, last: Value) -> Value:
        try:
            if raw.execute("SELECT to_regclass(%s)", [self._table]).fetchone()[0] is None:
                return last
            row = raw.execute(self._sql).fetchone()
        except psycopg.Error:
            return last
        return row[0] if row else last


def _usable_connection() -> Any | None:
    """The thread's connection below Django's, where it can be asked something now; None where it cannot."""
    try:
        if connection.vendor != "postgresql":
            return None
        if connection.connection is None:
            connection.ensure_connection()
    except (DatabaseError, InterfaceError, psycopg.Error, ImproperlyConfigured, SynchronousOnlyOperation):
        return None
    except RuntimeError:  # pytest-django's way to say that this test may not use the database
        return None
    raw = connection.connection
    if raw is None or raw.closed:
        return None
    usable = raw.info.transaction_status in (TransactionStatus.IDLE, TransactionStatus.INTRANS)
    return raw if usable else None
