"""Hồ sơ của tôi: the list, the page of one, and what its owner can do with it."""

from __future__ import annotations

import uuid
from typing import Any, BinaryIO, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from haicap.kernel import clock
from haicap.kernel.contract import number_subject
from haicap.kernel.errors import HaicapError
from haicap.systems.onestop import catalogue
from haicap.systems.onestop import queries as onestop
from haicap.systems.onestop.models import (
    FINISHED,
    Dossier,
    DossierDetail,
    LetterForm,
    OnlineDraft,
    Status,
)
from haicap.systems.onestop.online import afterwards, letters, words
from haicap.systems.onestop.online.errors import DraftNotFound
from haicap.systems.onestop.online.pages import (
    file_response,
    pdf_response,
    private,
    problem_list,
    takes_uploads,
)
from haicap.systems.onestop.online.visitors import Own, own_dossier, visitor_of
from haicap.systems.onestop.papers.service import letters_pdf
from haicap.systems.onestop.reception.files import ACCEPT
from haicap.systems.onestop.results.queries import results_of

ON_A_PAGE = 20
#: forms that are for the applicant
FOR_APPLICANTS = (
    LetterForm.RECEIPT,
    LetterForm.SUPPLEMENT,
    LetterForm.REFUSAL,
    LetterForm.APOLOGY,
    LetterForm.STOP,
)


@private
@login_required
@require_safe
def mine(request: HttpRequest) -> HttpResponseBase:
    """Hồ sơ của tôi: drafts that wait, dossiers of the own number or account; newest first."""
    visitor = visitor_of(request)
    if visitor.citizen is None:
        return redirect("after-sign-in")
    number = visitor.citizen.personal_number
    handed_in = DossierDetail.objects.filter(citizen=visitor.citizen).values("dossier_id")
    own = Q(pk__in=handed_in)
    if number:
        own |= Q(applicant_subject=number_subject(number))
    dossiers = Dossier.objects.filter(own).order_by("-received_at", "-id")
    drafts = OnlineDraft.objects.filter(
        citizen=visitor.citizen, dossier__isnull=True, expires_at__gt=clock.now()
    ).select_related("procedure_version")
    page = Paginator(dossiers, ON_A_PAGE).get_page(request.GET.get("trang"))
    context = {
        "title": _("Hồ sơ của tôi"),
        "page": page,
        "lines": [
            (one, catalogue.procedure_name(one.procedure_code), Status(one.status).label, _tone(one))
            for one in page.object_list
        ],
        "drafts": drafts.order_by("-changed_at")[:50],
    }
    return render(request, "onestop/online/mine.html", context)


@private
@require_safe
def dossier(request: HttpRequest, key: str) -> HttpResponseBase:
    """Hồ sơ của tôi: how far it is, what to do, what came back."""
    own = own_dossier(visitor_of(request), key)
    return render(request, "onestop/online/own.html", _context(own))


@private
@require_safe
def receipt_pdf(request: HttpRequest, key: str) -> HttpResponseBase:
    """The receipt of handing in as PDF."""
    own = own_dossier(visitor_of(request), key)
    if own.detail is None or own.detail.submitted_at is None:
        raise _nothing()
    made = letters.receipt_pdf(own.dossier, request.build_absolute_uri("/"))
    return pdf_response(made, f"bien-nhan-{own.dossier.code}.pdf")


@private
@require_safe
def letter_pdf(request: HttpRequest, key: str, letter_id: uuid.UUID) -> HttpResponseBase:
    """A form that was issued to the applicant, as PDF."""
    own = own_dossier(visitor_of(request), key)
    found = own.dossier.letters.filter(pk=letter_id, form__in=FOR_APPLICANTS).first()
    if found is None:
        raise _nothing()
    return pdf_response(letters_pdf([found]), f"mau-{found.form:02d}-{own.dossier.code}.pdf")


@private
@require_safe
def result(request: HttpRequest, key: str, result_id: uuid.UUID) -> HttpResponseBase:
    """A result that was issued, signed."""
    own = own_dossier(visitor_of(request), key)
    found = next((one for one in _results(own.dossier) if one.pk == result_id), None)
    if found is None:
        raise _nothing()
    return file_response(found.file, f"ket-qua-{own.dossier.code}.pdf")


@private
@takes_uploads
@require_http_methods(["GET", "HEAD", "POST"])
def supplement(request: HttpRequest, key: str) -> HttpResponseBase:
    """Bổ sung what form 02 asks for."""
    visitor = visitor_of(request)
    own = own_dossier(visitor, key)
    problem: HaicapError | None = None
    if request.method == "POST":
        given = [(cast(BinaryIO, file), file.name or "") for file in request.FILES.getlist("tep")]
        try:
            afterwards.supplement(visitor, own, given, request.POST.get("noi-dung", ""))
        except HaicapError as error:
            problem = error
        else:
            messages.success(request, _("Đã gửi phần bổ sung của bạn."))
            return redirect("onestop:own-dossier", key=key)
    context = {
        "title": _("Bổ sung hồ sơ"),
        "items": afterwards.asked_for(own.dossier),
        "accept": ACCEPT,
        "open": own.dossier.status == Status.SUPPLEMENT,
    }
    return _act(request, own, "supplement", context, problem, "tep")


@private
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, key: str) -> HttpResponseBase:
    """Rút hồ sơ, with a reason."""
    visitor = visitor_of(request)
    own = own_dossier(visitor, key)
    problem: HaicapError | None = None
    if request.method == "POST":
        try:
            afterwards.withdraw(visitor, own, request.POST.get("ly-do", ""))
        except HaicapError as error:
            problem = error
        else:
            messages.success(request, _("Hồ sơ đã được rút."))
            return redirect("onestop:own-dossier", key=key)
    context = {"title": _("Rút hồ sơ"), "open": afterwards.may_withdraw(own.dossier)}
    return _act(request, own, "withdraw", context, problem, "ly-do")


@private
@require_http_methods(["GET", "HEAD", "POST"])
def rate(request: HttpRequest, key: str) -> HttpResponseBase:
    """Đánh giá, once."""
    visitor = visitor_of(request)
    own = own_dossier(visitor, key)
    problem: HaicapError | None = None
    if request.method == "POST":
        stars = request.POST.get("muc", "")
        try:
            afterwards.rate(
                visitor,
                own,
                int(stars) if stars in "12345" and stars else 0,
                request.POST.get("noi-dung", ""),
            )
        except HaicapError as error:
            problem = error
        else:
            messages.success(request, _("Cảm ơn bạn đã đánh giá."))
            return redirect("onestop:own-dossier", key=key)
    levels = (
        ("5", _("Rất hài lòng")),
        ("4", _("Hài lòng")),
        ("3", _("Bình thường")),
        ("2", _("Không hài lòng")),
        ("1", _("Rất không hài lòng")),
    )
    context = {"title": _("Đánh giá sự phục vụ"), "levels": levels, "open": afterwards.may_rate(own.dossier)}
    return _act(request, own, "rate", context, problem, "muc-5")


@private
@require_http_methods(["GET", "HEAD", "POST"])
def complain(request: HttpRequest, key: str) -> HttpResponseBase:
    """Phản ánh, kiến nghị: what is not right, and the answers."""
    visitor = visitor_of(request)
    own = own_dossier(visitor, key)
    problem: HaicapError | None = None
    if request.method == "POST":
        try:
            _send_complaint(request, visitor, own)
        except HaicapError as error:
            problem = error
        else:
            messages.success(request, _("Đã gửi. Cơ quan phải trả lời trong hạn ghi dưới đây."))
            return redirect("onestop:own-complain", key=key)
    context = {
        "title": _("Phản ánh, kiến nghị"),
        "complaints": own.dossier.complaints.order_by("-sent_at")[:20],
        "days": afterwards.ANSWER_DAYS,
        "open": True,
    }
    return _act(request, own, "complain", context, problem, "noi-dung")


def _send_complaint(request: HttpRequest, visitor: Any, own: Own) -> None:
    told = request.POST.get("noi-dung", "")
    which = request.POST.get("phan-anh", "")
    if not which:
        afterwards.complain(visitor, own, told)
        return
    try:
        complaint_id = uuid.UUID(which)
    except ValueError:
        raise _nothing() from None
    afterwards.reply(visitor, own, complaint_id, told)


def _act(
    request: HttpRequest,
    own: Own,
    name: str,
    context: dict[str, Any],
    problem: HaicapError | None,
    field: str,
) -> HttpResponseBase:
    shown = {
        "crumbs": [
            (own.dossier.code, reverse("onestop:own-dossier", args=[own.key])),
            (str(context["title"]), ""),
        ],
        "dossier": own.dossier,
        "key": own.key,
        "typed": request.POST,
        "problem": problem,
        "errors": problem_list(problem, field),
        **context,
    }
    return render(
        request, f"onestop/online/{name}.html", shown, status=problem.http_status if problem else 200
    )


def _context(own: Own) -> dict[str, Any]:
    found = own.dossier
    means, todo = words.meaning(found.status)
    steps = onestop.steps(found)
    tracking = onestop.track(found.code)
    waits = afterwards.waits_for_look(found)
    return {
        "title": _("Hồ sơ %(code)s") % {"code": found.code},
        "key": own.key,
        "dossier": found,
        "procedure": catalogue.procedure_name(found.procedure_code),
        "status": Status(found.status).label,
        "tone": _tone(found),
        "means": means if not waits else _("Bạn đã gửi phần bổ sung; cán bộ một cửa sẽ xem."),
        "todo": todo if not waits else _("Bạn chưa phải làm gì."),
        "stages": words.stages(found.status, [step.status for step in steps]),
        "agency": tracking.agency if tracking is not None else "",
        "asked": afterwards.asked_for(found) if found.status == Status.SUPPLEMENT and not waits else [],
        "letters": found.letters.filter(form__in=FOR_APPLICANTS).order_by("-issued_at")[:20],
        "results": _results(found),
        "papers": found.papers.order_by("round", "position", "id")[:200],
        "fees": found.fees.order_by("id")[:50],
        "online": own.detail is not None and own.detail.submitted_at is not None,
        "may_supplement": found.status == Status.SUPPLEMENT,
        "may_withdraw": afterwards.may_withdraw(found),
        "may_rate": afterwards.may_rate(found),
        "history": [(step.at, Status(step.status).label) for step in steps[-50:]],
    }


def _results(found: Dossier) -> list[Any]:
    return [one for one in results_of(found) if one.revoked_at is None] if found.status in FINISHED else []


def _tone(found: Dossier) -> str:
    if found.status in (Status.SUPPLEMENT, Status.PAYMENT, Status.STOPPED):
        return "waiting"
    if found.status in (Status.PROCESSED, Status.RETURNED):
        return "good"
    late = found.due_at is not None and found.finished_at is None and found.due_at < clock.now()
    return "late" if late or found.status == Status.REFUSED else "info"


def _nothing() -> DraftNotFound:
    return DraftNotFound(
        _("Không có giấy tờ này trong hồ sơ của bạn."),
        kept=_("Hồ sơ vẫn như cũ."),
        todo=_("Hãy mở lại trang hồ sơ."),
    )
