"""Fail when models and migrations differ, or two migrations claim to be the last; needs no database."""

from __future__ import annotations

import sys

import django
from django.apps import apps
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.utils import translation


def problems() -> list[str]:
    """What is wrong, a line each; nothing for apps that are not ours."""
    loader = MigrationLoader(None)
    conflicts = loader.detect_conflicts()
    if conflicts:
        return [f"{label}: two last migrations: {', '.join(names)}" for label, names in conflicts.items()]
    found = []
    ours = {app.label for app in apps.get_app_configs() if app.name.startswith("haicap.")}
    with translation.override(
        None, deactivate=True
    ):  # as makemigrations does: Django's own labels in English
        detector = MigrationAutodetector(loader.project_state(), ProjectState.from_apps(apps))
        changes = detector.changes(graph=loader.graph)
    for label, migrations in changes.items():
        if label not in ours:
            continue
        for migration in migrations:
            found += [f"{label}: {operation.describe()}" for operation in migration.operations]
    return found


if __name__ == "__main__":
    django.setup()
    lines = problems()
    print("\n".join(lines))
    sys.exit(1 if lines else 0)
