"""The outbox's table: what must still happen outside, and what did."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from haicap.kernel.ids import new_id


class OutboxState(models.TextChoices):
    """Trạng thái gói việc gửi đi: where a message of the outbox stands."""

    PENDING = "pending", _("chờ gửi")
    DELIVERING = "delivering", _("đang gửi")
    DONE = "done", _("đã gửi")
    DEAD = "dead", _("không gửi được")
    GIVEN_UP = "given_up", _("đã bỏ")


class OutboxMessage(models.Model):
    """Việc gửi đi: one effect outside the database, promised by the transaction that sent it.

    `key` is the idempotency key: a topic meets it once. `attempts` counts deliveries begun. `created_at` and
    `done_at` are by the house's clock; `next_attempt_at` and `claimed_at` by the server's, since a wait
    between two attempts is a real one. `claim` names the delivery that holds the message.
    """

    id = models.UUIDField(
        primary_key=True, default=new_id, db_default=RawSQL("kernel_new_id()", ()), editable=False
    )
    topic = models.CharField(max_length=100)
    key = models.CharField(max_length=300)
    payload = models.JSONField(encoder=DjangoJSONEncoder)
    correlation_id = models.UUIDField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=OutboxState.choices, db_default=OutboxState.PENDING)
    attempts = models.PositiveIntegerField(db_default=0)
    created_at = models.DateTimeField(db_default=RawSQL("kernel_clock_now()", ()))
    next_attempt_at = models.DateTimeField(db_default=RawSQL("clock_timestamp()", ()))
    claim = models.UUIDField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True, db_default="")
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "kernel_outbox"
        constraints = [
            models.UniqueConstraint(fields=["topic", "key"], name="kernel_outbox_key_once"),
            models.CheckConstraint(
                name="kernel_outbox_state", condition=Q(state__in=list(OutboxState.values))
            ),
            models.CheckConstraint(
                name="kernel_outbox_claimed_while_delivering",
                condition=Q(state="delivering", claim__isnull=False, claimed_at__isnull=False)
                | (~Q(state="delivering") & Q(claim__isnull=True)),
            ),
            models.CheckConstraint(
                name="kernel_outbox_done_at",
                condition=Q(state="done", done_at__isnull=False)
                | (~Q(state="done") & Q(done_at__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                name="kernel_outbox_due",
                condition=Q(state__in=["pending", "delivering"]),
            ),
            models.Index(
                fields=["state", "created_at", "id"],
                name="kernel_outbox_unfinished",
                condition=~Q(state="done"),
            ),
            models.Index(fields=["created_at", "id"], name="kernel_outbox_list"),
        ]
