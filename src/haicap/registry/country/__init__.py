"""The real country through time: the units of 30/6/2025 and every published reorganisation since.

Committed data only: no network, no database, nothing but the standard library. `build` makes the files from
published sources and says how each disagreement between them was decided; docs/data.md tells the story.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from functools import cache

from .model import BaseUnit, Formation, Part, PublishedReorganisation, PublishedResolution
from .tables import maybe_float, read_table

__all__ = [
    "BASE_DATE",
    "BaseUnit",
    "Formation",
    "Part",
    "PublishedReorganisation",
    "PublishedResolution",
    "load_base",
    "load_published",
    "load_resolutions",
    "load_spellings",
    "state_at",
    "state_counts",
]

#: The day that the base describes: the last of the three-tier country.
BASE_DATE = date(2025, 6, 30)

_LEVELS = {"province": 0, "district": 1, "commune": 2}


@cache
def load_base() -> tuple[BaseUnit, ...]:
    """Every unit of 30/6/2025: provinces, then districts, then communes, each by code."""
    units = (
        BaseUnit(
            row["code"], row["level"], row["kind"], row["name"], row["parent_code"] or None,
            maybe_float(row["lat"]), maybe_float(row["lon"]),
        )
        for row in read_table("base.csv")
    )  # fmt: skip
    return tuple(sorted(units, key=lambda unit: (_LEVELS[unit.level], unit.code)))


@cache
def load_resolutions() -> tuple[PublishedResolution, ...]:
    """The legal acts that the reorganisations name, by date and number."""
    acts = (
        PublishedResolution(row["number"], date.fromisoformat(row["dated"]), row["issued_by"], row["title"])
        for row in read_table("resolutions.csv")
    )
    return tuple(sorted(acts, key=lambda act: (act.dated, act.number)))


@cache
def load_published() -> tuple[PublishedReorganisation, ...]:
    """Every published reorganisation since the base, by effective day and province."""
    formations = _formations()
    abolished: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in read_table("abolished.csv"):
        abolished[row["effective"], row["province_code"]].append(row["code"])
    found = []
    for row in read_table("reorganisations.csv"):
        at = (row["effective"], row["province_code"])
        found.append(
            PublishedReorganisation(
                key="/".join(at),
                effective=date.fromisoformat(row["effective"]),
                province_code=row["province_code"],
                title=row["title"],
                resolutions=tuple(row["resolutions"].split(" ")),
                formations=tuple(sorted(formations[at], key=lambda unit: (_LEVELS[unit.level], unit.code))),
                abolished=tuple(sorted(abolished[at])),
            )
        )
    return tuple(sorted(found, key=lambda one: (one.effective, one.province_code)))


def _formations() -> dict[tuple[str, str], list[Formation]]:
    parts: dict[tuple[str, str, str], list[Part]] = defaultdict(list)
    for row in read_table("successions.csv"):
        parts[row["effective"], row["level"], row["successor"]].append(
            Part(row["predecessor"], row["part"] == "yes")
        )
    found: dict[tuple[str, str], list[Formation]] = defaultdict(list)
    for row in read_table("formations.csv"):
        found[row["effective"], row["province_code"]].append(
            Formation(
                row["code"], row["level"], row["kind"], row["name"], row["parent_code"] or None,
                maybe_float(row["lat"]), maybe_float(row["lon"]), row["resolution"], row["note"],
                tuple(parts[row["effective"], row["level"], row["code"]]),
            )
        )  # fmt: skip
    return found


@cache
def load_spellings() -> tuple[tuple[date, str, str], ...]:
    """Other ways in which the sources write a name: (day of the state, code of the unit, variant)."""
    rows = {(row["state"], row["code"], row["variant"]) for row in read_table("spellings.csv")}
    return tuple((date.fromisoformat(state), code, variant) for state, code, variant in sorted(rows))


def state_at(at: date) -> dict[str, BaseUnit]:
    """Every unit that exists on a day, by code: the base with all reorganisations up to then applied.

    Codes are unique across levels, for each level has its own length (2, 3 and 5 digits).
    """
    if at < BASE_DATE:
        raise ValueError(f"nothing is known before {BASE_DATE:%d/%m/%Y}")
    units = {unit.code: unit for unit in load_base()}
    by_day: dict[date, list[PublishedReorganisation]] = defaultdict(list)
    for one in load_published():
        if one.effective <= at:
            by_day[one.effective].append(one)
    for day in sorted(by_day):
        # A day's changes are one step: all that ends goes first, for new units reuse the codes of old ones.
        for one in by_day[day]:
            for code in _ended(one):
                units.pop(code, None)
        for one in by_day[day]:
            for new in one.formations:
                units[new.code] = BaseUnit(
                    new.code, new.level, new.kind, new.name, new.parent_code, new.lat, new.lon
                )
    return units


def _ended(one: PublishedReorganisation) -> set[str]:
    return {part.code for new in one.formations for part in new.predecessors} | set(one.abolished)


def state_counts(at: date) -> dict[str, int]:
    """How many units of each level, and communes of each kind, exist on a day."""
    units = state_at(at).values()
    levels = Counter(unit.level for unit in units)
    kinds = Counter(unit.kind for unit in units if unit.level == "commune")
    counts = {level: levels[level] for level in _LEVELS}
    return counts | {kind: kinds[kind] for kind in ("phuong", "xa", "thi_tran", "dac_khu")}
