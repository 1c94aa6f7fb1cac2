"""Personal numbers and the QR code of the identity card."""

from __future__ import annotations

from datetime import date

import pytest

from haicap.systems.onestop.reception.errors import BadIdentity
from haicap.systems.onestop.reception.identity import check_number, check_tax_code, read_identity

TODAY = date(2026, 3, 2)
CARD = "048199001234|201234567|Trần Thị Ánh Nguyệt|05031999|Nữ|K12/3 Lê Lợi, Hải Châu, Đà Nẵng|15082021"


def test_identity__read__card_says_everything() -> None:
    found = read_identity(CARD, TODAY)
    assert (found.number, found.old_number, found.full_name) == (
        "048199001234",
        "201234567",
        "Trần Thị Ánh Nguyệt",
    )
    assert (found.birth_date, found.sex, found.issued_on) == (date(1999, 3, 5), "Nữ", date(2021, 8, 15))
    assert found.address == "K12/3 Lê Lợi, Hải Châu, Đà Nẵng"


def test_identity__read__newer_card_with_parents_and_decomposed_text() -> None:
    decomposed = "048199001234||Tra\u0302\u0300n A\u0301nh|05031999|Nữ|Đà Nẵng|15082024|x|Cha|Mẹ"
    found = read_identity(decomposed, TODAY)
    assert (found.full_name, found.old_number) == ("Trần Ánh", "")


@pytest.mark.parametrize(
    ("number", "kept"),
    [("048 199 001 234", "048199001234"), ("048.199.001.234", "048199001234"), ("201234567", "201234567")],
)
def test_number__check__blanks_and_dots_are_dropped(number: str, kept: str) -> None:
    assert check_number(number, TODAY) == kept


@pytest.mark.parametrize(
    "number",
    [
        "04819900123",  # a digit short
        "000199001234",  # nowhere
        "048299001234",  # born in 2099
        "048527001234",  # born in 2127
        "٠٤٨١٩٩٠٠١٢٣٤",  # other digits
        "",
    ],
)
def test_number__check__impossible_ones_are_refused(number: str) -> None:
    with pytest.raises(BadIdentity) as refused:
        check_number(number, TODAY)
    assert refused.value.code == "ONE-601"


@pytest.mark.parametrize(
    "text",
    [
        "048199001234|201234567|Trần",  # half a scan
        "048199001234||Trần Ánh|31021999|Nữ|Đà Nẵng|15082021",  # no such day
        "048199001234||Trần Ánh|05031998|Nữ|Đà Nẵng|15082021",  # number and birthday contradict
        "0" * 3000,
    ],
)
def test_identity__read__rubbish_is_refused(text: str) -> None:
    with pytest.raises(BadIdentity):
        read_identity(text, TODAY)


def test_tax_code__check__branch_is_written_without_hyphen() -> None:
    assert check_tax_code("0401234567-001") == "0401234567001"
    with pytest.raises(BadIdentity):
        check_tax_code("12345")
