"""Tệp của hồ sơ: what may come with a dossier, looked at before it is kept: kind, size, bombs, breakage, viruses."""

from __future__ import annotations

import tempfile
import zipfile
from typing import Any, BinaryIO, cast

from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest
from django.utils.translation import gettext as _
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from haicap.kernel import files
from haicap.kernel.files.sniff import HEAD_BYTES, media_type_of
from haicap.kernel.models import StoredFile
from haicap.kernel.text import clean
from haicap.systems.onestop.reception import antivirus, configuration, pictures
from haicap.systems.onestop.reception.errors import FileRefused, TooManyFiles

_OOXML = "application/vnd.openxmlformats-officedocument"
OFFICE = frozenset(
    {
        f"{_OOXML}.wordprocessingml.document",
        f"{_OOXML}.spreadsheetml.sheet",
        "application/vnd.oasis.opendocument.text",
        "application/vnd.oasis.opendocument.spreadsheet",
    }
)
PICTURES = frozenset({"image/png", "image/jpeg", "image/tiff", "image/webp", "image/heic"})
PDF = "application/pdf"
#: scans, photographs, office documents; nothing that runs or unpacks
ALLOWED = frozenset({PDF, *PICTURES, *OFFICE})
#: what an input field offers to choose
ACCEPT = ".pdf,.png,.jpg,.jpeg,.tif,.tiff,.webp,.heic,.docx,.xlsx,.odt,.ods"
#: what an office document may unfold to, in entries, in bytes, and times its own size
MOST_ENTRIES = 3_000
UNFOLDED_BYTES = 300 * 1024 * 1024
MOST_RATIO = 100
#: below this much nobody counts the ratio
SMALL_BYTES = 10 * 1024 * 1024
#: an A3 sheet scanned at 600 dpi has 70 million
MOST_PIXELS = 120_000_000
MOST_FILES = 50
_PIECE_BYTES = 256 * 1024


def accept(content: BinaryIO, name: str, *, taken_bytes: int = 0) -> StoredFile:
    """Nhận tệp: check a file and keep it. `taken_bytes` are those of the dossier's other files.

    The stream is copied piece by piece and given up at the first byte too many. Raises TooManyFiles (ONE-609),
    FileRefused (ONE-606), FileInfected (ONE-607), ScannerSilent (ONE-608), and what `kernel.files.put` raises;
    nothing is kept then.
    """
    room = min(configuration.file_bytes(), configuration.dossier_bytes() - taken_bytes)
    with tempfile.TemporaryFile() as copied:
        file = cast(BinaryIO, copied)
        _copy(content, file, room, name)
        file.seek(0)
        kind = media_type_of(file.read(HEAD_BYTES), file, "")
        _check_kind(kind, name)
        _check_inside(file, kind, name)
        antivirus.scan(file, name)
        file.seek(0)
        return files.put(file, kind, clean(name)[:255], max_bytes=max(room, 0), allowed=ALLOWED)


def _copy(content: BinaryIO, file: BinaryIO, room: int, name: str) -> None:
    size = 0
    while piece := content.read(_PIECE_BYTES):
        size += len(piece)
        if size > room:
            raise too_large(name)
        file.write(piece)
    if not size:
        raise _refused(_("Tệp «%(name)s» rỗng.") % {"name": clean(name)[:100]})


def too_large(name: str = "") -> TooManyFiles:
    """The error for a file, or files together, beyond the limits."""
    limits = {
        "name": clean(name)[:100] or "…",
        "file": configuration.file_bytes() // 1024 // 1024,
        "dossier": configuration.dossier_bytes() // 1024 // 1024,
    }
    return TooManyFiles(
        _("Tệp «%(name)s» quá lớn: mỗi tệp tối đa %(file)s MB, cả hồ sơ tối đa %(dossier)s MB.") % limits,
        where="files",
        kept=_("Tệp này không được lưu; những gì đã nhập vẫn còn."),
        todo=_("Hãy quét ở 200-300 dpi, đen trắng, hoặc chia thành nhiều tệp."),
    )


def _check_kind(kind: str, name: str) -> None:
    if kind not in ALLOWED:
        raise _refused(
            _("Tệp «%(name)s» không phải là PDF, ảnh hay văn bản Word, Excel (nội dung là %(kind)s).")
            % {"name": clean(name)[:100], "kind": kind}
        )


def _check_inside(file: BinaryIO, kind: str, name: str) -> None:
    if kind in OFFICE:
        _check_office(file, name)
    elif kind in PICTURES:
        _check_picture(file, kind, name)
    else:
        _check_pdf(file, name)


def _check_picture(file: BinaryIO, kind: str, name: str) -> None:
    found = pictures.pixels(file, kind)
    if found is None:
        raise _refused(_("Ảnh «%(name)s» bị hỏng, không mở được.") % {"name": clean(name)[:100]})
    if found > MOST_PIXELS:
        raise _refused(
            _("Ảnh «%(name)s» có %(count)s triệu điểm ảnh, quá lớn để mở.")
            % {"name": clean(name)[:100], "count": found // 1_000_000}
        )


def _check_office(file: BinaryIO, name: str) -> None:
    """Unfolded entry by entry and counted: what the list of entries says is not believed."""
    file.seek(0, 2)
    packed = file.tell()
    file.seek(0)
    most = min(UNFOLDED_BYTES, max(SMALL_BYTES, packed * MOST_RATIO))
    bomb = _refused(_("Tệp «%(name)s» khi mở ra lớn bất thường (bom nén).") % {"name": clean(name)[:100]})
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > most:
                raise bomb
            unfolded = 0
            for entry in entries:
                with archive.open(entry) as stream:
                    while piece := stream.read(_PIECE_BYTES):
                        unfolded += len(piece)
                        if unfolded > most:
                            raise bomb
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, OSError) as error:
        raise _refused(_("Tệp «%(name)s» bị hỏng hoặc có mật khẩu.") % {"name": clean(name)[:100]}) from error
    finally:
        file.seek(0)


def _check_pdf(file: BinaryIO, name: str) -> None:
    """It has an end, a catalogue and pages: what a colleague cannot open tomorrow is said today."""
    file.seek(0)
    try:
        reader: Any = PdfFileReader(file, strict=False)
        encrypted = reader.encrypted
        pages = 1 if encrypted else int(reader.root["/Pages"]["/Count"])
    except (
        PdfError,
        KeyError,
        ValueError,
        TypeError,
        IndexError,
        RecursionError,
        OSError,
        AttributeError,
    ) as error:
        raise _refused(
            _("Tệp PDF «%(name)s» bị hỏng, không mở được.") % {"name": clean(name)[:100]}
        ) from error
    finally:
        file.seek(0)
    if encrypted:
        raise _refused(_("Tệp PDF «%(name)s» có mật khẩu.") % {"name": clean(name)[:100]})
    if pages < 1:
        raise _refused(_("Tệp PDF «%(name)s» không có trang nào.") % {"name": clean(name)[:100]})


def _refused(message: str) -> FileRefused:
    return FileRefused(
        message,
        where="files",
        kept=_("Tệp này không được lưu; những gì đã nhập vẫn còn."),
        todo=_("Hãy quét hoặc xuất lại thành PDF rồi chọn lại tệp."),
    )


class LimitedUploads(FileUploadHandler):
    """Counts what comes in and hangs up at the first byte beyond a dossier's limit: 2 GB never reach the disk."""

    #: room for the fields of the form beside the files
    _FORM_BYTES = 1024 * 1024

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.left = configuration.dossier_bytes()

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,
        content_length: Any,
        boundary: Any,
        encoding: str | None = None,
    ) -> None:
        """Refuse by what the browser announces, before a byte is read."""
        if content_length > configuration.dossier_bytes() + self._FORM_BYTES:
            raise too_large()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Count, and hand on to the next handler."""
        self.left -= len(raw_data)
        if self.left < 0:
            raise too_large()
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """The next handler makes the file."""
        return
