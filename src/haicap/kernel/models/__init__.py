"""The kernel's tables."""

from haicap.kernel.models.calendar import CalendarDay, CalendarRevision, DayKind, WorkingWeek
from haicap.kernel.models.files import StoredFile
from haicap.kernel.models.journal import JournalEntry, JournalSeal
from haicap.kernel.models.outbox import OutboxMessage, OutboxState

__all__ = [
    "CalendarDay",
    "CalendarRevision",
    "DayKind",
    "JournalEntry",
    "JournalSeal",
    "OutboxMessage",
    "OutboxState",
    "StoredFile",
    "WorkingWeek",
]
