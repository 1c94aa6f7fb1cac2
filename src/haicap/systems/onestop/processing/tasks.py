"""Work of the clock and of letters in the worker; importing registers it."""

from __future__ import annotations

from haicap.kernel import jobs, outbox
from haicap.systems.onestop.processing import clockwork, notices

outbox.handler(notices.TOPIC)(notices.deliver)


@jobs.periodic("*/5 * * * *", name="onestop.warn_of_deadlines")
def warn_of_deadlines(timestamp: int) -> None:
    """Warn before steps are due, tell heads after it."""
    clockwork.look_after()


@jobs.periodic("* * * * *", name="onestop.tell_applicants")
def tell_applicants(timestamp: int) -> None:
    """Promise letters for what happened since."""
    notices.follow()
