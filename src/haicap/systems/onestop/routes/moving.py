"""Chuyển hồ sơ đang chạy: dossiers of one version go over to another of any route, step by step of a mapping.

An open task is closed as «moved» and one of the new step takes its place, so that the history stays; its person
keeps it where the title is the same. Undo turns back those whose new task nobody has completed since.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.registry.desks import holders_at
from haicap.systems.onestop.models import (
    IN_FLIGHT,
    Dossier,
    DossierDetail,
    DossierQuerySet,
    DossierTask,
    Route,
    RouteVersion,
    Status,
    TaskKind,
)
from haicap.systems.onestop.models.route import RouteMove, RouteMoveItem
from haicap.systems.onestop.processing.engine import due_of, record_opened, summary
from haicap.systems.onestop.routes import policy
from haicap.systems.onestop.routes.definition import Definition, Step, parse
from haicap.systems.onestop.routes.errors import BadMapping, NothingToUndo
from haicap.systems.onestop.service import wait_for_cut_over
from haicap.systems.onestop.transitions import WAITING

#: outcome of a task whose dossier went over to another version, and back
MOVED, MOVED_BACK = "moved", "moved-back"
#: dossiers of one move; more are moved in several
MOST_DOSSIERS = 20_000


@dataclass(frozen=True, slots=True)
class StepCount:
    """Một bước trong bản xem trước: how many tasks are open there, where they would go, why not where they cannot."""

    step: str
    name: str
    count: int
    to: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class MovePreview:
    """Xem trước: per step, and the dossiers that have no open task (they only change their version)."""

    steps: tuple[StepCount, ...]
    dossiers: int
    without_task: int

    @property
    def possible(self) -> bool:
        """Whether everything can be mapped."""
        return self.dossiers > 0 and not any(each.problem for each in self.steps)


def same_keys(source: RouteVersion, target: RouteVersion) -> dict[str, str]:
    """The mapping to begin with: steps of the same key, else of the same kind and title when there is only one."""
    old, new = parse(source.definition), parse(target.definition)
    mapping: dict[str, str] = {}
    for step in old.steps:
        twin = new.step(step.key)
        if twin is None:
            alike = [each for each in new.steps if (each.kind, each.title) == (step.kind, step.title)]
            twin = alike[0] if len(alike) == 1 else None
        if twin is not None:
            mapping[step.key] = twin.key
    return mapping


def preview_move(
    actor: Actor, source: RouteVersion, target: RouteVersion, mapping: Mapping[str, str]
) -> MovePreview:
    """How many open tasks there are per step and where they would go. Writes nothing. Raises RoutesNotAllowed."""
    policy.check_manage(actor)
    old, new = parse(source.definition), parse(target.definition)
    counted: dict[str, int] = dict(
        _open_tasks(source).order_by().values("step").annotate(many=Count("id")).values_list("step", "many")
    )
    rows = [
        StepCount(
            step.key,
            step.name,
            counted.get(step.key, 0),
            mapping.get(step.key, ""),
            _problem(step, new, mapping),
        )
        for step in old.steps
        if counted.get(step.key)
    ]
    running = _running(source)
    all_of_them = running.count()
    busy = _open_tasks(source).values("dossier_id").distinct().count()
    return MovePreview(tuple(rows), all_of_them, all_of_them - busy)


def move_running(
    actor: Actor, source: RouteVersion, target: RouteVersion, mapping: Mapping[str, str]
) -> RouteMove:
    """Chuyển: every running dossier of `source` goes over to `target`, all or none; one act, one undo.

    Raises RoutesNotAllowed, BadMapping (all that cannot be mapped in `details`; too many dossiers).
    """
    policy.check_manage(actor)
    if source.pk == target.pk or target.published_at is None or target.retired_at is not None:
        raise _bad(_("Phiên bản đích phải khác phiên bản nguồn, đã công bố và đang dùng."))
    new = parse(target.definition)
    with journal.act(actor, "onestop.move_running_dossiers") as act:
        wait_for_cut_over()
        now = clock.now()
        dossiers = list(_running(source).order_by("id").select_for_update(of=("self",))[: MOST_DOSSIERS + 1])
        _check(source, target, mapping, dossiers)
        tasks = list(
            _open_tasks(source).select_related("dossier").order_by("id").select_for_update(of=("self",))
        )
        made = RouteMove.objects.create(
            at=now,
            made_by=actor.label[:200],
            source=source,
            target=target,
            mapping=dict(mapping),
            count=len(dossiers),
        )
        DossierDetail.objects.filter(dossier_id__in=[each.id for each in dossiers]).update(
            route_version=target
        )
        replaced = _replace(act, actor, tasks, new, mapping, now, MOVED)
        RouteMoveItem.objects.bulk_create(
            RouteMoveItem(move=made, before=before, after=after) for before, after in replaced
        )
        act.changed(
            "onestop.route_move",
            made.id,
            None,
            {"source": str(source.id), "target": str(target.id), "count": made.count},
        )
    return made


def undo_move(actor: Actor, move: uuid.UUID) -> tuple[RouteMove, int]:
    """Hoàn tác một lượt chuyển: dossiers whose task of then is still open go back; returns how many stayed.

    Raises RoutesNotAllowed, NothingToUndo.
    """
    policy.check_manage(actor)
    with journal.act(actor, "onestop.undo_move_of_dossiers") as act:
        wait_for_cut_over()
        found = (
            RouteMove.objects.select_for_update(of=("self",))
            .select_related("source", "target")
            .filter(pk=move, undone_at__isnull=True)
            .first()
        )
        if found is None:
            raise NothingToUndo(
                _("Lượt chuyển này không có hoặc đã hoàn tác."),
                kept=_("Các hồ sơ vẫn như cũ."),
                todo=_("Hãy tải lại trang."),
            )
        now = clock.now()
        items = list(found.items.select_related("before", "after__dossier__detail").order_by("after_id"))
        worked_on = {item.after.dossier_id for item in items if item.after.closed_at is not None}
        back = [item for item in items if item.after.dossier_id not in worked_on]
        old = parse(found.source.definition)
        tasks = [item.after for item in back]
        ways: dict[tuple[str, str], list[DossierTask]] = defaultdict(list)
        for item in back:
            ways[item.after.step, item.before.step].append(item.after)
        DossierDetail.objects.filter(
            dossier_id__in={task.dossier_id for task in tasks}, route_version=found.target
        ).update(route_version=found.source)
        for (here, there), together in ways.items():
            _replace(act, actor, together, old, {here: there}, now, MOVED_BACK)
        found.undone_at = now
        found.save(update_fields=["undone_at"])
        act.changed("onestop.route_move", found.id, {"undone": False}, {"undone": True, "back": len(tasks)})
    return found, len(worked_on)


def moves_of(version: RouteVersion, most: int = 10) -> list[RouteMove]:
    """The latest moves away from a version."""
    return list(version.moves_away.select_related("target__route").order_by("-at")[:most])


def moves_within(route: Route, most: int = 10) -> list[RouteMove]:
    """The latest moves away from any version of a route."""
    found = RouteMove.objects.filter(source__route=route).select_related("source", "target")
    return list(found.order_by("-at")[:most])


def running_per_version(versions: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Version → dossiers in flight that run by it."""
    counted = (
        DossierDetail.objects.filter(route_version_id__in=versions, dossier__status__in=IN_FLIGHT)
        .values("route_version_id")
        .annotate(many=Count("dossier_id"))
        .values_list("route_version_id", "many")
    )
    return {version: many for version, many in counted if version is not None}


def _running(source: RouteVersion) -> DossierQuerySet:
    return Dossier.objects.filter(detail__route_version=source, status__in=IN_FLIGHT)


def _open_tasks(source: RouteVersion) -> QuerySet[DossierTask]:
    return DossierTask.objects.filter(
        dossier__detail__route_version=source, dossier__status__in=IN_FLIGHT, closed_at__isnull=True
    )


def _problem(step: Step, new: Definition, mapping: Mapping[str, str]) -> str:
    """Why the tasks of a step cannot go where the mapping sends them; "" where they can."""
    to = mapping.get(step.key, "")
    target = new.step(to)
    if not to:
        return _("chưa chọn bước tương ứng")
    if target is None:
        return _("quy trình mới không có bước «%(to)s»") % {"to": to}
    if (step.kind == TaskKind.CONSULT) != (target.kind == TaskKind.CONSULT):
        return _("bước cho ý kiến chỉ chuyển sang bước cho ý kiến")
    return ""


def _check(
    source: RouteVersion, target: RouteVersion, mapping: Mapping[str, str], dossiers: Sequence[Dossier]
) -> None:
    if not dossiers:
        raise _bad(_("Không có hồ sơ nào đang chạy theo phiên bản này."))
    if len(dossiers) > MOST_DOSSIERS:
        raise _bad(_("Có quá nhiều hồ sơ cho một lượt chuyển."))
    new = parse(target.definition)
    at = set(_open_tasks(source).values_list("step", flat=True))
    problems = [
        f"{step.name}: {problem}"
        for step in parse(source.definition).steps
        if step.key in at and (problem := _problem(step, new, mapping))
    ]
    problems += [
        _("Bước «%(step)s» không có trong phiên bản nguồn") % {"step": key}
        for key in sorted(at - set(parse(source.definition).keys))
    ]
    if problems:
        raise _bad("; ".join(problems), problems)


def _replace(
    act: journal.Act,
    actor: Actor,
    tasks: Sequence[DossierTask],
    definition: Definition,
    mapping: Mapping[str, str],
    now: datetime,
    outcome: str,
) -> list[tuple[DossierTask, DossierTask]]:
    """Close these tasks and open their counterparts; due again by the new step's hours."""
    holders = holders_at([task.desk_id or task.dossier.desk_id for task in tasks], now)
    made: list[tuple[DossierTask, DossierTask]] = []
    for task in tasks:
        step = definition.step(mapping[task.step])
        if step is None:
            continue
        holder = holders.get(task.desk_id or task.dossier.desk_id) or task.dossier.competent_agency_id
        keeps = step.title == task.title_id
        waits = step.kind != TaskKind.CONSULT and Status(task.dossier.status) in WAITING
        made.append(
            (
                task,
                DossierTask(
                    dossier=task.dossier,
                    step=step.key,
                    name=step.name,
                    kind=step.kind,
                    title_id=step.title,
                    desk_id=task.desk_id,
                    opened_at=now,
                    due_at=None if waits else due_of(step, now, holder),
                    taken_by_id=task.taken_by_id if keeps else None,
                    taken_at=task.taken_at if keeps else None,
                ),
            )
        )
    DossierTask.objects.filter(id__in=[before.id for before, _after in made]).update(
        closed_at=now, closed_by_id=actor.person_id, outcome=outcome
    )
    for before, _after in made:
        was = summary(before)
        before.closed_at, before.outcome = now, outcome
        act.changed("onestop.task", before.id, was, summary(before))
    record_opened(act, [after for _before, after in made])
    return made


def _bad(message: str, problems: Sequence[str] = ()) -> BadMapping:
    return BadMapping(
        message,
        where="mapping",
        kept=_("Các hồ sơ vẫn theo phiên bản cũ."),
        todo=_("Hãy chọn bước tương ứng cho từng bước còn hồ sơ."),
        details={"problems": list(problems)},
    )
