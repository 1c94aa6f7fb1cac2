"""Sending: the promise of an effect outside, made by the transaction that needs it."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from haicap.kernel import journal
from haicap.kernel.ids import new_id
from haicap.kernel.outbox.errors import BadMessage, KeyTaken, NoTransaction, UnknownTopic
from haicap.kernel.outbox.handlers import handler_of

LARGEST_PAYLOAD_BYTES = 256 * 1024
LONGEST_KEY = 300
CHUNK = 1000

_INSERT = """
INSERT INTO kernel_outbox (id, topic, key, payload, correlation_id)
SELECT id, %s, key, payload::jsonb, %s FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS t (id, key, payload)
ON CONFLICT (topic, key) DO NOTHING
RETURNING id
"""
_MET_BEFORE = """
SELECT given.key, message.id, message.payload = given.payload::jsonb
FROM unnest(%s::text[], %s::text[]) AS given (key, payload)
JOIN kernel_outbox AS message ON message.topic = %s AND message.key = given.key
"""


def send(topic: str, payload: Mapping[str, Any], key: str) -> uuid.UUID:
    """Promise an effect outside: it is delivered after this transaction has committed, else never.

    `key` is the idempotency key: sent again with the same payload it is the same message, whose id is given.
    Raises UnknownTopic (KRN-210), NoTransaction (KRN-211), KeyTaken (KRN-212) when the key was used for
    another payload, BadMessage (KRN-213).
    """
    return send_many(topic, [(key, payload)])[key]


def send_many(topic: str, messages: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, uuid.UUID]:
    """Send many (key, payload) of one topic in few statements; the ids by key. Raises what `send` raises."""
    if handler_of(topic) is None:
        raise UnknownTopic(_("Không có bộ xử lý cho chủ đề «%(topic)s»") % {"topic": topic})
    if not connection.in_atomic_block:
        raise NoTransaction(_("Chỉ gửi được trong một giao dịch (chủ đề «%(topic)s»)") % {"topic": topic})
    sent: dict[str, uuid.UUID] = {}
    rest = iter(messages)
    while chunk := list(islice(rest, CHUNK)):
        sent |= _send_chunk(topic, [_checked(key, payload) for key, payload in chunk])
    return sent


def _send_chunk(topic: str, messages: Sequence[tuple[str, str]]) -> dict[str, uuid.UUID]:
    act = journal.current()
    keys, payloads = [key for key, _payload in messages], [payload for _key, payload in messages]
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT, [topic, act.correlation_id if act else None, [new_id() for _key in keys], keys, payloads]
        )
        inserted = {message_id for (message_id,) in cursor.fetchall()}
        cursor.execute(_MET_BEFORE, [keys, payloads, topic])
        met = cursor.fetchall()
    for key, _message_id, same in met:
        if not same:
            raise KeyTaken(
                _("Khóa «%(key)s» của chủ đề «%(topic)s» đã dùng cho nội dung khác")
                % {"key": key, "topic": topic}
            )
    defer_deliveries(topic, [message_id for _key, message_id, _same in met if message_id in inserted])
    return {key: message_id for key, message_id, _same in met}


def defer_deliveries(topic: str, message_ids: Iterable[uuid.UUID]) -> None:
    """A job for each message, in the caller's transaction."""
    from haicap.kernel.tasks import deliver_message

    arguments: list[dict[str, Any]] = [
        {"message_id": str(message_id), "topic": topic} for message_id in dict.fromkeys(message_ids)
    ]
    if arguments:
        deliver_message.batch_defer(*arguments)


def _checked(key: str, payload: Mapping[str, Any]) -> tuple[str, str]:
    if not 0 < len(key) <= LONGEST_KEY or "\0" in key:
        raise BadMessage(_("Khóa phải có từ 1 đến %(most)s ký tự") % {"most": LONGEST_KEY})
    if not isinstance(payload, Mapping):
        raise BadMessage(_("Nội dung gửi phải là một đối tượng JSON"))
    try:
        text = journal.to_json(payload)
    except journal.BadEntry as error:
        raise BadMessage(error.message) from error
    if len(text.encode()) > LARGEST_PAYLOAD_BYTES:
        raise BadMessage(_("Nội dung gửi quá lớn"), todo=_("Cất nội dung vào kho tệp và gửi mã băm của nó."))
    return key, text
