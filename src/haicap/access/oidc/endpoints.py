"""The addresses that programs ask: discovery, keys, authorisation, tokens, userinfo, revocation, sign-out.

Thin views around `server.Server`; the pages that people see in between are in haicap's look.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.account.internal.flows.logout import logout as sign_out
from allauth.core.exceptions import RateLimited
from allauth.core.internal import ratelimit
from allauth.core.internal.httpkit import add_query_params, del_query_params
from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.internal.oauthlib.utils import (
    convert_response,
    extract_params,
    get_validator_context,
)
from allauth.idp.oidc.models import Client
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from oauthlib.oauth2.rfc6749 import errors
from oauthlib.oauth2.rfc6749.errors import OAuth2Error

from haicap.access.middleware import actor_of
from haicap.access.models import Account, Grant
from haicap.access.oidc import grants, keys
from haicap.access.oidc.adapter import ProviderAdapter
from haicap.access.oidc.authentication import signed_in_at
from haicap.access.oidc.claims import SCOPES
from haicap.access.oidc.errors import RequestRefused
from haicap.access.oidc.moments import real_now
from haicap.access.oidc.server import Server
from haicap.access.oidc.sessions import SID_KEY, sid_of
from haicap.access.oidc.validator import Validator, admits, agreed

METHODS = ["client_secret_basic", "client_secret_post"]
CLAIMS = [
    "sub", "sid", "auth_time", "name", "given_name", "middle_name", "family_name", "preferred_username", "email",
    "email_verified", "account_kind", "person_id", "title", "title_name", "titles", "posts", "agency_id",
    "agency_code", "agency_name", "unit_id", "unit_code", "unit_name", "former_codes", "former_unit_codes",
]  # fmt: skip
View = Callable[..., HttpResponse]


@require_safe
def discovery(request: HttpRequest) -> JsonResponse:
    """What this provider can do (OpenID Connect Discovery 1.0, RFC 8414): nothing that it does not."""
    issuer = get_adapter().get_issuer()

    def at(name: str) -> str:
        return f"{issuer}" + reverse(f"idp:oidc:{name}")

    return _open(
        {
            "issuer": issuer,
            "authorization_endpoint": at("authorization"),
            "token_endpoint": at("token"),
            "userinfo_endpoint": at("userinfo"),
            "jwks_uri": at("jwks"),
            "revocation_endpoint": at("revoke"),
            "introspection_endpoint": at("introspect"),
            "end_session_endpoint": at("logout"),
            "scopes_supported": list(SCOPES),
            "claims_supported": CLAIMS,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": [*METHODS, "none"],
            "revocation_endpoint_auth_methods_supported": [*METHODS, "none"],
            "introspection_endpoint_auth_methods_supported": METHODS,
            "prompt_values_supported": ["none", "login", "consent"],
            "claims_parameter_supported": False,
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
            "authorization_response_iss_parameter_supported": True,
            "backchannel_logout_supported": True,
            "backchannel_logout_session_supported": True,
            "ui_locales_supported": ["vi", "en"],
        }
    )


@require_safe
def jwks(request: HttpRequest) -> JsonResponse:
    """The public keys, the next one among them before it signs."""
    response = _open({"keys": [key.jwk for key in keys.published_keys()]})
    response["Cache-Control"] = f"max-age={int(keys.PUBLISHED_BEFORE.total_seconds()) // 2}, must-revalidate"
    return response


def _open(data: dict[str, Any]) -> JsonResponse:
    response = JsonResponse(data)
    response["Access-Control-Allow-Origin"] = "*"
    return response


# --- signing in at an application ---------------------------------------------------------------------


@never_cache
@csrf_exempt
@require_http_methods(["GET", "POST"])
def authorization(request: HttpRequest) -> HttpResponse:
    """Sign in here, agree, go back with a code. An application may also POST its request."""
    if request.method == "POST" and "quyet-dinh" not in request.POST:
        return redirect(f"{reverse('idp:oidc:authorization')}?{request.POST.urlencode()}")
    server, asked = Server(), _asked(request)
    try:
        scopes, info = server.validate_authorization_request(*asked)
    except errors.FatalClientError as error:
        raise _refusal(error) from error
    except OAuth2Error as error:
        return _back(error.in_uri(error.redirect_uri))
    client: Client = info["request"].client
    prompts = set(info.get("prompt") or ())
    if "openid" not in scopes:
        return _back_with(info, {"error": "invalid_scope"})
    if "none" not in prompts:
        answer = _stop(request, client, prompts, info)
        if answer is not None:
            return answer
    elif _too_long_ago(request):
        return _back_with(info, {"error": "login_required"})
    chosen = scopes
    if "none" not in prompts and ("consent" in prompts or not agreed(client, _account(request), scopes)):
        if request.method != "POST":
            return _ask_consent(request, client, scopes, info)
        decided = _decided(request, client, scopes)
        if decided is None:
            return _back_with(info, {"error": "access_denied"})
        chosen = decided
    return _with_code(server, asked, chosen, info)


def _asked(request: HttpRequest) -> tuple[str, str, str, dict[str, str]]:
    """What the application asks stands in the address, also when a person's decision is posted to it."""
    uri, _method, _body, headers = extract_params(request)
    return uri, "GET", "", headers


def _stop(
    request: HttpRequest, client: Client, prompts: set[str], info: dict[str, Any]
) -> HttpResponse | None:
    """The page to show first: the door, or a new proof; an account that this application does not admit."""
    here = request.get_full_path()
    if not request.user.is_authenticated:
        return redirect_to_login(
            del_query_params(here, "prompt") if "login" in prompts else here, reverse("sign-in")
        )
    if "login" in prompts or _too_long_ago(request):
        again = del_query_params(here, "prompt")
        if rest := " ".join(sorted(prompts - {"login"})):
            again = add_query_params(again, {"prompt": rest})
        return redirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': again})}")
    if not admits(client, _account(request)):
        return _back_with(
            info, {"error": "access_denied", "error_description": "not for this kind of account"}
        )
    return None


def _too_long_ago(request: HttpRequest) -> bool:
    """Whether the last proof is older than the application allows (`max_age`)."""
    wanted = request.GET.get("max_age", "")
    if not wanted.isdecimal() or not request.user.is_authenticated:
        return False
    # a proof of this very minute answers a wish for a fresh one: people must get through
    allowed = max(int(wanted[:9]), 60)
    return (real_now() - signed_in_at(request)).total_seconds() > allowed


def _ask_consent(
    request: HttpRequest, client: Client, scopes: list[str], info: dict[str, Any]
) -> HttpResponse:
    adapter: ProviderAdapter = get_adapter()
    context = {
        "title": _("Đồng ý cho ứng dụng biết về bạn"),
        "client": client,
        "host": urlsplit(info["redirect_uri"]).netloc,
        "optional": [
            (scope, adapter.scope_display.get(scope, scope)) for scope in scopes if scope != "openid"
        ],
        "here": request.get_full_path(),
    }
    response = render(request, "idp/oidc/authorization_form.html", context)
    # the browser counts the way back to the application as part of sending the form
    parts = urlsplit(info["redirect_uri"])
    response["Content-Security-Policy"] = (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; frame-ancestors 'none'; "
        f"form-action 'self' {parts.scheme}://{parts.netloc}"
    )
    return response


def _decided(request: HttpRequest, client: Client, scopes: list[str]) -> list[str] | None:
    """The scopes that the person agreed to; None when refused. Raises RequestRefused without a valid form token."""
    problem = _csrf_problem(request)
    if problem is not None:
        raise RequestRefused(
            _("Biểu mẫu này không còn hiệu lực hoặc không do trang này gửi."),
            kept=_("Chưa có thông tin nào được chia sẻ."),
            todo=_("Quay lại ứng dụng và đăng nhập lại từ đầu."),
        )
    if request.POST.get("quyet-dinh") != "dong-y":
        return None
    chosen = [
        "openid",
        *(scope for scope in scopes if scope in request.POST.getlist("pham-vi") and scope != "openid"),
    ]
    grants.keep_consent(actor_of(request), _account(request), client, chosen)
    return chosen


def _csrf_problem(request: HttpRequest) -> object | None:
    """What is wrong with the form token; these addresses are exempt, as programs use them, too."""

    def nothing(*_args: object, **_kwargs: object) -> HttpResponse:
        return HttpResponse()

    return CsrfViewMiddleware(nothing).process_view(request, nothing, (), {})


def _with_code(server: Server, asked: Any, scopes: list[str], info: dict[str, Any]) -> HttpResponse:
    try:
        headers, body, status = server.create_authorization_response(*asked, scopes=scopes)
    except errors.FatalClientError as error:
        raise _refusal(error) from error
    if "Location" in headers:
        return _back(headers["Location"])
    answer: HttpResponse = convert_response(headers, body, status)
    return answer


def _back_with(info: dict[str, Any], answer: dict[str, str]) -> HttpResponse:
    if info.get("state"):
        answer["state"] = info["state"]
    return _back(add_query_params(info["redirect_uri"], answer))


def _back(address: str) -> HttpResponse:
    """To the application, saying who answers (RFC 9207)."""
    response = HttpResponse(status=302)
    response["Location"] = add_query_params(address, {"iss": get_adapter().get_issuer()})
    return response


def _refusal(error: OAuth2Error) -> RequestRefused:
    return RequestRefused(
        _("Yêu cầu đăng nhập của ứng dụng không hợp lệ."),
        kept=_("Bạn không bị chuyển đi đâu và không có thông tin nào được chia sẻ."),
        todo=_("Báo cho người quản lý ứng dụng đó: %(why)s") % {"why": error.description or error.error},
        details={"error": error.error},
    )


def _account(request: HttpRequest) -> Account:
    assert isinstance(request.user, Account)  # signed in, looked at before
    return request.user


# --- tokens -------------------------------------------------------------------------------------------


@csrf_exempt
@require_POST
@transaction.atomic
def token(request: HttpRequest) -> HttpResponse:
    """Exchange a code or a refresh token. What a replay ends stays ended though the answer is an error."""
    try:
        response = convert_response(*Server().create_token_response(*extract_params(request)))
    except OAuth2Error as error:
        response = JsonResponse(dict(error.twotuples), status=error.status_code)
    return _not_kept(response)


@csrf_exempt
@require_http_methods(["GET", "POST"])
def userinfo(request: HttpRequest) -> HttpResponse:
    """The claims of now, for an access token."""
    try:
        response = convert_response(*Server().create_userinfo_response(*extract_params(request)))
    except OAuth2Error as error:
        response = HttpResponse(error.json, status=error.status_code, content_type="application/json")
        for name, value in error.headers.items():
            response[name] = value
    return _not_kept(response)


@csrf_exempt
@require_POST
@transaction.atomic
def revoke(request: HttpRequest) -> HttpResponse:
    """End a token (RFC 7009)."""
    return _not_kept(convert_response(*Server().create_revocation_response(*extract_params(request))))


@csrf_exempt
@require_POST
def introspect(request: HttpRequest) -> HttpResponse:
    """Whether a token of the asking application counts (RFC 7662)."""
    try:
        get_validator_context().supported_auth_methods = tuple(METHODS)
        ratelimit.consume(
            request=request, app="allauth.idp.oidc", action="introspect_ip", raise_exception=True
        )
        response = convert_response(*Server().create_introspect_response(*extract_params(request)))
    except RateLimited:
        response = JsonResponse({"error": "temporarily_unavailable"}, status=429)
    return _not_kept(response)


def _not_kept(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    return response


# --- signing out --------------------------------------------------------------------------------------


@never_cache
@csrf_exempt
@require_http_methods(["GET", "POST"])
def logout(request: HttpRequest) -> HttpResponse:
    """Sign out, asked for by an application (OpenID Connect RP-Initiated Logout 1.0).

    Without asking only for an id token of this very session; whoever else sends a browser here makes a question
    appear, not a sign-out. The way back is one that is registered for sign-out, letter by letter; else none.
    """
    asked = request.POST if request.method == "POST" else request.GET
    client, hint = _who_asks(asked.get("id_token_hint", ""), asked.get("client_id", ""))
    back = asked.get("post_logout_redirect_uri", "")
    known = client is not None and back in client.get_post_logout_redirect_uris()
    if back and not known:
        raise RequestRefused(
            _("Ứng dụng muốn đưa bạn đến một địa chỉ chưa đăng ký sau khi đăng xuất."),
            kept=_("Bạn chưa bị đăng xuất và không bị chuyển đi đâu."),
            todo=_("Đăng xuất bằng nút ở đầu trang nếu bạn muốn; báo cho người quản lý ứng dụng đó."),
        )
    if request.user.is_authenticated:
        mine = (
            hint is not None
            and hint["sub"] == str(request.user.pk)
            and hint.get("sid") == request.session.get(SID_KEY)
        )
        decision = asked.get("quyet-dinh", "") if request.method == "POST" else ""
        if not mine and decision not in ("ra", "o-lai"):
            return render(
                request,
                "idp/oidc/logout.html",
                {"title": _("Đăng xuất"), "client": client, "asked": _kept(asked)},
            )
        if not mine and _csrf_problem(request):
            return render(
                request,
                "idp/oidc/logout.html",
                {"title": _("Đăng xuất"), "client": client, "asked": _kept(asked)},
            )
        if mine or decision == "ra":
            sign_out(request, show_message=not known)
        elif client is not None:
            grants.end_grants(Grant.objects.filter(sid=sid_of(request), client=client), tell=False)
    if not known:
        return redirect("start")
    response = HttpResponse(status=302)
    response["Location"] = add_query_params(back, {"state": asked["state"]}) if asked.get("state") else back
    return response


def _who_asks(hint: str, client_id: str) -> tuple[Client | None, dict[str, Any] | None]:
    """The application that asks and the id token that it shows; neither where they contradict each other."""
    claims = keys.verify(hint, issuer=get_adapter().get_issuer(), expired=True) if hint else None
    if hint and (claims is None or "events" in claims):
        return None, None
    if claims is not None and client_id and client_id != claims["aud"]:
        return None, None
    client = Validator()._lookup_client(None, claims["aud"] if claims is not None else client_id)
    return client, claims if client is not None else None


def _kept(asked: Any) -> list[tuple[str, str]]:
    names = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state")
    return [(name, asked[name]) for name in names if asked.get(name)]
