"""What an agency is on a day: whether it lives, its name, its code, and who took over from it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date

from django.db import connection

_STANDING_SQL = """
    WITH RECURSIVE heirs (agency_id, part) AS (
        SELECT %(agency)s::uuid, false
        UNION
        SELECT succession.successor_id, heirs.part OR succession.part
        FROM heirs
        JOIN registry_agencysuccession succession ON succession.predecessor_id = heirs.agency_id
        WHERE succession.withdrawn_at IS NULL AND succession.effective_on <= %(day)s
    )
    SELECT agency.id, heirs.part, agency.kind, unit.level, version.name,
           NOT coalesce(version.closed, true) AND unit.id IS NOT NULL, code.id, code.code
    FROM heirs
    JOIN registry_agency agency ON agency.id = heirs.agency_id
    LEFT JOIN LATERAL (
        SELECT found.unit_id AS id, found.level FROM registry_unitversion found
        WHERE found.unit_id = agency.unit_id AND upper_inf(found.recorded) AND found.valid @> %(day)s
        LIMIT 1
    ) unit ON true
    LEFT JOIN LATERAL (
        SELECT found.name, found.closed FROM registry_agencyversion found
        WHERE found.agency_id = agency.id AND found.withdrawn_at IS NULL AND found.begins_on <= %(day)s
        ORDER BY found.begins_on DESC LIMIT 1
    ) version ON true
    LEFT JOIN LATERAL (
        SELECT held.code_id FROM registry_codeholding held
        WHERE held.agency_id = agency.id AND held.withdrawn_at IS NULL AND held.begins_on <= %(day)s
        ORDER BY held.begins_on DESC LIMIT 1
    ) last_code ON true
    LEFT JOIN registry_agencycode code
      ON code.id = last_code.code_id
     AND code.opened_on <= %(day)s AND (code.closed_on IS NULL OR code.closed_on > %(day)s)
     AND agency.id = (
        SELECT held.agency_id FROM registry_codeholding held
        WHERE held.code_id = code.id AND held.withdrawn_at IS NULL AND held.begins_on <= %(day)s
        ORDER BY held.begins_on DESC LIMIT 1
     )
"""


@dataclass(frozen=True, slots=True)
class Successor:
    """Cơ quan kế thừa: a living agency that took over, over any number of hops; `part`: of a divided unit."""

    agency_id: uuid.UUID
    name: str
    part: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """Tư cách của cơ quan on a day. `level` is its unit's (empty when it ended), `code_id` an open code."""

    agency_id: uuid.UUID
    kind: str
    level: str
    name: str
    lives: bool
    code_id: uuid.UUID | None
    code: str
    successors: tuple[Successor, ...]


def standing(agency_id: uuid.UUID, on: date) -> Standing | None:
    """What the agency is on the day `on`; None where there is no such agency. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_STANDING_SQL, {"agency": agency_id, "day": on})
        rows = cursor.fetchall()
    own = next((row for row in rows if row[0] == agency_id), None)
    if own is None:
        return None
    heirs = sorted(
        {
            Successor(heir, name, part)
            for heir, part, _kind, _level, name, lives, *_code in rows
            if lives and heir != agency_id
        },
        key=lambda heir: (heir.part, heir.name),
    )
    _id, _part, kind, level, name, lives, code_id, code = own
    return Standing(agency_id, kind, level or "", name or "", lives, code_id, code or "", tuple(heirs))
