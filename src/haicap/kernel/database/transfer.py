"""A database into a file and back (pg_dump, pg_restore): the copy that moves between server versions."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from haicap.kernel.database import binaries, embedded
from haicap.kernel.database.cluster import Cluster
from haicap.kernel.database.errors import DumpFailed, NotEmpty, RestoreFailed, ServerMissing
from haicap.kernel.database.messages import gettext as _

OWNERLESS = ["--no-owner", "--no-privileges"]


def dump(url: str, target: Path) -> int:
    """Write the whole database to `target` (pg_dump's custom format); its size in bytes.

    The file appears when it is complete, never half. Raises DumpFailed.
    """
    scratch = target.with_name(f".{target.name}.part")
    try:
        done = _run("pg_dump", ["-Fc", *OWNERLESS, "-f", str(scratch)], url)
        if done.returncode != 0:
            raise DumpFailed(
                _("Không sao lưu được cơ sở dữ liệu vào %(file)s.") % {"file": target},
                kept=_("Cơ sở dữ liệu không thay đổi; không để lại tệp dở dang."),
                todo=done.stderr.strip(),
            )
        with scratch.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(scratch, target)
    finally:
        scratch.unlink(missing_ok=True)
    return target.stat().st_size


def restore_embedded(cluster: Cluster, database: str, source: Path, *, replace: bool) -> None:
    """Fill an embedded database from a dump: into a new one, which takes the old one's place when complete.

    Raises NotEmpty when the database holds tables and `replace` was not asked for, RestoreFailed when the
    file is no good; either way the old database is as before.
    """
    address = embedded.url(cluster.data_folder, database)
    if not replace:
        _refuse_unless_empty(address, database)
    fresh = f"{database}_restoring"
    embedded.drop_database(cluster, fresh)
    try:
        _restore_into(embedded.url(cluster.data_folder, fresh), source)
        embedded.drop_database(cluster, database)
        embedded.rename_database(cluster, fresh, database)
    finally:
        embedded.drop_database(cluster, fresh)


def restore_managed(url: str, source: Path) -> None:
    """Fill an empty database of a managed server from a dump, in one transaction.

    Raises NotEmpty or RestoreFailed; then nothing was written.
    """
    _refuse_unless_empty(url, str(conninfo_to_dict(url).get("dbname")))
    _restore_into(url, source)


def _restore_into(url: str, source: Path) -> None:
    options = [*OWNERLESS, "--exit-on-error", "--single-transaction"]
    name = str(conninfo_to_dict(url)["dbname"])
    done = _run("pg_restore", [*options, "-d", name, str(source)], url)
    if done.returncode != 0:
        raise RestoreFailed(
            _("Không khôi phục được từ %(file)s.") % {"file": source},
            kept=_("Cơ sở dữ liệu cũ còn nguyên."),
            todo=done.stderr.strip(),
        )


def _refuse_unless_empty(url: str, database: str) -> None:
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchone()
    if found and found[0]:
        raise NotEmpty(
            _("Cơ sở dữ liệu «%(name)s» đang có %(count)s bảng.") % {"name": database, "count": found[0]},
            kept=_("Không có gì bị ghi đè."),
            todo=_("Thêm «--replace» nếu thật sự muốn thay toàn bộ (chỉ với cơ sở dữ liệu nhúng)."),
        )


def client_environment(url: str) -> dict[str, str]:
    """The address as libpq's variables: a password on a command line would be there for all to see."""
    names = {
        "host": "PGHOST",
        "port": "PGPORT",
        "user": "PGUSER",
        "password": "PGPASSWORD",
        "dbname": "PGDATABASE",
    }
    found = conninfo_to_dict(url)
    given = {names[key]: str(value) for key, value in found.items() if key in names and value is not None}
    return {**os.environ, **given}


def client_program(name: str) -> str:
    """Full path of a client program (psql, pg_dump): the package's, else the one on the PATH."""
    try:
        ours = Path(binaries.find().tool(name))
        if ours.is_file():
            return str(ours)
    except ServerMissing:
        pass
    found = shutil.which(name)
    if not found:
        raise ServerMissing(
            _("Không tìm thấy chương trình %(name)s.") % {"name": name},
            todo=_("Cài gói postgresql-client rồi chạy lại."),
        )
    return found


def _run(program: str, arguments: list[str], url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [client_program(program), *arguments],
        env=client_environment(url),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
