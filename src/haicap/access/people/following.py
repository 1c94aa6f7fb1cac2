"""Delegations follow the appointment they lend: when its row is written anew, when it ends."""

from __future__ import annotations

import datetime as dt
import uuid

from psycopg.types.range import Range

from haicap.access.models import Delegation
from haicap.kernel import clock
from haicap.kernel.journal import Act


def follow_appointment(act: Act, old: uuid.UUID, new: uuid.UUID | None, ends_on: dt.date) -> None:
    """Close what still runs or waits on the old row; lend the new one for what remains of the time."""
    now = clock.now()
    end = dt.datetime.combine(ends_on, dt.time.min, tzinfo=clock.ZONE)
    running = Delegation.objects.select_for_update().filter(
        appointment_id=old, revoked_at__isnull=True, during__endswith__gt=now
    )
    for delegation in running:
        delegation.revoked_at = now
        delegation.save(update_fields=["revoked_at"])
        begins, ends = max(delegation.during.lower, now), min(delegation.during.upper, end)
        after: dict[str, object] = {"revoked_at": now}
        if new is not None and begins < ends:
            copy = Delegation.objects.create(
                appointment_id=new,
                delegate_id=delegation.delegate_id,
                during=Range(begins, ends, "[)"),
                reason=delegation.reason,
                decision=delegation.decision,
                made_by_id=delegation.made_by_id,
            )
            after["followed_by"] = copy.id
        act.changed("access.delegation", delegation.id, {"revoked_at": None}, after)
