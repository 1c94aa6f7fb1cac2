"""Small countries for tests: one made by hand, and random ones with random reorganisations of them."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from haicap.registry.changes import (
    KINDS_OF_LEVEL,
    AbolishedSpec,
    FormationSpec,
    From,
    UnitState,
    level_of_code,
)
from haicap.registry.country import BaseUnit

BASE_DAY = date(2025, 6, 30)
FIRST_DAY = date(2025, 7, 1)

#: what a state says without identities: code → (kind, name, parent's code)
ByCode = dict[str, tuple[str, str, str | None]]


def unit(code: str, kind: str, name: str, parent: str | None = None) -> BaseUnit:
    """A unit of a base state; its level follows from its code."""
    return BaseUnit(code, level_of_code(code), kind, name, parent, None, None)


#: two provinces, three districts, one of them an island without communes
SMALL = (
    unit("48", "thanh_pho", "Đà Nẵng"),
    unit("49", "tinh", "Quảng Nam"),
    unit("490", "quan", "Hải Châu", "48"),
    unit("498", "huyen", "Hoàng Sa", "48"),
    unit("502", "thanh_pho_thuoc_tinh", "Tam Kỳ", "49"),
    unit("20194", "phuong", "Hải Châu", "490"),
    unit("20195", "phuong", "Phước Ninh", "490"),
    unit("20356", "phuong", "An Phú", "502"),
    unit("20359", "xa", "Tam Thanh", "502"),
    unit("20371", "xa", "Tam Phú", "502"),
    unit("20374", "xa", "Tam Ngọc", "502"),
)


def form(code: str, kind: str, name: str, parent: str | None, *origins: str, note: str = "") -> FormationSpec:
    """A formation; an origin written "20359/" is a part."""
    return FormationSpec(
        level=level_of_code(code),
        code=code,
        kind=kind,
        name=name,
        parent_code=parent,
        predecessors=tuple(From(origin.rstrip("/"), origin.endswith("/")) for origin in origins),
        note=note,
    )


def abolish(*codes: str) -> list[AbolishedSpec]:
    """Abolitions by code."""
    return [AbolishedSpec(level_of_code(code), code) for code in codes]


#: Đà Nẵng and Quảng Nam merge, districts end: every sort of fate once
MERGER = (
    form("48", "thanh_pho", "Đà Nẵng", None, "48", "49"),
    form("20194", "phuong", "Hải Châu", "48", "20194", "20195"),
    form("20333", "dac_khu", "Hoàng Sa", "48", "498"),
    form("20356", "phuong", "Quảng Phú", "48", "20356", "20359/"),
    form("20371", "xa", "Tam Phú", "48", "20371"),
    form("20360", "xa", "Tam Thanh", "48", "20359/"),
    form("20375", "phuong", "Tam Ngọc", "48", "20374"),
)
MERGER_ABOLISHED = tuple(abolish("490", "502"))


def by_code(state: Mapping[object, UnitState]) -> ByCode:
    """A stored state without identities."""
    code_of = {unit.unit_id: unit.code for unit in state.values()}
    found = {
        unit.code: (unit.kind, unit.name, code_of[unit.parent_id] if unit.parent_id else None)
        for unit in state.values()
    }
    assert len(found) == len(state), "a code is borne twice"
    return found


def by_code_of_base(units: Iterable[BaseUnit]) -> ByCode:
    """A base state without identities."""
    return {unit.code: (unit.kind, unit.name, unit.parent_code) for unit in units}


@dataclass(frozen=True, slots=True)
class Step:
    """One reorganisation of a random country."""

    day: date
    formations: tuple[FormationSpec, ...]
    abolished: tuple[AbolishedSpec, ...]

    def expected(self, before: ByCode) -> ByCode:
        """The plainest reading: what is a predecessor or abolished goes, what is formed comes."""
        gone = {origin.code for one in self.formations for origin in one.predecessors}
        gone |= {one.code for one in self.abolished}
        after = {code: said for code, said in before.items() if code not in gone}
        return after | {one.code: (one.kind, one.name, one.parent_code) for one in self.formations}


_NAMES = (
    "Hòa Sơn",
    "Hòa Bình",
    "B'Lao",
    "An Phú",
    "Tân Lập",
    "1",
    "12",
    "Ea H'Leo",
    "Phú Quí",
    "Mỹ",
    "Đông Anh",
)


def random_country(chance: random.Random) -> tuple[BaseUnit, ...]:
    """One to three provinces with districts and communes, at most forty units; some without communes."""
    units: list[BaseUnit] = []
    for province in range(chance.randint(1, 3)):
        code = f"{10 + province}"
        units.append(unit(code, _kind(chance, "province"), chance.choice(_NAMES)))
        for district in range(chance.randint(0, 3)):
            own = f"{code}{district}"
            units.append(unit(own, _kind(chance, "district"), chance.choice(_NAMES), code))
            units += [
                unit(f"{own}{commune:02d}", _kind(chance, "commune"), chance.choice(_NAMES), own)
                for commune in range(chance.randint(0, 3))
            ]
    return tuple(units)


def _kind(chance: random.Random, level: str) -> str:
    return str(chance.choice(sorted(KINDS_OF_LEVEL[level])))


class _Draft:
    """A random reorganisation being drawn: level by level, so that parents are known before children."""

    def __init__(self, chance: random.Random, before: ByCode) -> None:
        self.chance = chance
        self.before = before
        self.formed: dict[str, FormationSpec] = {}
        self.abolished: list[str] = []
        #: old code → codes that it went to; a unit that is not here stays as it is
        self.went: dict[str, list[str]] = {}
        #: codes that no formation may take: borne by a unit that stays
        self.staying: set[str] = set(before)

    def codes(self, level: str) -> list[str]:
        return [code for code in self.before if level_of_code(code) == level]

    def draw(self) -> None:
        self._provinces()
        without_districts = self.chance.random() < 0.5
        self._districts(without_districts)
        self._communes()

    def _new_code(self, level: str, origins: list[str]) -> str:
        own = [code for code in origins if level_of_code(code) == level and code not in self.formed]
        if own and self.chance.random() < 0.7:
            return self.chance.choice(own)
        width = {"province": 2, "district": 3, "commune": 5}[level]
        while True:
            code = f"{self.chance.randrange(10**width):0{width}d}"
            if code not in self.before and code not in self.formed:
                return code

    def _form(self, level: str, origins: list[tuple[str, bool]], parent: str | None) -> None:
        codes = [code for code, _part in origins]
        code = self._new_code(level, codes)
        same = self.before[codes[0]] if level_of_code(codes[0]) == level else None
        keep = same is not None and self.chance.random() < 0.4
        self.formed[code] = FormationSpec(
            level=level,
            code=code,
            kind=same[0] if same and keep else _kind(self.chance, level),
            name=same[1] if same and keep else self.chance.choice(_NAMES),
            parent_code=parent,
            predecessors=tuple(From(origin, part) for origin, part in origins),
        )
        for origin in codes:
            self.went.setdefault(origin, []).append(code)

    def _groups(self, codes: list[str]) -> list[list[str]]:
        shuffled = list(codes)
        self.chance.shuffle(shuffled)
        groups: list[list[str]] = []
        while shuffled:
            size = self.chance.choice((1, 1, 1, 2, 3))
            groups.append(shuffled[:size])
            shuffled = shuffled[size:]
        return groups

    def _provinces(self) -> None:
        for group in self._groups(self.codes("province")):
            if len(group) > 1 or self.chance.random() < 0.4:
                self._form("province", [(code, False) for code in group], None)

    def _parent_after(self, old_parent: str) -> str | None:
        """Where a child of an old parent may stand afterwards; None where the parent has no successor."""
        if old_parent not in self.went:
            return None if old_parent in self.abolished else old_parent
        return self.chance.choice(self.went[old_parent])

    def _districts(self, without: bool) -> None:
        children = {said[2] for said in self.before.values()}
        for code in self.codes("district"):
            parent = self._parent_after(self.before[code][2] or "")
            assert parent is not None
            if without and code not in children and self.chance.random() < 0.7:
                self._form("commune", [(code, False)], parent)
            elif without:
                self.abolished.append(code)
            elif (self.before[code][2] or "") in self.went or self.chance.random() < 0.3:
                self._form("district", [(code, False)], parent)

    def _standing_parent(self, code: str) -> str:
        """A parent for what a commune becomes: its district's successor, else its province's."""
        above = self.before[code][2] or ""
        parent = self._parent_after(above)
        if parent is None or level_of_code(parent) == "commune":
            province = above if level_of_code(above) == "province" else (self.before[above][2] or "")
            parent = self._parent_after(province)
        assert parent is not None
        return parent

    def _must_move(self, code: str) -> bool:
        above = self.before[code][2] or ""
        return above in self.went or above in self.abolished

    def _communes(self) -> None:
        movers = [c for c in self.codes("commune") if self._must_move(c) or self.chance.random() < 0.3]
        for group in self._groups(movers):
            parent = self._standing_parent(group[0])
            divided = group[-1] if self.chance.random() < 0.3 else None
            origins = [(code, code == divided) for code in group]
            self._form("commune", origins, parent)
            if divided:
                for _piece in range(self.chance.randint(1, 2)):
                    self._form("commune", [(divided, True)], self._standing_parent(divided))


def random_step(chance: random.Random, before: ByCode, day: date) -> Step:
    """A possible reorganisation: merges, divisions, renames, changes of kind, moves, districts away."""
    draft = _Draft(chance, before)
    draft.draw()
    return Step(day, tuple(draft.formed.values()), tuple(abolish(*draft.abolished)))
