"""What django-allauth's validator leaves open, closed: see the table of attacks in docs/sso.md.

Replaced: codes (its cache belongs to one process), PKCE for everybody, exact addresses, closed applications, secrets
without a password hash, refresh tokens that know their family, revocation of one's own tokens only, hints at users.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from datetime import timedelta
from typing import Any
from urllib.parse import unquote_plus

from allauth.core import context
from allauth.idp.oidc import app_settings
from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.internal.oauthlib.request_validator import OAuthLibRequestValidator
from allauth.idp.oidc.internal.oauthlib.utils import get_validator_context
from allauth.idp.oidc.models import Client, Token
from oauthlib.common import Request

from haicap.access.models import Account, AccountKind, Grant
from haicap.access.oidc import grants, keys
from haicap.access.oidc.authentication import signed_in_at
from haicap.access.oidc.moments import real_now
from haicap.access.oidc.secrets import digest, matches
from haicap.access.oidc.sessions import sid_of


class Validator(OAuthLibRequestValidator):  # type: ignore[misc]
    """Decides about every request of the provider."""

    # --- applications ---------------------------------------------------------------------------------

    def _lookup_client(self, request: Request, client_id: str) -> Client | None:
        """An application that is registered with us and not closed."""
        known = get_validator_context().clients
        if client_id not in known:
            known[client_id] = (
                Client.objects.select_related("application")
                .filter(pk=client_id, application__closed_at__isnull=True, application__isnull=False)
                .first()
                if isinstance(client_id, str) and "\0" not in client_id
                else None
            )
        return known[client_id]

    def authenticate_client(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        """By secret, in the header or in the body, never both; the two may not name different applications."""
        client_id, secret = _basic(request.headers)
        if client_id is None:
            client_id, secret = request.client_id, request.client_secret
        elif request.client_secret or (request.client_id and request.client_id != client_id):
            return False
        if not isinstance(client_id, str) or not isinstance(secret, str) or not secret:
            return False
        client = self._lookup_client(request, client_id)
        if client is None or client.type != Client.Type.CONFIDENTIAL or not matches(secret, client.secret):
            return False
        self._use_client(request, client)
        return True

    def client_authentication_required(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        """Yes, but for an application that cannot keep a secret."""
        if _basic(request.headers)[0] is not None or request.client_secret:
            return True
        client = self._lookup_client(request, request.client_id)
        return client is None or client.type != Client.Type.PUBLIC

    def validate_redirect_uri(
        self, client_id: str, redirect_uri: str, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """Letter by letter one of those registered."""
        return redirect_uri in request.client.get_redirect_uris()

    def validate_response_type(self, client_id: str, response_type: str, *args: Any, **kwargs: Any) -> bool:
        """The code flow only, whatever a row may say."""
        return response_type == "code"

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Client, *args: Any, **kwargs: Any
    ) -> bool:
        """Codes and refresh tokens only."""
        return grant_type in ("authorization_code", "refresh_token")

    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        """Of all, unless an application with a secret is known to be unable."""
        client = getattr(request, "client", None) or self._lookup_client(request, client_id)
        return not (client and client.type == Client.Type.CONFIDENTIAL and client.application.without_pkce)

    # --- authorisation codes --------------------------------------------------------------------------

    def save_authorization_code(
        self, client_id: str, code: dict[str, Any], request: Request, *args: Any, **kwargs: Any
    ) -> None:
        """Keep the code as its digest, with what was asked for and the session it was asked in."""
        visit = context.request
        asked = {
            "redirect_uri": request.redirect_uri,
            "scopes": list(request.scopes),
            "nonce": getattr(request, "nonce", None),
            "challenge": request.code_challenge,
            "method": request.code_challenge_method,
        }
        grants.open_grant(
            request.client,
            visit.user,
            code=code["code"],
            asked=asked,
            sid=sid_of(visit),
            hat=str(visit.session.get("hat", ""))[:60],
            issuer=get_adapter().get_issuer(),
            signed_in_at=signed_in_at(visit),
        )

    def validate_code(
        self, client_id: str, code: str, client: Client, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """A code of this very application that is young and was not spent."""
        if request.redirect_uri is None:
            return False
        grant = grants.find_code(client, code)
        if grant is None or (request.code_verifier and not grant.code["challenge"]):
            return False
        _remember(grant)
        request.user = grant.account
        request.scopes = grant.code["scopes"]
        return True

    def get_code_challenge(self, code: str, request: Request) -> str | None:
        """The challenge that came with the request for the code."""
        found: str | None = _grant().code["challenge"]
        return found

    def get_code_challenge_method(self, code: str, request: Request) -> str | None:
        """S256, where there is a challenge."""
        found: str | None = _grant().code["method"]
        return found

    def get_authorization_code_scopes(
        self, client_id: str, code: str, redirect_uri: str, request: Request
    ) -> list[str]:
        """What the account agreed to."""
        found: list[str] = _grant().code["scopes"]
        return found

    def get_authorization_code_nonce(
        self, client_id: str, code: str, redirect_uri: str, request: Request
    ) -> str | None:
        """The nonce that came with the request for the code."""
        found: str | None = _grant().code["nonce"]
        return found

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, *args: Any, **kwargs: Any
    ) -> bool:
        """The same address as in the request for the code."""
        return bool(redirect_uri == _grant().code["redirect_uri"])

    def invalidate_authorization_code(
        self, client_id: str, code: str, request: Request, *args: Any, **kwargs: Any
    ) -> None:
        """Spent once."""
        grants.spend_code(request.client, code)

    # --- tokens ---------------------------------------------------------------------------------------

    def validate_refresh_token(
        self, refresh_token: str, client: Client, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """A token of this application whose session goes on, of an account that is not locked."""
        found = grants.find_refresh_token(client, refresh_token)
        if found is None:
            return False
        token, grant = found
        _remember(grant)
        request.user = grant.account
        get_validator_context().refresh_token = token
        return True

    def save_bearer_token(self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any) -> None:
        """Keep digests of the new tokens, each with its grant; the refresh token that was used is spent."""
        grant, now = _grant(), real_now()
        visit = get_validator_context()
        if visit.refresh_token is not None:
            grants.spend_refresh_token(visit.refresh_token, grant)
        until = min(now + timedelta(seconds=token["expires_in"]), grant.made_at + grants.longest())
        rows = [_row(Token.Type.ACCESS_TOKEN, token["access_token"], grant, request, until)]
        if token.get("refresh_token"):
            ends_at = grant.made_at + grants.longest()
            # what the sign-in lets one know does not shrink when one access token is asked to know less
            rows.append(_row(Token.Type.REFRESH_TOKEN, token["refresh_token"], grant, request, ends_at))
            rows[-1].set_scopes(visit.refresh_token.get_scopes() if visit.refresh_token else request.scopes)
            token["refresh_expires_in"] = max(0, int((ends_at - now).total_seconds()))
        Token.objects.bulk_create(rows)

    def finalize_id_token(
        self, id_token: dict[str, Any], token: dict[str, Any], token_handler: Any, request: Request
    ) -> str:
        """The claims of now, signed."""
        grant = _grant()
        id_token |= get_adapter().get_claims(
            "id_token", request.user, request.client, request.scopes, hat=grant.hat
        )
        issued = int(real_now().timestamp())
        id_token |= {
            "iss": grant.issuer,
            "aud": request.client.pk,
            "iat": issued,
            "exp": issued + app_settings.ID_TOKEN_EXPIRES_IN,
            "auth_time": int(grant.signed_in_at.timestamp()),
            "sid": str(grant.sid),
            "jti": uuid.uuid4().hex,
        }
        return keys.sign(id_token)

    def validate_bearer_token(self, token: str, scopes: list[str], request: Request) -> bool:
        """An access token that counts, of an open application and an account that is not locked."""
        if not token or context.request.GET.get("access_token"):
            return False
        row = (
            Token.objects.select_related("user__person", "client__application")
            .filter(
                type=Token.Type.ACCESS_TOKEN,
                hash=digest(token),
                expires_at__gt=real_now(),
                user__is_active=True,
                client__application__closed_at__isnull=True,
            )
            .first()
        )
        grant_id = grants.grant_id_of(row) if row is not None else None
        if row is None or grant_id is None or not set(scopes) <= set(row.get_scopes()):
            return False
        grant = Grant.objects.filter(pk=grant_id, ended_at__isnull=True).first()
        if grant is None:
            return False
        _remember(grant)
        request.user, request.scopes, request.access_token = row.user, row.get_scopes(), token
        self._use_client(request, row.client)
        get_validator_context().access_token = row
        return True

    def validate_jwt_bearer_token(self, token: str, scopes: list[str], request: Request) -> bool:
        """Access tokens are opaque: an id token opens nothing."""
        return False

    def get_userinfo_claims(self, request: Request) -> dict[str, Any]:
        """The claims of now."""
        claims: dict[str, Any] = get_adapter().get_claims(
            "userinfo", request.user, request.client, request.scopes, hat=_grant().hat
        )
        return claims

    def revoke_token(
        self, token: str, token_type_hint: str, request: Request, *args: Any, **kwargs: Any
    ) -> None:
        """End a token of this application's own; with a refresh token all that came of its sign-in."""
        row = Token.objects.filter(hash=digest(token), client=request.client).first()
        if row is None:
            return
        grant_id = grants.grant_id_of(row)
        if row.type == Token.Type.REFRESH_TOKEN and grant_id is not None:
            grants.end_grants(Grant.objects.filter(pk=grant_id), tell=False)
        row.delete()

    # --- who is there ---------------------------------------------------------------------------------

    def validate_silent_login(self, request: Request) -> bool:
        """Whether somebody is signed in who may use this application."""
        user = context.request.user
        if not isinstance(user, Account) or not admits(request.client, user):
            return False
        request.user = user
        return True

    def validate_silent_authorization(self, request: Request) -> bool:
        """Whether this account has agreed, to this application, to all of this."""
        return agreed(request.client, context.request.user, request.scopes or request.scope.split())

    def validate_user_match(
        self, id_token_hint: str | None, scopes: Any, claims: Any, request: Request
    ) -> bool:
        """Whether the hint, if there is one, is an id token of ours for this application and this account."""
        if not id_token_hint:
            return True
        told = keys.verify(
            id_token_hint, issuer=get_adapter().get_issuer(), audience=request.client.pk, expired=True
        )
        return told is not None and told["sub"] == str(context.request.user.pk)


def admits(client: Client, account: Account) -> bool:
    """Whether this kind of account may sign in there."""
    return account.is_active and (account.kind == AccountKind.OFFICIAL or client.application.for_citizens)


def agreed(client: Client, account: Account, scopes: list[str]) -> bool:
    """Whether nobody needs to be asked: the province's own application, or a consent that stands."""
    if client.application.own and client.skip_consent:
        return True
    return grants.consented(account, client, scopes)


def _row(kind: str, value: str, grant: Grant, request: Request, until: Any) -> Token:
    row = Token(
        type=kind,
        hash=digest(value),
        client=request.client,
        user=request.user,
        created_at=real_now(),
        expires_at=until,
        data={"grant": str(grant.pk), "sid": str(grant.sid)},
    )
    row.set_scopes(list(request.scopes))
    return row


def _remember(grant: Grant) -> None:
    context.request.sso_grant = grant


def _grant() -> Grant:
    """The grant that this request is about; set when its code or token was looked at."""
    grant: Grant = context.request.sso_grant
    return grant


def _basic(headers: Any) -> tuple[str | None, str | None]:
    """Name and secret of the Authorization header (RFC 6749 §2.3.1: form-encoded); None where there is none."""
    scheme, _space, value = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None, None
    try:
        name, _colon, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(name), unquote_plus(secret)
