"""The committed files: where they lie, how they are read and written.

Sorted, one unit a line, never compressed: made to be diffed.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "data"

#: File → columns. The first three are kept by hand, the others are written by `build`.
COLUMNS: dict[str, tuple[str, ...]] = {
    "decisions.csv": (
        "kind", "old_code", "old_name", "new_code", "new_name", "converter_says", "note_says",
        "distance_km", "decision", "reason",
    ),
    "resolutions.csv": ("number", "dated", "issued_by", "title"),
    "reorganisations.csv": ("effective", "province_code", "title", "resolutions", "effective_because"),
    "base.csv": ("code", "level", "kind", "name", "parent_code", "lat", "lon"),
    "formations.csv": (
        "effective", "province_code", "level", "code", "kind", "name", "parent_code", "lat", "lon",
        "resolution", "note",
    ),
    "successions.csv": ("effective", "province_code", "level", "successor", "predecessor", "part"),
    "abolished.csv": ("effective", "province_code", "code"),
    "spellings.csv": ("state", "code", "name", "variant", "met_in"),
}  # fmt: skip

BY_HAND = ("decisions.csv", "resolutions.csv", "reorganisations.csv")
DERIVED = tuple(name for name in COLUMNS if name not in BY_HAND)

Row = Mapping[str, str]


@cache
def read_table(name: str) -> tuple[Row, ...]:
    """All rows of one committed file, as text."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def render_table(name: str, rows: Iterable[tuple[str, ...]]) -> bytes:
    """The exact bytes of a file: header, sorted rows, LF, UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS[name])
    writer.writerows(sorted(rows))
    return out.getvalue().encode("utf-8")


def number(value: float | None) -> str:
    """A coordinate as text; empty when unknown."""
    return "" if value is None else f"{value:.6f}".rstrip("0").rstrip(".")


def maybe_float(text: str) -> float | None:
    """The inverse of `number`."""
    return float(text) if text else None
