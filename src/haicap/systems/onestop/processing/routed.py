"""What a dossier's own use-cases (`onestop.service`) do to its route: begin it, hold it, go on, end it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import Subquery
from django.utils.translation import gettext as _

from haicap.kernel import journal
from haicap.kernel.actor import Actor
from haicap.registry.models import Agency
from haicap.systems.onestop.models import CLOSED, Dossier, DossierDetail, DossierTask, Status, TaskKind
from haicap.systems.onestop.processing.engine import (
    definition_of,
    due_of,
    open_step,
    record_opened,
    summary,
)
from haicap.systems.onestop.processing.errors import GoesByRoute
from haicap.systems.onestop.routes.choosing import choose_by_code
from haicap.systems.onestop.transitions import WAITING

#: outcome of a task that did not end by its step
ENDED_OTHERWISE = "ended"


def begin(
    act: journal.Act,
    actor: Actor,
    dossier: Dossier,
    now: datetime,
    holder_id: uuid.UUID,
    procedure_id: uuid.UUID | None = None,
) -> DossierTask | None:
    """Open the first task of a dossier that has just been received; None where its procedure has no route.

    Which route: `routes.choose` for the procedure, the level of the competent agency and the day. Its version is
    written into the dossier's detail, which is made where there is none. A dossier on a route stays on it.
    """
    level = Subquery(Agency.objects.filter(pk=dossier.competent_agency_id).values("unit__level")[:1])
    version = choose_by_code(dossier.procedure_code, level, now.date(), procedure_id)
    if version is None:
        return None
    first = definition_of(version.id).first
    if first is None:
        return None
    detail, made = DossierDetail.objects.get_or_create(
        dossier_id=dossier.id, defaults={"route_version_id": version.id}
    )
    if not made:
        if detail.route_version_id is not None:
            return None
        detail.route_version_id = version.id
        detail.save(update_fields=["route_version"])
    tasks = open_step(actor, dossier, first, now, holder_id)
    record_opened(act, tasks)
    return tasks[0] if tasks else None


def follow(
    act: journal.Act,
    actor: Actor,
    dossiers: Sequence[Dossier],
    before: Mapping[uuid.UUID, Status],
    now: datetime,
    holders: Mapping[uuid.UUID, uuid.UUID],
) -> None:
    """After a status that no step brought: end open tasks, stop their clocks, or let them run again.

    Raises GoesByRoute where the route alone leads to that status. One query where no dossier has a task.
    """
    by_id = {dossier.id: dossier for dossier in dossiers}
    tasks = list(
        DossierTask.objects.filter(dossier_id__in=by_id, closed_at__isnull=True)
        .select_related("dossier__detail")
        .order_by("id")
    )
    for task in tasks:
        dossier, was = by_id[task.dossier_id], before[task.dossier_id]
        _check_way(dossier, was)
        old = summary(task)
        if dossier.status in CLOSED:
            task.closed_at, task.outcome = now, ENDED_OTHERWISE
            task.closed_by_id = actor.person_id
        elif task.kind == TaskKind.CONSULT:
            continue
        elif dossier.status in WAITING:
            task.due_at = None
        elif was in WAITING:
            version_id = task.dossier.detail.route_version_id
            step = definition_of(version_id).step(task.step) if version_id else None
            if step is not None:
                task.due_at = due_of(step, now, holders[dossier.id])
        act.changed("onestop.task", task.id, old, summary(task))
    if tasks:
        DossierTask.objects.bulk_update(tasks, ["closed_at", "closed_by", "outcome", "due_at"])


def by_hand(before: Status, after: Status) -> bool:
    """Whether a dossier on a route may be led there without a task."""
    if after in WAITING or after in (Status.WITHDRAWN, Status.REFUSED):
        return True
    return before in WAITING and after == Status.PROCESSING


def _check_way(dossier: Dossier, was: Status) -> None:
    """A dossier on a route waits, comes back, is withdrawn or given up by hand; all else its steps decide."""
    if by_hand(was, Status(dossier.status)):
        return
    raise GoesByRoute(
        _("Hồ sơ %(code)s đi theo quy trình: trạng thái này do bước đang mở quyết định.")
        % {"code": dossier.code},
        kept=_("Hồ sơ vẫn như cũ."),
        todo=_("Hãy hoàn thành việc đang mở của hồ sơ."),
        details={"dossier": dossier.code},
    )
