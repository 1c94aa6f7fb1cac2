"""Cửa chặn: who must change the password or prove a second factor reaches nothing else before.

The gate knows views, not paths: what is not named here is closed, whatever its address. An address without a
view answers 404 as to everybody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from haicap.access.models import Account
from haicap.access.sign_in import second_factor
from haicap.access.sign_in.errors import PasswordChangeNeeded, SecondFactorNeeded
from haicap.kernel.errors import HaicapError

#: open to whoever is held: the way out, the language, one-time links, the life sign
ALWAYS = frozenset(
    {
        "sign-in",
        "account_login",
        "sign-out",
        "account_logout",
        "account_inactive",
        "use-link",
        "reset-password",
        "reset-sent",
        "language",
        "health",
    }
)
PASSWORD_VIEWS = ALWAYS | {"account_change_password"}
SECOND_FACTOR_VIEWS = ALWAYS | {
    "second-factor",
    "account_reauthenticate",
    "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "mfa_view_recovery_codes",
}
#: programs read these: they get the error as JSON
MACHINE_PATHS = ("/api/", "/scim/")


def hold(request: HttpRequest) -> tuple[HaicapError, str, frozenset[str]] | None:
    """What holds who is signed in: the error, the view that ends it, the views that are open; None for nobody."""
    account = request.user
    if not isinstance(account, Account):
        return None
    if account.must_change_password:
        error: HaicapError = PasswordChangeNeeded(
            _("Bạn phải đặt mật khẩu riêng trước khi làm việc."),
            kept=_("Dữ liệu không thay đổi."),
            todo=_("Mở trang đổi mật khẩu."),
        )
        return error, "account_change_password", PASSWORD_VIEWS
    if second_factor.is_needed(request) and not second_factor.is_proved(request):
        error = SecondFactorNeeded(
            _("Chức danh của bạn bắt buộc xác thực lớp hai."),
            kept=_("Dữ liệu không thay đổi."),
            todo=_("Mở trang xác thực lớp hai."),
        )
        return error, "second-factor", SECOND_FACTOR_VIEWS
    return None


class GateMiddleware:
    """Stops held accounts before any view runs: a redirect for pages, `HX-Redirect` for HTMX, JSON for programs."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """The answer for who is held; None lets the view run."""
        found = hold(request)
        if found is None:
            return None
        error, way_out, open_views = found
        match = request.resolver_match
        if match is not None and match.view_name in open_views:
            return None
        return _answer(request, error, reverse(way_out))


def _answer(request: HttpRequest, error: HaicapError, address: str) -> HttpResponse:
    if request.path.startswith(MACHINE_PATHS):
        body = {**error.as_dict(), "correlation_id": str(getattr(request, "correlation_id", ""))}
        return JsonResponse(body, status=403, json_dumps_params={"ensure_ascii": False})
    if getattr(request, "htmx", False):
        return HttpResponse(status=403, headers={"HX-Redirect": address})
    if request.method == "GET":
        address += "?" + urlencode({"next": request.get_full_path()})
    return redirect(address)
