"""Runs: one at a time, with progress that others see while the transaction is open.

A run's row is written on a connection of its own, so that its progress is visible before the cut-over commits and
stays when it fails. A session lock on that connection says that the run is alive: when the process is killed,
the lock goes with it, and the next run marks the dead one as interrupted (the database is then as before).
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.db import DatabaseError, connection
from django.utils.translation import gettext as _
from psycopg.types.json import Jsonb

from haicap.kernel import clock
from haicap.kernel.errors import Conflict, HaicapError, Unavailable
from haicap.kernel.ids import new_id
from haicap.reorganisation.models import Run, RunState

#: key of the session lock "a run is alive" (any number that nothing else uses)
ALIVE_LOCK = 7_201_407_125
CONNECT_TIMEOUT_S = 10

Progress = Callable[[str, int, int], None]


class AlreadyRunning(Conflict):
    """Another run is under way (đang có một lượt chạy khác)."""

    code = "REO-040"


class ServerFailed(Unavailable):
    """The database server could not go on (máy chủ cơ sở dữ liệu gặp sự cố)."""

    code = "REO-053"


#: no answer at all, and what a server says that is being stopped or has crashed
_SERVER_GONE = {None, "57P01", "57P02", "57P03", "08000", "08003", "08006"}


@dataclass(slots=True)
class Watch:
    """Measures the phases of a run and tells its progress, on the row and to the caller."""

    run_id: uuid.UUID
    beside: psycopg.Connection[Any]
    tell: Progress
    phases: list[dict[str, Any]] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    step: int = 0
    steps: int = 0
    read_only_s: float = 0.0
    silent: bool = False

    @contextmanager
    def phase(self, name: str, label: str) -> Iterator[None]:
        """One phase: shown while it lasts, timed when it ends (seconds, also when it fails)."""
        self.step += 1
        self.show(label)
        begin = time.monotonic()
        try:
            yield
        finally:
            self.phases.append({"name": name, "label": label, "seconds": round(time.monotonic() - begin, 4)})

    def show(self, label: str) -> None:
        """Tell that this step is at work, to the caller and on the row."""
        self.tell(label, self.step, self.steps)
        if not self.silent:
            self.beside.execute(
                "UPDATE reorganisation_run SET phase = %s, progress_done = %s, progress_total = %s WHERE id = %s",
                [label, self.step, self.steps, self.run_id],
            )

    @property
    def total_s(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.began


@contextmanager
def running(
    plan_id: uuid.UUID, kind: str, actor: str, text_number: int, steps: int, tell: Progress | None = None
) -> Iterator[Watch]:
    """Hold a new run's row while its work is done; marks it failed when the work raises.

    The work itself marks its row done in its own transaction (a rehearsal: after it was rolled back). Raises
    AlreadyRunning (REO-040) when another run is alive.
    """
    beside = _connect()
    try:
        if not beside.execute("SELECT pg_try_advisory_lock(%s)", [ALIVE_LOCK]).fetchone()[0]:  # type: ignore[index]
            raise AlreadyRunning(
                _("Đang có một lượt diễn tập, chuyển đổi hoặc hoàn tác khác chạy."),
                kept=_("Lượt đó tiếp tục; lượt này chưa làm gì."),
                todo=_("Chờ lượt đó xong (xem trang Sắp xếp) rồi chạy lại."),
            )
        bury_the_dead(beside)
        run_id = new_id()
        beside.execute(
            "INSERT INTO reorganisation_run (id, plan_id, kind, state, actor, started_at, text_number, phase, "
            "progress_done, progress_total, phases, report) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, '', 0, %s, '[]', '{}')",
            [run_id, plan_id, kind, RunState.RUNNING.value, actor, clock.now(), text_number, steps],
        )
        watch = Watch(run_id, beside, tell or (lambda label, done, total: None), steps=steps)
        try:
            yield watch
        except (DatabaseError, psycopg.Error) as error:
            _mark_failed(beside, watch, _explained(error) or error)
            raise
        except BaseException as error:
            _mark_failed(beside, watch, error)
            raise
    except (DatabaseError, psycopg.Error) as error:
        explained = _explained(error)
        if explained is None:
            raise
        raise explained from error
    finally:
        beside.close()


def _explained(error: Exception) -> ServerFailed | None:
    """What the database server's refusal means for the run; None where it is not about the server."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if isinstance(cause, psycopg.errors.DiskFull):
        return ServerFailed(
            _("Đĩa của máy chủ cơ sở dữ liệu đã đầy."),
            kept=_("Không có gì được chuyển: dữ liệu như trước khi chạy."),
            todo=_("Giải phóng dung lượng đĩa rồi chạy lại."),
            details={"reason": str(cause)},
        )
    if isinstance(cause, psycopg.OperationalError) and cause.sqlstate in _SERVER_GONE:
        return ServerFailed(
            _("Mất kết nối với máy chủ cơ sở dữ liệu giữa lượt chạy."),
            kept=_(
                "Dữ liệu như trước lượt này hoặc đã xong trọn vẹn, không có nửa chừng: xem trạng thái kế hoạch."
            ),
            todo=_(
                "Kiểm tra máy chủ («haicap database status»), xem trạng thái kế hoạch, rồi chạy lại nếu chưa xong."
            ),
            details={"reason": str(cause)},
        )
    return None


def _connect() -> psycopg.Connection[Any]:
    """A connection of its own to the same database, autocommit."""
    parameters = {
        key: value
        for key, value in connection.get_connection_params().items()
        if key not in {"cursor_factory", "context", "prepare_threshold", "client_encoding"}
    }
    return psycopg.connect(**parameters, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S)


def bury_the_dead(beside: psycopg.Connection[Any]) -> None:
    """Mark runs that are 'running' but whose process is gone; called while holding the session lock."""
    beside.execute(
        "UPDATE reorganisation_run SET state = %s, ended_at = %s WHERE state = %s",
        [RunState.INTERRUPTED.value, clock.now(), RunState.RUNNING.value],
    )


def is_alive() -> bool:
    """Whether a run is under way now: somebody holds the session lock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
            "AND ((classid::bigint << 32) | objid::bigint) = %s)",
            [ALIVE_LOCK],
        )
        return bool(cursor.fetchone()[0])


def _mark_failed(beside: psycopg.Connection[Any], watch: Watch, error: BaseException) -> None:
    told = (
        error.as_dict()
        if isinstance(error, HaicapError)
        else {"code": "HC-500", "message": f"{type(error).__name__}: {error}"[:2000]}
    )
    try:
        beside.execute(
            "UPDATE reorganisation_run SET state = %s, ended_at = %s, error = %s, phases = %s, total_s = %s "
            "WHERE id = %s AND state = %s",
            [
                RunState.FAILED.value,
                clock.now(),
                Jsonb(told),
                Jsonb(watch.phases),
                watch.total_s,
                watch.run_id,
                RunState.RUNNING.value,
            ],
        )
    except psycopg.Error:  # the server itself is gone: the next run will find this one dead
        return


def finish_run(run_id: uuid.UUID, watch: Watch, **values: Any) -> None:
    """Mark the run done with its figures, in the caller's transaction."""
    Run.objects.filter(pk=run_id).update(
        state=RunState.DONE,
        ended_at=clock.now(),
        phases=watch.phases,
        total_s=round(watch.total_s, 4),
        read_only_s=round(watch.read_only_s, 4),
        **values,
    )
