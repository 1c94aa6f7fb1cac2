"""What a title (chức danh) may do, and how far it sees: the tables `data/titles.csv` and `data/bundles.csv`.

The first row that fits a post counts: `level` is that of the agency's unit, `kind` that of the agency; "*"
fits all. `reach` says for which agencies the holder works: "agency" (the one that holds the desk), "unit"
(that agency and those of the same unit below it), "all" (sees everything; acts still only where it works).
`hat` names the row where people choose; `permissions` are codes, or "@" and the name of a bundle. The rows are
part of a release, not of a database: nobody who signs in can change what titles may do (ADR 0012).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

AGENCY, UNIT, ALL = "agency", "unit", "all"
DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: whom it fits, what they may do, how far they reach, what pages call the hat."""

    title: str
    level: str
    kind: str
    permissions: frozenset[str]
    reach: str = AGENCY
    hat: str = ""


def read_rules(folder: Path = DATA) -> tuple[Rule, ...]:
    """The rows of the tables in `folder`, bundles opened; KeyError where a bundle is not defined."""
    bundles = {row["bundle"]: frozenset(row["permissions"].split()) for row in _rows(folder / "bundles.csv")}
    return tuple(
        Rule(
            row["title"],
            row["level"],
            row["kind"],
            frozenset().union(
                *(
                    bundles[word[1:]] if word.startswith("@") else {word}
                    for word in row["permissions"].split()
                )
            ),
            row["reach"],
            row["hat"],
        )
        for row in _rows(folder / "titles.csv")
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


RULES = read_rules()


def rule_for(title: str, level: str, kind: str, rules: Iterable[Rule] = RULES) -> Rule:
    """The row that fits a post: its title, the level of its agency's unit, the kind of its agency."""
    return next(
        rule
        for rule in rules
        if rule.title in (title, "*") and rule.level in (level, "*") and rule.kind in (kind, "*")
    )
