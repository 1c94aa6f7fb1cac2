import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import haicap.kernel.ids


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0003_belief"),
    ]

    operations = [
        migrations.AddField(
            model_name="agencycode",
            name="closed_by_run",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="agencysuccession",
            name="run_id",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="agencyversion",
            name="run_id",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="codeholding",
            name="run_id",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="siteuse",
            name="run_id",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="CarriedMove",
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
                ("run_id", models.UUIDField()),
                ("system", models.CharField(max_length=40)),
                ("record", models.CharField(max_length=40)),
                ("record_id", models.UUIDField()),
                ("how", models.CharField(max_length=20)),
                ("evidence", models.CharField(blank=True, max_length=300)),
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
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("run_id", "system", "record", "record_id"), name="registry_carried_move_once"
                    )
                ],
            },
        ),
    ]
