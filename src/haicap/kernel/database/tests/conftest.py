"""Clusters of their own for the tests of the embedded server."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from haicap.kernel.database import binaries
from haicap.kernel.database.cluster import Cluster


@pytest.fixture
def make_cluster() -> Iterator[Callable[..., Cluster]]:
    """Makes clusters in fresh folders that only their owner may enter; stops them at the end."""
    made: list[tuple[Cluster, Path]] = []

    def make(*, durable: bool = False) -> Cluster:
        folder = Path(tempfile.mkdtemp(prefix="haicap-cluster-"))
        made.append((Cluster(folder / "data", durable=durable), folder))
        return made[-1][0]

    yield make
    for cluster, folder in made:
        Cluster(cluster.data_folder).stop(immediately=True)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def cluster(make_cluster: Callable[..., Cluster]) -> Cluster:
    """A cluster that was not started yet."""
    return make_cluster()


@pytest.fixture
def programs_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], None]]:
    """Chooses the folder of server programs for the rest of the test."""

    def choose(folder: Path) -> None:
        monkeypatch.setenv("HAICAP_POSTGRES_BIN", str(folder))
        binaries.find.cache_clear()

    yield choose
    binaries.find.cache_clear()


@pytest.fixture
def system_postgres() -> Path:
    """The programs of an older PostgreSQL of the system."""
    for version in (15, 16, 14):
        folder = Path(f"/usr/lib/postgresql/{version}/bin")
        if (folder / "initdb").is_file():
            return folder
    pytest.skip("Debian's PostgreSQL is not installed")
