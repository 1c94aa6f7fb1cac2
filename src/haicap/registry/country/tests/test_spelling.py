"""Which spellings count as the same name."""

from __future__ import annotations

import pytest

from haicap.registry.country.spelling import sound_key, spelling_key, tidy


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hòa An", "Hoà An"),
        ("Thụy Khuê", "Thuỵ Khuê"),
        ("Nguyễn Úy", "Nguyễn Uý"),
        ("Ea H'Leo", "Ea H’Leo"),
        ("Chân Mây - Lăng Cô", "Chân Mây-Lăng Cô"),
        ("Pa ủ", "Pa Ủ"),
    ],
)
def test_spelling_key__same_name(one: str, other: str) -> None:
    assert spelling_key(one) == spelling_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("Hòa", "Hóa"), ("Long Tri", "Long Trị"), ("Đông", "Dong"), ("Kỳ", "Kì")]
)
def test_spelling_key__other_name(one: str, other: str) -> None:
    assert spelling_key(one) != spelling_key(other)


def test_sound_key__forgets_accents_signs_and_y() -> None:
    assert sound_key("Mỹ Quý") == sound_key("mi qui") == "miqui"
    assert sound_key("A Xan") == sound_key("Axan")
    assert sound_key("Đăk N'Drót") == sound_key("Dak NDrot")


def test_tidy__one_form() -> None:
    assert tidy("  Hòa   An ") == "Hòa An"
