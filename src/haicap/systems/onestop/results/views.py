"""Pages of results: prepare, sign, issue, withdraw; the applicant's download; the check page for everybody."""

from __future__ import annotations

import hashlib
import uuid
from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from haicap.access.sign_in import throttle
from haicap.access.sign_in.address import client_address
from haicap.kernel import files
from haicap.kernel.actor import Actor
from haicap.kernel.days import parse_day
from haicap.kernel.errors import HaicapError
from haicap.systems.onestop import looks, policy
from haicap.systems.onestop import queries as onestop
from haicap.systems.onestop.models import Dossier
from haicap.systems.onestop.results import queries, service
from haicap.systems.onestop.results.errors import TooManyTries
from haicap.systems.onestop.results.service import Preparation
from haicap.systems.onestop.signing import inspection
from haicap.systems.onestop.signing import queries as certificates
from haicap.systems.onestop.signing.errors import PdfTooLarge

#: wrong tries to download, by dossier and by address, before the next one must wait
FREE_TRIES, FREE_TRIES_OF_ADDRESS = 5, 20


@require_http_methods(["GET", "HEAD", "POST"])
def results(request: HttpRequest, code: str) -> HttpResponse:
    """Kết quả của hồ sơ: what was issued, what is being signed, and preparing one."""
    actor = _actor(request)
    found = onestop.dossier_by_code(actor, code)
    if request.method != "POST":
        looks.note_look(request, actor, found)
        return _results_page(request, found)
    try:
        service.prepare_result(actor, found.pk, _preparation(request), site=_site(request))
    except HaicapError as error:
        return _results_page(request, found, error)
    messages.success(request, _("Đã lập dự thảo kết quả; mời trình ký."))
    return redirect("onestop:results", code=found.code)


@require_POST
def sign(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Ký một dự thảo."""
    draft = queries.draft(_actor(request), draft_id)
    try:
        service.sign_results(
            _actor(request), [draft_id], _certificate(request), request.POST.get("mat-khau", "")
        )
    except HaicapError as error:
        return _results_page(request, draft.dossier, error)
    messages.success(request, _("Đã ký «%(name)s».") % {"name": draft.name})
    return redirect("onestop:results", code=draft.dossier.code)


@require_POST
def issue(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Đóng dấu, phát hành một dự thảo."""
    draft = queries.draft(_actor(request), draft_id)
    chosen = request.POST.get("chung-thu", "")
    try:
        result = service.issue_result(
            _actor(request),
            draft_id,
            certificate_id=_certificate(request) if chosen else None,
            passphrase=request.POST.get("mat-khau", ""),
            number=request.POST.get("so", ""),
        )
    except HaicapError as error:
        return _results_page(request, draft.dossier, error)
    messages.success(request, _("Đã phát hành; mã kiểm tra %(code)s.") % {"code": result.check_code})
    return redirect("onestop:results", code=draft.dossier.code)


@require_POST
def drop(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Bỏ một dự thảo."""
    draft = queries.draft(_actor(request), draft_id)
    try:
        service.drop_draft(_actor(request), draft_id, request.POST.get("ly-do", ""))
    except HaicapError as error:
        return _results_page(request, draft.dossier, error)
    messages.success(request, _("Đã bỏ dự thảo."))
    return redirect("onestop:results", code=draft.dossier.code)


@require_safe
def draft_pdf(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """A draft's file as it stands."""
    actor = _actor(request)
    found = queries.draft(actor, draft_id)
    looks.note_look(request, actor, found.dossier)
    return _pdf(files.read(found.file_id), f"du-thao-{found.dossier.code}.pdf")


@require_safe
def result_pdf(request: HttpRequest, result_id: uuid.UUID) -> HttpResponse:
    """An issued result's file, for officials."""
    actor = _actor(request)
    found = queries.result(actor, result_id)
    if found.dossier is not None:
        looks.note_look(request, actor, found.dossier)
    return _pdf(files.read(found.file_id), f"ket-qua-{found.check_code}.pdf")


@require_POST
def revoke(request: HttpRequest, result_id: uuid.UUID) -> HttpResponse:
    """Thu hồi một kết quả."""
    result = service.revoke_result(_actor(request), result_id, request.POST.get("ly-do", ""))
    messages.success(request, _("Đã thu hồi kết quả %(code)s.") % {"code": result.check_code})
    if result.dossier is None:
        return redirect("onestop:worklist")
    return redirect("onestop:results", code=result.dossier.code)


@require_safe
def check_start(request: HttpRequest) -> HttpResponse:
    """Kiểm tra kết quả: a place for the code that is printed on it."""
    code = request.GET.get("ma", "").strip().upper()[:20]
    if queries.CHECK_FORM.match(code):
        return redirect("onestop:check-result", check_code=code)
    context = {"title": _("Kiểm tra kết quả"), "code": code, "found": None, "asked": bool(code)}
    return render(request, "onestop/results/check.html", context, status=404 if code else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def check(request: HttpRequest, check_code: str) -> HttpResponse:
    """What was issued and signed by whom and when, and whether the file one has is that one; nothing personal."""
    found = queries.check(check_code)
    context: dict[str, object] = {
        "title": _("Kiểm tra kết quả"),
        "code": check_code[:20],
        "found": found,
        "asked": True,
    }
    if found is None:
        return render(request, "onestop/results/check.html", context, status=404)
    if request.method == "POST":
        context |= _compared(request, found.digest)
    return render(request, "onestop/results/check.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def download(request: HttpRequest) -> HttpResponse:
    """Tải kết quả: for who has the dossier's code and the number or telephone that it was handed in with."""
    if request.method != "POST":
        context = {"title": _("Tải kết quả"), "code": request.GET.get("ma", "")[:60]}
        return render(request, "onestop/results/download.html", context)
    code, secret = request.POST.get("ma", "")[:60], request.POST.get("so", "")[:20]
    counters = (
        throttle.counter("result", code.strip().upper(), free=FREE_TRIES),
        throttle.counter("result-address", client_address(request), free=FREE_TRIES_OF_ADDRESS),
    )
    if not throttle.take(counters):
        raise TooManyTries(
            _("Đã nhập sai nhiều lần."),
            kept=_("Kết quả vẫn được giữ."),
            todo=_("Hãy đợi vài phút rồi thử lại."),
        )
    found = queries.downloadable(code, secret)
    if found:
        throttle.give_back(counters)
        wanted = next((one for one in found if str(one.pk) == request.POST.get("ket-qua", "")), None)
        if wanted is not None:
            return _pdf(files.read(wanted.file_id), f"ket-qua-{wanted.check_code}.pdf", saved=True)
    told: dict[str, object] = {"code": code, "secret": secret, "found": found, "asked": True}
    told["title"] = _("Tải kết quả")
    return render(request, "onestop/results/download.html", told, status=200 if found else 404)


def _results_page(request: HttpRequest, found: Dossier, problem: HaicapError | None = None) -> HttpResponse:
    actor = _actor(request)
    context = {
        "title": _("Kết quả của hồ sơ %(code)s") % {"code": found.code},
        "crumbs": [
            (_("Hồ sơ"), reverse("onestop:worklist")),
            (found.code, reverse("onestop:dossier", args=[found.code])),
            (_("Kết quả"), ""),
        ],
        "dossier": found,
        "results": queries.results_of(found),
        "drafts": queries.drafts_of(found),
        "own": certificates.usable(actor, seal=False) if actor.may(policy.SIGN) else [],
        "seals": certificates.usable(actor, seal=True) if actor.may(policy.SEAL) else [],
        "may_prepare": actor.may(policy.ADVANCE),
        "may_sign": actor.may(policy.SIGN),
        "may_issue": actor.may(policy.SEAL),
        "may_revoke": actor.may(policy.REVOKE),
        "typed": request.POST,
        "problem": problem,
    }
    status = problem.http_status if problem else 200
    return render(request, "onestop/results/results.html", context, status=status)


def _preparation(request: HttpRequest) -> Preparation:
    given = request.FILES.get("tep")
    content = None
    if given is not None:
        if (given.size or 0) > inspection.MOST_BYTES:
            raise PdfTooLarge(_("Tệp quá lớn."), kept=_("Không có gì được lưu."), todo=_("Hãy chia nhỏ tệp."))
        content = given.read()
    until: date | None = parse_day(request.POST["den"]) if request.POST.get("den", "").strip() else None
    return Preparation(
        name=request.POST.get("ten", ""),
        number=request.POST.get("so", ""),
        content=content,
        body=tuple(one for one in request.POST.get("noi-dung", "")[:100_000].splitlines() if one.strip()),
        signer=request.POST.get("nguoi-ky", "")[:200],
        signer_title=tuple(request.POST.get("chuc-danh", "")[:300].splitlines()[:3]),
        paper_code=request.POST.get("ma-giay-to", ""),
        valid_until=until,
    )


def _compared(request: HttpRequest, digest: str) -> dict[str, object]:
    given = request.FILES.get("tep")
    if given is None or (given.size or 0) > inspection.MOST_BYTES:
        return {"compared": "none"}
    hashed = hashlib.sha256()
    for piece in given.chunks():
        hashed.update(piece)
    return {"compared": "same" if hashed.hexdigest() == digest else "other", "file_name": given.name}


def _certificate(request: HttpRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.POST.get("chung-thu", ""))
    except ValueError:
        raise queries.not_found() from None


def _pdf(content: bytes, name: str, *, saved: bool = False) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'{"attachment" if saved else "inline"}; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


def _site(request: HttpRequest) -> str:
    return request.build_absolute_uri("/")


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor
