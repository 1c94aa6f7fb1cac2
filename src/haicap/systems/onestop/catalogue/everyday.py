"""Everyday procedures (thủ tục hành chính thường gặp): what the demonstration draws from, and names for every page.

Facts come from the starter catalogue (`data/starter.json`). `data/everyday.csv` adds for each: `level`, who decided
before 1/7/2025 (until then districts gave household business and first land certificates, for example); `days`, the
usual time in working days, 0 for the same day; `share`, how often it is asked for among the procedures of its level
(made up after press reports: certified copies and civil status lead everywhere).
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from haicap.registry.models import Level
from haicap.systems.onestop.catalogue import names

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True)
class Procedure:
    """Thủ tục hành chính: `days` working days (0: the same day), `share` a weight within its level."""

    code: str
    name: str
    field: str
    level: Level
    days: int
    share: float


def _rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def starter() -> tuple[dict[str, Any], ...]:
    """The starter catalogue as it is shipped: one mapping a procedure."""
    return tuple(json.loads((DATA / "starter.json").read_text(encoding="utf-8")))


#: mã lĩnh vực → tên, of the fields that haicap knows from the start; imports add others
FIELDS: dict[str, str] = {row["code"]: row["name"] for row in _rows("fields.csv")}
_FIELD_CODES = {name: code for code, name in FIELDS.items()}


def _everyday() -> tuple[Procedure, ...]:
    facts = {row["code"]: row for row in starter()}
    return tuple(
        Procedure(
            row["code"],
            facts[row["code"]]["name"],
            _FIELD_CODES[facts[row["code"]]["field"]],
            Level(row["level"]),
            int(row["days"]),
            float(row["share"]),
        )
        for row in _rows("everyday.csv")
    )


EVERYDAY: tuple[Procedure, ...] = _everyday()
_BY_CODE = {procedure.code: procedure for procedure in EVERYDAY}
_NAMES = {row["code"]: str(row["name"]) for row in starter()}


def procedure(code: str) -> Procedure | None:
    """The everyday procedure of this code, or None."""
    return _BY_CODE.get(code)


def procedure_name(code: str) -> str:
    """What the procedure is called now, or was called last; its code where nobody ever heard of it."""
    return names.name_of(code) or _NAMES.get(code, code)


def field_name(field: str) -> str:
    """What the field (lĩnh vực) is called; as it was entered where it is not known."""
    return FIELDS.get(field) or names.name_of_field(field) or field
