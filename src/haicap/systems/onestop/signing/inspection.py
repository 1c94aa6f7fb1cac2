"""Xem xét PDF: is it one, can it be signed, and does it carry anything but pages."""

from __future__ import annotations

import io
import re
import zlib
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from haicap.systems.onestop.signing.errors import NotAPdf, PdfActive, PdfEncrypted, PdfTooLarge

MOST_BYTES = 50 * 1024 * 1024
MOST_PAGES, MOST_OBJECTS = 1_000, 200_000
#: what the tables of a file may unpack to; its pages are not unpacked here
MOST_UNPACKED = 64 * 1024 * 1024
#: actions that start something outside the page
_ACTIONS = frozenset(
    {"/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToE", "/Rendition", "/Movie"}
)
_KINDS = frozenset({"/EmbeddedFile", "/RichMedia", "/3D"})
_TABLE = re.compile(
    rb"/Type\s*/(?:ObjStm|XRef)\b[^>]*>>\s*stream\r?\n|/(?:ObjStm|XRef)\b.{0,400}?stream\r?\n", re.S
)


@dataclass(frozen=True, slots=True)
class Inspected:
    """A PDF that can be signed: how many pages, how many signatures it bears already."""

    pages: int
    signatures: int


def inspect(pdf: bytes) -> Inspected:
    """Look at a PDF before anything is done with it.

    Raises NotAPdf (ONE-411), PdfEncrypted (ONE-412), PdfActive (ONE-413), PdfTooLarge (ONE-414).
    """
    if len(pdf) > MOST_BYTES:
        raise _too_large()
    if b"%PDF-" not in pdf[:1024]:
        raise _no_pdf(_("không bắt đầu như một tệp PDF"))
    _check_tables(pdf)
    try:
        reader = PdfFileReader(io.BytesIO(pdf))
        if reader.encrypted:
            raise PdfEncrypted(
                _("Tệp PDF có mật khẩu bảo vệ."),
                kept=_("Không có gì được lưu."),
                todo=_("Hãy bỏ mật khẩu (in lại thành PDF) rồi tải lên."),
            )
        pages = int(reader.root["/Pages"]["/Count"])
        if not 1 <= pages <= MOST_PAGES:
            raise _too_large() if pages > MOST_PAGES else _no_pdf(_("không có trang nào"))
        _check_objects(reader)
        return Inspected(pages, len(reader.embedded_regular_signatures))
    except (PdfError, KeyError, TypeError, ValueError, IndexError, RecursionError, zlib.error) as error:
        raise _no_pdf(str(error)[:200]) from error


def _check_tables(pdf: bytes) -> None:
    """The tables of objects unpack to a bounded size: a small file cannot fill the memory."""
    unpacked = 0
    for found in _TABLE.finditer(pdf):
        packer = zlib.decompressobj()
        try:
            unpacked += len(packer.decompress(pdf[found.end() :], MOST_UNPACKED + 1))
        except zlib.error:
            continue  # not packed this way; the reader tells
        if unpacked > MOST_UNPACKED:
            raise _too_large()


def _check_objects(reader: PdfFileReader) -> None:
    numbers = list(reader.xrefs.explicit_refs_in_revision(0))
    for revision in range(1, reader.xrefs.total_revisions):
        numbers += list(reader.xrefs.explicit_refs_in_revision(revision))
    if len(numbers) > MOST_OBJECTS:
        raise _too_large()
    for reference in numbers:
        if reference.idnum == 0:
            continue
        named = generic.Reference(reference.idnum, reference.generation, reader)
        _check_object(reader.get_object(named), 0)  # type: ignore[no-untyped-call]
    _check_object(reader.trailer.flatten(), 0)


def _check_object(one: Any, depth: int) -> None:
    """Refuse active dictionaries; what is referred to is met on its own."""
    if depth > 50:
        return
    if isinstance(one, generic.DictionaryObject):
        kind, action = (
            one.raw_get("/Type") if "/Type" in one else None,
            one.raw_get("/S") if "/S" in one else None,
        )
        if (
            str(action) in _ACTIONS
            or str(kind) in _KINDS
            or "/JS" in one
            or "/EF" in one
            or "/XFA" in one
            or "/EmbeddedFiles" in one
        ):
            raise PdfActive(
                _("Tệp PDF có mã lệnh, tệp đính kèm hoặc hành động tự chạy."),
                kept=_("Không có gì được lưu."),
                todo=_(
                    "Hãy in lại tài liệu thành PDF thường (Microsoft Print to PDF, LibreOffice) rồi tải lên."
                ),
            )
        values: list[Any] = [one.raw_get(key) for key in one]
    elif isinstance(one, generic.ArrayObject):
        values = [one.raw_get(at) for at in range(len(one))]
    else:
        return
    for value in values:
        if isinstance(value, generic.DictionaryObject | generic.ArrayObject):
            _check_object(value, depth + 1)


def _no_pdf(why: str) -> NotAPdf:
    return NotAPdf(
        _("Tệp không phải là PDF đọc được: %(why)s.") % {"why": why},
        kept=_("Không có gì được lưu."),
        todo=_("Hãy mở thử tệp trên máy, lưu hoặc quét lại thành PDF rồi tải lên."),
    )


def _too_large() -> PdfTooLarge:
    return PdfTooLarge(
        _("Tệp PDF lớn hơn %(megabytes)s MB, %(pages)s trang, hoặc có cấu trúc quá lớn.")
        % {"megabytes": MOST_BYTES // 1024 // 1024, "pages": MOST_PAGES},
        kept=_("Không có gì được lưu."),
        todo=_("Hãy chia nhỏ tệp, quét ở 200-300 dpi đen trắng."),
    )
