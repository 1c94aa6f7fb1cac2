"""The engine: what a step of a route opens, when it is due, and along which statuses an outcome leads.

Nothing here asks who may; the use-cases are in `service` (tasks) and `routed` (what a dossier's own use-cases do to
its tasks).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime
from fractions import Fraction
from functools import lru_cache

from django.utils.translation import gettext as _

from haicap.kernel import journal
from haicap.kernel.actor import Actor
from haicap.kernel.calendar import service as calendars
from haicap.registry.desks import desk_for
from haicap.registry.models import Agency, AgencyKind, Level, UnitVersion
from haicap.registry.models.base import BELIEVED
from haicap.registry.standing import standing
from haicap.systems.onestop.models import Dossier, DossierTask, RouteVersion, Status, TaskKind
from haicap.systems.onestop.processing.errors import NobodyToAsk
from haicap.systems.onestop.routes.definition import AskedAgency, Definition, Step, parse
from haicap.systems.onestop.transitions import WAITING, may_follow


@lru_cache(maxsize=1024)
def definition_of(version_id: uuid.UUID) -> Definition:
    """The steps of a published version; kept in memory, for they never change (trigger)."""
    return parse(RouteVersion.objects.values_list("definition", flat=True).get(pk=version_id))


def statuses_between(before: Status, after: Status) -> tuple[Status, ...]:
    """The statuses through which an outcome leads: none, the one, or through «đang xử lý» where the law has no
    direct way (received → processed). Empty also where there is no way at all: ask `leads_to` first."""
    if before == after:
        return ()
    if may_follow(before, after):
        return (after,)
    if may_follow(before, Status.PROCESSING) and may_follow(Status.PROCESSING, after):
        return (Status.PROCESSING, after)
    return ()


def leads_to(before: Status, after: Status) -> bool:
    """Whether an outcome may take a dossier from one status to the other."""
    return before == after or bool(statuses_between(before, after))


def due_of(step: Step, opened_at: datetime, agency_id: uuid.UUID | None) -> datetime:
    """When a step that opens now is due: its hours later, by the working calendar of the agency."""
    return calendars.subtract_working_hours(opened_at, -Fraction(step.hours), agency_id)


def open_step(
    actor: Actor, dossier: Dossier, step: Step, now: datetime, holder_id: uuid.UUID
) -> list[DossierTask]:
    """The tasks of a step for a dossier, not saved yet: one, or one at each agency that is consulted.

    While the dossier's clock stands still they have no due time. Raises NobodyToAsk; DeskHeldByAnother.
    """
    if step.kind == TaskKind.CONSULT:
        return [_asked(actor, dossier, step, agency, now, holder_id) for agency in step.agencies]
    waits = Status(dossier.status) in WAITING
    return [
        DossierTask(
            dossier=dossier,
            step=step.key,
            name=step.name,
            kind=step.kind,
            title_id=step.title,
            opened_at=now,
            due_at=None if waits else due_of(step, now, holder_id),
        )
    ]


def record_opened(act: journal.Act, tasks: Iterable[DossierTask]) -> None:
    """Save new tasks and journal them."""
    made = DossierTask.objects.bulk_create(tasks)
    for task in made:
        act.changed("onestop.task", task.id, None, summary(task))


def summary(task: DossierTask) -> Mapping[str, object]:
    """What the journal keeps of a task."""
    return {
        "dossier": str(task.dossier_id),
        "step": task.step,
        "title": task.title_id,
        "desk": str(task.desk_id) if task.desk_id else None,
        "due_at": task.due_at.isoformat() if task.due_at else None,
        "taken_by": str(task.taken_by_id) if task.taken_by_id else None,
        "outcome": task.outcome,
    }


def _asked(
    actor: Actor, dossier: Dossier, step: Step, asked: AskedAgency, now: datetime, holder_id: uuid.UUID
) -> DossierTask:
    agency = _agency(dossier, asked, now, holder_id)
    by_field = asked.level == Level.PROVINCE and asked.kind == AgencyKind.DEPARTMENT
    desk = desk_for(agency, None, dossier.field if by_field else "", actor=actor)
    return DossierTask(
        dossier=dossier,
        step=step.key,
        name=step.name,
        kind=TaskKind.CONSULT,
        title_id=step.title,
        desk=desk,
        opened_at=now,
        due_at=due_of(step, now, agency.id),
    )


def _agency(dossier: Dossier, asked: AskedAgency, now: datetime, holder_id: uuid.UUID) -> Agency:
    """The agency of this kind that stands beside or above the one that asks; today's."""
    holder = Agency.objects.select_related("unit").get(pk=holder_id)
    unit_id: uuid.UUID | None = holder.unit_id
    if asked.level == Level.PROVINCE and holder.unit.level != Level.PROVINCE:
        unit_id = (
            UnitVersion.objects.filter(BELIEVED, unit_id=holder.unit_id, valid__contains=now.date())
            .values_list("province_id", flat=True)
            .first()
        )
    elif asked.level != holder.unit.level:
        unit_id = dossier.place_id
    same = Agency.objects.filter(unit__level=asked.level, kind=asked.kind, slot=asked.slot)
    found = same.filter(unit_id=unit_id).first() if unit_id is not None else None
    today = standing(found.id, now.date()) if found is not None else None
    if found is None or today is None or not today.lives:
        raise NobodyToAsk(
            _("Hôm nay không có cơ quan «%(kind)s %(slot)s» để lấy ý kiến.")
            % {"kind": AgencyKind(asked.kind).label, "slot": asked.slot},
            kept=_("Bước vừa rồi của bạn chưa được ghi."),
            todo=_("Hãy chọn cách kết thúc khác, và báo quản trị sửa quy trình."),
            details={"kind": asked.kind, "level": asked.level, "slot": asked.slot},
        )
    return found
