"""The journal's tables: what was done, and the seals over it."""

from __future__ import annotations

from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.expressions import RawSQL

from haicap.kernel.ids import new_id


class Xid8Field(models.Field):  # type: ignore[type-arg]
    """A PostgreSQL transaction id of 64 bits (`xid8`); an int in Python."""

    description = "Transaction id (xid8)"

    def db_type(self, connection: Any) -> str:
        """The column's type."""
        return "xid8"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> int | None:
        """psycopg gives xid8 as text."""
        return None if value is None else int(value)

    def get_prep_value(self, value: Any) -> str | None:
        """PostgreSQL has no cast from integer to xid8, only from text."""
        return None if value is None else str(value)


class JournalEntry(models.Model):
    """Mục nhật ký: one change of one record, or one deed without a record; never altered, never deleted.

    `at` is the moment by the house's clock, `real_at` by the server's. `xid` is the transaction, `era` the
    stay of this database on one server (transaction ids start anew on another one). These four are stamped
    by the database. `before` and `after` are the fields that changed; for set-based work counts and digests.
    """

    id = models.UUIDField(
        primary_key=True, default=new_id, db_default=RawSQL("kernel_new_id()", ()), editable=False
    )
    era = models.IntegerField(editable=False, db_default=0)
    xid = Xid8Field(editable=False, db_default=RawSQL("pg_current_xact_id()", ()))
    at = models.DateTimeField(editable=False, db_default=RawSQL("kernel_clock_now()", ()))
    real_at = models.DateTimeField(editable=False, db_default=RawSQL("clock_timestamp()", ()))
    action = models.CharField(max_length=100)
    actor_label = models.CharField(max_length=200)
    actor_person_id = models.UUIDField(null=True, blank=True)
    actor_post_id = models.UUIDField(null=True, blank=True)
    reason = models.TextField(blank=True, db_default="")
    resolution = models.CharField(max_length=200, blank=True, db_default="")
    correlation_id = models.UUIDField()
    record = models.CharField(max_length=100, blank=True, db_default="")
    record_id = models.UUIDField(null=True, blank=True)
    before = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)
    after = models.JSONField(null=True, blank=True, encoder=DjangoJSONEncoder)

    class Meta:
        db_table = "kernel_journal"
        constraints = [
            models.CheckConstraint(
                name="kernel_journal_action_form",
                condition=models.Q(action__regex=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$"),
            ),
        ]
        indexes = [
            models.Index(fields=["era", "xid", "id"], name="kernel_journal_order"),
            models.Index(fields=["at", "id"], name="kernel_journal_at"),
            models.Index(
                fields=["record_id", "at", "id"],
                name="kernel_journal_record",
                condition=models.Q(record_id__isnull=False),
            ),
        ]


class JournalSeal(models.Model):
    """Niêm phong: the place of one entry in the chain of hashes; never altered, never deleted.

    `row_hash` is the SHA-256 of the entry, `chain_hash` that of the seal before, this position and `row_hash`
    (docs/journal.md). `era`, `xid`, `entry_id` repeat the entry's order, so that a missing one can be named.
    """

    position = models.BigIntegerField(primary_key=True)
    entry_id = models.UUIDField(unique=True)
    era = models.IntegerField()
    xid = Xid8Field()
    row_hash = models.BinaryField()
    chain_hash = models.BinaryField()
    sealed_at = models.DateTimeField(db_default=RawSQL("clock_timestamp()", ()))

    class Meta:
        db_table = "kernel_journal_seal"
        constraints = [
            models.CheckConstraint(name="kernel_journal_seal_counts", condition=models.Q(position__gte=1)),
        ]
