"""Bảng từ tệp: rows of a table that somebody made in a spreadsheet, from Excel (xlsx) or CSV in any usual encoding.

Cells come as text: days as dd/MM/yyyy, whole numbers without decimals. A formula comes as its text ("=A1"), never
as its value, so that whoever reads the table can refuse it. Every size is limited before it is read.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from haicap.kernel.errors import BadInput
from haicap.kernel.text import fold, nfc

MOST_BYTES = 5_000_000
MOST_ROWS = 10_000
MOST_COLUMNS = 50
#: longest text of a cell; the rest is cut off
CELL_LENGTH = 300
#: an xlsx is a zip: what it may unpack to
MOST_UNPACKED = 100_000_000
#: how Vietnamese typed for the fonts of TCVN3 (.VnTime) and VNI looks when it is read as Unicode: "V¨n", "Vaên Hoøa"
LEGACY = re.compile(r"[^\W\d_][¨ª¬®µ¶¸¹][^\W\d_]|[aeouy][øùûï]", re.IGNORECASE)
#: so many such cells are no chance
LEGACY_CELLS = 2
#: a cell that begins so would be run as a formula by a spreadsheet
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class UnreadableTable(BadInput):
    """The file is no table that can be read (không đọc được bảng)."""

    code = "KRN-085"


class TableTooLarge(BadInput):
    """The file has more bytes, rows or columns than are taken in (bảng quá lớn)."""

    code = "KRN-086"


@dataclass(frozen=True, slots=True)
class Line:
    """Một dòng: its number in the file (the head is line 1) and its cells by column."""

    number: int
    cells: Mapping[str, str]


def looks_like_formula(text: str) -> bool:
    """Whether a spreadsheet would run this cell: it begins with = + - @, a tab or a carriage return."""
    return text.startswith(FORMULA)


def read_table(
    content: bytes, heads: Mapping[str, Sequence[str]], *, most_rows: int = MOST_ROWS
) -> tuple[list[str], list[Line]]:
    """The known columns that the table has, and its rows that are not empty.

    `heads` names for each column the heads it is known under, in any spelling. The first row that is not empty is
    the head. Raises UnreadableTable (KRN-085), TableTooLarge (KRN-086).
    """
    if len(content) > MOST_BYTES:
        raise TableTooLarge(
            _("Tệp lớn hơn %(size)d MB.") % {"size": MOST_BYTES // 1_000_000},
            kept=_("Chưa có gì được ghi."),
            todo=_("Chia thành nhiều tệp."),
        )
    rows = _xlsx(content) if content[:2] == b"PK" else _csv(content)
    return _named(rows, heads, most_rows)


def _named(
    rows: Iterable[tuple[int, list[str]]], heads: Mapping[str, Sequence[str]], most_rows: int
) -> tuple[list[str], list[Line]]:
    known = {fold(head): column for column, names in heads.items() for head in (column, *names)}
    columns: list[str] | None = None
    lines: list[Line] = []
    legacy = 0
    for number, cells in rows:
        if not any(cells):
            continue
        legacy += sum(LEGACY.search(cell) is not None for cell in cells[:MOST_COLUMNS])
        if legacy >= LEGACY_CELLS:
            raise _legacy(number)
        if columns is None:
            columns = [known.get(fold(cell), "") for cell in cells[:MOST_COLUMNS]]
            continue
        if len(lines) >= most_rows:
            raise TableTooLarge(
                _("Bảng có hơn %(most)d dòng.") % {"most": most_rows},
                kept=_("Chưa có gì được ghi."),
                todo=_("Chia thành nhiều tệp."),
            )
        named = {column: "" for column in columns if column}
        for column, cell in zip(columns, cells, strict=False):
            if column and not named[column]:
                named[column] = cell[:CELL_LENGTH]
        lines.append(Line(number, named))
    return [column for column in columns or [] if column], lines


def _legacy(number: int) -> UnreadableTable:
    return UnreadableTable(
        _("Chữ trong bảng viết bằng bảng mã cũ (TCVN3, phông .VnTime; hoặc VNI), không phải Unicode."),
        where=_("dòng %(line)d") % {"line": number},
        kept=_("Chưa có gì được ghi."),
        todo=_("Dùng công cụ chuyển mã của bộ gõ tiếng Việt để đổi sang Unicode, rồi lưu lại và nạp lại."),
    )


# --- CSV
def decode(content: bytes) -> str:
    """Text of a file in UTF-8, UTF-16 (with or without its mark) or Windows-1258, in NFC.

    Raises UnreadableTable (KRN-085) for anything else.
    """
    for encoding in _encodings(content):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return nfc(text)
    raise UnreadableTable(
        _("Tệp không phải là bảng Excel (xlsx) hay văn bản CSV đọc được."),
        kept=_("Chưa có gì được ghi."),
        todo=_("Trong Excel chọn lưu dạng «.xlsx» hoặc «CSV UTF-8»; bảng mã TCVN3, VNI không dùng được."),
    )


def _encodings(content: bytes) -> Iterator[str]:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        yield "utf-16"
        return
    sample = content[:2000]
    if sample[1::2].count(0) > len(sample) // 4:
        yield "utf-16-le"
    if sample[::2].count(0) > len(sample) // 4:
        yield "utf-16-be"
    yield "utf-8-sig"
    yield "cp1258"


def _csv(content: bytes) -> Iterator[tuple[int, list[str]]]:
    text = decode(content)
    first = next((line for line in text.split("\n") if line.strip()), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(";,\t", key=first.count))
    before = 0
    try:
        for cells in reader:
            yield before + 1, [_space(cell) for cell in cells]
            before = reader.line_num
    except csv.Error as error:
        raise UnreadableTable(
            _("Tệp CSV hỏng: %(why)s.") % {"why": error},
            where=_("dòng %(line)d") % {"line": reader.line_num},
            kept=_("Chưa có gì được ghi."),
        ) from None


def _space(cell: str) -> str:
    """Without blanks around; a leading tab or carriage return stays, for it makes a formula of the cell."""
    bare = cell.strip()
    return f"\t{bare}" if bare and cell[0] in "\t\r" else bare


# --- Excel
def _xlsx(content: bytes) -> Iterator[tuple[int, list[str]]]:
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            if sum(entry.file_size for entry in package.infolist()) > MOST_UNPACKED:
                raise TableTooLarge(_("Tệp Excel quá lớn khi giải nén."), kept=_("Chưa có gì được ghi."))
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False, keep_links=False)
        try:
            for number, row in enumerate(book.worksheets[0].iter_rows(max_col=MOST_COLUMNS), start=1):
                yield number, [_text(cell.value) for cell in row]
        finally:
            book.close()
    except BadInput:
        raise
    except Exception as error:  # whatever the library meets in a broken or forged file
        raise UnreadableTable(
            _("Tệp Excel hỏng hoặc không phải dạng .xlsx."),
            kept=_("Chưa có gì được ghi."),
            todo=_("Mở lại bằng Excel và lưu dạng «.xlsx», hoặc lưu dạng «CSV UTF-8»."),
            details={"reason": type(error).__name__},
        ) from error


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dt.datetime | dt.date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return _space(nfc(str(value)))
