"""Liên kết riêng: the secret address of a draft that was begun without sign-in.

It is computed from the draft's id and the deployment's secret, so it is stored nowhere: who reads the tables cannot
open a draft, and a letter sent later can name it again.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import uuid

from django.utils.crypto import salted_hmac

_SALT = "haicap.onestop.online.draft"
_PROOF_BYTES = 18
#: an address is so long
LENGTH = 22 + 24


def key_of(draft_id: uuid.UUID) -> str:
    """The secret key of a draft: 46 letters that nobody can guess."""
    return _text(draft_id.bytes) + _text(_proof(draft_id))


def draft_id_of(key: str) -> uuid.UUID | None:
    """The draft that a key opens; None for a key that was not made here."""
    if len(key) != LENGTH or not key.isascii():
        return None
    try:
        found = uuid.UUID(bytes=base64.urlsafe_b64decode(key[:22] + "=="))
    except (ValueError, binascii.Error):
        return None
    return found if hmac.compare_digest(key.encode(), key_of(found).encode()) else None


def _proof(draft_id: uuid.UUID) -> bytes:
    return salted_hmac(_SALT, draft_id.hex, algorithm="sha256").digest()[:_PROOF_BYTES]


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
