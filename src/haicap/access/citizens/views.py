"""Citizens' sign-in by VNeID and their own page."""

from __future__ import annotations

from urllib.parse import urlsplit

from allauth.account.utils import perform_login
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from haicap.access.citizens import pending, service
from haicap.access.citizens.adapter import provider_silent, refused
from haicap.access.citizens.errors import SignInExpired
from haicap.access.citizens.provider import SILENT, VneidAdapter
from haicap.access.models import Account, ConsentPurpose
from haicap.kernel.errors import HaicapError


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Đăng nhập bằng VNeID: says what happens next; its button goes to the provider."""
    server = _configured(request)
    if request.method != "POST":
        context = {"title": _("Đăng nhập bằng VNeID"), "next": request.GET.get("next", "")}
        response = render(request, "socialaccount/login.html", context)
        # the button's answer leads to the provider's host, and browsers hold that against the page's policy
        response["Content-Security-Policy"] = (
            "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; "
            f"form-action 'self' {server}; frame-ancestors 'none'"
        )
        return response
    try:
        begun: HttpResponseBase = OAuth2LoginView.adapter_view(VneidAdapter(request, provider_id))(request)
        return begun
    except SILENT:
        return refused(request, provider_silent())


@never_cache
@require_GET
def callback(request: HttpRequest, provider_id: str) -> HttpResponseBase:
    """Where VNeID sends the browser back to."""
    _configured(request)
    try:
        ended: HttpResponseBase = OAuth2CallbackView.adapter_view(VneidAdapter(request, provider_id))(request)
        return ended
    except SILENT:
        return refused(request, provider_silent())


@require_safe
def cancelled(request: HttpRequest) -> HttpResponse:
    """Đã hủy: the person declined at VNeID."""
    _configured(request)
    return render(request, "socialaccount/login_cancelled.html", {"title": _("Bạn đã hủy đăng nhập VNeID")})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def consent(request: HttpRequest) -> HttpResponseBase:
    """Đồng ý: what we would use the VNeID data for, each purpose on its own, nothing ticked beforehand."""
    _configured(request)
    found = pending.waiting(request)
    if found is None:
        error = SignInExpired(
            _("Lượt đăng nhập VNeID đã hết hạn hoặc đã dùng xong."),
            kept=_("Chưa có thông tin nào của bạn được lưu thêm."),
            todo=_("Hãy đăng nhập lại bằng VNeID."),
        )
        return refused(request, error)
    claims, target = found
    problem: HaicapError | None = None
    chosen: list[str] = []
    if request.method == "POST":
        if "khong" in request.POST:
            pending.drop(request)
            messages.info(request, _("Bạn không đồng ý. Thông tin từ VNeID không được lưu."))
            return redirect("start")
        chosen = [purpose for purpose in request.POST.getlist("muc-dich") if purpose in ConsentPurpose.values]
        try:
            citizen = service.find_citizen(claims)
            if citizen is None:
                account = service.register_citizen(claims, chosen)
            else:
                account = citizen.account
                service.agree(account, chosen)
        except HaicapError as error:
            problem = error
        else:
            pending.drop(request)
            return _let_in(request, account, target)
    context = {
        "title": _("Dùng thông tin VNeID của bạn vào việc gì"),
        "claims": claims,
        "number": f"{'•' * 8}{claims.personal_number[-4:]}",
        "purposes": [(each.value, each.label, each == ConsentPurpose.ACCOUNT) for each in ConsentPurpose],
        "chosen": chosen,
        "version": service.CONSENT_VERSION,
        "problem": problem,
    }
    status = problem.http_status if problem is not None else 200
    return render(request, "access/citizens/consent.html", context, status=status)


@never_cache
@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Trang của người dân: who I am by VNeID, my data, who looked at them, my requests."""
    account = request.user
    citizen = getattr(account, "citizen", None)
    if not isinstance(account, Account) or citizen is None:
        return redirect("after-sign-in")
    context = {
        "title": _("Trang của tôi"),
        "citizen": citizen,
        "number": f"{'•' * 8}{citizen.personal_number[-4:]}" if citizen.personal_number else "",
        "requests": account.data_requests.order_by("-asked_at", "-id")[:5],
    }
    return render(request, "access/citizens/home.html", context)


def _let_in(request: HttpRequest, account: Account, target: str) -> HttpResponseBase:
    """Sign in as after any other proof: new session key, sign-in log, list of sessions."""
    answer: HttpResponseBase = perform_login(
        request, account, email_verification="none", redirect_url=target, signup=False
    )
    return answer


def _configured(request: HttpRequest) -> str:
    """The provider's origin; Http404 where there is no provider."""
    try:
        app = get_adapter(request).get_app(request, provider="vneid")
    except SocialApp.DoesNotExist:
        raise Http404 from None
    parts = urlsplit(app.settings["server_url"])
    return f"{parts.scheme}://{parts.netloc}"
