"""What follows a cut-over or an undo outside the database, and runs that were asked for in the web."""

from __future__ import annotations

import uuid

from django.db import connection

from haicap.kernel import jobs, outbox
from haicap.kernel.contract import Carrier, carriers
from haicap.kernel.outbox import Delivery
from haicap.reorganisation.engine.cut import OUTBOX_TOPIC as CUT_TOPIC
from haicap.reorganisation.engine.undo import OUTBOX_TOPIC as UNDO_TOPIC
from haicap.reorganisation.requests import carry_out_request

FOLLOW_TOPIC = "reorganisation.follow"


@outbox.handler(CUT_TOPIC)
def cut_over_happened(delivery: Delivery) -> None:
    """Ask every system that has something to do outside, each by a message of its own."""
    _ask_the_systems(delivery.payload["run"], undone=False)


@outbox.handler(UNDO_TOPIC)
def undo_happened(delivery: Delivery) -> None:
    """The same after an undo."""
    _ask_the_systems(delivery.payload["run"], undone=True)


def _ask_the_systems(run: str, *, undone: bool) -> None:
    """A message per carrier that says what follows: one that fails does not hold up the others."""
    outbox.send_many(
        FOLLOW_TOPIC,
        [
            (
                f"{'undo' if undone else 'cut-over'}:{run}:{carrier.system}.{carrier.record}",
                {"run": run, "undone": undone, "system": carrier.system, "record": carrier.record},
            )
            for carrier in carriers()
            if type(carrier).follow is not Carrier.follow
        ],
    )


@outbox.handler(FOLLOW_TOPIC, timeout_s=300)
def follow(delivery: Delivery) -> None:
    """Let one carrier do what follows outside."""
    payload = delivery.payload
    for carrier in carriers():
        if (carrier.system, carrier.record) == (payload["system"], payload["record"]):
            carrier.follow(uuid.UUID(payload["run"]), undone=payload["undone"])


@jobs.task(name="reorganisation.carry_out")
def carry_out(request_id: str) -> None:
    """Carry out a rehearsal, cut-over or undo that was asked for in the web."""
    try:
        carry_out_request(uuid.UUID(request_id))
    finally:
        connection.close()
