"""Who handles which topic, how often and how long it is tried."""

from __future__ import annotations

import datetime as dt
import random
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_TOPIC = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")


@dataclass(frozen=True, slots=True)
class BackOff:
    """Khoảng chờ giữa các lần gửi: `first_s`, then `factor` times longer each, up to `longest_s`; ± `jitter`.

    The default waits 10 s, 40 s, 3 min, 11 min, 43 min, 3 h, 6 h between eight attempts: a night's outage.
    """

    first_s: float = 10
    factor: float = 4
    longest_s: float = 6 * 3600
    jitter: float = 0.2

    def wait(self, attempt: int, chance: Callable[[], float] = random.random) -> dt.timedelta:
        """How long to wait after failed attempt number `attempt` (1 is the first); `chance` gives 0…1."""
        try:
            wait_s = min(self.first_s * self.factor ** (attempt - 1), self.longest_s)
        except OverflowError:
            wait_s = self.longest_s
        return dt.timedelta(seconds=wait_s * (1 + self.jitter * (2 * chance() - 1)))


@dataclass(frozen=True, slots=True)
class Delivery:
    """Một lần gửi: what a handler is given. `attempt` counts from 1.

    `correlation_id` is that of the act that sent the message; give it to the handler's own acts.
    """

    id: uuid.UUID
    topic: str
    key: str
    payload: dict[str, Any]
    attempt: int
    correlation_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Chưa xong, thử lại: what a handler gives back when another attempt is due and what it wrote is to stay.

    An exception takes the handler's writes back; this keeps them, with the failed attempt, in one transaction.
    `wait_s` None: the topic's back-off. On the last attempt the message is dead all the same.
    """

    reason: str
    wait_s: float | None = None


@dataclass(frozen=True, slots=True)
class Handler:
    """Bộ xử lý của một chủ đề."""

    topic: str
    function: Callable[[Delivery], TryAgain | None]
    attempts: int
    back_off: BackOff
    timeout_s: float


_handlers: dict[str, Handler] = {}


def handler(
    topic: str, *, attempts: int = 8, back_off: BackOff | None = None, timeout_s: float = 30
) -> Callable[[Callable[[Delivery], TryAgain | None]], Callable[[Delivery], TryAgain | None]]:
    """Register the handler of a topic ("portals.publish_name"), in `<app>/tasks.py`, found by itself.

    The handler runs in a transaction of its own that also marks the message done: what it writes to the
    database happens exactly once. What it does outside happens at least once (a worker may die between the
    deed and the commit): give the other side `delivery.key` as idempotency key. Any exception is a failed
    attempt; `Undeliverable` ends the attempts; given back, `TryAgain` is a failed attempt whose writes stay.
    After `timeout_s` seconds the attempt is cut off and failed.
    """
    if not _TOPIC.fullmatch(topic) or len(topic) > 100:
        raise ValueError(f"a topic is named app.verb_thing, not {topic!r}")
    if attempts < 1 or timeout_s <= 0:
        raise ValueError("at least one attempt, and some time for it")

    def register(
        function: Callable[[Delivery], TryAgain | None],
    ) -> Callable[[Delivery], TryAgain | None]:
        known = _handlers.get(topic)
        if known is not None and known.function.__qualname__ != function.__qualname__:
            raise ValueError(f"{topic} is handled by {known.function.__qualname__} already")
        _handlers[topic] = Handler(topic, function, attempts, back_off or BackOff(), timeout_s)
        return function

    return register


def handlers() -> Mapping[str, Handler]:
    """Every handler by its topic."""
    return dict(_handlers)


def handler_of(topic: str) -> Handler | None:
    """The handler of a topic, or None."""
    return _handlers.get(topic)


def forget(topic: str) -> None:
    """Take a handler away (tests)."""
    _handlers.pop(topic, None)
