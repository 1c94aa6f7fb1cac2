"""Nộp hồ sơ: from the procedure's page to the receipt, one thing a page; works without script."""

from __future__ import annotations

import base64
import uuid
from typing import Any, BinaryIO, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from haicap.kernel.errors import HaicapError
from haicap.registry.models import Unit
from haicap.systems.onestop.models import Channel, DraftFile, HandingInPurpose, OnlineDraft
from haicap.systems.onestop.online import applicant, forms, guides, letters, papers, places, service
from haicap.systems.onestop.online.errors import DraftNotFound, NotOnline
from haicap.systems.onestop.online.pages import (
    file_response,
    form_context,
    private,
    problem_list,
    takes_uploads,
    wants_rows,
)
from haicap.systems.onestop.online.pages_find import is_withdrawn, version_of
from haicap.systems.onestop.online.visitors import draft_of, key_for, visitor_of
from haicap.systems.onestop.papers import qr
from haicap.systems.onestop.papers.service import tracking_address
from haicap.systems.onestop.reception.files import ACCEPT

TEMPLATE = "onestop/online/form.html"


@private
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest, code: str) -> HttpResponseBase:
    """Bắt đầu nộp: where; then the draft is there."""
    version = version_of(code)
    visitor = visitor_of(request)
    problem: HaicapError | None = None
    if is_withdrawn(version):
        problem = NotOnline(
            _("Tỉnh, thành phố đã thôi thực hiện thủ tục này."),
            todo=_("Hãy tìm thủ tục thay thế trong danh mục."),
        )
    else:
        try:
            service.check_may_begin(visitor, version)
        except HaicapError as error:
            problem = error
    blocked = problem is not None
    if request.method == "POST" and not blocked:
        try:
            draft = service.begin(visitor, version, _unit(request))
        except HaicapError as error:
            problem = error
        else:
            return redirect("onestop:draft", key=key_for(draft))
    context = {
        "title": _("Bạn nộp ở xã, phường nào?"),
        "crumbs": [
            (_("Thủ tục"), reverse("onestop:find")),
            (version.name[:80], reverse("onestop:procedure", args=[code])),
            (_("Nộp hồ sơ"), ""),
        ],
        "version": version,
        "communes": places.communes(),
        "chosen": request.POST.get("noi-nop", ""),
        "problem": problem,
        "blocked": blocked,
        "errors": [] if blocked else problem_list(problem, "noi-nop"),
        "visitor": visitor,
        "sign_in_next": request.path,
    }
    return render(
        request, "onestop/online/begin.html", context, status=problem.http_status if problem else 200
    )


@private
@require_safe
def draft(request: HttpRequest, key: str) -> HttpResponseBase:
    """Danh sách việc: what is done, what is left; the draft is kept by itself."""
    visitor = visitor_of(request)
    found = draft_of(visitor, key)
    if found.dossier_id is not None:
        return redirect("onestop:handed-in", key=key)
    told: list[str] = []
    problem: HaicapError | None = None
    try:
        told = service.refresh(found)
        places.reception(found.procedure_version, found.unit_id)
    except HaicapError as error:
        problem = error
    form = guides.form_of(found.procedure_version)
    todo = service.parts(found, form)
    context = {
        "title": _("Hồ sơ đang soạn"),
        "draft": found,
        "key": key,
        "procedure": found.procedure_version.name,
        "place": places.unit_name(found.unit_id),
        "parts": todo,
        "next": next((part for part in todo if not part.done), None),
        "left": sum(not part.done for part in todo),
        "told": told,
        "problem": problem,
        "link": "" if found.citizen_id is not None else request.build_absolute_uri(request.path),
    }
    return render(
        request, "onestop/online/draft.html", context, status=problem.http_status if problem else 200
    )


@private
@require_http_methods(["GET", "HEAD", "POST"])
def place(request: HttpRequest, key: str) -> HttpResponseBase:
    """Đổi nơi nộp."""
    found = _open(request, key)
    problem: HaicapError | None = None
    if request.method == "POST":
        try:
            service.move_draft(found, _unit(request))
        except HaicapError as error:
            problem = error
        else:
            return redirect("onestop:draft", key=key)
    context = {
        "title": _("Bạn nộp ở xã, phường nào?"),
        "crumbs": _crumbs(key, _("Nơi nộp")),
        "version": found.procedure_version,
        "communes": places.communes(),
        "chosen": request.POST.get("noi-nop", str(found.unit_id)),
        "errors": problem_list(problem, "noi-nop"),
        "visitor": visitor_of(request),
    }
    return render(
        request, "onestop/online/begin.html", context, status=problem.http_status if problem else 200
    )


@private
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: HttpRequest, key: str) -> HttpResponseBase:
    """Người nộp hồ sơ."""
    found = _open(request, key)
    page = applicant.page_for(found.citizen)
    problems: list[forms.Problem] = []
    values: Any = found.applicant
    if request.method == "POST":
        values = forms.read(page, request.POST)
        problems = service.save_applicant(found, values)
        if not problems or "de-sau" in request.POST:
            return _onward(request, found, key, service.APPLICANT)
    context = {
        "title": page.title,
        "crumbs": _crumbs(key, page.title),
        "known": applicant.told(found.citizen),
        "back": reverse("onestop:draft", args=[key]),
        **form_context(request, page, values, problems),
    }
    return render(request, TEMPLATE, context, status=400 if problems else 200)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def form_page(request: HttpRequest, key: str, part: str) -> HttpResponseBase:
    """Một phần của tờ khai."""
    found = _open(request, key)
    form = guides.form_of(found.procedure_version)
    page = form.page(part)
    if page is None:
        return redirect("onestop:draft", key=key)
    problems: list[forms.Problem] = []
    values: Any = found.form.get(page.key, {})
    if request.method == "POST":
        values = forms.read(page, request.POST)
        problems = service.save_page(found, page, values)
        if wants_rows(request):
            problems = []
        elif not problems or "de-sau" in request.POST:
            return _onward(request, found, key, f"{service.FORM}/{page.key}")
    context = {
        "title": page.title,
        "crumbs": _crumbs(key, page.title),
        "caption": form.title,
        "back": reverse("onestop:draft", args=[key]),
        **form_context(request, page, values, problems),
    }
    return render(request, TEMPLATE, context, status=400 if problems else 200)


@private
@takes_uploads
@require_http_methods(["GET", "HEAD", "POST"])
def paper_list(request: HttpRequest, key: str) -> HttpResponseBase:
    """Giấy tờ kèm theo: a place to upload for each, from a telephone too."""
    found = _open(request, key)
    errors: list[tuple[str, str]] = []
    status = 200
    if request.method == "POST":
        try:
            errors = _papers_step(request, found)
        except HaicapError as error:
            where = request.POST.get("giay-to", "")
            errors, status = problem_list(error, f"tep-{where}" if where.isdigit() else ""), error.http_status
        else:
            if not errors and "xong" in request.POST:
                return _onward(request, found, key, service.PAPERS)
            if not errors:
                return redirect("onestop:draft-papers", key=key)
            status = 400
    uploads: dict[int, list[DraftFile]] = {}
    for one in found.files.select_related("file").order_by("added_at", "id"):
        uploads.setdefault(one.paper, []).append(one)
    beside = dict(errors)
    context = {
        "title": _("Giấy tờ kèm theo"),
        "crumbs": _crumbs(key, _("Giấy tờ kèm theo")),
        "key": key,
        "papers": [
            (one, uploads.get(one.number, []), beside.get(f"tep-{one.number}", ""))
            for one in papers.wanted(found.procedure_version)
        ],
        "accept": ACCEPT,
        "errors": errors,
        "back": reverse("onestop:draft", args=[key]),
    }
    return render(request, "onestop/online/papers.html", context, status=status)


@private
@require_safe
def draft_file(request: HttpRequest, key: str, file_id: uuid.UUID) -> HttpResponseBase:
    """One's own upload, to look at it again."""
    found = draft_of(visitor_of(request), key)
    one = found.files.filter(pk=file_id).select_related("file").first()
    if one is None:
        raise _no_file()
    return file_response(one.file, one.file_name)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def delivery(request: HttpRequest, key: str) -> HttpResponseBase:
    """Nhận kết quả."""
    found = _open(request, key)
    page = applicant.delivery_page()
    problems: list[forms.Problem] = []
    values: Any = applicant.delivery_values(found)
    if request.method == "POST":
        values = forms.read(page, request.POST)
        problems = service.save_delivery(found, values)
        if not problems or "de-sau" in request.POST:
            return _onward(request, found, key, service.DELIVERY)
    context = {
        "title": page.title,
        "crumbs": _crumbs(key, page.title),
        "back": reverse("onestop:draft", args=[key]),
        **form_context(request, page, values, problems),
    }
    return render(request, TEMPLATE, context, status=400 if problems else 200)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest, key: str) -> HttpResponseBase:
    """Xem lại và nộp: everything once more, consent for each purpose, then the one button."""
    visitor = visitor_of(request)
    found = draft_of(visitor, key)
    problem: HaicapError | None = None
    if request.method == "POST":
        try:
            service.hand_in(
                visitor,
                found,
                request.POST.getlist("muc-dich"),
                site=request.build_absolute_uri("/"),
                shown=request.POST.get("mau", ""),
            )
        except HaicapError as error:
            problem = error
            found = draft_of(visitor, key)
        else:
            return redirect("onestop:handed-in", key=key)
    if found.dossier_id is not None:
        return redirect("onestop:handed-in", key=key)
    form = guides.form_of(found.procedure_version)
    said = applicant.said(found)
    context = {
        "title": _("Xem lại và nộp"),
        "crumbs": _crumbs(key, _("Xem lại và nộp")),
        "key": key,
        "draft": found,
        "digest": form.digest,
        "procedure": found.procedure_version.name,
        "place": places.unit_name(found.unit_id),
        "applicant": forms.tell(applicant.whole(), {"nguoi_nop": said})[0],
        "pages": forms.tell(form, found.form),
        "files": list(found.files.select_related("file").order_by("paper", "added_at")),
        "delivery": found.get_delivery_display(),
        "fees": _fees(found),
        "purposes": [(one.value, one.label, one == HandingInPurpose.PROCESS) for one in HandingInPurpose],
        "chosen": request.POST.getlist("muc-dich"),
        "version": service.CONSENT_VERSION,
        "problem": problem,
        "errors": problem_list(problem),
        "unfinished": [part.name for part in service.parts(found, form) if not part.done],
    }
    return render(
        request, "onestop/online/preview.html", context, status=problem.http_status if problem else 200
    )


@private
@require_safe
def handed_in(request: HttpRequest, key: str) -> HttpResponseBase:
    """Biên nhận: the code, what happens next, the own page, the paper."""
    found = draft_of(visitor_of(request), key)
    if found.dossier is None:
        return redirect("onestop:draft", key=key)
    address = tracking_address(found.dossier.code, request.build_absolute_uri("/"))
    context = {
        "title": _("Đã nộp hồ sơ"),
        "key": key,
        "receipt": letters.receipt(found.dossier),
        "by_mail": letters.may_tell(found.dossier),
        "track": address,
        "own": request.build_absolute_uri(reverse("onestop:own-dossier", args=[key])),
        "secret": found.citizen_id is None,
        "qr": qr_address(address),
    }
    return render(request, "onestop/online/handed_in.html", context)


@private
@require_POST
def drop(request: HttpRequest, key: str) -> HttpResponseBase:
    """Bỏ bản nháp."""
    service.drop(draft_of(visitor_of(request), key))
    return redirect("onestop:find")


def qr_address(text: str) -> str:
    """A QR code as an address that an img element takes."""
    return "data:image/png;base64," + base64.b64encode(bytes(qr.png(text))).decode()


def _papers_step(request: HttpRequest, found: OnlineDraft) -> list[tuple[str, str]]:
    """Take a file away, take those that came, or say what is missing."""
    if request.POST.get("xoa"):
        try:
            service.remove_file(found, uuid.UUID(request.POST["xoa"]))
        except ValueError:
            raise _no_file() from None
        return []
    came = [(name, file) for name, given in request.FILES.lists() for file in given]
    for name, file in came:
        number = name.removeprefix("tep-")
        if not number.isascii() or not number.isdigit() or len(number) > 3:
            raise _no_file()
        try:
            service.add_file(found, int(number), cast(BinaryIO, file), file.name or "")
        except HaicapError as error:
            return problem_list(error, f"tep-{number}")
    if "xong" in request.POST:
        return [(f"tep-{number}", text) for number, text in service.save_papers(found)]
    if not came:
        return [("", _("Chưa có tệp nào được chọn."))]
    return []


def _open(request: HttpRequest, key: str) -> OnlineDraft:
    """The draft, to be written; what has changed meanwhile is taken over first."""
    found = draft_of(visitor_of(request), key)
    service.check_open(found)
    for said in service.refresh(found):
        messages.info(request, said)
    return found


def _onward(request: HttpRequest, found: OnlineDraft, key: str, done: str) -> HttpResponse:
    """To the next part that is not done after this one; to the list where there is none, or later is wanted."""
    if "de-sau" in request.POST:
        return redirect("onestop:draft", key=key)
    fresh = OnlineDraft.objects.select_related("procedure_version__procedure").get(pk=found.pk)
    todo = service.parts(fresh, guides.form_of(fresh.procedure_version))
    at = next((number for number, part in enumerate(todo) if part.key == done), 0)
    after = next((part for part in todo[at + 1 :] if not part.done), None)
    if after is None:
        return redirect("onestop:draft", key=key)
    return redirect(f"{reverse('onestop:draft', args=[key])}{after.key}/")


def _fees(found: OnlineDraft) -> list[tuple[str, int | None, str]]:
    charged = found.procedure_version.fees.order_by("position")[:20]
    return [(fee.name, fee.amount, fee.text) for fee in charged if fee.channel in (None, Channel.ONLINE)]


def _unit(request: HttpRequest) -> Unit:
    try:
        found = Unit.objects.filter(pk=uuid.UUID(request.POST.get("noi-nop", ""))).first()
    except ValueError:
        found = None
    if found is None:
        raise NotOnline(
            _("Hãy chọn xã, phường nơi bạn nộp."), where="noi-nop", kept=_("Chưa có gì được ghi.")
        )
    return found


def _crumbs(key: str, here: str) -> list[tuple[str, str]]:
    return [(_("Hồ sơ đang soạn"), reverse("onestop:draft", args=[key])), (here, "")]


def _no_file() -> DraftNotFound:
    return DraftNotFound(_("Không có tệp này trong hồ sơ của bạn."), kept=_("Hồ sơ vẫn như cũ."))
