"""Lịch nghỉ dự kiến: the days off of a year as the `holidays` package knows them, with what it lacks added.

Never the last word: the table is (standards §1). The years in seeds/ were written by `seed_rows` and are
checked against it by a test; for a year that nobody has entered yet this is what is believed meanwhile.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

SEEDS = Path(__file__).resolve().parent / "seeds"
#: years for which the package can tell the lunar days
FIRST_YEAR, LAST_YEAR = 2000, 2099

_LABOUR_CODE = "Bộ luật Lao động 2019, Điều 111, 112; gói holidays 0.109"
_SWAPPED = "Hoán đổi ngày làm việc theo gói holidays 0.109"
_ADDED = "Thông báo hoán đổi ngày làm việc 02/01/2026 và 10/01/2026; gói holidays 0.109 chưa có"
_CULTURE_DAY = "Nghị quyết 28/2026/QH16"


@dataclass(frozen=True, slots=True)
class ProposedDay:
    """A day that differs from its weekday, before it is a row of the table; `kind` as in models.DayKind."""

    day: dt.date
    kind: str
    name: str
    provenance: str
    swapped_with: dt.date | None = None
    provisional: bool = True

    @property
    def worked(self) -> bool:
        """Whether work is done on it: a swapped working day."""
        return self.kind == "swapped_on"


def _swap(off: dt.date, on: dt.date, provenance: str) -> tuple[ProposedDay, ProposedDay]:
    return (
        ProposedDay(off, "swapped_off", f"Nghỉ hoán đổi với ngày {on:%d/%m/%Y}", provenance, on),
        ProposedDay(on, "swapped_on", f"Làm bù cho ngày {off:%d/%m/%Y}", provenance, off),
    )


#: what the package lacks, by year
_OVERRIDES: dict[int, tuple[ProposedDay, ...]] = {
    2026: _swap(dt.date(2026, 1, 2), dt.date(2026, 1, 10), _ADDED),
}


@lru_cache(maxsize=256)
def proposed_days(year: int) -> tuple[ProposedDay, ...]:
    """The days of one year that differ, in order, all provisional; nothing outside 2000 to 2099."""
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return ()
    from holidays import country_holidays  # a tenth of a second: only where a year is not in the table

    found: dict[dt.date, ProposedDay] = {}
    package = country_holidays("VN", years=year, language="vi")
    for day, name in package.items():
        if day.year == year:
            for proposed in _from_package(day, name):
                found[proposed.day] = proposed
    for proposed in _OVERRIDES.get(year, ()):
        found[proposed.day] = proposed
    if year >= 2026 and dt.date(year, 11, 24) not in found:
        found[dt.date(year, 11, 24)] = ProposedDay(
            dt.date(year, 11, 24), "holiday", "Ngày Văn hóa Việt Nam", _CULTURE_DAY
        )
    return tuple(found[day] for day in sorted(found))


def _from_package(day: dt.date, name: str) -> Iterator[ProposedDay]:
    swapped = re.search(r"thay cho ngày (\d\d)/(\d\d)/(\d{4})", name)
    if swapped:
        on_day, month, year = (int(part) for part in swapped.groups())
        yield from _swap(day, dt.date(year, month, on_day), _SWAPPED)
    elif "nghỉ bù" in name:
        yield ProposedDay(day, "in_lieu", name, _LABOUR_CODE)
    else:
        provenance = _CULTURE_DAY if (day.month, day.day) == (11, 24) else _LABOUR_CODE
        yield ProposedDay(day, "holiday", name, provenance)


_COLUMNS = ("day", "kind", "name", "swapped_with", "provisional", "provenance")


def seed_rows(years: Iterable[int], provisional_from: int) -> list[dict[str, str]]:
    """The rows of a seed file: the proposals of `years`, taken as announced before `provisional_from`."""
    return [
        {
            "day": proposed.day.isoformat(),
            "kind": proposed.kind,
            "name": proposed.name,
            "swapped_with": proposed.swapped_with.isoformat() if proposed.swapped_with else "",
            "provisional": "yes" if year >= provisional_from else "no",
            "provenance": proposed.provenance,
        }
        for year in years
        for proposed in proposed_days(year)
    ]


def write_seed(path: Path, rows: list[dict[str, str]]) -> None:
    """Write a seed file; `python -m haicap.kernel.calendar.proposal` writes the one that is shipped."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def read_seed(path: Path) -> list[ProposedDay]:
    """The days of a seed file."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            ProposedDay(
                day=dt.date.fromisoformat(row["day"]),
                kind=row["kind"],
                name=row["name"],
                provenance=row["provenance"],
                swapped_with=dt.date.fromisoformat(row["swapped_with"]) if row["swapped_with"] else None,
                provisional=row["provisional"] == "yes",
            )
            for row in csv.DictReader(file)
        ]


SHIPPED = SEEDS / "2024-2027.csv"
SHIPPED_YEARS = range(2024, 2028)
SHIPPED_PROVISIONAL_FROM = 2027

if __name__ == "__main__":
    write_seed(SHIPPED, seed_rows(SHIPPED_YEARS, SHIPPED_PROVISIONAL_FROM))
