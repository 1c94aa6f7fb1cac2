"""Thư viện quy trình chuẩn: routes that come with haicap, as data, and the rule that proposes one for a procedure.

`data/library.json`: per route code, name, note, level, the fields (lĩnh vực) it is meant for and the shortest time
limit in working days it fits. Loading is idempotent: what is there is left alone, a changed definition of a release
becomes the next published version; versions that dossiers run by never change.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.systems.onestop.models import Route, RouteVersion, TaskKind, TimeLimit
from haicap.systems.onestop.routes.definition import Definition, dump, parse
from haicap.systems.onestop.routes.validation import limit_hours, longest_hours

#: a person chooses it for dossiers received elsewhere
ACROSS_BORDERS = "phi-dia-gioi"
DATA = Path(__file__).parent / "data" / "library.json"


@dataclass(frozen=True, slots=True)
class StandardRoute:
    """Quy trình chuẩn: a route of the library and what it is meant for."""

    code: str
    name: str
    note: str
    level: str
    fields: tuple[str, ...]
    most_days: int | None
    definition: Definition

    @property
    def hours(self) -> Decimal:
        """Working hours of its longest way."""
        return longest_hours(self.definition)


@lru_cache(maxsize=1)
def standard_routes() -> tuple[StandardRoute, ...]:
    """The library, as it is shipped. Raises BadDefinition where the file is broken."""
    rows: list[dict[str, Any]] = json.loads(DATA.read_text(encoding="utf-8"))
    return tuple(
        StandardRoute(
            code=row["code"],
            name=row["name"],
            note=row["note"],
            level=row["level"],
            fields=tuple(row["fields"]),
            most_days=row["most_days"],
            definition=parse(row["definition"]),
        )
        for row in rows
    )


def load_library(actor: Actor) -> dict[str, int]:
    """Nạp thư viện: make the standard routes that are missing, publish what a release changed; safe to repeat."""
    made = changed = 0
    with journal.act(actor, "onestop.load_standard_routes") as act:
        now = clock.now()
        known = {route.code: route for route in Route.objects.filter(standard=True).select_for_update()}
        newest = {
            version.route_id: version
            for version in RouteVersion.objects.filter(
                route__standard=True, published_at__isnull=False
            ).order_by("number")
        }
        taken = set(
            Route.objects.filter(
                standard=False, code__in=[each.code for each in standard_routes()]
            ).values_list("code", flat=True)
        )
        for each in standard_routes():
            if each.code in taken:
                continue
            route = known.get(each.code)
            if route is None:
                route = Route.objects.create(code=each.code, name=each.name, note=each.note, standard=True)
                made += 1
            last = newest.get(route.id)
            definition = dump(each.definition)
            if last is not None and last.definition == definition:
                continue
            number = 1 + max(route.versions.values_list("number", flat=True), default=0)
            version = RouteVersion.objects.create(
                route=route, number=number, definition=definition, published_at=now
            )
            changed += last is not None
            act.changed("onestop.route", route.id, None, {"code": route.code, "version": version.number})
        act.changed("onestop.route", None, None, {"made": made, "changed": changed})
    return {"made": made, "changed": changed, "all": len(standard_routes())}


def propose(field: str, level: str, limits: Sequence[TimeLimit]) -> StandardRoute | None:
    """The standard route for a procedure: of those for its level and field the longest that fits its time limit.

    Without one for the field those for any field are asked; where the limit is not known, the first for any limit.
    """
    known = [hours for limit in limits if (hours := limit_hours(limit)) is not None]
    allowed = min(known) if known else None
    same_level = [each for each in standard_routes() if each.level == _level(level)]
    for group in (
        [each for each in same_level if field in each.fields],
        [each for each in same_level if not each.fields],
        same_level,
    ):
        found = _fitting(group, allowed, field)
        if found is not None:
            return found
    return None


def _fitting(routes: Iterable[StandardRoute], allowed: Decimal | None, field: str) -> StandardRoute | None:
    """Who consults whom is a matter of the field: no such route is proposed for others; nor one across borders."""
    listed = [
        each
        for each in routes
        if each.code != ACROSS_BORDERS
        and (field in each.fields or all(step.kind != TaskKind.CONSULT for step in each.definition.steps))
    ]
    if allowed is None:
        return next((each for each in listed if each.most_days is None), listed[0] if listed else None)
    fitting = [each for each in listed if each.hours <= allowed]
    return max(fitting, key=lambda each: each.hours, default=None)


def _level(level: str) -> str:
    """Districts are gone since 1/7/2025; what they decide until then is worked on as communes do."""
    return "commune" if level == "district" else level
