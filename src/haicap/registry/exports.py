"""Lists as files: CSV as a stream that spreadsheets read (UTF-8 with BOM), Excel with constant memory."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import IO, Any

import xlsxwriter  # type: ignore[import-untyped]
from django.http import FileResponse, StreamingHttpResponse
from django.utils.translation import gettext as _

from haicap.registry.models import Kind, Level
from haicap.registry.queries.successions import SuccessionEdge, iter_successions
from haicap.registry.queries.units import LARGEST_PAGE, units_at

Row = Sequence[Any]
BOM = "\ufeff"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: a cell that begins so would be run as a formula by a spreadsheet
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def unit_header() -> list[str]:
    """Column titles of `unit_rows`."""
    return [
        _("Mã"),
        _("Tên"),
        _("Loại"),
        _("Cấp"),
        _("Mã cấp trên"),
        _("Cấp trên"),
        _("Mã tỉnh"),
        _("Tỉnh, thành phố"),
        _("Từ ngày"),
        _("Đến trước ngày"),
        _("Vĩ độ"),
        _("Kinh độ"),
    ]


def unit_rows(day: date, level: str | None, province_code: str | None, kind: str | None) -> Iterator[Row]:
    """Every unit of a day as a row, read in pages."""
    after = ""
    while True:
        page = units_at(
            day, level=level, province_code=province_code, kind=kind, limit=LARGEST_PAGE, after=after
        )
        for unit in page:
            yield [
                unit.code,
                unit.name,
                str(Kind(unit.kind).label),
                str(Level(unit.level).label),
                unit.parent_code,
                unit.parent_name,
                unit.province_code,
                unit.province_name,
                unit.valid_from,
                unit.valid_to,
                unit.latitude,
                unit.longitude,
            ]
        if len(page) < LARGEST_PAGE:
            return
        after = page[-1].code


def succession_header() -> list[str]:
    """Column titles of `succession_rows`."""
    return [
        _("Mã cũ"),
        _("Loại cũ"),
        _("Tên cũ"),
        _("Mã tỉnh cũ"),
        _("Toàn bộ hay một phần"),
        _("Mã mới"),
        _("Loại mới"),
        _("Tên mới"),
        _("Mã tỉnh mới"),
        _("Hiệu lực từ"),
        _("Nghị quyết"),
    ]


def succession_rows(day: date, province_code: str | None, level: str) -> Iterator[Row]:
    """Every succession after a day as a row, read in pages."""
    return (succession_row(edge) for edge in iter_successions(day, province_code, level))


def succession_row(edge: SuccessionEdge) -> Row:
    """One succession under `succession_header`."""
    return [
        edge.predecessor_code,
        str(Kind(edge.predecessor_kind).label),
        edge.predecessor_name,
        edge.predecessor_province_code,
        _("một phần") if edge.part else _("toàn bộ"),
        edge.successor_code,
        str(Kind(edge.successor_kind).label),
        edge.successor_name,
        edge.successor_province_code,
        edge.effective_on,
        edge.resolution,
    ]


class _Line:
    """A file that hands back what csv writes to it."""

    def write(self, text: str) -> str:
        return text


def csv_lines(header: Row, rows: Iterable[Row]) -> Iterator[str]:
    """CSV (RFC 4180) line by line with a BOM, days as dd/MM/yyyy; what looks like a formula is quoted off."""
    writer = csv.writer(_Line())
    yield BOM + str(writer.writerow(header))
    for row in rows:
        yield str(writer.writerow([_cell(value) for value in row]))


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def csv_response(name: str, header: Row, rows: Iterator[Row]) -> StreamingHttpResponse:
    """A CSV download; the first row is read before the answer begins, so that an error is still an error."""
    response = StreamingHttpResponse(csv_lines(header, _primed(rows)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def xlsx_response(name: str, title: str, header: Row, rows: Iterator[Row]) -> FileResponse:
    """An Excel download, written to a temporary file row by row."""
    file = tempfile.TemporaryFile(suffix=".xlsx")  # noqa: SIM115 (FileResponse closes it)
    try:
        write_xlsx(file, title, header, rows)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX)


def write_xlsx(file: IO[bytes], title: str, header: Row, rows: Iterable[Row]) -> None:
    """One sheet with a frozen, filtered header; codes stay text, days are days."""
    with xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet(title[:31])
        bold = book.add_format({"bold": True, "bottom": 1})
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(header) - 1, 16)
        sheet.write_row(0, 0, list(header), bold)
        count = 0
        for count, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                if isinstance(value, date):
                    sheet.write_datetime(count, column, value, day)
                elif isinstance(value, str):
                    sheet.write_string(count, column, value)
                elif value is not None:
                    sheet.write_number(count, column, value)
        sheet.autofilter(0, 0, count, len(header) - 1)


def _primed(rows: Iterator[Row]) -> Iterator[Row]:
    """The same rows, with the first one read now."""
    first = next(rows, None)

    def all_rows() -> Iterator[Row]:
        if first is not None:
            yield first
            yield from rows

    return all_rows()
