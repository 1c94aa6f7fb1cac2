"""Thẩm quyền qua thời gian: which kind of agency decides a procedure on a day, and which agency that is somewhere.

Authority moved on 1/3/2025 (district police ended) and on 1/7/2025 (districts ended); `data/competence.csv` says it for
the procedures of the starter catalogue, with the law. Of the national catalogue only agencies are taken over that are
said in plain words; who is competent for the rest, a person enters.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.db import connection
from psycopg.types.range import DateRange

from haicap.kernel.database.copy import copy_rows
from haicap.kernel.ids import new_id
from haicap.kernel.text import fold
from haicap.registry.models import AgencyKind, Level
from haicap.registry.models.base import BELIEVED
from haicap.systems.onestop.models import Competence, Procedure

DATA = Path(__file__).parent / "data" / "competence.csv"
_COLUMNS = ("id", "procedure_id", "valid", "level", "agency_kind", "slot", "basis")
#: said of what an import derived from the published agencies
DERIVED = "Theo cơ quan thực hiện công bố trong danh mục quốc gia"

_PLAIN: tuple[tuple[re.Pattern[str], Level, AgencyKind], ...] = (
    (re.compile(r"^(chu tich )?(uy ban nhan dan|ubnd) (cap xa|xa phuong)"), Level.COMMUNE, AgencyKind.COMMITTEE),
    (re.compile(r"^cong an (cap xa|xa phuong)"), Level.COMMUNE, AgencyKind.POLICE),
    (re.compile(r"^(chu tich )?(uy ban nhan dan|ubnd) (cap )?tinh"), Level.PROVINCE, AgencyKind.COMMITTEE),
    (re.compile(r"^cong an (cap tinh|tinh thanh pho)"), Level.PROVINCE, AgencyKind.POLICE),
)  # fmt: skip
#: departments as the registry names them, by their folded names; others are somebody's own and are not guessed
_DEPARTMENTS = {
    fold(name): name
    for name in (
        "Nội vụ", "Tư pháp", "Tài chính", "Xây dựng", "Công Thương", "Nông nghiệp và Môi trường",
        "Khoa học và Công nghệ", "Văn hóa, Thể thao và Du lịch", "Giáo dục và Đào tạo", "Y tế", "Dân tộc và Tôn giáo",
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Authority:
    """One row of the table: on these days this kind of agency of this level decides."""

    code: str
    level: str
    kind: str
    slot: str
    valid: DateRange
    basis: str


@dataclass(frozen=True, slots=True)
class Competent:
    """Cơ quan có thẩm quyền somewhere on a day; `basis` is the law that says so."""

    agency_id: uuid.UUID
    name: str
    unit_id: uuid.UUID
    level: str
    kind: str
    basis: str


def shipped(path: Path = DATA) -> Iterator[Authority]:
    """The table that haicap brings along: code, level, kind, slot, from, until, basis."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield Authority(
                row["code"],
                Level(row["level"]),
                AgencyKind(row["kind"]),
                row["slot"],
                DateRange(_day(row["from"]), _day(row["until"])),
                row["basis"],
            )


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


_AGENCIES = """
    WITH RECURSIVE above (unit_id, parent_id, level) AS (
        SELECT unit_id, parent_id, level FROM registry_unitversion
        WHERE unit_id = %(unit)s AND upper_inf(recorded) AND valid @> %(day)s
        UNION
        SELECT parent.unit_id, parent.parent_id, parent.level
        FROM above JOIN registry_unitversion parent
          ON parent.unit_id = above.parent_id AND upper_inf(parent.recorded) AND parent.valid @> %(day)s
    )
    SELECT agency.id, version.name, above.unit_id, above.level, agency.kind, competence.basis
    FROM onestop_competence competence
    JOIN above ON above.level = competence.level
    JOIN registry_agency agency ON agency.unit_id = above.unit_id AND agency.kind = competence.agency_kind
     AND (competence.slot = '' OR agency.slot = competence.slot)
    JOIN LATERAL (
        SELECT name, closed FROM registry_agencyversion found
        WHERE found.agency_id = agency.id AND found.withdrawn_at IS NULL AND found.begins_on <= %(day)s
        ORDER BY begins_on DESC LIMIT 1
    ) version ON NOT version.closed
    WHERE competence.procedure_id = %(procedure)s AND upper_inf(competence.recorded)
      AND competence.valid @> %(day)s
    ORDER BY array_position(ARRAY['commune', 'district', 'province'], above.level::text), version.name
    LIMIT 100
"""


def competent_agencies(procedure: Procedure | uuid.UUID, unit: uuid.UUID, on: dt.date) -> list[Competent]:
    """Cơ quan có thẩm quyền for a procedure at a unit on a day: those of the unit and of the units above it.

    The lowest level first. Empty where nobody at this unit decides it that day, or it is not known who does.
    """
    procedure_id = procedure.id if isinstance(procedure, Procedure) else procedure
    with connection.cursor() as cursor:
        cursor.execute(_AGENCIES, {"unit": unit, "day": on, "procedure": procedure_id})
        return [Competent(*row) for row in cursor.fetchall()]


def authorities(procedure_id: uuid.UUID) -> list[Competence]:
    """Who decides a procedure through time, as believed now: earliest first."""
    return list(
        Competence.objects.filter(BELIEVED, procedure_id=procedure_id).order_by("valid", "level")[:100]
    )


def write(rows: Iterable[tuple[uuid.UUID, Authority]]) -> int:
    """Add authorities inside the caller's act; those that stand already are left out. How many were added."""
    given = list(rows)
    there = {
        (one.procedure_id, one.level, one.agency_kind, one.slot, one.valid)
        for one in Competence.objects.filter(BELIEVED, procedure_id__in=[id_ for id_, _one in given])
    }
    fresh = [
        (new_id(), id_, one.valid, one.level, one.kind, one.slot, one.basis)
        for id_, one in given
        if (id_, one.level, one.kind, one.slot, one.valid) not in there
    ]
    return copy_rows("onestop_competence", _COLUMNS, fresh)


def derive(executors: Sequence[tuple[uuid.UUID, Sequence[str]]], on: dt.date) -> int:
    """Competences of procedures that have none, from published agencies that are said in plain words."""
    known = set(
        Competence.objects.filter(BELIEVED, procedure_id__in=[id_ for id_, _names in executors]).values_list(
            "procedure_id", flat=True
        )
    )
    found = {
        (id_, level, kind, slot)
        for id_, names in executors
        if id_ not in known
        for level, kind, slot in _read(names)
    }
    valid = DateRange(on, None)
    rows = (
        (new_id(), id_, valid, level, kind, slot, DERIVED)
        for id_, level, kind, slot in sorted(found, key=str)
    )
    return copy_rows("onestop_competence", _COLUMNS, rows)


def _read(names: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    for name in names:
        folded = fold(name)
        for pattern, level, kind in _PLAIN:
            if pattern.match(folded):
                yield str(level), str(kind), ""
        if folded.startswith("so ") and folded[3:] in _DEPARTMENTS:
            yield str(Level.PROVINCE), str(AgencyKind.DEPARTMENT), _DEPARTMENTS[folded[3:]]
