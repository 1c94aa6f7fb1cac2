"""Starting runs in processes of their own, ending them hard, and working with another server meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.db import connection, connections

from haicap.kernel.database.settings import parse_database_url
from haicap.reorganisation.tests.factories import BEFORE

SOURCE = Path(__file__).resolve().parents[3]


def database_url() -> str:
    """The address of the database that Django works with now."""
    found = connection.get_connection_params()
    password = f":{quote(str(found['password']), safe='')}" if found.get("password") else ""
    host = quote(str(found.get("host") or ""), safe="")
    port = f"&port={found['port']}" if found.get("port") else ""
    return f"postgresql://{quote(str(found['user']), safe='')}{password}@/{found['dbname']}?host={host}{port}"


def start_run(key: str, what: str, at: datetime = BEFORE, url: str = "") -> subprocess.Popen[str]:
    """A process that runs the engine; it stands at "0 ready" when this returns."""
    process = subprocess.Popen(
        [sys.executable, "-m", "haicap.reorganisation.tests.run_process", key, what, at.isoformat()],
        env=os.environ
        | {
            "DATABASE_URL": url or database_url(),
            "DJANGO_SETTINGS_MODULE": "haicap.settings.test",
            "PYTHONPATH": str(SOURCE),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(process, 0)
    return process


def wait_for(process: subprocess.Popen[str], phase: int) -> str:
    """Read lines until this phase begins, or the process is done; the last line."""
    assert process.stdout is not None
    line = ""
    for line in process.stdout:
        if not line[0].isdigit() or int(line.split()[0]) >= phase:
            break
    else:
        assert process.stderr is not None
        raise AssertionError(f"the process ended early: {process.stderr.read()[-2000:]}")
    return line.strip()


def finish(process: subprocess.Popen[str], timeout_s: float = 60) -> str:
    """The last word of a process that ends by itself."""
    out, err = process.communicate(timeout=timeout_s)
    assert out, err
    return out.strip().splitlines()[-1]


def wait_until_alone(timeout_s: float = 30) -> None:
    """Until no other session works in this database: what a dead process began has ended by then."""
    until = time.monotonic() + timeout_s
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            if not cursor.fetchone()[0]:
                return
        if time.monotonic() > until:
            raise TimeoutError("sessions of a dead process go on")
        time.sleep(0.02)


@contextmanager
def working_at(url: str) -> Iterator[None]:
    """Django's connection goes to another server meanwhile."""
    from django.db.backends.postgresql.base import DatabaseWrapper

    ours = connections["default"]
    entry: dict[str, Any] = ours.settings_dict | parse_database_url(url)
    entry["OPTIONS"] = {**entry["OPTIONS"], "options": "-c haicap.truncate=allowed"}
    entry.pop("EMBEDDED", None)
    connections["default"] = DatabaseWrapper(entry, "default")
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"] = ours
