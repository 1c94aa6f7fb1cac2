"""Where the bytes lie: a folder or an object store, as Django's storage "files" says; one file a digest."""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.utils.translation import gettext as _

from haicap.kernel.files.errors import StoreUnavailable

#: a temporary file this old belongs to a process that died
ABANDONED_S = 24 * 3600
_TEMPORARY = "incoming"


def path_of(digest: str) -> str:
    """Where a digest lies in the storage: two levels of folders, so that none grows too large."""
    return f"{digest[:2]}/{digest[2:4]}/{digest}"


class Place(Protocol):
    """A storage as the file store uses it: take bytes in, keep them under their digest, give them back."""

    def temporary(self) -> BinaryIO:
        """A new file to write to; it becomes nothing unless `keep` is called."""

    def keep(self, temporary: BinaryIO, digest: str) -> None:
        """Let the whole of `temporary` be the bytes of `digest`: at once, or not at all."""

    def discard(self, temporary: BinaryIO) -> None:
        """Throw a temporary file away."""

    def size(self, digest: str) -> int | None:
        """How many bytes are kept under a digest; None for none."""

    def open(self, digest: str) -> BinaryIO:
        """The bytes of a digest; FileNotFoundError where there are none."""


class LocalPlace:
    """A folder. Bytes reach the disk before their name does: a crash leaves all of a file or nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def temporary(self) -> BinaryIO:
        """A new file beside the kept ones, on the same file system."""
        incoming = self._folder / _TEMPORARY
        incoming.mkdir(parents=True, exist_ok=True)
        return (incoming / f"{os.getpid()}-{secrets.token_hex(8)}").open("x+b")

    def keep(self, temporary: BinaryIO, digest: str) -> None:
        """Write through to the disk, then rename; the folder's entry is written through too."""
        temporary.flush()
        os.fsync(temporary.fileno())
        os.fchmod(temporary.fileno(), 0o440)
        target = self._folder / path_of(digest)
        self._make_folders(target.parent)
        os.replace(temporary.name, target)
        _sync_folder(target.parent)
        temporary.close()

    def discard(self, temporary: BinaryIO) -> None:
        """Close and unlink; a full disk may refuse what is still to be written, and that is no matter now."""
        with suppress(OSError):
            temporary.close()
        with suppress(FileNotFoundError):
            os.unlink(temporary.name)

    def size(self, digest: str) -> int | None:
        """From the folder's entry."""
        try:
            return (self._folder / path_of(digest)).stat().st_size
        except FileNotFoundError:
            return None

    def open(self, digest: str) -> BinaryIO:
        """The file itself."""
        return (self._folder / path_of(digest)).open("rb")

    def sweep(self, older_than_s: float = ABANDONED_S) -> int:
        """Unlink temporary files that processes left when they died. Returns how many."""
        swept = 0
        now_s = time.time()  # noqa: TID251 (compared with the file system's own times)
        for left in (self._folder / _TEMPORARY).glob("*"):
            with suppress(FileNotFoundError):
                if now_s - left.stat().st_mtime > older_than_s:
                    left.unlink()
                    swept += 1
        return swept

    def _make_folders(self, folder: Path) -> None:
        made = [one for one in (folder.parent, folder) if not one.is_dir()]
        folder.mkdir(parents=True, exist_ok=True)
        for one in made:
            _sync_folder(one.parent)


class RemotePlace:
    """An object store. Bytes are gathered in a temporary file here and sent whole under their name."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def temporary(self) -> BinaryIO:
        """A file in the machine's folder for such; the system forgets it when the process dies."""
        return tempfile.TemporaryFile("w+b")

    def keep(self, temporary: BinaryIO, digest: str) -> None:
        """Send it; object stores show an object only when it has arrived whole.

        By `_save`, the hook of every storage class: `save` would look for another name where one is taken, by
        damaged bytes that are to be replaced or by somebody who stores the same bytes in this very moment.
        """
        temporary.seek(0)
        try:
            cast(Any, self._storage)._save(path_of(digest), File(temporary))
        except Exception as error:  # the store's own library: botocore, …
            raise unavailable(error) from error
        finally:
            temporary.close()

    def discard(self, temporary: BinaryIO) -> None:
        """Close; it had no name."""
        with suppress(OSError):
            temporary.close()

    def size(self, digest: str) -> int | None:
        """As the store tells it."""
        try:
            if not self._storage.exists(path_of(digest)):
                return None
            return int(self._storage.size(path_of(digest)))
        except Exception as error:
            raise unavailable(error) from error

    def open(self, digest: str) -> BinaryIO:
        """A stream from the store."""
        opened: Any = self._storage.open(path_of(digest), "rb")
        return cast(BinaryIO, opened)


def place() -> Place:
    """The storage that the settings name "files"."""
    storage = storages["files"]
    if isinstance(storage, FileSystemStorage):
        return LocalPlace(Path(storage.location))
    return RemotePlace(storage)


def unavailable(error: BaseException) -> StoreUnavailable:
    """The storage's own failure in words for people."""
    return StoreUnavailable(
        _("Kho tệp không hoạt động: %(reason)s") % {"reason": f"{type(error).__name__}: {error}"},
        kept=_("Những gì đã lưu trước đó vẫn còn; tệp này chưa được lưu."),
        todo=_("Thử lại sau ít phút; nếu vẫn lỗi, báo quản trị kiểm tra dung lượng và kết nối của kho tệp."),
    )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
