"""Người chờ phân công: leaders of agencies that ended who hold no other post; nobody is lost."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection
from django.utils.translation import gettext as _

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.errors import NotAllowed
from haicap.kernel.text import fold

PAGE_ROWS = 50
_WAITING = """
    FROM registry_appointment appointment
    JOIN registry_post post ON post.id = appointment.post_id
    JOIN registry_desk desk ON desk.id = post.desk_id AND desk.kind = 'leadership'
    JOIN LATERAL (
        SELECT agency_id FROM registry_holding
        WHERE desk_id = desk.id AND begins_at <= kernel_clock_now() ORDER BY begins_at DESC LIMIT 1
    ) held ON held.agency_id IS NULL
    JOIN registry_person person ON person.id = appointment.person_id
    WHERE upper_inf(appointment.recorded) AND appointment.valid @> %(today)s::date
      AND (%(pattern)s = '' OR ' ' || person.fold LIKE %(pattern)s)
      AND NOT EXISTS (
          SELECT FROM registry_appointment other
          JOIN registry_post elsewhere ON elsewhere.id = other.post_id
          JOIN LATERAL (
              SELECT agency_id FROM registry_holding
              WHERE desk_id = elsewhere.desk_id AND begins_at <= kernel_clock_now()
              ORDER BY begins_at DESC LIMIT 1
          ) open ON open.agency_id IS NOT NULL
          WHERE other.person_id = person.id AND upper_inf(other.recorded) AND other.valid @> %(today)s::date
      )
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Người chờ phân công: the post they had, at which agency that ended, since when."""

    person_id: uuid.UUID
    name: str
    title: str
    agency: str
    since: datetime | None


def may_see_waiting(actor: Actor) -> bool:
    """Whether the actor may see who waits: who plans, and who steers the whole province."""
    return actor.may("reorganisation.plan") or (actor.sees_all and actor.may("reorganisation.see"))


def waiting(
    actor: Actor, text: str = "", offset: int = 0, limit: int = PAGE_ROWS
) -> tuple[list[Waiting], int]:
    """Người chờ phân công: leaders of ended agencies without another post, by given name; and how many there are.

    Two queries. Raises NotAllowed (REO-403).
    """
    if not may_see_waiting(actor):
        raise NotAllowed(
            _("Bạn không có quyền xem danh sách người chờ phân công."),
            code="REO-403",
            todo=_("Người lập kế hoạch sắp xếp và lãnh đạo tỉnh xem được."),
        )
    words = [word for word in fold(text)[:100].replace("%", "").replace("_", " ").split() if word]
    params: dict[str, str | int | date] = {
        "today": clock.today(),
        "pattern": "".join(f"% {word}" for word in words) + "%" if words else "",
        "offset": offset,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(DISTINCT person.id) {_WAITING}", params)
        total = int(cursor.fetchone()[0])
        cursor.execute(
            f"""
            SELECT picked.id, picked.full_name, title.name, coalesce(version.name, ''), closed.begins_at
            FROM (
                SELECT DISTINCT ON (person.sort_key, person.id) person.sort_key, person.id, person.full_name,
                       post.title_id, desk.id AS desk_id, desk.founder_id
                {_WAITING}
                ORDER BY person.sort_key, person.id, post.id
                OFFSET %(offset)s LIMIT %(limit)s
            ) picked
            JOIN registry_title title ON title.code = picked.title_id
            LEFT JOIN LATERAL (
                SELECT name FROM registry_agencyversion
                WHERE agency_id = picked.founder_id AND withdrawn_at IS NULL AND NOT closed
                ORDER BY begins_on DESC LIMIT 1
            ) version ON true
            LEFT JOIN LATERAL (
                SELECT begins_at FROM registry_holding
                WHERE desk_id = picked.desk_id AND begins_at <= kernel_clock_now() ORDER BY begins_at DESC LIMIT 1
            ) closed ON true
            ORDER BY picked.sort_key, picked.id
            """,
            params,
        )
        return [Waiting(*row) for row in cursor.fetchall()], total
