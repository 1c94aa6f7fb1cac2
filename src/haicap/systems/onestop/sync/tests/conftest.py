"""A partner that is a real process, and dossiers with all their parts."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from haicap.kernel import journal
from haicap.kernel.actor import SYSTEM
from haicap.systems.onestop.models import Partner, PartnerKind
from haicap.systems.onestop.sync import secrets
from haicap.systems.onestop.sync.client import SESSIONS

PROGRAM = Path(__file__).with_name("peer.py")
LOGIN = ("tinh", "mật khẩu thật")
QUICK = {
    "login_path": "/login",
    "call_path": "/call",
    "dstcode": "VN:GOV:000.00.00.G22",
    "unit_code": "H91",
    "connect_s": 2.0,
    "answer_s": 0.4,
    "first_wait_s": 0.01,
}


class Peer:
    """The platform's process."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())
        self.address = f"http://127.0.0.1:{self.port}"

    def control(self, **settings: Any) -> None:
        """Tell it what goes wrong, or what it has registered."""
        content = json.dumps(settings).encode()
        with urllib.request.urlopen(f"{self.address}/control", content, timeout=10):
            pass

    def state(self) -> dict[str, Any]:
        """What it has taken."""
        with urllib.request.urlopen(f"{self.address}/state", timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def end(self) -> None:
        """End it."""
        self.process.kill()
        self.process.wait(10)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    """A platform that has nothing yet."""
    started = Peer()
    SESSIONS.forget()
    yield started
    started.end()
    SESSIONS.forget()


def make_partner(address: str, *, enabled: bool = True, **settings: Any) -> Partner:
    """A partner that is told of everything."""
    with journal.act(SYSTEM, "test.make_partner") as act:
        made = Partner.objects.create(
            code="dvcqg",
            name="Cổng Dịch vụ công quốc gia",
            kind=PartnerKind.NATIONAL,
            endpoint=address,
            username=LOGIN[0],
            password=secrets.sealed(LOGIN[1]),
            settings={**QUICK, **settings},
            enabled=enabled,
        )
        act.changed("onestop.partner", made.id, None, {"code": made.code})
    return made


@pytest.fixture
def partner(db: None, peer: Peer) -> Partner:
    """The platform as we know it."""
    return make_partner(peer.address)
