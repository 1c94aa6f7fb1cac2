"""Secrets of applications: random enough that one SHA-256 protects them, so that refreshing costs no password hash."""

from __future__ import annotations

import hashlib
import secrets

_PREFIX = "sha256$"


def new_secret() -> str:
    """A new secret, 256 random bits."""
    return secrets.token_urlsafe(32)


def digest(value: str) -> str:
    """The SHA-256 of a random value, in hexadecimal; never of a password."""
    return hashlib.sha256(value.encode(errors="replace")).hexdigest()


def stored(secret: str) -> str:
    """What is kept of an application's secret."""
    return _PREFIX + digest(secret)


def matches(secret: str, kept: str) -> bool:
    """Whether a secret is the one of which this is kept; in constant time."""
    return kept.startswith(_PREFIX) and secrets.compare_digest(stored(secret), kept)
