import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import haicap.kernel.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("registry", "0004_runs"),
    ]

    operations = [
        migrations.CreateModel(
            name="Plan",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.db.models.expressions.RawSQL("kernel_new_id()", ()),
                        default=haicap.kernel.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("key", models.CharField(max_length=60, unique=True)),
                ("title", models.CharField(max_length=500)),
                ("effective_on", models.DateField()),
                ("province_code", models.CharField(max_length=2)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("draft", "đang soạn"),
                            ("checked", "đã kiểm tra"),
                            ("done", "đã chuyển đổi"),
                            ("undone", "đã hoàn tác"),
                        ],
                        default="draft",
                        max_length=10,
                    ),
                ),
                ("checked_revision", models.BigIntegerField(blank=True, null=True)),
                ("checked_number", models.PositiveIntegerField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.db.models.expressions.RawSQL("kernel_new_id()", ()),
                        default=haicap.kernel.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("rehearsal", "diễn tập"), ("cut_over", "chuyển đổi"), ("undo", "hoàn tác")],
                        max_length=10,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "đang chạy"),
                            ("done", "xong"),
                            ("failed", "không thành, dữ liệu như trước"),
                            ("interrupted", "bị ngắt, dữ liệu như trước"),
                        ],
                        default="running",
                        max_length=12,
                    ),
                ),
                ("actor", models.CharField(max_length=200)),
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("text_number", models.PositiveIntegerField()),
                ("cut_at", models.DateTimeField(blank=True, null=True)),
                ("undo_until", models.DateTimeField(blank=True, null=True)),
                ("read_only_s", models.FloatField(blank=True, null=True)),
                ("total_s", models.FloatField(blank=True, null=True)),
                ("phase", models.CharField(blank=True, max_length=100)),
                ("progress_done", models.PositiveIntegerField(default=0)),
                ("progress_total", models.PositiveIntegerField(default=0)),
                ("phases", models.JSONField(default=list)),
                ("report", models.JSONField(default=dict)),
                ("error", models.JSONField(blank=True, null=True)),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="runs",
                        to="reorganisation.plan",
                    ),
                ),
                (
                    "reorganisation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.reorganisation",
                    ),
                ),
                (
                    "undoes",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="undone_by",
                        to="reorganisation.run",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LedgerRow",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.db.models.expressions.RawSQL("kernel_new_id()", ()),
                        default=haicap.kernel.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("system", models.CharField(max_length=40)),
                ("record", models.CharField(max_length=40)),
                ("label", models.CharField(max_length=200)),
                ("before", models.BigIntegerField()),
                ("carried", models.BigIntegerField()),
                ("frozen", models.BigIntegerField()),
                ("closed", models.BigIntegerField()),
                ("undecided", models.BigIntegerField()),
                ("after", models.BigIntegerField()),
                ("created", models.BigIntegerField()),
                ("digests", models.JSONField()),
                ("balanced", models.BooleanField()),
                ("notes", models.JSONField(default=list)),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ledger",
                        to="reorganisation.run",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.db.models.expressions.RawSQL("kernel_new_id()", ()),
                        default=haicap.kernel.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("system", models.CharField(max_length=40)),
                ("record", models.CharField(max_length=40)),
                ("record_id", models.UUIDField()),
                ("actor", models.CharField(max_length=200)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("evidence", models.JSONField(default=dict)),
                ("decided_at", models.DateTimeField()),
                ("taken_back_at", models.DateTimeField(blank=True, null=True)),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.agency"
                    ),
                ),
                (
                    "from_desk",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.desk"
                    ),
                ),
                (
                    "to_desk",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.desk"
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to="reorganisation.run",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PlanText",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.db.models.expressions.RawSQL("kernel_new_id()", ()),
                        default=haicap.kernel.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("text", models.TextField()),
                ("author", models.CharField(max_length=200)),
                ("saved_at", models.DateTimeField()),
                ("what", models.CharField(blank=True, max_length=200)),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="texts",
                        to="reorganisation.plan",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("plan", "number"), name="reorganisation_plan_text_once")
                ],
            },
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["plan", "-started_at"], name="reorganisation_run_plan"),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "running")),
                fields=("state",),
                name="reorganisation_one_run_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerrow",
            constraint=models.UniqueConstraint(
                fields=("run", "system", "record"), name="reorganisation_ledger_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("balanced", False),
                    models.Q(
                        ("after", models.F("before")),
                        (
                            "before",
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("carried"), "+", models.F("frozen")
                                    ),
                                    "+",
                                    models.F("closed"),
                                ),
                                "+",
                                models.F("undecided"),
                            ),
                        ),
                    ),
                    _connector="OR",
                ),
                name="reorganisation_ledger_balances",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.UniqueConstraint(
                condition=models.Q(("taken_back_at__isnull", True)),
                fields=("system", "record", "record_id"),
                name="reorganisation_decision_once",
            ),
        ),
    ]
