"""Putting files in and getting them out, whole or not at all."""

from __future__ import annotations

import hashlib
import io
import re
import tempfile
from collections.abc import Collection
from typing import Any, BinaryIO, Protocol, cast

from django.conf import settings
from django.utils.translation import gettext as _

from haicap.kernel.errors import HaicapError
from haicap.kernel.files.errors import FileDamaged, FileKindRefused, FileTooLarge, FileUnreadable, NoSuchFile
from haicap.kernel.files.places import LocalPlace, place, unavailable
from haicap.kernel.files.sniff import HEAD_BYTES, media_type_of
from haicap.kernel.formats import decimal
from haicap.kernel.models.files import StoredFile
from haicap.kernel.text import clean

#: used where the settings say nothing (`FILES_MAX_BYTES`)
MAX_BYTES = 200 * 1024 * 1024
_DIGEST = re.compile(r"[0-9a-f]{64}")
_CHUNK_BYTES = 256 * 1024
_IN_MEMORY_BYTES = 4 * 1024 * 1024


class Readable(Protocol):
    """Anything with `read(size)` that gives bytes: files, uploads, responses."""

    def read(self, size: int, /) -> bytes:
        """The next bytes; empty at the end."""


def put(
    content: bytes | Readable,
    media_type: str = "",
    name: str = "",
    *,
    max_bytes: int | None = None,
    allowed: Collection[str] | None = None,
) -> StoredFile:
    """Store bytes and return their row; bytes that are already stored are stored once.

    The stream is read in pieces, never whole in memory. Its media type is looked at; `media_type` is only a
    hint (`sniff`). The row is part of the caller's transaction: when that is rolled back, unused bytes
    remain, which hurts nobody. Stored bytes of the same digest that turn out to be damaged are replaced.

    Raises FileTooLarge (KRN-111) beyond `max_bytes` (default: the setting FILES_MAX_BYTES), FileKindRefused
    (KRN-112) when the kind is not in `allowed`, FileUnreadable (KRN-115), StoreUnavailable (KRN-116). In each
    case nothing is stored.
    """
    limit = max_bytes if max_bytes is not None else int(getattr(settings, "FILES_MAX_BYTES", MAX_BYTES))
    where = place()
    try:
        temporary = where.temporary()
    except OSError as error:
        raise unavailable(error) from error
    try:
        digest, size, head = _take_in(content, temporary, limit, name)
        temporary.seek(0)
        found = media_type_of(head, temporary, media_type)
        _check_kind(found, allowed, name)
        if where.size(digest) == size and verify(digest):
            where.discard(temporary)
        else:
            where.keep(temporary, digest)
    except OSError as error:
        where.discard(temporary)
        raise unavailable(error) from error
    except BaseException:
        where.discard(temporary)
        raise
    row, _created = StoredFile.objects.get_or_create(
        digest=digest,
        defaults={"size_bytes": size, "media_type": found[:120], "name": clean(name)[:255]},
    )
    return row


def open(digest: str) -> BinaryIO:
    """The bytes of a digest as a stream from the beginning, verified before the first is given.

    Close it when done (it is a context manager). Raises NoSuchFile (KRN-113), FileDamaged (KRN-114),
    StoreUnavailable (KRN-116).
    """
    if not _DIGEST.fullmatch(digest):
        raise _missing(digest)
    try:
        stored = place().open(digest)
        try:
            return _verified(stored, digest)
        except BaseException:
            stored.close()
            raise
    except FileNotFoundError:
        raise _missing(digest) from None
    except HaicapError:
        raise
    except Exception as error:  # the disk's, or those of the object store's own library
        raise unavailable(error) from error


def read(digest: str) -> bytes:
    """All bytes of a digest; errors as `open`. For what is known to be small."""
    with open(digest) as stream:
        return stream.read()


def verify(digest: str) -> bool:
    """Whether the stored bytes are still those of the digest; False for missing or damaged ones."""
    try:
        open(digest).close()
    except (NoSuchFile, FileDamaged):
        return False
    return True


def get(digest: str) -> StoredFile:
    """The row of a digest. Raises NoSuchFile (KRN-113)."""
    row = StoredFile.objects.filter(digest=digest).first()
    if row is None:
        raise _missing(digest)
    return row


def sweep() -> int:
    """Remove what processes that died in the middle of `put` left in a local store. Returns how many."""
    where = place()
    return where.sweep() if isinstance(where, LocalPlace) else 0


def _take_in(content: bytes | Readable, temporary: BinaryIO, limit: int, name: str) -> tuple[str, int, bytes]:
    """Copy into the temporary file; the digest, the size and the first bytes."""
    source = io.BytesIO(content) if isinstance(content, bytes | bytearray | memoryview) else content
    if not callable(getattr(source, "read", None)):
        raise FileUnreadable(_("Nội dung tệp phải là dãy byte hoặc một luồng đọc được"))
    hashed = hashlib.sha256()
    size = 0
    head = b""
    while True:
        try:
            piece = source.read(_CHUNK_BYTES)
        except OSError as error:
            raise FileUnreadable(
                _("Đọc tệp «%(name)s» bị gián đoạn: %(reason)s") % {"name": clean(name), "reason": error},
                kept=_("Không có gì được lưu."),
                todo=_("Gửi lại tệp."),
            ) from error
        if not isinstance(piece, bytes | bytearray | memoryview):
            raise FileUnreadable(
                _("Tệp «%(name)s» được đọc như văn bản, không phải dãy byte") % {"name": clean(name)},
                kept=_("Không có gì được lưu."),
                todo=_("Mở tệp ở chế độ nhị phân."),
            )
        if not piece:
            return hashed.hexdigest(), size, head
        size += len(piece)
        if size > limit:
            raise FileTooLarge(
                _("Tệp «%(name)s» lớn hơn %(limit)s MB") % {"name": clean(name), "limit": _megabytes(limit)},
                kept=_("Không có gì được lưu."),
                todo=_("Nén hoặc chia nhỏ tệp (quét ở 200-300 dpi, đen trắng) rồi nộp lại."),
                details={"max_bytes": limit},
            )
        hashed.update(piece)
        if len(head) < HEAD_BYTES:
            head += bytes(piece[: HEAD_BYTES - len(head)])
        temporary.write(piece)


def _check_kind(found: str, allowed: Collection[str] | None, name: str) -> None:
    if allowed is not None and found not in allowed:
        raise FileKindRefused(
            _("Tệp «%(name)s» thuộc loại %(kind)s, không được nhận ở đây")
            % {"name": clean(name), "kind": found},
            kept=_("Không có gì được lưu."),
            todo=_("Nộp tệp thuộc một trong các loại: %(allowed)s.")
            % {"allowed": ", ".join(sorted(allowed))},
            details={"media_type": found, "allowed": sorted(allowed)},
        )


def _verified(stored: BinaryIO, digest: str) -> BinaryIO:
    """The stream, read through once and proven; what cannot go back to its beginning is copied meanwhile."""
    hashed = hashlib.sha256()
    rewindable = isinstance(stored, io.BufferedReader)
    copy = None if rewindable else tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115
    while piece := stored.read(_CHUNK_BYTES):
        hashed.update(piece)
        if copy is not None:
            copy.write(piece)
    if hashed.hexdigest() != digest:
        if copy is not None:
            copy.close()
        raise FileDamaged(
            _("Tệp %(digest)s trong kho không còn nguyên vẹn") % {"digest": digest},
            kept=_("Không có byte nào của tệp hỏng được đưa ra."),
            todo=_("Khôi phục tệp này từ bản sao lưu, hoặc nộp lại đúng tệp gốc: kho sẽ tự thay bản hỏng."),
            details={"digest": digest, "found": hashed.hexdigest()},
        )
    result: Any = stored
    if copy is not None:
        stored.close()
        result = copy
    result.seek(0)
    return cast(BinaryIO, result)


def _missing(digest: str) -> NoSuchFile:
    return NoSuchFile(
        _("Không có tệp %(digest)s") % {"digest": digest[:64]},
        todo=_("Kiểm tra lại đường dẫn; nếu tệp từng có, khôi phục kho tệp từ bản sao lưu."),
        details={"digest": digest[:64]},
    )


def _megabytes(size: int) -> str:
    return decimal(size / 1024 / 1024, 0 if size >= 1024 * 1024 else 2)
