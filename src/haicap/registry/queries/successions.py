"""Kế thừa as lists: what became of the units of a day."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from haicap.registry.errors import BadRequest
from haicap.registry.models import Level
from haicap.registry.queries.days import require_day
from haicap.registry.queries.units import bounded, province_id


@dataclass(frozen=True, slots=True)
class SuccessionEdge:
    """One predecessor → successor: the predecessor as on the day asked, the successor as it began.

    `part`: only a part of the predecessor went there. `continues`: it is the same unit, under a new name,
    kind, code or parent. `resolution` is the number of the legal act, empty where none is known.
    """

    predecessor_id: uuid.UUID
    predecessor_code: str
    predecessor_kind: str
    predecessor_name: str
    predecessor_province_code: str
    successor_id: uuid.UUID
    successor_code: str
    successor_kind: str
    successor_name: str
    successor_province_code: str
    part: bool
    continues: bool
    effective_on: date
    event: str
    resolution: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready: {predecessor, successor: {code, name, kind, province_code}, part, resolution, …}."""
        ends = {
            end: {part: getattr(self, f"{end}_{part}") for part in ("code", "name", "kind", "province_code")}
            for end in ("predecessor", "successor")
        }
        return ends | {
            "part": self.part,
            "resolution": self.resolution,
            "continues": self.continues,
            "effective_on": self.effective_on.isoformat(),
            "event": self.event,
        }


# `standing` is what exists on the day; the end of its version leads to the edges of that end.
_EDGES = """
WITH standing AS (
    SELECT unit_id, code, kind, name, province_id, upper(valid) AS ends FROM registry_unitversion
     WHERE upper_inf(recorded) AND lower(valid) <= %(day)s AND upper(valid) > %(day)s
       AND (%(province)s::uuid IS NULL OR province_id = %(province)s)
)
SELECT standing.unit_id, standing.code, standing.kind, standing.name, old_province.code,
       successor.unit_id, successor.code, successor.kind, successor.name, new_province.code,
       edge.part, edge.continues, edge.effective_on, event.kind, coalesce(resolution.number, '')
  FROM standing
  JOIN registry_succession AS edge
    ON edge.predecessor_id = standing.unit_id AND edge.effective_on = standing.ends
   AND upper_inf(edge.recorded)
  JOIN registry_unitevent AS event ON event.id = edge.event_id
  LEFT JOIN registry_resolution AS resolution ON resolution.id = event.resolution_id
  JOIN registry_unitversion AS successor
    ON successor.unit_id = edge.successor_id AND upper_inf(successor.recorded)
   AND lower(successor.valid) = edge.effective_on
  LEFT JOIN registry_unitversion AS old_province
    ON old_province.unit_id = standing.province_id AND upper_inf(old_province.recorded)
   AND old_province.valid @> %(day)s::date
  LEFT JOIN registry_unitversion AS new_province
    ON new_province.unit_id = successor.province_id AND upper_inf(new_province.recorded)
   AND new_province.valid @> edge.effective_on
 WHERE (%(level)s::varchar IS NULL OR successor.level = %(level)s)
   AND (standing.code, successor.code) > (%(after_old)s, %(after_new)s)
 ORDER BY standing.code, successor.code
 LIMIT %(limit)s
"""
LEVELS = (Level.COMMUNE.value, Level.DISTRICT.value, Level.PROVINCE.value, "all")
PAGE = 1000


def successions(
    day: date,
    province_code: str | None = None,
    level: str = "commune",
    *,
    limit: int = PAGE,
    after: tuple[str, str] = ("", ""),
) -> list[SuccessionEdge]:
    """For every unit of `day`, the first change after it: one page of edges ordered by old and new code.

    `province_code` is the province of the predecessors on that day; `level` that of the successors, or "all".
    `after` is (old code, new code) of the last edge of the page before. Units that continue are included.
    Raises BeforeBase (REG-001), NoSuchUnit (REG-002), BadRequest (REG-004).
    """
    require_day(day)
    province = province_id(province_code, day) if province_code else None
    return _page(day, province, check_edge_level(level), bounded(limit), after)


def iter_successions(
    day: date, province_code: str | None = None, level: str = "commune"
) -> Iterator[SuccessionEdge]:
    """All edges of `successions`, read in pages, so that memory stays flat."""
    require_day(day)
    province = province_id(province_code, day) if province_code else None
    wanted = check_edge_level(level)
    after = ("", "")
    while page := _page(day, province, wanted, 5 * PAGE, after):
        yield from page
        after = (page[-1].predecessor_code, page[-1].successor_code)


def check_edge_level(level: str) -> str | None:
    """The level to filter by, None for "all". Raises BadRequest (REG-004) for an unknown one."""
    if level not in LEVELS:
        raise BadRequest(
            _("Không có cấp hành chính “%(level)s”.") % {"level": level[:40]},
            todo=_("Dùng commune, province hoặc all."),
        )
    return None if level == "all" else level


def _page(
    day: date, province: uuid.UUID | None, level: str | None, limit: int, after: tuple[str, str]
) -> list[SuccessionEdge]:
    params = {
        "day": day,
        "province": province,
        "level": level,
        "limit": limit,
        "after_old": after[0],
        "after_new": after[1],
    }
    with connection.cursor() as cursor:
        cursor.execute(_EDGES, params)
        return [SuccessionEdge(*row) for row in cursor.fetchall()]
