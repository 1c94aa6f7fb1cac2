"""Rows of the national catalogue: what is read, what is flagged, what is refused."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haicap.systems.onestop.catalogue import money, reading
from haicap.systems.onestop.catalogue.tests.rows import file_of, method, row
from haicap.systems.onestop.errors import BadCatalogue
from haicap.systems.onestop.models import DefectKind as Kind
from haicap.systems.onestop.models import LimitUnit


def only(given_row: dict[str, Any]) -> reading.SourceRow:
    (found,) = reading.rows(file_of(given_row))
    assert not found.problem
    return found


def kinds(found: reading.SourceRow) -> list[str]:
    return [str(flag.kind) for flag in found.flags]


def test_row__plain__is_typed() -> None:
    found = only(row("1.001193", "Đăng ký khai sinh"))
    assert found.facts is not None
    assert found.flags == []
    (limit,) = found.facts.limits
    assert (limit.amount, limit.unit, limit.channel) == ("3", LimitUnit.WORKING_DAYS, 1)
    assert [fee.amount for fee in found.facts.fees] == [0]
    assert found.facts.steps == ["Bước 1: Nộp hồ sơ."]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"time": (1, "other")}, Kind.TIME_UNIT),
        ({"time": (24, "hour")}, Kind.TIME_HOURS),
        ({"time": None}, Kind.TIME_MISSING),
        ({"methods": [method(None, note="120 VNĐ(20.000 vnđ /tờ khai)")]}, Kind.TIME_AND_FEE),
        ({"fee": "20 VNĐ (20.000 vnđ /tờ khai)"}, Kind.FEE_THOUSANDS),
        ({"fee": "Miễn phí (Theo quy định của Hội đồng nhân dân cấp tỉnh)"}, Kind.FEE_ELSEWHERE),
        ({"fee": "10 USD (/bản)"}, Kind.FEE_CURRENCY),
        ({"detail_source": None}, Kind.NO_DETAILS),
        ({"levels": []}, Kind.NO_LEVEL),
        ({"agencies": None}, Kind.NO_AGENCIES),
        ({"issued_by": None}, Kind.NO_ISSUER),
        ({"audiences": ["nhóm 1"]}, Kind.STRAY_AUDIENCE),
        ({"papers": [{"name": "Đơn theo mẫumau so 1.doc"}]}, Kind.PAPER_FORM),
        ({"methods": [method((2, "day"), note="thường"), method((9, "day"), note="phức tạp")]}, Kind.CASES),
        ({"code": "1.0133611"}, Kind.ODD_CODE),
    ],
)
def test_row__defect__is_flagged_and_kept(change: dict[str, Any], kind: Kind) -> None:
    found = only(row(**({"code": "1.001193", "name": "Thủ tục"} | change)))
    assert kinds(found) == [kind]
    assert found.facts is not None
    assert all(limit.unit == LimitUnit.UNKNOWN for limit in found.facts.limits) == (
        kind in (Kind.TIME_UNIT, Kind.TIME_HOURS, Kind.TIME_MISSING, Kind.TIME_AND_FEE, Kind.NO_DETAILS)
    )


def test_row__hours_said_to_be_working_ones__are() -> None:
    given_row = row("1.001193", "Thủ tục", methods=[method((4, "hour"), note="trong 04 giờ làm việc")])
    assert only(given_row).facts.limits[0].unit == LimitUnit.WORKING_HOURS  # type: ignore[union-attr]


def test_row__several_methods_of_a_channel__are_cases() -> None:
    found = only(
        row("1.1", "Thủ tục", methods=[method((2, "day"), note="thường"), method((9, "day"), note="khó")])
    )
    assert [(limit.case, limit.amount) for limit in found.facts.limits] == [("thường", "2"), ("khó", "9")]  # type: ignore[union-attr]


def test_row__unit_without_sense__is_nothing_that_counts_as_days() -> None:
    for value in (0, -1, 1e9, 0.001, True, "ba", None, float("inf")):
        found = only(row("1.001193", "Thủ tục", time=(value, "working_day")))
        assert found.facts is not None
        assert found.facts.limits[0].unit == LimitUnit.UNKNOWN


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"code": "1.1"}',
        '{"name": "x"}',
        "null",
        '{"code": "1", "name": "x", "papers": 5, "detail_source": "a"}',
    ],
)
def test_line__unusable__is_refused_with_its_reason(line: str) -> None:
    (found,) = reading.rows(file_of(line))
    assert found.problem
    assert found.facts is None


KEYS = st.sampled_from(["code", "name", "methods", "papers", "time", "steps", "fields", "value", "unit"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=12,
)


@given(st.dictionaries(KEYS, ANYTHING, max_size=6))
def test_line__anything__never_raises(value: dict[str, Any]) -> None:
    given_row = {"code": "1.001193", "name": "Tên", "detail_source": "opengov"} | value
    found = reading.read_line(1, json.dumps(given_row).encode())
    assert found.problem or found.facts is not None


@given(st.text(max_size=60), st.integers(0, 10**9))
def test_sums__anything__a_sum_is_whole_and_never_small(text: str, amount: int) -> None:
    for one in (*money.sums(text), *money.sums(f"{amount:,} VNĐ{text}"), *money.sums(f"Phí : {amount} Đồng")):
        assert one.amount is None or one.amount == 0 or one.amount >= money.LEAST_DONG


def test_file__packed_and_plain__are_the_same() -> None:
    one, other = (list(reading.rows(file_of(row("1.1", "Tên"), packed=packed))) for packed in (True, False))
    assert [found.digest for found in one] == [found.digest for found in other]


def test_file__broken_or_too_large__is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(b'{"code": "1.1", "name": "x"}' * 1_000)
    for content in (packed[:-9], b"\x1f\x8bnothing", b"", b"\n\n"):
        with pytest.raises(BadCatalogue):
            reading.codes(io.BytesIO(content))
    monkeypatch.setattr(reading, "MOST_BYTES", 1_000)
    with pytest.raises(BadCatalogue):
        reading.codes(io.BytesIO(gzip.compress(b'{"code": "1.1"}\n' * 1_000)))
