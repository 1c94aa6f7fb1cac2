"""Pages of the import: template, upload, preview with its errors, entering, report, slips."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from haicap.access.models import LinkPurpose, PeopleImport
from haicap.access.people import lists, policy
from haicap.access.people.errors import LinksUnavailable
from haicap.access.people.forms import ListForm
from haicap.access.people.views import EDIT, actor_of, pdf_answer
from haicap.access.sign_in import service as sign_in
from haicap.access.sign_in.service import MOST_SLIPS
from haicap.kernel import journal
from haicap.kernel.errors import HaicapError
from haicap.registry.exports import csv_response, xlsx_response

SHOWN = 200


@require_http_methods(EDIT)
@login_required
@never_cache
def upload(request: HttpRequest) -> HttpResponse:
    """Nhập danh sách: choose the file; the preview follows, nothing is written."""
    actor = actor_of(request)
    policy.require(actor, policy.IMPORT)
    form = ListForm(request.POST or None, request.FILES or None)
    error = None
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        content = file.read()
        try:
            rows = lists.read_list(content)
            add_posts = bool(form.cleaned_data["add_posts"])
            found = lists.keep(actor, rows, content, file.name, add_posts=add_posts)
            return redirect("people:import-preview", found.pk)
        except HaicapError as problem:
            error = problem
    context = {
        "title": _("Nhập danh sách người"),
        "form": form,
        "error": error,
        "columns": lists.TEMPLATE,
        "crumbs": _crumbs(_("Nhập danh sách người")),
    }
    return render(request, "access/people/import.html", context, status=error.http_status if error else 200)


def _crumbs(last: str) -> list[tuple[str, str]]:
    return [(_("Người của cơ quan"), reverse("people:list")), (last, "")]


@require_safe
@login_required
def template(request: HttpRequest) -> FileResponse:
    """Tệp mẫu: the heads, nothing else."""
    policy.require(actor_of(request), policy.IMPORT)
    return xlsx_response("mau-danh-sach-nguoi", "Danh sách", lists.TEMPLATE, iter(()))


@require_http_methods(EDIT)
@login_required
@never_cache
def preview(request: HttpRequest, import_id: uuid.UUID) -> HttpResponse:
    """Xem trước: what is wrong, what would be done; entering it; afterwards what was done."""
    actor = actor_of(request)
    found = lists.kept(actor, import_id)
    error = None
    if request.method == "POST":
        try:
            only_good = request.POST.get("nhap") == "dong-dung"
            lists.apply_kept(actor, import_id, only_good=only_good)
            messages.success(request, _("Đã nhập danh sách."))
            return redirect("people:import-preview", import_id)
        except HaicapError as problem:
            error = problem
    if found.applied_at is not None:
        return _done(request, found)
    plan = lists.plan_list(actor, found.rows, add_posts=found.add_posts)
    context = {
        "title": _("Xem trước danh sách"),
        "crumbs": _crumbs(_("Xem trước danh sách")),
        "found": found,
        "counts": plan.counts(),
        "bad": plan.bad[:SHOWN],
        "good": plan.good[:SHOWN],
        "error": error,
        "empty": not found.rows,
    }
    return render(request, "access/people/preview.html", context, status=error.http_status if error else 200)


def _done(request: HttpRequest, found: PeopleImport) -> HttpResponse:
    waiting = len(lists.accounts_made(actor_of(request), found))
    context = {
        "title": _("Đã nhập danh sách"),
        "crumbs": _crumbs(_("Đã nhập danh sách")),
        "found": found,
        "made": {
            "people": sum(row["new_person"] for row in found.report),
            "appointments": sum(row["new_appointment"] for row in found.report),
            "accounts": sum(row["new_account"] for row in found.report),
            "bad": sum(bool(row["problem"]) for row in found.report),
        },
        "waiting": waiting,
    }
    return render(request, "access/people/imported.html", context)


@require_safe
@login_required
@never_cache
def report(request: HttpRequest, import_id: uuid.UUID) -> HttpResponseBase:
    """Báo cáo từng dòng as CSV: of the preview, or of what was done."""
    actor = actor_of(request)
    found = lists.kept(actor, import_id)
    plan = (
        [row.as_dict() for row in lists.plan_list(actor, found.rows, add_posts=found.add_posts).rows]
        if found.applied_at is None
        else found.report
    )
    header = [_("Dòng"), _("Họ và tên"), _("Lỗi"), _("Cách sửa"), _("Mã lỗi"), _("Việc làm")]

    def rows() -> Iterator[list[object]]:
        for row in plan:
            deeds = [
                word
                for key, word in (
                    ("new_person", _("người mới")),
                    ("new_appointment", _("bổ nhiệm")),
                    ("new_account", _("cấp tài khoản")),
                )
                if row[key] and not row["problem"]
            ]
            yield [row["line"], row["name"], row["problem"], row["fix"], row["code"], ", ".join(deeds)]

    return csv_response("ket-qua-nhap", header, rows())


@require_POST
@login_required
@never_cache
def slips(request: HttpRequest, import_id: uuid.UUID) -> HttpResponse:
    """Phiếu đăng nhập lần đầu of the accounts that a list made and nobody has used; earlier links of theirs end."""
    actor = actor_of(request)
    policy.require(actor, policy.MANAGE_ACCOUNTS)
    accounts = lists.accounts_made(actor, lists.kept(actor, import_id))[:MOST_SLIPS]
    if not accounts:
        raise LinksUnavailable(
            _("Không còn tài khoản nào của danh sách này chờ đăng nhập lần đầu."),
            kept=_("Không có liên kết nào được cấp."),
            todo=_("Cấp liên kết cho từng người ở trang của người ấy."),
        )
    with journal.act(actor, "access.print_slips"):
        secrets = sign_in.issue_links(actor, accounts, LinkPurpose.FIRST)
    site = f"{request.scheme}://{request.get_host()}"
    made = sign_in.slips_of(list(zip(accounts, secrets, strict=True)), site)
    return pdf_answer(sign_in.slip_pdf(made), "phieu-dang-nhap")
