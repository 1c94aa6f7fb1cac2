"""What django-allauth's OpenID provider asks of us: keys, issuer, claims."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from allauth.idp.oidc.models import PrivateKey
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from haicap.access.models import Account
from haicap.access.oidc import keys
from haicap.access.oidc.claims import claims_of
from haicap.access.oidc.moments import real_now
from haicap.access.oidc.secrets import new_secret


class ProviderAdapter(DefaultOIDCAdapter):  # type: ignore[misc]
    """Keys from the database, claims from the posts that a person holds now."""

    scope_display = {
        "openid": _("Biết bạn là ai bằng một mã riêng"),
        "profile": _("Họ tên và tên đăng nhập"),
        "email": _("Thư điện tử công vụ"),
        "haicap": _("Chức danh, cơ quan, đơn vị của bạn"),
    }

    def generate_client_secret(self) -> str:
        """256 random bits: the library's own has fewer, and is not safe in a URL."""
        return new_secret()

    def get_issuer(self) -> str:
        """The deployment's address (HAICAP_BASE_URL), else the one that was asked."""
        if settings.HAICAP_BASE_URL:
            return str(settings.HAICAP_BASE_URL).rstrip("/")
        return str(self.request.build_absolute_uri("/")).rstrip("/")

    def list_private_keys(
        self, *, did_activate: Literal[True] | None = None, is_active: Literal[True] | None = None
    ) -> list[PrivateKey]:
        """The published keys; ended ones are never given."""
        now = real_now()
        return [
            PrivateKey(not_before=key.begins_at, expires_at=key.ends_at, issued_at=key.made_at, pem=key.pem)
            for key in keys.published_keys()
            if not did_activate or key.begins_at <= now
        ]

    def get_claims(
        self,
        purpose: Literal["id_token", "userinfo"],
        user: Account,
        client: Any,
        scopes: Iterable[str],
        email: str | None = None,
        *,
        hat: str = "",
        **kwargs: Any,
    ) -> dict[str, Any]:
        """What the account is now, in the hat of its sign-in."""
        return claims_of(user, scopes, hat)

    def get_user_sub(self, client: Any, user: Account) -> str:
        """The account's id: for life, through every post."""
        return str(user.pk)

    def get_user_by_sub(self, client: Any, sub: str) -> Account | None:
        """The account of that id that may sign in."""
        try:
            return Account.objects.filter(pk=sub, is_active=True).first()
        except ValidationError:
            return None
