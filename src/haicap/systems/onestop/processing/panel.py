"""What the page of a dossier shows of its work: its route with the present step, tasks, papers, fees, letters.

Everything here belongs to a dossier that the caller was allowed to see.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext as _

from haicap.access.hats import Hat
from haicap.kernel import clock, formats
from haicap.kernel.actor import Actor
from haicap.kernel.calendar import service as calendars
from haicap.registry.desks import holders_at
from haicap.systems.onestop import policy
from haicap.systems.onestop.filters import Urgency
from haicap.systems.onestop.models import (
    Dossier,
    DossierDetail,
    DossierFee,
    DossierLetter,
    DossierPaper,
    DossierTask,
    TaskKind,
)
from haicap.systems.onestop.papers import queries as papers
from haicap.systems.onestop.processing import service
from haicap.systems.onestop.processing.engine import definition_of
from haicap.systems.onestop.processing.errors import PaperNotFound
from haicap.systems.onestop.processing.routed import ENDED_OTHERWISE
from haicap.systems.onestop.processing.service import RECALLED
from haicap.systems.onestop.processing.worklist import Reach, row_of, urgency_of
from haicap.systems.onestop.queries import agency_names
from haicap.systems.onestop.routes.definition import Definition, Outcome, OutcomeKind, Step
from haicap.systems.onestop.routes.queries import Drawing, drawing_of, title_names
from haicap.systems.onestop.transitions import WAITING

MOST_TASKS = 200
MOST_PAPERS = 300
#: kinds that the browser shows by itself; all else is saved
SHOWN_IN_PAGE = frozenset({"application/pdf", "image/jpeg", "image/png", "image/webp"})


@dataclass(frozen=True, slots=True)
class Choice:
    """Một cách kết thúc trên trang: its outcome, whether it asks for a reason, or for what is still missing."""

    outcome: Outcome
    usual: bool
    asks_papers: bool


@dataclass(frozen=True, slots=True)
class OpenTask:
    """Việc đang mở: the task, where it lies, and what the actor may do with it."""

    task: DossierTask
    urgency: Urgency
    agency: str
    mine: bool
    doable: bool
    assignable: bool
    choices: tuple[Choice, ...]

    @property
    def told_head_at(self) -> datetime | None:
        """When the head was told last that the step is late."""
        return max((each.at for each in self.task.warnings.all() if each.to_head), default=None)

    @property
    def asks_papers(self) -> bool:
        """Whether one of the ways to end asks the applicant for papers."""
        return any(choice.asks_papers for choice in self.choices)


@dataclass(frozen=True, slots=True)
class PastTask:
    """Một dòng lịch sử việc: who did it, how it ended, how long it took."""

    task: DossierTask
    who: str
    ended: str
    took: str
    late: bool


@dataclass(frozen=True, slots=True)
class Panel:
    """Phần xử lý của trang hồ sơ."""

    detail: DossierDetail | None
    route: str
    drawing: Drawing | None
    open: tuple[OpenTask, ...]
    past: tuple[PastTask, ...]
    waits: bool
    asked_open: bool
    may_recall: bool
    papers: list[DossierPaper]
    fees: list[DossierFee]
    letters: list[DossierLetter]


def panel(mine: Reach, dossier: Dossier) -> Panel:
    """Everything of the work on one dossier. Nine queries, however much there is."""
    now = clock.now()
    tasks = list(
        DossierTask.objects.filter(dossier=dossier)
        .select_related("dossier", "title", "taken_by", "closed_by")
        .prefetch_related("warnings")
        .order_by("opened_at", "id")[:MOST_TASKS]
    )
    detail = (
        DossierDetail.objects.filter(pk=dossier.pk)
        .select_related("route_version__route")
        .defer("route_version__definition")
        .first()
    )
    definition = None
    if detail is not None and detail.route_version_id is not None:
        definition = definition_of(detail.route_version_id)
    holders = holders_at({task.lies_on_id or dossier.desk_id for task in tasks}, now) if tasks else {}
    names = agency_names(holders.values(), clock.today()) if tasks else {}
    titles = title_names() if definition is not None else {}
    opened = [task for task in tasks if task.closed_at is None]
    waits = dossier.status in WAITING
    return Panel(
        detail=detail,
        route=detail.route_version.route.name if detail is not None and detail.route_version else "",
        drawing=_drawing(definition, titles, opened) if definition is not None else None,
        open=tuple(
            _open(
                mine,
                task,
                definition,
                names.get(holders.get(task.lies_on_id or dossier.desk_id), ""),
                now,
                waits=waits,
            )
            for task in opened
        ),
        past=tuple(_past(task, definition) for task in reversed(tasks) if task.closed_at is not None),
        waits=waits,
        asked_open=any(task.kind == TaskKind.CONSULT for task in opened),
        may_recall=mine.actor.may(policy.ASSIGN) and dossier.desk_id in mine.held,
        papers=list(
            dossier.papers.select_related("file", "reused").order_by("round", "position", "id")[:MOST_PAPERS]
        ),
        fees=list(dossier.fees.order_by("paid_at", "id")[:100]),
        letters=papers.letters_of(dossier),
    )


def paper_file(actor: Actor, code: str, paper_id: uuid.UUID) -> tuple[Dossier, DossierPaper]:
    """A paper with its file, of a dossier that the actor may see. Raises DossierNotFound, PaperNotFound."""
    dossier = papers.dossier_by_code(actor, code)
    found = (
        DossierPaper.objects.filter(pk=paper_id, dossier=dossier)
        .select_related("file", "reused__file")
        .first()
    )
    if found is None or (found.file is None and (found.reused is None or found.reused.file is None)):
        raise PaperNotFound(
            _("Không tìm thấy giấy tờ này trong hồ sơ, hoặc giấy tờ không có tệp."),
            todo=_("Hãy tải lại trang hồ sơ."),
        )
    return dossier, found


def task_of(mine: Reach, task_id: uuid.UUID) -> DossierTask:
    """A task that the actor may do or hand out, open or not. Raises TaskNotFound."""
    found = (
        DossierTask.objects.filter(pk=task_id)
        .select_related("dossier__detail", "title", "taken_by", "closed_by")
        .first()
    )
    if found is None or not (row_of(mine, found, clock.now()).doable or found.lies_on_id in set(mine.desks)):
        raise service.not_there()
    return found


def candidates(task: DossierTask) -> list[tuple[Hat, int]]:
    """Whom a task may be given to, each with how many open tasks that person has taken. Three queries."""
    hats = list({hat.person_id: hat for hat in service.bearers(task)}.values())
    loads: Mapping[Any, int] = dict(
        DossierTask.objects.filter(closed_at__isnull=True, taken_by_id__in=[hat.person_id for hat in hats])
        .order_by()
        .values("taken_by_id")
        .annotate(many=Count("*"))
        .values_list("taken_by_id", "many")
    )
    return [(hat, loads.get(hat.person_id, 0)) for hat in hats]


def choices_of(step: Step | None) -> tuple[Choice, ...]:
    """The ways a step can end, the usual one first."""
    if step is None:
        return ()
    return tuple(
        Choice(each, number == 0, each.kind is OutcomeKind.SUPPLEMENT)
        for number, each in enumerate(step.outcomes)
    )


def _open(
    mine: Reach, task: DossierTask, definition: Definition | None, agency: str, now: datetime, *, waits: bool
) -> OpenTask:
    row = row_of(mine, task, now)
    step = definition.step(task.step) if definition is not None else None
    free = task.taken_by_id is None or row.mine
    doable = row.doable and (not waits or task.kind == TaskKind.CONSULT)
    return OpenTask(
        task=task,
        urgency=urgency_of(task, now),
        agency=agency,
        mine=row.mine,
        doable=doable,
        assignable=mine.actor.may(policy.ASSIGN) and task.lies_on_id in mine.served,
        choices=choices_of(step) if doable and free else (),
    )


def _past(task: DossierTask, definition: Definition | None) -> PastTask:
    assert task.closed_at is not None
    step = definition.step(task.step) if definition is not None else None
    outcome = step.outcome(task.outcome) if step is not None else None
    ended = outcome.label if outcome is not None else _ended(task.outcome)
    late = task.due_at is not None and task.closed_at > task.due_at
    return PastTask(
        task,
        task.closed_by.full_name if task.closed_by else "",
        ended,
        took(task.opened_at, task.closed_at),
        late,
    )


def _ended(outcome: str) -> str:
    return {
        RECALLED: _("thôi chờ ý kiến"),
        ENDED_OTHERWISE: _("kết thúc cùng hồ sơ"),
    }.get(outcome, outcome)


def took(begins: datetime, ends: datetime) -> str:
    """How long a task took by the working calendar: «3 giờ làm việc», «2,5 ngày làm việc»."""
    hours = calendars.working_hours_between(begins, ends)
    if hours * 60 < 1:
        return _("dưới 1 phút làm việc")
    if hours < 1:
        return _("%(count)s phút làm việc") % {"count": int(hours * 60)}
    if hours < 8:
        return _("%(count)s giờ làm việc") % {"count": formats.decimal(float(hours), 1)}
    return _("%(count)s ngày làm việc") % {"count": formats.decimal(float(hours) / 8, 1)}


def _drawing(definition: Definition, titles: Mapping[str, str], opened: Sequence[DossierTask]) -> Drawing:
    """The route with the step that is open now: marked in words, not by colour alone."""
    drawn = drawing_of(definition, titles)
    here: dict[str, list[str]] = {}
    for task in opened:
        here.setdefault(task.step, []).append(task.taken_by.full_name if task.taken_by else _("chưa ai nhận"))
    boxes = tuple(
        replace(
            box,
            name=f"▶ {box.name}" if box.key in here else box.name,
            note=f"{_('đang ở đây')}: {', '.join(here[box.key])} · {box.note}"
            if box.key in here
            else box.note,
            href="",
        )
        for box in drawn.boxes
    )
    return Drawing(boxes, drawn.ways)
