"""Diễn tập trên bản sao: the whole cut-over, really committed, in a copy of the database that is dropped afterwards.

The live database is only read. The copy is made by the server where nobody else is connected (CREATE DATABASE …
TEMPLATE), else by pg_dump and pg_restore; a process of its own cuts over in it, so that nothing here can touch
the wrong database.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import psycopg
from django.db import connection, transaction
from django.utils.translation import gettext as _
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.database import current
from haicap.kernel.database.transfer import client_environment, client_program
from haicap.kernel.errors import HaicapError, Unavailable
from haicap.reorganisation import service
from haicap.reorganisation.engine import cut
from haicap.reorganisation.engine.runs import Progress, Watch, finish_run, running
from haicap.reorganisation.models import LedgerRow, Plan, RunKind

#: the copy, the cut-over's own phases, the dropping
STEPS = cut.STEPS + 2
LONGEST_NAME = 63


class CloneFailed(Unavailable):
    """The copy could not be made or did not answer (không tạo được bản sao)."""

    code = "REO-049"


@dataclass(frozen=True, slots=True)
class CloneOutcome:
    """What a rehearsal on a copy found; its ledger and timings are kept with the run."""

    run_id: uuid.UUID
    balanced: bool
    read_only_s: float
    total_s: float
    copy_s: float
    how: str


def rehearse_on_clone(actor: Actor, plan: Plan, progress: Progress | None = None) -> CloneOutcome:
    """Diễn tập trên bản sao: cut a copy of the database over and throw it away; the ledger is kept here.

    Raises NotAllowed REO-403, CloneFailed REO-049, and whatever the cut-over raises; the live database is as
    before.
    """
    service.require(actor, service.REHEARSE)
    number = service.latest_text(plan).number
    url = current.url()
    connection.close()
    with _copy_server(url) as server:
        began = time.monotonic()
        quick = server.clone_at_once()
        quick_s = time.monotonic() - began
        with running(plan.pk, RunKind.REHEARSAL, actor.label, number, STEPS, progress) as watch:
            with watch.phase("copy", _("Sao chép cơ sở dữ liệu")):
                if not quick:
                    server.clone_by_dump()
            copy_s = quick_s + float(watch.phases[-1]["seconds"])
            watch.phases[-1]["seconds"] = round(copy_s, 4)
            found = _cut_over_in(server.clone_url, plan.key, actor, watch)
            with watch.phase("drop", _("Bỏ bản sao")):
                server.drop()
            watch.read_only_s = float(found["read_only_s"])
            how = "template" if quick else "dump"
            with transaction.atomic():
                _store(watch.run_id, found["classes"])
                finish_run(
                    watch.run_id, watch, report={"clone": True, "how": how, "copy_s": round(copy_s, 3)}
                )
            return CloneOutcome(
                watch.run_id,
                all(line["balanced"] for line in found["classes"]),
                watch.read_only_s,
                watch.total_s,
                copy_s,
                how,
            )


def _store(run_id: uuid.UUID, classes: list[dict[str, Any]]) -> None:
    parts = ("before", "carried", "frozen", "closed", "undecided", "after", "created")
    LedgerRow.objects.bulk_create(
        LedgerRow(
            run_id=run_id,
            position=position,
            system=line["system"],
            record=line["class"],
            label=line["label"],
            **{part: line[part] for part in parts},
            digests=line["digests"],
            balanced=line["balanced"],
            notes=line["notes"],
        )
        for position, line in enumerate(classes)
    )


# --- the copy
class _Copy:
    """A copy of one database on the same server, made and dropped over a connection to `postgres`."""

    def __init__(self, url: str, server: psycopg.Connection[Any]) -> None:
        self.url = url
        self.source = str(conninfo_to_dict(url)["dbname"])
        self.name = f"{self.source[: LONGEST_NAME - 10]}_rehearsal"
        self.clone_url = make_conninfo(url, dbname=self.name)
        self._server = server

    def clone_at_once(self) -> bool:
        """Copy the files by the server; False where somebody else is connected to the source."""
        self.drop()
        others = self._server.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s", [self.source]
        ).fetchone()
        if others and others[0]:
            return False
        names = {"clone": sql.Identifier(self.name), "source": sql.Identifier(self.source)}
        try:
            self._server.execute(sql.SQL("CREATE DATABASE {clone} TEMPLATE {source}").format(**names))
        except psycopg.errors.ObjectInUse:
            return False
        except psycopg.Error as error:
            raise _failed(error) from error
        return True

    def clone_by_dump(self) -> None:
        """Copy by pg_dump and pg_restore, from one consistent snapshot, while people work on."""
        try:
            self._server.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(self.name))
            )
        except psycopg.Error as error:
            raise _failed(error) from error
        ownerless = ["--no-owner", "--no-privileges"]
        dump = subprocess.Popen(
            [client_program("pg_dump"), "-Fc", "-Z0", *ownerless],
            env=client_environment(self.url),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        restored = subprocess.run(
            [client_program("pg_restore"), *ownerless, "--exit-on-error", "-d", self.name],
            env=client_environment(self.clone_url),
            stdin=dump.stdout,
            capture_output=True,
            check=False,
        )
        _none, complaint = dump.communicate()
        if dump.returncode or restored.returncode:
            raise _failed((complaint + restored.stderr).decode(errors="replace").strip()[-1000:])

    def drop(self) -> None:
        """Drop the copy, whoever is connected to it; nothing where there is none."""
        self._server.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.name))
        )


@contextmanager
def _copy_server(url: str) -> Iterator[_Copy]:
    """A copy that is dropped in any case; one at a time: a leftover of a killed process is dropped first."""
    try:
        with psycopg.connect(make_conninfo(url, dbname="postgres"), autocommit=True) as server:
            copy = _Copy(url, server)
            lock = [f"haicap.rehearsal.{copy.name}"]
            held = server.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", lock).fetchone()
            if not held or not held[0]:
                raise CloneFailed(
                    _("Đang có một lượt diễn tập trên bản sao khác chạy."),
                    kept=_("Lượt đó tiếp tục; lượt này chưa làm gì."),
                    todo=_("Chờ lượt đó xong rồi chạy lại."),
                )
            try:
                yield copy
            finally:
                copy.drop()
    except psycopg.OperationalError as error:
        raise _failed(error) from error


def _failed(why: object) -> CloneFailed:
    return CloneFailed(
        _("Không tạo được bản sao của cơ sở dữ liệu: %(why)s") % {"why": str(why).strip()},
        kept=_("Cơ sở dữ liệu đang dùng không thay đổi; bản sao dở dang đã bỏ."),
        todo=_("Kiểm tra đĩa trống và quyền CREATEDB, hoặc diễn tập không dùng --clone."),
    )


# --- the cut-over in it
def _cut_over_in(clone_url: str, key: str, actor: Actor, watch: Watch) -> dict[str, Any]:
    """Run `clone_worker` on the copy, telling its progress as ours; its last line."""
    environment = {
        **os.environ,
        "DATABASE_URL": _as_url(clone_url),
        "DJANGO_SETTINGS_MODULE": "haicap.settings.base",
        "HAICAP_POOL": "0",
    }
    shift_s = clock.current_shift().total_seconds()
    worker = subprocess.Popen(
        [sys.executable, "-m", "haicap.reorganisation.clone_worker", key, actor.label, repr(shift_s)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    last: dict[str, Any] = {}
    try:
        assert worker.stdout is not None  # asked for above
        for line in worker.stdout:
            last = json.loads(line)
            if "phase" in last:
                watch.step += 1
                watch.show(last["phase"])
        worker.wait()
    finally:
        if worker.poll() is None:
            worker.kill()
            worker.wait()
    if "error" in last:
        raise _told(last["error"])
    if worker.returncode or "classes" not in last:
        raise _failed(
            _("tiến trình chuyển đổi trên bản sao đã dừng (mã %(code)s)") % {"code": worker.returncode}
        )
    watch.phases.extend(last["phases"])
    return last


def _told(error: dict[str, Any]) -> HaicapError:
    """The error of the other process, as it was told there."""
    raised = HaicapError(
        error["message"],
        code=error["code"],
        kept=error.get("kept", ""),
        todo=error.get("todo", ""),
        where=error.get("where", ""),
        details=error.get("details", {}),
    )
    raised.http_status = 409
    return raised


def _as_url(conninfo: str) -> str:
    """A libpq connection string as a URL, with the host as an option so that a socket's folder can be one."""
    found = {key: str(value) for key, value in conninfo_to_dict(conninfo).items() if value is not None}
    user = quote(found.get("user", ""), safe="")
    password = f":{quote(found['password'], safe='')}" if found.get("password") else ""
    port = f":{found['port']}" if found.get("port") else ""
    host = f"?host={quote(found['host'], safe='')}" if found.get("host") else ""
    return f"postgresql://{user}{password}@{port}/{quote(found['dbname'], safe='')}{host}"
