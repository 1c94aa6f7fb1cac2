"""The kernel's jobs (found by name: every app's jobs are in its `tasks.py`)."""

from __future__ import annotations

import uuid

from haicap.kernel import jobs, journal, outbox
from haicap.kernel.outbox.worker import deliver_in_time


@jobs.task(name="kernel.deliver_message", queue="outbox")
async def deliver_message(message_id: str, topic: str) -> None:
    """Deliver one message of the outbox."""
    await deliver_in_time(uuid.UUID(message_id), topic)


@jobs.periodic("* * * * *", name="kernel.seal_journal", queue="journal")
def seal_journal(timestamp: int) -> None:
    """Seal what was written to the journal."""
    journal.seal()


@jobs.periodic("* * * * *", name="kernel.sweep_outbox", queue="outbox")
def sweep_outbox(timestamp: int) -> None:
    """Find deliveries of dead workers and messages without a job."""
    outbox.sweep()


@jobs.periodic("17 3 * * *", name="kernel.forget_jobs")
def forget_jobs(timestamp: int) -> None:
    """Delete what is left of jobs that failed a month ago or more."""
    jobs.forget_failed(days=30)


@jobs.periodic("* * * * *", name="kernel.rescue_jobs")
def rescue_jobs(timestamp: int) -> None:
    """Put the jobs of dead workers back."""
    jobs.rescue()
