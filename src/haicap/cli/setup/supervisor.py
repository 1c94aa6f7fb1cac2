"""Keeps the web server and the worker alive, and ends everything when asked."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType

from django.utils.translation import gettext as _

from haicap.kernel.errors import Unavailable

TICK_S = 0.2
WATCH_EVERY_S = 2.0
GRACE_S = 6.0  # what a request or a job in hand may still take
EARLY_S = 10.0
EARLY_DEATHS = 3
LONGEST_PAUSE_S = 30.0
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)  # loaded now: between fork and exec as little as possible may happen


class ServiceKeepsDying(Unavailable):
    """A process ended again and again right after its start (tiến trình không chạy nổi)."""

    code = "CLI-004"


@dataclass(slots=True)
class Service:
    """Tiến trình: a command that is to run as long as we do."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_again_at: float = 0.0
    early_deaths: int = 0

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches us alone; it dies with us in any case."""
        self.process = subprocess.Popen(
            self.command,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        self.started_at = time.monotonic()

    def is_running(self) -> bool:
        """Whether it runs now."""
        return self.process is not None and self.process.poll() is None

    def order(self, number: signal.Signals) -> None:
        """Send a signal to it and to whatever it started."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


@dataclass(slots=True)
class Supervisor:
    """Người trông coi: starts services, restarts what ends, stops all on SIGINT, SIGTERM or SIGHUP.

    `watch` is called every two seconds (the embedded database is looked after there), `started` once, when
    all services were started; `say` tells people.
    """

    services: list[Service]
    say: Callable[[str], None]
    watch: Callable[[], None] = lambda: None
    started: Callable[[], None] = lambda: None
    stopping: bool = field(default=False, init=False)

    def run(self) -> None:
        """Run until told to stop. Raises ServiceKeepsDying when a service cannot live."""
        before = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        try:
            for service in self.services:
                service.start()
            self.started()
            self._loop()
        finally:
            self._stop_all()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _loop(self) -> None:
        watched_at = time.monotonic()
        while not self.stopping:
            time.sleep(TICK_S)
            for service in self.services:
                self._look_after(service)
            if time.monotonic() - watched_at >= WATCH_EVERY_S:
                self.watch()
                watched_at = time.monotonic()

    def _look_after(self, service: Service) -> None:
        now = time.monotonic()
        if service.is_running():
            return
        if service.process is not None:
            status = service.process.returncode
            service.process = None
            lived = now - service.started_at
            service.early_deaths = service.early_deaths + 1 if lived < EARLY_S else 0
            if service.early_deaths >= EARLY_DEATHS:
                raise ServiceKeepsDying(
                    _("Tiến trình «%(name)s» kết thúc %(count)s lần ngay sau khi khởi động (mã %(status)s).")
                    % {"name": service.name, "count": service.early_deaths, "status": status},
                    kept=_("Dữ liệu không bị ảnh hưởng."),
                    todo=_("Đọc thông báo lỗi ở trên, sửa rồi chạy lại."),
                )
            service.start_again_at = now + min(LONGEST_PAUSE_S, float(2**service.early_deaths - 1))
            self.say(f"Tiến trình «{service.name}» đã kết thúc (mã {status}); đang khởi động lại.")
        if now >= service.start_again_at:
            service.start()

    def _stop_all(self) -> None:
        for service in self.services:
            service.order(signal.SIGTERM)
        limit = time.monotonic() + GRACE_S
        while any(service.is_running() for service in self.services) and time.monotonic() < limit:
            time.sleep(0.05)
        for service in self.services:
            if service.is_running():
                service.order(signal.SIGKILL)
            if service.process is not None:
                service.process.wait()


_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _die_with_parent() -> None:
    """Linux: SIGTERM when the parent is gone, however it went (runs between fork and exec)."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
