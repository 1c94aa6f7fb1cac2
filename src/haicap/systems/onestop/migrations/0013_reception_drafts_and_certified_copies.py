"""What officials have half typed at the counter; the book of certified copies."""

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import haicap.kernel.ids
from haicap.kernel.journal import guard_sql


class Migration(migrations.Migration):
    dependencies = [
        ("onestop", "0012_signing_and_drafts"),
        ("registry", "0010_revision_of_staff"),
    ]

    operations = [
        migrations.CreateModel(
            name="Certification",
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
                ("book", models.CharField(max_length=10)),
                ("year", models.PositiveSmallIntegerField()),
                ("number", models.PositiveIntegerField()),
                ("paper", models.CharField(help_text="tên bản chính giấy tờ", max_length=300)),
                ("pages", models.PositiveSmallIntegerField(help_text="số trang của bản chính")),
                ("copies", models.PositiveSmallIntegerField(help_text="số bản sao")),
                ("fee", models.PositiveBigIntegerField(help_text="đồng")),
                ("certified_on", models.DateField()),
                ("at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=200)),
                ("voided_at", models.DateTimeField(blank=True, null=True)),
                ("void_reason", models.CharField(blank=True, max_length=300)),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.agency"
                    ),
                ),
                (
                    "dossier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="certifications",
                        to="onestop.dossier",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["agency", "certified_on", "number"], name="onestop_certification_day"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("agency", "book", "year", "number"), name="onestop_certification_number_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("copies__gte", 1), ("number__gte", 1), ("pages__gte", 1)),
                        name="onestop_certification_counts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CertificationNumber",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("book", models.CharField(help_text="ký hiệu sổ: SCT/BS", max_length=10)),
                ("year", models.PositiveSmallIntegerField()),
                ("last", models.PositiveIntegerField()),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.agency"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("agency", "book", "year"), name="onestop_certificationnumber_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("last__gte", 1)), name="onestop_certificationnumber_positive"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReceptionDraft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("page", models.CharField(max_length=20)),
                ("values", models.JSONField(default=dict)),
                ("files", models.JSONField(default=list)),
                ("saved_at", models.DateTimeField()),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="registry.person"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("person", "page"), name="onestop_receptiondraft_once")
                ],
            },
        ),
        migrations.RunSQL(*guard_sql("onestop_certificationnumber", "onestop_certification")),
    ]
