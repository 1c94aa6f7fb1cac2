"""Worklists and their counts at a million dossiers: indexes that answer alone (figures in the model's comments)."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

IN_FLIGHT = Q(status__in=[1, 2, 4, 5, 6, 8, 9])


class Migration(migrations.Migration):
    dependencies = [("onestop", "0003_guard")]

    operations = [
        migrations.AlterField(
            model_name="dossier",
            name="desk",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.desk",
            ),
        ),
        migrations.RemoveIndex(model_name="dossier", name="onestop_dossier_worklist"),
        migrations.RemoveIndex(model_name="dossier", name="onestop_dossier_due"),
        migrations.AddIndex(
            model_name="dossier",
            index=models.Index(
                fields=["desk", "due_at", "id"],
                name="onestop_dossier_worklist",
                condition=IN_FLIGHT,
                include=["status", "field"],
            ),
        ),
        migrations.AddIndex(
            model_name="dossier",
            index=models.Index(fields=["desk", "-id"], name="onestop_dossier_newest", condition=IN_FLIGHT),
        ),
        migrations.AddIndex(
            model_name="dossier",
            index=models.Index(
                fields=["due_at", "id"],
                name="onestop_dossier_due",
                condition=IN_FLIGHT,
                include=["status", "field"],
            ),
        ),
    ]
