"""The tally of a cut-over reads one index alone; keys that begin another index have none of their own."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("onestop", "0004_worklist_indexes"),
        ("registry", "0008_set_based_keys"),
    ]

    operations = [
        migrations.AlterField(
            model_name="dossier",
            name="receiving_agency",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.agency",
            ),
        ),
        migrations.AlterField(
            model_name="dossierstep",
            name="dossier",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="steps",
                to="onestop.dossier",
            ),
        ),
        migrations.AddIndex(
            model_name="dossier",
            index=models.Index(
                models.Func(models.F("desk"), models.Value(0), function="uuid_hash_extended"),
                include=("desk", "status", "id"),
                name="onestop_dossier_tally",
            ),
        ),
    ]
