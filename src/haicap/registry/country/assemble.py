"""Turns the reconciled sources into the rows of the committed files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from .notes import body_of, resolution_of
from .reconcile import Reconciled
from .sources import CatalogueUnit, Sources, SourceUnit
from .spelling import tidy
from .tables import Row, number

FIRST_DAY = "2025-07-01"
BASE_DAY = "2025-06-30"
PROVINCES_ACT = "202/2025/QH15"

Rows = list[tuple[str, ...]]


def assemble(sources: Sources, reconciled: Reconciled, reorganisations: Iterable[Row]) -> dict[str, Rows]:
    """The rows of every derived file, by file name."""
    return _Assembler(sources, reconciled, tuple(reorganisations)).rows()


class _Assembler:
    def __init__(self, sources: Sources, reconciled: Reconciled, reorganisations: tuple[Row, ...]) -> None:
        self.sources = sources
        self.reconciled = reconciled
        self.later = [row for row in reorganisations if row["effective"] != FIRST_DAY]
        self.province_act = {
            row["province_code"]: row["resolutions"].split(" ")[0]
            for row in reorganisations
            if row["effective"] == FIRST_DAY
        }
        self.formations: Rows = []
        self.successions: Rows = []
        self.abolished: Rows = []

    def rows(self) -> dict[str, Rows]:
        self._first_day_provinces()
        self._first_day_communes()
        self._districts_end()
        for row in self.later:
            self._later(row["effective"], row["province_code"], row["resolutions"].split(" "))
        return {
            "base.csv": self._base(),
            "formations.csv": self.formations,
            "successions.csv": self.successions,
            "abolished.csv": self.abolished,
            "spellings.csv": self._spellings(),
        }

    def _base(self) -> Rows:
        levels = (
            ("province", self.sources.old_provinces),
            ("district", self.sources.old_districts),
            ("commune", self.sources.old_communes),
        )
        rows: Rows = []
        for level, units in levels:
            for unit in units.values():
                lat, lon = self.reconciled.points.old.get(unit.code) or (unit.lat, unit.lon)
                name = self._old_name(unit)
                kind = self.reconciled.kinds.get(unit.code, unit.kind) if level == "commune" else unit.kind
                rows.append((unit.code, level, kind, name, unit.parent_code or "", number(lat), number(lon)))
        return rows

    def _first_day_provinces(self) -> None:
        for code, merged in self.sources.province_merges.items():
            if self._lives_on(code):
                continue
            unit = self.sources.new_provinces[code]
            names = ", ".join(_called(self.sources.old_provinces[old]) for old in merged)
            note = f"Hợp nhất {names} thành {_called(unit)}."
            self._formation(FIRST_DAY, code, "province", unit, PROVINCES_ACT, note)
            for old in merged:
                self._succession(FIRST_DAY, code, "province", code, old, part=False)

    def _lives_on(self, code: str) -> bool:
        """Whether a province came through 1/7/2025 as it was."""
        old, new = self.sources.old_provinces.get(code), self.sources.new_provinces[code]
        alone = self.sources.province_merges[code] == (code,)
        return alone and old is not None and (old.kind, old.name) == (new.kind, new.name)

    def _first_day_communes(self) -> None:
        for code, unit in self.sources.new_communes.items():
            province = unit.parent_code or ""
            note = self.sources.catalogue_communes[code].note
            act = resolution_of(note)
            number_of_act = self.province_act[province]
            if act is not None and "UBTVQH15" in act[0] and act[0] != number_of_act:
                raise ValueError(
                    f"{code}: the note names {act[0]}, the province's resolution is {number_of_act}"
                )
            self._formation(
                FIRST_DAY, province, "commune", unit, number_of_act, body_of(note) + ". Bỏ cấp huyện."
            )
        for (old, new), part in self.reconciled.edges.items():
            province = self.sources.new_communes[new].parent_code or ""
            self._succession(FIRST_DAY, province, "commune", new, old, part=part)

    def _districts_end(self) -> None:
        succeeded = {old for old, _ in self.reconciled.edges}
        new_of = {old: new for new, merged in self.sources.province_merges.items() for old in merged}
        for code, district in self.sources.old_districts.items():
            if code not in succeeded:
                self.abolished.append((FIRST_DAY, new_of[district.parent_code or ""], code))

    def _later(self, day: str, province: str, acts: list[str]) -> None:
        """A later reorganisation: what the catalogue of today has otherwise than 1/7/2025."""
        units = self.sources.old_provinces if self._lives_on(province) else self.sources.new_provinces
        before = units[province]
        now = self.sources.catalogue_provinces[province]
        if now.kind != before.kind:
            act = now.note.split(" - ")[0]
            note = f"Thành lập {_called(now)} từ {_called(before)}."
            self._formation(day, province, "province", _changed(before, now), act, note)
            self._succession(day, province, "province", province, province, part=False)
        for code, unit in self.sources.new_communes.items():
            today = self.sources.catalogue_communes[code]
            if unit.parent_code != province or today.kind == unit.kind:
                continue
            named = resolution_of(today.note)
            if named is None or named[0] not in acts:
                raise ValueError(f"{code} changed by {named}, not by {acts}")
            note = tidy(today.note.partition("Bỏ cấp huyện.")[2].partition("Số:")[0])
            self._formation(day, province, "commune", _changed(unit, today), named[0], note)
            self._succession(day, province, "commune", code, code, part=False)

    def _old_name(self, unit: SourceUnit) -> str:
        is_commune = unit.code in self.sources.old_communes
        return self.reconciled.names.get(unit.code, unit.name) if is_commune else unit.name

    def _spellings(self) -> Rows:
        met = {(code, variant, "legal note") for code, variant in self.reconciled.variants}
        # A name of source A that was not kept is still how others may write it.
        met |= {(code, self.sources.old_communes[code].name, "converter") for code in self.reconciled.names}
        rows: Rows = []
        for code, variant, where in met:
            name = self._old_name(self.sources.old_communes[code])
            if variant != name:
                rows.append((BASE_DAY, code, name, variant, where))
        for code, unit in self.sources.new_communes.items():
            written = self.sources.catalogue_communes[code].name
            if written != unit.name:
                rows.append((FIRST_DAY, code, unit.name, written, "catalogue"))
        return rows

    def _formation(self, day: str, province: str, level: str, unit: SourceUnit, act: str, note: str) -> None:
        point = self.reconciled.points.new.get(unit.code) if level == "commune" else None
        lat, lon = point or (unit.lat, unit.lon)
        self.formations.append(
            (
                day, province, level, unit.code, unit.kind, unit.name, unit.parent_code or "",
                number(lat), number(lon), act, note,
            )
        )  # fmt: skip

    def _succession(self, day: str, province: str, level: str, new: str, old: str, *, part: bool) -> None:
        self.successions.append((day, province, level, new, old, "yes" if part else "no"))


def _called(unit: SourceUnit | CatalogueUnit) -> str:
    return f"{'thành phố' if unit.kind == 'thanh_pho' else 'tỉnh'} {unit.name}"


def _changed(before: SourceUnit, now: CatalogueUnit) -> SourceUnit:
    """The same unit with today's kind; its name keeps our spelling."""
    return SourceUnit(before.code, now.kind, before.name, before.parent_code, before.lat, before.lon)


def later_changes(sources: Sources) -> set[str]:
    """Provinces where today's catalogue differs from 1/7/2025: each needs a reorganisation of its own."""
    changed: dict[str, set[str]] = defaultdict(set)
    for code, unit in sources.new_communes.items():
        if sources.catalogue_communes[code].kind != unit.kind:
            changed[unit.parent_code or ""].add(code)
    for code, unit in sources.new_provinces.items():
        if sources.catalogue_provinces[code].kind != unit.kind:
            changed[code].add(code)
    return set(changed)
