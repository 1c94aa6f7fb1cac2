"""Work of the worker for online drafts; importing registers it (and the handler of the receipt's letter)."""

from __future__ import annotations

from haicap.kernel import jobs
from haicap.systems.onestop.online import letters, service

__all__ = ["forget_drafts", "letters"]


@jobs.periodic("23 2 * * *", name="onestop.forget_online_drafts")
def forget_drafts(timestamp: int) -> None:
    """Delete drafts that nobody has touched for a month."""
    service.forget_expired()
