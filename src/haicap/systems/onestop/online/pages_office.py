"""Phía cán bộ: what came in online and waits for reception; complaints and their last days."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.errors import HaicapError
from haicap.systems.onestop import catalogue, looks, policy
from haicap.systems.onestop import queries as onestop
from haicap.systems.onestop import service as onestop_service
from haicap.systems.onestop.models import (
    ComplaintState,
    Dossier,
    DossierDetail,
    LetterForm,
    Status,
)
from haicap.systems.onestop.online import afterwards, forms, guides, waiting
from haicap.systems.onestop.online.errors import NotNow
from haicap.systems.onestop.online.pages import file_response, private, problem_list
from haicap.systems.onestop.papers.service import issue_letter
from haicap.systems.onestop.papers.values import Content
from haicap.systems.onestop.transitions import next_statuses

ON_A_PAGE = 50
#: what an official can do with what came in: to which status, and which form says so to the applicant
STEPS = {
    "nhan": (Status.RECEIVED, LetterForm.RECEIPT),
    "bo-sung": (Status.SUPPLEMENT, LetterForm.SUPPLEMENT),
    "tu-choi": (Status.REFUSED, LetterForm.REFUSAL),
}


@private
@require_safe
def incoming(request: HttpRequest) -> HttpResponseBase:
    """Nộp trực tuyến chờ tiếp nhận: what waits for a first look, the oldest first."""
    actor = _actor(request)
    policy.check_list(actor)
    waiting = (
        Dossier.objects.on_my_desks(actor)
        .filter(status__in=[Status.REGISTERED, Status.SUPPLEMENT], due_at__isnull=True)
        .order_by("received_at", "id")
    )
    page = Paginator(waiting, ON_A_PAGE).get_page(request.GET.get("trang"))
    rows = list(page.object_list)
    context = {
        "title": _("Hồ sơ nộp trực tuyến"),
        "page": page,
        "lines": [
            (
                one,
                catalogue.procedure_name(one.procedure_code),
                one.status == Status.SUPPLEMENT,
                one.status == Status.SUPPLEMENT and afterwards.waits_for_look(one),
            )
            for one in rows
        ],
    }
    return render(request, "onestop/online/incoming.html", context)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def look(request: HttpRequest, code: str) -> HttpResponseBase:
    """Xem và quyết định: what the applicant said and sent; accept, ask for more, or refuse."""
    actor = _actor(request)
    found = onestop.dossier_by_code(actor, code)
    looks.note_look(request, actor, found)
    problem: HaicapError | None = None
    if request.method == "POST":
        try:
            said = _decide(request, actor, found)
        except HaicapError as error:
            problem = error
            found = onestop.dossier_by_code(actor, code)
        else:
            messages.success(request, said)
            return redirect("onestop:incoming")
    detail = DossierDetail.objects.filter(pk=found.pk).select_related("procedure_version__procedure").first()
    version = detail.procedure_version if detail is not None else None
    open_here = found.due_at is None and found.status in (Status.REGISTERED, Status.SUPPLEMENT)
    context = {
        "title": _("Hồ sơ %(code)s") % {"code": found.code},
        "crumbs": [(_("Hồ sơ nộp trực tuyến"), reverse("onestop:incoming")), (found.code, "")],
        "dossier": found,
        "detail": detail,
        "procedure": catalogue.procedure_name(found.procedure_code),
        "status": Status(found.status).label,
        "pages": forms.tell(guides.form_of(version), detail.form) if version is not None and detail else [],
        "papers": found.papers.select_related("file").order_by("round", "position", "id")[:200],
        "fees": found.fees.order_by("id")[:50],
        "steps": _possible(actor, found) if open_here else [],
        "typed": request.POST,
        "problem": problem,
        "errors": problem_list(problem, "ly-do"),
    }
    return render(
        request, "onestop/online/look.html", context, status=problem.http_status if problem else 200
    )


@private
@require_safe
def paper(request: HttpRequest, code: str, paper_id: uuid.UUID) -> HttpResponseBase:
    """A file that was handed in with a dossier of mine."""
    actor = _actor(request)
    found = onestop.dossier_by_code(actor, code)
    looks.note_look(request, actor, found)
    one = found.papers.filter(pk=paper_id, file__isnull=False).select_related("file").first()
    if one is None or one.file is None:
        raise onestop_service.not_found()
    return file_response(one.file, one.file_name)


@private
@require_safe
def complaints(request: HttpRequest) -> HttpResponseBase:
    """Phản ánh, kiến nghị: what waits for an answer, by its last day."""
    now = clock.now()
    found = afterwards.complaints(_actor(request))
    page = Paginator(found, ON_A_PAGE).get_page(request.GET.get("trang"))
    context = {
        "title": _("Phản ánh, kiến nghị"),
        "page": page,
        "lines": [(one, one.get_state_display(), afterwards.is_late(one, now)) for one in page.object_list],
    }
    return render(request, "onestop/online/complaints.html", context)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def complaint(request: HttpRequest, complaint_id: uuid.UUID) -> HttpResponseBase:
    """Giải quyết một phản ánh."""
    actor = _actor(request)
    found = afterwards.complaint(actor, complaint_id)
    looks.note_look(request, actor, found.dossier)
    problem: HaicapError | None = None
    if request.method == "POST":
        wanted = request.POST.get("viec", "")
        try:
            if wanted not in afterwards.DECISIONS:
                raise NotNow(_("Hãy chọn một việc."), where="viec", kept=_("Phản ánh vẫn như cũ."))
            afterwards.decide_complaint(
                actor, found.pk, ComplaintState(wanted), request.POST.get("noi-dung", "")
            )
        except HaicapError as error:
            problem = error
        else:
            messages.success(request, _("Đã ghi."))
            return redirect("onestop:complaint", complaint_id=found.pk)
    verbs = {
        ComplaintState.ANSWERED: _("Trả lời"),
        ComplaintState.ASKED: _("Hỏi thêm người dân"),
        ComplaintState.REFUSED: _("Không tiếp nhận"),
        ComplaintState.PUBLISHED: _("Công khai trả lời"),
    }
    context = {
        "title": _("Phản ánh về hồ sơ %(code)s") % {"code": found.dossier.code},
        "crumbs": [(_("Phản ánh, kiến nghị"), reverse("onestop:complaints")), (found.dossier.code, "")],
        "complaint": found,
        "state": found.get_state_display(),
        "late": afterwards.is_late(found, clock.now()),
        "decisions": [
            (str(to), verb) for to, verb in verbs.items() if found.state in afterwards.DECISIONS[to]
        ],
        "typed": request.POST,
        "errors": problem_list(problem, "noi-dung"),
    }
    return render(
        request, "onestop/online/complaint.html", context, status=problem.http_status if problem else 200
    )


def _decide(request: HttpRequest, actor: Actor, found: Dossier) -> str:
    """One step and the form that tells it, both or neither."""
    wanted = STEPS.get(request.POST.get("viec", ""))
    if wanted is None:
        raise NotNow(_("Hãy chọn một việc."), where="viec", kept=_("Hồ sơ vẫn như cũ."))
    to, form = wanted
    reason = request.POST.get("ly-do", "")
    items = tuple(request.POST.get("ly-do", "")[:20_000].splitlines()) if to == Status.SUPPLEMENT else ()
    with transaction.atomic():
        onestop_service.advance_dossier(
            actor, found.pk, to, note=reason, expected=Status(_seen(request, found))
        )
        issue_letter(
            actor,
            found.pk,
            form,
            Content(reason=reason, items=items),
            site=request.build_absolute_uri("/"),
        )
        if to == Status.RECEIVED:
            waiting.hand_over(actor, found)
    return str(_("%(code)s: %(what)s.")) % {"code": found.code, "what": to.label}


def _seen(request: HttpRequest, found: Dossier) -> int:
    told = request.POST.get("dang", "")
    return int(told) if told in [str(int(status)) for status in Status] else int(found.status)


def _possible(actor: Actor, found: Dossier) -> list[tuple[str, Any, bool]]:
    """(key, verb, whether a reason is needed) of what the actor may do."""
    verbs = {"nhan": _("Tiếp nhận"), "bo-sung": _("Yêu cầu bổ sung"), "tu-choi": _("Từ chối")}
    needed = {"nhan": policy.RECEIVE, "bo-sung": policy.ADVANCE, "tu-choi": policy.ADVANCE}
    after = next_statuses(found.status)
    return [
        (key, verbs[key], key != "nhan")
        for key, (to, _form) in STEPS.items()
        if to in after and actor.may(needed[key])
    ]


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor
