"""Builds the country's committed files from the two published packages, or checks that they are up to date.

    python -m haicap.registry.country.build            write the files and report
    python -m haicap.registry.country.build --check    write nothing; fail when a file would change

Every disagreement between the sources is printed with its decision. The exit status is 1 when one has none,
when a decision is no longer asked for, when something that must hold does not, or when --check finds a
difference.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable

from .assemble import assemble, later_changes
from .reconcile import Disagreement, Reconciled, Reconciler
from .sources import SourceMissingError, Sources, read_sources
from .tables import DERIVED, FOLDER, Row, read_table, render_table

EXPECTED_BASE = {"provinces": 63, "districts": 696, "communes": 10_035}


def build(sources: Sources | None = None) -> tuple[dict[str, bytes], Reconciled, list[str]]:
    """The bytes of every derived file, what was reconciled, and what is wrong."""
    sources = sources or read_sources()
    decisions = read_table("decisions.csv")
    reorganisations = read_table("reorganisations.csv")
    reconciled = Reconciler(sources, decisions).run()
    wrong = [*_wrong_totals(sources), *reconciled.faults]
    wrong += [f"no decision: {_line(one, None)}" for one in reconciled.undecided]
    wrong += [f"decision that nothing asks for: {' '.join(key)}" for key in reconciled.unused]
    wrong += [
        f"no reorganisation holds the later changes of province {code}"
        for code in _unheld(sources, reorganisations)
    ]
    rows = assemble(sources, reconciled, reorganisations)
    return {name: render_table(name, rows[name]) for name in DERIVED}, reconciled, wrong


def _wrong_totals(sources: Sources) -> Iterable[str]:
    have = {
        "provinces": len(sources.old_provinces),
        "districts": len(sources.old_districts),
        "communes": len(sources.old_communes),
    }
    for level, expected in EXPECTED_BASE.items():
        if have[level] != expected:
            yield f"{have[level]} {level} on 30/6/2025, {expected} expected"


def _unheld(sources: Sources, reorganisations: Iterable[Row]) -> list[str]:
    held = {row["province_code"] for row in reorganisations if row["effective"] > "2025-07-01"}
    return sorted(later_changes(sources) - held)


def _line(one: Disagreement, row: Row | None) -> str:
    gap = "" if one.distance_km is None else f" ({one.distance_km} km)"
    said = f"{one.kind}: {one.old_code} {one.old_name} → {one.new_code} {one.new_name}{gap}"
    said += f" | converter: {one.converter_says} | note: {one.note_says}"
    return said + (f" | {row['decision'].upper()}: {row['reason']}" if row else "")


def report(reconciled: Reconciled) -> str:
    """Every disagreement with its decision, then the totals."""
    rows = {(row["kind"], row["old_code"], row["new_code"]): row for row in read_table("decisions.csv")}
    ordered = sorted(reconciled.disagreements, key=lambda one: (one.kind, one.new_code, one.old_code))
    lines = [_line(one, rows.get(one.key)) for one in ordered]
    parts = sum(reconciled.edges.values())
    lines += ["", f"{len(reconciled.edges)} successions of communes, {parts} of them in part"]
    kinds = Counter(one.kind for one in reconciled.disagreements)
    lines += [f"{count:5} {kind}" for kind, count in sorted(kinds.items())]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Run the tool."""
    parser = argparse.ArgumentParser(prog="python -m haicap.registry.country.build", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file would change")
    parser.add_argument("--quiet", action="store_true", help="do not list the decided disagreements")
    options = parser.parse_args(arguments)
    try:
        files, reconciled, wrong = build()
    except SourceMissingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if not options.quiet:
        print(report(reconciled))
    for name, content in files.items():
        path = FOLDER / name
        if path.exists() and path.read_bytes() == content:
            continue
        if options.check:
            wrong.append(f"{name} is not what the sources and the decisions give")
        elif not wrong:
            path.write_bytes(content)
            print(f"written: {name}")
    for one in wrong:
        print(f"error: {one}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
