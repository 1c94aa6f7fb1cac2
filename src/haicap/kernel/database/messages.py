"""Translated messages for code that also runs before Django is set up (the launcher of the database)."""

from __future__ import annotations

from django.core.exceptions import AppRegistryNotReady, ImproperlyConfigured


def gettext(message: str) -> str:
    """The message in the language in force; the Vietnamese original while Django is not set up yet."""
    from django.utils.translation import gettext as translate

    try:
        return translate(message)
    except (AppRegistryNotReady, ImproperlyConfigured):
        return message
