"""The whole history of a unit, both ways, in one statement."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from haicap.registry.errors import NoSuchUnit

#: How many generations are followed each way, and how many edges are told.
MOST_GENERATIONS = 40
MOST_EDGES = 2000


@dataclass(frozen=True, slots=True)
class NamedUnit:
    """A unit as it was named at one day; `province_name` is that of its province then."""

    unit_id: uuid.UUID
    level: str
    code: str
    kind: str
    name: str
    province_code: str
    province_name: str
    parent_name: str
    parent_kind: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "id": str(self.unit_id),
            "code": self.code,
            "name": self.name,
            "kind": self.kind,
            "level": self.level,
            "province_code": self.province_code,
            "province_name": self.province_name,
        }


@dataclass(frozen=True, slots=True)
class Act:
    """What happened, on which legal act: `event` is a kind of event, `number` empty where none is known."""

    event: str
    reorganisation: str
    number: str
    dated: date | None
    title: str
    note: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "event": self.event,
            "reorganisation": self.reorganisation,
            "resolution": self.number,
            "resolution_dated": self.dated.isoformat() if self.dated else None,
            "resolution_title": self.title,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class UnitSpan:
    """One version of the unit itself, with what opened and what closed it (None while open)."""

    unit: NamedUnit
    valid_from: date
    valid_to: date | None
    opened: Act
    closed: Act | None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return self.unit.as_dict() | {
            "valid_from": self.valid_from.isoformat(),
            "valid_to": self.valid_to.isoformat() if self.valid_to else None,
            "opened": self.opened.as_dict(),
            "closed": self.closed.as_dict() if self.closed else None,
        }


@dataclass(frozen=True, slots=True)
class HistoryEdge:
    """One succession in the history: `generation` is -1, -2, … before the unit, 1, 2, … after it, 0 its own.

    The predecessor is named as on its last day, the successor as on its first.
    """

    generation: int
    predecessor: NamedUnit
    successor: NamedUnit
    part: bool
    continues: bool
    effective_on: date
    act: Act

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "generation": self.generation,
            "predecessor": self.predecessor.as_dict(),
            "successor": self.successor.as_dict(),
            "part": self.part,
            "continues": self.continues,
            "effective_on": self.effective_on.isoformat(),
            **self.act.as_dict(),
        }


@dataclass(frozen=True, slots=True)
class UnitHistory:
    """Lịch sử của một đơn vị: its own versions, and every succession before and after it, nearest first.

    An edge that `continues` tells a change of a unit that lives on, in that unit's own generation.
    """

    unit_id: uuid.UUID
    spans: tuple[UnitSpan, ...]
    edges: tuple[HistoryEdge, ...]
    truncated: bool

    @property
    def before(self) -> tuple[HistoryEdge, ...]:
        """What it was made of, nearest generation first."""
        return tuple(edge for edge in self.edges if edge.generation < 0)

    @property
    def after(self) -> tuple[HistoryEdge, ...]:
        """What became of it, nearest generation first."""
        return tuple(edge for edge in self.edges if edge.generation > 0)

    def edges_of(self, unit_id: uuid.UUID) -> list[HistoryEdge]:
        """The edges that end or begin at a unit: its own successions, in order of time."""
        found = [edge for edge in self.edges if unit_id in (edge.predecessor.unit_id, edge.successor.unit_id)]
        return sorted(found, key=lambda edge: (edge.effective_on, edge.generation))

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "id": str(self.unit_id),
            "versions": [span.as_dict() for span in self.spans],
            "before": [edge.as_dict() for edge in self.before],
            "own": [edge.as_dict() for edge in self.edges if edge.generation == 0],
            "after": [edge.as_dict() for edge in self.after],
            "truncated": self.truncated,
        }


def _named(unit: str, day: str) -> str:
    """A JSON array that names a unit at a day."""
    return f"""(
        SELECT jsonb_build_array(named.unit_id, named.level, named.code, named.kind, named.name,
                                 province.code, province.name, parent.name, parent.kind)
          FROM registry_unitversion AS named
          LEFT JOIN LATERAL (
              SELECT code, name FROM registry_unitversion AS above
               WHERE above.unit_id = named.province_id AND upper_inf(above.recorded)
                 AND lower(above.valid) <= {day} ORDER BY lower(above.valid) DESC LIMIT 1
          ) AS province ON true
          LEFT JOIN LATERAL (
              SELECT name, kind FROM registry_unitversion AS above
               WHERE above.unit_id = named.parent_id AND upper_inf(above.recorded)
                 AND lower(above.valid) <= {day} ORDER BY lower(above.valid) DESC LIMIT 1
          ) AS parent ON true
         WHERE named.unit_id = {unit} AND upper_inf(named.recorded) AND lower(named.valid) <= {day}
         ORDER BY lower(named.valid) DESC LIMIT 1
    )"""


_ACT = """jsonb_build_array({event}.kind, {event}_of.key, {event}_on.number, {event}_on.dated,
                            {event}_on.title, {event}.note)"""


def _joined(event: str, key: str, join: str = "LEFT JOIN") -> str:
    return f"""
    {join} registry_unitevent AS {event} ON {event}.id = {key}
    {join} registry_reorganisation AS {event}_of ON {event}_of.id = {event}.reorganisation_id
    LEFT JOIN registry_resolution AS {event}_on ON {event}_on.id = {event}.resolution_id"""


# UNION (not UNION ALL) drops a unit that was reached before in the same generation, and generations are
# bounded: units that are divided and merged again and again cost units x generations, and a loop (which only
# damaged data could hold) ends. Edges of a unit to itself are told, never followed.
_HISTORY = f"""
WITH RECURSIVE back (unit_id, generation) AS (
    SELECT %(unit)s::uuid, 0
    UNION
    SELECT edge.predecessor_id, back.generation - 1
      FROM back JOIN registry_succession AS edge ON edge.successor_id = back.unit_id
     WHERE upper_inf(edge.recorded) AND NOT edge.continues AND back.generation > -%(generations)s
), forth (unit_id, generation) AS (
    SELECT %(unit)s::uuid, 0
    UNION
    SELECT edge.successor_id, forth.generation + 1
      FROM forth JOIN registry_succession AS edge ON edge.predecessor_id = forth.unit_id
     WHERE upper_inf(edge.recorded) AND NOT edge.continues AND forth.generation < %(generations)s
), reached AS MATERIALIZED (
    SELECT edge.id, max(back.generation) - 1 AS generation FROM back
      JOIN registry_succession AS edge ON edge.successor_id = back.unit_id
     WHERE upper_inf(edge.recorded) AND NOT edge.continues GROUP BY edge.id
    UNION ALL
    SELECT edge.id, min(forth.generation) + 1 FROM forth
      JOIN registry_succession AS edge ON edge.predecessor_id = forth.unit_id
     WHERE upper_inf(edge.recorded) AND NOT edge.continues GROUP BY edge.id
    UNION ALL
    SELECT edge.id, met.generation FROM (
        SELECT unit_id, max(generation) AS generation FROM back GROUP BY unit_id
        UNION
        SELECT unit_id, min(generation) FROM forth GROUP BY unit_id
    ) AS met
      JOIN registry_succession AS edge ON edge.predecessor_id = met.unit_id
     WHERE upper_inf(edge.recorded) AND edge.continues
), told AS MATERIALIZED (
    SELECT edge.*, reached.generation FROM reached JOIN registry_succession AS edge ON edge.id = reached.id
     ORDER BY abs(reached.generation), edge.effective_on, edge.id LIMIT %(most)s + 1
)
SELECT 'span', 0, {_named("version.unit_id", "lower(version.valid)")}, NULL, NULL, NULL,
       lower(version.valid), upper(version.valid), {_ACT.format(event="opened")},
       CASE WHEN closed.id IS NOT NULL THEN {_ACT.format(event="closed")} END, NULL
  FROM registry_unitversion AS version
  {_joined("opened", "version.opened_by_id")}
  {_joined("closed", "version.closed_by_id")}
 WHERE version.unit_id = %(unit)s AND upper_inf(version.recorded)
UNION ALL
SELECT 'edge', told.generation, {_named("told.predecessor_id", "told.effective_on - 1")},
       {_named("told.successor_id", "told.effective_on")}, told.part, told.continues,
       told.effective_on, NULL, {_ACT.format(event="event")}, NULL,
       (SELECT sort_key FROM registry_unitversion AS sorted
         WHERE sorted.unit_id = told.predecessor_id AND upper_inf(sorted.recorded)
           AND upper(sorted.valid) = told.effective_on)
  FROM told {_joined("event", "told.event_id", "JOIN")}
"""


def history(unit_id: uuid.UUID) -> UnitHistory:
    """All that a unit was made of and all that became of it, with names at the right days; one statement.

    Follows at most 40 generations each way and tells at most 2,000 edges (`truncated` says when there are
    more). Raises NoSuchUnit (REG-002) for a unit that never existed.
    """
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY, {"unit": unit_id, "generations": MOST_GENERATIONS, "most": MOST_EDGES})
        rows = cursor.fetchall()
    spans = sorted((row for row in rows if row[0] == "span"), key=lambda row: row[6])
    edges = [row for row in rows if row[0] == "edge"]
    edges.sort(key=lambda row: (abs(row[1]), row[1], row[6], bytes(row[10] or b"")))
    if not spans:
        raise NoSuchUnit(
            _("Không có đơn vị nào như vậy."),
            todo=_("Kiểm tra lại địa chỉ, hoặc tìm theo tên."),
            details={"unit": str(unit_id)},
        )
    return UnitHistory(
        unit_id,
        tuple(
            UnitSpan(_unit(row[2]), row[6], row[7], _act(row[8]), _act(row[9]) if row[9] else None)
            for row in spans
        ),
        tuple(
            HistoryEdge(row[1], _unit(row[2]), _unit(row[3]), row[4], row[5], row[6], _act(row[8]))
            for row in edges[:MOST_EDGES]
        ),
        len(edges) > MOST_EDGES,
    )


def _unit(value: Any) -> NamedUnit:
    unit_id, *rest = json.loads(value) if isinstance(value, str) else value
    return NamedUnit(uuid.UUID(unit_id), *(item or "" for item in rest))


def _act(value: Any) -> Act:
    event, key, number, dated, title, note = json.loads(value) if isinstance(value, str) else value
    return Act(
        event or "",
        key or "",
        number or "",
        date.fromisoformat(dated) if dated else None,
        title or "",
        note or "",
    )
