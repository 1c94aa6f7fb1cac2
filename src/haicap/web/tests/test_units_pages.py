"""Unit pages: history, codes, agencies on a day; a province old and new; files to take away."""

from __future__ import annotations

import csv
import io
import re
from html import unescape

import openpyxl
import pytest
from django.test import Client

from haicap.registry.tests.places import Places
from haicap.web.tests.test_pages import text_of, words


@pytest.fixture
def visitor() -> Client:
    return Client(headers={"host": "127.0.0.1"})


@pytest.mark.parametrize(
    "text", ["phuoc ninh", "Phước Ninh", "PHƯỚC NINH", "phường phước ninh", "Phuớc Ninh"]
)
def test_search__old_name_in_any_spelling__says_what_it_is_now(
    places: Places, visitor: Client, text: str
) -> None:
    html = visitor.get("/don-vi/", {"q": text}).content.decode()
    said = text_of(html)
    assert "Phường Phước Ninh" in said
    assert "đến hết 30/06/2025" in said
    assert "Một phần nay thuộc Phường Hải Châu" in said
    assert "Một phần nay thuộc Phường Hòa Cường" in said


def test_search__district_that_ended__no_successor_of_its_level(places: Places, visitor: Client) -> None:
    assert "không có đơn vị kế thừa cùng cấp" in words(visitor, "/don-vi/?q=dong+giang")


def test_search__nothing_found__says_what_to_try(places: Places, visitor: Client) -> None:
    assert "Không thấy đơn vị nào như vậy" in words(visitor, "/don-vi/?q=zzzz")


def test_unit__made_of_three__picture_and_table_agree(places: Places, visitor: Client) -> None:
    html = visitor.get("/don-vi/20194/").content.decode()
    said = text_of(html)
    assert "Phường Hải Châu" in said
    # drawn twice, for the telephone and for the screen; a part is dashed in both
    assert html.count('class="edge"') == 6
    assert html.count("flow--part") == 2
    for old in ("Phường Thạch Thang", "Phường Hải Châu", "Phường Phước Ninh"):
        assert old in said
    assert said.count("1659/NQ-UBTVQH15") >= 3
    assert "202/2025/QH15" not in said


def test_unit__code_used_again__names_the_other_bearer(places: Places, visitor: Client) -> None:
    said = words(visitor, "/don-vi/20194/")
    assert "Mã này trước hoặc sau đó của: Phường Thạch Thang ( đến hết 30/06/2025 )" in said.replace(
        "(", "( "
    ).replace(")", " )")


def test_unit__that_ended__says_what_it_is_now_first(places: Places, visitor: Client) -> None:
    said = words(visitor, "/don-vi/20460/?ngay=30/06/2025")
    assert "Đơn vị này có đến hết ngày 30/06/2025. Nay là Xã Avương , Thành phố Đà Nẵng" in said
    assert "Huyện Đông Giang" in said


def test_unit__code_without_bearer_today__leads_to_the_day(places: Places, visitor: Client) -> None:
    said = words(visitor, "/don-vi/20460/", 404)
    assert "Ngày 16/07/2025 không đơn vị nào mang mã này" in said
    assert "Thị trấn Nguyễn Thị Minh Khai Đông Giang Thượng" in said


def test_unit__agencies_on_a_day__with_codes(places: Places, visitor: Client) -> None:
    said = words(visitor, "/don-vi/20194/")
    assert "Trung tâm Phục vụ hành chính công phường Hải Châu" in said
    assert "H17." in said
    assert "Chưa ghi nhận cơ quan nào ngày 30/06/2025" in words(visitor, "/don-vi/20195/?ngay=30/06/2025")


def test_province__old_and_new__every_new_commune_with_its_parts(places: Places, visitor: Client) -> None:
    html = visitor.get("/don-vi/tinh/48/").content.decode()
    said = text_of(html)
    assert "Từ 01/07/2025, 6 đơn vị cũ thành 3 xã, phường, đặc khu mới" in said
    assert "một phần Phường Phước Ninh" in said
    assert "Phần còn lại của Phường Phước Ninh: Phường Hòa Cường" in said
    assert html.count('<details class="hc-fold"') == 3
    assert "Tỉnh, thành phố 2 1" in said


def test_province__many_successions__pictures_come_when_a_fold_is_opened(
    places: Places, visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("haicap.registry.views.MOST_DRAWN", 3)
    html = visitor.get("/don-vi/tinh/48/").content.decode()
    assert html.count('class="edge"') == 4  # the province's own picture, at two widths
    address = re.search(r'hx-get="([^"]*/hinh/20194/[^"]*)"', html)
    assert address is not None
    fragment = visitor.get(unescape(address[1])).content.decode()
    assert fragment.count('class="edge"') == 3
    assert "Phần còn lại của Phường Phước Ninh: Phường Hòa Cường" in text_of(fragment)
    assert visitor.get("/don-vi/tinh/48/hinh/99999/").status_code == 404


def test_province__that_ended__where_its_communes_went(places: Places, visitor: Client) -> None:
    said = words(visitor, "/don-vi/tinh/49/?ngay=30/06/2025")
    assert "3 đơn vị của tỉnh này đi vào 1 xã, phường, đặc khu mới" in said


def test_province__csv_and_excel__same_rows_codes_stay_text(places: Places, visitor: Client) -> None:
    answer = visitor.get("/don-vi/tinh/48/ke-thua.csv")
    raw = b"".join(answer.streaming_content)
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert len(rows) == 1 + 7
    book = openpyxl.load_workbook(
        io.BytesIO(b"".join(visitor.get("/don-vi/tinh/48/ke-thua.xlsx").streaming_content))
    )
    sheet = [[cell.value for cell in row] for row in book.active.iter_rows()]
    assert [row[0] for row in sheet] == [row[0] for row in rows]
    assert all(isinstance(row[0], str) for row in sheet)
