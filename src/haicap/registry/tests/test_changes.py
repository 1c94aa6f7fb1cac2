"""What a reorganisation does, worked out before anything is written: no database."""

from __future__ import annotations

import random

import pytest

from haicap.registry.changes import UnitChanges, UnitState, changes_of, kind_of_change
from haicap.registry.errors import BadChanges
from haicap.registry.load import base_changes
from haicap.registry.tests.countries import (
    BASE_DAY,
    FIRST_DAY,
    MERGER,
    MERGER_ABOLISHED,
    SMALL,
    abolish,
    by_code,
    by_code_of_base,
    form,
    random_country,
    random_step,
    unit,
)

State = dict


@pytest.fixture
def small() -> State:
    return base_changes(SMALL, BASE_DAY).apply_to({})


def _of(state: State, code: str) -> UnitState:
    return next(unit for unit in state.values() if unit.code == code)


def _problems(state: State, *args: object) -> list[str]:
    with pytest.raises(BadChanges) as caught:
        changes_of(state, FIRST_DAY, *args)
    assert caught.value.code == "REG-010"
    return caught.value.details["problems"]


@pytest.fixture
def merged(small: State) -> UnitChanges:
    return changes_of(small, FIRST_DAY, MERGER, MERGER_ABOLISHED)


def test_changes__merger__gives_the_expected_state(small: State, merged: UnitChanges) -> None:
    assert by_code(merged.apply_to(small)) == {
        "48": ("thanh_pho", "Đà Nẵng", None),
        "20194": ("phuong", "Hải Châu", "48"),
        "20333": ("dac_khu", "Hoàng Sa", "48"),
        "20356": ("phuong", "Quảng Phú", "48"),
        "20360": ("xa", "Tam Thanh", "48"),
        "20371": ("xa", "Tam Phú", "48"),
        "20375": ("phuong", "Tam Ngọc", "48"),
    }


@pytest.mark.parametrize(
    ("old", "new", "kind", "lives_on"),
    [
        ("48", "48", "merge", False),
        ("20194", "20194", "merge", False),
        ("498", "20333", "merge", False),  # another level is another unit
        ("20356", "20356", "merge", False),
        ("20359", "20360", "split", False),
        ("20371", "20371", "reparent", True),
        ("20374", "20375", "kind", True),
    ],
)
def test_changes__identity__by_the_rule(
    small: State, merged: UnitChanges, old: str, new: str, kind: str, lives_on: bool
) -> None:
    before, after = _of(small, old), _of(merged.apply_to(small), new)
    event = next(
        e.event_id
        for e in merged.successions
        if (e.predecessor_id, e.successor_id) == (before.unit_id, after.unit_id)
    )
    assert {e.id: e.kind for e in merged.events}[event] == kind
    assert (before.unit_id == after.unit_id) is lives_on


def test_changes__every_ended_unit__ends_once(small: State, merged: UnitChanges) -> None:
    ended = [closing.unit_id for closing in merged.closes]
    assert len(ended) == len(set(ended)) == 9
    after = merged.apply_to(small)
    assert set(small) - set(after) == set(ended)


def test_changes__parts__are_kept(small: State, merged: UnitChanges) -> None:
    divided = _of(small, "20359").unit_id
    edges = [edge for edge in merged.successions if edge.predecessor_id == divided]
    assert len(edges) == 2
    assert all(edge.part for edge in edges)


def test_changes__abolished_districts__have_no_successor(small: State, merged: UnitChanges) -> None:
    districts = {_of(small, "490").unit_id, _of(small, "502").unit_id}
    assert not [edge for edge in merged.successions if edge.predecessor_id in districts]
    assert [event.kind for event in merged.events].count("abolish") == 1


def test_changes__district_to_another_province__takes_its_communes(small: State) -> None:
    changes = changes_of(small, FIRST_DAY, [form("502", "thanh_pho_thuoc_thanh_pho", "Tam Kỳ", "48", "502")])
    after = changes.apply_to(small)
    assert _of(after, "20356").province_id == _of(after, "48").unit_id
    assert _of(after, "20356").parent_id == _of(small, "502").unit_id


def test_changes__nothing_new__is_nothing(small: State) -> None:
    assert changes_of(small, FIRST_DAY, [form("48", "thanh_pho", "Đà Nẵng", None, "48")]).empty


@pytest.mark.parametrize(
    ("was", "now", "kind"),
    [({}, {}, None), ({}, {"kind": "phuong", "name": "X"}, "kind"), ({}, {"code": "20372"}, "rename")],
)
def test_kind_of_change__by_precedence(small: State, was: dict, now: dict, kind: str | None) -> None:
    from dataclasses import replace

    commune = _of(small, "20371")
    assert kind_of_change(replace(commune, **was), replace(commune, **now)) == kind


@pytest.mark.parametrize(
    ("formations", "abolished", "told"),
    [
        ([form("20371", "xa", "Tam Phú", "49", "99999")], [], "99999"),
        ([form("20371", "xa", "Tam Phú", "49", "20371", "20371")], [], "hai lần"),
        (
            [form("20371", "xa", "A", "49", "20371"), form("20371", "xa", "B", "49", "20374")],
            [],
            "hai đơn vị",
        ),
        (
            [form("20371", "xa", "A", "49", "20371"), form("20300", "xa", "B", "49", "20371/")],
            [],
            "nguyên vẹn",
        ),
        ([form("20371", "xa", "A", "49", "20371")], abolish("20371"), "vừa có"),
        ([], abolish("20371", "20371"), "hai lần"),
        ([form("20371", "tinh", "A", "49", "20371")], [], "tinh"),
        ([form("20371", "xa", "A", "49")], [], "không có đơn vị cũ"),
        ([form("20371", "xa", "A", "77", "20371")], [], "77"),
        ([form("20371", "xa", "A", None, "20371")], [], "cấp trên"),
        ([form("48", "tinh", "A", "49", "48")], [], "cấp tỉnh"),
        ([form("20194", "xa", "A", "502", "20371")], [], "20194"),
        ([], abolish("502"), "An Phú"),
        ([form("20371", "xa", "A", "502", "20371")], abolish("502"), "502"),
        ([form("48", "tinh", "A", None, "48", "49")], [], "490"),
    ],
)
def test_changes__impossible__is_refused_with_the_reason(
    small: State, formations: list, abolished: list, told: str
) -> None:
    assert any(told in problem for problem in _problems(small, formations, abolished))


@pytest.mark.parametrize("code", ["", "1", "1234", "123456", "4a", "４８", "²³"])
def test_changes__code_of_no_level__is_refused(small: State, code: str) -> None:
    broken = form("20371", "xa", "A", "49", "20371")
    with pytest.raises(BadChanges):
        changes_of(
            small, FIRST_DAY, [broken.__class__(**{**_fields(broken), "predecessors": (_from(code),)})]
        )


def _fields(spec: object) -> dict:
    return {name: getattr(spec, name) for name in spec.__slots__}


def _from(code: str) -> object:
    from haicap.registry.changes import From

    return From(code)


def test_changes__payloads__hold_every_state(small: State, merged: UnitChanges) -> None:
    payloads = merged.payloads()
    opened = [UnitState.from_row(row) for one in payloads.values() for row in one.get("opens", [])]
    assert set(opened) == {opening.state for opening in merged.opens}
    closed = [unit_id for one in payloads.values() for unit_id in one.get("closes", [])]
    assert sorted(closed) == sorted(str(closing.unit_id) for closing in merged.closes)


@pytest.mark.parametrize("seed", range(60))
def test_changes__random_country__is_as_the_plain_reading_says(seed: int) -> None:
    chance = random.Random(seed)
    country = random_country(chance)
    state = base_changes(country, BASE_DAY).apply_to({})
    expected = by_code_of_base(country)
    for _round in range(3):
        step = random_step(chance, expected, FIRST_DAY)
        state = changes_of(state, FIRST_DAY, step.formations, step.abolished).apply_to(state)
        expected = step.expected(expected)
        assert by_code(state) == expected
        assert all(unit.province_id in state for unit in state.values())


def test_base__child_before_parent__is_sorted() -> None:
    found = base_changes(tuple(reversed(SMALL)), BASE_DAY).apply_to({})
    assert by_code(found) == by_code_of_base(SMALL)
    assert unit("20356", "phuong", "x").level == "commune"
