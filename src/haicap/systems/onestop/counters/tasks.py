"""Work of the counters in the worker."""

from __future__ import annotations

from haicap.kernel import jobs
from haicap.systems.onestop.counters import service


@jobs.periodic("7 * * * *", name="onestop.close_day")
def close_day(timestamp: int) -> None:
    """End the numbers of days gone by, close counters left open; every hour, so that a night's outage loses none."""
    service.close_left_over()
