"""Which system user runs the embedded server: PostgreSQL refuses to run as root, for good reason."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from haicap.kernel.database.errors import NoServerUser
from haicap.kernel.database.messages import gettext as _

# `postgres` first: it exists for this, and taking it changes nothing on the machine. `nobody` never: whatever
# else runs as nobody could read the cluster.
CANDIDATES = ("postgres", "haicap")


@dataclass(frozen=True, slots=True)
class ServerUser:
    """Người dùng chạy máy chủ: the unprivileged user whose the cluster is when root starts it."""

    name: str
    uid: int
    gid: int

    def as_popen_arguments(self) -> dict[str, Any]:
        """Keyword arguments of `subprocess` that drop every privilege of root."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def choose(cluster_folder: Path) -> ServerUser | None:
    """The user to run the server as; None when we are an ordinary user and run it ourselves.

    A cluster keeps the owner it was made with. Raises NoServerUser when root finds and can make none.
    """
    if os.geteuid() != 0:
        return None
    try:
        owner = cluster_folder.stat().st_uid
    except FileNotFoundError:
        owner = 0
    if owner != 0:
        entry = pwd.getpwuid(owner)
        return ServerUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
    for name in CANDIDATES:
        found = _lookup(name)
        if found:
            return found
    return _create(CANDIDATES[-1])


def _lookup(name: str) -> ServerUser | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return ServerUser(entry.pw_name, entry.pw_uid, entry.pw_gid) if entry.pw_uid else None


def _create(name: str) -> ServerUser:
    """A system user without home and shell, made on the first start by root."""
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd:
        subprocess.run(
            [useradd, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", name],
            capture_output=True,
            check=False,
        )
    found = _lookup(name)
    if not found:
        raise NoServerUser(
            _("PostgreSQL không chạy bằng quyền root, và không tạo được người dùng hệ thống «haicap»."),
            kept=_("Chưa có gì thay đổi."),
            todo=_(
                "Chạy haicap bằng một người dùng thường, hoặc tạo người dùng hệ thống «haicap» rồi chạy lại."
            ),
        )
    return found
