"""Single sign-on as others see it: applications, signing keys, and ending sign-ins elsewhere."""

from __future__ import annotations

from haicap.access.oidc.applications import (
    Description,
    application,
    applications,
    close_application,
    edit_application,
    register_application,
    renew_secret,
    told_of,
)
from haicap.access.oidc.grants import end_account, end_session
from haicap.access.oidc.keys import Key, published_keys, rotate_signing_key

__all__ = [
    "Description",
    "Key",
    "application",
    "applications",
    "close_application",
    "edit_application",
    "end_account",
    "end_session",
    "published_keys",
    "register_application",
    "renew_secret",
    "rotate_signing_key",
    "told_of",
]
