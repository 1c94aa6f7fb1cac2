"""Use-cases of tasks (việc theo quy trình): take, hand out, give back, complete, close consultations.

Who may is decided by a title, in the query: whoever bears the task's title at the agency that holds the desk now, so
a cut-over needs no write. Each use-case is one transaction with one act of the journal; statuses move by
`onestop.service` within it. During the read-only moment of a cut-over they wait, as all steps of dossiers do.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from haicap.access import hats
from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.text import clean
from haicap.registry.desks import holders_at
from haicap.registry.models import Agency, Person
from haicap.systems.onestop import policy, service
from haicap.systems.onestop.models import Dossier, DossierTask, Status, TaskKind
from haicap.systems.onestop.models.queryset import DEPUTIES, ORGANS, served, task_reach
from haicap.systems.onestop.processing import routed
from haicap.systems.onestop.processing.engine import (
    definition_of,
    leads_to,
    open_step,
    record_opened,
    statuses_between,
    summary,
)
from haicap.systems.onestop.processing.errors import (
    AssignNotAllowed,
    DossierWaits,
    NotABearer,
    NothingAsked,
    OutcomeUnknown,
    ReasonNeeded,
    TaskClosed,
    TaskNotFound,
    TaskTaken,
)
from haicap.systems.onestop.routes.definition import Definition, Outcome, Step
from haicap.systems.onestop.service import BULK_LIMIT, NEEDS_REASON, wait_for_cut_over
from haicap.systems.onestop.transitions import WAITING

#: outcome of a consultation that was not waited for any longer
RECALLED = "recalled"
#: people offered for a task
MOST_BEARERS = 100
_NOTE_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class Completed:
    """Việc đã xong: the task, its dossier as it stands now, and what was opened next (nothing at an end, or while
    other agencies have not answered)."""

    task: DossierTask
    dossier: Dossier
    opened: tuple[DossierTask, ...]


def open_first_task(
    actor: Actor, dossier: Dossier, *, procedure: uuid.UUID | None = None
) -> DossierTask | None:
    """Mở việc đầu tiên: set a received dossier on its procedure's route; None where it has none, or is on one.

    `receive_dossier` does this itself; who knows which of two procedures under one code it is names it.
    Raises NobodyToAsk where the first step consults an agency that does not exist.
    """
    with journal.act(actor, "onestop.open_first_task") as act:
        now = clock.now()
        holder = holders_at([dossier.desk_id], now).get(dossier.desk_id) or dossier.competent_agency_id
        opened = routed.begin(act, actor, dossier, now, holder, procedure)
        if opened is None:
            act.changed("onestop.dossier", dossier.id, None, {"code": dossier.code, "route": None})
    return opened


def take_task(actor: Actor, task: uuid.UUID) -> DossierTask:
    """Nhận việc: from now on it is the actor's. Raises TaskNotFound, TaskClosed, TaskTaken (names who has it)."""
    with journal.act(actor, "onestop.take_task") as act:
        wait_for_cut_over()
        now = clock.now()
        (found,) = _locked(actor, [task])
        _check_free(actor, found)
        _hand(act, found, actor.person_id, now)
    return found


def release_task(actor: Actor, task: uuid.UUID, *, note: str = "") -> DossierTask:
    """Trả lại việc: nobody has it then, colleagues may take it. Who has it, or who hands out tasks, may.

    Raises TaskNotFound, TaskClosed, TaskTaken.
    """
    with journal.act(actor, "onestop.release_task", reason=clean(note)[:_NOTE_LENGTH]) as act:
        wait_for_cut_over()
        found = _locked_for_head(actor, task)
        if found is None:
            (found,) = _locked(actor, [task])
            _check_free(actor, found)
        _check_open(found)
        _hand(act, found, None, None)
    return found


def assign_task(actor: Actor, task: uuid.UUID, person: uuid.UUID, *, note: str = "") -> DossierTask:
    """Giao việc: give an open task to somebody who bears its title at the agency, or a deputy's; also over again.

    Who may: holds «Giao việc» and works for the agency that holds the desk. Raises AssignNotAllowed, TaskNotFound,
    TaskClosed, NotABearer.
    """
    if not actor.may(policy.ASSIGN):
        raise assign_not_allowed()
    with journal.act(actor, "onestop.assign_task", reason=clean(note)[:_NOTE_LENGTH]) as act:
        wait_for_cut_over()
        now = clock.now()
        found = _locked_for_head(actor, task)
        if found is None:
            raise not_there()
        _check_open(found)
        holder = _holders([found], now)[found.id]
        if not bears(person, found.title_id, holder, deputies=True):
            raise NotABearer(
                _("Người này không giữ chức danh «%(title)s» tại cơ quan đang giữ hồ sơ.")
                % {"title": found.title.name},
                kept=_("Việc vẫn như cũ."),
                todo=_("Hãy chọn người đang giữ chức danh ấy, hoặc cấp phó."),
            )
        _hand(act, found, person, now)
    return found


def complete_task(actor: Actor, task: uuid.UUID, outcome: str, *, note: str = "") -> Completed:
    """Hoàn thành việc: end a task by one of its step's outcomes. See `complete_tasks`."""
    return complete_tasks(actor, [task], outcome, note=note)[0]


def complete_tasks(
    actor: Actor, tasks: Collection[uuid.UUID], outcome: str, *, note: str = ""
) -> list[Completed]:
    """End these tasks by the outcome of this key, all or none; what follows by the route is opened.

    Statuses move within the same act. A consultation's answer waits for those of the other agencies; the last one
    opens the next step. Raises TaskNotFound, TaskClosed (somebody was faster), TaskTaken, OutcomeUnknown,
    ReasonNeeded, DossierWaits, NobodyToAsk, StatusMayNotFollow; nothing is written then.
    """
    reason = clean(note)[:_NOTE_LENGTH]
    with journal.act(actor, "onestop.complete_task", reason=reason) as act:
        wait_for_cut_over()
        now = clock.now()
        found = _locked(actor, tasks)
        holders = _holders(found, now)
        ways = [_way(actor, task, outcome, reason) for task in found]
        moved = _move(actor, found, ways, reason)
        _close(act, actor, found, outcome, reason, now)
        opened = _open_next(act, actor, found, ways, moved, holders, now)
    return [Completed(task, moved[task.dossier_id], tuple(opened[task.id])) for task in found]


def close_consultations(actor: Actor, dossier: uuid.UUID, *, reason: str) -> tuple[DossierTask, ...]:
    """Thôi chờ ý kiến: agencies that have not answered are not waited for; the route goes on.

    Who hands out tasks at the agency that holds the dossier may (an opinion that is late counts as consent). Raises
    AssignNotAllowed, DossierNotFound, NothingAsked, ReasonNeeded. Returns what was opened.
    """
    why = clean(reason)[:_NOTE_LENGTH]
    if not actor.may(policy.ASSIGN):
        raise assign_not_allowed()
    if not why:
        raise _reason_needed()
    with journal.act(actor, "onestop.close_consultations", reason=why) as act:
        wait_for_cut_over()
        now = clock.now()
        lying = Dossier.objects.on_my_desks(actor).filter(pk=dossier).select_for_update(of=("self",)).first()
        if lying is None:
            raise service.not_found()
        asked = list(
            DossierTask.objects.filter(dossier=lying, kind=TaskKind.CONSULT, closed_at__isnull=True)
            .select_related("dossier__detail")
            .order_by("id")
        )
        if not asked:
            raise NothingAsked(
                _("Hồ sơ %(code)s không có ý kiến nào đang chờ.") % {"code": lying.code},
                kept=_("Hồ sơ vẫn như cũ."),
                todo=_("Hãy tải lại trang hồ sơ."),
            )
        step = _step_of(asked[0])
        _close(act, actor, asked, RECALLED, why, now)
        target = _definition(asked[0]).step(step.outcomes[0].to)
        if target is None:
            return ()
        holder = holders_at([lying.desk_id], now).get(lying.desk_id) or lying.competent_agency_id
        opened = open_step(actor, lying, target, now, holder)
        record_opened(act, opened)
    return tuple(opened)


def bears(person: uuid.UUID, title: str, agency: uuid.UUID, *, deputies: bool = False) -> bool:
    """Whether a person bears a title (or its deputy's) at an agency today, or at an organ of its unit below it.

    Posts held by delegation count: whoever acts for a person takes that person's tasks.
    """
    titles = {title, DEPUTIES[title]} if deputies and title in DEPUTIES else {title}
    return any(hat.title in titles and _at(hat, agency) for hat in hats.hats_of(person))


def bearers(task: DossierTask) -> list[hats.Hat]:
    """Who may be given a task: those who bear its title, then deputies; at most `MOST_BEARERS`."""
    now = clock.now()
    holder = _holders([task], now)[task.id]
    titles = [task.title_id, *([DEPUTIES[task.title_id]] if task.title_id in DEPUTIES else [])]
    return hats.held(
        "post.title_id = ANY(%(titles)s) AND (agency.id = %(holder)s OR (agency.kind = ANY(%(organs)s)"
        " AND agency.unit_id = (SELECT unit_id FROM registry_agency WHERE id = %(holder)s AND kind = 'ubnd')))",
        {"titles": titles, "holder": holder, "organs": list(ORGANS), "limit": MOST_BEARERS},
        " ORDER BY title.rank, person.sort_key LIMIT %(limit)s",
    )


def _at(hat: hats.Hat, agency: uuid.UUID) -> bool:
    if hat.agency_id == agency:
        return True
    return hat.kind in ORGANS and Agency.objects.filter(pk=agency, unit_id=hat.unit_id, kind="ubnd").exists()


def _locked(actor: Actor, ids: Collection[uuid.UUID]) -> list[DossierTask]:
    """The tasks that the actor's title reaches, their dossiers locked first; raises TaskNotFound, TaskClosed."""
    wanted = set(ids)
    if not 0 < len(wanted) <= BULK_LIMIT:
        raise not_there()
    found = list(
        DossierTask.objects.filter(task_reach(actor), id__in=wanted)
        .select_related("dossier__detail__route_version__route", "title")
        .order_by("dossier_id", "id")
        .select_for_update(of=("dossier", "self"))
    )
    if len(found) != len(wanted):
        raise not_there()
    for task in found:
        _check_open(task)
    return found


def _locked_for_head(actor: Actor, task: uuid.UUID) -> DossierTask | None:
    """The task where the actor hands out those of the desk it lies on."""
    if not actor.may(policy.ASSIGN):
        return None
    return (
        DossierTask.objects.filter(served(actor), pk=task)
        .select_related("dossier__detail", "title")
        .select_for_update(of=("dossier", "self"))
        .first()
    )


def _check_open(task: DossierTask) -> None:
    if task.closed_at is None:
        return
    who = task.closed_by.full_name if task.closed_by is not None else ""
    raise TaskClosed(
        _("Việc «%(name)s» của hồ sơ %(code)s vừa được hoàn thành%(who)s.")
        % {
            "name": task.name,
            "code": task.dossier.code,
            "who": _(" (người làm: %(name)s)") % {"name": who} if who else "",
        },
        kept=_("Bước vừa rồi của bạn chưa được ghi."),
        todo=_("Hãy tải lại trang để thấy bước hiện nay của hồ sơ."),
        details={"dossier": task.dossier.code, "outcome": task.outcome},
    )


def _check_free(actor: Actor, task: DossierTask) -> None:
    """Raises TaskTaken while a colleague has it who still bears the title there."""
    if task.taken_by_id is None or task.taken_by_id == actor.person_id or actor.is_system:
        return
    holder = _holders([task], clock.now())[task.id]
    if not bears(task.taken_by_id, task.title_id, holder, deputies=True):
        return
    name = Person.objects.values_list("full_name", flat=True).get(pk=task.taken_by_id)
    raise TaskTaken(
        _("Việc «%(name)s» của hồ sơ %(code)s đang do %(who)s làm.")
        % {"name": task.name, "code": task.dossier.code, "who": name},
        kept=_("Bước vừa rồi của bạn chưa được ghi."),
        todo=_("Hãy hỏi người đang làm, hoặc nhờ lãnh đạo giao lại."),
        details={"dossier": task.dossier.code},
    )


def _hand(act: journal.Act, task: DossierTask, person: uuid.UUID | None, at: datetime | None) -> None:
    old = summary(task)
    task.taken_by_id, task.taken_at = person, at
    DossierTask.objects.filter(pk=task.pk).update(taken_by_id=person, taken_at=at)
    act.changed("onestop.task", task.id, old, summary(task))


def _holders(tasks: Sequence[DossierTask], now: datetime) -> dict[uuid.UUID, uuid.UUID]:
    """Task → the agency that holds the desk it lies on."""
    desks = {task.id: task.desk_id or task.dossier.desk_id for task in tasks}
    holders = holders_at(desks.values(), now)
    return {task.id: holders.get(desks[task.id]) or task.dossier.competent_agency_id for task in tasks}


def _definition(task: DossierTask) -> Definition:
    version_id = task.dossier.detail.route_version_id
    if version_id is None:
        raise not_there()
    return definition_of(version_id)


def _step_of(task: DossierTask) -> Step:
    step = _definition(task).step(task.step)
    if step is None:
        raise not_there()
    return step


def _way(actor: Actor, task: DossierTask, key: str, reason: str) -> Outcome:
    """The outcome that was chosen, if it may be taken now."""
    _check_free(actor, task)
    step = _step_of(task)
    outcome = step.outcome(key)
    if outcome is None:
        raise OutcomeUnknown(
            _("Bước «%(name)s» không có cách kết thúc này.") % {"name": step.name},
            where="outcome",
            kept=_("Việc vẫn như cũ."),
            todo=_("Có thể chọn: %(names)s.") % {"names": ", ".join(each.label for each in step.outcomes)},
            details={"outcomes": [each.key for each in step.outcomes]},
        )
    if (outcome.says_why or outcome.status in NEEDS_REASON) and not reason:
        raise _reason_needed()
    status = Status(task.dossier.status)
    if step.kind == TaskKind.CONSULT:
        return outcome
    if status in WAITING:
        raise DossierWaits(
            _("Hồ sơ %(code)s đang ở «%(status)s», thời gian tạm dừng.")
            % {"code": task.dossier.code, "status": status.label},
            kept=_("Việc vẫn như cũ."),
            todo=_("Khi đã đủ điều kiện, hãy đưa hồ sơ về «Đang xử lý» rồi làm tiếp."),
            details={"dossier": task.dossier.code, "status": int(status)},
        )
    if not leads_to(status, outcome.status):
        raise service.may_not_follow(task.dossier, status, outcome.status)
    return outcome


def _move(
    actor: Actor, tasks: Sequence[DossierTask], ways: Sequence[Outcome], reason: str
) -> dict[uuid.UUID, Dossier]:
    """Lead the dossiers along their statuses, those with the same way together; dossier id → as it stands now."""
    now_at = {task.dossier_id: task.dossier for task in tasks}
    groups: dict[tuple[Status, ...], list[uuid.UUID]] = defaultdict(list)
    for task, way in zip(tasks, ways, strict=True):
        if task.kind != TaskKind.CONSULT:
            groups[statuses_between(Status(task.dossier.status), way.status)].append(task.dossier_id)
    for way_of_status, dossiers in groups.items():
        for status in way_of_status:
            for dossier in service.advance_by_route(actor, dossiers, status, note=reason):
                now_at[dossier.id] = dossier
    return now_at


def _close(
    act: journal.Act, actor: Actor, tasks: Sequence[DossierTask], outcome: str, note: str, now: datetime
) -> None:
    DossierTask.objects.filter(id__in=[task.id for task in tasks]).update(
        closed_at=now,
        closed_by_id=actor.person_id,
        outcome=outcome,
        note=note,
        taken_by_id=actor.person_id or F("taken_by_id"),
        taken_at=Coalesce(F("taken_at"), now),
    )
    for task in tasks:
        old = summary(task)
        task.closed_at, task.closed_by_id, task.outcome, task.note = now, actor.person_id, outcome, note
        act.changed("onestop.task", task.id, old, summary(task))


def _open_next(
    act: journal.Act,
    actor: Actor,
    tasks: Sequence[DossierTask],
    ways: Sequence[Outcome],
    dossiers: dict[uuid.UUID, Dossier],
    holders: dict[uuid.UUID, uuid.UUID],
    now: datetime,
) -> dict[uuid.UUID, list[DossierTask]]:
    """Open what follows each task, once a dossier; nothing where other agencies have still to answer."""
    opened: dict[uuid.UUID, list[DossierTask]] = {task.id: [] for task in tasks}
    consulted = {task.dossier_id for task in tasks if task.kind == TaskKind.CONSULT}
    unanswered = set(
        DossierTask.objects.filter(dossier_id__in=consulted, closed_at__isnull=True).values_list(
            "dossier_id", flat=True
        )
        if consulted
        else ()
    )
    for task, way in zip(tasks, ways, strict=True):
        step = _definition(task).step(way.to) if way.to else None
        if step is None or task.dossier_id in unanswered:
            continue
        dossier = dossiers[task.dossier_id]
        holder = holders[task.id]
        if task.kind == TaskKind.CONSULT:
            unanswered.add(task.dossier_id)  # two answers in one go open the next step once
            holder = holders_at([dossier.desk_id], now).get(dossier.desk_id) or dossier.competent_agency_id
        opened[task.id] = open_step(actor, dossier, step, now, holder)
    record_opened(act, [task for made in opened.values() for task in made])
    return opened


def not_there() -> TaskNotFound:
    """The error for a task that is not there or may not be done: outsiders cannot tell the two apart."""
    return TaskNotFound(
        _("Không tìm thấy việc này, hoặc việc thuộc chức danh, cơ quan khác."),
        kept=_("Không có gì thay đổi."),
        todo=_("Hãy tải lại danh sách việc."),
    )


def assign_not_allowed() -> AssignNotAllowed:
    """The error for who does not hand out tasks."""
    return AssignNotAllowed(
        _("Bạn chưa được giao quyền «%(what)s».") % {"what": policy.PERMISSIONS[policy.ASSIGN]},
        kept=_("Việc vẫn như cũ."),
        todo=_("Hãy nhờ lãnh đạo cơ quan giao việc."),
    )


def _reason_needed() -> ReasonNeeded:
    return ReasonNeeded(
        _("Cách kết thúc này cần nêu lý do."),
        where="note",
        kept=_("Việc vẫn như cũ."),
        todo=_("Hãy viết lý do để người dân và đồng nghiệp cùng hiểu."),
    )
