"""Hộp gửi đi: effects outside the database, promised by the transaction that needs them, delivered later.

A use-case calls `send(topic, payload, key)` inside its act; a function marked `@handler(topic)` in some app's
`tasks.py` does the deed, in a worker, again and again until it succeeds. What cannot be delivered is shown:
`dead_letters()`, `retry`, `give_up`. How: docs/journal.md.
"""

from haicap.kernel.models.outbox import OutboxMessage, OutboxState
from haicap.kernel.outbox.delivery import deliver, deliver_due, sweep
from haicap.kernel.outbox.errors import (
    BadMessage,
    KeyTaken,
    MayNotManage,
    NoSuchMessage,
    NoTransaction,
    Undeliverable,
    UnknownTopic,
    WrongState,
)
from haicap.kernel.outbox.handlers import BackOff, Delivery, Handler, TryAgain, forget, handler, handlers
from haicap.kernel.outbox.managing import (
    PERMISSION,
    MessagePage,
    as_dict,
    counts,
    dead_letters,
    give_up,
    messages,
    retry,
    retry_dead,
)
from haicap.kernel.outbox.sending import send, send_many

__all__ = [
    "PERMISSION",
    "BackOff",
    "BadMessage",
    "Delivery",
    "Handler",
    "KeyTaken",
    "MayNotManage",
    "MessagePage",
    "NoSuchMessage",
    "NoTransaction",
    "OutboxMessage",
    "OutboxState",
    "TryAgain",
    "Undeliverable",
    "UnknownTopic",
    "WrongState",
    "as_dict",
    "counts",
    "dead_letters",
    "deliver",
    "deliver_due",
    "forget",
    "give_up",
    "handler",
    "handlers",
    "messages",
    "retry",
    "retry_dead",
    "send",
    "send_many",
    "sweep",
]
