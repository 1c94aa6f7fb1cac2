"""The two processes of a deployment: the web server and the worker; and how they are run."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable

from django.utils.translation import gettext as _

from haicap.access.demonstration import note_address
from haicap.cli.setup.supervisor import Service, Supervisor
from haicap.kernel.database import current
from haicap.kernel.errors import Conflict

WEB_THREADS = 1  # a worker process takes one request at a time: more only wait for one another (measured)
POOL = 2  # one connection for the request, one for what outlives it


class PortInUse(Conflict):
    """Another program listens on the port (cổng đang được dùng)."""

    code = "CLI-005"


def require_free_port(host: str, port: int) -> None:
    """Raises PortInUse when the web server could not listen there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortInUse(
                _("Không mở được cổng %(port)s trên %(host)s: %(reason)s.")
                % {"port": port, "host": host, "reason": error.strerror},
                kept=_("Không có gì thay đổi."),
                todo=_("Dừng chương trình đang dùng cổng ấy, hoặc chọn cổng khác: make up PORT=8001."),
            ) from error


def serve(host: str, port: int, workers: int, say: Callable[[str], None]) -> None:
    """Run the web server and the worker until SIGINT or SIGTERM."""
    note_address(host)  # before it listens: `haicap demo code` asks who can reach it
    supervisor = Supervisor(
        [web_server(host, port, workers), worker()], say=say, watch=lambda: _keep_database(say)
    )
    announcer = threading.Thread(target=_announce, args=(host, port, say, supervisor), daemon=True)
    supervisor.started = announcer.start
    supervisor.run()


def web_server(host: str, port: int, workers: int) -> Service:
    """granian with the pages and the API."""
    options = ["--interface", "wsgi", "--workers", str(workers), "--blocking-threads", str(WEB_THREADS)]
    limits = ["--respawn-failed-workers", "--workers-kill-timeout", "4", "--no-ws"]
    place = ["--host", host, "--port", str(port), "--log-level", "warning"]
    command = [sys.executable, "-m", "granian", *options, *limits, *place, "haicap.web.wsgi:application"]
    return Service("web", command, _environment(HAICAP_POOL=str(POOL)))


def worker() -> Service:
    """The worker that delivers the outbox and runs the jobs."""
    return Service("worker", [sys.executable, "-m", "haicap.kernel.jobs"], _environment(HAICAP_JOBS="2"))


def _environment(**extra: str) -> dict[str, str]:
    chosen = {"DJANGO_SETTINGS_MODULE": "haicap.settings.base", "HAICAP_DATABASE": current.name()}
    return {**os.environ, **chosen, **extra}


def _keep_database(say: Callable[[str], None]) -> None:
    """Start the embedded server again when it is gone."""
    if not current.is_embedded():
        return
    cluster = current.cluster()
    if not cluster.is_ready() and cluster.start():
        say("Cơ sở dữ liệu nhúng đã dừng ngoài ý muốn; đã khởi động lại.")


def _announce(host: str, port: int, say: Callable[[str], None], supervisor: Supervisor) -> None:
    """Say where the pages are as soon as they answer."""
    address = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}/"
    while not supervisor.stopping:
        try:
            with urllib.request.urlopen(address, timeout=5):
                pass
        except urllib.error.HTTPError:
            pass  # an answer, if not a good one
        except OSError:
            time.sleep(0.1)
            continue
        say(f"\n  [bold]Đang phục vụ tại {address}[/]  (Ctrl-C để dừng)")
        return
