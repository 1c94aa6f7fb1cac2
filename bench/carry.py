"""One national cut-over and its undo, in a process of its own so that its memory can be seen: a line of JSON.

`python -m bench.carry DATABASE` (the settings' server); the database was filled by `bench.nation`.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

EVERY_S = 0.02


class Memory:
    """Peak memory in MB of this process and of its database backend (its own memory, no shared buffers)."""

    def __init__(self, backend: int) -> None:
        self.own = self.backend = 0.0
        self._backend = Path(f"/proc/{backend}/status")
        self._ended = threading.Event()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look every 20 ms while the work is done."""
        thread = threading.Thread(target=self._watch)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(EVERY_S):
            self.own = max(self.own, _status_mb(Path("/proc/self/status"), "VmRSS:"))
            self.backend = max(self.backend, _status_mb(self._backend, "RssAnon:"))


def _status_mb(path: Path, name: str) -> float:
    try:
        lines = path.read_text().splitlines()
    except OSError:  # the server is on another machine
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name)), 0.0)


def main(database: str) -> None:
    """Cut over, undo, tell."""
    import django

    django.setup()
    from django.db import connection

    from bench import nation
    from bench.context import using
    from haicap.kernel.actor import SYSTEM
    from haicap.kernel.database import current
    from haicap.reorganisation import service
    from haicap.reorganisation.engine import cut, runs
    from haicap.reorganisation.models import RunKind

    # the one look that each read-only moment takes at all dossiers, which nothing makes shorter than their number
    looks = {"digest_s": "CREATE TEMP TABLE onestop_tally", "undo_digest_s": "SELECT coalesce(sum(lies.many)"}
    scanned = dict.fromkeys(looks, 0.0)

    def note_scan(execute: Callable[..., Any], sql: Any, params: Any, many: bool, about: Any) -> Any:
        begin = time.monotonic()
        try:
            return execute(sql, params, many, about)
        finally:
            for name, words in looks.items():
                if words in str(sql):
                    scanned[name] += time.monotonic() - begin

    with using(database), connection.execute_wrapper(note_scan):
        values = nation.national_plan()
        plan = nation.stored_plan(values)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            memory = Memory(cursor.fetchone()[0] if current.is_embedded() else 0)
        with memory.watched():
            begin = time.monotonic()
            with runs.running(plan.pk, RunKind.CUT_OVER, SYSTEM.label, 1, cut.STEPS) as watch:
                outcome = cut.perform(plan, values, watch, SYSTEM, keep=True)
            took = time.monotonic() - begin
        begin = time.monotonic()
        undone = service.undo_cut_over(SYSTEM, plan, "đo tốc độ")
        undo_took = time.monotonic() - begin
    print(
        json.dumps(
            {
                "cut_s": took,
                "read_only_s": outcome.read_only_s,
                **scanned,
                "balanced": outcome.balanced,
                "phases": {str(phase["name"]): phase["seconds"] for phase in outcome.phases},
                "carried": {line.record: line.before.count for line in outcome.lines},
                "undo_s": undo_took,
                "undo_read_only_s": undone.read_only_s,
                "own_mb": memory.own,
                "backend_mb": memory.backend,
            }
        )
    )


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "haicap.settings.base"
    main(sys.argv[1])
