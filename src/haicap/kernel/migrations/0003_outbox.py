"""The outbox: what must still happen outside the database, and what did."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import migrations, models
from django.db.models import Q
from django.db.models.expressions import RawSQL

import haicap.kernel.ids


class Migration(migrations.Migration):
    dependencies = [
        ("kernel", "0002_journal"),
        # a message and the job that delivers it are written by one transaction
        ("procrastinate", "0041_post_retry_failed_job"),
    ]
    operations = [
        migrations.CreateModel(
            name="OutboxMessage",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=RawSQL("kernel_new_id()", ()),
                        default=haicap.kernel.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("topic", models.CharField(max_length=100)),
                ("key", models.CharField(max_length=300)),
                ("payload", models.JSONField(encoder=DjangoJSONEncoder)),
                ("correlation_id", models.UUIDField(blank=True, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "chờ gửi"),
                            ("delivering", "đang gửi"),
                            ("done", "đã gửi"),
                            ("dead", "không gửi được"),
                            ("given_up", "đã bỏ"),
                        ],
                        db_default="pending",
                        max_length=10,
                    ),
                ),
                ("attempts", models.PositiveIntegerField(db_default=0)),
                ("created_at", models.DateTimeField(db_default=RawSQL("kernel_clock_now()", ()))),
                ("next_attempt_at", models.DateTimeField(db_default=RawSQL("clock_timestamp()", ()))),
                ("claim", models.UUIDField(blank=True, null=True)),
                ("claimed_at", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.TextField(blank=True, db_default="")),
                ("done_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "db_table": "kernel_outbox",
                "constraints": [
                    models.UniqueConstraint(fields=["topic", "key"], name="kernel_outbox_key_once"),
                    models.CheckConstraint(
                        name="kernel_outbox_state",
                        condition=Q(state__in=["pending", "delivering", "done", "dead", "given_up"]),
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
                ],
                "indexes": [
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
                ],
            },
        ),
    ]
