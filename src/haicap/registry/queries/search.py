"""Tìm đơn vị: by code, name or part of a name, in any spelling, over all names of all times; in memory.

Names are compared by `kernel.text.fold` (no marks, no case, no apostrophes). A query may begin with a type
word ("phường 1", "P. An Phú", "tt Chúc Sơn") and end with what lies above the unit ("xã hoà sơn da nang",
"An Phú, quận 2"). Answers are ranked: exact name, beginning of the name, beginnings of its words, part of
it, similar to it; among equals what agrees in type and place comes first, then accents as typed, then what
exists, then higher levels.
"""

from __future__ import annotations

import re
import uuid
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import Any

from django.utils.translation import gettext as _
from rapidfuzz import fuzz, process

from haicap.kernel import clock
from haicap.kernel.text import fold, normalise_apostrophes, normalise_tone
from haicap.registry.errors import BadRequest
from haicap.registry.models import Kind, Level
from haicap.registry.queries.days import require_day
from haicap.registry.queries.units import check_kind, check_level, province_id, titled
from haicap.registry.snapshot import Snapshot, Version, snapshot

MOST_HITS = 200
MOST_READINGS = 8
LAST_CHARACTER = "\uffff"
#: longer texts are cut: no name of a unit with all above it comes near
LONGEST_TEXT = 200
#: below this similarity (0 to 100) a name is another name
LEAST_SIMILAR = 72.0

_GLUED_NUMBER = re.compile(r"\b(p|q|x|h|tt|tx|tp|dk|phuong|quan)(\d+)\b")
#: what people write in front of a name, folded → kinds
_TYPE_WORDS: dict[str, frozenset[str]] = {
    word: frozenset(str(kind) for kind in kinds)
    for word, kinds in (
        ("phuong", {Kind.PHUONG}),
        ("p", {Kind.PHUONG}),
        ("xa", {Kind.XA}),
        ("x", {Kind.XA}),
        ("thi tran", {Kind.THI_TRAN}),
        ("tt", {Kind.THI_TRAN}),
        ("dac khu", {Kind.DAC_KHU}),
        ("dk", {Kind.DAC_KHU}),
        ("quan", {Kind.QUAN}),
        ("q", {Kind.QUAN}),
        ("huyen", {Kind.HUYEN}),
        ("h", {Kind.HUYEN}),
        ("thi xa", {Kind.THI_XA}),
        ("tx", {Kind.THI_XA}),
        ("tinh", {Kind.TINH}),
        ("t", {Kind.TINH}),
        ("thanh pho", {Kind.THANH_PHO, Kind.THANH_PHO_THUOC_TINH, Kind.THANH_PHO_THUOC_THANH_PHO}),
        ("tp", {Kind.THANH_PHO, Kind.THANH_PHO_THUOC_TINH, Kind.THANH_PHO_THUOC_THANH_PHO}),
    )
}
#: what people call a place beside its name
_NICKNAMES = {
    "tphcm": "ho chi minh",
    "tp hcm": "ho chi minh",
    "hcm": "ho chi minh",
    "sai gon": "ho chi minh",
    "hn": "ha noi",
}
_LEVEL_RANK = {Level.PROVINCE.value: 0, Level.DISTRICT.value: 1, Level.COMMUNE.value: 2}

EXACT, JOINED, PREFIX, WORDS, PART, SIMILAR = range(6)

RANKS = ("exact", "joined", "prefix", "words", "part", "similar")
#: found so, a name may still be another one that was mistyped
_UNSURE = {"words", "part"}


@dataclass(frozen=True, slots=True)
class SearchHit:
    """One unit that was found: as it stands on the day asked, else as it stood when it bore the name found.

    `matched` is the name that was found, `rank` how: "code" or one of `RANKS`.
    """

    version: Version
    province: Version | None
    district: Version | None
    matched: str
    rank: str
    stands: bool

    @property
    def title(self) -> str:
        """Name with its type word."""
        return self.version.title

    @property
    def above(self) -> str:
        """Those above it: "Huyện Hòa Vang, Thành phố Đà Nẵng"; empty for a province."""
        return ", ".join(unit.title for unit in (self.district, self.province) if unit)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        version = self.version
        return {
            "id": str(version.unit_id),
            "code": version.code,
            "name": version.name,
            "kind": version.kind,
            "level": version.level,
            "title": titled(version.kind, version.name),
            "province_code": self.province.code if self.province else version.code,
            "province_name": self.province.name if self.province else version.name,
            "above": self.above,
            "valid_from": version.begins.isoformat(),
            "valid_to": None if version.ends == date.max else version.ends.isoformat(),
            "matched": self.matched,
            "rank": self.rank,
            "stands": self.stands,
        }


@dataclass(frozen=True, slots=True)
class _Name:
    """One name of one unit: the version that bore it, or the unit's last one for another spelling."""

    text: str
    version: Version


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read what was typed: the name asked for, its type if any, what it lies in if said."""

    name: str
    kinds: frozenset[str] = frozenset()
    places: frozenset[uuid.UUID] | None = None


class SearchIndex:
    """All names of all times of one snapshot, ready to be searched. Built once, never changes."""

    def __init__(self, snap: Snapshot) -> None:
        self.snap = snap
        names: dict[str, list[_Name]] = defaultdict(list)
        for version in snap.versions:
            names[_key(version.fold)].append(_Name(version.name, version))
        for unit_id, text, folded in snap.aliases:
            versions = snap.versions_of(unit_id)
            if versions:
                names[_key(folded)].append(_Name(text, versions[-1]))
        self.folds = sorted(names)
        self.names = [names[folded] for folded in self.folds]
        #: names written together: "b lao" and "B'Lao" are "blao"
        self.joined: dict[str, set[int]] = defaultdict(set)
        for number, folded in enumerate(self.folds):
            self.joined[folded.replace(" ", "")].add(number)
        self.all_names = "\n".join(self.folds)
        self.begins = [0, *accumulate(len(folded) + 1 for folded in self.folds[:-1])]
        self.words, self.in_word = self._words()
        self.places = self._places()
        self.above, self.within = self._above()

    def _words(self) -> tuple[list[str], list[set[int]]]:
        """Every word of a name, in order, and the names that hold it."""
        words: dict[str, set[int]] = defaultdict(set)
        for number, folded in enumerate(self.folds):
            for word in folded.split():
                words[word].add(number)
        ordered = sorted(words)
        return ordered, [words[word] for word in ordered]

    def _places(self) -> dict[str, frozenset[uuid.UUID]]:
        """Folded names of provinces and districts, and what people call them → the units."""
        found: dict[str, set[uuid.UUID]] = defaultdict(set)
        for version in self.snap.versions:
            if version.level != Level.COMMUNE:
                name = _key(version.fold)
                found[name].add(version.unit_id)
                found[name.replace(" ", "")].add(version.unit_id)  # "danang"
        for nickname, name in _NICKNAMES.items():
            found[nickname] |= found.get(name, set())
        return {name: frozenset(units) for name, units in found.items() if units}

    def _above(self) -> tuple[dict[uuid.UUID, frozenset[uuid.UUID]], dict[uuid.UUID, set[int]]]:
        """Every unit → all that it ever lay in; every province and district → the names within it."""
        above: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
        for version in self.snap.versions:
            above[version.unit_id].add(version.province_id)
            if version.parent_id:
                above[version.unit_id].add(version.parent_id)
        within: dict[uuid.UUID, set[int]] = defaultdict(set)
        for number, names in enumerate(self.names):
            for name in names:
                for place in above[name.version.unit_id]:
                    within[place].add(number)
        return {unit: frozenset(places - {unit}) for unit, places in above.items()}, dict(within)

    # --- reading what was typed -----------------------------------------------------------------------

    def readings(self, key: str) -> list[_Reading]:
        """The ways to read a text, the most literal first."""
        tokens = key.split()
        found = [_Reading(key)]
        if key in _NICKNAMES:
            found.append(_Reading(_NICKNAMES[key]))
        for kinds, rest in _typed(tokens):
            if kinds:
                found.append(_Reading(" ".join(rest), kinds))
            found += [_Reading(" ".join(name), kinds, places) for name, places in self._placed(rest) if name]
        return found[:MOST_READINGS]

    def _placed(self, tokens: list[str]) -> Iterator[tuple[list[str], frozenset[uuid.UUID]]]:
        """The name and what it is said to lie in; the longest place first, at most one within another."""
        for cut in range(1, len(tokens)):
            places = self.places.get(" ".join(tokens[cut:]))
            if not places:
                continue
            name = _without_type_at_end(tokens[:cut])
            yield name, places
            for inner in range(1, len(name)):
                nearer = self.places.get(" ".join(name[inner:]), frozenset())
                inside = frozenset(unit for unit in nearer if self.above[unit] & places)
                if inside:
                    yield _without_type_at_end(name[:inner]), inside

    # --- finding names --------------------------------------------------------------------------------

    def with_prefix(self, prefix: str) -> set[int]:
        """Names that begin so."""
        return set(range(bisect_left(self.folds, prefix), bisect_left(self.folds, prefix + LAST_CHARACTER)))

    def with_words(self, tokens: Iterable[str]) -> set[int]:
        """Names in which every token begins a word."""
        found: set[int] | None = None
        for token in tokens:
            low, high = bisect_left(self.words, token), bisect_left(self.words, token + LAST_CHARACTER)
            here: set[int] = set().union(*self.in_word[low:high])
            found = here if found is None else found & here
            if not found:
                break
        return found or set()

    def with_part(self, part: str) -> set[int]:
        """Names that hold this anywhere: one scan of all names written as one text."""
        found: set[int] = set()
        place = self.all_names.find(part)
        while place >= 0:
            number = bisect_right(self.begins, place) - 1
            found.add(number)
            if number + 1 == len(self.begins):
                break
            place = self.all_names.find(part, self.begins[number + 1])
        return found

    def literal(self, name: str) -> Iterator[tuple[int, set[int]]]:
        """Names that match literally, the best class first, none twice."""
        place = bisect_left(self.folds, name)
        exact = {place} if place < len(self.folds) and self.folds[place] == name else set()
        yield EXACT, exact
        seen = exact | self.joined.get(name.replace(" ", ""), set())
        yield JOINED, seen - exact
        prefix = self.with_prefix(name) - seen
        yield PREFIX, prefix
        seen |= prefix
        words = self.with_words(name.split()) - seen
        yield WORDS, words
        if len(name) > 2:
            yield PART, self.with_part(name) - words - seen

    def similar(self, name: str, among: set[int] | None) -> Iterator[tuple[int, float]]:
        """Names that look alike, with how much (0 to 100)."""
        choices: Any = self.folds if among is None else {number: self.folds[number] for number in among}
        found = process.extract(name, choices, scorer=fuzz.ratio, score_cutoff=LEAST_SIMILAR, limit=40)
        return ((number, score) for _text, score, number in found)

    def in_places(self, places: frozenset[uuid.UUID] | None) -> set[int] | None:
        """The names within any of some places; None where no place is asked for."""
        if places is None:
            return None
        return set().union(*(self.within.get(place, set()) for place in places))


def _key(folded: str) -> str:
    """The form in which names are compared: "Phường 01" is "Phường 1", "p1" is "p 1"."""
    apart = _GLUED_NUMBER.sub(r"\1 \2", folded)
    return " ".join(word.lstrip("0") or word if word.isdigit() else word for word in apart.split())


def _typed(tokens: list[str]) -> Iterator[tuple[frozenset[str], list[str]]]:
    """A text without and with its first words taken as a type word."""
    yield frozenset(), tokens
    for length in (2, 1):
        if len(tokens) > length:
            kinds = _TYPE_WORDS.get(" ".join(tokens[:length]))
            if kinds:
                yield kinds, tokens[length:]


def _without_type_at_end(tokens: list[str]) -> list[str]:
    """The name before "…, tỉnh Quảng Nam" without the type word that belongs to the place."""
    for length in (2, 1):
        if len(tokens) > length and " ".join(tokens[-length:]) in _TYPE_WORDS:
            return tokens[:-length]
    return tokens


def _accented(text: str) -> str:
    """The form in which two spellings are compared with their accents."""
    return normalise_tone(normalise_apostrophes(text)).casefold()


@dataclass(frozen=True, slots=True)
class _Found:
    """How one unit was found: `order` ranks it among others (smaller is better)."""

    order: tuple[Any, ...]
    version: Version
    matched: str
    rank: str
    stands: bool


class _Question:
    """One question being answered: the best way in which each unit was found so far."""

    def __init__(
        self,
        index: SearchIndex,
        text: str,
        day: date | None,
        level: str | None,
        province: uuid.UUID | None,
        kind: str | None,
    ) -> None:
        self.index = index
        self.folded = fold(text)
        self.accented = _accented(text)
        self.day = day
        self.today = day or clock.today()
        self.level = level
        self.province = province
        self.kind = kind
        self.found: dict[uuid.UUID, _Found] = {}

    def answer(self, limit: int) -> list[SearchHit]:
        """The best units, in order."""
        self._by_code()
        readings = self.index.readings(_key(self.folded)) if self.folded else []
        for reading in readings:
            self._literally(reading, limit)
        if all(found.rank in _UNSURE for found in self.found.values()):
            for reading in readings:
                self._alike(reading)
        best = sorted(self.found.values(), key=lambda found: found.order)[:limit]
        return [self._hit(found) for found in best]

    def _by_code(self) -> None:
        if self.folded.isdigit() and len(self.folded) in (2, 3, 5):
            for version in self.index.snap.bearers_of(self.folded):
                shown = self._shown(version)
                if shown is not None:
                    self._keep(shown, version.code, "code", (-1, 0, 0.0, 0, 0))

    def _literally(self, reading: _Reading, limit: int) -> None:
        """Offer what matches literally; worse classes only while better ones gave too little."""
        among = self.index.in_places(reading.places)
        accepted: set[uuid.UUID] = set()
        for rank, numbers in self.index.literal(reading.name):
            here = numbers if among is None else numbers & among
            for number in sorted(here, key=self._length):
                accepted |= self._offer(number, rank, reading)
                if len(accepted) >= MOST_HITS:
                    break
            if len(accepted) >= limit:
                return

    def _length(self, number: int) -> int:
        return len(self.index.folds[number])

    def _alike(self, reading: _Reading) -> None:
        if len(reading.name) > 2:
            for number, score in self.index.similar(reading.name, self.index.in_places(reading.places)):
                self._offer(number, SIMILAR, reading, 100 - score)

    def _shown(self, version: Version) -> Version | None:
        """The version to show for a name that `version` bore; None when the unit is not asked for."""
        shown: Version | None = version
        if self.day is not None:
            shown = self.index.snap.by_unit(version.unit_id, self.day)
        if shown is None or (self.level and shown.level != self.level):
            return None
        if (self.kind and shown.kind != self.kind) or (self.province and shown.province_id != self.province):
            return None
        return shown

    def _offer(self, number: int, rank: int, reading: _Reading, distance: float = 0.0) -> set[uuid.UUID]:
        """Consider every unit that bore a name; which of them are asked for."""
        accepted: set[uuid.UUID] = set()
        surplus = abs(self._length(number) - len(reading.name))
        for name in self.index.names[number]:
            version = name.version
            if reading.places is not None and not self.index.above[version.unit_id] & reading.places:
                continue
            shown = self._shown(version)
            if shown is None:
                continue
            # A reading that explains more of what was typed (type, place) goes first; a wrong type goes
            # later.
            of_kind = bool(reading.kinds) and version.kind in reading.kinds
            explained = of_kind + 2 * (reading.places is not None)
            wrong = bool(reading.kinds) and not of_kind
            spelled = _accented(name.text) in self.accented
            self._keep(
                shown,
                name.text,
                RANKS[rank],
                (rank + (0.5 if wrong else 0), -explained, distance, not spelled, surplus),
            )
            accepted.add(version.unit_id)
        return accepted

    def _keep(self, shown: Version, matched: str, rank: str, order: tuple[Any, ...]) -> None:
        stands = shown.begins <= self.today < shown.ends
        full = (
            *order,
            not stands,
            _LEVEL_RANK[shown.level],
            shown.sort_key,
            shown.code,
            -shown.begins.toordinal(),
        )
        kept = self.found.get(shown.unit_id)
        if kept is None or full < kept.order:
            self.found[shown.unit_id] = _Found(full, shown, matched, rank, stands)

    def _hit(self, found: _Found) -> SearchHit:
        version = found.version
        day = self.day or min(version.ends, max(version.begins, self.today))
        day = version.begins if not version.holds_on(day) else day
        snap = self.index.snap
        province = snap.by_unit(version.province_id, day) if version.level != Level.PROVINCE else None
        parent = snap.by_unit(version.parent_id, day) if version.parent_id else None
        district = parent if parent and parent.level == Level.DISTRICT else None
        return SearchHit(version, province, district, found.matched, found.rank, found.stands)


def search(
    text: str,
    day: date | None = None,
    limit: int = 20,
    *,
    level: str | None = None,
    province_code: str | None = None,
    kind: str | None = None,
) -> list[SearchHit]:
    """Units found by code, name or part of a name in any spelling, the best first; see the module.

    With `day` only units that exist on that day, named as on it, whatever name they were found by; without,
    units of all times. `province_code` is a code of that day, or of today. At most 200 hits. An empty text
    finds nothing. Raises BeforeBase (REG-001), NoSuchUnit (REG-002), BadRequest (REG-004).
    """
    if not 1 <= limit <= MOST_HITS:
        raise BadRequest(_("Mỗi lần tìm có từ 1 đến %(most)s kết quả.") % {"most": MOST_HITS})
    if level:
        check_level(level)
    if day is not None:
        require_day(day)
    province = province_id(province_code, day or clock.today()) if province_code else None
    index = snapshot().search_index
    return _Question(
        index, text[:LONGEST_TEXT], day, level, province, check_kind(kind) if kind else None
    ).answer(limit)
