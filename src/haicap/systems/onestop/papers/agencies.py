"""Tên cơ quan trên giấy tờ: what an agency and its place were called on a day, and who took over since."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import connection

from haicap.registry.models import AgencyKind, Kind
from haicap.registry.standing import Successor, standing

COMMITTEE_WORDS = "Ủy ban nhân dân"
COUNTER = ["Bộ phận tiếp nhận", "và trả kết quả"]

# One row an agency: its names and its unit's on the day, or the nearest ones where it did not live then.
_SQL = """
    SELECT agency.id, agency.kind, version.name, coalesce(superior.name, ''), unit.name, unit.kind
    FROM registry_agency agency
    LEFT JOIN LATERAL (
        SELECT found.name, found.parent_id FROM registry_agencyversion found
        WHERE found.agency_id = agency.id AND found.withdrawn_at IS NULL
        ORDER BY found.begins_on <= %(day)s DESC, abs(found.begins_on - %(day)s) LIMIT 1
    ) version ON true
    LEFT JOIN LATERAL (
        SELECT found.name FROM registry_agencyversion found
        WHERE found.agency_id = version.parent_id AND found.withdrawn_at IS NULL
        ORDER BY found.begins_on <= %(day)s DESC, abs(found.begins_on - %(day)s) LIMIT 1
    ) superior ON true
    LEFT JOIN LATERAL (
        SELECT found.name, found.kind FROM registry_unitversion found
        WHERE found.unit_id = agency.unit_id AND upper_inf(found.recorded)
        ORDER BY found.valid @> %(day)s DESC, lower(found.valid) DESC LIMIT 1
    ) unit ON true
    WHERE agency.id = ANY (%(agencies)s)
"""


@dataclass(frozen=True, slots=True)
class Named:
    """Cơ quan như được gọi trong một ngày: `place` is what its date line begins with."""

    agency_id: uuid.UUID
    kind: str
    name: str
    superior: str
    place: str

    def lines(self) -> list[str]:
        """The name in lines for the agency block: «Ủy ban nhân dân» stands alone."""
        if self.kind == AgencyKind.COMMITTEE and self.name.startswith(COMMITTEE_WORDS + " "):
            return [COMMITTEE_WORDS, self.name.removeprefix(COMMITTEE_WORDS + " ")]
        return [self.name]

    def block(self, *, counter: bool) -> tuple[list[str], list[str]]:
        """(lines above, the agency's own lines in bold); `counter`: in the name of its one-stop counter."""
        above = [self.superior] if self.superior and self.kind != AgencyKind.COMMITTEE else []
        if counter and self.kind != AgencyKind.SERVICE_CENTRE:
            return self.lines(), COUNTER
        return above, self.lines()


def named(agencies: Iterable[uuid.UUID | None], on: date) -> dict[uuid.UUID, Named]:
    """The agencies as they were called on a day. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_SQL, {"agencies": list({one for one in agencies if one is not None}), "day": on})
        rows = cursor.fetchall()
    return {
        agency_id: Named(agency_id, kind, name or "", superior, _place(unit or "", unit_kind or ""))
        for agency_id, kind, name, superior, unit, unit_kind in rows
    }


def successors(agency_id: uuid.UUID, on: date) -> tuple[Successor, ...]:
    """Who took over from an agency that lives no longer on the day; nobody while it lives."""
    found = standing(agency_id, on)
    return found.successors if found is not None and not found.lives else ()


def _place(name: str, kind: str) -> str:
    """A place of the date line; units that are numbers keep their kind: «Phường 5» (NĐ 30/2020, appendix I)."""
    if name[:1].isdigit() and kind:
        word = str(Kind(kind).label)
        return f"{word[0].upper()}{word[1:]} {name}"
    return name
