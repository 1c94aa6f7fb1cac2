"""Looking at the outbox, and what people do about messages that could not be delivered."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from haicap.kernel import journal
from haicap.kernel.actor import Actor
from haicap.kernel.contract.digest import digest_of_ids
from haicap.kernel.models.outbox import OutboxMessage, OutboxState
from haicap.kernel.outbox.errors import BadMessage, MayNotManage, NoSuchMessage, WrongState
from haicap.kernel.outbox.sending import defer_deliveries

PERMISSION = "kernel.manage_outbox"
LARGEST_PAGE = 500
RETRIED_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class MessagePage:
    """A page of messages, newest first; `older` asks for the next page, None on the last one."""

    messages: tuple[OutboxMessage, ...]
    older: str | None


def messages(
    *,
    state: OutboxState | str | None = None,
    topic: str | None = None,
    older: str | None = None,
    limit: int = 50,
) -> MessagePage:
    """Messages of a state and a topic (all when None), newest first, at most `limit` (1…500) of them.

    `older` is the value that the page before gave. Raises BadMessage (KRN-213) when it, the state or the
    limit is not valid.
    """
    if not 1 <= limit <= LARGEST_PAGE:
        raise BadMessage(_("Mỗi trang có từ 1 đến %(most)s dòng") % {"most": LARGEST_PAGE})
    found = OutboxMessage.objects.all()
    if state is not None:
        if state not in OutboxState.values:
            raise BadMessage(_("Không có trạng thái «%(state)s»") % {"state": state})
        found = found.filter(state=state)
    if topic is not None:
        found = found.filter(topic=topic)
    page = list(_older_than(found, older).order_by("-created_at", "-id")[: limit + 1])
    more, page = len(page) > limit, page[:limit]
    return MessagePage(tuple(page), f"{page[-1].created_at.isoformat()}~{page[-1].id}" if more else None)


def dead_letters(*, older: str | None = None, limit: int = 50, topic: str | None = None) -> MessagePage:
    """Việc không gửi được: messages whose attempts are used up, newest first; a person decides about them."""
    return messages(state=OutboxState.DEAD, topic=topic, older=older, limit=limit)


def counts() -> dict[str, int]:
    """How many messages there are in each state that is not done (the health of the outbox)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, count(*) FROM kernel_outbox WHERE NOT state = 'done' GROUP BY state")
        found = dict(cursor.fetchall())
    return {state: found.get(state, 0) for state in OutboxState.values if state != OutboxState.DONE}


def retry(actor: Actor, message_id: uuid.UUID, *, reason: str = "") -> None:
    """Gửi lại: give a dead or given-up message all its attempts again. Journalled.

    Raises MayNotManage (KRN-216), NoSuchMessage (KRN-214), WrongState (KRN-215).
    """
    _permitted(actor)
    with journal.act(actor, "kernel.retry_message", reason=reason) as act:
        message = _locked(message_id, OutboxState.DEAD, OutboxState.GIVEN_UP)
        before = _told(message)
        _start_again([message.id])
        act.changed("outbox_message", message.id, before, {"state": OutboxState.PENDING, "attempts": 0})
        defer_deliveries(message.topic, [message.id])


def retry_dead(actor: Actor, topic: str, *, reason: str = "") -> int:
    """Gửi lại tất cả: give every dead message of a topic its attempts again; how many. One entry for all.

    At most `RETRIED_AT_ONCE`, oldest first. Raises MayNotManage (KRN-216).
    """
    _permitted(actor)
    with journal.act(actor, "kernel.retry_messages", reason=reason) as act, connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM kernel_outbox WHERE state = 'dead' AND topic = %s ORDER BY created_at, id"
            " LIMIT %s FOR UPDATE SKIP LOCKED",
            [topic, RETRIED_AT_ONCE],
        )
        dead = [message_id for (message_id,) in cursor.fetchall()]
        if dead:
            _start_again(dead)
            act.changed("outbox_message", None, {"topic": topic, "dead": digest_of_ids(dead)}, {"dead": 0})
            defer_deliveries(topic, dead)
    return len(dead)


def give_up(actor: Actor, message_id: uuid.UUID, reason: str) -> None:
    """Bỏ việc gửi: nobody will try this message again unless somebody retries it. Journalled with the reason.

    Raises MayNotManage (KRN-216), NoSuchMessage (KRN-214), WrongState (KRN-215) when it is delivered, being
    delivered or given up already, BadMessage (KRN-213) without a reason.
    """
    _permitted(actor)
    if not reason.strip():
        raise BadMessage(_("Phải nêu lý do bỏ việc gửi này"))
    with journal.act(actor, "kernel.give_up_message", reason=reason) as act:
        message = _locked(message_id, OutboxState.DEAD, OutboxState.PENDING)
        before = _told(message)
        OutboxMessage.objects.filter(id=message.id).update(state=OutboxState.GIVEN_UP)
        act.changed("outbox_message", message.id, before, {"state": OutboxState.GIVEN_UP})


def as_dict(message: OutboxMessage) -> dict[str, Any]:
    """A message as JSON-ready values."""
    return {
        "id": str(message.id),
        "topic": message.topic,
        "key": message.key,
        "state": message.state,
        "attempts": message.attempts,
        "created_at": message.created_at.isoformat(),
        "next_attempt_at": message.next_attempt_at.isoformat(),
        "done_at": message.done_at and message.done_at.isoformat(),
        "last_error": message.last_error,
        "correlation_id": message.correlation_id and str(message.correlation_id),
        "payload": message.payload,
    }


def _permitted(actor: Actor) -> None:
    if not actor.may(PERMISSION):
        raise MayNotManage(
            _("Bạn không có quyền quản lý hộp gửi đi"), todo=_("Liên hệ quản trị hệ thống của tỉnh.")
        )


def _locked(message_id: uuid.UUID, *states: OutboxState) -> OutboxMessage:
    """The message, locked, in one of these states."""
    message = OutboxMessage.objects.select_for_update().filter(id=message_id).first()
    if message is None:
        raise NoSuchMessage(_("Không có gói việc %(id)s") % {"id": message_id})
    if message.state not in states:
        raise WrongState(
            _("Gói việc %(id)s đang ở trạng thái «%(state)s»")
            % {"id": message_id, "state": OutboxState(message.state).label},
            kept=_("Không có gì thay đổi."),
        )
    return message


def _start_again(message_ids: list[uuid.UUID]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE kernel_outbox SET state = 'pending', attempts = 0, next_attempt_at = clock_timestamp()"
            " WHERE id = ANY(%s)",
            [message_ids],
        )


def _told(message: OutboxMessage) -> dict[str, Any]:
    return {
        "topic": message.topic,
        "key": message.key,
        "state": message.state,
        "attempts": message.attempts,
        "last_error": message.last_error,
    }


def _older_than(found: QuerySet[OutboxMessage], older: str | None) -> QuerySet[OutboxMessage]:
    if older is None:
        return found
    moment, _separator, message_id = older.partition("~")
    try:
        at, last = dt.datetime.fromisoformat(moment), uuid.UUID(message_id)
    except ValueError as error:
        raise BadMessage(_("Dấu trang không hợp lệ: «%(older)s»") % {"older": older}) from error
    return found.filter(Q(created_at=at, id__lt=last) | Q(created_at__lt=at), created_at__lte=at)
