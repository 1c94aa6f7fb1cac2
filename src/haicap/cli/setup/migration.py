"""Bring the tables up to date, with progress, when there is anything to do."""

from __future__ import annotations

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from haicap.cli.setup.display import Display

TITLE = "Tạo hoặc nâng cấp các bảng"


def migrate(display: Display) -> bool:
    """Apply what is missing; whether anything was."""
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if not missing:
        display.done(TITLE)
        return False
    with display.step(TITLE) as meter:
        meter.count(0, missing)
        call_command("migrate", interactive=False, verbosity=0)
        meter.count(missing, missing)
    return True
