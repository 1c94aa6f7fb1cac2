"""The journal and the outbox: what they cost beside the plainest thing that could stand in their place."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

from django.db import connection, transaction
from procrastinate.contrib.django import app

from bench.context import Context, paced, row
from haicap.kernel import jobs, journal, outbox
from haicap.kernel.actor import SYSTEM

TOPIC = "bench.nothing"
#: a log that a use-case would write by hand: no proof, no order, no rule, but the same look-ups
TABLES = """
CREATE TABLE bench_plain (id integer PRIMARY KEY, n integer);
CREATE TABLE bench_guarded (id integer PRIMARY KEY, n integer);
CREATE TABLE bench_log (id uuid PRIMARY KEY, at timestamptz DEFAULT now(), action text, actor text, reason text,
                        correlation_id uuid, record text, record_id uuid, before jsonb, after jsonb);
CREATE INDEX ON bench_log (at, id);
CREATE INDEX ON bench_log (record_id, at, id);
INSERT INTO bench_plain SELECT i, 0 FROM generate_series(1, %s) AS i;
INSERT INTO bench_guarded SELECT i, 0 FROM generate_series(1, %s) AS i;
"""
LOG = """
INSERT INTO bench_log (id, action, actor, reason, correlation_id, record, record_id, before, after)
VALUES (%s, 'bench.change', 'hệ thống', '', %s, 'row', %s, %s, %s)
"""


def rows(context: Context) -> list[dict[str, Any]]:
    """The cost of a journalled write, of sealing, of verifying and of a delivery."""
    size = 30_000 if context.quick else 300_000
    with context.database("journal"):
        _run(TABLES, [size, size])
        _run(journal.guard_sql("bench_guarded")[0])
        return [_act(context), _set_based(context), *_sealed(context), _delivered(context)]


def _run(sql: str, params: list[Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def _act(context: Context) -> dict[str, Any]:
    """A row changed in a transaction of its own, journalled by an act, against logged by hand."""
    numbers = count(1)

    def change(table: str) -> uuid.UUID:
        _run(f"UPDATE {table} SET n = n + 1 WHERE id = %s", [next(numbers)])
        return uuid.uuid4()

    def by_act() -> None:
        with journal.act(SYSTEM, "bench.change") as doing:
            doing.changed("row", change("bench_guarded"), {"n": 1}, {"n": 2})

    def by_hand() -> None:
        with transaction.atomic():
            changed = change("bench_plain")
            _run(LOG, [uuid.uuid4(), uuid.uuid4(), changed, json.dumps({"n": 1}), json.dumps({"n": 2})])

    rate, plain = paced(by_act, by_hand, 7, 20 if context.quick else 200)
    ratio = rate / plain
    name = "journal: an act with one change, against a log row by hand"
    return row(name, rate, "1/s", against=plain, ratio=ratio, goal="≥ 0.4", holds=ratio >= 0.4)


def _set_based(context: Context) -> dict[str, Any]:
    """Every row of a guarded table in one statement, against a table without a guard."""

    def change(table: str) -> None:
        with journal.act(SYSTEM, "bench.change_all") as doing:
            _run(f"UPDATE {table} SET n = n + 1")
            doing.changed("row", None, None, {"count": 1})

    took: dict[str, list[float]] = {"bench_guarded": [], "bench_plain": []}
    for _round in range(3):
        for table, found in took.items():
            _run(f"VACUUM {table}")
            found.append(_timed(partial(change, table)))
    guarded, plain = min(took["bench_guarded"]), min(took["bench_plain"])
    ratio = guarded / plain
    name = "journal: one statement over 300.000 guarded rows, against unguarded"
    return row(name, guarded, "s", against=plain, ratio=ratio, goal="≤ 1.15", holds=ratio <= 1.15)


def _sealed(context: Context) -> list[dict[str, Any]]:
    """Sealing and verifying, against the rate at which one writer without any pause could write."""
    amount = 2_000 if context.quick else 100_000
    journal.seal()

    def write() -> None:
        with journal.act(SYSTEM, "bench.fill") as doing:
            for number in range(amount):
                doing.changed("row", uuid.uuid4(), {"n": number}, {"n": number + 1})

    written = amount / _timed(write)
    before = journal.verify().sealed
    sealed = amount / _timed(journal.seal)
    found = journal.verify()
    if found.sealed != before + amount or not found.sound:
        raise RuntimeError(f"{found.sealed} sealed, sound: {found.sound}")
    verified = found.sealed / _timed(journal.verify)
    return [
        row(
            f"journal: {name}, against entries written by one act without pause",
            rate,
            "1/s",
            against=written,
            ratio=rate / written,
            goal=f"≥ {least}",
            holds=rate / written >= least,
        )
        for name, rate, least in (("entries sealed", sealed, 0.5), ("entries verified", verified, 0.5))
    ]


def _delivered(context: Context) -> dict[str, Any]:
    """Messages handled by a worker, against bare jobs that do nothing on the same worker."""
    amount = 20 if context.quick else 300
    over = threading.Event()
    left = count(amount - 1, -1)

    def one_less(*_given: Any, **_named: Any) -> None:
        if next(left) == 0:
            over.set()

    outbox.handler(TOPIC)(one_less)
    bare = app.task(name="bench.nothing", queue="default")(one_less)
    stop = threading.Event()
    worker = threading.Thread(target=jobs.run_worker, args=(stop,), daemon=True)
    worker.start()

    def promise() -> None:
        with transaction.atomic():
            outbox.send_many(TOPIC, [(str(number), {"n": number}) for number in range(amount)])

    def rate(defer: Callable[[], Any]) -> float:
        nonlocal left
        left = count(amount - 1, -1)
        over.clear()
        begun = time.perf_counter()
        defer()
        if not over.wait(300):
            raise TimeoutError("the worker did not finish")
        return amount / (time.perf_counter() - begun)

    try:
        rate(lambda: bare.batch_defer(*({} for _number in range(amount))))  # the worker is awake now
        plain = rate(lambda: bare.batch_defer(*({} for _number in range(amount))))
        messages = rate(promise)
    finally:
        stop.set()
        worker.join(30)
        outbox.forget(TOPIC)
        del app.tasks["bench.nothing"]
    ratio = messages / plain
    name = "outbox: messages delivered by a worker, against its bare jobs"
    return row(name, messages, "1/s", against=plain, ratio=ratio, goal="≥ 0.3", holds=ratio >= 0.3)


def _timed(function: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    function()
    return time.perf_counter() - begun
