"""Dựng lại trạng thái: folds the believed events into the state of any day, without looking at versions.

The stored versions are derived from events; that replay gives the same state is checked by tests on the real
country and on random ones, and by `haicap units replay` on a live registry.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection

from haicap.registry.changes import State, UnitState


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """A believed event as replay needs it; `sequence` orders the reorganisations of one day."""

    effective_on: date
    sequence: int
    payload: Mapping[str, Any]


class ReplayError(ValueError):
    """The events contradict one another: a unit opened twice, or changed or ended where it did not exist."""


def fold_events(events: Iterable[RecordedEvent], day: date) -> dict[uuid.UUID, UnitState]:
    """The state on `day`. The events of one reorganisation are one step: what ends goes before what opens.

    Raises ReplayError when the events contradict one another.
    """
    steps: dict[tuple[date, int], list[RecordedEvent]] = {}
    for event in events:
        if event.effective_on <= day:
            steps.setdefault((event.effective_on, event.sequence), []).append(event)
    state: dict[uuid.UUID, UnitState] = {}
    for key in sorted(steps):
        _fold_step(state, steps[key])
    return state


def _fold_step(state: dict[uuid.UUID, UnitState], events: list[RecordedEvent]) -> None:
    for event in events:
        for unit in event.payload.get("closes", ()):
            if state.pop(uuid.UUID(unit), None) is None:
                raise ReplayError(f"unit {unit} ends on {event.effective_on} but did not exist")
    for event in events:
        for row in event.payload.get("changes", ()):
            changed = UnitState.from_row(row)
            if changed.unit_id not in state:
                raise ReplayError(f"unit {changed.unit_id} changes on {event.effective_on} but did not exist")
            state[changed.unit_id] = changed
    for event in events:
        for row in event.payload.get("opens", ()):
            opened = UnitState.from_row(row)
            if opened.unit_id in state:
                raise ReplayError(f"unit {opened.unit_id} is formed twice, on {event.effective_on} again")
            state[opened.unit_id] = opened


def believed_events() -> list[RecordedEvent]:
    """Every event that is believed now, with its payload."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT event.effective_on, dense_rank() OVER (ORDER BY reorganisation.id), event.payload
              FROM registry_unitevent AS event
              JOIN registry_reorganisation AS reorganisation ON reorganisation.id = event.reorganisation_id
             WHERE upper_inf(event.recorded)
            """
        )
        return [
            RecordedEvent(effective_on, sequence, _payload(payload))
            for effective_on, sequence, payload in cursor.fetchall()
        ]


def _payload(value: Any) -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = json.loads(value) if isinstance(value, str) else value
    return loaded


@dataclass(frozen=True, slots=True)
class Difference:
    """A unit for which replay and the stored versions disagree; None where one of them has no such unit."""

    unit_id: uuid.UUID
    replayed: UnitState | None
    stored: UnitState | None


def differences(replayed: State, stored: State) -> list[Difference]:
    """Where two states differ, in the order of unit ids; empty when they are equal."""
    return [
        Difference(unit_id, replayed.get(unit_id), stored.get(unit_id))
        for unit_id in sorted(set(replayed) | set(stored))
        if replayed.get(unit_id) != stored.get(unit_id)
    ]
