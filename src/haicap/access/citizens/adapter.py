"""What django-allauth asks of us about sign-in by an outside provider."""

from __future__ import annotations

import hmac
import logging
from contextlib import suppress
from typing import Any

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.base import AuthError
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from requests import RequestException

from haicap.access.citizens import pending, service
from haicap.access.citizens.claims import read_claims
from haicap.access.citizens.errors import ProviderSilent, SignInFailed
from haicap.access.citizens.provider import PROVIDER_ID, VneidProvider
from haicap.access.models import Outcome, SignInEvent
from haicap.kernel.errors import HaicapError

log = logging.getLogger(__name__)


class CitizenAdapter(DefaultSocialAccountAdapter):
    """Only citizens come in by an outside provider, and only by the one of the environment.

    allauth's own table of linked accounts stays empty: `Citizen` is the link, and no copy of all that the
    provider says is kept beside it.
    """

    def list_apps(
        self, request: HttpRequest, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        """VNeID where it is configured; never anything from a database."""
        told = settings.HAICAP_VNEID
        if not (told["server_url"] and told["client_id"]):
            return []
        if provider not in (None, PROVIDER_ID, VneidProvider.id) or client_id not in (
            None,
            told["client_id"],
        ):
            return []
        return [
            SocialApp(
                provider=VneidProvider.id,
                provider_id=PROVIDER_ID,
                name="VNeID",
                client_id=told["client_id"],
                secret=told["client_secret"],
                settings={"server_url": told["server_url"], "scope": told["scope"].split()},
            )
        ]

    def get_provider(
        self, request: HttpRequest, provider: str, client_id: str | None = None
    ) -> VneidProvider:
        """VNeID; raises SocialApp.DoesNotExist where it is not configured."""
        return VneidProvider(request, app=self.get_app(request, provider=provider, client_id=client_id))

    def populate_user(self, request: HttpRequest, sociallogin: Any, data: Any) -> Any:
        """Nothing yet: the account is made when its owner has agreed."""
        return sociallogin.user

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Never by allauth's own pages."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Let a known citizen in; ask a new one what we may use the data for; refuse what is not right."""
        try:
            self._check_nonce(sociallogin)
            said = sociallogin.account.extra_data
            claims = read_claims(said["id_token"]["iss"], {**said["id_token"], **said["userinfo"]})
            citizen = service.find_citizen(claims)
            if citizen is not None:
                service.refresh_citizen(citizen, claims)
        except HaicapError as error:
            raise ImmediateHttpResponse(refused(request, error)) from error
        target = sociallogin.get_redirect_url(request)
        if target in (None, "", reverse("start")):  # signing in there leads to what is one's own
            target = reverse("citizen")
        if citizen is None or not service.consents_enough(citizen.account):
            pending.keep(request, claims, target)
            raise ImmediateHttpResponse(redirect("citizen-consent"))
        sociallogin.user = citizen.account
        sociallogin.state["next"] = target

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: BaseException | None = None,
        extra_context: Any = None,
    ) -> None:
        """A page of ours for everything but a person who changed their mind (allauth redirects those)."""
        if error == AuthError.CANCELLED:
            return
        if exception is None:
            log.warning("citizen sign-in refused: unknown or used state, or an error of the provider")
            raise ImmediateHttpResponse(_page(request, _failed()))
        log.warning("citizen sign-in refused: %s", exception)
        silent = isinstance(exception, RequestException)
        raise ImmediateHttpResponse(refused(request, provider_silent() if silent else _failed()))

    @staticmethod
    def _check_nonce(sociallogin: Any) -> None:
        sent = str(sociallogin.state.get("nonce") or "")
        got = str(sociallogin.account.extra_data["id_token"].get("nonce") or "")
        if not sent or not hmac.compare_digest(sent.encode(), got.encode()):
            raise _failed()


def provider_silent() -> ProviderSilent:
    """The error for a provider that does not answer."""
    return ProviderSilent(
        _("VNeID tạm thời không trả lời."),
        kept=_("Chưa có gì thay đổi."),
        todo=_("Thử lại sau ít phút. Tra cứu hồ sơ bằng mã không cần đăng nhập."),
    )


def refused(request: HttpRequest, error: HaicapError) -> HttpResponse:
    """Keep the refusal in the sign-in log and say why."""
    address = None
    with suppress(PermissionDenied):
        address = get_account_adapter(request).get_client_ip(request)
    SignInEvent.objects.create(
        username=f"VNeID {error.code}",
        outcome=Outcome.REFUSED,
        method=PROVIDER_ID,
        ip=address,
        user_agent=request.headers.get("User-Agent", "")[:200],
    )
    return _page(request, error)


def _failed() -> SignInFailed:
    return SignInFailed(
        _("Không xác nhận được lượt đăng nhập VNeID này: nó đã được dùng, đã hết hạn hoặc bị sửa đổi."),
        kept=_("Chưa có gì thay đổi; bạn chưa đăng nhập."),
        todo=_("Hãy đăng nhập lại từ đầu. Nếu vẫn lỗi, báo cho bộ phận một cửa."),
    )


def _page(request: HttpRequest, error: HaicapError) -> HttpResponse:
    context = {"title": _("Chưa đăng nhập được"), "error": error}
    return render(request, "socialaccount/authentication_error.html", context, status=error.http_status)
