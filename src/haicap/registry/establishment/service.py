"""Writing what was set up: by COPY, in the caller's transaction."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection, transaction

from haicap.kernel import journal
from haicap.kernel.actor import Actor
from haicap.kernel.database.copy import copy_rows
from haicap.registry.establishment.codes import CodeIssuer, level_one
from haicap.registry.establishment.rows import EstablishmentRows, UnitFacts, rows_for
from haicap.registry.establishment.templates import TITLES
from haicap.registry.models.unit import Level

#: table → columns, in the order in which rows must be written
COLUMNS: dict[str, tuple[str, ...]] = {
    "registry_agency": ("id", "unit_id", "kind", "slot"),
    "registry_agencyversion": (
        "agency_id",
        "begins_on",
        "name",
        "fold",
        "parent_id",
        "closed",
        "run_id",
    ),
    "registry_agencycode": ("id", "code", "code102", "opened_on"),
    "registry_codeholding": ("code_id", "agency_id", "begins_on", "run_id"),
    "registry_desk": ("id", "founder_id", "kind", "field"),
    "registry_holding": ("desk_id", "begins_at", "agency_id", "interim", "run_id"),
    "registry_post": ("id", "desk_id", "title_id", "number"),
}


@dataclass(frozen=True, slots=True)
class EstablishReport:
    """What was set up: numbers of rows, and the agencies by (unit, kind, slot)."""

    agencies: int
    codes: int
    desks: int
    posts: int
    by_place: dict[tuple[uuid.UUID, str, str], uuid.UUID]
    posts_by_title: dict[tuple[uuid.UUID, str], list[uuid.UUID]]


def ensure_titles() -> None:
    """Enter the titles (chức danh) of the templates where they are missing."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO registry_title (code, name, rank, singular, leads) VALUES (%s, %s, %s, %s, %s) "
            "ON CONFLICT (code) DO NOTHING",
            TITLES,
        )


def issuer_from_database() -> CodeIssuer:
    """An issuer that knows every code ever issued."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT code FROM registry_agencycode")
        return CodeIssuer(row[0] for row in cursor.fetchall())


def write_rows(rows: EstablishmentRows, on: date, run_id: uuid.UUID | None = None) -> None:
    """Write prepared rows by COPY; codes that are kept go to their new holders from the day `on`, by this run."""
    by_table: dict[str, Sequence[tuple[object, ...]]] = {
        "registry_agency": rows.agencies,
        "registry_agencyversion": rows.versions,
        "registry_agencycode": rows.codes,
        "registry_codeholding": rows.code_holdings,
        "registry_desk": rows.desks,
        "registry_holding": rows.holdings,
        "registry_post": rows.posts,
    }
    ensure_titles()
    for table, columns in COLUMNS.items():
        copy_rows(table, columns, by_table[table])
    if rows.kept_codes:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO registry_codeholding (code_id, agency_id, begins_on, run_id) "
                "SELECT id, %s, %s, %s FROM registry_agencycode WHERE code = %s",
                [(agency, on, run_id, code) for code, agency in rows.kept_codes],
            )


def unit_facts(unit_ids: Iterable[uuid.UUID], on: date) -> list[UnitFacts]:
    """Facts of these units at a day, provinces first, then districts, then communes, each by code."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT v.unit_id, v.level, v.kind, v.name, v.code, p.code, up.code, held.code
            FROM registry_unitversion v
            JOIN registry_unitversion p ON p.unit_id = v.province_id AND upper_inf(p.recorded) AND p.valid @> %(on)s
            LEFT JOIN registry_unitversion up
                ON up.unit_id = v.parent_id AND upper_inf(up.recorded) AND up.valid @> %(on)s
            LEFT JOIN LATERAL (
                SELECT c.code FROM registry_agency a
                JOIN registry_codeholding h ON h.agency_id = a.id AND h.withdrawn_at IS NULL
                JOIN registry_agencycode c ON c.id = h.code_id
                WHERE a.unit_id = v.parent_id AND a.kind = 'ubnd' ORDER BY h.begins_on DESC LIMIT 1
            ) held ON true
            WHERE v.unit_id = ANY(%(ids)s) AND upper_inf(v.recorded) AND v.valid @> %(on)s
            ORDER BY CASE v.level WHEN 'province' THEN 1 WHEN 'district' THEN 2 ELSE 3 END, v.code
            """,
            {"ids": list(unit_ids), "on": on},
        )
        found = cursor.fetchall()
    facts: list[UnitFacts] = []
    for unit_id, level, kind, name, code, province_code, _up_code, held_code in found:
        superior = "" if level == Level.PROVINCE else (held_code or level_one(province_code))
        facts.append(UnitFacts(unit_id, level, kind, name, code, superior_code=superior))
    return facts


def establish(units: Iterable[uuid.UUID], on: date, actor: Actor) -> EstablishReport:
    """Thành lập các cơ quan: set up all organs of these units by template from the day `on`.

    Agencies, their names, codes, desks and posts are written by COPY in one transaction with one journal entry.
    Superior units are handled before inferior ones, whatever their order in `units`. Raises BadInput REG-302
    for a province whose level-1 code is unknown, REG-303 when a code was issued before.
    """
    with journal.act(actor, "registry.establish") as act, transaction.atomic():
        facts = unit_facts(units, on)
        rows = _rows_in_levels(facts, on)
        write_rows(rows, on)
        report = EstablishReport(
            agencies=len(rows.agencies),
            codes=len(rows.codes),
            desks=len(rows.desks),
            posts=len(rows.posts),
            by_place=rows.by_place,
            posts_by_title=rows.posts_by_title,
        )
        act.changed(
            "agency",
            None,
            None,
            {"count": report.agencies, "codes": report.codes, "desks": report.desks, "posts": report.posts},
        )
    return report


def _rows_in_levels(facts: list[UnitFacts], on: date) -> EstablishmentRows:
    """Rows for all facts in one issuer, so that inferiors are numbered under the codes just issued above them."""
    issuer = issuer_from_database()
    superiors = _superior_units([fact.unit_id for fact in facts], on)
    merged = EstablishmentRows()
    for fact in facts:
        superior = merged.committee_code.get(superiors.get(fact.unit_id, fact.unit_id), fact.superior_code)
        one = UnitFacts(fact.unit_id, fact.level, fact.kind, fact.name, fact.code, superior_code=superior)
        _extend(merged, rows_for([one], on, issuer))
    return merged


def _extend(into: EstablishmentRows, more: EstablishmentRows) -> None:
    for name in (
        "agencies",
        "versions",
        "codes",
        "code_holdings",
        "kept_codes",
        "desks",
        "holdings",
        "posts",
    ):
        getattr(into, name).extend(getattr(more, name))
    for name in ("committee_code", "by_place", "posts_by_title"):
        getattr(into, name).update(getattr(more, name))


def _superior_units(ids: list[uuid.UUID], on: date) -> dict[uuid.UUID, uuid.UUID]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT unit_id, parent_id FROM registry_unitversion "
            "WHERE unit_id = ANY(%s) AND upper_inf(recorded) AND valid @> %s AND parent_id IS NOT NULL",
            [ids, on],
        )
        return dict(cursor.fetchall())
