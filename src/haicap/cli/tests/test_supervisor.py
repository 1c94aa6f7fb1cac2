"""Processes kept alive and ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from haicap.cli.setup import supervisor
from haicap.cli.setup.services import PortInUse, require_free_port
from haicap.cli.setup.supervisor import Service, ServiceKeepsDying, Supervisor

SOURCES = str(Path(supervisor.__file__).parents[3])


def until(met: Callable[[], bool], timeout_s: float = 15) -> None:
    limit = time.monotonic() + timeout_s
    while not met():
        assert time.monotonic() < limit, "did not happen in time"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def sleeper(name: str = "sleeper") -> Service:
    return Service(name, [sys.executable, "-c", "import time; time.sleep(600)"], dict(os.environ))


def test_supervisor__told_to_stop__ends_everything() -> None:
    services = [sleeper("a"), sleeper("b")]
    said: list[str] = []
    watched: list[int] = []
    keeper = Supervisor(services, say=said.append, watch=lambda: watched.append(1))
    pids: list[int] = []

    def note_and_stop() -> None:
        until(lambda: all(service.is_running() for service in services))
        pids.extend(service.process.pid for service in services if service.process)
        os.kill(os.getpid(), signal.SIGTERM)

    helper = threading.Thread(target=note_and_stop)
    keeper.started = helper.start
    began = time.monotonic()
    keeper.run()
    helper.join()
    assert time.monotonic() - began < 5
    assert len(pids) == 2
    assert not any(alive(pid) for pid in pids)
    assert said == []


def test_supervisor__service_killed__is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    service = sleeper()
    said: list[str] = []
    keeper = Supervisor([service], say=said.append)
    monkeypatch.setattr(supervisor, "EARLY_S", 0.0)
    pids: list[int] = []

    def kill_once() -> None:
        until(service.is_running)
        assert service.process
        pids.append(service.process.pid)
        os.kill(pids[0], signal.SIGKILL)
        until(lambda: service.process is not None and service.process.pid != pids[0] and service.is_running())
        keeper.stopping = True

    helper = threading.Thread(target=kill_once)
    keeper.started = helper.start
    keeper.run()
    helper.join()
    assert len(said) == 1
    assert "sleeper" in said[0]


def test_supervisor__service_that_cannot_live__is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LONGEST_PAUSE_S", 0.05)
    service = Service("broken", [sys.executable, "-c", "raise SystemExit(3)"], dict(os.environ))
    other = sleeper()
    with pytest.raises(ServiceKeepsDying) as given_up:
        Supervisor([service, other], say=lambda text: None).run()
    assert "broken" in str(given_up.value)
    assert not other.is_running()


def test_supervisor__killed_hard__its_services_die_with_it(tmp_path: Path) -> None:
    program = (
        "import os, sys; from haicap.cli.setup.supervisor import Service, Supervisor\n"
        "s = Service('x', [sys.executable, '-c', 'import time; time.sleep(600)'], dict(os.environ))\n"
        "k = Supervisor([s], say=print)\n"
        "k.started = lambda: print(s.process.pid, flush=True)\n"
        "k.run()\n"
    )
    environment = {**os.environ, "PYTHONPATH": SOURCES}
    parent = subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout
    child = int(parent.stdout.readline())
    assert alive(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until(lambda: not alive(child))


def test_supervisor__service_that_will_not_listen__is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "GRACE_S", 0.5)
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
    service = Service("deaf", [sys.executable, "-c", deaf], dict(os.environ))
    keeper = Supervisor([service], say=lambda text: None)

    def stop_soon() -> None:
        assert service.process
        status = Path(f"/proc/{service.process.pid}/status")
        until(
            lambda: int(status.read_text().split("SigIgn:\t")[1][:16], 16) & (1 << (signal.SIGTERM - 1)) != 0
        )
        keeper.stopping = True

    helper = threading.Thread(target=stop_soon)
    keeper.started = helper.start
    keeper.run()
    helper.join()
    assert not service.is_running()


def test_port__in_use__is_said_before_anything_is_done() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse) as refused:
            require_free_port("127.0.0.1", port)
    assert str(port) in str(refused.value)
    require_free_port("127.0.0.1", port)
