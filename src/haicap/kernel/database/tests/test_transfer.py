"""A database into a file and back, also from one major version of the server to the next."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from haicap.kernel.database import binaries, current, embedded, settings, transfer
from haicap.kernel.database.cluster import Cluster
from haicap.kernel.database.errors import DumpFailed, NotEmpty, RestoreFailed, VersionMismatch


def fill(cluster: Cluster, rows: int) -> str:
    address = embedded.url(cluster.data_folder, "work", durable=False)
    with psycopg.connect(address) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
        connection.execute("CREATE TABLE unit (id integer PRIMARY KEY, name text NOT NULL)")
        connection.execute("INSERT INTO unit SELECT n, 'Xã ' || n FROM generate_series(1, %s) n", [rows])
    return address


def count(address: str) -> int:
    with psycopg.connect(address) as connection:
        row = connection.execute("SELECT count(*) FROM unit").fetchone()
        assert row
        return int(row[0])


def test_dump__and_restore__gives_the_same(cluster: Cluster, tmp_path: Path) -> None:
    address = fill(cluster, 300)
    size = transfer.dump(address, tmp_path / "copy.dump")
    assert size == (tmp_path / "copy.dump").stat().st_size
    with psycopg.connect(address) as connection:
        connection.execute("DELETE FROM unit WHERE id > 100")
    transfer.restore_embedded(cluster, "work", tmp_path / "copy.dump", replace=True)
    assert count(address) == 300
    assert not embedded.database_exists(cluster, "work_restoring")


def test_restore__into_a_filled_database__is_refused(cluster: Cluster, tmp_path: Path) -> None:
    address = fill(cluster, 5)
    transfer.dump(address, tmp_path / "copy.dump")
    with pytest.raises(NotEmpty):
        transfer.restore_embedded(cluster, "work", tmp_path / "copy.dump", replace=False)
    with pytest.raises(NotEmpty):
        transfer.restore_managed(address, tmp_path / "copy.dump")
    assert count(address) == 5


def test_restore__of_a_bad_file__keeps_the_old_database(cluster: Cluster, tmp_path: Path) -> None:
    address = fill(cluster, 5)
    for content in (b"", b"no dump at all", b"PGDMP\x01\x0e\x00 cut short"):
        (tmp_path / "bad.dump").write_bytes(content)
        with pytest.raises(RestoreFailed):
            transfer.restore_embedded(cluster, "work", tmp_path / "bad.dump", replace=True)
        assert count(address) == 5
        assert not embedded.database_exists(cluster, "work_restoring")


def test_restore__of_a_dump_cut_in_the_middle__keeps_the_old_database(
    cluster: Cluster, tmp_path: Path
) -> None:
    address = fill(cluster, 5000)
    transfer.dump(address, tmp_path / "copy.dump")
    whole = (tmp_path / "copy.dump").read_bytes()
    (tmp_path / "copy.dump").write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(RestoreFailed):
        transfer.restore_embedded(cluster, "work", tmp_path / "copy.dump", replace=True)
    assert count(address) == 5000


def test_dump__into_a_folder_that_is_not_there__leaves_nothing(cluster: Cluster, tmp_path: Path) -> None:
    address = fill(cluster, 5)
    with pytest.raises(DumpFailed):
        transfer.dump(address, tmp_path / "nowhere" / "copy.dump")
    assert list(tmp_path.iterdir()) == []


def test_version__from_an_older_server_to_ours__the_way_out_works(
    cluster: Cluster, tmp_path: Path, system_postgres: Path, programs_of: Callable[[Path], None]
) -> None:
    ours = binaries.find().folder
    programs_of(system_postgres)
    address = fill(cluster, 1200)
    cluster.stop()

    programs_of(ours)
    newer = Cluster(cluster.data_folder, durable=False)
    with pytest.raises(VersionMismatch) as refused:
        newer.start()
    assert refused.value.details["cluster"] == int(system_postgres.parent.name)

    programs_of(system_postgres)  # 1 and 2: the old server once more, for the copy
    older = Cluster(cluster.data_folder, durable=False)
    older.start()
    transfer.dump(older.url("work"), tmp_path / "move.dump")
    older.stop()

    programs_of(ours)  # 3 and 4: the new server with a new cluster
    shutil.move(cluster.folder, tmp_path / "postgres.old")
    moved = Cluster(cluster.data_folder, durable=False)
    transfer.restore_embedded(moved, "work", tmp_path / "move.dump", replace=False)
    address = embedded.url(moved.data_folder, "work", durable=False)
    assert count(address) == 1200


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://haicap:s%3Acret%40@db.tinh.vn:5433/haicap",
        "postgresql://haicap@/haicap?host=/run/postgresql&port=5432",
        "postgresql://haicap@[::1]:5432/haicap?sslmode=require",
        "postgresql:///haicap",
    ],
)
def test_url__of_the_settings__is_the_one_that_was_given(address: str) -> None:
    entry = settings.parse_database_url(address)
    assert settings.parse_database_url(current.url_of(entry)) == entry
