"""Identities: UUID version 7 (RFC 9562), so that the rows of two provinces that merge can be joined."""

from __future__ import annotations

import uuid

import uuid_utils.compat


def new_id() -> uuid.UUID:
    """A new identity: UUIDv7, ordered by time of making. The SQL twin is the function `kernel_new_id()`."""
    return uuid_utils.compat.uuid7()
