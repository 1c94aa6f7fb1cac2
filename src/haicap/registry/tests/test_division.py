"""Placing records of divided units: by rule with evidence, or not at all."""

from __future__ import annotations

import gzip
import json
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Polygon

from haicap.kernel.errors import BadInput
from haicap.kernel.text import fold
from haicap.registry.division import Boundaries, DivisionRules, Evidence, evidence_of

EAST, WEST, SOUTH = uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=3)
OLD = uuid.UUID(int=9)


def square(west: float, east: float) -> Polygon:
    return Polygon([(west, 16), (east, 16), (east, 17), (west, 17)])


RULES = DivisionRules(
    villages={fold("Thôn Đông"): EAST, fold("Tổ 1"): WEST},
    addresses=[(fold("Trần Phú"), EAST), (fold("đường 3/2"), WEST), (fold("Lê Lợi"), WEST)],
    successors={"00001": EAST, "00002": WEST},
    boundaries=Boundaries({"00001": square(108, 109), "00002": square(107, 108), "00009": square(110, 111)}),
    places={OLD: SOUTH},
)


@pytest.mark.parametrize(
    ("evidence", "unit", "how"),
    [
        (Evidence(village="thôn đông"), EAST, "village"),
        (Evidence(village="THON DONG"), EAST, "village"),
        (Evidence(village="  Thôn   Đông "), EAST, "village"),
        (Evidence(village="Tổ 1", address="Trần Phú"), WEST, "village"),
        (Evidence(village="Tổ 10", address="Trần Phú"), EAST, "address"),
        (Evidence(address="12 Trần Phú, phường Cũ"), EAST, "address"),
        (Evidence(address="K5/2 tran phu"), EAST, "address"),
        (Evidence(address="7 Lê Lợi", latitude=16.5, longitude=108.5), WEST, "address"),
        (Evidence(latitude=16.5, longitude=108.5), EAST, "coordinate"),
        (Evidence(latitude=16.5, longitude=107.5, place_id=OLD), WEST, "coordinate"),
        (Evidence(place_id=OLD), SOUTH, "place"),
        (Evidence(latitude=16.5, longitude=110.5, place_id=OLD), SOUTH, "place"),
    ],
)
def test_rules__place__by_the_first_that_applies(evidence: Evidence, unit: uuid.UUID, how: str) -> None:
    found = RULES.place(evidence)
    assert found is not None
    assert (found.unit_id, found.how) == (unit, how)
    assert found.evidence


@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(),
        Evidence(village="Tổ 11"),
        Evidence(village="1"),
        Evidence(address="Trần Phú góc Lê Lợi"),  # two pieces that disagree
        Evidence(address="Trần Phúc"),  # a word is a word
        Evidence(address="Lê Lợi Trần Phú"),
        Evidence(latitude=16.5, longitude=108.0),  # on the border
        Evidence(latitude=16.5, longitude=110.5),  # a unit that is no successor
        Evidence(latitude=10, longitude=10),
        Evidence(latitude=16.5),
        Evidence(place_id=uuid.UUID(int=77)),
    ],
)
def test_rules__place__never_guess(evidence: Evidence) -> None:
    assert RULES.place(evidence) is None


def test_rules__two_pieces_that_agree__place() -> None:
    found = RULES.place(Evidence(address="đường 3/2 gần Lê Lợi"))
    assert found is not None
    assert found.unit_id == WEST


def test_rules__none__place_nothing() -> None:
    assert DivisionRules().place(Evidence("a", "b", 1.0, 1.0, OLD)) is None


@given(st.text(max_size=20), st.text(max_size=60), st.floats(), st.floats())
def test_rules__any_evidence__is_a_successor_or_nothing(
    village: str, address: str, latitude: float, longitude: float
) -> None:
    found = RULES.place(Evidence(village, address, latitude, longitude))
    assert found is None or found.unit_id in {EAST, WEST}


def test_evidence__of_a_row__takes_what_is_there() -> None:
    assert evidence_of({}) == Evidence()
    assert evidence_of({"village": None, "latitude": 0.0, "longitude": 0.0}) == Evidence(
        latitude=0.0, longitude=0.0
    )


def write(path: Path, content: object) -> Path:
    text = json.dumps(content).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


FEATURES = {
    "type": "FeatureCollection",
    "features": [
        {"type": "Feature", "properties": {"code": "00001"}, "geometry": square(108, 109).__geo_interface__}
    ],
}


@pytest.mark.parametrize("name", ["ranh-gioi.geojson", "ranh-gioi.geojson.gz"])
def test_boundaries__read__plain_or_compressed(tmp_path: Path, name: str) -> None:
    boundaries = Boundaries.read(write(tmp_path / name, FEATURES))
    assert boundaries.code_at(16.5, 108.5) == "00001"
    assert boundaries.code_at(16.5, 109.5) is None


def test_boundaries__overlap__is_undecided() -> None:
    boundaries = Boundaries({"a": square(108, 109), "b": square(108.5, 110)})
    assert boundaries.code_at(16.5, 108.2) == "a"
    assert boundaries.code_at(16.5, 108.7) is None


def test_boundaries__none__place_nothing() -> None:
    assert Boundaries({}).code_at(16.5, 108.5) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b'{"features": 1}',
        b"[" * 100_000,
        b'{"features": [1]}',
        b'{"features": [{"properties": {}, "geometry": null}]}',
        b'{"features": [{"properties": {"code": "1"}, "geometry": {"type": "Nonsense"}}]}',
        b'{"features": [{"properties": {"code": "1"}, "geometry": {"type": "Polygon", "coordinates": [[[0, 0]]]}}]}',
    ],
)
def test_boundaries__file_that_is_none__is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ranh-gioi.geojson"
    path.write_bytes(content)
    with pytest.raises(BadInput) as refused:
        Boundaries.read(path)
    assert refused.value.code == "REG-401"
    assert str(tmp_path) not in str(refused.value.message)


def test_boundaries__missing_or_broken_archive__is_said(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(b"not an archive")
    for path in (tmp_path / "nowhere.geojson", tmp_path / "x.gz", tmp_path):
        with pytest.raises(BadInput):
            Boundaries.read(path)
    cut = gzip.compress(json.dumps(FEATURES).encode())[:-10]
    (tmp_path / "cut.gz").write_bytes(cut)
    with pytest.raises(BadInput):
        Boundaries.read(tmp_path / "cut.gz")
