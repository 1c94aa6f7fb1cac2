"""File locks: a lock is held as long as any process has the file open, so a crash frees it by itself."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def open_lock_file(path: Path) -> int:
    """The lock file's descriptor; made on first use, for the owner of its folder also under root."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor


def try_lock(descriptor: int) -> bool:
    """Take the lock if nobody holds it."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def lock_within(descriptor: int, timeout_s: float) -> bool:
    """Take the lock, waiting at most `timeout_s` seconds."""
    limit = time.monotonic() + timeout_s
    while not try_lock(descriptor):
        if time.monotonic() >= limit:
            return False
        time.sleep(0.02)
    return True


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of this file; wait for whoever holds it now."""
    descriptor = open_lock_file(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
