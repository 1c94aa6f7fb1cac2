"""Đồng hồ: the one clock of Python and SQL. It can be shifted, for tests, drills and demonstrations.

Three layers, the nearest wins:

1. the real time of the machine;
2. the *deployment's* shift, one row in the table `kernel_clock`, the same for every process
   (`set_deployment_shift`); Python reads it again every few seconds;
3. the shift of the running *context* (`shifted`, `at`): it holds for one thread or task, and for every
   database connection that this thread or task uses meanwhile, by the session setting `haicap.clock_shift`.

SQL's twin is `kernel_clock_now()` (migration 0001): the start of the transaction under the same shift.

How the two stay in step: entering and leaving a shift writes the session setting of the thread's open
connections at once; a connection that is opened later, or was opened by a thread that only now runs in
the shifted context, gets it before its next statement; a setting that was written inside a transaction
is written again once that transaction is over, because a rollback takes it back.

No other clock may be read: ruff's banned-api list in pyproject.toml says so.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models import DateTimeField, Func
from psycopg.pq import TransactionStatus

from haicap.kernel.shared_value import SharedValue

#: The zone of every date and time that people read: +07, no daylight saving.
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")

NO_SHIFT = dt.timedelta(0)


@dataclass(slots=True)
class _Session:
    """What `haicap.clock_shift` says on one connection; not `firm` while a rollback could take it back."""

    shift: dt.timedelta | None
    firm: bool


class SqlNow(Func):
    """`kernel_clock_now()` as an expression: the start of the transaction by the shared clock."""

    template = "kernel_clock_now()"
    output_field = DateTimeField()


_context_shift: ContextVar[dt.timedelta | None] = ContextVar("haicap_clock_shift", default=None)
_deployment_shift = SharedValue("kernel_clock", "SELECT shift FROM kernel_clock", NO_SHIFT)
_sessions: WeakKeyDictionary[Any, _Session] = WeakKeyDictionary()


def now() -> dt.datetime:
    """The present instant, in Vietnamese time; runs on inside a shift, it does not stand still."""
    return dt.datetime.fromtimestamp(time.time(), ZONE) + current_shift()  # noqa: TID251 (the clock)


def today() -> dt.date:
    """The present day in Vietnam."""
    return now().date()


def current_shift() -> dt.timedelta:
    """How far the clock stands from the real one: the context's shift, else the deployment's."""
    shift = _context_shift.get()
    return deployment_shift() if shift is None else shift


def deployment_shift() -> dt.timedelta:
    """The deployment's shift; read from the database at most every few seconds (`SharedValue`)."""
    return _deployment_shift.get()


def set_deployment_shift(shift: dt.timedelta) -> None:
    """Set the clock of the whole deployment, for every process: `timedelta(0)` is the real time again.

    Part of the caller's transaction. Other processes follow within `shared_value.REREAD_S` seconds.
    """
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kernel_clock SET shift = %s::interval", [_as_setting(shift)])
    _deployment_shift.changed_here()


@contextmanager
def shifted(by: dt.timedelta) -> Iterator[None]:
    """Move the clock of this context by `by`, counted from what it shows; nested shifts add up."""
    token = _context_shift.set(current_shift() + by)
    try:
        _sync_open_connections()
        yield
    finally:
        _context_shift.reset(token)
        _sync_open_connections()


@contextmanager
def at(instant: dt.datetime) -> Iterator[None]:
    """Let the clock of this context show `instant` now and run on from there.

    Raises ValueError for an instant without a zone.
    """
    if instant.tzinfo is None:
        raise ValueError("the clock needs an instant with a zone, not a naive datetime")
    with shifted(instant - now()):
        yield


def _sync_open_connections() -> None:
    """Write the context's shift to the connections that this thread has open."""
    for wrapper in connections.all(initialized_only=True):
        if wrapper.vendor == "postgresql" and wrapper.connection is not None:
            _sync(wrapper.connection)


def _sync(raw: Any) -> None:
    """Make the session setting of one connection say what the context says."""
    wanted = _context_shift.get()
    if raw.closed:
        return
    status = raw.info.transaction_status
    if status in (TransactionStatus.INERROR, TransactionStatus.ACTIVE):
        # Nothing can be written before the rollback, and what the setting says then is not known here.
        _sessions[raw] = _Session(None, firm=False)
        return
    raw.execute(
        "SELECT set_config('haicap.clock_shift', %s, false)", [_as_setting(wanted)], prepare=False
    ).fetchone()
    firm = status == TransactionStatus.IDLE and raw.autocommit
    if firm and wanted is None:
        _sessions.pop(raw, None)
    else:
        _sessions[raw] = _Session(wanted, firm)


def _as_setting(shift: dt.timedelta | None) -> str:
    """A shift as PostgreSQL's interval, exact to the microsecond; empty for none."""
    if shift is None:
        return ""
    return f"{shift.days} days {shift.seconds} seconds {shift.microseconds} microseconds"


def _before_statement(
    execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    """Execute wrapper of every connection: the session setting follows the context, also late."""
    if _sessions or _context_shift.get() is not None:
        _follow(context["connection"].connection)
    result = execute(sql, params, many, context)
    if _sessions and isinstance(sql, str) and sql.startswith("ROLLBACK TO"):
        session = _sessions.get(context["connection"].connection)
        if session is not None and not session.firm:
            _sync(context["connection"].connection)
    return result


def _follow(raw: Any) -> None:
    """Sync a connection where its setting differs from the context, or a rollback may have taken it back."""
    session = _sessions.get(raw)
    applied = None if session is None else session.shift
    stale = session is not None and not session.firm and raw.info.transaction_status == TransactionStatus.IDLE
    if stale or applied != _context_shift.get():
        _sync(raw)


def _on_connection(sender: Any, connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if connection.vendor != "postgresql":
        return
    if _before_statement not in connection.execute_wrappers:
        # First, not last: `connection.execute_wrapper()` takes the last one away when its block ends.
        connection.execute_wrappers.insert(0, _before_statement)
    _follow(connection.connection)  # a pooled connection may still carry the shift of another context


connection_created.connect(_on_connection, dispatch_uid="haicap.kernel.clock")
