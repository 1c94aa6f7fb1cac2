"""Mã cũ: the codes by which agencies and units were known until lately, for systems that have not followed yet.

Old partners know an agency by the code of one that it took over from. Every claim about an agency carries both for
a time, so that they find their records.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import connection

from haicap.kernel import clock

#: a year: partners have had their round of yearly reports by then
WITHIN_DAYS = 365
#: a commune takes over from a few; beyond this many the list of one agency or unit ends, the latest first
MOST_CODES = 100

# `member`: the agency itself, and those it took over from, each with the day until which its codes count.
_AGENCIES = """
WITH RECURSIVE member (id, member_id, until) AS (
    SELECT wanted.id, wanted.id, %(today)s::date + 1 FROM unnest(%(ids)s::uuid[]) AS wanted (id)
    UNION
    SELECT member.id, edge.predecessor_id, edge.effective_on
      FROM member
      JOIN registry_agencysuccession AS edge
        ON edge.successor_id = member.member_id AND edge.withdrawn_at IS NULL
       AND edge.effective_on BETWEEN %(since)s AND least(member.until, %(today)s)
       AND edge.predecessor_id <> member.member_id
), held AS (
    SELECT member.id, code.code, member.id = member.member_id AS own,
           least(member.until, lead(holding.begins_on) OVER (
               PARTITION BY member.id, member.member_id, member.until ORDER BY holding.begins_on
           )) AS ended_on
      FROM member
      JOIN registry_codeholding AS holding
        ON holding.agency_id = member.member_id AND holding.withdrawn_at IS NULL
       AND holding.begins_on < member.until
      JOIN registry_agencycode AS code ON code.id = holding.code_id
)
SELECT id, code, max(ended_on) FROM held AS former
 WHERE ended_on BETWEEN %(since)s AND %(today)s
   AND NOT EXISTS (
       SELECT FROM held AS present WHERE present.id = former.id AND present.code = former.code
          AND present.own AND present.ended_on > %(today)s
   )
 GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2
"""

_UNITS = """
WITH RECURSIVE edge (id, predecessor_id, effective_on) AS (
    SELECT successor_id, predecessor_id, effective_on FROM registry_succession
     WHERE successor_id = ANY(%(ids)s::uuid[]) AND upper_inf(recorded)
       AND effective_on BETWEEN %(since)s AND %(today)s
    UNION
    SELECT edge.id, older.predecessor_id, older.effective_on
      FROM edge
      JOIN registry_succession AS older
        ON older.successor_id = edge.predecessor_id AND upper_inf(older.recorded)
       AND older.effective_on < edge.effective_on AND older.effective_on >= %(since)s
)
SELECT edge.id, version.code, max(edge.effective_on)
  FROM edge
  JOIN registry_unitversion AS version
    ON version.unit_id = edge.predecessor_id AND upper_inf(version.recorded)
   AND upper(version.valid) = edge.effective_on
 WHERE NOT EXISTS (
       SELECT FROM registry_unitversion AS present
        WHERE present.unit_id = edge.id AND upper_inf(present.recorded)
          AND present.valid @> %(today)s::date AND present.code = version.code
   )
 GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2
"""


def former_agency_codes(
    agency_ids: Iterable[uuid.UUID], *, within_days: int = WITHIN_DAYS
) -> dict[uuid.UUID, tuple[str, ...]]:
    """Mã định danh cũ: for each agency the codes that it, and those it took over from, bore until at most so many
    days ago, the latest first; never its present one. Agencies without any are missing. One query.
    """
    return _codes(_AGENCIES, agency_ids, within_days)


def former_unit_codes(
    unit_ids: Iterable[uuid.UUID], *, within_days: int = WITHIN_DAYS
) -> dict[uuid.UUID, tuple[str, ...]]:
    """Mã ĐVHC cũ: for each unit the statistical codes of the units that it took over from, or was itself, until at
    most so many days ago, the latest first; never its present one. Units without any are missing. One query.
    """
    return _codes(_UNITS, unit_ids, within_days)


def _codes(sql: str, ids: Iterable[uuid.UUID], within_days: int) -> dict[uuid.UUID, tuple[str, ...]]:
    today = clock.today()
    found: dict[uuid.UUID, tuple[str, ...]] = {}
    with connection.cursor() as cursor:
        params: dict[str, Any] = {
            "ids": list(ids),
            "today": today,
            "since": today - timedelta(days=within_days),
        }
        cursor.execute(sql, params)
        for owner, code, _ended_on in cursor.fetchall():
            found[owner] = (*found.get(owner, ()), code)[:MOST_CODES]
    return found
