"""Things that the kernel's tests need."""

from __future__ import annotations

import time
import uuid

from haicap.kernel import journal
from haicap.kernel.actor import SYSTEM
from haicap.kernel.models import JournalEntry


def entries_made(count: int) -> list[uuid.UUID]:
    """Make entries, a transaction each; their ids in the journal's order."""
    made = []
    for number in range(count):
        with journal.act(SYSTEM, "test.make", reason=f"số {number}") as doing:
            doing.changed("thing", uuid.uuid4(), {"n": number - 1}, {"n": number})
        made.append(JournalEntry.objects.latest("era", "xid").id)
    return made


def seal_everything(*, wanted: int | None = None, timeout_s: float = 60, **options: int) -> None:
    """Seal until `wanted` entries are (all when None): other databases of the server run transactions too."""
    until = time.monotonic() + timeout_s
    while True:
        position = journal.seal(**options).position
        if position == wanted or (wanted is None and journal.unsealed() == 0):
            return
        if time.monotonic() > until:
            raise TimeoutError(f"sealed up to {position} only, {journal.unsealed()} wait")
        time.sleep(0.01)
