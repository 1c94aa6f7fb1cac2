"""Tables that people take away: CSV and Excel. Every cell is text unless it is a number."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import xlsxwriter
from django.http import HttpResponse

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: a cell that begins so would be run as a formula by a spreadsheet
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(value: Any) -> Any:
    """A cell that no spreadsheet runs: a text that looks like a formula gets an apostrophe in front."""
    if isinstance(value, int | float):
        return value
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_bytes(rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows as CSV: UTF-8 with a byte order mark (Excel needs it to read Vietnamese), lines end with CR LF."""
    file = io.StringIO()
    csv.writer(file).writerows([safe_cell(value) for value in row] for row in rows)
    return b"\xef\xbb\xbf" + file.getvalue().encode()


def xlsx_bytes(sheet: str, rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows as an Excel file with one sheet; the first row is the head, fixed; texts are never formulas."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    page = book.add_worksheet(sheet[:31])
    bold = book.add_format({"bold": True, "bottom": 1})
    widths: list[int] = []
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            if isinstance(value, int | float):
                page.write_number(number, column, value)
            else:
                page.write_string(
                    number, column, "" if value is None else str(value), None if number else bold
                )
            if column >= len(widths):
                widths.append(8)
            widths[column] = min(60, max(widths[column], len(str(value)) + 2))
    for column, width in enumerate(widths):
        page.set_column(column, column, width)
    page.freeze_panes(1, 0)
    book.close()
    return file.getvalue()


def csv_response(name: str, rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """`csv_bytes` as a download."""
    return _download(name, csv_bytes(rows), CSV_TYPE)


def xlsx_response(name: str, sheet: str, rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """`xlsx_bytes` as a download."""
    return _download(name, xlsx_bytes(sheet, rows), XLSX_TYPE)


def _download(name: str, content: bytes, media_type: str) -> HttpResponse:
    return HttpResponse(
        content, media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
