"""Addresses of applications: exact, https, or this very machine."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
LONGEST = 500
_PLAIN = re.compile(r"[\x21-\x7e]+")
_SHADY = frozenset('*<>"\\^`{|}')


def is_safe(address: str) -> bool:
    """Whether this is a whole address without wildcard, fragment or password, by https or on this machine."""
    if not _PLAIN.fullmatch(address) or len(address) > LONGEST or _SHADY & set(address) or "#" in address:
        return False
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return False
    if not parts.hostname or parts.username is not None or parts.password is not None or port == 0:
        return False
    if ".." in parts.path.split("/"):
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
