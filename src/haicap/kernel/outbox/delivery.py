"""Delivering: claim a message, hand it to its handler, keep what came of it."""

from __future__ import annotations

import json
import logging
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from haicap.kernel.ids import new_id
from haicap.kernel.models.outbox import OutboxState
from haicap.kernel.outbox.errors import Superseded, Undeliverable
from haicap.kernel.outbox.handlers import Delivery, Handler, TryAgain, handler_of
from haicap.kernel.outbox.sending import defer_deliveries

logger = logging.getLogger(__name__)

#: a claim this young may belong to a worker that is about to take its lock
YOUNG_CLAIM_S = 1
#: a due message this late has lost its job
LATE_S = 60
LONGEST_ERROR = 4000

#: A delivery's transaction holds this lock: who gets it knows that no living worker delivers that message
_LOCK = "pg_try_advisory_xact_lock(hashtextextended('haicap.outbox.' || %s::text, 0))"


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that this worker has taken to deliver."""

    token: uuid.UUID
    delivery: Delivery


def deliver(message_id: uuid.UUID) -> OutboxState | None:
    """Deliver one message in this thread, without a time limit; its state afterwards, None when not due.

    The worker delivers through `outbox.worker`, which adds the limit.
    """
    claim = take(message_id)
    return None if claim is None else attempt(claim)


def deliver_due(limit: int = 1000) -> dict[str, int]:
    """Deliver what is due in this thread, one after the other (tests, small tools); how many by state."""
    counts: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM kernel_outbox WHERE state = 'pending' AND next_attempt_at <= clock_timestamp()"
            " ORDER BY next_attempt_at, id LIMIT %s",
            [limit],
        )
        due = [message_id for (message_id,) in cursor.fetchall()]
    for message_id in due:
        state = deliver(message_id)
        if state is not None:
            counts[state.value] = counts.get(state.value, 0) + 1
    return counts


def take(message_id: uuid.UUID) -> Claim | None:
    """Claim a message that is due; None when it is not, or another worker has it."""
    token = new_id()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE kernel_outbox SET state = 'delivering', attempts = attempts + 1, claim = %s,"
            " claimed_at = clock_timestamp()"
            " WHERE id = %s AND state = 'pending' AND next_attempt_at <= clock_timestamp()"
            " RETURNING id, topic, key, payload::text, attempts, correlation_id",
            [token, message_id],
        )
        found = cursor.fetchone()
    if found is None:
        return None
    return Claim(token, _delivery(*found))


def attempt(claim: Claim, *, statement_timeout_s: float | None = None) -> OutboxState:
    """Run the handler and mark the message done, in one transaction; else keep the failure."""
    handler = handler_of(claim.delivery.topic)
    try:
        with transaction.atomic():
            _hold(claim, statement_timeout_s)
            if handler is None:
                raise LookupError(f"no handler for {claim.delivery.topic}")
            again = handler.function(claim.delivery)
            if again is not None:
                return keep_failure(claim, again, handler)
            _mark_done(claim)
    except Superseded:
        logger.warning("delivery of %s was taken over", claim.delivery.id)
        return OutboxState.DELIVERING
    except Exception as error:
        return keep_failure(claim, error, handler)
    return OutboxState.DONE


def keep_failure(claim: Claim, error: BaseException | TryAgain, handler: Handler | None) -> OutboxState:
    """Keep a failed attempt: the next one later, or dead when there is none."""
    delivery = claim.delivery
    last = isinstance(error, Undeliverable) or (handler is not None and delivery.attempt >= handler.attempts)
    if last:
        wait_s = 0.0
    elif handler is None:  # a worker of an older version: a newer one will know
        wait_s = float(LATE_S)
    else:
        wait_s = handler.back_off.wait(delivery.attempt).total_seconds()
        if isinstance(error, TryAgain) and error.wait_s is not None:
            wait_s = error.wait_s
    state = OutboxState.DEAD if last else OutboxState.PENDING
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE kernel_outbox SET state = %s, claim = NULL, last_error = %s,"
            " next_attempt_at = clock_timestamp() + make_interval(secs => %s)"
            " WHERE id = %s AND claim = %s RETURNING next_attempt_at",
            [state, _explained(error), wait_s, delivery.id, claim.token],
        )
        found = cursor.fetchone()
        if found is None:
            if isinstance(error, TryAgain):  # another has the message: what was written here must not stay
                raise Superseded
            return OutboxState.DELIVERING
        if not last:
            _defer_at(delivery.topic, delivery.id, found[0])
    logger.warning(
        "delivery of %s %s failed (attempt %s): %s",
        delivery.topic,
        delivery.key,
        delivery.attempt,
        _explained(error),
    )
    return state


def sweep() -> int:
    """Find deliveries whose worker died, and due messages whose job got lost; put them on their way again."""
    return _release_abandoned() + _defer_lost()


def _release_abandoned() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, topic, key, payload::text, attempts, correlation_id, claim FROM kernel_outbox"
            " WHERE state = 'delivering' AND claimed_at < clock_timestamp() - make_interval(secs => %s)",
            [YOUNG_CLAIM_S],
        )
        claims = [Claim(found[-1], _delivery(*found[:-1])) for found in cursor.fetchall()]
    released = 0
    for claim in claims:
        with transaction.atomic():
            if _lock(claim.delivery.id):
                keep_failure(claim, RuntimeError("the worker died"), handler_of(claim.delivery.topic))
                released += 1
    return released


def _defer_lost() -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT topic, array_agg(id) FROM kernel_outbox AS message"
            " WHERE state = 'pending' AND next_attempt_at < clock_timestamp() - make_interval(secs => %s)"
            " AND NOT EXISTS (SELECT FROM procrastinate_jobs AS job WHERE job.status IN ('todo', 'doing')"
            "  AND job.task_name = 'kernel.deliver_message' AND job.args ->> 'message_id' = message.id::text)"
            " GROUP BY topic",
            [LATE_S],
        )
        lost = cursor.fetchall()
        for topic, message_ids in lost:
            defer_deliveries(topic, message_ids)
    return sum(len(message_ids) for _topic, message_ids in lost)


def _hold(claim: Claim, statement_timeout_s: float | None) -> None:
    """Take the lock that says a living worker delivers this; Superseded when the claim is no longer ours."""
    if not _lock(claim.delivery.id):
        raise Superseded
    with connection.cursor() as cursor:
        if statement_timeout_s is not None:
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, true)", [str(int(statement_timeout_s * 1000))]
            )
        cursor.execute("SELECT claim FROM kernel_outbox WHERE id = %s", [claim.delivery.id])
        if cursor.fetchone() != (claim.token,):
            raise Superseded


def _lock(message_id: uuid.UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_LOCK}", [message_id])
        return bool(cursor.fetchone()[0])


def _mark_done(claim: Claim) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE kernel_outbox SET state = 'done', claim = NULL, last_error = '',"
            " done_at = kernel_clock_now() WHERE id = %s AND claim = %s",
            [claim.delivery.id, claim.token],
        )
        if cursor.rowcount != 1:
            raise Superseded


def _defer_at(topic: str, message_id: uuid.UUID, at: datetime) -> None:
    from haicap.kernel.tasks import deliver_message

    deliver_message.configure(schedule_at=at).defer(message_id=str(message_id), topic=topic)


def _delivery(
    message_id: uuid.UUID, topic: str, key: str, payload: str, attempts: int, correlation_id: Any
) -> Delivery:
    return Delivery(message_id, topic, key, json.loads(payload), attempts, correlation_id)


def _explained(error: BaseException | TryAgain) -> str:
    if isinstance(error, TryAgain):
        return error.reason.replace("\0", "")[:LONGEST_ERROR]
    return f"{type(error).__name__}: {error}".replace("\0", "")[:LONGEST_ERROR]
