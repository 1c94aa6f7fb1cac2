"""Imports of the catalogue, defects to settle, what a province announces."""

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import haicap.kernel.ids
from haicap.kernel.journal import guard_sql

GUARDED = ("onestop_cataloguedefect", "onestop_publication")


class Migration(migrations.Migration):
    dependencies = [
        ("kernel", "0005_files"),
        ("onestop", "0007_procedures_routes_and_parts"),
    ]

    operations = [
        migrations.CreateModel(
            name="CatalogueImport",
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
                ("file_name", models.CharField(max_length=255)),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("source", models.CharField(max_length=40)),
                ("begins_on", models.DateField()),
                ("complete", models.BooleanField(default=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("reading", "đang đọc tệp"),
                            ("ready", "chờ duyệt"),
                            ("applying", "đang áp dụng"),
                            ("applied", "đã áp dụng"),
                            ("dropped", "đã bỏ"),
                            ("failed", "không xong"),
                        ],
                        default="reading",
                        max_length=10,
                    ),
                ),
                ("done", models.PositiveIntegerField(default=0)),
                ("total", models.PositiveIntegerField(default=0)),
                ("counts", models.JSONField(blank=True, default=dict)),
                ("report", models.JSONField(blank=True, default=dict)),
                ("error", models.TextField(blank=True)),
                ("asked_at", models.DateTimeField()),
                ("asked_by", models.CharField(max_length=200)),
                ("person_id", models.UUIDField(blank=True, null=True)),
                ("post_id", models.UUIDField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "file",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="kernel.storedfile",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="CatalogueDefect",
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
                        choices=[
                            ("time_unit", "thời hạn không ghi đơn vị"),
                            ("time_hours", "thời hạn ghi bằng giờ, chưa rõ giờ làm việc"),
                            ("time_missing", "không ghi thời hạn"),
                            ("time_and_fee", "thời hạn và phí dính vào nhau"),
                            ("fee_thousands", "phí ghi theo nghìn đồng"),
                            ("fee_elsewhere", "mức phí quy định ở văn bản khác"),
                            ("fee_currency", "phí bằng ngoại tệ"),
                            ("duplicate_code", "một mã dùng cho nhiều thủ tục"),
                            ("odd_code", "mã không đúng dạng"),
                            ("no_details", "không có nội dung chi tiết"),
                            ("no_level", "không ghi cấp thực hiện"),
                            ("no_agencies", "không ghi cơ quan thực hiện"),
                            ("no_issuer", "không ghi cơ quan công bố"),
                            ("stray_audience", "đối tượng lạ"),
                            ("paper_form", "tên mẫu đơn dính vào tên giấy tờ"),
                            ("cases", "nhiều trường hợp trong một kênh"),
                            ("long_text", "nội dung quá dài, đã cắt"),
                        ],
                        max_length=20,
                    ),
                ),
                ("key", models.CharField(max_length=64)),
                ("detail", models.TextField(blank=True, help_text="lời công bố")),
                ("value", models.JSONField(blank=True, default=dict)),
                ("found_at", models.DateTimeField()),
                ("gone_at", models.DateTimeField(blank=True, null=True)),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                ("settled_by", models.CharField(blank=True, max_length=200)),
                (
                    "settlement",
                    models.CharField(
                        blank=True,
                        choices=[("corrected", "đã sửa"), ("as_published", "giữ như công bố")],
                        max_length=15,
                    ),
                ),
                ("correction", models.JSONField(blank=True, default=dict)),
                ("note", models.TextField(blank=True)),
                (
                    "procedure",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="defects",
                        to="onestop.procedure",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("gone_at__isnull", True), ("settled_at__isnull", True)),
                        fields=["kind", "procedure"],
                        name="onestop_cataloguedefect_open",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("procedure", "key"), name="onestop_cataloguedefect_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("settled_at__isnull", True), ("settlement", "")),
                            models.Q(
                                ("settled_at__isnull", False), models.Q(("settlement", ""), _negated=True)
                            ),
                            _connector="OR",
                        ),
                        name="onestop_cataloguedefect_settled_how",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CatalogueRow",
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
                ("line", models.PositiveIntegerField(default=0)),
                ("code", models.CharField(max_length=20)),
                ("twin", models.PositiveSmallIntegerField(default=0)),
                ("name", models.TextField(blank=True)),
                (
                    "fate",
                    models.CharField(
                        choices=[
                            ("new", "mới"),
                            ("changed", "thay đổi"),
                            ("ended", "hết hiệu lực"),
                            ("unchanged", "không đổi"),
                            ("refused", "không đọc được"),
                        ],
                        max_length=10,
                    ),
                ),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("facts", models.JSONField(blank=True, null=True)),
                ("differences", models.JSONField(blank=True, default=list)),
                ("flags", models.JSONField(blank=True, default=list)),
                ("accepted", models.BooleanField(default=True)),
                (
                    "procedure",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="onestop.procedure",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rows",
                        to="onestop.catalogueimport",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["run", "fate", "line"], name="onestop_cataloguerow_list")],
            },
        ),
        migrations.CreateModel(
            name="Publication",
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
                ("begins_on", models.DateField()),
                ("run_id", models.UUIDField(blank=True, null=True)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=django.db.models.expressions.RawSQL("kernel_clock_now()", ())
                    ),
                ),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                ("published", models.BooleanField(default=True)),
                ("decision", models.CharField(help_text="số quyết định công bố", max_length=100)),
                ("batch", models.UUIDField()),
                ("made_by", models.CharField(blank=True, max_length=200)),
                (
                    "procedure",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="publications",
                        to="onestop.procedure",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["batch"], name="onestop_publication_batch")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at__isnull", True)),
                        fields=("procedure", "begins_on"),
                        name="onestop_publication_once",
                    )
                ],
            },
        ),
        migrations.RunSQL(*guard_sql(*GUARDED)),
    ]
