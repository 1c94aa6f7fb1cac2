"""Thư báo: letters to owners of accounts, through the outbox: a letter of a deed undone is never sent."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction

from haicap.access.models import Account
from haicap.kernel import outbox

TOPIC = "access.send_letter"


def send_letter(account: Account, key: uuid.UUID, subject: str, text: str) -> None:
    """Promise a letter to the account's official address; nothing where it has none."""
    if account.email:
        with transaction.atomic():
            outbox.send(TOPIC, {"to": account.email, "subject": subject, "text": text}, f"{TOPIC}:{key}")


def is_configured() -> bool:
    """Whether letters leave this machine: the backends that print or drop them are for trying things out."""
    return settings.EMAIL_BACKEND.rsplit(".", 2)[1] not in ("console", "dummy", "filebased")


def deliver_letter(account: Account, subject: str, text: str) -> None:
    """Hand a letter to the mail server now, from within a delivery: what it says is kept nowhere."""
    EmailMessage(subject, text, to=[account.email], headers={"Auto-Submitted": "auto-generated"}).send()


@outbox.handler(TOPIC)
def deliver(delivery: outbox.Delivery) -> None:
    """Hand the letter to the mail server; its id is the message's, so that one sent twice is one."""
    given = delivery.payload
    EmailMessage(
        given["subject"],
        given["text"],
        to=[given["to"]],
        headers={"Message-ID": f"<{delivery.id}@haicap>", "Auto-Submitted": "auto-generated"},
    ).send()
