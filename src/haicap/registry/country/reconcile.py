"""Lays the two sources side by side, names every disagreement, and applies the written decisions.

The note is the law's abridgement and speaks first; the converter is a second witness. Where they agree
nothing is asked. Where they do not, `decisions.csv` must hold a decision with its reason, or the build fails;
a decision that no disagreement asks for, or that was taken on other words, fails it too: none outlives its
cause.

Whether a predecessor went over whole or in part is not taken from either source in the end: a unit with one
successor went whole, a unit with several went in parts. The sources' own words are compared with that.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .gazetteer import ROMAN, distance_km
from .points import Misplaced, Points, correct_points
from .readings import NoteReader, Reading
from .sources import Edge, Sources, SourceUnit
from .spelling import sound_key
from .tables import Row

Pair = tuple[str, str]
Key = tuple[str, str, str]

NO_EDGE = "no edge"
NOT_A_NAME = "same unit, not a name of it"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One point on which the sources differ, or on which one cannot be right."""

    kind: str
    old_code: str
    old_name: str
    new_code: str
    new_name: str
    converter_says: str
    note_says: str
    distance_km: float | None

    @property
    def key(self) -> Key:
        """By what a decision is found."""
        return self.kind, self.old_code, self.new_code


@dataclass(frozen=True, slots=True)
class Reconciled:
    """The outcome.

    `edges` says of every (old, new) pair whether it is a part; `names` and `kinds` hold what source A
    has wrong of old units, by code; `variants` the other spellings that were met, as (old code, variant).
    """

    edges: dict[Pair, bool]
    points: Points
    names: dict[str, str]
    kinds: dict[str, str]
    variants: tuple[tuple[str, str], ...]
    disagreements: tuple[Disagreement, ...]
    undecided: tuple[Disagreement, ...]
    unused: tuple[Key, ...]
    faults: tuple[str, ...]


def decision_key(row: Row) -> Key:
    """The key of a row of decisions.csv."""
    return row["kind"], row["old_code"], row["new_code"]


def word(part: bool) -> str:
    """How files and reports say it."""
    return "part" if part else "whole"


class Reconciler:
    """Compares, then decides (see the module's docstring)."""

    def __init__(self, sources: Sources, decisions: Iterable[Row]) -> None:
        """`decisions` are the rows of decisions.csv."""
        self.sources = sources
        self.rows = {decision_key(row): row for row in decisions}
        self.decisions = {key: row["decision"] for key, row in self.rows.items()}
        self.converter: dict[Pair, Edge] = {(edge.old_code, edge.new_code): edge for edge in sources.edges}
        self.by_new: dict[str, list[str]] = defaultdict(list)
        for edge in sources.edges:
            self.by_new[edge.new_code].append(edge.old_code)
        self.reader = NoteReader(sources, self.by_new)
        self.readings: dict[str, Reading] = {}
        self.found: list[Disagreement] = []

    def run(self) -> Reconciled:
        """Compare and decide everything."""
        self.readings = self.reader.read_all()
        for new_code, reading in self.readings.items():
            self._compare(new_code, reading)
        pairs = self._decided_pairs()
        successors = Counter(old_code for old_code, _ in pairs)
        edges = {pair: successors[pair[0]] > 1 for pair in sorted(pairs)}
        ends = [(self.old(old), self.sources.new_communes[new]) for old, new in edges]
        points = correct_points(ends, self._decide_point)
        variants = self._variants(edges)
        names, kinds = self._decided_names(variants), self._decided_kinds(edges)
        return Reconciled(
            edges=edges,
            points=points,
            names=names,
            kinds=kinds,
            variants=tuple(sorted(variants)),
            disagreements=tuple(self.found),
            undecided=tuple(one for one in self.found if one.key not in self.decisions),
            unused=tuple(sorted(set(self.decisions) - {one.key for one in self.found})),
            faults=tuple(self._faults(edges)),
        )

    def old(self, code: str) -> SourceUnit:
        """An old unit that can be a predecessor: a commune, or an island district without communes."""
        return self.sources.old_communes.get(code) or self.sources.old_districts[code]

    # comparing

    def _compare(self, new_code: str, reading: Reading) -> None:
        for code, mention in reading.misspelt:
            self._differ("misspelt", code, new_code, f"«{self.old(code).name}»", f"«{mention.name}»")
        self._unknown_names(new_code, reading)
        for old_code in sorted(set(self.by_new[new_code]) | set(reading.claims)):
            self._compare_pair(old_code, new_code, reading)

    def _unknown_names(self, new_code: str, reading: Reading) -> None:
        """Names that mean no old unit: the stump at the end of a cut note, or a slip that needs an answer."""
        stump = reading.note.mentions[-1] if reading.note.cut else None
        for kind in ("cut_name", "unknown_name"):
            names = [one.name for one in reading.unknown if (one == stump) == (kind == "cut_name")]
            if names:
                name, said = self.sources.new_communes[new_code].name, f"«{'», «'.join(names)}»"
                self.found.append(
                    Disagreement(kind, "", "", new_code, name, "names no such unit", said, None)
                )

    def _compare_pair(self, old_code: str, new_code: str, reading: Reading) -> None:
        edge, claim = self.converter.get((old_code, new_code)), reading.claims.get(old_code)
        if edge and claim:
            if edge.divided != claim.part:
                self._differ("part_or_whole", old_code, new_code, word(edge.divided), word(claim.part))
        elif edge:
            kind = self._why_not_in_note(old_code, reading)
            self._differ(kind, old_code, new_code, word(edge.divided), "nothing")
        elif claim:
            self._differ("not_in_converter", old_code, new_code, "nothing", word(claim.part))

    def _why_not_in_note(self, old_code: str, reading: Reading) -> str:
        name = sound_key(self.old(old_code).name)
        if any(sound_key(self.old(code).name) == name for code in reading.claims if code != old_code):
            return "homonym"
        return "cut_note" if reading.note.cut else "not_in_note"

    def _differ(self, kind: str, old_code: str, new_code: str, converter: str, note: str) -> None:
        new = self.sources.new_communes[new_code]
        gap = self._gap_km(old_code, new)
        self.found.append(
            Disagreement(kind, old_code, self.old(old_code).name, new_code, new.name, converter, note, gap)
        )

    def _gap_km(self, old_code: str, new: SourceUnit) -> float | None:
        """From the old unit to the middle of the others that both sources put into the new one.

        Not to the new one's own point: some of those are a homonym's.
        """
        claims = self.readings[new.code].claims
        sure = [self.old(code) for code in self.by_new[new.code] if code != old_code and code in claims]
        near = sure or [new]
        lats = [unit.lat for unit in near if unit.lat is not None]
        lons = [unit.lon for unit in near if unit.lon is not None]
        if not lats or not lons:
            return None
        old = self.old(old_code)
        gap = distance_km(old.lat, old.lon, statistics.median(lats), statistics.median(lons))
        return None if gap is None else round(gap, 1)

    def _decide_point(self, one: Misplaced) -> str | None:
        code, name = one.unit.code, one.unit.name
        ends = ("", "", code, name) if one.is_new else (code, name, "", "")
        kind = "misplaced_new" if one.is_new else "misplaced_old"
        said = f"{one.unit.lat}, {one.unit.lon}"
        self.found.append(Disagreement(kind, *ends, said, "nothing", one.distance_km))
        return self.decisions.get(self.found[-1].key)

    # names

    def _variants(self, edges: dict[Pair, bool]) -> set[tuple[str, str]]:
        """Spellings met in notes whose reading stood."""
        refused = {
            (one.old_code, one.new_code) for one in self.found if self.decisions.get(one.key) == NOT_A_NAME
        }
        met = self.reader.variants
        return {(old, name) for old, new, name in met if (old, new) in edges and (old, new) not in refused}

    def _decided_names(self, variants: set[tuple[str, str]]) -> dict[str, str]:
        """Source A writes some names wrong on their face: «Pa ủ», or without a hyphen that the law has."""
        said: dict[str, list[str]] = defaultdict(list)
        for code, variant in sorted(variants):
            said[code].append(variant)
        names: dict[str, str] = {}
        for code, unit in sorted(self.sources.old_communes.items()):
            odd = any(syllable[0].islower() for syllable in unit.name.split() if syllable != "trường")
            if odd or any(" - " in variant or variant in ROMAN for variant in said[code]):
                note = "nothing" if not said[code] else f"«{'», «'.join(said[code])}»"
                found = Disagreement("name", code, unit.name, "", "", f"«{unit.name}»", note, None)
                self.found.append(found)
                names[code] = self.decisions.get(found.key, unit.name)
        return names

    def _decided_kinds(self, edges: dict[Pair, bool]) -> dict[str, str]:
        """Where a note calls an old unit by another kind than source A does."""
        said: dict[str, set[str]] = defaultdict(set)
        for old, new in edges:
            claim = self.readings[new].claims.get(old)
            if claim and claim.kind and not self.readings[new].note.unchanged:
                said[old].add(claim.kind)
        kinds: dict[str, str] = {}
        for code, named in sorted(said.items()):
            unit = self.old(code)
            if named != {unit.kind}:
                found = Disagreement(
                    "kind", code, unit.name, "", "", unit.kind, " ".join(sorted(named)), None
                )
                self.found.append(found)
                kinds[code] = self.decisions.get(found.key, unit.kind)
        return kinds

    # deciding

    def _decided_pairs(self) -> set[Pair]:
        pairs = set(self.converter)
        pairs |= {(old, new) for new, reading in self.readings.items() for old in reading.claims}
        ended = {(one.old_code, one.new_code) for one in self.found if self.decisions.get(one.key) == NO_EDGE}
        return pairs - ended

    def _faults(self, edges: dict[Pair, bool]) -> Iterator[str]:
        """What must hold whatever the sources say."""
        olds, news = {old for old, _ in edges}, {new for _, new in edges}
        for code in sorted(set(self.sources.old_communes) - olds):
            yield f"{code} {self.old(code).name} has no successor"
        for code in sorted(set(self.sources.new_communes) - news):
            yield f"{code} {self.sources.new_communes[code].name} has no predecessor"
        for one in self.found:
            row = self.rows.get(one.key)
            if row and (row["converter_says"], row["note_says"]) != (one.converter_says, one.note_says):
                yield f"the decision on {' '.join(one.key)} was taken when the sources said otherwise"
            part = edges.get((one.old_code, one.new_code), False)
            if one.kind == "part_or_whole" and self.decisions.get(one.key) != word(part):
                yield f"{one.old_code} → {one.new_code}: the decision is not «{word(part)}»"
        for pair, part in edges.items():
            claim, edge = self.readings[pair[1]].claims.get(pair[0]), self.converter.get(pair)
            if claim and edge and claim.part == edge.divided != part:
                yield f"{pair[0]} → {pair[1]}: both sources say «{word(claim.part)}», not «{word(part)}»"
