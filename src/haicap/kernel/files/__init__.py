"""Kho tệp: bytes by their SHA-256, stored once, verified whenever they are read.

`put(bytes or stream, media_type, name) -> StoredFile`, `open(digest)`, `read(digest)`, `verify(digest)`,
`get(digest)`. The bytes lie where the setting STORAGES["files"] says: a local folder, or S3 by
django-storages. A record refers to a file by its digest.
"""

from haicap.kernel.files.errors import (
    FileDamaged,
    FileKindRefused,
    FileTooLarge,
    FileUnreadable,
    NoSuchFile,
    StoreUnavailable,
)
from haicap.kernel.files.store import get, open, put, read, sweep, verify

__all__ = [
    "FileDamaged",
    "FileKindRefused",
    "FileTooLarge",
    "FileUnreadable",
    "NoSuchFile",
    "StoreUnavailable",
    "get",
    "open",
    "put",
    "read",
    "sweep",
    "verify",
]
