"""The embedded PostgreSQL: what haicap brings along and runs itself when no `DATABASE_URL` is given.

Whoever needs it starts it (`url`), and it stays until `haicap database stop`; see docs/adr/0001.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg
from psycopg import errors, sql

from haicap.kernel.database.cluster import ROLE, Cluster

ENSURE_LOCK = 7_201_407_002


@dataclass(frozen=True, slots=True)
class Status:
    """Tình trạng cơ sở dữ liệu nhúng: what `haicap database status` shows; sizes in bytes."""

    running: bool
    folder: str
    pid: int | None
    socket_folder: str | None
    server_version: str
    cluster_major: int | None
    runs_as: str | None
    databases: dict[str, int]

    def as_dict(self) -> dict[str, object]:
        """JSON-ready values."""
        return asdict(self)


def url(data_folder: Path, database: str, *, durable: bool = True) -> str:
    """The address of a database of the embedded server, which is started when it does not run.

    The database is made when it is missing.

    Raises a DatabaseError with the way out when it cannot be had.
    """
    cluster = Cluster(data_folder, durable=durable)
    if not cluster.is_ready():
        cluster.start()
    ensure_database(cluster, database)
    return cluster.url(database)


def start(data_folder: Path, *, durable: bool = True) -> bool:
    """Start the embedded server; False when it ran already."""
    return Cluster(data_folder, durable=durable).start()


def stop(data_folder: Path) -> bool:
    """Stop the embedded server; False when it did not run."""
    return Cluster(data_folder).stop()


def status(data_folder: Path) -> Status:
    """How the embedded server stands; starts nothing."""
    cluster = Cluster(data_folder)
    running = cluster.is_ready()
    return Status(
        running=running,
        folder=str(cluster.folder),
        pid=cluster.pid,
        socket_folder=cluster.socket_folder if running else None,
        server_version=cluster.programs.version,
        cluster_major=cluster.cluster_major,
        runs_as=cluster.user.name if cluster.user else None,
        databases=_database_sizes(cluster) if running else {},
    )


def ensure_database(cluster: Cluster, name: str) -> bool:
    """Make the role and the database when they are missing; False when they were there."""
    try:  # the usual case: one connection, nothing to do
        psycopg.connect(cluster.url(name), connect_timeout=10).close()
        return False
    except psycopg.OperationalError:
        pass
    with _admin(cluster) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [ENSURE_LOCK])  # others may find it missing, too
        _ensure_role(connection, cluster)
        return _create_database(connection, name)


def drop_database(cluster: Cluster, name: str) -> bool:
    """Drop a database and end the sessions in it; False when there is none of this name."""
    with _admin(cluster) as connection:
        if not _exists(connection, name):
            return False
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        return True


def database_exists(cluster: Cluster, name: str) -> bool:
    """Whether the cluster has a database of this name."""
    with _admin(cluster) as connection:
        return _exists(connection, name)


def rename_database(cluster: Cluster, old: str, new: str) -> None:
    """Give a database another name; sessions in it are ended."""
    with _admin(cluster) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [old])
        connection.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new))
        )


def _admin(cluster: Cluster) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(cluster.url("postgres", admin=True), autocommit=True, connect_timeout=10)


def _exists(connection: psycopg.Connection[tuple[object, ...]], name: str) -> bool:
    return connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _ensure_role(connection: psycopg.Connection[tuple[object, ...]], cluster: Cluster) -> None:
    """The owner of the databases: may make databases (tests, clones) and watch the server, no more."""
    role = sql.Identifier(ROLE)
    with suppress(errors.DuplicateObject, errors.UniqueViolation):
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN CREATEDB").format(role))
    password = sql.Literal(cluster.password(ROLE))
    connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, password))
    connection.execute(sql.SQL("GRANT pg_monitor, pg_signal_backend, pg_checkpoint TO {}").format(role))
    if not cluster.durable:  # tests play the intruder who has the rights of an administrator
        connection.execute(sql.SQL("GRANT SET ON PARAMETER session_replication_role TO {}").format(role))


def _create_database(connection: psycopg.Connection[tuple[object, ...]], name: str) -> bool:
    if _exists(connection, name):
        return False
    try:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(
                sql.Identifier(name), sql.Identifier(ROLE)
            )
        )
    except (errors.DuplicateDatabase, errors.UniqueViolation):
        return False  # another process made it in this very moment
    return True


def _database_sizes(cluster: Cluster) -> dict[str, int]:
    with _admin(cluster) as connection:
        rows = connection.execute(
            "SELECT datname, pg_database_size(oid) FROM pg_database"
            " WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY datname"
        ).fetchall()
    return {str(name): int(str(size)) for name, size in rows}
