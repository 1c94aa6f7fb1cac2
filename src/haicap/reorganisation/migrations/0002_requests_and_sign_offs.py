"""Runs that are asked for in the web, and signed reports of ledgers."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q
from django.db.models.expressions import RawSQL

import haicap.kernel.ids
from haicap.kernel.journal import guard_sql

FINAL = """
CREATE TRIGGER kernel_append_only BEFORE UPDATE OR DELETE ON reorganisation_signoff
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_append_only();
"""
FINAL_BACK = "DROP TRIGGER kernel_append_only ON reorganisation_signoff;"


def identity():
    return models.UUIDField(
        db_default=RawSQL("kernel_new_id()", ()),
        default=haicap.kernel.ids.new_id,
        editable=False,
        primary_key=True,
        serialize=False,
    )


KINDS = [("rehearsal", "diễn tập"), ("cut_over", "chuyển đổi"), ("undo", "hoàn tác")]


class Migration(migrations.Migration):
    dependencies = [
        ("kernel", "0005_files"),
        ("reorganisation", "0001_plans_and_runs"),
    ]
    operations = [
        migrations.CreateModel(
            name="RunRequest",
            fields=[
                ("id", identity()),
                ("kind", models.CharField(choices=KINDS, max_length=10)),
                ("clone", models.BooleanField(default=False)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("actor", models.JSONField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "chờ máy nhận việc"),
                            ("started", "đang chạy"),
                            ("done", "xong"),
                            ("refused", "không thành"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("asked_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("error", models.JSONField(blank=True, null=True)),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="requests",
                        to="reorganisation.plan",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="reorganisation.run",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(state__in=["waiting", "started"]),
                        fields=["plan"],
                        name="reorganisation_one_request_a_plan",
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="SignOff",
            fields=[
                ("id", identity()),
                ("person", models.CharField(max_length=200)),
                ("person_id", models.UUIDField(blank=True, null=True)),
                ("title", models.CharField(max_length=300)),
                ("signed_at", models.DateTimeField()),
                ("number", models.CharField(blank=True, max_length=60)),
                ("digest", models.CharField(max_length=64)),
                ("size_bytes", models.BigIntegerField()),
                (
                    "run",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sign_off",
                        to="reorganisation.run",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(FINAL, FINAL_BACK),
        migrations.RunSQL(*guard_sql("reorganisation_signoff", "reorganisation_decision")),
    ]
