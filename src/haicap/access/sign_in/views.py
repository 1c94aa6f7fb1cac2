"""Signing in and out, choosing the hat, one's own account."""

from __future__ import annotations

from typing import Any

from allauth.account.views import password_change
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from haicap.access.middleware import SESSION_KEY, actor_of, hats_of_request
from haicap.access.models import Account, KnownDevice, LinkPurpose, SignInEvent
from haicap.access.sign_in import reset, second_factor, service
from haicap.access.sign_in import sessions as own_sessions
from haicap.access.sign_in.address import device_label
from haicap.access.sign_in.errors import LastFactor
from haicap.access.sign_in.forms import FirstPasswordForm, ForgottenForm

EVENTS_A_PAGE = 50
#: older entries are found by the administrator; a page number beyond this many entries leads to the last page
MOST_EVENTS = 5000
MOST_DEVICES = 50


@never_cache
@login_required
def after_sign_in(request: HttpRequest) -> HttpResponse:
    """Where one starts: a citizen's own page, the steering pages, the day's work, or the own account."""
    if hasattr(_account(request), "citizen"):
        return redirect("citizen")
    actor = actor_of(request)
    if actor.may("command.steer"):
        return redirect("lead")
    return redirect("work" if actor.agency_ids else "my-account")


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def choose_hat(request: HttpRequest) -> HttpResponse:
    """Chọn chức danh: act as another of the own hats from now on; one that is not the own changes nothing."""
    if request.method == "POST":
        key = request.POST.get("chuc-danh", "")[:60]
        chosen = next((hat for hat in hats_of_request(request) if hat.key == key), None)
        if chosen is None:
            messages.error(request, _("Chức danh này không còn là của bạn. Chức danh đang dùng giữ nguyên."))
            return redirect("choose-hat")
        request.session[SESSION_KEY] = key
        messages.success(request, _("Đang làm việc với chức danh: %(hat)s") % {"hat": chosen.name})
        return redirect("after-sign-in")
    hats = hats_of_request(request)
    return _page(request, "account/hats.html", _("Chọn chức danh"), {"hats": hats, "worn": _worn(request)})


@never_cache
@login_required
@require_GET
def my_account(request: HttpRequest) -> HttpResponse:
    """Tài khoản của tôi: who I am, my hats, how I sign in, where I am signed in."""
    account = _account(request)
    authenticators = list(Authenticator.objects.filter(user=account).order_by("type", "pk")[:60])
    codes = next((one for one in authenticators if one.type == Authenticator.Type.RECOVERY_CODES), None)
    context = {
        "account": account,
        "hats": hats_of_request(request),
        "worn": _worn(request),
        "has_totp": any(one.type == Authenticator.Type.TOTP for one in authenticators),
        "passkeys": sum(one.type == Authenticator.Type.WEBAUTHN for one in authenticators),
        "codes_left": len(codes.wrap().get_unused_codes()) if codes is not None else 0,
        "needs_second_factor": second_factor.is_needed(request),
        "sessions": own_sessions.sessions_of(account, request.session.session_key),
        "events": _events(account)[:5],
        "links": _links(),
    }
    return _page(request, "account/my_account.html", _("Tài khoản của tôi"), context)


@never_cache
@login_required
@require_GET
def sign_in_log(request: HttpRequest) -> HttpResponse:
    """Nhật ký đăng nhập của tôi."""
    events = _events(_account(request))[:MOST_EVENTS]
    page = Paginator(events, EVENTS_A_PAGE).get_page(request.GET.get("trang"))
    for event in page.object_list:
        event.device = device_label(event.user_agent)
    return _page(request, "account/sign_in_log.html", _("Nhật ký đăng nhập của tôi"), {"page": page})


@never_cache
@login_required
@require_GET
def sessions(request: HttpRequest) -> HttpResponse:
    """Các phiên đang đăng nhập, và thiết bị đã biết."""
    account = _account(request)
    context = {
        "sessions": own_sessions.sessions_of(account, request.session.session_key),
        "devices": KnownDevice.objects.filter(account=account).order_by("-last_seen_at")[:MOST_DEVICES],
    }
    return _page(request, "usersessions/usersession_list.html", _("Phiên đăng nhập"), context)


@login_required
@require_POST
def end_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """Đăng xuất một phiên khác của mình."""
    own_sessions.end_session(request, _account(request), session_id)
    messages.success(request, _("Đã đăng xuất phiên ấy."))
    return redirect("usersessions_list")


@login_required
@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    """Đăng xuất mọi phiên khác của mình."""
    count = own_sessions.end_sessions(_account(request), besides=request.session.session_key, request=request)
    messages.success(request, _("Đã đăng xuất %(count)s phiên khác.") % {"count": count})
    return redirect("usersessions_list")


@never_cache
@login_required
@require_GET
def second_factor_page(request: HttpRequest) -> HttpResponse:
    """Where the gate leads: enrol a second factor, or prove the one there is."""
    onward = _own_address(request, request.GET.get("next", ""))
    if not second_factor.is_needed(request) or second_factor.is_proved(request):
        return redirect(onward or reverse("mfa_index"))
    factors = second_factor.factors_of(_account(request))
    if not factors:
        return _page(request, "mfa/required.html", _("Bật xác thực lớp hai"), {})
    has_totp = any(one.type == Authenticator.Type.TOTP for one in factors)
    view = "mfa_reauthenticate" if has_totp else "mfa_reauthenticate_webauthn"
    return redirect(reverse(view) + "?" + urlencode({"next": onward or reverse("after-sign-in")}))


class RemovePasskeyView(RemoveWebAuthnView):
    """Gỡ khóa truy cập; not the last factor of who must have one."""

    #: Django's own answer to DELETE deletes without asking `form_valid`
    http_method_names = ["get", "head", "post", "options"]

    def form_valid(self, form: Any) -> HttpResponse:
        """Raises LastFactor (ACC-112)."""
        adapter = get_adapter()
        if not adapter.can_delete_authenticator(self.get_object()):
            raise LastFactor(
                _("Đây là cách xác thực lớp hai cuối cùng của bạn, mà chức danh của bạn bắt buộc có."),
                kept=_("Khóa truy cập giữ nguyên."),
                todo=_("Thêm ứng dụng xác thực hoặc khóa khác trước khi gỡ khóa này."),
            )
        response: HttpResponse = super().form_valid(form)
        return response


remove_passkey = RemovePasskeyView.as_view()


@never_cache
@login_required
def change_password(request: HttpRequest) -> HttpResponse:
    """Đổi mật khẩu; who has none (citizens, who come by VNeID) is told so."""
    if not _account(request).has_usable_password():
        messages.info(request, _("Tài khoản này không dùng mật khẩu."))
        return redirect("my-account")
    response: HttpResponse = password_change(request)
    return response


@never_cache
@sensitive_variables("secret", "password")
@sensitive_post_parameters("password1", "password2")
@require_http_methods(["GET", "HEAD", "POST"])
def use_link(request: HttpRequest, secret: str) -> HttpResponse:
    """Liên kết một lần: its owner sets the password. Looking at the page uses nothing up."""
    link = service.open_link(secret)
    form = FirstPasswordForm(request.POST if request.method == "POST" else None, account=link.account)
    if request.method == "POST" and form.is_valid():
        try:
            account = service.use_link(secret, form.cleaned_data["password1"], request)
        except ValidationError as error:
            form.add_error("password1", error)
        else:
            messages.success(
                request,
                _("Đã đặt mật khẩu. Hãy đăng nhập bằng tên %(name)s.") % {"name": account.username},
            )
            return redirect("sign-in")
    context = {
        "form": form,
        "account": link.account,
        "link": link,
        "is_first": link.purpose == LinkPurpose.FIRST,
    }
    response = _page(request, "account/use_link.html", _("Đặt mật khẩu"), context)
    response["Referrer-Policy"] = "no-referrer"
    return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reset_password(request: HttpRequest) -> HttpResponse:
    """Quên mật khẩu: asks for a link by mail; says the same whether or not there is such an account."""
    title = _("Quên mật khẩu")
    is_sent = request.method == "POST"
    if not reset.is_possible():
        page = _page(request, "account/password_reset.html", title, {})
        page.status_code = 503 if is_sent else 200
        return page
    form = ForgottenForm(request.POST if is_sent else None)
    status = 200
    if is_sent and form.is_valid():
        sentence = reset.ask(request, form.cleaned_data["login"])
        if not sentence:
            return redirect("reset-sent")
        form.add_error("login", sentence)
        status = 429
    page = _page(request, "account/password_reset.html", title, {"form": form})
    page.status_code = status
    return page


@never_cache
@require_GET
def reset_sent(request: HttpRequest) -> HttpResponse:
    """Đã nhận: what happens next, in the same words for everybody."""
    return _page(request, "account/password_reset_done.html", _("Hãy xem hộp thư công vụ"), {})


def _account(request: HttpRequest) -> Account:
    account = request.user
    assert isinstance(account, Account)  # every caller is behind login_required
    return account


def _page(request: HttpRequest, template: str, title: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, template, {"title": title, **context})


def _worn(request: HttpRequest) -> str:
    """The key of the hat that is worn."""
    hats = hats_of_request(request)
    key = request.session.get(SESSION_KEY, "")
    return next((hat.key for hat in hats if hat.key == key), hats[0].key if hats else "")


def _events(account: Account) -> Any:
    return SignInEvent.objects.filter(account=account).order_by("-at", "-pk")


def _own_address(request: HttpRequest, address: str) -> str:
    """The address when it is one of this host; else nothing."""
    is_own = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if is_own else ""


def _links() -> list[tuple[str, str]]:
    """Pages of other parts about oneself, where they exist."""
    found = []
    for name, label in (
        ("my-colleagues", _("Người trong cơ quan tôi")),
        ("my-appointments", _("Quá trình bổ nhiệm của tôi")),
        ("my-data", _("Dữ liệu cá nhân của tôi")),
        ("sso-mine", _("Ứng dụng biết tôi")),
        ("permission-matrix", _("Bảng phân quyền theo chức danh")),
    ):
        try:
            found.append((label, reverse(name)))
        except NoReverseMatch:
            continue
    return found
