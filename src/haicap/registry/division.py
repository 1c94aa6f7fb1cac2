"""Placing records of divided units (phân định): by rule with evidence, or not at all.

A rule never guesses: what no rule places stays undecided until a person decides (design, decision 7).
"""

from __future__ import annotations

import gzip
import json
import uuid
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from shapely import Point, STRtree
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from haicap.kernel.errors import BadInput
from haicap.kernel.text import fold

MAXIMUM_BOUNDARY_BYTES = 200_000_000
#: what reading a file that is none of ours may raise: cut or spoilt archives, other JSON, shapes that are none
_UNREADABLE = (
    OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, AttributeError, RecursionError, ShapelyError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a record says of its place: any of it may be missing. Coordinates in degrees, WGS 84."""

    village: str = ""
    address: str = ""
    latitude: float | None = None
    longitude: float | None = None
    place_id: uuid.UUID | None = None
    procedure_code: str = ""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a rule places a record: the successor unit, which rule, and what it saw."""

    unit_id: uuid.UUID
    how: str
    evidence: str


class Boundaries:
    """Ranh giới: polygons of units from a GeoJSON file, by code; decides by point in polygon."""

    def __init__(self, polygons: Mapping[str, BaseGeometry]) -> None:
        self._codes = list(polygons)
        self._shapes = [polygons[code] for code in self._codes]
        self._tree = STRtree(self._shapes)

    @classmethod
    def read(cls, path: Path) -> Boundaries:
        """Read a FeatureCollection (plain or .gz); each feature's `code` names its unit.

        Raises BadInput REG-401 when the file is missing, too large or not such a file.
        """
        try:
            with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
                content = file.read(MAXIMUM_BOUNDARY_BYTES + 1)
            if len(content) > MAXIMUM_BOUNDARY_BYTES:
                raise ValueError("too large")
            features = json.loads(content)["features"]
            return cls({str(item["properties"]["code"]): shape(item["geometry"]) for item in features})
        except _UNREADABLE as error:
            raise BadInput(
                _("Không đọc được tệp ranh giới %(path)s: %(why)s.") % {"path": path.name, "why": error},
                code="REG-401",
                kept=_("Chưa có gì thay đổi."),
                todo=_(
                    "Dùng tệp GeoJSON (FeatureCollection), mỗi đối tượng có thuộc tính «code»; hoặc bỏ mục boundaries."
                ),
            ) from error

    def code_at(self, latitude: float, longitude: float) -> str | None:
        """The one unit whose polygon holds the point; None where there is none, or several overlap."""
        found = self._tree.query(Point(longitude, latitude), predicate="intersects")
        return self._codes[int(found[0])] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class DivisionRules:
    """Quy tắc phân định của một đơn vị bị chia, asked in this order: village, address, coordinate, place.

    `villages` are folded names → successor; `addresses` folded pieces of an address → successor; `successors`
    code → successor for what `boundaries` answers; `places` old unit → whole successor (for districts).
    """

    villages: Mapping[str, uuid.UUID] = field(default_factory=dict)
    addresses: Sequence[tuple[str, uuid.UUID]] = ()
    successors: Mapping[str, uuid.UUID] = field(default_factory=dict)
    boundaries: Boundaries | None = None
    places: Mapping[uuid.UUID, uuid.UUID] = field(default_factory=dict)

    def place(self, evidence: Evidence) -> Placement | None:
        """Where the rules place a record; None where none applies or two pieces of the address disagree."""
        village = self.villages.get(fold(evidence.village)) if evidence.village else None
        if village is not None:
            return Placement(village, "village", evidence.village)
        by_address = self._by_address(evidence.address)
        if by_address is not None:
            return by_address
        if self.boundaries is not None and evidence.latitude is not None and evidence.longitude is not None:
            code = self.boundaries.code_at(evidence.latitude, evidence.longitude)
            unit = self.successors.get(code) if code else None
            if unit is not None:
                point = f"{evidence.latitude:.5f}, {evidence.longitude:.5f}"
                return Placement(unit, "coordinate", point)
        if evidence.place_id is not None and evidence.place_id in self.places:
            return Placement(self.places[evidence.place_id], "place", str(evidence.place_id))
        return None

    def _by_address(self, address: str) -> Placement | None:
        if not (address and self.addresses):
            return None
        folded = f" {fold(address)} "
        found = {unit: piece for piece, unit in self.addresses if f" {piece} " in folded}
        if len(found) != 1:
            return None
        unit, piece = next(iter(found.items()))
        return Placement(unit, "address", piece)


def evidence_of(row: Mapping[str, Any]) -> Evidence:
    """Evidence from a row with any of the columns village, address, latitude, longitude, place_id, procedure_code."""
    return Evidence(
        village=row.get("village") or "",
        address=row.get("address") or "",
        latitude=row.get("latitude"),
        longitude=row.get("longitude"),
        place_id=row.get("place_id"),
        procedure_code=row.get("procedure_code") or "",
    )
