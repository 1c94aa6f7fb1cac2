"""Passwords of partners: needed in clear to sign in there, so encrypted at rest (as the keys of single sign-on are)."""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.translation import gettext as _

from haicap.systems.onestop.sync.errors import SecretUnreadable


def sealed(secret: str) -> str:
    """What is kept of a secret; nothing of none."""
    return _boxes().encrypt(secret.encode()).decode() if secret else ""


def opened(kept: str) -> str:
    """The secret of which this is kept. Raises SecretUnreadable (ONE-519) under another deployment's secret."""
    if not kept:
        return ""
    try:
        return _boxes().decrypt(kept.encode()).decode()
    except InvalidToken as error:
        raise SecretUnreadable(
            _("Không mở được mật khẩu của hệ thống ngoài bằng bí mật hiện nay của hệ thống."),
            kept=_("Các bản tin vẫn nằm chờ, không mất gì."),
            todo=_("Nhập lại mật khẩu ở trang thiết lập, hoặc đặt lại bí mật cũ (SECRET_KEY_FALLBACKS)."),
        ) from error


def _boxes() -> MultiFernet:
    """AES-128-CBC with HMAC-SHA-256 under keys derived (RFC 5869) from the deployment's secrets, the present first."""
    return MultiFernet([_box(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


@lru_cache(maxsize=8)
def _box(secret: str) -> Fernet:
    derived = HKDF(hashes.SHA256(), length=32, salt=None, info=b"haicap partners 1").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
