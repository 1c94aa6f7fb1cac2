"""How many dossiers each commune and district of a province receives.

Where the reference table of Đà Nẵng and Quảng Nam in 2024 lies beside the project
(`data/workload/danang-2024.csv` under the folder of `HAICAP_REFERENCE`, or `../shared`), its figures are
taken for the communes it names. Everywhere else volumes are drawn from the shape of that table: log-normal,
with median and spread (σ of the logarithm) by kind of unit, measured on its 252 communes and 24 districts
that had any dossier: phường 2,294 a year (σ 1.33), xã 533 (0.94), thị trấn 444 (1.22), districts 4,529
(1.53).
"""

from __future__ import annotations

import csv
import math
import os
import random
from collections.abc import Iterable, Mapping
from pathlib import Path

from haicap.kernel.text import fold
from haicap.registry.models import Kind

#: a year's dossiers: kind → (median, σ of the logarithm)
SHAPE: Mapping[str, tuple[float, float]] = {
    Kind.PHUONG: (2294, 1.33),
    Kind.XA: (533, 0.94),
    Kind.THI_TRAN: (444, 1.22),
    Kind.DAC_KHU: (300, 0.5),
}
DISTRICT_SHAPE = (4529, 1.53)
#: of a province's dossiers: at communes, at districts (465,309 to 288,131 in the table), at its departments
SHARES = (0.52, 0.32, 0.16)

Key = tuple[str, str]  # (commune, district), folded, with their type words


def reference_file(name: str) -> Path | None:
    """A file of the reference data beside the project, or None where there is none."""
    roots = [Path(os.environ["HAICAP_REFERENCE"])] if "HAICAP_REFERENCE" in os.environ else []
    project = Path(__file__).resolve().parents[4]
    roots += [project.parent / "shared", project / "shared"]
    for root in roots:
        path = root / "data" / "workload" / name
        if path.is_file():
            return path
    return None


def known_communes() -> dict[Key, int]:
    """(commune, district) → dossiers in 2024, from the reference table; empty where it is not there."""
    path = reference_file("danang-2024.csv")
    if path is None:
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {
            (fold(row["old_commune"]), fold(row["old_district"])): int(row["dossiers_2024"])
            for row in csv.DictReader(file)
        }


def known_districts() -> dict[str, int]:
    """District → dossiers in 2024, from the reference table; empty where it is not there."""
    path = reference_file("danang-2024-districts.csv")
    if path is None:
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        return {fold(row["old_district"]): int(row["dossiers_2024"]) for row in csv.DictReader(file)}


def drawn(kind: str, rng: random.Random) -> float:
    """A commune's dossiers in a year, drawn by its kind."""
    median, spread = SHAPE[kind]
    return math.exp(rng.gauss(math.log(median), spread))


def drawn_for_district(rng: random.Random) -> float:
    """A district's own dossiers in a year."""
    median, spread = DISTRICT_SHAPE
    return math.exp(rng.gauss(math.log(median), spread))


def apportion(total: int, weights: Iterable[float]) -> list[int]:
    """`total` dealt out by weight in whole numbers, largest remainders first; sums to `total` exactly."""
    shares = list(weights)
    whole = sum(shares)
    if not shares or whole <= 0:
        return [0] * len(shares)
    exact = [total * share / whole for share in shares]
    dealt = [int(part) for part in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: (dealt[i] - exact[i], i))
    for index in by_remainder[: total - sum(dealt)]:
        dealt[index] += 1
    return dealt
