"""Certificates for digital signing, results on their way to being issued; why a result was withdrawn."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import haicap.kernel.ids
from haicap.kernel.journal import guard_sql


class Migration(migrations.Migration):
    dependencies = [
        ("kernel", "0005_files"),
        ("onestop", "0011_counters"),
        ("registry", "0010_revision_of_staff"),
    ]

    operations = [
        migrations.AddField(
            model_name="result",
            name="paper_code",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="mã giấy tờ, kết quả", max_length=40
            ),
        ),
        migrations.AddField(
            model_name="result",
            name="revocation",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="lý do thu hồi", max_length=300
            ),
        ),
        migrations.CreateModel(
            name="ResultDraft",
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
                ("procedure_code", models.CharField(blank=True, max_length=20)),
                ("paper_code", models.CharField(blank=True, max_length=40)),
                ("name", models.CharField(max_length=300)),
                ("number", models.CharField(blank=True, max_length=60)),
                ("valid_until", models.DateField(blank=True, null=True)),
                ("check_code", models.CharField(max_length=20, unique=True)),
                ("sign_at", models.JSONField(blank=True, default=dict)),
                ("signatures", models.JSONField(blank=True, default=list)),
                ("made_at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=200)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "dossier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="drafts",
                        to="onestop.dossier",
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="kernel.storedfile"
                    ),
                ),
                (
                    "result",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="draft",
                        to="onestop.result",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("closed_at__isnull", True)),
                        fields=["dossier"],
                        name="onestop_draft_open",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("result__isnull", True), ("closed_at__isnull", False), _connector="OR"
                        ),
                        name="onestop_resultdraft_issued_is_closed",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SigningCertificate",
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
                ("name", models.CharField(max_length=200)),
                (
                    "store",
                    models.CharField(
                        choices=[
                            ("pkcs12", "tệp PKCS#12 lưu trong hệ thống, mã hóa"),
                            ("file", "tệp PKCS#12 trong thư mục của máy chủ"),
                            ("pkcs11", "thiết bị, mô-đun bảo mật (PKCS#11)"),
                        ],
                        max_length=6,
                    ),
                ),
                ("box", models.BinaryField(blank=True, null=True)),
                ("place", models.CharField(blank=True, max_length=200)),
                ("certificate", models.BinaryField(help_text="DER")),
                (
                    "chain",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BinaryField(), blank=True, default=list, size=None
                    ),
                ),
                ("subject", models.CharField(max_length=500)),
                ("issuer", models.CharField(max_length=500)),
                ("serial", models.CharField(help_text="thập lục phân", max_length=64)),
                ("fingerprint", models.CharField(help_text="SHA-256", max_length=64)),
                ("begins_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("added_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                ("revocation", models.CharField(blank=True, max_length=300)),
                (
                    "agency",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.agency"
                    ),
                ),
                (
                    "image",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="kernel.storedfile",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.person",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["ends_at"], name="onestop_certificate_ends")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("agency", "fingerprint"), name="onestop_signingcertificate_once_an_agency"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("box__isnull", False), ("place", ""), ("store", "pkcs12")),
                            models.Q(
                                models.Q(("box__isnull", True), ("store__in", ["file", "pkcs11"])),
                                models.Q(("place", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="onestop_signingcertificate_key_somewhere",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("begins_at"))),
                        name="onestop_signingcertificate_life",
                    ),
                ],
            },
        ),
        migrations.RunSQL(*guard_sql("onestop_signingcertificate", "onestop_resultdraft")),
    ]
