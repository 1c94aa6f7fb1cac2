"""Finds which old unit a mention in a note means.

Names repeat: a province had up to a dozen «xã Tân Thành». A mention is looked up by name and kind among the
old communes of the old provinces that made up the new one; what is still ambiguous goes to the district that
the note names, and at last to distance: a commune is merged with its neighbours, so the nearest homonym is
meant.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable

from .notes import Mention
from .sources import Sources, SourceUnit
from .spelling import sound_key, spelling_key

Point = tuple[float | None, float | None]

#: Wards numbered in Roman figures, which source A writes in Arabic ones.
ROMAN = {"I": "1", "II": "2", "III": "3", "IV": "4", "V": "5", "VI": "6"}


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

    def called(self, mention: Mention, new: SourceUnit) -> list[SourceUnit]:
        """All old units that `mention` may mean, by name and kind."""
        assert new.parent_code is not None
        province = new.parent_code
        found = self.exact.get((province, spelling_key(mention.name)), [])
        if not found and mention.kind == "phuong":
            # Huế's «Phường Đúc» bears its kind in its name: «phường Phường Đúc».
            found = self.exact.get((province, spelling_key("Phường " + mention.name)), [])
        if not found and mention.name in ROMAN:
            found = self.exact.get((province, ROMAN[mention.name]), [])
        found = found or self.loose.get((province, sound_key(mention.name)), [])
        of_kind = [unit for unit in found if unit.kind == mention.kind]
        return of_kind or found

    def find(
        self, mention: Mention, new: SourceUnit, places: Iterable[str] = (), near: Point | None = None
    ) -> str | None:
        """The code of the old unit meant by `mention` in the note of `new`; None when there is none.

        `places` are districts named anywhere else in the same list: «Phường 4, Phường 5 (quận Tân Bình)»
        means both. `near` is the middle of the units of the list that bear a name of their own: a better
        measure than the new commune's point, which is sometimes that of a homonym.
        """
        found = self.called(mention, new)
        for district in (mention.district, *places):
            if district and len(found) > 1:
                found = [unit for unit in found if self._is_in(unit, district)] or found
        lat, lon = near or (new.lat, new.lon)

        def rank(unit: SourceUnit) -> tuple[float, str]:
            return distance_km(unit.lat, unit.lon, lat, lon) or 0.0, unit.code

        return min(found, key=rank).code if found else None

    def _is_in(self, unit: SourceUnit, district: str) -> bool:
        assert unit.parent_code is not None
        name = self.sources.old_districts[unit.parent_code].name
        return sound_key(name) in {sound_key(district), sound_key(district.removeprefix("Quận "))}
