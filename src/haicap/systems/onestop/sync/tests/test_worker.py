"""A worker that is killed in the middle of telling: nothing is lost, nothing counts twice. Real processes."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection

import haicap
from haicap.kernel import clock, outbox
from haicap.kernel.database import current
from haicap.kernel.models import OutboxMessage
from haicap.systems.onestop import service as dossiers
from haicap.systems.onestop.models import DossierSync, Status
from haicap.systems.onestop.sync.tests.conftest import Peer, make_partner
from haicap.systems.onestop.sync.tests.test_delivery import receive
from haicap.systems.onestop.tests.factories import NOW, make_town, official


def until(true: Callable[[], bool], log: Path, timeout_s: float = 60) -> None:
    """Wait until something is true; TimeoutError with the workers' log when it does not become so."""
    end = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(log.read_text()[-4000:])
        time.sleep(0.05)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts workers on the tests' database; they end with the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start_one() -> subprocess.Popen[bytes]:
        with (tmp_path / "log").open("ab") as log:
            started.append(
                subprocess.Popen(
                    [sys.executable, "-m", "haicap.kernel.jobs"],
                    env={
                        **os.environ,
                        "DATABASE_URL": current.url(),
                        "DJANGO_SETTINGS_MODULE": "haicap.settings.test",
                        "PYTHONPATH": str(Path(haicap.__file__).parents[1]),
                    },
                    stdout=log,
                    stderr=log,
                    stdin=subprocess.DEVNULL,
                )
            )
        return started[-1]

    yield start_one
    for worker in started:
        worker.kill()
        worker.wait(30)


def make_due() -> None:
    """What waits for its next attempt need not wait."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kernel_outbox SET next_attempt_at = '2000-01-01' WHERE state = 'pending'")
        cursor.execute(
            "UPDATE procrastinate_jobs SET scheduled_at = NULL"
            " WHERE status = 'todo' AND task_name = 'kernel.deliver_message'"
        )


@pytest.mark.django_db(transaction=True)
def test_worker__killed_while_telling__loses_nothing_and_counts_once(
    peer: Peer, start: Callable[[], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with clock.at(NOW):
        town = make_town()
        make_partner(peer.address, answer_s=60.0)
        made = [receive(town) for _ in range(6)]
        dossiers.advance_dossiers(official(town.commune), [one.id for one in made], Status.PROCESSING)
    peer.control(hold=True)  # the platform takes what it is sent, and its answers do not come
    first = start()
    until(lambda: len(peer.state()["counted"]) >= 2, log)
    first.send_signal(signal.SIGKILL)
    first.wait(30)
    peer.control(hold=False)
    assert not DossierSync.objects.filter(state="acknowledged").exists(), "no answer had come"
    assert OutboxMessage.objects.filter(state="delivering").exists()

    OutboxMessage.objects.filter(state="delivering").update(claimed_at=dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
    outbox.sweep()
    make_due()
    start()

    def all_told() -> bool:
        make_due()
        return not DossierSync.objects.exclude(state="acknowledged").exists()

    until(all_told, log)
    state = peer.state()
    assert set(state["dossiers"]) == {one.code for one in made}
    assert set(state["counted"].values()) == {1}
    assert state["repeats"] >= 1, "what had arrived without an answer was told again, and not counted again"
    for one in made:
        assert [step["TrangThai"] for step in state["progress"][one.code]] == ["2", "4"]
        assert state["order"].index(one.code) < state["order"].index(f"{one.code} 2")
