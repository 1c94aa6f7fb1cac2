"""Cấu hình ký số: what differs between deployments, from the environment (or settings, in tests)."""

from __future__ import annotations

import os
from pathlib import Path

from django.conf import settings


def _value(name: str) -> str:
    return str(getattr(settings, name, "") or os.environ.get(f"HAICAP_{name}", ""))


def key_folder() -> Path | None:
    """Folder of PKCS#12 files that are kept outside the database (HAICAP_SIGNING_KEYS)."""
    return Path(_value("SIGNING_KEYS")) if _value("SIGNING_KEYS") else None


def pkcs11_module() -> str:
    """The library of the security module (HAICAP_SIGNING_PKCS11)."""
    return _value("SIGNING_PKCS11")


def timestamp_address() -> str:
    """The time stamp authority (HAICAP_SIGNING_TSA, RFC 3161); empty: signatures bear the server's time only."""
    return _value("SIGNING_TSA")


def trust_folder() -> Path | None:
    """Folder of root certificates (PEM or DER) that signatures are traced to (HAICAP_SIGNING_ROOTS)."""
    return Path(_value("SIGNING_ROOTS")) if _value("SIGNING_ROOTS") else None
