"""VNeID as an OpenID provider: what django-allauth leaves open of the code flow is closed here.

allauth keeps the state and PKCE. It does not send a nonce, takes the ID token of the token endpoint without
looking at its signature, and lets the address of the sign-in page add scopes and parameters.
"""

from __future__ import annotations

import json
import secrets
from typing import Any

import jwt
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import HttpRequest, HttpResponseBase
from requests import RequestException

PROVIDER_ID = "vneid"
#: signatures by a private key only: with "none" anybody, with HMAC whoever knows the public key could sign
ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
KEY_KINDS = frozenset({"RSA", "EC", "OKP"})
LEEWAY_S = 60
LONGEST_SUBJECT = 190
NEEDED = ("iss", "sub", "aud", "exp", "iat", "nonce")


class VneidAdapter(OpenIDConnectOAuth2Adapter):
    """Talks to the provider: discovery, code for tokens, the ID token checked whole, the user's claims."""

    @property
    def openid_config(self) -> dict[str, Any]:
        """The discovery document; its issuer must be whom we asked. OAuth2Error when it is not one."""
        config = super().openid_config
        if not isinstance(config, dict) or any(
            not isinstance(config.get(name), str)
            for name in (
                "issuer",
                "authorization_endpoint",
                "token_endpoint",
                "jwks_uri",
                "userinfo_endpoint",
            )
        ):
            raise OAuth2Error("discovery document lacks endpoints")
        asked = self.get_provider().app.settings["server_url"]
        if "/.well-known/" not in asked and config["issuer"].rstrip("/") != asked.rstrip("/"):
            raise OAuth2Error("discovery document names another issuer")
        return config

    def get_access_token_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The answer of the token endpoint. OAuth2Error when it is none."""
        try:
            data = super().get_access_token_data(*args, **kwargs)
        except (KeyError, TypeError, ValueError) as error:
            raise OAuth2Error("token endpoint answers nonsense") from error
        if not isinstance(data, dict) or not isinstance(data.get("access_token"), str):
            raise OAuth2Error("no access token")
        data.pop("expires_in", None)  # tokens are not kept
        return data

    def complete_login(self, request: HttpRequest, app: Any, token: Any, **kwargs: Any) -> Any:
        """The claims of ID token and userinfo; both must be of one subject."""
        said = self._decode_id_token(app, kwargs["response"].get("id_token"))
        subject = said["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
            raise OAuth2Error("subject of id_token is none")
        userinfo = self._fetch_user_info(token.token)
        if not isinstance(userinfo, dict) or userinfo.get("sub") != subject:
            raise OAuth2Error("userinfo is about somebody else")
        return self.get_provider().sociallogin_from_response(
            request, {"id_token": said, "userinfo": userinfo}
        )

    def _decode_id_token(self, app: Any, id_token: Any) -> dict[str, Any]:
        """OpenID Connect Core 3.1.3.7: signature, iss, aud, azp, exp, iat; the nonce is compared later."""
        if not isinstance(id_token, str):
            raise OAuth2Error("no id_token")
        try:
            header = jwt.get_unverified_header(id_token)
            key = self._key(header)
            said: dict[str, Any] = jwt.decode(
                id_token,
                key=key,
                algorithms=[header["alg"]],
                audience=app.client_id,
                issuer=self.openid_config["issuer"],
                leeway=LEEWAY_S,
                options={"require": list(NEEDED)},
            )
        except (jwt.PyJWTError, KeyError, TypeError, ValueError) as error:
            raise OAuth2Error("invalid id_token") from error
        many = isinstance(said["aud"], list) and len(said["aud"]) > 1
        if said.get("azp", None if many else app.client_id) != app.client_id:
            raise OAuth2Error("id_token is for another client")
        return said

    def _key(self, header: dict[str, Any]) -> Any:
        """The provider's key that the header names; of the kind that its algorithm signs with."""
        if header.get("alg") not in ALGORITHMS:
            raise OAuth2Error("algorithm of id_token is refused")
        with get_adapter().get_requests_session() as session:
            answer = session.get(self.openid_config["jwks_uri"])
            answer.raise_for_status()
            keys = [
                key
                for key in answer.json()["keys"]
                if key.get("kty") in KEY_KINDS
                and key.get("use", "sig") == "sig"
                and key.get("alg", header["alg"]) == header["alg"]
                and ("kid" not in header or key.get("kid") == header["kid"])
            ]
        if len(keys) != 1:
            raise OAuth2Error("no single key for id_token")
        return jwt.get_algorithm_by_name(header["alg"]).from_jwk(json.dumps(keys[0]))


class VneidProvider(OpenIDConnectProvider):
    """PKCE and nonce always; what the address of the sign-in page says beside "next" is ignored."""

    oauth2_adapter_class = VneidAdapter
    pkce_enabled_default = True

    def get_redirect_from_request_kwargs(self, request: HttpRequest) -> dict[str, Any]:
        """Sign in, nothing else: no connecting of accounts, no scopes or parameters from the address."""
        kwargs = super().get_redirect_from_request_kwargs(request)
        return {**kwargs, "process": AuthProcess.LOGIN, "scope": self.get_scope(), "auth_params": {}}

    def redirect(
        self, request: HttpRequest, process: str, next_url: str | None = None, data: Any = None, **kwargs: Any
    ) -> HttpResponseBase:
        """To the provider, with a nonce that the state keeps."""
        nonce = secrets.token_urlsafe(24)
        kwargs["auth_params"] = {**(kwargs.get("auth_params") or {}), "nonce": nonce}
        answer: HttpResponseBase = super().redirect(request, process, next_url, data, nonce=nonce, **kwargs)
        return answer

    def extract_uid(self, data: dict[str, Any]) -> str:
        """The provider's `sub`."""
        return str(data["id_token"]["sub"])

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        """Nothing: our own record is made from the claims, see `service`."""
        return {}

    def extract_email_addresses(self, data: dict[str, Any]) -> list[Any]:
        """None: a citizen has no address for signing in."""
        return []


#: what may go wrong while talking to the provider, beside an answer that says no
SILENT = (RequestException, OAuth2Error)
