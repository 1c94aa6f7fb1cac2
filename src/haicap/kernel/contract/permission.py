"""Permissions: what a title may do, named by the app that asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from django.apps import apps
from django.utils.functional import Promise


@dataclass(frozen=True, slots=True)
class Permission:
    """Quyền: `code` is "app.verb_object"; `label` says in Vietnamese what it lets one do, for the matrix page.

    `delicate`: who holds it signs in with a second factor.
    """

    code: str
    label: str | Promise
    delicate: bool = False


@cache
def permissions() -> dict[str, Permission]:
    """Every permission of every app of ours, by code: `PERMISSIONS` of the apps' modules `permissions`."""
    found: dict[str, Permission] = {}
    for config in apps.get_app_configs():
        name = f"{config.name}.permissions"
        if config.name.startswith("haicap.") and find_spec(name) is not None:
            for permission in import_module(name).PERMISSIONS:
                found[permission.code] = permission
    return found
