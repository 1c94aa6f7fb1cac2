"""Work of reconciliation in the worker: the handler of tickets, and what is looked after by the clock."""

from __future__ import annotations

import uuid

from haicap.kernel import jobs, outbox
from haicap.systems.onestop.sync import delivery, service, tickets

outbox.handler(tickets.TOPIC, attempts=delivery.ATTEMPTS, timeout_s=delivery.TIMEOUT_S)(delivery.deliver)


@jobs.periodic("* * * * *", name="onestop.look_after_sync")
def look_after_sync(timestamp: int) -> None:
    """Give tickets to what has none; say what failed for good."""
    service.look_after()


@jobs.periodic("* * * * *", name="onestop.ask_for_acknowledgements")
def ask_for_acknowledgements(timestamp: int) -> None:
    """Ask partners that must be asked whether they have what they received."""
    service.ask_for_acknowledgements()


@jobs.task(name="onestop.continue_sync_run")
def continue_sync_run(run: str) -> None:
    """One batch of a replay or of a first telling, then the next."""
    if service.continue_run(uuid.UUID(run)):
        continue_sync_run.defer(run=run)
