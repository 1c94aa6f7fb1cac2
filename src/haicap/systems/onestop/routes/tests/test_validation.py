"""Validation: every kind of mistake is found, all at once, in words; the time sum; titles without a holder."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from haicap.kernel import clock
from haicap.registry.establishment.templates import TITLES
from haicap.registry.models import Level
from haicap.registry.tests.places import NOW, make_places
from haicap.systems.onestop.models import LimitUnit, TimeLimit
from haicap.systems.onestop.processing.tests.factories import FULL, outcome, step
from haicap.systems.onestop.routes.definition import Definition, parse
from haicap.systems.onestop.routes.validation import (
    Severity,
    check,
    check_holders,
    check_time,
    has_errors,
    longest_hours,
)

KNOWN = {row[0] for row in TITLES}
CIRCLE = {
    "steps": [
        step("a", "receive", "chuyen_vien", outcome("forward", "b", 4)),
        step("b", "work", "chuyen_vien", outcome("back", "a", 4)),
        step("c", "return", "chuyen_vien", outcome("return", "", 10)),
    ]
}
ASKED = FULL["steps"][2]["agencies"]


def changed(key: str, **more: Any) -> dict[str, Any]:
    """The full route with something else at a step."""
    value: dict[str, Any] = copy.deepcopy(FULL)
    next(row for row in value["steps"] if row["key"] == key).update(more)
    return value


def codes(value: Any) -> set[str]:
    """The codes of all findings."""
    return {finding.code for finding in check(parse(value), KNOWN)}


def test_check__full_route__is_clean() -> None:
    assert check(parse(FULL), KNOWN) == []


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({"steps": []}, "empty"),
        (changed("ky", title=""), "no-title"),
        (changed("ky", title="vua"), "title-unknown"),
        (changed("ky", outcomes=[]), "dead-end"),
        (changed("ky", outcomes=[outcome("forward", "", 4)]), "dead-end"),
        (changed("ky", outcomes=[outcome("sign", "khong-co", 4)]), "to-unknown"),
        (changed("ky", outcomes=[outcome("sign", "tra", 10)]), "goes-on"),
        (changed("xu-ly", outcomes=[outcome("forward", "ky", 4)]), "unreachable"),
        (CIRCLE, "no-exit"),
        (changed("xu-ly", outcomes=[outcome("forward", "hoi", 4)]), "not-a-consultation"),
        (changed("xu-ly", outcomes=[outcome("consult", "ky", 4)]), "consults-nobody"),
        (
            changed("xu-ly", outcomes=[outcome("supplement", "xu-ly", 4), outcome("forward", "ky", 4)]),
            "clock-runs",
        ),
        (changed("hoi", agencies=[]), "nobody-asked"),
        (
            changed("hoi", outcomes=[outcome("forward", "ky", 4), outcome("forward", "xu-ly", 4, key="b")]),
            "ways-apart",
        ),
        (changed("hoi", outcomes=[outcome("refuse", "xu-ly", 9)]), "answers-only"),
        (changed("nhan", outcomes=[outcome("refuse", "tra", 3)]), "status"),
        (changed("ky", outcomes=[outcome("sign", "phat-hanh", 2)]), "status"),
        (changed("tra", kind="work"), "no-return"),
        (changed("ky", hours=0), "no-hours"),
        (changed("phat-hanh", outcomes=[outcome("stamp", "tra", 9), outcome("forward", "ky", 4)]), "circle"),
    ],
)
def test_check__mistake__is_found(value: Any, code: str) -> None:
    assert code in codes(value)


def test_check__many_mistakes__are_told_at_once_with_severity() -> None:
    value = changed("ky", title="vua", hours=0, outcomes=[])
    findings = check(parse(value), KNOWN)
    assert {"title-unknown", "dead-end", "no-hours", "unreachable"} <= {each.code for each in findings}
    assert has_errors(findings)
    assert {each.severity for each in findings} >= {Severity.ERROR, Severity.WARNING}
    assert all(each.message.startswith("Bước «") for each in findings if each.step)


def test_hours__longest_way__counts_a_consultation_once() -> None:
    # five steps of four hours, and the departments that are asked at the same time
    assert longest_hours(parse(FULL)) == Decimal(24)
    assert longest_hours(Definition()) == 0


@pytest.mark.parametrize(
    ("unit", "amount", "found"),
    [
        (LimitUnit.WORKING_DAYS, 3, set()),
        (LimitUnit.WORKING_DAYS, 2, {"too-long"}),
        (LimitUnit.WORKING_HOURS, 23, {"too-long"}),
        (LimitUnit.CALENDAR_DAYS, 5, set()),
        (LimitUnit.SAME_DAY, None, {"too-long"}),
        (LimitUnit.MONTHS, 1, set()),
        (LimitUnit.UNKNOWN, 3, {"limit-unknown"}),
    ],
)
def test_time__against_published_limit__is_compared(unit: str, amount: int | None, found: set[str]) -> None:
    limit = TimeLimit(unit=unit, amount=None if amount is None else Decimal(amount))
    assert {each.code for each in check_time(parse(FULL), [limit])} == found


def test_time__without_limits__says_nothing() -> None:
    assert check_time(parse(FULL), []) == []


@pytest.fixture
def province(db: None) -> Iterator[None]:
    """The small Đà Nẵng with its people."""
    with clock.at(NOW):
        make_places()
        yield


def test_holders__everybody_there__nothing_is_found(province: None) -> None:
    assert check_holders(parse(FULL), Level.COMMUNE, NOW.date()) == []


def test_holders__title_that_nobody_bears__is_counted_and_named(province: None) -> None:
    steps = [step("a", "receive", "kiem_toan"), step("b", "consult", "chu_tich", agencies=ASKED)]
    value = parse({"steps": steps})
    found = check_holders(value, Level.COMMUNE, NOW.date())
    assert [each.severity for each in found] == [Severity.WARNING] * 3
    assert "3 trong 3 cơ quan" in found[0].message
    assert "Hải Châu" in found[0].message
    assert all("Chủ tịch" in each.message for each in found[1:])
