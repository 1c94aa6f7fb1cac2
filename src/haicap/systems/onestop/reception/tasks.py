"""Work of the counter in the worker."""

from __future__ import annotations

from haicap.kernel import jobs
from haicap.systems.onestop.reception import drafts


@jobs.periodic("23 2 * * *", name="onestop.sweep_reception_drafts")
def sweep_drafts(timestamp: int) -> None:
    """Forget what was half typed more than two days ago: it holds personal data and is no record."""
    drafts.sweep()
