"""Reads about people in posts: for those who work in the house, not for the public."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import connection

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.text import fold
from haicap.registry.held import HOLDING_OF_POST, VERSION_TODAY

SHORTEST = 2


@dataclass(frozen=True, slots=True)
class PersonFound:
    """Cán bộ, công chức in a post today."""

    person_id: uuid.UUID
    name: str
    title: str
    agency: str
    unit_code: str


# Words are matched at their beginnings: "van hoa" finds "Nguyễn Văn Hòa", and not "Lê Xuân Vạn".
_SEARCH = f"""
SELECT person.id, person.full_name, title.name, coalesce(version.name, ''), coalesce(unit.code, '')
  FROM registry_person AS person
  JOIN registry_appointment AS appointment ON appointment.person_id = person.id
   AND upper_inf(appointment.recorded) AND appointment.valid @> %(today)s::date
  JOIN registry_post AS post ON post.id = appointment.post_id
  JOIN registry_title AS title ON title.code = post.title_id
  JOIN LATERAL {HOLDING_OF_POST} ON holding.agency_id IS NOT NULL
  JOIN registry_agency AS agency ON agency.id = holding.agency_id
  LEFT JOIN LATERAL {VERSION_TODAY} ON true
  LEFT JOIN LATERAL (
      SELECT code FROM registry_unitversion
       WHERE unit_id = agency.unit_id AND upper_inf(recorded) AND lower(valid) <= %(today)s
       ORDER BY lower(valid) DESC LIMIT 1
  ) AS unit ON true
 WHERE ' ' || person.fold LIKE %(pattern)s
 ORDER BY person.sort_key, person.id LIMIT %(limit)s
"""


def search(actor: Actor, text: str, limit: int = 10) -> list[PersonFound]:
    """Colleagues in posts today by name in any spelling; nothing for who works for no agency.

    Every word of the text begins a word of the name, in this order.
    """
    words = fold(text[:100]).split()
    if not (actor.agency_ids or actor.sees_all) or len("".join(words)) < SHORTEST:
        return []
    pattern = "".join(f"% {word.replace('%', '').replace('_', '')}" for word in words) + "%"
    with connection.cursor() as cursor:
        cursor.execute(_SEARCH, {"today": clock.today(), "pattern": pattern, "limit": limit})
        return [PersonFound(*row) for row in cursor.fetchall()]
