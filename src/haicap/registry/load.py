"""From the published dataset (`registry.country`) to changes of units: pure, nothing is written here."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping
from datetime import date

from haicap.kernel.ids import new_id
from haicap.registry import country
from haicap.registry.changes import (
    AbolishedSpec,
    FormationSpec,
    From,
    NewEvent,
    Opening,
    Spelling,
    UnitChanges,
    UnitState,
    level_of_code,
)
from haicap.registry.models import EventKind, Level

_ORDER: Mapping[str, int] = {Level.PROVINCE: 0, Level.DISTRICT: 1, Level.COMMUNE: 2}


def base_changes(units: Iterable[country.BaseUnit], on: date) -> UnitChanges:
    """The base state as one event that opens every unit, from `on` on."""
    event = NewEvent(new_id(), EventKind.BASE)
    by_code: dict[str, UnitState] = {}
    for unit in sorted(units, key=lambda unit: (_ORDER[unit.level], unit.code)):
        unit_id = new_id()
        parent = by_code[unit.parent_code] if unit.parent_code else None
        by_code[unit.code] = UnitState(
            unit_id,
            unit.level,
            unit.code,
            unit.kind,
            unit.name,
            parent.unit_id if parent else None,
            parent.province_id if parent else unit_id,
            unit.lat,
            unit.lon,
        )
    spellings = tuple(
        Spelling(by_code[code].unit_id, variant, SPELLING_SOURCE)
        for day, code, variant in country.load_spellings()
        if day == on and code in by_code and variant != by_code[code].name
    )
    return UnitChanges(
        on,
        events=(event,),
        opens=tuple(Opening(event.id, state) for state in by_code.values()),
        spellings=spellings,
        unit_of_code={(state.level, state.code): state.unit_id for state in by_code.values()},
    )


SPELLING_SOURCE = "nguồn công bố"


def specs_of(
    published: country.PublishedReorganisation, resolutions: Mapping[str, uuid.UUID]
) -> tuple[list[FormationSpec], list[AbolishedSpec]]:
    """The formations and abolitions of a published reorganisation; `resolutions` gives ids by number.

    Districts end by the law on local government that abolished their level, which stands among the
    reorganisation's acts.
    """
    variants: dict[str, list[tuple[str, str]]] = {}
    for day, code, variant in country.load_spellings():
        if day == published.effective:
            variants.setdefault(code, []).append((variant, SPELLING_SOURCE))
    formations = [
        FormationSpec(
            level=unit.level,
            code=unit.code,
            kind=unit.kind,
            name=unit.name,
            parent_code=unit.parent_code,
            predecessors=tuple(From(part.code, part.part) for part in unit.predecessors),
            resolution_id=resolutions[unit.resolution] if unit.resolution else None,
            latitude=unit.lat,
            longitude=unit.lon,
            spellings=tuple(pair for pair in variants.get(unit.code, ()) if pair[0] != unit.name),
            note=unit.note,
            where=f"{published.key}: {unit.code}",
        )
        for unit in published.formations
    ]
    law = abolishing_act(published.resolutions)
    abolished = [
        AbolishedSpec(level_of_code(code), code, resolutions[law] if law else None, published.key)
        for code in published.abolished
    ]
    return formations, abolished


#: Luật Tổ chức chính quyền địa phương 2025 ended the district level (Điều 51)
DISTRICTS_ENDED_BY = ("72/2025/QH15", "203/2025/QH15")


def abolishing_act(resolutions: Iterable[str]) -> str | None:
    """Which of a reorganisation's acts abolished the district level; None when it names none."""
    named = set(resolutions)
    return next((act for act in DISTRICTS_ENDED_BY if act in named), None)


def digest_of_base(units: Iterable[country.BaseUnit], on: date) -> str:
    """SHA-256 over the base state and its day, as 64 hexadecimal digits: tells one base from another."""
    seal = hashlib.sha256(on.isoformat().encode())
    for unit in sorted(units, key=lambda unit: (unit.level, unit.code)):
        line = (unit.level, unit.code, unit.kind, unit.name, unit.parent_code, unit.lat, unit.lon)
        seal.update(repr(line).encode())
    return seal.hexdigest()
