"""Lays the two sources side by side, names every disagreement, and applies the written decisions.

The note is the law's abridgement and speaks first; the converter is a second witness. Where they agree nothing is
asked. Where they do not, `decisions.csv` must hold a decision with its reason, or the build fails; a decision that
no disagreement asks for fails it too, so that none outlives its cause.

Whether a predecessor went over whole or in part is not taken from either source in the end: a unit with one
successor went whole, a unit with several went in parts. The sources' own words are compared with that.
"""

from __future__ import annotations

import difflib
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from .gazetteer import Gazetteer, Match, distance_km
from .notes import Mention, Note, parse_note
from .sources import Edge, Sources, SourceUnit
from .spelling import sound_key, spelling_key
from .tables import Row

#: How alike two folded names must be for one to be a misspelling of the other.
ALIKE = 0.6
#: A new commune's point this far from every unit it was made of is a homonym's point.
MISPLACED_KM = 40.0

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One point on which the sources differ (or one contradicts itself)."""

    kind: str
    old_code: str
    old_name: str
    new_code: str
    new_name: str
    converter_says: str
    note_says: str
    distance_km: float | None

    @property
    def key(self) -> tuple[str, str, str]:
        return self.kind, self.old_code, self.new_code


@dataclass(slots=True)
class Reading:
    """What the note of one new commune was understood to say."""

    note: Note
    claims: dict[str, Mention] = field(default_factory=dict)
    matches: dict[str, Match] = field(default_factory=dict)
    unknown: list[Mention] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The outcome: the edges, the points that had to be replaced, the variants of names that were met."""

    edges: dict[Pair, bool]
    points: dict[str, tuple[float, float]]
    variants: tuple[tuple[str, str], ...]
    disagreements: tuple[Disagreement, ...]
    undecided: tuple[Disagreement, ...]
    unused: tuple[tuple[str, str, str], ...]
    faults: tuple[str, ...]


class Reconciler:
    """Compares, then decides (see the module's docstring)."""

    def __init__(self, sources: Sources, decisions: Iterable[Row]) -> None:
        self.sources = sources
        self.decisions = {
            (row["kind"], row["old_code"], row["new_code"]): row["decision"] for row in decisions
        }
        self.gazetteer = Gazetteer(sources)
        self.converter: dict[Pair, Edge] = {(edge.old_code, edge.new_code): edge for edge in sources.edges}
        self.by_new: dict[str, list[str]] = defaultdict(list)
        for edge in sources.edges:
            self.by_new[edge.new_code].append(edge.old_code)
        self.readings: dict[str, Reading] = {}
        self.found: list[Disagreement] = []
        self.variants: set[tuple[str, str]] = set()

    # reading the notes -----------------------------------------------------------------------------------------

    def read_notes(self) -> None:
        """Turn every note into claims about old units; what cannot be placed stays `unknown`."""
        for code, new in sorted(self.sources.new_communes.items()):
            reading = Reading(parse_note(self.sources.catalogue_communes[code].note))
            self.readings[code] = reading
            if reading.note.unchanged:
                reading.claims[code] = Mention(new.kind, new.name, False)
            if reading.note.whole_district:
                self._claim_district(reading)
            for mention in self._mentions(reading.note):
                self._claim(reading, mention, new)
            self._pair_misspelt(reading, new)

    @staticmethod
    def _mentions(note: Note) -> list[Mention]:
        # The unit that is renamed comes last: if the list names it too, the list says whether it is a part.
        return [*note.mentions, *([note.renamed_from] if note.renamed_from else [])]

    def _claim_district(self, reading: Reading) -> None:
        for district in self.sources.old_districts.values():
            if district.code in self._childless and spelling_key(district.name) == spelling_key(
                reading.note.whole_district or ""
            ):
                reading.claims[district.code] = Mention(None, district.name, False)

    @property
    def _childless(self) -> set[str]:
        parents = {unit.parent_code for unit in self.sources.old_communes.values()}
        return set(self.sources.old_districts) - {code for code in parents if code}

    def _claim(self, reading: Reading, mention: Mention, new: SourceUnit) -> None:
        places = [other.district for other in reading.note.mentions if other.district]
        renamed = reading.note.renamed_from
        if renamed and renamed.name == mention.name and self._is_named(new.code, mention.name):
            # «Đổi tên từ xã A» speaks of the unit whose code lives on: no homonym can be meant.
            reading.claims.setdefault(new.code, mention)
            return
        match = self.gazetteer.find(mention, new, places, self._middle(reading.note, new))
        if match is None:
            reading.unknown.append(mention)
        elif match.code not in reading.claims:
            reading.claims[match.code] = mention
            reading.matches[match.code] = match
            self._learn_variant(match.code, mention.name)

    def _is_named(self, code: str, name: str) -> bool:
        old = self.sources.old_communes.get(code)
        return old is not None and sound_key(old.name) == sound_key(name)

    def _middle(self, note: Note, new: SourceUnit) -> tuple[float, float] | None:
        """The middle of the units in a list whose names leave no choice; None when there is no such unit."""
        sure = [
            found[0]
            for _, found in (self.gazetteer.called(one, new) for one in note.mentions)
            if len(found) == 1
        ]
        lats = [unit.lat for unit in sure if unit.lat is not None]
        lons = [unit.lon for unit in sure if unit.lon is not None]
        return (statistics.median(lats), statistics.median(lons)) if lats and lons else None

    def _learn_variant(self, code: str, written: str) -> None:
        name = self.old(code).name
        if written != name and written != f"Phường {name}" and name != f"Phường {written}":
            self.variants.add((code, written))

    def _pair_misspelt(self, reading: Reading, new: SourceUnit) -> None:
        """A name found nowhere may be a slip for a unit that only the converter knows here."""
        left = []
        for mention in reading.unknown:
            near = [
                (
                    difflib.SequenceMatcher(
                        None, sound_key(mention.name), sound_key(self.old(code).name)
                    ).ratio(),
                    code,
                )
                for code in self.by_new[new.code]
            ]
            ratio, code = max(near, default=(0.0, ""))
            if ratio < ALIKE or len(mention.name) < 3:
                left.append(mention)
                continue
            if code not in reading.claims:
                reading.claims[code] = mention
            self.variants.add((code, mention.name))
            self._differ("misspelt", code, new.code, f"«{self.old(code).name}»", f"«{mention.name}»")
        reading.unknown = left

    # comparing -------------------------------------------------------------------------------------------------

    def compare(self) -> None:
        """Name every disagreement."""
        for new_code, reading in sorted(self.readings.items()):
            for mention in reading.unknown:
                self._unknown_name(new_code, reading, mention)
            for old_code in sorted(set(self.by_new[new_code]) | set(reading.claims)):
                self._compare_pair(old_code, new_code, reading)

    def _unknown_name(self, new_code: str, reading: Reading, mention: Mention) -> None:
        cut_off = reading.note.cut and mention == reading.note.mentions[-1]
        kind = "cut_name" if cut_off else "unknown_name"
        self._differ(kind, mention.name, new_code, "names no such unit", f"«{mention.name}»")

    def _compare_pair(self, old_code: str, new_code: str, reading: Reading) -> None:
        edge, claim = self.converter.get((old_code, new_code)), reading.claims.get(old_code)
        if edge and claim:
            if edge.divided != claim.part:
                self._differ("part_or_whole", old_code, new_code, _word(edge.divided), _word(claim.part))
        elif edge:
            self._differ(
                self._why_not_in_note(old_code, reading), old_code, new_code, _word(edge.divided), "nothing"
            )
        elif claim:
            self._differ("not_in_converter", old_code, new_code, "nothing", _word(claim.part))

    def _why_not_in_note(self, old_code: str, reading: Reading) -> str:
        name = sound_key(self.old(old_code).name)
        if any(sound_key(self.old(code).name) == name for code in reading.claims if code != old_code):
            return "homonym"
        return "cut_note" if reading.note.cut else "not_in_note"

    def compare_points(self, edges: dict[Pair, bool]) -> dict[str, tuple[float, float]]:
        """Find points that belong to another unit of the same name; say what to use instead."""
        instead: dict[str, tuple[float, float]] = {}
        made_of: dict[str, list[SourceUnit]] = defaultdict(list)
        became: dict[str, list[str]] = defaultdict(list)
        for old_code, new_code in edges:
            made_of[new_code].append(self.old(old_code))
            became[old_code].append(new_code)
        for code, olds in sorted(made_of.items()):
            new = self.sources.new_communes[code]
            if self._nearest_km(new, olds) > MISPLACED_KM:
                decision = self._differ_point(new.code, new, "misplaced_new", self._nearest_km(new, olds))
                if decision == "mean of predecessors":
                    instead[code] = (
                        round(statistics.fmean(old.lat for old in olds if old.lat is not None), 6),
                        round(statistics.fmean(old.lon for old in olds if old.lon is not None), 6),
                    )
        for code, news in sorted(became.items()):
            self._check_old_point(code, news, instead)
        return instead

    def _check_old_point(self, code: str, news: list[str], instead: dict[str, tuple[float, float]]) -> None:
        old = self.old(code)
        points = [instead.get(new) or self._point(self.sources.new_communes[new]) for new in news]
        known = [point for point in points if point]
        gap = min((distance_km(old.lat, old.lon, *point) or 0.0 for point in known), default=0.0)
        if gap > MISPLACED_KM:
            if self._differ_point(code, old, "misplaced_old", gap) == "point of successor":
                instead["old:" + code] = known[0]

    @staticmethod
    def _point(unit: SourceUnit) -> tuple[float, float] | None:
        return None if unit.lat is None or unit.lon is None else (unit.lat, unit.lon)

    @staticmethod
    def _nearest_km(new: SourceUnit, olds: list[SourceUnit]) -> float:
        gaps = [distance_km(old.lat, old.lon, new.lat, new.lon) for old in olds]
        return min((gap for gap in gaps if gap is not None), default=0.0)

    # deciding --------------------------------------------------------------------------------------------------

    def run(self) -> Reconciled:
        """Compare and decide everything."""
        self.read_notes()
        self.compare()
        pairs = self._decided_pairs()
        successors = Counter(old_code for old_code, _ in pairs)
        edges = {pair: successors[pair[0]] > 1 for pair in sorted(pairs)}
        points = self.compare_points(edges)
        undecided = tuple(one for one in self.found if one.key not in self.decisions)
        asked = {one.key for one in self.found}
        return Reconciled(
            edges=edges,
            points=points,
            variants=tuple(sorted(self.variants)),
            disagreements=tuple(self.found),
            undecided=undecided,
            unused=tuple(sorted(set(self.decisions) - asked)),
            faults=tuple(self._faults(edges)),
        )

    def _decided_pairs(self) -> set[Pair]:
        pairs = set(self.converter) | {
            (old_code, new_code) for new_code, reading in self.readings.items() for old_code in reading.claims
        }
        for one in self.found:
            if self.decisions.get(one.key) == "no edge":
                pairs.discard((one.old_code, one.new_code))
        return pairs

    def _faults(self, edges: dict[Pair, bool]) -> Iterable[str]:
        """What must hold whatever the sources say."""
        olds, news = {old for old, _ in edges}, {new for _, new in edges}
        for code in sorted(set(self.sources.old_communes) - olds):
            yield f"{code} {self.old(code).name} has no successor"
        for code in sorted(set(self.sources.new_communes) - news):
            yield f"{code} {self.sources.new_communes[code].name} has no predecessor"
        for one in self.found:
            decision = self.decisions.get(one.key)
            if one.kind == "part_or_whole" and decision != _word(
                edges.get((one.old_code, one.new_code), False)
            ):
                yield f"{one.old_code} → {one.new_code} is decided as «{decision}», its successors say otherwise"
        for pair, part in edges.items():
            claim = self.readings[pair[1]].claims.get(pair[0])
            edge = self.converter.get(pair)
            if claim and edge and claim.part == edge.divided != part:
                yield f"{pair[0]} → {pair[1]}: both sources say «{_word(claim.part)}», its successors say otherwise"

    # helpers ---------------------------------------------------------------------------------------------------

    def old(self, code: str) -> SourceUnit:
        """An old unit that can be a predecessor: a commune, or an island district without communes."""
        return self.sources.old_communes.get(code) or self.sources.old_districts[code]

    def _differ(self, kind: str, old_code: str, new_code: str, converter: str, note: str) -> None:
        known = old_code in self.sources.old_communes or old_code in self.sources.old_districts
        gap = self._gap_km(old_code, new_code) if known else None
        name = self.old(old_code).name if known else ""
        new_name = self.sources.new_communes[new_code].name
        self.found.append(Disagreement(kind, old_code, name, new_code, new_name, converter, note, gap))

    def _differ_point(self, code: str, unit: SourceUnit, kind: str, gap: float) -> str | None:
        old = kind == "misplaced_old"
        one = Disagreement(
            kind, code if old else "", unit.name if old else "", "" if old else code, "" if old else unit.name,
            f"{unit.lat}, {unit.lon}", "nothing", round(gap, 1),
        )  # fmt: skip
        self.found.append(one)
        return self.decisions.get(one.key)

    def _gap_km(self, old_code: str, new_code: str) -> float | None:
        """From the old unit to the middle of the others that both sources put into the new one.

        Not to the new one's own point: some of those are a homonym's.
        """
        reading = self.readings.get(new_code)
        sure = [
            self.old(code)
            for code in self.by_new[new_code]
            if code != old_code and (reading is None or code in reading.claims)
        ]
        near = sure or [self.sources.new_communes[new_code]]
        lats = [unit.lat for unit in near if unit.lat is not None]
        lons = [unit.lon for unit in near if unit.lon is not None]
        old = self.old(old_code)
        if not lats or not lons:
            return None
        gap = distance_km(old.lat, old.lon, statistics.median(lats), statistics.median(lons))
        return None if gap is None else round(gap, 1)


def _word(part: bool) -> str:
    return "part" if part else "whole"
