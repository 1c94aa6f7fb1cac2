"""Cross-check against a third public source: polygons of the new communes, if they lie beside the repository.

They are never committed and prove nothing legal; but a commune far from what it was made of is an error.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from haicap.registry.country import Formation, load_base, load_published
from haicap.registry.country.gazetteer import distance_km
from haicap.registry.country.spelling import spelling_key

POLYGONS = Path(__file__).resolve().parents[6] / "shared" / "data" / "units" / "communes.geojson.gz"
#: Points of the old communes that stand this far outside the successor's simplified shape are counted.
TOLERATED_KM = 5.0

pytestmark = pytest.mark.skipif(not POLYGONS.exists(), reason="the polygons are not beside the repository")

Ring = list[tuple[float, float]]


@cache
def features() -> dict[str, dict[str, Any]]:
    with gzip.open(POLYGONS, "rt", encoding="utf-8") as file:
        found = {one["properties"]["code"]: one for one in json.load(file)["features"]}
    assert len(found) == 3_321
    return found


def new_communes() -> list[Formation]:
    first = [one for one in load_published() if one.effective == date(2025, 7, 1)]
    return [new for one in first for new in one.formations if new.level == "commune"]


def outer_rings(code: str) -> list[Ring]:
    geometry = features()[code]["geometry"]
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return [[(lon, lat) for lon, lat in polygon[0]] for polygon in polygons]


def is_inside(lon: float, lat: float, ring: Ring) -> bool:
    inside = False
    for (lon_a, lat_a), (lon_b, lat_b) in zip(ring, ring[1:] + ring[:1], strict=True):
        if (lat_a > lat) != (lat_b > lat) and lon < (lon_b - lon_a) * (lat - lat_a) / (lat_b - lat_a) + lon_a:
            inside = not inside
    return inside


def outside_km(code: str, lat: float, lon: float) -> float:
    """Zero inside; else the distance to the nearest corner: enough at the scale of kilometres."""
    rings = outer_rings(code)
    if any(is_inside(lon, lat, ring) for ring in rings):
        return 0.0
    return min(distance_km(lat, lon, y, x) or 0.0 for ring in rings for x, y in ring)


def test_polygons__same_codes_names_and_provinces() -> None:
    units = new_communes()
    assert {new.code for new in units} == set(features())
    for new in units:
        properties = features()[new.code]["properties"]
        assert spelling_key(properties["name"]) == spelling_key(new.name), new
        assert properties["province_code"] == new.parent_code, new
        assert {"Xã": "xa", "Phường": "phuong", "Đặc khu": "dac_khu"}[properties["type"]] == new.kind, new


def test_polygons__new_communes_lie_in_their_shape(record_property: Callable[[str, object], None]) -> None:
    off = {}
    for new in new_communes():
        assert new.lat is not None
        assert new.lon is not None
        gap = outside_km(new.code, new.lat, new.lon)
        if gap > TOLERATED_KM:
            off[new.code] = round(gap, 1)
    record_property("new communes off their shape, km", str(off))
    # Far islands, which the shapes cut short, and Cai Lậy, whose point lies in the next ward but one.
    assert set(off) <= {"20333", "22736", "30781", "30811", "28439"}, off


def test_polygons__old_communes_lie_near_a_successor(record_property: Callable[[str, object], None]) -> None:
    points = {unit.code: (unit.lat, unit.lon) for unit in load_base()}
    nearest: dict[str, float] = {}
    for new in new_communes():
        for part in new.predecessors:
            lat, lon = points[part.code]
            assert lat is not None
            assert lon is not None
            gap = outside_km(new.code, lat, lon)
            nearest[part.code] = min(gap, nearest.get(part.code, gap))
    off = {code: round(gap, 1) for code, gap in sorted(nearest.items()) if gap > TOLERATED_KM}
    record_property("old communes off every successor, km", str(off))
    islands = {"498", "22736", "22737", "22739", "30781"}
    assert max(gap for code, gap in off.items() if code not in islands) < 20.0, off
    # Approximate points of the source: the centre of the district instead of the commune (docs/data.md).
    assert len(off) < 100, off
