"""Runs: asking for one, its progress, what came of it."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from haicap.kernel.errors import HaicapError
from haicap.reorganisation import queries, requests, service
from haicap.reorganisation.models import Plan, RequestState, RunKind, RunRequest
from haicap.reorganisation.views.common import RUN_TONES, actor_of, address, crumbs, for_readers

KINDS = {
    "dien-tap": RunKind.REHEARSAL,
    "chuyen-doi": RunKind.CUT_OVER,
    "hoan-tac": RunKind.UNDO,
}


@require_http_methods(["GET", "HEAD", "POST"])
@for_readers
def ask(request: HttpRequest, key: str, kind: str) -> HttpResponse:
    """Yêu cầu diễn tập, chuyển đổi, hoàn tác: what it will do, and a confirmation."""
    actor = actor_of(request)
    plan = queries.plan_of(actor, key)
    wanted = KINDS.get(kind)
    if wanted is None:
        raise Http404
    service.require(actor, requests.PERMISSION_OF[wanted])
    error: HaicapError | None = None
    if request.method == "POST":
        try:
            asked = requests.ask(
                actor,
                plan,
                wanted,
                typed_key=request.POST.get("khoa", ""),
                reason=request.POST.get("ly-do", ""),
                clone="ban-sao" in request.POST,
            )
            return redirect("reorganisation:request", asked.pk)
        except HaicapError as problem:
            error = problem
    return _confirmation(request, plan, wanted, error)


def _confirmation(request: HttpRequest, plan: Plan, kind: RunKind, error: HaicapError | None) -> HttpResponse:
    names = {
        RunKind.REHEARSAL: _("Diễn tập chuyển đổi"),
        RunKind.CUT_OVER: _("Chuyển đổi"),
        RunKind.UNDO: _("Hoàn tác chuyển đổi"),
    }
    rehearsed = plan.runs.filter(kind=RunKind.REHEARSAL, state="done").order_by("-started_at").first()
    context: dict[str, Any] = {
        "title": names[kind],
        "crumbs": crumbs(plan, names[kind]),
        "plan": plan,
        "kind": str(kind),
        "error": error,
        "rehearsed": rehearsed,
        "cut_over": service.last_cut_over(plan),
        "typed": request.POST.get("khoa", ""),
        "reason": request.POST.get("ly-do", ""),
        "waiting": requests.open_request(plan),
    }
    return render(request, "reorganisation/ask.html", context, status=error.http_status if error else 200)


@require_safe
@for_readers
def request_page(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """Tiến độ: can be left and found again; at its end the way to the ledger."""
    asked = requests.request_of(actor_of(request), request_id)
    return render(request, "reorganisation/request.html", _progress_context(asked))


@require_safe
@for_readers
def progress(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """The progress as a fragment, asked for every second."""
    asked = requests.request_of(actor_of(request), request_id)
    return render(request, "reorganisation/progress.html", _progress_context(asked))


def _progress_context(asked: RunRequest) -> dict[str, Any]:
    here = reverse("reorganisation:request", args=[asked.pk])
    shown = requests.Progress(asked, here)
    return {
        "title": str(RunKind(asked.kind).label).capitalize(),
        "crumbs": crumbs(asked.plan, str(RunKind(asked.kind).label).capitalize()),
        "plan": asked.plan,
        "asked": asked,
        "shown": shown,
        "run": shown.run,
        "done": asked.state == RequestState.DONE,
        "poll": reverse("reorganisation:progress", args=[asked.pk]),
    }


@require_safe
@for_readers
def run(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """Một lượt chạy: timings, and for an undo what it gave back and what it could not."""
    found = queries.run_of(actor_of(request), run_id)
    longest = max((phase["seconds"] for phase in found.phases), default=0) or 1
    context = {
        "title": str(RunKind(found.kind).label).capitalize(),
        "crumbs": crumbs(found.plan, str(RunKind(found.kind).label).capitalize()),
        "plan": found.plan,
        "run": found,
        "tone": RUN_TONES[queries.state_of(found)],
        "phases": [(phase, round(100 * phase["seconds"] / longest)) for phase in found.phases],
        "classes": found.report.get("classes", []),
        "clone": found.report.get("clone", False),
        "has_ledger": found.ledger.exists(),
        "back": address("plan", found.plan),
    }
    return render(request, "reorganisation/run.html", context)
