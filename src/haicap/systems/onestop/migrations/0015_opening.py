"""What a one-stop shop must have before its first day, as somebody states it."""

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import haicap.kernel.ids
from haicap.kernel.journal import guard_sql


class Migration(migrations.Migration):
    dependencies = [
        ("kernel", "0005_files"),
        ("onestop", "0014_online_drafts"),
        ("registry", "0010_revision_of_staff"),
    ]

    operations = [
        migrations.CreateModel(
            name="OpeningStatement",
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
                    "item",
                    models.CharField(
                        choices=[
                            ("fee_account", "tài khoản thu phí, lệ phí"),
                            ("stamp", "con dấu của cơ quan"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "value",
                    models.CharField(
                        help_text="số tài khoản và ngân hàng; số biên bản giao nhận con dấu", max_length=200
                    ),
                ),
                ("stated_at", models.DateTimeField()),
                ("stated_by", models.CharField(max_length=200)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "agency",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.agency",
                    ),
                ),
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
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at__isnull", True)),
                        fields=("agency", "item"),
                        name="onestop_opening_once",
                    )
                ],
            },
        ),
        migrations.RunSQL(*guard_sql("onestop_openingstatement")),
    ]
