"""Jobs: real worker processes, killed ones too."""

from __future__ import annotations

import ast
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from procrastinate.contrib.django import app

import haicap
from haicap.kernel import clock, jobs, journal, outbox
from haicap.kernel.actor import SYSTEM
from haicap.kernel.database import current
from haicap.kernel.models import JournalSeal, OutboxMessage
from haicap.kernel.tests.threads import Worker

PACKAGE = Path(haicap.__file__).parent


class WorkerProcess:
    """A worker in a process of its own, and the traces of its handlers."""

    def __init__(self, traces: Path) -> None:
        self.traces = traces
        self.log = traces.with_suffix(f".{time.monotonic_ns()}.log")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "haicap.kernel.tests.worker_process", str(traces)],
                env={
                    **os.environ,
                    "DATABASE_URL": current.url(),
                    "DJANGO_SETTINGS_MODULE": "haicap.settings.test",
                    "PYTHONPATH": str(PACKAGE.parent),
                },
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    def seen(self, what: str, key: str) -> list[dict[str, Any]]:
        """The traces of one kind about one message."""
        if not self.traces.exists():
            return []
        lines = [json.loads(line) for line in self.traces.read_text().splitlines()]
        return [line for line in lines if line["what"] == what and line["key"] == key]

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send the signal and wait for the end; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(30)


def until(true: Callable[[], Any], worker: WorkerProcess | None = None, timeout_s: float = 60) -> None:
    """Wait until something is true; TimeoutError, with the worker's log, when it does not become so."""
    end = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(worker.log.read_text() if worker else "it did not become true")
        time.sleep(0.02)


@pytest.fixture
def start(committed: None, tmp_path: Path) -> Iterator[Callable[[], WorkerProcess]]:
    """Starts workers on the tests' database; they end with the test."""
    started: list[WorkerProcess] = []
    for topic in ("test.work", "test.hang"):
        outbox.handler(topic)(lambda delivery: None)

    def start_one() -> WorkerProcess:
        started.append(WorkerProcess(tmp_path / "traces"))
        return started[-1]

    yield start_one
    for worker in started:
        worker.end(signal.SIGKILL)
    for topic in ("test.work", "test.hang"):
        outbox.forget(topic)


def _send(topic: str, key: str, payload: dict[str, Any] | None = None) -> None:
    with transaction.atomic():
        outbox.send(topic, payload or {}, key)


def _state(key: str) -> str:
    return OutboxMessage.objects.get(key=key).state


def test_worker__delivers_retries_and_ends_in_order(start: Callable[[], WorkerProcess]) -> None:
    """One real worker: what waited for it, what comes meanwhile, a failure, a deed that takes too long."""
    _send("test.work", "before")
    worker = start()
    until(lambda: _state("before") == "done", worker)
    _send("test.work", "meanwhile")
    _send("test.work", "failing", {"do": "fail once"})
    _send("test.work", "sleeping", {"do": "sleep"})
    _send("test.work", "querying", {"do": "query"})
    for key in ("meanwhile", "failing", "sleeping", "querying"):
        until(lambda key=key: _state(key) == "done", worker)
    attempts = dict(OutboxMessage.objects.values_list("key", "attempts"))
    assert attempts == {"before": 1, "meanwhile": 1, "failing": 2, "sleeping": 2, "querying": 2}
    for key in attempts:
        assert len(worker.seen("ended", key)) == 1
    assert worker.end() == 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status, count(*) FROM procrastinate_jobs WHERE task_name = 'kernel.deliver_message'"
            " GROUP BY status"
        )
        assert cursor.fetchall() == [], "done jobs leave no row"
        cursor.execute("SELECT count(*) FROM procrastinate_workers")
        assert cursor.fetchone() == (0,)


def test_worker__killed_in_the_middle__the_next_one_delivers(start: Callable[[], WorkerProcess]) -> None:
    _send("test.hang", "k")
    first = start()
    until(lambda: first.seen("begun", "k"), first)
    first.end(signal.SIGKILL)
    assert _state("k") == "delivering"
    first.traces.with_suffix(".go").touch()
    OutboxMessage.objects.update(claimed_at=dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
    second = start()
    until(lambda: _state("k") == "done", second)
    message = OutboxMessage.objects.get()
    assert message.attempts == 2
    assert [trace["pid"] for trace in second.seen("ended", "k")] == [second.process.pid]
    # the job that the dead worker left behind is found by its missing heartbeat, and finds nothing to do
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'"
            " WHERE id = (SELECT worker_id FROM procrastinate_jobs WHERE status = 'doing' LIMIT 1)"
        )
    assert jobs.rescue() >= 1  # periodic jobs may have been in its hands, too

    def gone() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'kernel.deliver_message'"
            )
            return bool(cursor.fetchone() == (0,))

    until(gone, second)
    assert len(second.seen("ended", "k")) == 1
    assert OutboxMessage.objects.get().attempts == 2


def test_worker__stopped_during_a_delivery__lets_it_end(start: Callable[[], WorkerProcess]) -> None:
    _send("test.hang", "k")
    worker = start()
    until(lambda: worker.seen("begun", "k"), worker)
    worker.process.send_signal(signal.SIGTERM)
    worker.traces.with_suffix(".go").touch()
    assert worker.process.wait(30) == 0
    assert _state("k") == "done"


def test_worker__sees_the_clock_of_the_house(start: Callable[[], WorkerProcess]) -> None:
    shift = dt.timedelta(days=-508)
    clock.set_deployment_shift(shift)
    try:
        _send("test.work", "k")
        worker = start()
        until(lambda: _state("k") == "done", worker)
        (trace,) = worker.seen("ended", "k")
        apart = clock.now() - dt.datetime.fromisoformat(trace["now"])
        assert dt.timedelta() <= apart < dt.timedelta(minutes=2)
        message = OutboxMessage.objects.get()
        assert message.done_at is not None
        assert abs(message.done_at - clock.now()) < dt.timedelta(minutes=2)
    finally:
        clock.set_deployment_shift(dt.timedelta())


def test_run_worker__in_a_thread__works_until_told_to_stop(committed: None) -> None:
    done = threading.Event()

    @outbox.handler("test.thread")
    def work(_delivery: outbox.Delivery) -> None:
        done.set()

    stop = threading.Event()
    worker = Worker(lambda: jobs.run_worker(stop, concurrency=2))
    try:
        _send("test.thread", "k")
        assert done.wait(30)
        until(lambda: _state("k") == "done")
    finally:
        stop.set()
        worker.result(30)
        outbox.forget("test.thread")


def test_run_worker__seals_the_journal_by_the_clock(committed: None) -> None:
    """The periodic job itself; that it is due each minute is the registry's word."""
    (periodic,) = [
        p for p in app.periodic_registry.periodic_tasks.values() if p.task.name == "kernel.seal_journal"
    ]
    assert periodic.cron == "* * * * *"
    journal.note(SYSTEM, "test.seal")
    stop = threading.Event()
    worker = Worker(lambda: jobs.run_worker(stop))
    try:
        app.tasks["kernel.seal_journal"].defer(timestamp=0)
        until(JournalSeal.objects.exists)
    finally:
        stop.set()
        worker.result(30)


def test_task__queue_without_a_worker__is_refused() -> None:
    with pytest.raises(ValueError, match="no worker"):
        jobs.task(name="test.lost", queue="lost")


def test_every_queue__has_a_worker() -> None:
    assert {task.queue for task in app.tasks.values()} <= set(jobs.QUEUES)


def test_every_job_by_the_clock__is_queued_once() -> None:
    for periodic in app.periodic_registry.periodic_tasks.values():
        assert periodic.task.queueing_lock == periodic.task.name


def test_every_topic_sent__has_a_handler() -> None:
    """Reads the source for outbox.send("…") and outbox.send_many("…")."""
    sent: dict[str, str] = {}
    for path in PACKAGE.rglob("*.py"):
        if "tests" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_bytes())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in {"send", "send_many"}
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "outbox"
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                sent[str(node.args[0].value)] = str(path.relative_to(PACKAGE))
    assert {topic: path for topic, path in sent.items() if topic not in outbox.handlers()} == {}
