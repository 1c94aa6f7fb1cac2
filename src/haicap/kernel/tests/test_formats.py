"""Numbers and dates as Vietnamese readers expect them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest

from haicap.kernel import formats
from haicap.kernel.calendar.errors import NaiveInstant


@pytest.mark.parametrize(
    ("day", "line"),
    [
        (dt.date(2026, 3, 5), "Đà Nẵng, ngày 05 tháng 3 năm 2026"),
        (dt.date(2026, 1, 15), "Đà Nẵng, ngày 15 tháng 01 năm 2026"),
        (dt.date(2026, 2, 9), "Đà Nẵng, ngày 09 tháng 02 năm 2026"),
        (dt.date(2025, 12, 31), "Đà Nẵng, ngày 31 tháng 12 năm 2025"),
        (dt.date(2025, 10, 1), "Đà Nẵng, ngày 01 tháng 10 năm 2025"),
    ],
)
def test_formats__date_line__pads_days_and_the_first_two_months(day: dt.date, line: str) -> None:
    assert formats.date_line("Đà Nẵng", day) == line


def test_formats__date__is_the_day_in_vietnam() -> None:
    late = dt.datetime(2025, 6, 30, 17, 30, tzinfo=dt.UTC)
    assert formats.date(late) == "01/07/2025"
    assert formats.date(dt.date(2025, 7, 1)) == "01/07/2025"
    assert formats.date_time(late) == "01/07/2025 00:30"
    assert formats.date_time(late, seconds=True) == "01/07/2025 00:30:00"
    assert formats.time_then_date(late) == "00 giờ 30, ngày 01/07/2025"
    with pytest.raises(NaiveInstant):
        formats.date_time(dt.datetime(2025, 7, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("number", "places", "text"),
    [
        (1234567, 0, "1.234.567"),
        (Decimal("1234.5"), 2, "1.234,50"),
        (Decimal("0.125"), 2, "0,13"),
        (0.1 + 0.2, 1, "0,3"),
        (Fraction(1, 3), 2, "0,33"),
        (-1000, 1, "-1.000,0"),
        (Decimal("-0.001"), 2, "0,00"),
    ],
)
def test_formats__decimal__comma_and_dots(
    number: Decimal | Fraction | int | float, places: int, text: str
) -> None:
    assert formats.decimal(number, places) == text


def test_formats__integers_money_and_shares() -> None:
    assert formats.integer(-14500000) == "-14.500.000"
    assert formats.integer(999) == "999"
    assert formats.money(20000) == "20.000 đồng"
    assert formats.percent(1, 8) == "12,5 %"
    assert formats.percent(0, 0) == "—"
