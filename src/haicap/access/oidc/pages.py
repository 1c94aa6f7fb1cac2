"""Pages: the applications that sign in here, the signing keys, and the applications that know me."""

from __future__ import annotations

import uuid

from allauth.idp.oidc.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from haicap.access.errors import AccessDenied
from haicap.access.middleware import actor_of
from haicap.access.models import Account
from haicap.access.oidc import consents, service
from haicap.access.oidc.applications import PERMISSION
from haicap.access.oidc.errors import ApplicationClosed, BadAddress, BadApplication
from haicap.access.oidc.forms import ApplicationForm, filled
from haicap.access.oidc.moments import real_now
from haicap.kernel.actor import Actor

PER_PAGE = 25
REFUSALS = (BadAddress, BadApplication)


@never_cache
@login_required
@require_safe
def listed(request: HttpRequest) -> HttpResponse:
    """Danh sách ứng dụng. Raises AccessDenied (ACC-403)."""
    actor = actor_of(request)
    page = Paginator(service.applications(actor), PER_PAGE).get_page(request.GET.get("trang"))
    context = {"title": _("Ứng dụng đăng nhập một lần"), "page": page, "discovery": _discovery(request)}
    return render(request, "access/oidc/applications.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Đăng ký ứng dụng; the answer shows the secret once."""
    actor = _administrator(request)
    form = ApplicationForm(request.POST or None, initial={"scopes": ["profile", "haicap"]})
    if request.method == "POST" and form.is_valid():
        try:
            row, secret = service.register_application(actor, form.told())
        except REFUSALS as error:
            form.add_error(error.where or None, f"{error.message} {error.todo}")
        else:
            return _secret_shown(request, row.client.name, row.client.pk, secret)
    context = {"title": _("Đăng ký ứng dụng"), "form": form, "crumbs": _crumbs(_("Đăng ký"))}
    return render(request, "access/oidc/application_form.html", context)


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, application_id: uuid.UUID) -> HttpResponse:
    """Một ứng dụng: see and change it."""
    actor = actor_of(request)
    row = service.application(actor, application_id)
    form = ApplicationForm(request.POST or None, initial=filled(row))
    form.fields["public"].disabled = True
    if row.closed_at is not None:
        for field in form.fields.values():
            field.disabled = True
    if request.method == "POST" and form.is_valid():
        try:
            service.edit_application(actor, application_id, form.told(public=filled(row)["public"]))
        except REFUSALS as error:
            form.add_error(error.where or None, f"{error.message} {error.todo}")
        else:
            messages.success(request, _("Đã lưu ứng dụng."))
            return redirect("sso-application", application_id)
    context = {
        "title": row.client.name,
        "application": row,
        "form": form,
        "crumbs": _crumbs(row.client.name),
        "discovery": _discovery(request),
    }
    return render(request, "access/oidc/application_form.html", context)


@never_cache
@login_required
@require_POST
def new_secret(request: HttpRequest, application_id: uuid.UUID) -> HttpResponse:
    """Cấp lại mã bí mật; the answer shows it once."""
    actor = actor_of(request)
    row = service.application(actor, application_id)
    return _secret_shown(request, row.client.name, row.client.pk, service.renew_secret(actor, application_id))


@login_required
@require_POST
def close(request: HttpRequest, application_id: uuid.UUID) -> HttpResponse:
    """Đóng ứng dụng, with a reason."""
    try:
        service.close_application(actor_of(request), application_id, request.POST.get("ly-do", "")[:300])
    except (BadApplication, ApplicationClosed) as error:
        messages.error(request, f"{error.message} {error.kept}")
        return redirect("sso-application", application_id)
    messages.success(request, _("Đã đóng ứng dụng. Người đang đăng nhập ở đó không dùng tiếp được."))
    return redirect("sso-applications")


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def signing_keys(request: HttpRequest) -> HttpResponse:
    """Khóa ký: which keys sign and verify, and changing them."""
    actor = _administrator(request)
    if request.method == "POST":
        at_once = request.POST.get("viec") == "thay-ngay"
        service.rotate_signing_key(actor, at_once=at_once)
        messages.success(
            request,
            _("Đã thay khóa ký ngay; khóa cũ không còn giá trị.")
            if at_once
            else _("Đã công bố khóa mới; khóa này bắt đầu ký sau một giờ."),
        )
        return redirect("sso-keys")
    keys = service.published_keys()
    now = real_now()
    signing = next(key for key in keys if key.begins_at <= now)
    context = {
        "title": _("Khóa ký"),
        "keys": [(key, key.id == signing.id, key.begins_at > now) for key in keys],
        "next_published": any(key.begins_at > now for key in keys),
        "crumbs": _crumbs(_("Khóa ký")),
    }
    return render(request, "access/oidc/keys.html", context)


@never_cache
@login_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """Ứng dụng của tôi: which applications know me."""
    adapter = get_adapter()
    known = [
        (one, [adapter.scope_display.get(scope, scope) for scope in one.scopes])
        for one in consents.known_to(_account(request))
    ]
    return render(request, "access/oidc/mine.html", {"title": _("Ứng dụng biết tôi"), "known": known})


@login_required
@require_POST
def forget(request: HttpRequest) -> HttpResponse:
    """Rút lại sự đồng ý for one application (`ung-dung`)."""
    consents.forget_me(actor_of(request), _account(request), request.POST.get("ung-dung", "")[:100])
    messages.success(request, _("Đã rút lại. Ứng dụng đó không còn biết gì mới về bạn và phải hỏi lại."))
    return redirect("sso-mine")


def _secret_shown(request: HttpRequest, name: str, client_id: str, secret: str) -> HttpResponse:
    context = {
        "title": _("Ứng dụng đã sẵn sàng"),
        "name": name,
        "client_id": client_id,
        "secret": secret,
        "discovery": _discovery(request),
        "crumbs": _crumbs(name),
    }
    return render(request, "access/oidc/secret.html", context)


def _discovery(request: HttpRequest) -> str:
    return str(get_adapter().get_issuer()) + reverse("idp:oidc:configuration")


def _crumbs(name: str) -> list[tuple[str, str]]:
    return [(_("Ứng dụng đăng nhập một lần"), reverse("sso-applications")), (name, "")]


def _administrator(request: HttpRequest) -> Actor:
    actor = actor_of(request)
    if not actor.may(PERMISSION):
        raise AccessDenied(
            _("Chức danh đang dùng không quản lý được ứng dụng."),
            todo=_("Đổi sang chức danh quản trị tỉnh, hoặc nhờ quản trị tỉnh."),
        )
    return actor


def _account(request: HttpRequest) -> Account:
    assert isinstance(request.user, Account)  # login_required
    return request.user
