"""What a cut-over is about: the temporary tables that carriers join, and the agencies that are concerned."""

from __future__ import annotations

from django.db import connection

from haicap.kernel.database.copy import copy_rows
from haicap.reorganisation.engine.facts import Facts

#: memory of one sort or join of this transaction: its sets have a hundred thousand rows and stay off the disk
WORK_MEMORY = "64MB"

# Half of each page stays free where every row is updated once: the new row lies beside the old, no index is touched.
TEMPORARY_TABLES = """
CREATE TEMP TABLE cut_unit (
    unit_id uuid PRIMARY KEY, level text NOT NULL, fate text NOT NULL, divided boolean NOT NULL, successor_id uuid
) ON COMMIT DROP;
CREATE TEMP TABLE cut_new_unit (unit_id uuid PRIMARY KEY) ON COMMIT DROP;
CREATE TEMP TABLE cut_succession (
    predecessor_id uuid NOT NULL, successor_id uuid NOT NULL, part boolean NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE cut_agency (
    agency_id uuid PRIMARY KEY, unit_id uuid NOT NULL, kind text NOT NULL, slot text NOT NULL,
    fate text NOT NULL, divided boolean NOT NULL, successor_id uuid
) WITH (fillfactor = 45) ON COMMIT DROP;
CREATE TEMP TABLE cut_new_agency (
    agency_id uuid PRIMARY KEY, unit_id uuid NOT NULL, kind text NOT NULL, slot text NOT NULL
) ON COMMIT DROP;
CREATE TEMP TABLE cut_seat (unit_id uuid PRIMARY KEY, site_id uuid NOT NULL) ON COMMIT DROP;
CREATE TEMP TABLE cut_transfer (field text PRIMARY KEY, agency_id uuid NOT NULL) ON COMMIT DROP;
CREATE TEMP TABLE cut_procedure (procedure_code text PRIMARY KEY, agency_id uuid NOT NULL) ON COMMIT DROP;
CREATE TEMP TABLE cut_staff (post_id uuid NOT NULL, person_id uuid NOT NULL) ON COMMIT DROP;
CREATE TEMP TABLE cut_desk (
    desk_id uuid PRIMARY KEY, holder_id uuid NOT NULL, kind text NOT NULL, place_id uuid, field text NOT NULL,
    since timestamptz NOT NULL, interim boolean NOT NULL, fate text, agency_id uuid,
    late boolean NOT NULL DEFAULT false
) WITH (fillfactor = 45) ON COMMIT DROP;
CREATE TEMP TABLE cut_known (desks bigint NOT NULL, holdings bigint NOT NULL) ON COMMIT DROP;
"""


def write_scope(facts: Facts) -> None:
    """Create the temporary tables and fill those of units; then the agencies and desks that are concerned."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL work_mem = '{WORK_MEMORY}'")
        cursor.execute(TEMPORARY_TABLES)
    copy_rows(
        "cut_unit",
        ("unit_id", "level", "fate", "divided", "successor_id"),
        (
            (unit_id, facts.state[unit_id].level, fate, divided, successor)
            for unit_id, (fate, divided, successor) in facts.fates.items()
        ),
    )
    copy_rows("cut_new_unit", ("unit_id",), ((item.state.unit_id,) for item in facts.changes.opens))
    copy_rows(
        "cut_succession",
        ("predecessor_id", "successor_id", "part"),
        ((edge.predecessor_id, edge.successor_id, edge.part) for edge in facts.changes.successions),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO cut_agency (agency_id, unit_id, kind, slot, fate, divided)
            SELECT a.id, a.unit_id, a.kind, a.slot,
                   CASE u.fate WHEN 'continued' THEN 'kept' ELSE 'ended' END, u.divided
            FROM cut_unit u JOIN registry_agency a ON a.unit_id = u.unit_id
            JOIN LATERAL (
                SELECT closed FROM registry_agencyversion v
                WHERE v.agency_id = a.id AND v.withdrawn_at IS NULL AND v.begins_on <= %(before)s
                ORDER BY v.begins_on DESC LIMIT 1
            ) latest ON NOT latest.closed
            """,
            {"before": facts.day_before},
        )
        cursor.execute("ANALYZE cut_unit, cut_succession, cut_agency")
