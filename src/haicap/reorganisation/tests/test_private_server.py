"""A server of its own is killed, and its disk filled, in the middle of a run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from haicap.kernel import clock
from haicap.kernel.actor import SYSTEM
from haicap.kernel.database import embedded
from haicap.kernel.database.cluster import Cluster
from haicap.kernel.database.transfer import dump, restore_managed
from haicap.kernel.errors import HaicapError
from haicap.reorganisation import service
from haicap.reorganisation.models import Plan, PlanState, Run, RunState
from haicap.reorganisation.tests.factories import (
    BEFORE,
    World,
    assert_same,
    beliefs,
    danang_plan,
    fingerprint,
    ready,
)
from haicap.reorganisation.tests.processes import (
    database_url,
    start_run,
    wait_for,
    wait_until_alone,
    working_at,
)

NAME = "test_private"


@contextmanager
def private_server(folder: Path, source: Path) -> Iterator[Cluster]:
    """A server that survives its own death (durable), with the small country in it; Django works there meanwhile."""
    cluster = Cluster(folder / "data", durable=True)
    cluster.start()
    try:
        embedded.ensure_database(cluster, NAME)
        restore_managed(cluster.url(NAME), source)
        with working_at(cluster.url(NAME)):
            yield cluster
    finally:
        Cluster(cluster.data_folder).stop(immediately=True)


@pytest.fixture
def small_country_file(world: World, tmp_path: Path) -> Path:
    connection.close()
    path = tmp_path / "small-country.dump"
    dump(database_url(), path)
    return path


@pytest.fixture
def server(small_country_file: Path) -> Iterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="haicap-private-"))
    with private_server(folder, small_country_file) as cluster:
        yield cluster
    shutil.rmtree(folder, ignore_errors=True)


def wait_for_server(url: str, timeout_s: float = 60) -> None:
    """Until it takes connections again."""
    until = time.monotonic() + timeout_s
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def kill_during(server: Cluster, key: str, what: str, phase: int, delay_s: float, whom: str) -> str:
    """Kill the server (or a backend of it) while a run is in this phase; the run's last word."""
    process = start_run(key, what, url=server.url(NAME))
    wait_for(process, phase)
    time.sleep(delay_s)
    victim = server.pid
    if whom == "backend":
        with psycopg.connect(server.url(NAME)) as other:
            row = other.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
                "AND backend_type = 'client backend' ORDER BY (backend_xid IS NULL), backend_start LIMIT 1"
            ).fetchone()
        victim = row[0] if row else None
    if victim is not None:
        os.kill(victim, signal.SIGKILL)
    out, err = process.communicate(timeout=120)
    connection.close()
    if whom == "server":
        server.start()
    wait_for_server(server.url(NAME))
    wait_until_alone()
    return (out.strip().splitlines() or [err.strip()[-500:]])[-1]


MOMENTS = [("cut_over", "server", 5, 0.01)]
MANY = [
    ("cut_over", "backend", 9, 0.0),
    ("undo", "server", 3, 0.0),
] + [
    (what, whom, phase, delay)
    for what, steps in (("cut_over", 12), ("undo", 4))
    for whom in ("server", "backend")
    for phase, delay in [(1, 0.0), (steps // 2, 0.005), (steps, 0.0), (steps, 0.03), (steps, 0.08)]
]


def server_dies(server: Cluster, what: str, whom: str, phase: int, delay_s: float) -> None:
    with clock.at(BEFORE):
        first = beliefs()
        row = ready(danang_plan())
        if what == "undo":
            service.cut_over(SYSTEM, row)
            row.refresh_from_db()
        was, state = fingerprint(), row.state
        believed = beliefs()

        word = kill_during(server, row.key, what, phase, delay_s, whom)

        row.refresh_from_db()
        if row.state == state:
            assert fingerprint() == was
            assert_same(believed, beliefs())
            assert word == "refused REO-053" or word[0].isdigit(), word
        if row.state == PlanState.DONE:
            service.undo_cut_over(SYSTEM, row, "lần nữa")
        else:
            if row.state == PlanState.UNDONE:
                service.check_plan(SYSTEM, row)
            service.cut_over(SYSTEM, row)
            row.refresh_from_db()
            service.undo_cut_over(SYSTEM, row, "lần nữa")
        assert_same(first, beliefs())
        assert not Run.objects.filter(state=RunState.RUNNING).exists()


@pytest.mark.parametrize(("what", "whom", "phase", "delay_s"), MOMENTS)
def test_server__dies_during_a_run__before_or_after(
    server: Cluster, what: str, whom: str, phase: int, delay_s: float
) -> None:
    server_dies(server, what, whom, phase, delay_s)


@pytest.mark.slow
@pytest.mark.parametrize(("what", "whom", "phase", "delay_s"), MANY)
def test_server__dies_at_many_moments__before_or_after(
    server: Cluster, what: str, whom: str, phase: int, delay_s: float
) -> None:
    server_dies(server, what, whom, phase, delay_s)


# --- a full disk ---

DISK_MB = 192


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of its own in memory; needs root."""
    folder = Path(tempfile.mkdtemp(prefix="haicap-disk-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=0755", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
        folder.rmdir()
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)
    folder.rmdir()


def fill(folder: Path, leave_bytes: int) -> Path:
    """A ballast file that leaves so many bytes free."""
    ballast = folder / "ballast"
    free = os.statvfs(folder)
    with ballast.open("wb") as file:
        file.truncate(0)
        rest = free.f_bavail * free.f_frsize - leave_bytes
        while rest > 0:
            rest -= file.write(b"\0" * min(rest, 1 << 20))
    return ballast


def run_until_it_is_full(row: Plan) -> None:
    """Where a cut-over fits in what is left: once more, and once more."""
    while True:
        service.cut_over(SYSTEM, row)
        service.undo_cut_over(SYSTEM, row, "chỗ còn trống nhiều hơn dự kiến")
        service.check_plan(SYSTEM, row)


@pytest.mark.parametrize(
    "leave_kb", [200, *(pytest.param(kb, marks=pytest.mark.slow) for kb in (0, 50, 400, 600, 800))]
)
def test_disk__full_during_a_cut_over__is_said_and_nothing_changed(
    small_disk: Path, small_country_file: Path, leave_kb: int
) -> None:
    with private_server(small_disk, small_country_file) as server, clock.at(BEFORE):
        row = ready(danang_plan())
        with connection.cursor() as cursor:
            cursor.execute("CHECKPOINT")
        was = fingerprint()
        ballast = fill(small_disk, leave_kb * 1024)

        with pytest.raises(HaicapError) as stopped:
            run_until_it_is_full(row)

        ballast.unlink()
        assert stopped.value.code == "REO-053", stopped.value
        assert stopped.value.todo
        connection.close()
        server.start()
        wait_for_server(server.url(NAME))
        row.refresh_from_db()
        if row.state == PlanState.DONE:  # it was an undo that found the disk full
            service.undo_cut_over(SYSTEM, row, "thử")
            service.check_plan(SYSTEM, row)
        elif not Run.objects.filter(state=RunState.DONE).exists():
            assert fingerprint() == was
        service.check_plan(SYSTEM, row)
        assert service.cut_over(SYSTEM, row).balanced
        assert not Run.objects.filter(state=RunState.RUNNING).exists()
