"""`haicap units` as it is called."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from haicap.cli.units import command
from haicap.kernel.actor import SYSTEM
from haicap.registry import service
from haicap.registry.errors import BeforeBase, NoSuchUnit, RegistryEmpty
from haicap.registry.tests.countries import BASE_DAY, FIRST_DAY, MERGER, MERGER_ABOLISHED, SMALL

pytestmark = pytest.mark.django_db


@pytest.fixture
def merged() -> None:
    service.load_base(SYSTEM, SMALL, BASE_DAY)
    changes = service.changes_of(service.state_before(FIRST_DAY), FIRST_DAY, MERGER, MERGER_ABOLISHED)
    service.apply_changes(SYSTEM, "merger", "thử", changes)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(command, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def run_json(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


@pytest.mark.parametrize("day", ["2025-06-30", "30/06/2025"])
def test_units__count__is_one_object_with_the_keys(merged: None, day: str) -> None:
    assert run_json("count", "--at", day) == {
        "province": 2,
        "district": 3,
        "commune": 6,
        "phuong": 3,
        "xa": 3,
        "thi_tran": 0,
        "dac_khu": 0,
    }
    assert "Cấp xã             6" in run("count", "--at", day)


def test_units__count__of_a_province(merged: None) -> None:
    assert run_json("count", "--at", "2025-06-30", "--province", "49")["commune"] == 4
    assert run("count", "--at", "2025-06-30", "--province", "49").startswith(
        "Tỉnh Quảng Nam, ngày 30/06/2025"
    )


def test_units__show__names_predecessors_and_successors(merged: None) -> None:
    found = run_json("show", "20356", "--at", "2025-07-01")
    assert [
        (one["code"], one["name"], one["part"], one["province_code"]) for one in found["predecessors"]
    ] == [
        ("20356", "An Phú", False, "49"),
        ("20359", "Tam Thanh", True, "49"),
    ]
    before = run_json("show", "20359", "--at", "2025-06-30")
    assert sorted(one["code"] for one in before["successors"]) == ["20356", "20360"]
    assert [one["code"] for one in before["parents"]] == ["502", "49"]
    assert before["predecessors"] == before["agencies"] == []
    assert "một phần 20359 Xã Tam Thanh, Quảng Nam  (nhập)" in run("show", "20356", "--at", "2025-07-01")


def test_units__history__tells_both_ways(merged: None) -> None:
    found = run_json("history", "20356", "--at", "2025-06-30")
    assert [one["successor"]["name"] for one in found["after"]] == ["Quảng Phú"]
    told = run("history", "20356", "--at", "2025-06-30")
    assert "Sau đó:" in told
    assert "Trước đó:" not in told


def test_units__successions__lists_every_edge(merged: None) -> None:
    edges = run_json("successions", "--at", "2025-06-30", "--province", "49")
    assert {(edge["predecessor"]["code"], edge["successor"]["code"], edge["part"]) for edge in edges} == {
        ("20356", "20356", False),
        ("20359", "20356", True),
        ("20359", "20360", True),
        ("20371", "20371", False),
        ("20374", "20375", False),
    }
    assert {"predecessor", "successor", "part", "resolution"} <= set(edges[0])
    assert run_json("successions", "--at", "2025-07-01") == []
    assert "0 quan hệ kế thừa" in run("successions", "--at", "2025-07-01")


def test_units__list_search_codes__agree(merged: None) -> None:
    assert [one["code"] for one in run_json("list", "--at", "2025-06-30", "--level", "district")] == [
        "490",
        "498",
        "502",
    ]
    assert run_json("search", "tam", "ky")[0]["code"] == "502"
    assert "đến hết 30/06/2025" in run("search", "tam ky")
    assert run("search", "zzzz", "qqqq").startswith("Không tìm thấy")
    assert [one["name"] for one in run_json("codes", "20356")] == ["An Phú", "Quảng Phú"]


def test_units__load__second_time_does_nothing() -> None:
    assert run_json("load")["loaded"] == 10_794
    assert run_json("load") == {"loaded": 0, "applied": [], "notes": []}


def test_units__replay__is_equal(merged: None) -> None:
    assert run_json("replay", "--at", "2025-07-01") == {
        "at": "2025-07-01",
        "units": 7,
        "equal": True,
        "differences": [],
    }


def test_units__bad_questions__are_told(merged: None) -> None:
    with pytest.raises(BeforeBase):
        run("count", "--at", "2025-06-29")
    with pytest.raises(NoSuchUnit):
        run("show", "99999")
    with pytest.raises(NoSuchUnit):
        run("successions", "--at", "2025-06-30", "--province", "11", "--json")
    assert CliRunner().invoke(command, ["count", "--at", "31/02/2026"]).exit_code == 2


def test_units__empty_registry__says_what_to_do() -> None:
    with pytest.raises(RegistryEmpty, match="haicap units load"):
        run("count")
