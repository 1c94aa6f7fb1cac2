"""What the notes claim: every mention set against the old units, before anything is compared."""

from __future__ import annotations

import difflib
import statistics
from dataclasses import dataclass, field

from .gazetteer import Gazetteer
from .notes import Mention, Note, parse_note
from .sources import Sources, SourceUnit
from .spelling import sound_key, spelling_key

#: How alike two folded names must be for one to be a misspelling of the other.
ALIKE = 0.6


@dataclass(slots=True)
class Reading:
    """What the note of one new commune was understood to say: old code → mention.

    `misspelt` pairs a name found nowhere with the old unit that it is a slip for; `unknown` is the rest.
    """

    note: Note
    claims: dict[str, Mention] = field(default_factory=dict)
    misspelt: list[tuple[str, Mention]] = field(default_factory=list)
    unknown: list[Mention] = field(default_factory=list)


class NoteReader:
    """Reads every note against the old units of its province."""

    def __init__(self, sources: Sources, converter: dict[str, list[str]]) -> None:
        """`converter` holds, by new code, the old codes of the other source: they only help to mend slips."""
        self.sources = sources
        self.converter = converter
        self.gazetteer = Gazetteer(sources)
        #: How notes write old names otherwise than source A: (old code, new code, variant).
        self.variants: set[tuple[str, str, str]] = set()
        parents = {unit.parent_code for unit in sources.old_communes.values()}
        self.childless = [unit for unit in sources.old_districts.values() if unit.code not in parents]

    def read_all(self) -> dict[str, Reading]:
        """The reading of every note, by the code of the new commune."""
        return {code: self._read(new) for code, new in sorted(self.sources.new_communes.items())}

    def _read(self, new: SourceUnit) -> Reading:
        reading = Reading(parse_note(self.sources.catalogue_communes[new.code].note))
        note = reading.note
        if note.unchanged:
            reading.claims[new.code] = Mention(new.kind, new.name, False)
        if note.whole_district:
            self._claim_district(reading, note.whole_district)
        # The unit that is renamed comes last: if the list names it too, the list says whether it is a part.
        for mention in [*note.mentions, *([note.renamed_from] if note.renamed_from else [])]:
            self._claim(reading, mention, new)
        self._pair_misspelt(reading, new)
        return reading

    def _claim_district(self, reading: Reading, name: str) -> None:
        for district in self.childless:
            if spelling_key(district.name) == spelling_key(name):
                reading.claims[district.code] = Mention(None, district.name, False)

    def _claim(self, reading: Reading, mention: Mention, new: SourceUnit) -> None:
        renamed = reading.note.renamed_from
        if renamed and self._is_code_holder(new.code, mention, renamed):
            # «Đổi tên từ xã A» speaks of the unit whose code lives on: no homonym can be meant.
            reading.claims.setdefault(new.code, mention)
            self._learn(new.code, new.code, mention.name)
            return
        places = [other.district for other in reading.note.mentions if other.district]
        code = self.gazetteer.find(mention, new, places, self._middle(reading.note, new))
        if code is None:
            reading.unknown.append(mention)
        elif code not in reading.claims:
            reading.claims[code] = mention
            self._learn(code, new.code, mention.name)

    def _is_code_holder(self, code: str, mention: Mention, renamed: Mention) -> bool:
        old = self.sources.old_communes.get(code)
        if old is None or (mention.kind, mention.name) != (renamed.kind, renamed.name):
            return False
        return old.kind == mention.kind and sound_key(old.name) == sound_key(mention.name)

    def _learn(self, code: str, new_code: str, written: str) -> None:
        """Keep how the note writes a name, if it writes it otherwise than source A."""
        name = self.sources.old_communes[code].name
        if written not in {name, f"Phường {name}"} and name != f"Phường {written}":
            self.variants.add((code, new_code, written))

    def _middle(self, note: Note, new: SourceUnit) -> tuple[float, float] | None:
        """The middle of the units in a list whose names leave no choice; None when there is no such unit."""
        choices = [self.gazetteer.called(mention, new) for mention in note.mentions]
        sure = [found[0] for found in choices if len(found) == 1]
        lats = [unit.lat for unit in sure if unit.lat is not None]
        lons = [unit.lon for unit in sure if unit.lon is not None]
        return (statistics.median(lats), statistics.median(lons)) if lats and lons else None

    def _pair_misspelt(self, reading: Reading, new: SourceUnit) -> None:
        """A name found nowhere may be a slip for a unit that the other source knows here."""
        unknown, reading.unknown = reading.unknown, []
        for mention in unknown:
            stump = reading.note.cut and mention == reading.note.mentions[-1]
            code = (
                self._cut_from(mention, new, reading) if stump else self._most_alike(mention.name, new.code)
            )
            if code is None:
                reading.unknown.append(mention)
                continue
            reading.claims.setdefault(code, mention)
            if (code, mention) not in reading.misspelt:
                reading.misspelt.append((code, mention))
            if not stump:
                self.variants.add((code, new.code, mention.name))

    def _cut_from(self, stump: Mention, new: SourceUnit, reading: Reading) -> str | None:
        """The one unit not yet claimed whose name begins like the last, cut name of a note."""
        free = [code for code in self.converter[new.code] if code not in reading.claims]
        found = [code for code in free if self.sources.old_communes[code].name.startswith(stump.name)]
        return found[0] if len(found) == 1 and len(stump.name) > 1 else None

    def _most_alike(self, name: str, new_code: str) -> str | None:
        if len(name) < 3:
            return None
        best, found = ALIKE, None
        for code in self.converter[new_code]:
            unit = self.sources.old_communes.get(code)
            if unit is None:
                continue
            ratio = difflib.SequenceMatcher(None, sound_key(name), sound_key(unit.name)).ratio()
            if ratio >= best:
                best, found = ratio, code
        return found
