"""Reads of the registry of units: at any day, by code, by any spelling, through all of time.

Units are public (QĐ 19/2025/QĐ-TTg): these reads need no actor. Every list is bounded.
"""

from haicap.registry.queries.days import base_day, naming_day, require_day
from haicap.registry.queries.history import HistoryEdge, NamedUnit, UnitHistory, UnitSpan, history
from haicap.registry.queries.search import SearchHit, search
from haicap.registry.queries.successions import SuccessionEdge, iter_successions, successions
from haicap.registry.queries.units import (
    COUNT_KEYS,
    CodeBearer,
    UnitView,
    bearers_of_code,
    children_of,
    code_at,
    counts,
    unit_at,
    unit_by_code,
    units_at,
    units_by_code_at,
)
from haicap.registry.snapshot import Snapshot, fingerprint, snapshot

__all__ = [
    "COUNT_KEYS",
    "CodeBearer",
    "HistoryEdge",
    "NamedUnit",
    "SearchHit",
    "Snapshot",
    "SuccessionEdge",
    "UnitHistory",
    "UnitSpan",
    "UnitView",
    "base_day",
    "bearers_of_code",
    "children_of",
    "code_at",
    "counts",
    "fingerprint",
    "history",
    "iter_successions",
    "naming_day",
    "require_day",
    "search",
    "snapshot",
    "successions",
    "unit_at",
    "unit_by_code",
    "units_at",
    "units_by_code_at",
]
