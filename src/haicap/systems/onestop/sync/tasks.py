"""Work of reconciliation in the worker: the handler of tickets, and what is looked after by the clock."""

from __future__ import annotations

import uuid

from haicap.kernel import jobs, outbox
from haicap.kernel.actor import Actor
from haicap.systems.onestop import policy
from haicap.systems.onestop.models import Partner
from haicap.systems.onestop.sync import delivery, procedures, service, tickets

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


@jobs.task(name="onestop.fetch_catalogue")
def fetch_catalogue(partner: str, label: str, person: str | None, post: str | None) -> None:
    """Read a partner's catalogue and open an import of it, for who asked."""
    actor = Actor(
        label,
        person_id=uuid.UUID(person) if person else None,
        post_id=uuid.UUID(post) if post else None,
        permissions=frozenset({policy.MANAGE_SYNC, policy.CATALOGUE}),
    )
    procedures.fetch(actor, Partner.objects.get(pk=uuid.UUID(partner)))
