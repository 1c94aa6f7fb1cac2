"""The main job from beginning to end, in small: as a person would call it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from haicap.cli import main
from haicap.kernel.database.cluster import Cluster

SOURCES = str(Path(main.__file__).parents[2])


class Deployment:
    """A data folder and the command in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("HAICAP_", "DJANGO_", "PG"))
        }
        kept.pop("DATABASE_URL", None)
        self.environment = {**kept, "HAICAP_DATA": str(folder), "PYTHONPATH": SOURCES}
        self.command = [sys.executable, "-m", "haicap.cli.main"]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.command, *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=250,
        )

    def json(self, *arguments: str) -> object:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    folder = Path(tempfile.mkdtemp(prefix="haicap-up-"))
    yield Deployment(folder / "data")
    Cluster(folder / "data").stop(immediately=True)
    shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as page:
            return bool(page.status == 200)
    except (OSError, urllib.error.HTTPError):
        return False


@pytest.mark.timeout(600)
def test_up__demonstration__carries_the_province_over_once_and_can_be_removed(deployment: Deployment) -> None:
    first = deployment.run("up", "--scale", "0.02", "--no-serve")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "Bảng đối soát" in first.stdout
    assert "✗" not in first.stdout
    assert not Cluster(deployment.folder).is_ready(), "what it started it stops"

    second = deployment.run("up", "--scale", "0.02", "--no-serve")
    assert second.returncode == 0, second.stdout + second.stderr
    assert "…" not in second.stdout, "nothing is done twice"

    counted = deployment.json("units", "count", "--at", "2025-07-01", "--province", "48")
    assert isinstance(counted, dict)
    assert counted["commune"] == 94
    ledger = deployment.json("reorganise", "ledger")
    assert '"balanced": true' in json.dumps(ledger)
    assert '"balanced": false' not in json.dumps(ledger)

    other = deployment.run("up", "--empty", "--no-serve")
    assert other.returncode == 0, other.stdout + other.stderr
    status = deployment.json("database", "status")
    assert isinstance(status, dict)
    assert status["database"] == "haicap"
    assert set(status["databases"]) == {"haicap", "haicap_demo"}

    removed = deployment.run("demo", "remove", "--yes")
    assert removed.returncode == 0, removed.stderr
    status = deployment.json("database", "status")
    assert isinstance(status, dict)
    assert set(status["databases"]) == {"haicap"}
    again = deployment.run("demo", "remove", "--yes")
    assert again.returncode == 1
    assert "CLI-008" in again.stderr


def test_demo_remove__real_data__is_refused(deployment: Deployment) -> None:
    """Even when the real deployment's database has the demonstration's name."""
    environment = deployment.environment | {"HAICAP_DATABASE": "haicap_demo"}
    deployment.environment = environment
    assert deployment.run("database", "migrate").returncode == 0
    program = (
        "from haicap.cli.main import prepare_django; prepare_django();"
        "from haicap.cli.setup.steps import REAL, Run; REAL[1].work(Run('', 1.0), None)"
    )
    subprocess.run([sys.executable, "-c", program], env=deployment.environment, check=True)
    refused = deployment.run("demo", "remove", "--yes")
    assert refused.returncode == 1
    assert "CLI-007" in refused.stderr


def test_demo_remove__without_an_answer__removes_nothing(deployment: Deployment) -> None:
    deployment.environment = deployment.environment | {"HAICAP_DATABASE": "haicap_demo"}
    assert deployment.run("database", "start").returncode == 0
    asked = deployment.run("demo", "remove")
    assert asked.returncode == 130
    status = deployment.json("database", "status")
    assert isinstance(status, dict)
    assert "haicap_demo" in status["databases"]


def test_serve__answers_and_stops_on_ctrl_c(deployment: Deployment) -> None:
    assert deployment.run("database", "migrate").returncode == 0
    port = free_port()
    server = subprocess.Popen(
        [*deployment.command, "serve", "--port", str(port), "--workers", "1"],
        env=deployment.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    limit = time.monotonic() + 60
    while not answers(port):
        assert server.poll() is None, server.communicate()[0]
        assert time.monotonic() < limit
        time.sleep(0.1)
    began = time.monotonic()
    os.killpg(server.pid, signal.SIGINT)
    said, _nothing = server.communicate(timeout=30)
    assert time.monotonic() - began < 9
    assert server.returncode == 0, said
    assert not answers(port)
    assert Cluster(deployment.folder).is_ready(), "the database stays for the next command"


def test_up__port_taken__says_so_and_does_nothing(deployment: Deployment) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = deployment.run("up", "--port", str(taken.getsockname()[1]))
    assert refused.returncode == 1
    assert "CLI-005" in refused.stderr
    assert not (deployment.folder / "postgres").exists()
