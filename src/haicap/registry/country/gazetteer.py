"""Finds which old unit a mention in a note means.

Names repeat: a province had up to a dozen «xã Tân Thành». A mention is looked up among the old communes of the
old provinces that made up the new one; what is still ambiguous goes to the district that the note names, then to
the kind, and at last to distance: a commune is merged with its neighbours, so the nearest homonym is meant,
and how clear that choice was is kept for the report.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from .notes import Mention
from .sources import Sources, SourceUnit
from .spelling import sound_key, spelling_key

Point = tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class Match:
    """The old unit that a mention means, and why that one."""

    code: str
    how: str  # exact | district | kind | nearest | loose
    distance_km: float | None
    runner_up_km: float | None = None


def distance_km(
    lat_a: float | None, lon_a: float | None, lat_b: float | None, lon_b: float | None
) -> float | None:
    """Great-circle distance, or None when a point is unknown."""
    if lat_a is None or lon_a is None or lat_b is None or lon_b is None:
        return None
    phi_a, phi_b = math.radians(lat_a), math.radians(lat_b)
    half = (
        math.sin((phi_b - phi_a) / 2) ** 2
        + math.cos(phi_a) * math.cos(phi_b) * math.sin(math.radians(lon_b - lon_a) / 2) ** 2
    )
    return 2 * 6371.0 * math.asin(math.sqrt(half))


class Gazetteer:
    """The old communes (and the communeless island districts) under each new province, by name."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.exact: dict[tuple[str, str], list[SourceUnit]] = defaultdict(list)
        self.loose: dict[tuple[str, str], list[SourceUnit]] = defaultdict(list)
        new_of = {old: new for new, merged in sources.province_merges.items() for old in merged}
        for unit in sources.old_communes.values():
            province = new_of[self._province_of(unit)]
            self.exact[province, spelling_key(unit.name)].append(unit)
            self.loose[province, sound_key(unit.name)].append(unit)

    def _province_of(self, unit: SourceUnit) -> str:
        assert unit.parent_code is not None
        province = self.sources.old_districts[unit.parent_code].parent_code
        assert province is not None
        return province

    def called(self, mention: Mention, new: SourceUnit) -> tuple[str, list[SourceUnit]]:
        """All old units that `mention` may mean by name and kind, and how exactly the name fits."""
        assert new.parent_code is not None
        how = "exact"
        found = self.exact.get((new.parent_code, spelling_key(mention.name)), [])
        if not found and mention.kind == "phuong":
            # Huế's «Phường Đúc» bears its kind in its name: «phường Phường Đúc».
            found = self.exact.get((new.parent_code, spelling_key("Phường " + mention.name)), [])
        if not found:
            how, found = "loose", self.loose.get((new.parent_code, sound_key(mention.name)), [])
        if len(found) > 1 and mention.kind and any(unit.kind == mention.kind for unit in found):
            found = [unit for unit in found if unit.kind == mention.kind]
        return how, found

    def find(
        self, mention: Mention, new: SourceUnit, places: Iterable[str] = (), near: Point | None = None
    ) -> Match | None:
        """The old unit meant by `mention` in the note of `new`; None when there is none of that name.

        `places` are districts named anywhere else in the same list: «Phường 4, Phường 5 (quận Tân Bình)»
        means both. `near` is the middle of the units of the list that bear a name of their own: a better
        measure than the new commune's point, which is sometimes that of a homonym.
        """
        how, found = self.called(mention, new)
        if not found:
            return None
        for place in (mention.district, *places):
            if place and len(found) > 1:
                inside = [unit for unit in found if self._is_in(unit, place)]
                how, found = ("district", inside) if inside else (how, found)
        return self._nearest(found, near or (new.lat, new.lon), how)

    def _is_in(self, unit: SourceUnit, district: str) -> bool:
        assert unit.parent_code is not None
        name = self.sources.old_districts[unit.parent_code].name
        return sound_key(name) in {sound_key(district), sound_key(district.removeprefix("Quận "))}

    def _nearest(self, found: list[SourceUnit], near: Point, how: str) -> Match:
        def gap(unit: SourceUnit) -> float:
            return distance_km(unit.lat, unit.lon, *near) or 0.0

        ranked = sorted(found, key=lambda unit: (gap(unit), unit.code))
        if len(ranked) == 1:
            return Match(ranked[0].code, how, gap(ranked[0]))
        return Match(ranked[0].code, "nearest", gap(ranked[0]), gap(ranked[1]))
