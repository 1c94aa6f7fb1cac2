"""Chờ phân công: who has an account and no post today, what they held last, and whom they may ask."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from haicap.access.hats import Hat, held
from haicap.kernel import clock

MOST_CONTACTS = 6

# The last post that a person held, as it was named then, and the units that took over from its unit since.
_LAST = """
WITH RECURSIVE last AS (
    SELECT title.name AS title, agency.id AS agency_id, agency.unit_id, upper(ap.valid) AS ends_on, version.name
      FROM registry_appointment ap
      JOIN registry_post post ON post.id = ap.post_id
      JOIN registry_title title ON title.code = post.title_id
      JOIN registry_desk desk ON desk.id = post.desk_id
      JOIN registry_agency agency ON agency.id = desk.founder_id
      LEFT JOIN LATERAL (
          SELECT name FROM registry_agencyversion
           WHERE agency_id = agency.id AND withdrawn_at IS NULL ORDER BY begins_on DESC LIMIT 1
      ) version ON true
     WHERE ap.person_id = %(person)s AND upper_inf(ap.recorded) AND lower(ap.valid) <= %(today)s
     ORDER BY lower(ap.valid) DESC, title.rank LIMIT 1
), line (unit_id, step) AS (
    SELECT unit_id, 0 FROM last
    UNION
    SELECT edge.successor_id, line.step + 1 FROM line
      JOIN registry_succession edge ON edge.predecessor_id = line.unit_id AND upper_inf(edge.recorded)
       AND edge.effective_on <= %(today)s AND NOT edge.continues
     WHERE line.step < 10
)
SELECT last.title, coalesce(last.name, ''), last.ends_on, array(SELECT DISTINCT unit_id FROM line) FROM last
"""
_ADMINISTRATORS = """
    (title.code = 'quan_tri_xa' AND agency.unit_id = ANY(%(units)s::uuid[])
     OR title.code = 'quan_tri_tinh' AND agency.unit_id IN (
        SELECT province_id FROM registry_unitversion
         WHERE unit_id = ANY(%(units)s::uuid[]) AND upper_inf(recorded) AND valid @> %(today)s::date))
    AND person.id <> %(person)s
"""
_NEAREST = " ORDER BY title.code DESC, unit.code, post.number LIMIT %(limit)s"


@dataclass(frozen=True, slots=True)
class Unassigned:
    """Người chờ phân công: the last post where there was one (`ended_on` where it has an end), and who may appoint."""

    title: str
    agency: str
    ended_on: date | None
    contacts: tuple[Hat, ...]


def unassigned(person_id: uuid.UUID) -> Unassigned:
    """What a person without a post is told: about the own record only, and names of administrators in office.

    The commune's own first, then the province's; none where nobody has been appointed. Two queries.
    """
    today = clock.today()
    with connection.cursor() as cursor:
        cursor.execute(_LAST, {"person": person_id, "today": today})
        row = cursor.fetchone()
    title, agency, ended_on, units = row or ("", "", None, [])
    params: dict[str, Any] = {"units": units, "person": person_id, "limit": MOST_CONTACTS}
    contacts = tuple(held(_ADMINISTRATORS, params, _NEAREST))
    return Unassigned(title, agency, ended_on, contacts)
