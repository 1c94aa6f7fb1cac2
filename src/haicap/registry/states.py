"""Reads the believed state of all units as values: what `changes_of` starts from."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.db import connection

from haicap.registry.changes import UnitState

_COLUMNS = "unit_id, level, code, kind, name, parent_id, province_id, latitude, longitude"


def _states(where: str, params: dict[str, Any]) -> dict[uuid.UUID, UnitState]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM registry_unitversion WHERE upper_inf(recorded) AND {where}", params
        )
        return {row[0]: UnitState(*row) for row in cursor.fetchall()}


def stored_state(day: date) -> dict[uuid.UUID, UnitState]:
    """Every unit that exists on `day`, as stored."""
    return _states("valid @> %(day)s::date", {"day": day})


def state_before(effective_on: date) -> dict[uuid.UUID, UnitState]:
    """Every unit that a reorganisation of this day may still end or change: open, and begun before."""
    return _states("upper_inf(valid) AND lower(valid) < %(day)s", {"day": effective_on})


def state_opened_on(effective_on: date) -> dict[uuid.UUID, UnitState]:
    """Units that another reorganisation has given their form of this very day: parents, never fates."""
    return _states("upper_inf(valid) AND lower(valid) = %(day)s", {"day": effective_on})
