"""Finding a procedure: in any spelling, by number, by field, by what happens in life."""

from __future__ import annotations

import pytest
from django.test import Client

from haicap.systems.onestop import catalogue
from haicap.systems.onestop.catalogue.everyday import starter
from haicap.systems.onestop.online import guides
from haicap.systems.onestop.tests.factories import Town


@pytest.mark.parametrize(
    "typed", ["khai sinh", "Khai Sinh", "dang ky khai sinh", "1.001193", "1001193", "KHAI  SÍNH"]
)
def test_procedure__in_any_spelling__is_found(town: Town, phone: Client, typed: str) -> None:
    page = phone.get("/thu-tuc/", {"q": typed}).content.decode()
    assert "/thu-tuc/1.001193/" in page


def test_procedures__of_a_field_and_of_a_life_event__are_listed(town: Town, phone: Client) -> None:
    assert "Đăng ký khai tử" in phone.get("/thu-tuc/", {"linh-vuc": "ho-tich", "trang": "1"}).content.decode()
    assert "Đăng ký kết hôn" in phone.get("/thu-tuc/", {"viec": "ket-hon"}).content.decode()
    assert phone.get("/thu-tuc/", {"viec": "bay-len-troi", "trang": "x"}).status_code == 200
    assert "Không tìm thấy" in phone.get("/thu-tuc/", {"q": "zzzzqqqq"}).content.decode()


def test_life_events__lead_to_procedures_of_the_starter_catalogue() -> None:
    known = {row["code"] for row in starter()}
    for event in guides.life_events():
        assert set(event.codes) <= known, event.key
    assert set(guides.shipped()) - {guides.GENERAL} <= known


def test_procedure_page__says_who_what_how_long_and_where(town: Town, phone: Client) -> None:
    page = phone.get("/thu-tuc/1.001193/").content.decode()
    for words in ("Mất bao lâu", "trong ngày", "Giấy chứng sinh", "điền ngay trên mạng", "Luật Hộ tịch"):
        assert words in page
    assert page.count("<h1") == 1
    at_counter = phone.get("/thu-tuc/2.000884/").content.decode()
    assert "nộp trực tiếp tại quầy" in at_counter
    assert "/thu-tuc/2.000884/nop/" not in at_counter
    assert phone.post("/thu-tuc/2.000884/nop/", {"noi-nop": str(town.commune.unit.pk)}).status_code == 409


def test_questions__against__say_what_to_do_and_keep_nothing(town: Town, phone: Client) -> None:
    address = "/thu-tuc/1.001193/dieu-kien/"
    assert phone.post(address, {"hoi-0": "no"}).status_code == 400
    against = phone.post(address, {"hoi-0": "yes", "hoi-1": "yes"}).content.decode()
    assert "Cấp bản sao trích lục" in against
    assert "Bạn làm được thủ tục này" in phone.post(address, {"hoi-0": "no", "hoi-1": "yes"}).content.decode()


def test_catalogue__empty__says_what_to_do(db: None, phone: Client) -> None:
    assert "chưa được nạp" in phone.get("/thu-tuc/").content.decode()
    assert catalogue.current("1.001193") is None
