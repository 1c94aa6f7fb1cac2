"""Reads of routes for pages: the list, one route with its drawing; everybody who works at an agency may see them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from haicap.kernel import formats
from haicap.kernel.actor import Actor
from haicap.kernel.text import clean, fold
from haicap.registry.models import AgencyKind, Title
from haicap.systems.onestop.models import Route, RouteVersion, TaskKind
from haicap.systems.onestop.routes import policy
from haicap.systems.onestop.routes.assigning import used_by
from haicap.systems.onestop.routes.definition import Definition, OutcomeKind, Step
from haicap.systems.onestop.routes.moving import running_per_version

PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class RouteRow:
    """Một dòng danh sách: a route, its newest published version and draft, procedures and dossiers that use it."""

    route: Route
    published: RouteVersion | None
    draft: RouteVersion | None
    procedures: int
    dossiers: int


@dataclass(frozen=True, slots=True)
class Box:
    """A step in the drawing (see `web.pictures.Box`)."""

    key: str
    name: str
    note: str
    href: str
    apart: bool


@dataclass(frozen=True, slots=True)
class Way:
    """An outcome in the drawing (see `web.pictures.Way`)."""

    source: str
    target: str
    why: str
    back: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """What `route_picture` draws."""

    boxes: tuple[Box, ...]
    ways: tuple[Way, ...]


def matching(actor: Actor, text: str = "") -> list[Route]:
    """Routes by name or code in any spelling, standard ones first; a province has dozens, not thousands."""
    policy.check_see(actor)
    wanted = clean(text)[:100]
    found = Route.objects.order_by("-standard", "name")
    if not wanted:
        return list(found[:2000])
    words = fold(wanted)
    return [route for route in found[:2000] if words in fold(route.name) or wanted.lower() in route.code]


def rows(routes: list[Route], on: date) -> list[RouteRow]:
    """The lines of these routes; four queries, however many."""
    ids = [route.id for route in routes]
    versions = list(RouteVersion.objects.filter(route_id__in=ids).defer("definition").order_by("number"))
    published: dict[uuid.UUID, RouteVersion] = {}
    drafts: dict[uuid.UUID, RouteVersion] = {}
    for version in versions:
        if version.published_at is None:
            drafts[version.route_id] = version
        elif version.retired_at is None:
            published[version.route_id] = version
    running = running_per_version([version.id for version in versions])
    of_route: dict[uuid.UUID, int] = {}
    for version in versions:
        of_route[version.route_id] = of_route.get(version.route_id, 0) + running.get(version.id, 0)
    procedures = used_by(ids, on)
    return [
        RouteRow(
            route,
            published.get(route.id),
            drafts.get(route.id),
            procedures.get(route.id, 0),
            of_route.get(route.id, 0),
        )
        for route in routes
    ]


def title_names() -> dict[str, str]:
    """Titles by code, in order of rank."""
    return dict(Title.objects.order_by("rank", "name").values_list("code", "name"))


def drawing_of(definition: Definition, titles: Mapping[str, str]) -> Drawing:
    """The boxes and ways of a route; ways between the same steps are one."""
    boxes = tuple(
        Box(step.key, step.name, _note(step, titles), f"#buoc-{step.key}", step.kind == TaskKind.CONSULT)
        for step in definition.steps
    )
    ways: dict[tuple[str, str, bool], list[str]] = {}
    order = {key: number for number, key in enumerate(definition.keys)}
    for step in definition.steps:
        for each in step.outcomes:
            if each.to in order:
                back = each.kind in (OutcomeKind.BACK, OutcomeKind.SUPPLEMENT)
                ways.setdefault((step.key, each.to, back), []).append(each.label)
    return Drawing(
        boxes,
        tuple(
            Way(source, target, ", ".join(labels), back) for (source, target, back), labels in ways.items()
        ),
    )


def hours_in_words(step: Step) -> str:
    """«4 giờ», «2,5 ngày làm việc»."""
    if step.hours < 8:
        return _("%(count)s giờ") % {"count": _number(float(step.hours))}
    return _("%(count)s ngày làm việc") % {"count": _number(float(step.hours) / 8)}


def _number(value: float) -> str:
    return formats.decimal(value, 0 if value == int(value) else 2)


def _note(step: Step, titles: Mapping[str, str]) -> str:
    who = titles.get(step.title, step.title) or _("chưa chọn chức danh")
    if step.agencies:
        asked = ", ".join(agency_in_words(agency.kind, agency.slot) for agency in step.agencies)
        return f"{asked} · {who} · {hours_in_words(step)}"
    return f"{who} · {hours_in_words(step)}"


def agency_in_words(kind: str, slot: str) -> str:
    """«Sở Xây dựng», «Ủy ban nhân dân»."""
    return f"{AgencyKind(kind).label} {slot}".strip()
