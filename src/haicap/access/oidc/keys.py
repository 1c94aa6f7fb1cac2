"""Khóa ký: the RSA keys that sign tokens, kept encrypted, made when first needed, changed without a gap.

A new key is published `PUBLISHED_BEFORE` before it signs, so that every relying party has fetched it by then; the
old one stays published until the last token that it signed has ended.
"""

from __future__ import annotations

import base64
import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import jwt
from allauth.core.internal.jwkkit import jwk_thumbprint
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from haicap.access.errors import AccessDenied
from haicap.access.models import SigningKey
from haicap.access.oidc.errors import KeyUnreadable, RotationTooSoon
from haicap.access.oidc.moments import real_now
from haicap.kernel import journal
from haicap.kernel.actor import SYSTEM, Actor

PERMISSION = "access.manage_applications"
BITS = 2048
#: relying parties keep the published keys for at most so long (`Cache-Control` of the key set)
PUBLISHED_BEFORE = timedelta(hours=1)
#: an id token is a hint at sign-out for as long as a session lasts
SIGNED_LAST = timedelta(hours=13)
MOST_KEYS = 20
_LOCK = 7_201_407_301


@dataclass(frozen=True, slots=True)
class Key:
    """A signing key ready for use."""

    id: uuid.UUID
    kid: str
    private: rsa.RSAPrivateKey
    pem: str
    jwk: dict[str, Any]
    made_at: datetime
    begins_at: datetime
    ends_at: datetime | None


def published_keys() -> list[Key]:
    """The keys that verify tokens now or soon, the latest first; makes the first one. One query.

    Raises KeyUnreadable (ACC-307) when the deployment's secret was changed without keeping the old one.
    """
    rows = _rows()
    if not rows:
        _make_first()
        rows = _rows()
    return [_opened(row) for row in rows]


def signing_key() -> Key:
    """The key that signs now: the latest that has begun."""
    found = published_keys()
    now = real_now()
    return next(key for key in found if key.begins_at <= now)


def sign(claims: dict[str, Any], *, typ: str = "JWT") -> str:
    """A token with these claims, RS256."""
    key = signing_key()
    return jwt.encode(claims, key.private, algorithm="RS256", headers={"kid": key.kid, "typ": typ})


def verify(
    token: str, *, issuer: str, audience: str | None = None, expired: bool = False
) -> dict[str, Any] | None:
    """The claims of an id token that we signed, for `audience` if given; None for every other text.

    The algorithm is ours to say, not the token's: "none", HS256 with the public key, and foreign keys fail.
    """
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        key = next((key for key in published_keys() if key.kid == kid), None)
        if key is None:
            return None
        options: Any = {
            "verify_aud": audience is not None,
            "verify_exp": not expired,
            "require": ["sub", "aud", "iss"],
        }
        claims: dict[str, Any] = jwt.decode(
            token, key.private.public_key(), ["RS256"], options, audience=audience, issuer=issuer
        )
        return claims
    except jwt.PyJWTError:
        return None


def rotate_signing_key(actor: Actor, *, at_once: bool = False) -> SigningKey:
    """Thay khóa ký: publish a new key that signs from `PUBLISHED_BEFORE` on; the old one verifies on.

    `at_once`: the old key may be known to others: the new one signs now, the old one verifies nothing any more.
    Raises AccessDenied (ACC-403), RotationTooSoon (ACC-305).
    """
    if not actor.may(PERMISSION):
        raise AccessDenied(
            _("Chức danh đang dùng không thay được khóa ký."), todo=_("Liên hệ quản trị hệ thống của tỉnh.")
        )
    published_keys()
    with journal.act(actor, "access.rotate_signing_key", reason="at once" if at_once else "") as act:
        _lock()
        now = real_now()
        old = list(SigningKey.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now)))
        if not at_once and any(key.begins_at > now for key in old):
            raise RotationTooSoon(
                _("Khóa ký mới đã được công bố và chưa đến giờ dùng."),
                kept=_("Các khóa giữ nguyên."),
                todo=_("Chờ khóa ấy bắt đầu ký, hoặc thay ngay nếu khóa cũ bị lộ."),
            )
        begins_at = now if at_once else now + PUBLISHED_BEFORE
        for key in old:
            before = key.ends_at
            key.ends_at = now if at_once else min(before or begins_at + SIGNED_LAST, begins_at + SIGNED_LAST)
            key.save(update_fields=["ends_at"])
            act.changed("access.signing_key", key.pk, {"ends_at": before}, {"ends_at": key.ends_at})
        return _make(act, now, begins_at)


def _rows() -> list[SigningKey]:
    current = Q(ends_at__isnull=True) | Q(ends_at__gt=real_now())
    return list(SigningKey.objects.filter(current).order_by("-begins_at", "-made_at")[:MOST_KEYS])


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _make_first() -> None:
    """The first key; two requests that need it at once make one."""
    with transaction.atomic():
        _lock()
        if _rows():
            return
        with journal.act(SYSTEM, "access.make_signing_key") as act:
            _make(act, real_now(), real_now())


def _make(act: journal.Act, made_at: datetime, begins_at: datetime) -> SigningKey:
    private = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    row = SigningKey.objects.create(pem=_boxes().encrypt(pem).decode(), made_at=made_at, begins_at=begins_at)
    act.changed("access.signing_key", row.pk, None, {"begins_at": begins_at, "kid": _jwk(private)["kid"]})
    return row


def _opened(row: SigningKey) -> Key:
    private, pem = _decrypted(row.pem, settings.SECRET_KEY)
    jwk = _jwk(private)
    return Key(row.pk, jwk["kid"], private, pem, jwk, row.made_at, row.begins_at, row.ends_at)


@lru_cache(maxsize=64)
def _decrypted(box: str, _secret: str) -> tuple[rsa.RSAPrivateKey, str]:
    """The key in a box; checking an RSA key takes longer than signing with it, so it is done once a process."""
    try:
        pem = _boxes().decrypt(box.encode())
    except InvalidToken as error:
        raise KeyUnreadable(
            _("Không mở được khóa ký bằng bí mật hiện nay của hệ thống."),
            kept=_("Các khóa ký vẫn còn nguyên trong cơ sở dữ liệu."),
            todo=_("Đặt lại bí mật cũ (SECRET_KEY_FALLBACKS), hoặc thay khóa ký ngay."),
        ) from error
    key = serialization.load_pem_private_key(pem, password=None)
    assert isinstance(key, rsa.RSAPrivateKey)  # made above
    return key, pem.decode()


def _jwk(private: rsa.RSAPrivateKey) -> dict[str, Any]:
    jwk: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key()))
    jwk["kid"] = jwk_thumbprint(jwk)
    return {"kty": jwk["kty"], "use": "sig", "alg": "RS256", "kid": jwk["kid"], "n": jwk["n"], "e": jwk["e"]}


def _boxes() -> MultiFernet:
    """AES-128-CBC with HMAC-SHA-256 under keys derived (RFC 5869) from the deployment's secrets, the present first."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([_box(secret) for secret in secrets])


@lru_cache(maxsize=8)
def _box(secret: str) -> Fernet:
    derived = HKDF(hashes.SHA256(), length=32, salt=None, info=b"haicap signing keys 1").derive(
        secret.encode()
    )
    return Fernet(base64.urlsafe_b64encode(derived))
