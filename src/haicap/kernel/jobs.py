"""Jobs: work that runs later or by the clock, in worker processes, kept in our own database (Procrastinate).

An app defines its jobs in `<app>/tasks.py` with `@task` and `@periodic`; the module is found by itself. A job
is deferred by `the_task.defer(…)` on Django's connection: inside a transaction it exists when that commits.
`python -m haicap.kernel.jobs` is a worker; `run_worker(stop)` is the same inside a process. Waiting times of
jobs are real ones; what a job reads from `kernel.clock` is the clock of the house.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import procrastinate
from django.db import connection
from procrastinate import tasks
from procrastinate.contrib.django import procrastinate_app

logger = logging.getLogger(__name__)

#: every queue there is; a worker serves them all
QUEUES = ("outbox", "journal", "default", "builtin")
#: after how long without a heartbeat a worker counts as dead
DEAD_AFTER_S = 30
HEARTBEAT_S = 5
#: how long a worker that was asked to stop waits for its running jobs
GRACE_S = 10
#: waits between two starts of a worker that lost its database
RESTART_WAITS_S = (1, 2, 5, 10, 30)

_F = TypeVar("_F", bound=Callable[..., Any])
Task = tasks.Task[Any, Any, Any]


def task(*, name: str, queue: str = "default", **options: Any) -> Callable[[_F], Task]:
    """Make a function a job (công việc nền) named "app.verb_thing" on one of `QUEUES`.

    `options` are Procrastinate's (`retry`, `lock`, `queueing_lock`, `priority`). Raises ValueError for a
    queue that no worker serves.
    """
    if queue not in QUEUES:
        raise ValueError(f"no worker serves the queue {queue!r}")
    decorate: Callable[[_F], Task] = procrastinate_app.app.task(name=name, queue=queue, **options)
    return decorate


def periodic(cron: str, *, name: str, queue: str = "default", **options: Any) -> Callable[[_F], Task]:
    """Make a function of one argument (the unix time it was due) a job by the clock, never queued twice."""

    def decorate(function: _F) -> Task:
        made = task(name=name, queue=queue, queueing_lock=name, **options)(function)
        periodic_task: Task = procrastinate_app.app.periodic(cron=cron)(made)
        return periodic_task

    return decorate


def rescue() -> int:
    """Put back to the queue every job whose worker died; how many there were."""
    manager = procrastinate_app.current_app.job_manager
    stalled = list(_wait_for(manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER_S)))
    for job in stalled:
        logger.warning("job %s (%s) was left behind by a dead worker", job.id, job.task_name)
        _wait_for(manager.retry_job(job))
    return len(stalled)


def forget_failed(days: int) -> None:
    """Delete the rows of jobs that ended, in whatever way, at least so many days ago."""
    manager = procrastinate_app.current_app.job_manager
    _wait_for(
        manager.delete_old_jobs(
            nb_hours=24 * days, include_failed=True, include_cancelled=True, include_aborted=True
        )
    )


def _wait_for(coroutine: Any) -> Any:
    """The result of one of Procrastinate's coroutines over Django's connection, from ordinary code."""
    from asgiref.sync import async_to_sync

    async def run() -> Any:
        return await coroutine

    return async_to_sync(run)()


def run_worker(stop: threading.Event | None = None, *, concurrency: int | None = None) -> None:
    """Serve every queue until `stop` is set; starts anew when the database went away.

    `concurrency` jobs at once, default `HAICAP_JOBS` or 4. Returns when running jobs are done, or after
    `GRACE_S`; what was not done then is found and repeated by the next worker.
    """
    stopping = stop or threading.Event()
    at_once = concurrency or int(os.environ.get("HAICAP_JOBS", "4"))
    failures = 0
    while not stopping.is_set():
        try:
            asyncio.run(_serve(stopping, at_once))
            failures = 0
        except Exception:
            wait_s = RESTART_WAITS_S[min(failures, len(RESTART_WAITS_S) - 1)]
            failures += 1
            logger.exception("the worker failed and starts again in %s s", wait_s)
            stopping.wait(wait_s)


async def _serve(stop: threading.Event, concurrency: int) -> None:
    from haicap.kernel.outbox import worker as outbox_worker

    await outbox_worker.sweep()  # what the workers before us left behind
    app = _worker_app(concurrency)
    async with app.open_async():
        worker = asyncio.create_task(
            app.run_worker_async(
                queues=list(QUEUES),
                name=f"{socket.gethostname()}:{os.getpid()}",
                concurrency=concurrency,
                install_signal_handlers=False,
                shutdown_graceful_timeout=GRACE_S,
                delete_jobs="successful",
                update_heartbeat_interval=HEARTBEAT_S,
                stalled_worker_timeout=DEAD_AFTER_S,
            )
        )
        stopper = asyncio.create_task(_until(stop))
        await asyncio.wait({worker, stopper}, return_when=asyncio.FIRST_COMPLETED)
        stopper.cancel()
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker


async def _until(stop: threading.Event) -> None:
    while not stop.is_set():
        await asyncio.sleep(0.1)


def _worker_app(concurrency: int) -> procrastinate.App:
    """The same jobs over connections of the worker's own.

    Not `replace_connector`: a job that defers another one must go on using Django's connection, so that both
    are in its transaction.
    """
    django_app = procrastinate_app.current_app
    django_app.perform_import_paths()  # type: ignore[no-untyped-call]
    connector = django_app.connector.get_worker_connector()  # type: ignore[attr-defined]
    connector._pool_args.update(min_size=2, max_size=2 + concurrency)
    app = type(django_app)(connector=connector, worker_defaults=django_app.worker_defaults)
    app.tasks = django_app.tasks
    app.periodic_registry = django_app.periodic_registry
    return app


def main() -> None:
    """A worker process: `python -m haicap.kernel.jobs`. SIGTERM and SIGINT stop it in order."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "haicap.settings.base")
    import django

    django.setup()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_received: stop.set())
    connection.ensure_connection()  # a database that cannot be reached is said at once
    connection.close()
    run_worker(stop)


if __name__ == "__main__":
    from haicap.kernel import jobs

    jobs.main()
