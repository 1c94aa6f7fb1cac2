"""Drafts of citizens, their consents, ratings and complaints."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import haicap.kernel.ids
from haicap.kernel.journal import guard_sql


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0011_forgotten_passwords"),
        ("kernel", "0005_files"),
        ("onestop", "0013_reception_drafts_and_certified_copies"),
        ("registry", "0010_revision_of_staff"),
    ]

    operations = [
        migrations.CreateModel(
            name="OnlineDraft",
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
                ("case", models.CharField(blank=True, max_length=300)),
                ("applicant", models.JSONField(blank=True, default=dict)),
                ("form", models.JSONField(blank=True, default=dict)),
                ("schema_digest", models.CharField(max_length=64)),
                (
                    "done",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60), blank=True, default=list, size=None
                    ),
                ),
                (
                    "delivery",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "nhận tại quầy"), (2, "nhận bản điện tử"), (3, "nhận qua bưu chính")],
                        default=1,
                    ),
                ),
                ("delivery_address", models.CharField(blank=True, max_length=300)),
                ("submission", models.UUIDField(default=haicap.kernel.ids.new_id, unique=True)),
                ("started_at", models.DateTimeField()),
                ("changed_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "citizen",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="access.citizen",
                    ),
                ),
                (
                    "dossier",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="draft",
                        to="onestop.dossier",
                    ),
                ),
                (
                    "procedure_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="onestop.procedureversion",
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.unit"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DraftFile",
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
                ("paper", models.PositiveSmallIntegerField()),
                ("file_name", models.CharField(max_length=255)),
                ("added_at", models.DateTimeField()),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="kernel.storedfile"
                    ),
                ),
                (
                    "draft",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="files",
                        to="onestop.onlinedraft",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="DossierComplaint",
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
                    "state",
                    models.CharField(
                        choices=[
                            ("sent", "chờ tiếp nhận"),
                            ("asked", "chờ người dân nói rõ thêm"),
                            ("refused", "không tiếp nhận"),
                            ("answered", "đã trả lời"),
                            ("published", "đã công khai trả lời"),
                        ],
                        default="sent",
                        max_length=10,
                    ),
                ),
                ("words", models.TextField()),
                ("sent_at", models.DateTimeField()),
                ("refuse_by", models.DateTimeField()),
                ("ask_by", models.DateTimeField()),
                ("answer_by", models.DateTimeField()),
                ("publish_by", models.DateTimeField(blank=True, null=True)),
                ("question", models.TextField(blank=True)),
                ("reply", models.TextField(blank=True)),
                ("answer", models.TextField(blank=True)),
                ("answered_by", models.CharField(blank=True, max_length=200)),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                (
                    "dossier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="complaints",
                        to="onestop.dossier",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["sent", "asked"])),
                        fields=["answer_by"],
                        name="onestop_complaint_open",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("state__in", ["sent", "asked"])),
                            models.Q(
                                models.Q(
                                    ("decided_at__isnull", False),
                                    ("state__in", ["refused", "answered", "published"]),
                                ),
                                models.Q(("answer", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="onestop_dossiercomplaint_decided",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DossierConsent",
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
                    "purpose",
                    models.CharField(
                        choices=[
                            ("process", "Giải quyết hồ sơ này và lưu trữ theo luật"),
                            ("notify", "Báo tin cho tôi về hồ sơ qua thư điện tử, điện thoại"),
                            (
                                "reuse",
                                "Dùng lại kết quả này cho các thủ tục sau của tôi, để không phải nộp lại",
                            ),
                        ],
                        max_length=20,
                    ),
                ),
                ("version", models.CharField(max_length=20)),
                ("method", models.CharField(max_length=40)),
                ("given_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "dossier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="consents",
                        to="onestop.dossier",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at__isnull", True)),
                        fields=("dossier", "purpose"),
                        name="onestop_dossierconsent_stands_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DossierRating",
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
                ("stars", models.PositiveSmallIntegerField()),
                ("words", models.CharField(blank=True, max_length=1000)),
                ("given_at", models.DateTimeField()),
                (
                    "dossier",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rating",
                        to="onestop.dossier",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("stars__gte", 1), ("stars__lte", 5)),
                        name="onestop_dossierrating_stars",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="onlinedraft",
            index=models.Index(
                condition=models.Q(("dossier__isnull", True)),
                fields=["expires_at"],
                name="onestop_onlinedraft_expiry",
            ),
        ),
        migrations.AddIndex(
            model_name="onlinedraft",
            index=models.Index(
                condition=models.Q(("citizen__isnull", False)),
                fields=["citizen", "-changed_at"],
                name="onestop_onlinedraft_citizen",
            ),
        ),
        migrations.AddConstraint(
            model_name="onlinedraft",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__gt", models.F("started_at"))),
                name="onestop_onlinedraft_life",
            ),
        ),
        migrations.AddConstraint(
            model_name="onlinedraft",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("dossier__isnull", True),
                    models.Q(("applicant", {}), ("delivery_address", ""), ("form", {})),
                    _connector="OR",
                ),
                name="onestop_onlinedraft_emptied",
            ),
        ),
        # drafts are written at every page and are no record yet; what hangs on a dossier is
        migrations.RunSQL(
            *guard_sql("onestop_dossierconsent", "onestop_dossierrating", "onestop_dossiercomplaint")
        ),
    ]
