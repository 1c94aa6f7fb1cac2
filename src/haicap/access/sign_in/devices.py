"""Thiết bị đã biết: the cookie by which a browser is known again; only its SHA-256 is kept."""

from __future__ import annotations

import hashlib
import secrets

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from haicap.access.models import Account, KnownDevice
from haicap.access.sign_in.address import device_label
from haicap.kernel import clock

COOKIE = "haicap_device"
COOKIE_AGE_S = 400 * 24 * 3600
_SECRET_LENGTH = 43
#: an account's list of devices ends there: the one unseen longest is forgotten
MOST_DEVICES = 50


def digest_of(request: HttpRequest) -> str:
    """The SHA-256 of this browser's cookie; empty without one."""
    secret = request.COOKIES.get(COOKIE, "")
    return hashlib.sha256(secret.encode()).hexdigest() if len(secret) == _SECRET_LENGTH else ""


def known(request: HttpRequest, account: Account) -> KnownDevice | None:
    """This browser as the account knows it."""
    digest = digest_of(request)
    return KnownDevice.objects.filter(account=account, digest=digest).first() if digest else None


def remember(request: HttpRequest, response: HttpResponseBase, account: Account) -> bool:
    """Note that the account signed in with this browser; whether it is a new one of an account that has others."""
    now = clock.now()
    device = known(request, account)
    if device is not None:
        KnownDevice.objects.filter(pk=device.pk).update(last_seen_at=now)
        return False
    others = KnownDevice.objects.filter(account=account)
    is_new = others.exists()
    digest = digest_of(request)
    # a cookie that we gave is kept, so that several accounts share one PC; another's invention is not
    if not (digest and KnownDevice.objects.filter(digest=digest).exists()):
        secret = secrets.token_urlsafe(32)
        digest = hashlib.sha256(secret.encode()).hexdigest()
        response.set_cookie(
            COOKIE,
            secret,
            max_age=COOKIE_AGE_S,
            httponly=True,
            samesite="Lax",
            secure=request.is_secure() or bool(settings.SESSION_COOKIE_SECURE),
        )
    KnownDevice.objects.create(
        account=account,
        digest=digest,
        label=device_label(request.headers.get("user-agent", ""))[:200],
        first_seen_at=now,
        last_seen_at=now,
    )
    kept = others.order_by("-last_seen_at").values("pk")[:MOST_DEVICES]
    others.exclude(pk__in=kept).delete()
    return is_new
