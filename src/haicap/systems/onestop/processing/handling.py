"""What officials do with tasks on their pages: end one with the paper that tells the applicant; many at once.

Each task of a bulk action stands for itself: what a colleague was faster with is told, the rest is done.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.errors import HaicapError
from haicap.kernel.text import clean
from haicap.systems.onestop.models import DossierDetail, DossierLetter, DossierTask, LetterForm
from haicap.systems.onestop.papers.service import issue_letter
from haicap.systems.onestop.papers.values import Content
from haicap.systems.onestop.processing import service
from haicap.systems.onestop.processing.engine import definition_of
from haicap.systems.onestop.processing.errors import SupplementAgain
from haicap.systems.onestop.processing.service import Completed
from haicap.systems.onestop.processing.worklist import Reach, row_of
from haicap.systems.onestop.routes.definition import Outcome, OutcomeKind, Step

#: tasks in one bulk action: each is a transaction of its own
MOST_AT_ONCE = 100
#: the form that tells the applicant how a step ended
FORMS = {OutcomeKind.SUPPLEMENT: LetterForm.SUPPLEMENT, OutcomeKind.REFUSE: LetterForm.REFUSAL}


@dataclass(frozen=True, slots=True)
class Ending:
    """Cách kết thúc đã chọn: the outcome, why, what is still to be handed in, whom to ask.

    `again`: papers are asked for a second time, knowing that this counts as late.
    """

    outcome: str
    note: str = ""
    items: tuple[str, ...] = ()
    contact: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """Việc đã xong, with the form that was issued for it."""

    completed: Completed
    letter: DossierLetter | None


@dataclass(slots=True)
class Summary:
    """Kết quả làm nhiều việc: those done, and those not done with the reason."""

    done: list[DossierTask] = field(default_factory=list)
    refused: list[tuple[DossierTask, HaicapError]] = field(default_factory=list)


def end_task(actor: Actor, task_id: uuid.UUID, ending: Ending, *, site: str = "") -> Ended:
    """Hoàn thành việc: end a task; a request for papers makes form 02, a refusal form 03, in the same act.

    Raises SupplementAgain (ONE-912) where papers were asked for before and `again` is not said, and as
    `service.complete_task` and `papers.issue_letter` do; nothing is written then.
    """
    note = clean(ending.note) or "; ".join(filter(None, map(clean, ending.items)))
    with journal.act(actor, "onestop.end_task", reason=note[:2000]):
        completed = service.complete_task(actor, task_id, ending.outcome, note=note)
        kind = _kind(completed.task)
        if kind is OutcomeKind.SUPPLEMENT:
            _check_once(completed, ending)
        form = FORMS.get(kind) if kind is not None else None
        letter = None
        if form is not None:
            content = Content(reason=note, items=ending.items, contact=ending.contact)
            letter = issue_letter(actor, completed.dossier.id, form, content, site=site, by_task=True)
    return Ended(completed, letter)


def take_many(actor: Actor, tasks: Collection[uuid.UUID]) -> Summary:
    """Nhận nhiều việc: those that are free become the actor's."""
    return _each(tasks, lambda task: service.take_task(actor, task))


def release_many(actor: Actor, tasks: Collection[uuid.UUID]) -> Summary:
    """Trả lại nhiều việc: colleagues may take them; also how taking and handing out is undone."""
    return _each(tasks, lambda task: service.release_task(actor, task))


def assign_many(actor: Actor, tasks: Collection[uuid.UUID], person: uuid.UUID, *, note: str = "") -> Summary:
    """Giao nhiều việc cho một người: those whose title that person bears."""
    return _each(tasks, lambda task: service.assign_task(actor, task, person, note=note))


def end_many(actor: Actor, tasks: Collection[uuid.UUID], ending: Ending, *, site: str = "") -> Summary:
    """Hoàn thành nhiều việc: by the same outcome."""
    return _each(tasks, lambda task: end_task(actor, task, ending, site=site).completed.task)


def chosen(mine: Reach, ids: Sequence[uuid.UUID]) -> list[DossierTask]:
    """The tasks of these ids that the actor may act on: do, or hand out. One query; order as given."""
    wanted = list(dict.fromkeys(ids))[:MOST_AT_ONCE]
    now = clock.now()
    found = {
        task.id: task
        for task in DossierTask.objects.filter(id__in=wanted, closed_at__isnull=True).select_related(
            "dossier__detail", "title", "taken_by"
        )
    }
    listed = set(mine.desks)
    return [
        task
        for one in wanted
        if (task := found.get(one)) is not None
        and (row_of(mine, task, now).doable or task.lies_on_id in listed)
    ]


def step_of(task: DossierTask) -> Step | None:
    """The step of the route that a task is about; its dossier's detail must be at hand."""
    detail: DossierDetail | None = getattr(task.dossier, "detail", None)
    if detail is None or detail.route_version_id is None:
        return None
    return definition_of(detail.route_version_id).step(task.step)


def common_outcomes(tasks: Iterable[DossierTask]) -> list[Outcome]:
    """The outcomes by which every one of these tasks can end; those of the first where all have the same step."""
    steps = [step_of(task) for task in tasks]
    known = [step for step in steps if step is not None]
    if not known or len(known) != len(steps):
        return []
    shared = set.intersection(*({(each.key, each.kind) for each in step.outcomes} for step in known))
    return [each for each in known[0].outcomes if (each.key, each.kind) in shared]


def _kind(task: DossierTask) -> OutcomeKind | None:
    step = step_of(task)
    outcome = step.outcome(task.outcome) if step is not None else None
    return outcome.kind if outcome is not None else None


def _check_once(completed: Completed, ending: Ending) -> None:
    """The count has this request in it already."""
    asked = DossierDetail.objects.values_list("supplements", flat=True).get(pk=completed.dossier.id)
    if asked > 1 and not ending.again:
        raise SupplementAgain(
            _("Hồ sơ %(code)s đã được yêu cầu bổ sung một lần.") % {"code": completed.dossier.code},
            where="lan-nua",
            kept=_("Việc vẫn như cũ, chưa có phiếu nào được lập."),
            todo=_(
                "Yêu cầu lần nữa thì hồ sơ tính là trễ hạn; nếu vẫn cần, hãy đánh dấu xác nhận rồi làm lại."
            ),
        )


def _each(tasks: Collection[uuid.UUID], do: Callable[[uuid.UUID], DossierTask]) -> Summary:
    """Each task by itself; `tasks` are those of `chosen`."""
    made = Summary()
    known = {
        task.id: task
        for task in DossierTask.objects.filter(id__in=list(tasks)[:MOST_AT_ONCE]).select_related(
            "dossier", "title"
        )
    }
    for one in list(dict.fromkeys(tasks))[:MOST_AT_ONCE]:
        if one not in known:
            continue
        try:
            do(one)
        except HaicapError as error:
            made.refused.append((known[one], error))
        else:
            made.done.append(known[one])
    return made
