"""Finds points that cannot be right: a homonym's place, or the centre of the district.

A commune lies near what it was made of and near what it became. Where it does not, a written decision says
which of the two points is kept and what stands in for the other.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .gazetteer import distance_km
from .sources import SourceUnit

#: A point this far from every other end of its successions is asked about.
MISPLACED_KM = 20.0

KEEP = "keep"
FROM_PREDECESSORS = "mean of predecessors"
FROM_SUCCESSOR = "point of successor"

Place = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A point in question: of a new commune, or of an old unit."""

    unit: SourceUnit
    is_new: bool
    distance_km: float


@dataclass(frozen=True, slots=True)
class Points:
    """Points that replace those of the source, by code, for the new communes and for the old units."""

    new: dict[str, Place]
    old: dict[str, Place]


def place(unit: SourceUnit) -> Place | None:
    """Where a unit lies, if that is known."""
    return None if unit.lat is None or unit.lon is None else (unit.lat, unit.lon)


def correct_points(
    pairs: Iterable[tuple[SourceUnit, SourceUnit]], decide: Callable[[Misplaced], str | None]
) -> Points:
    """Ask `decide` about every doubtful point among (old, new) pairs; new communes first."""
    made_of: dict[str, list[SourceUnit]] = defaultdict(list)
    became: dict[str, list[SourceUnit]] = defaultdict(list)
    units: dict[tuple[bool, str], SourceUnit] = {}
    for old, new in pairs:
        made_of[new.code].append(old)
        became[old.code].append(new)
        units[False, old.code], units[True, new.code] = old, new
    points = Points({}, {})
    for code, olds in sorted(made_of.items()):
        known = [spot for spot in map(place, olds) if spot]
        gap = _nearest_km(units[True, code], known)
        decided = gap > MISPLACED_KM and decide(Misplaced(units[True, code], True, round(gap, 1)))
        if decided == FROM_PREDECESSORS:
            points.new[code] = _mean(known)
    for code, news in sorted(became.items()):
        known = [spot for spot in (points.new.get(new.code) or place(new) for new in news) if spot]
        gap = _nearest_km(units[False, code], known)
        decided = gap > MISPLACED_KM and decide(Misplaced(units[False, code], False, round(gap, 1)))
        if decided == FROM_SUCCESSOR:
            points.old[code] = known[0]
    return points


def _nearest_km(unit: SourceUnit, others: list[Place]) -> float:
    gaps = (distance_km(unit.lat, unit.lon, *other) for other in others)
    return min((gap for gap in gaps if gap is not None), default=0.0)


def _mean(places: list[Place]) -> Place:
    return (
        round(statistics.fmean(lat for lat, _ in places), 6),
        round(statistics.fmean(lon for _, lon in places), 6),
    )
