"""What follows once the new agencies stand: heirs, seats, transfers of authority, staffing."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable

from django.db import connection

from haicap.kernel.database.copy import copy_rows
from haicap.registry.models import AgencyKind
from haicap.reorganisation.engine.facts import Facts

# The agencies of a unit that ends go to their counterpart in its successor, else to the successor's committee.
WRITE_HEIRS = """
    UPDATE cut_agency c SET successor_id = heir.id
    FROM (
        SELECT old.agency_id, coalesce(same.id, committee.id) AS id
        FROM cut_agency old
        JOIN cut_unit u ON u.unit_id = old.unit_id
        LEFT JOIN registry_agency same
            ON same.unit_id = u.successor_id AND same.kind = old.kind AND same.slot = old.slot
        LEFT JOIN registry_agency committee ON committee.unit_id = u.successor_id AND committee.kind = 'ubnd'
        WHERE old.fate = 'ended'
    ) heir
    WHERE heir.agency_id = c.agency_id;
    UPDATE cut_agency SET successor_id = agency_id WHERE fate = 'kept';
"""


_SEAT = """
    INSERT INTO cut_seat (unit_id, site_id)
    SELECT pair.unit_id, used.site_id
    FROM unnest(%(units)s::uuid[], %(origins)s::uuid[]) AS pair (unit_id, origin_id)
    JOIN registry_agency a ON a.unit_id = pair.origin_id AND a.kind = 'ubnd'
    JOIN LATERAL (
        SELECT site_id FROM registry_siteuse u
        WHERE u.agency_id = a.id AND u.withdrawn_at IS NULL AND u.begins_on <= %(before)s
        ORDER BY u.begins_on DESC LIMIT 1
    ) used ON used.site_id IS NOT NULL
    ON CONFLICT DO NOTHING
"""


def write_consequences(facts: Facts) -> None:
    """Fill the tables that name new agencies: heirs, seats, transfers, staffing. After the new rows are written."""
    _write_new_agencies(facts)
    _write_seats(facts)
    with connection.cursor() as cursor:
        cursor.execute(WRITE_HEIRS)
    _write_transfers(facts)
    copy_rows("cut_staff", ("post_id", "person_id"), _staff(facts))


def _write_new_agencies(facts: Facts) -> None:
    copy_rows(
        "cut_new_agency",
        ("agency_id", "unit_id", "kind", "slot"),
        (
            (agency_id, unit_id, kind, slot)
            for (unit_id, kind, slot), agency_id in facts.rows.by_place.items()
        ),
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE cut_new_agency")


def _write_seats(facts: Facts) -> None:
    by_code = {unit.code: unit.unit_id for unit in facts.state.values()}
    pairs: list[tuple[uuid.UUID, uuid.UUID]] = []
    for unit in facts.plan.units:
        origin = unit.seat or (unit.predecessors[0].code if unit.predecessors else "")
        if origin in by_code:
            pairs.append((facts.unit_of(unit.code), by_code[origin]))
    with connection.cursor() as cursor:
        cursor.execute(
            _SEAT,
            {
                "units": [pair[0] for pair in pairs],
                "origins": [pair[1] for pair in pairs],
                "before": facts.day_before,
            },
        )


def _write_transfers(facts: Facts) -> None:
    """Departments of the province that take fields or procedures over, new ones or those that stand."""
    if not facts.plan.transfers:
        return
    province = facts.unit_of(facts.plan.province)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT slot, id FROM registry_agency WHERE unit_id = %s AND kind = %s",
            [province, AgencyKind.DEPARTMENT.value],
        )
        departments = dict(cursor.fetchall())
    given = [
        (transfer, departments[transfer.to])
        for transfer in facts.plan.transfers
        if transfer.to in departments
    ]
    fields = [(name, agency) for transfer, agency in given for name in transfer.fields]
    procedures = [(code, agency) for transfer, agency in given for code in transfer.procedures]
    copy_rows("cut_transfer", ("field", "agency_id"), fields)
    copy_rows("cut_procedure", ("procedure_code", "agency_id"), procedures)


def _staff(facts: Facts) -> Iterable[tuple[uuid.UUID, uuid.UUID]]:
    """(post, person) of the plan's staffing: the next free post of that title at that organ."""
    taken: dict[tuple[uuid.UUID, str], int] = defaultdict(int)
    for row in facts.plan.staffing:
        agency = facts.rows.by_place.get((facts.unit_of(row.unit), row.kind, row.slot))
        if agency is None:
            continue  # the organ stands already: its posts go on with their holders
        posts = facts.rows.posts_by_title.get((agency, row.title), [])
        number = taken[(agency, row.title)]
        if number < len(posts):
            taken[(agency, row.title)] += 1
            yield posts[number], row.person_id
