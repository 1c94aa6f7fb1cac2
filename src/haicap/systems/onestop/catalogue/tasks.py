"""Long work of the catalogue: reading a file and applying an import, in the background."""

from __future__ import annotations

import uuid

from django.db import connection

from haicap.kernel import jobs
from haicap.systems.onestop.catalogue import imports


@jobs.task(name="onestop.carry_out_catalogue_import")
def carry_out(run_id: str, deed: str) -> None:
    """Read or apply an import that was asked for in the web."""
    try:
        imports.carry_out(uuid.UUID(run_id), deed)
    finally:
        connection.close()
