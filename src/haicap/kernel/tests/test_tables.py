"""Tables from files: encodings, separators, Excel, and what is refused."""

from __future__ import annotations

import contextlib
import io
from datetime import date

import pytest
from openpyxl import Workbook

from haicap.kernel.tables import TableTooLarge, UnreadableTable, looks_like_formula, read_table

HEADS = {"name": ("họ và tên",), "number": ("số định danh",)}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_read_table__csv__any_encoding_and_separator(encoding: str, separator: str) -> None:
    text = f"Họ và tên{separator}Số định danh\r\nNguyễn Thị Hồng{separator}048190000001\r\n\r\n"
    columns, lines = read_table(text.encode(encoding), HEADS)
    assert columns == ["name", "number"]
    assert [(line.number, line.cells["name"]) for line in lines] == [(2, "Nguyễn Thị Hồng")]


def test_read_table__windows_1258__composed() -> None:
    # in this code page tones stand behind their letters
    content = "Họ và tên;Số\nĐỗ Thị Hồng;1\n".encode()
    assert read_table(content, HEADS)[1][0].cells["name"] == "Đỗ Thị Hồng"
    decomposed = "ho va ten;so dinh danh\nĐô\u0303 Thi\u0323 Hô\u0300ng;1\n".encode("cp1258")
    assert read_table(decomposed, HEADS)[1][0].cells["name"] == "Đỗ Thị Hồng"


def test_read_table__excel__days_numbers_and_formulas_as_text() -> None:
    book = Workbook()
    sheet = book.active
    sheet.append(["HỌ VÀ TÊN", "so dinh danh"])
    sheet.append([date(2025, 7, 1), 48190000001])
    sheet.append(["=1+1", None])
    file = io.BytesIO()
    book.save(file)
    lines = read_table(file.getvalue(), HEADS)[1]
    assert [dict(line.cells) for line in lines] == [
        {"name": "01/07/2025", "number": "48190000001"},
        {"name": "=1+1", "number": ""},
    ]
    assert looks_like_formula(lines[1].cells["name"])


@pytest.mark.parametrize("content", [b"PK\x03\x04rubbish", b"\x00\x01\x02\x00\x00\x81", b'a,b\n"x'])
def test_read_table__broken__refused_or_read_without_a_crash(content: bytes) -> None:
    with contextlib.suppress(UnreadableTable):
        read_table(content, HEADS)


def test_read_table__too_many_rows_or_bytes__refused() -> None:
    with pytest.raises(TableTooLarge):
        read_table(b"name\n" + b"An\n" * 11, HEADS, most_rows=10)
    with pytest.raises(TableTooLarge):
        read_table(b"x" * 5_000_001, HEADS)


TCVN3 = str.maketrans("àảãáạăâêôơưđọốễị", "µ¶·¸¹¨©ª«¬\xad®äèÔÞ")


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-16"])
def test_read_table__tcvn3__refused_by_its_name(encoding: str) -> None:
    text = "Họ và tên;Số định danh\nNguyễn Văn Đạt;1\nPhạm Thị Lan;2\n".translate(TCVN3)
    with pytest.raises(UnreadableTable) as caught:
        read_table(text.replace("Đ", "§").encode(encoding, "replace"), HEADS)
    assert "TCVN3" in str(caught.value.message)
    assert caught.value.todo


def test_read_table__vni__refused_by_its_name() -> None:
    with pytest.raises(UnreadableTable, match="VNI"):
        read_table("Hoï vaø teân;Soá ñònh danh\nNguyeãn Vaên Hoøa;1\n".encode("cp1252"), HEADS)


def test_read_table__one_strange_name__is_no_old_encoding() -> None:
    text = "Họ và tên;Số định danh\nLoïc Nguyễn;1\nTrần Văn Hòa;2\nHuỳnh Thuý Yến Oanh;3\n"
    assert len(read_table(text.encode(), HEADS)[1]) == 3
