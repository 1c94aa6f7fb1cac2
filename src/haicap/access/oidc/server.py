"""The protocol's server, with the code flow, PKCE by S256 and refreshing, and nothing else."""

from __future__ import annotations

import secrets
from typing import Any

from allauth.idp.oidc import app_settings
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749.endpoints import (
    AuthorizationEndpoint,
    IntrospectEndpoint,
    ResourceEndpoint,
    RevocationEndpoint,
    TokenEndpoint,
)
from oauthlib.oauth2.rfc6749.grant_types.authorization_code import code_challenge_method_s256
from oauthlib.oauth2.rfc6749.tokens import BearerToken
from oauthlib.openid.connect.core.endpoints import UserInfoEndpoint
from oauthlib.openid.connect.core.grant_types import AuthorizationCodeGrant, RefreshTokenGrant

from haicap.access.oidc.validator import Validator


class Server(
    AuthorizationEndpoint,  # type: ignore[misc]
    TokenEndpoint,  # type: ignore[misc]
    ResourceEndpoint,  # type: ignore[misc]
    RevocationEndpoint,  # type: ignore[misc]
    IntrospectEndpoint,  # type: ignore[misc]
    UserInfoEndpoint,  # type: ignore[misc]
):
    """What is not here cannot be asked for: no implicit or hybrid flow, no password, no "plain" challenge."""

    def __init__(self) -> None:
        validator = Validator()
        code = AuthorizationCodeGrant(validator)
        code.proxy_target._code_challenge_methods = {"S256": code_challenge_method_s256}
        refresh = RefreshTokenGrant(validator)
        bearer = BearerToken(validator, _token, app_settings.ACCESS_TOKEN_EXPIRES_IN, _token)
        AuthorizationEndpoint.__init__(
            self, default_response_type="code", default_token_type=bearer, response_types={"code": code}
        )
        TokenEndpoint.__init__(
            self,
            default_grant_type="authorization_code",
            default_token_type=bearer,
            grant_types={"authorization_code": code, "refresh_token": refresh},
        )
        ResourceEndpoint.__init__(self, default_token="Bearer", token_types={"Bearer": bearer})
        RevocationEndpoint.__init__(self, validator)
        IntrospectEndpoint.__init__(self, validator)
        UserInfoEndpoint.__init__(self, validator)


def _token(request: Request) -> Any:
    """An opaque token, 512 random bits."""
    return secrets.token_urlsafe(64)
