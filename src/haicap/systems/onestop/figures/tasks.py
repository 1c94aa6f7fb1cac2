"""Counting in the worker; importing registers it."""

from __future__ import annotations

from haicap.kernel import jobs
from haicap.systems.onestop.figures import counting


@jobs.periodic("*/5 * * * *", name="onestop.count_days")
def count_days(timestamp: int) -> None:
    """Count what changed since."""
    counting.follow()


@jobs.periodic("15 2 * * *", name="onestop.count_every_day")
def count_every_day(timestamp: int) -> None:
    """Count everything anew, at night."""
    counting.count_everything()
