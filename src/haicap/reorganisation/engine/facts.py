"""From a plan to the facts of a cut-over: which units end or live on, who follows them, by which rules."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from haicap.kernel.text import fold
from haicap.registry.division import Boundaries, DivisionRules
from haicap.registry.establishment import (
    EstablishmentRows,
)
from haicap.registry.models import Level
from haicap.registry.service import UnitChanges, UnitState
from haicap.reorganisation.plan.model import Plan


@dataclass(slots=True)
class Facts:
    """What a cut-over knows before it writes: changes of units, the scope, rows of the new agencies, rules."""

    plan: Plan
    changes: UnitChanges
    state: dict[uuid.UUID, UnitState]
    after: dict[uuid.UUID, UnitState]
    #: unit that ends or changes → (fate, divided, successor)
    fates: dict[uuid.UUID, tuple[str, bool, uuid.UUID | None]]
    rows: EstablishmentRows = field(default_factory=EstablishmentRows)
    rules: dict[uuid.UUID, DivisionRules] = field(default_factory=dict)

    @property
    def day_before(self) -> date:
        """The last day of the old order."""
        return self.plan.effective_on - timedelta(days=1)

    def unit_of(self, code: str) -> uuid.UUID:
        """The unit that bears this code from the effective day on."""
        level = {2: Level.PROVINCE, 3: Level.DISTRICT, 5: Level.COMMUNE}[len(code)]
        found = self.changes.unit_of_code.get((level, code))
        if found is not None:
            return found
        return next(
            state.unit_id for state in self.after.values() if state.code == code and state.level == level
        )


def facts_of(plan: Plan, changes: UnitChanges, state: dict[uuid.UUID, UnitState]) -> Facts:
    """The facts of a checked plan; reads nothing."""
    facts = Facts(plan, changes, state, changes.apply_to(state), {})
    by_code = {unit.code: unit.unit_id for unit in state.values()}
    interim = {division.code: division.interim for division in plan.divisions}
    abolished = {item.code: item.interim for item in plan.abolished}
    successors: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for edge in changes.successions:
        successors[edge.predecessor_id].append(edge.successor_id)
    for change in changes.changes:
        facts.fates[change.state.unit_id] = ("continued", False, change.state.unit_id)
    for closing in changes.closes:
        code = state[closing.unit_id].code
        heirs = successors.get(closing.unit_id, [])
        if len(heirs) == 1:
            facts.fates[closing.unit_id] = ("ended", False, heirs[0])
        else:
            holder = interim.get(code) or abolished.get(code) or ""
            facts.fates[closing.unit_id] = ("ended", True, facts.unit_of(holder) if holder else None)
    facts.rules = _rules(plan, facts, by_code)
    return facts


def _rules(plan: Plan, facts: Facts, by_code: Mapping[str, uuid.UUID]) -> dict[uuid.UUID, DivisionRules]:
    """The rules of every divided unit, and of every abolished district (by the place's successor)."""
    boundaries = Boundaries.read(Path(plan.boundaries)) if plan.boundaries else None
    heirs_of: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for edge in facts.changes.successions:
        heirs_of[edge.predecessor_id].append(edge.successor_id)
    found: dict[uuid.UUID, DivisionRules] = {}
    for division in plan.divisions:
        unit_id = by_code[division.code]
        heirs = heirs_of[unit_id]
        found[unit_id] = DivisionRules(
            villages={fold(text): facts.unit_of(code) for text, code in division.villages},
            addresses=[(fold(text), facts.unit_of(code)) for text, code in division.addresses],
            successors={facts.after[heir].code: heir for heir in heirs},
            boundaries=boundaries,
        )
    places = {
        unit_id: successor
        for unit_id, (_fate, divided, successor) in facts.fates.items()
        if not divided and successor is not None and facts.state[unit_id].level == Level.COMMUNE
    }
    for item in plan.abolished:
        found[by_code[item.code]] = DivisionRules(places=places)
    return found
