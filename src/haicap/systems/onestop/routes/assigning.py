"""Gán quy trình hàng loạt: which procedures take which route, for many at once, with preview and undo.

A request names procedures by field, level, time limit, name or code, and either one route or «theo đề xuất»: each
gets the one that `library.propose` names. What would be chosen already is left alone.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.text import clean, fold
from haicap.registry.models import Level
from haicap.registry.models.base import BELIEVED, NOT_WITHDRAWN
from haicap.systems.onestop.models import ProcedureVersion, Route, RouteChoice, RouteVersion, TimeLimit
from haicap.systems.onestop.models.route import RouteAssignment
from haicap.systems.onestop.routes import policy
from haicap.systems.onestop.routes.choosing import usable
from haicap.systems.onestop.routes.definition import parse
from haicap.systems.onestop.routes.errors import BadAssignment, NothingToUndo
from haicap.systems.onestop.routes.library import propose
from haicap.systems.onestop.routes.validation import Finding, check_time, limit_hours

#: procedures of one assignment; the catalogue of a province has about 2,060
MOST_PROCEDURES = 10_000
#: rows shown of a preview
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Selection:
    """Điều kiện chọn: which procedures. `within_days`: the shortest limit is at most so many working days."""

    level: str
    field: str = ""
    text: str = ""
    within_days: int | None = None
    over_days: int | None = None
    only_without: bool = True

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Line:
    """Một dòng xem trước: a procedure, its limit in words, the route it has and the one it would get."""

    procedure_id: uuid.UUID
    code: str
    name: str
    field: str
    limit: str
    now: str
    route_id: uuid.UUID | None
    route: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """Xem trước: the lines (all of them), how many would change, how many have a time limit that is too short."""

    lines: tuple[Line, ...]
    without_proposal: int

    @property
    def changing(self) -> tuple[Line, ...]:
        """The lines that would change."""
        return tuple(line for line in self.lines if line.route_id is not None and not line.findings)

    @property
    def too_short(self) -> tuple[Line, ...]:
        """Lines left out: the route takes longer than the published limit."""
        return tuple(line for line in self.lines if line.findings)


def preview(actor: Actor, selection: Selection, *, route: Route | None, on: dt.date | None = None) -> Preview:
    """Xem trước khi gán; `route` None: what the library proposes for each. Writes nothing.

    Procedures whose limit is shorter than the route takes are left out and shown. Raises RoutesNotAllowed,
    BadAssignment.
    """
    policy.check_manage(actor)
    day = on or clock.today()
    versions = _selected(selection, day)
    limits = _limits(versions)
    versions = [each for each in versions if _within(selection, limits[each.id])]
    has = _chosen([each.procedure_id for each in versions], selection.level, day)
    if selection.only_without:
        versions = [each for each in versions if has.get(each.procedure_id) is None]
    definitions = _definitions(day)
    by_code = {each.code: each for each in Route.objects.filter(id__in=definitions)}
    lines, nothing = [], 0
    for version in versions:
        wanted = route
        if wanted is None:
            standard = propose(version.field_id, selection.level, limits[version.id])
            wanted = by_code.get(standard.code) if standard is not None else None
            nothing += wanted is None
        now = has.get(version.procedure_id)
        if wanted is not None and now is not None and now.id == wanted.id:
            continue
        definition = definitions.get(wanted.id) if wanted is not None else None
        found = check_time(definition, limits[version.id]) if definition is not None else []
        lines.append(
            Line(
                version.procedure_id,
                version.procedure.code,
                version.name,
                version.field.name,
                "; ".join(limit.text or str(limit.get_unit_display()) for limit in limits[version.id][:3]),
                now.name if now is not None else "",
                wanted.id if wanted is not None else None,
                wanted.name if wanted is not None else "",
                tuple(each for each in found if each.code == "too-long"),
            )
        )
    return Preview(tuple(lines), nothing)


def assign(
    actor: Actor,
    selection: Selection,
    *,
    route: Route | None,
    begins_on: dt.date | None = None,
    only: Collection[uuid.UUID] | None = None,
) -> RouteAssignment:
    """Gán hàng loạt: the changing lines of the preview, from a day on (default today); one act, one undo.

    `only` narrows to procedures that were ticked. Raises RoutesNotAllowed, BadAssignment where nothing would change,
    the day has gone, or the route has no published version.
    """
    policy.check_manage(actor)
    day = begins_on or clock.today()
    if day < clock.today():
        raise _bad(_("Ngày bắt đầu áp dụng đã qua."), "begins_on")
    if route is not None and not RouteVersion.objects.filter(usable(day), route=route).exists():
        raise _bad(_("Quy trình «%(name)s» chưa có phiên bản công bố.") % {"name": route.name}, "route")
    with journal.act(actor, "onestop.assign_routes") as act:
        lines = [
            line
            for line in preview(actor, selection, route=route, on=day).changing
            if only is None or line.procedure_id in only
        ]
        if not lines:
            raise _bad(_("Không có thủ tục nào thay đổi."), "selection")
        now = clock.now()
        ids = [line.procedure_id for line in lines]
        same_day = RouteChoice.objects.filter(
            NOT_WITHDRAWN, procedure_id__in=ids, level=selection.level, begins_on=day
        ).select_for_update()
        replaced = [choice.id for choice in same_day]
        RouteChoice.objects.filter(id__in=replaced).update(withdrawn_at=now)
        made = RouteAssignment.objects.create(
            at=now,
            made_by=actor.label[:200],
            route=route,
            level=selection.level,
            begins_on=day,
            asked=selection.as_dict(),
            count=len(lines),
            replaced=[str(each) for each in replaced],
        )
        RouteChoice.objects.bulk_create(
            RouteChoice(
                procedure_id=line.procedure_id,
                level=selection.level,
                route_id=line.route_id,
                begins_on=day,
                run_id=made.id,
            )
            for line in lines
        )
        act.changed(
            "onestop.route_assignment",
            made.id,
            None,
            {"count": made.count, "route": route.code if route else None, **selection.as_dict()},
        )
    return made


def undo(actor: Actor, assignment: uuid.UUID) -> RouteAssignment:
    """Hoàn tác một lượt gán: its choices are withdrawn, those it replaced hold again.

    Dossiers received meanwhile keep the route they took. Raises RoutesNotAllowed, NothingToUndo.
    """
    policy.check_manage(actor)
    with journal.act(actor, "onestop.undo_route_assignment") as act:
        found = (
            RouteAssignment.objects.select_for_update().filter(pk=assignment, undone_at__isnull=True).first()
        )
        if found is None:
            raise NothingToUndo(
                _("Lượt gán này không có hoặc đã hoàn tác."),
                kept=_("Quy trình của các thủ tục vẫn như cũ."),
                todo=_("Hãy tải lại trang."),
            )
        now = clock.now()
        mine = RouteChoice.objects.filter(NOT_WITHDRAWN, run_id=found.id)
        taken = list(mine.values_list("procedure_id", flat=True))
        mine.update(withdrawn_at=now)
        # a later assignment of the same day may stand in the place of what this one replaced
        later = RouteChoice.objects.filter(NOT_WITHDRAWN, level=found.level, begins_on=found.begins_on)
        RouteChoice.objects.filter(id__in=found.replaced, procedure_id__in=taken).exclude(
            procedure_id__in=later.values("procedure_id")
        ).update(withdrawn_at=None)
        found.undone_at = now
        found.save(update_fields=["undone_at"])
        act.changed("onestop.route_assignment", found.id, {"undone": False}, {"undone": True})
    return found


def latest(actor: Actor, most: int = 20) -> list[RouteAssignment]:
    """The latest assignments, newest first."""
    policy.check_see(actor)
    return list(RouteAssignment.objects.select_related("route").order_by("-at")[:most])


def coverage(level: str, on: dt.date) -> tuple[int, int]:
    """How many procedures decided at a level on a day have a route, and how many there are."""
    there = ProcedureVersion.objects.filter(BELIEVED, valid__contains=on, levels__contains=[level])
    chosen = (
        RouteChoice.objects.filter(NOT_WITHDRAWN, level=level, begins_on__lte=on)
        .order_by("procedure_id", "-begins_on")
        .distinct("procedure_id")
        .values_list("procedure_id", "route_id")
    )
    with_route = {procedure for procedure, route in chosen if route is not None}
    ids = list(there.values_list("procedure_id", flat=True))
    return sum(1 for each in ids if each in with_route), len(ids)


def used_by(routes: Collection[uuid.UUID], on: dt.date) -> dict[uuid.UUID, int]:
    """Route → how many procedures take it on a day, at any level."""
    chosen = (
        RouteChoice.objects.filter(NOT_WITHDRAWN, begins_on__lte=on)
        .order_by("procedure_id", "level", "-begins_on")
        .distinct("procedure_id", "level")
        .values("id")
    )
    counted = (
        RouteChoice.objects.filter(id__in=chosen, route_id__in=routes)
        .values("route_id")
        .annotate(many=Count("procedure_id", distinct=True))
        .values_list("route_id", "many")
    )
    return {route: many for route, many in counted if route is not None}


def _selected(selection: Selection, day: dt.date) -> list[ProcedureVersion]:
    if selection.level not in Level.values:
        raise _bad(_("Hãy chọn cấp giải quyết."), "level")
    wanted = Q(levels__contains=[selection.level]) | Q(
        procedure__competences__level=selection.level,
        procedure__competences__valid__contains=day,
        procedure__competences__recorded__upper_inf=True,
    )
    if selection.field:
        wanted &= Q(field_id=selection.field)
    if words := clean(selection.text)[:100]:
        wanted &= Q(fold__contains=fold(words)) | Q(procedure__code__startswith=words)
    found = list(
        ProcedureVersion.objects.filter(BELIEVED, wanted, valid__contains=day)
        .select_related("procedure", "field")
        .only("name", "field__name", "procedure__code", "procedure__twin")
        .order_by("field_id", "procedure__code", "procedure__twin")
        .distinct()[: MOST_PROCEDURES + 1]
    )
    if len(found) > MOST_PROCEDURES:
        raise _bad(_("Có quá nhiều thủ tục; hãy thu hẹp điều kiện."), "selection")
    return found


def _limits(versions: Collection[ProcedureVersion]) -> dict[uuid.UUID, list[TimeLimit]]:
    found: dict[uuid.UUID, list[TimeLimit]] = defaultdict(list)
    for limit in TimeLimit.objects.filter(version__in=[each.id for each in versions]).order_by(
        "position", "id"
    ):
        found[limit.version_id].append(limit)
    return found


def _within(selection: Selection, limits: list[TimeLimit]) -> bool:
    if selection.within_days is None and selection.over_days is None:
        return True
    known = [hours for limit in limits if (hours := limit_hours(limit)) is not None]
    if not known:
        return False
    shortest = min(known) / Decimal(8)
    return (selection.within_days is None or shortest <= selection.within_days) and (
        selection.over_days is None or shortest > selection.over_days
    )


def _chosen(procedures: Collection[uuid.UUID], level: str, on: dt.date) -> dict[uuid.UUID, Route | None]:
    choices = (
        RouteChoice.objects.filter(NOT_WITHDRAWN, procedure_id__in=procedures, level=level, begins_on__lte=on)
        .order_by("procedure_id", "-begins_on")
        .distinct("procedure_id")
        .select_related("route")
    )
    return {choice.procedure_id: choice.route for choice in choices}


def _definitions(on: dt.date) -> dict[uuid.UUID, Any]:
    newest = RouteVersion.objects.filter(usable(on)).order_by("route_id", "-number").distinct("route_id")
    return {version.route_id: parse(version.definition) for version in newest}


def _bad(message: str, where: str) -> BadAssignment:
    return BadAssignment(
        message,
        where=where,
        kept=_("Quy trình của các thủ tục vẫn như cũ."),
        todo=_("Hãy sửa điều kiện rồi xem trước lại."),
    )
