"""Rehearsals, cut-overs and undos asked for in the web: a worker carries them out, a page shows how far they are."""

from __future__ import annotations

import logging
import uuid
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.errors import BadInput, Conflict, HaicapError, NotAllowed, NotFound
from haicap.reorganisation import queries, service
from haicap.reorganisation.models import Plan, RequestState, Run, RunKind, RunRequest, RunState

logger = logging.getLogger(__name__)

PERMISSION_OF = {
    RunKind.REHEARSAL: queries.REHEARSE,
    RunKind.CUT_OVER: queries.CUT_OVER,
    RunKind.UNDO: queries.CUT_OVER,
}
#: a request that waits longer than this has no worker
NO_WORKER_AFTER = timedelta(seconds=20)


def ask(
    actor: Actor, plan: Plan, kind: str, *, typed_key: str = "", reason: str = "", clone: bool = False
) -> RunRequest:
    """Yêu cầu chạy: ask for a rehearsal, cut-over or undo of a plan.

    A cut-over and an undo need the plan's key typed in. Raises NotAllowed REO-403, BadInput REO-080 (another key),
    REO-045 (an undo without a reason), Conflict REO-047 (one waits or runs already), REO-041..043.
    """
    wanted = RunKind(kind)
    if not actor.may(PERMISSION_OF[wanted]):
        raise NotAllowed(_("Bạn không có quyền làm việc này."), code="REO-403", kept=_("Dữ liệu giữ nguyên."))
    _check(plan, wanted, typed_key, reason)
    from haicap.reorganisation.tasks import carry_out

    facts = {
        "label": actor.label,
        "person": str(actor.person_id) if actor.person_id else None,
        "post": str(actor.post_id) if actor.post_id else None,
        "title": actor.title,
    }
    try:
        with journal.act(actor, "reorganisation.ask_for_run", reason=reason.strip()[:500]) as act:
            request = RunRequest.objects.create(
                plan=plan,
                kind=wanted,
                clone=clone and wanted is RunKind.REHEARSAL,
                reason=reason.strip()[:500],
                actor=facts,
                asked_at=clock.now(),
            )
            act.changed("reorganisation.request", request.pk, None, {"plan": plan.key, "kind": str(wanted)})
            carry_out.defer(request_id=str(request.pk))
    except IntegrityError as error:
        if "reorganisation_one_request_a_plan" not in str(error):
            raise
        raise Conflict(
            _("Kế hoạch này đang có một việc chờ chạy hoặc đang chạy."),
            code="REO-047",
            kept=_("Việc đó tiếp tục."),
            todo=_("Xem tiến độ ở trang kế hoạch."),
        ) from None
    return request


def _check(plan: Plan, kind: RunKind, typed_key: str, reason: str) -> None:
    """What can be refused at once; the worker checks everything again."""
    if kind is not RunKind.REHEARSAL and typed_key.strip() != plan.key:
        raise BadInput(
            _("Khóa gõ vào không đúng khóa của kế hoạch."),
            code="REO-080",
            kept=_("Chưa có gì chạy."),
            todo=_("Gõ đúng: %(key)s") % {"key": plan.key},
        )
    if kind is RunKind.UNDO:
        if not reason.strip():
            raise BadInput(
                _("Hoàn tác cần nêu lý do."), code="REO-045", todo=_("Ghi lý do, ví dụ số văn bản.")
            )
        if service.last_cut_over(plan) is None:
            raise Conflict(_("Kế hoạch chưa chuyển đổi, không có gì để hoàn tác."), code="REO-043")
    elif plan.state == "done":
        raise Conflict(
            _("Kế hoạch «%(key)s» đã chuyển đổi.") % {"key": plan.key},
            code="REO-041",
            kept=_("Dữ liệu giữ nguyên."),
            todo=_("Xem bảng đối soát."),
        )


def carry_out_request(request_id: uuid.UUID) -> None:
    """Do what a request asks for, in a worker. One that a dead worker had begun is only marked, never repeated."""
    with transaction.atomic():
        request = RunRequest.objects.select_for_update().filter(pk=request_id).first()
        if request is None or request.state in {RequestState.DONE, RequestState.REFUSED}:
            return
        interrupted = request.state == RequestState.STARTED
        if interrupted:
            _end(request, RequestState.REFUSED, _interrupted())
        else:
            RunRequest.objects.filter(pk=request.pk).update(
                state=RequestState.STARTED, started_at=clock.now()
            )
    if not interrupted:
        _carry_out(request)


def _carry_out(request: RunRequest) -> None:
    plan = Plan.objects.get(pk=request.plan_id)
    actor = _actor(request)
    try:
        if request.kind == RunKind.UNDO:
            run_id: Any = service.undo_cut_over(actor, plan, request.reason).run_id
        elif request.kind == RunKind.CUT_OVER:
            run_id = service.cut_over(actor, plan).run_id
        elif request.clone:
            from haicap.reorganisation.clone import rehearse_on_clone

            run_id = rehearse_on_clone(actor, plan).run_id
        else:
            run_id = service.rehearse(actor, plan).run_id
    except HaicapError as error:
        _end(request, RequestState.REFUSED, error.as_dict())
    except Exception as error:
        logger.exception("a run that was asked for failed")
        what = {"code": "HC-500", "message": f"{type(error).__name__}: {error}"[:2000]}
        _end(request, RequestState.REFUSED, what)
    else:
        RunRequest.objects.filter(pk=request.pk).update(
            state=RequestState.DONE, ended_at=clock.now(), run_id=run_id
        )


def _actor(request: RunRequest) -> Actor:
    """Who asked, with just the permission that was checked when they did."""
    facts = request.actor
    return Actor(
        label=facts["label"],
        person_id=uuid.UUID(facts["person"]) if facts.get("person") else None,
        post_id=uuid.UUID(facts["post"]) if facts.get("post") else None,
        title=facts.get("title", ""),
        permissions=frozenset({PERMISSION_OF[RunKind(request.kind)]}),
    )


def _end(request: RunRequest, state: RequestState, error: dict[str, Any]) -> None:
    run = run_of(request)
    RunRequest.objects.filter(pk=request.pk).update(
        state=state, ended_at=clock.now(), error=error, run_id=run.pk if run else None
    )


def _interrupted() -> dict[str, str]:
    return {
        "code": "REO-048",
        "message": _("Máy đang chạy việc này đã dừng đột ngột."),
        "kept": _("Dữ liệu như trước khi chạy, hoặc đã chuyển trọn vẹn: xem tình trạng kế hoạch."),
        "todo": _("Xem trang kế hoạch rồi yêu cầu lại nếu cần."),
    }


def run_of(request: RunRequest) -> Run | None:
    """The run that came of a request: its own once it ended, else the first of its kind since it was asked for."""
    if request.run_id:
        return Run.objects.select_related("plan").get(pk=request.run_id)
    if request.state == RequestState.WAITING:
        return None
    runs = Run.objects.select_related("plan").filter(plan=request.plan_id, kind=request.kind)
    return runs.filter(started_at__gte=request.asked_at).order_by("started_at").first()


def request_of(actor: Actor, request_id: uuid.UUID) -> RunRequest:
    """A request. Raises NotFound (REO-036): also where the actor may not see it."""
    found = (
        RunRequest.objects.filter(pk=request_id, plan__in=queries.plans_of(actor))
        .select_related("plan")
        .first()
    )
    if found is None:
        raise NotFound(_("Không có yêu cầu chạy này."), code="REO-036", todo=_("Xem ở trang kế hoạch."))
    return found


def open_request(plan: Plan) -> RunRequest | None:
    """The plan's request that waits or runs, if there is one."""
    return plan.requests.filter(state__in=[RequestState.WAITING, RequestState.STARTED]).first()


class Progress:
    """Tiến độ, as the progress component shows it: title, done, total, note, seconds, finished, failed, href."""

    def __init__(self, request: RunRequest, href: str) -> None:
        self.request = request
        self.href = href
        self.run = run_of(request)
        run = self.run
        state = queries.state_of(run) if run else ""
        self.title = f"{RunKind(request.kind).label}: {request.plan.title}"
        self.done = run.progress_done if run else 0
        self.total = run.progress_total if run else 0
        ended = request.state in {RequestState.DONE, RequestState.REFUSED}
        interrupted = state == RunState.INTERRUPTED
        self.finished = ended or interrupted
        self.failed = request.state == RequestState.REFUSED or interrupted
        if ended and not self.failed:
            self.done = self.total
        self.note = self._note(state)
        begin = run.started_at if run else request.asked_at
        end = (run.ended_at if run else None) or request.ended_at
        self.seconds = ((end if self.finished and end else clock.now()) - begin).total_seconds()

    def _note(self, state: str) -> str:
        request, run = self.request, self.run
        if state == RunState.INTERRUPTED and request.state == RequestState.STARTED:
            return _interrupted()["message"]
        if run is not None and not self.finished:
            return run.phase
        if request.state == RequestState.WAITING:
            if clock.now() - request.asked_at > NO_WORKER_AFTER:
                return _("chưa có tiến trình nền nào nhận việc; kiểm tra «make up» còn chạy không")
            return str(RequestState.WAITING.label)
        return str(RequestState(request.state).label) if not self.finished else ""
