"""Khóa SCIM: making, listing, ending and checking the tokens of outside directories."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext as _

from haicap.access.models import ScimToken, ScimUse
from haicap.access.scim.errors import BadToken, NoSuchToken, TokensNotAllowed
from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.text import clean

PERMISSION = "access.manage_applications"
PREFIX = "scim_"
DEFAULT_DAYS, LONGEST_DAYS = 365, 730
#: longest list of tokens that is shown
MOST_TOKENS = 200
#: requests a minute of one token; a full reading of 3,000 people takes fifteen
MOST_REQUESTS = 300
#: minutes of use that are kept, for the last use and the limit
KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just made; `secret` is known at this moment only."""

    token: ScimToken
    secret: str


def _check(actor: Actor) -> None:
    if not actor.may(PERMISSION):
        raise TokensNotAllowed(
            _("Chức danh đang dùng không quản lý được khóa SCIM."),
            kept=_("Không có gì thay đổi."),
            todo=_("Đăng nhập bằng chức danh quản trị tỉnh."),
        )


def tokens(actor: Actor) -> QuerySet[ScimToken]:
    """All tokens, newest first, with `used_at`, the last minute of use. Raises TokensNotAllowed (ACC-411)."""
    _check(actor)
    found = ScimToken.objects.select_related("made_by").annotate(used_at=Max("uses__minute"))
    return found.order_by("-made_at", "-id")


def make_token(actor: Actor, name: str, *, may_write: bool = False, days: int = DEFAULT_DAYS) -> NewToken:
    """Cấp khóa SCIM: a token of the directory `name`, valid for `days`. Tokens of one name are of one directory,
    so that a new one goes on where the old one ended. Raises TokensNotAllowed (ACC-411), BadToken (ACC-412).
    """
    _check(actor)
    name = clean(name)
    if not 1 <= len(name) <= 80 or not 1 <= days <= LONGEST_DAYS:
        raise BadToken(
            _("Tên thư mục phải có từ 1 đến 80 ký tự, thời hạn từ 1 đến %(days)s ngày.")
            % {"days": LONGEST_DAYS},
            kept=_("Chưa có khóa nào được cấp."),
            todo=_("Sửa lại rồi gửi lần nữa."),
        )
    secret = PREFIX + secrets.token_urlsafe(32)
    now = clock.now()
    token = ScimToken(
        name=name,
        digest=_digest(secret),
        may_write=may_write,
        made_by_id=actor.account_id,
        made_at=now,
        expires_at=now + timedelta(days=days),
    )
    with journal.act(actor, "access.make_scim_token") as act:
        token.save(force_insert=True)
        act.changed("access.scim_token", token.id, None, _told(token))
    return NewToken(token, secret)


def revoke_token(actor: Actor, token_id: uuid.UUID) -> ScimToken:
    """Thu hồi khóa SCIM: it counts no more from this moment. Twice is as good as once.

    Raises TokensNotAllowed (ACC-411), NoSuchToken (ACC-410).
    """
    _check(actor)
    with journal.act(actor, "access.revoke_scim_token") as act:
        token = ScimToken.objects.select_for_update().filter(pk=token_id).first()
        if token is None:
            raise NoSuchToken(
                _("Không có khóa SCIM này."),
                kept=_("Không có gì thay đổi."),
                todo=_("Xem lại danh sách khóa."),
            )
        if token.revoked_at is None:
            token.revoked_at = clock.now()
            token.save(update_fields=["revoked_at"])
            act.changed("access.scim_token", token.id, {"revoked_at": None}, {"revoked_at": token.revoked_at})
    return token


def valid_token(secret: str) -> ScimToken | None:
    """The token of a secret, if it counts now; found by its SHA-256, so that time tells nothing of it."""
    if not secret.startswith(PREFIX) or len(secret) > 200:
        return None
    return ScimToken.objects.filter(
        Q(digest=_digest(secret)), revoked_at__isnull=True, expires_at__gt=clock.now()
    ).first()


def count_request(token: ScimToken) -> bool:
    """Count one request of a token; False when this minute has seen too many. One statement."""
    minute = clock.now().replace(second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO access_scimuse (token_id, minute, requests) VALUES (%s, %s, 1)"
            " ON CONFLICT (token_id, minute) DO UPDATE SET requests = access_scimuse.requests + 1"
            " RETURNING requests",
            [token.id, minute],
        )
        requests = int(cursor.fetchone()[0])
    if requests == 1:
        ScimUse.objects.filter(token=token, minute__lt=minute - KEPT).delete()
    return requests <= MOST_REQUESTS


def state_of(token: ScimToken, now: datetime | None = None) -> str:
    """ "revoked", "expired" or "valid"."""
    if token.revoked_at is not None:
        return "revoked"
    return "expired" if token.expires_at <= (now or clock.now()) else "valid"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _told(token: ScimToken) -> dict[str, Any]:
    return journal.values(token, "name", "may_write", "made_at", "expires_at")
