"""Đăng xuất qua máy chủ: applications are told when a session ends (OpenID Connect Back-Channel Logout 1.0).

The promise is made in the transaction that ends the session, the call is made by a worker, again until it succeeds.
Where it goes to is what an administrator registered, https or this machine, never an address of a request or a
redirect; the answer is not read.
"""

from __future__ import annotations

import http.client
import ssl
import time
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from haicap.access.models import Application, Grant
from haicap.access.oidc import keys
from haicap.access.oidc.addresses import is_safe
from haicap.access.oidc.moments import real_now
from haicap.kernel import outbox
from haicap.kernel.outbox import Delivery, Undeliverable

TOPIC = "access.tell_session_end"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
TOKEN_LASTS = timedelta(minutes=2)
TIMEOUT_S = 5
WHOLE_S = 20


def tell(grants: Iterable[Grant]) -> None:
    """Promise to tell the applications of these grants, each once a session. Part of the caller's transaction."""
    messages: dict[str, dict[str, Any]] = {}
    for grant in grants:
        application = getattr(grant.client, "application", None)
        if application is None or not application.backchannel_logout_uri or grant.spent_at is None:
            continue
        message = {
            "client": grant.client_id,
            "account": str(grant.account_id),
            "sid": str(grant.sid),
            "issuer": grant.issuer,
        }
        messages.setdefault(f"{grant.client_id}:{grant.sid}", {**message, "grant": str(grant.pk)})
    if messages:
        outbox.send_many(TOPIC, [(f"{key}:{one['grant']}", one) for key, one in messages.items()])


def deliver(delivery: Delivery) -> None:
    """Tell one application. Raises Undeliverable when it is closed, has no address, or refuses the token."""
    told = delivery.payload
    application = Application.objects.filter(client_id=told["client"], closed_at__isnull=True).first()
    if application is None or not application.backchannel_logout_uri:
        raise Undeliverable("the application is closed or wants no calls any more")
    token = logout_token(told["client"], told["account"], told["sid"], told["issuer"], delivery.id)
    status = post(application.backchannel_logout_uri, {"logout_token": token})
    if status in (400, 401, 403, 404, 405, 410, 501):
        raise Undeliverable(f"refused with status {status}")
    if not 200 <= status < 300:
        raise ConnectionError(f"answered with status {status}")


def logout_token(client_id: str, account: str, sid: str, issuer: str, jti: uuid.UUID) -> str:
    """The signed token of the call: never with a nonce, so that it cannot pass for an id token."""
    now = int(real_now().timestamp())
    claims = {
        "iss": issuer,
        "aud": client_id,
        "sub": account,
        "sid": sid,
        "iat": now,
        "exp": now + int(TOKEN_LASTS.total_seconds()),
        "jti": str(jti),
        "events": {EVENT: {}},
    }
    return keys.sign(claims, typ="logout+jwt")


def post(address: str, form: dict[str, str]) -> int:
    """POST a form and give the status; follows no redirect, reads no body, ends within `WHOLE_S` seconds.

    Raises Undeliverable for an address that is not safe, OSError when nobody answers.
    """
    if not is_safe(address):
        raise Undeliverable(f"not an address to call: {address}")
    parts = urlsplit(address)
    assert parts.hostname is not None  # a safe address has one
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=TIMEOUT_S, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT_S)
    begun = time.monotonic()
    try:
        connection.request(
            "POST",
            (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            body=urlencode(form),
            headers={"Content-Type": "application/x-www-form-urlencoded", "Connection": "close"},
        )
        status = connection.getresponse().status
    except http.client.HTTPException as error:
        raise ConnectionError(f"not an answer: {type(error).__name__}") from error
    finally:
        connection.close()
    if time.monotonic() - begun > WHOLE_S:
        raise TimeoutError("answered too slowly")
    return status
