"""Hồ sơ chờ phân định: dossiers of divided units that no rule could place, for the people who decide."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from haicap.kernel.clock import ZONE
from haicap.kernel.contract import PlacedRecord, Placing, UndecidedItem
from haicap.kernel.text import fold
from haicap.systems.onestop.models import IN_FLIGHT
from haicap.systems.onestop.service import wait_for_cut_over

_FLYING = ", ".join(str(int(status)) for status in IN_FLIGHT)
LARGEST_PAGE = 5_000
#: where a dossier without an appointment stands in the order
_LAST = "9999-12-31T00:00:00+00:00"

_COUNTS = f"""
    SELECT desk_id, count(*) FROM onestop_dossier
    WHERE desk_id = ANY(%s) AND status IN ({_FLYING}) GROUP BY desk_id
"""
_VILLAGES = f"""
    SELECT village, count(*) FROM onestop_dossier
    WHERE desk_id = ANY(%s) AND status IN ({_FLYING}) GROUP BY village ORDER BY count(*) DESC, village
"""
_ITEMS = f"""
    SELECT id, desk_id, code, applicant_name, procedure_code, received_at, due_at, village, address,
           latitude, longitude, place_id
    FROM onestop_dossier
    WHERE desk_id = ANY(%(desks)s) AND status IN ({_FLYING}) {{narrow}}
    ORDER BY coalesce(due_at, '{_LAST}'), id LIMIT %(limit)s
"""

# Moved where they still lie, in the order of their ids (two who decide at once cannot wait for each other), with a
# step of their own and a note for an undo of the cut-over.
_PLACE = f"""
    WITH lying AS (
        SELECT id, desk_id, status FROM onestop_dossier
        WHERE id = ANY(%(ids)s) AND desk_id = ANY(%(desks)s) AND status IN ({_FLYING})
        ORDER BY id FOR UPDATE
    ), moved AS (
        UPDATE onestop_dossier o SET desk_id = %(to)s FROM lying WHERE o.id = lying.id
        RETURNING o.id, lying.status, lying.desk_id AS from_desk
    ), kept AS (
        INSERT INTO registry_carriedmove
            (id, run_id, system, record, record_id, from_desk_id, to_desk_id, how, evidence)
        SELECT kernel_new_id(), %(run)s, 'onestop', 'dossier', id, from_desk, %(to)s, %(how)s, %(reason)s FROM moved
        ON CONFLICT (run_id, system, record, record_id)
            DO UPDATE SET to_desk_id = excluded.to_desk_id, how = excluded.how, evidence = excluded.evidence
    ), stepped AS (
        INSERT INTO onestop_dossierstep (id, dossier_id, at, desk_id, agency_id, actor, action, status, note, run_id)
        SELECT kernel_new_id(), id, %(at)s, %(to)s, %(agency)s, %(actor)s, 'place', status, %(reason)s, %(run)s
        FROM moved
    )
    SELECT id, from_desk FROM moved ORDER BY id
"""

# Given back where it still lies and nobody took a step since.
_TAKE_BACK = f"""
    WITH given AS (
        SELECT * FROM unnest(%(ids)s::uuid[], %(from)s::uuid[], %(to)s::uuid[]) AS g (id, from_desk, to_desk)
    ), lying AS (
        SELECT o.id, o.status, given.from_desk, given.to_desk FROM onestop_dossier o JOIN given USING (id)
        WHERE o.desk_id = given.to_desk AND o.status IN ({_FLYING})
          AND (SELECT s.action FROM onestop_dossierstep s WHERE s.dossier_id = o.id
               ORDER BY s.at DESC, s.id DESC LIMIT 1) = 'place'
        ORDER BY o.id FOR UPDATE OF o
    ), moved AS (
        UPDATE onestop_dossier o SET desk_id = lying.from_desk FROM lying WHERE o.id = lying.id
        RETURNING o.id, lying.status, lying.from_desk, lying.to_desk
    ), forgotten AS (
        DELETE FROM registry_carriedmove m USING moved
        WHERE m.run_id = %(run)s AND m.system = 'onestop' AND m.record = 'dossier' AND m.record_id = moved.id
    ), stepped AS (
        INSERT INTO onestop_dossierstep (id, dossier_id, at, desk_id, agency_id, actor, action, status, note)
        SELECT kernel_new_id(), id, %(at)s, from_desk, %(agency)s, %(actor)s, 'take_back', status, %(reason)s
        FROM moved
    )
    SELECT id, from_desk, to_desk FROM moved ORDER BY id
"""


class UndecidedDossiers:
    """What `DossierCarrier` says of dossiers that wait for a person (see `kernel.contract.Carrier`)."""

    def undecided_counts(self, desk_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
        """Dossiers in flight per desk."""
        return dict(_all(_COUNTS, [list(desk_ids)]))

    def undecided_villages(self, desk_ids: Sequence[uuid.UUID]) -> list[tuple[str, int]]:
        """Villages as written with their numbers; "" for those that name none."""
        return [(village, count) for village, count in _all(_VILLAGES, [list(desk_ids)])]

    def undecided(
        self,
        desk_ids: Sequence[uuid.UUID],
        *,
        ids: Sequence[uuid.UUID] = (),
        after: tuple[str, ...] = (),
        limit: int = 50,
        villages: Sequence[str] = (),
        text: str = "",
    ) -> list[UndecidedItem]:
        """Dossiers, the earliest appointment first."""
        narrow: list[str] = []
        params: dict[str, Any] = {"desks": list(desk_ids), "limit": min(limit, LARGEST_PAGE)}
        if ids:
            narrow.append("id = ANY(%(ids)s)")
            params["ids"] = list(ids)
        if after:
            narrow.append(f"(coalesce(due_at, '{_LAST}'), id) > (%(due)s::timestamptz, %(last)s::uuid)")
            params |= {"due": after[0], "last": after[1]}
        if villages:
            narrow.append("village = ANY(%(villages)s)")
            params["villages"] = list(villages)
        if text:
            narrow.append("(code LIKE %(code)s OR applicant_fold LIKE %(name)s)")
            params |= {"code": f"%{_plain(text.upper())}%", "name": f"%{_plain(fold(text))}%"}
        where = "".join(f" AND {each}" for each in narrow)
        return [_item(row) for row in _all(_ITEMS.format(narrow=where), params)]

    def place(
        self,
        ids: Sequence[uuid.UUID],
        from_desks: Sequence[uuid.UUID],
        to_desk: uuid.UUID,
        *,
        decision: Placing,
    ) -> list[PlacedRecord]:
        """Move dossiers to a desk; raises BeingCarried while a cut-over has its moment."""
        wait_for_cut_over()
        params = _params(decision) | {"ids": list(ids), "desks": list(from_desks), "to": to_desk}
        return [PlacedRecord(key, from_desk, to_desk) for key, from_desk in _all(_PLACE, params)]

    def take_back(self, placed: Sequence[PlacedRecord], *, decision: Placing) -> list[PlacedRecord]:
        """Give dossiers back to the desks they came from; raises BeingCarried."""
        wait_for_cut_over()
        params = _params(decision) | {
            "ids": [each.id for each in placed],
            "from": [each.from_desk for each in placed],
            "to": [each.to_desk for each in placed],
        }
        return [PlacedRecord(*row) for row in _all(_TAKE_BACK, params)]


def _params(decision: Placing) -> dict[str, Any]:
    return {
        "run": decision.run_id,
        "actor": decision.actor[:200],
        "how": decision.how[:20],
        "reason": decision.reason[:300],
        "at": decision.at,
        "agency": decision.agency_id,
    }


def _all(sql: str, params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def _plain(text: str) -> str:
    """A text in which nothing is a wildcard of LIKE."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _item(row: tuple[Any, ...]) -> UndecidedItem:
    key, desk, code, applicant, procedure, received_at, due_at, village, address, lat, lon, place = row
    return UndecidedItem(
        id=key,
        desk_id=desk,
        code=code,
        label=applicant,
        mark=(due_at.isoformat() if due_at else _LAST, str(key)),
        note=procedure,
        since=_local(received_at),
        due_at=_local(due_at),
        village=village,
        address=address,
        latitude=lat,
        longitude=lon,
        place_id=place,
    )


def _local(instant: datetime | None) -> datetime | None:
    return instant.astimezone(ZONE) if instant else None
