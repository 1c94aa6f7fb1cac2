"""The kernel's tables."""

from haicap.kernel.models.journal import JournalEntry, JournalSeal
from haicap.kernel.models.outbox import OutboxMessage, OutboxState

__all__ = ["JournalEntry", "JournalSeal", "OutboxMessage", "OutboxState"]
