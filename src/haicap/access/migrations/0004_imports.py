"""Lists of people that wait to be entered."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.expressions import RawSQL

import haicap.kernel.clock
import haicap.kernel.ids


class Migration(migrations.Migration):
    dependencies = [("access", "0003_guard")]
    operations = [
        migrations.CreateModel(
            name="PeopleImport",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=RawSQL("kernel_new_id()", ()),
                        default=haicap.kernel.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("made_at", models.DateTimeField(default=haicap.kernel.clock.now)),
                ("file_name", models.CharField(max_length=200)),
                ("digest", models.CharField(max_length=64)),
                ("rows", models.JSONField(default=list)),
                ("add_posts", models.BooleanField(default=False)),
                ("applied_at", models.DateTimeField(blank=True, null=True)),
                ("report", models.JSONField(default=list)),
                (
                    "made_by",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["made_by", "-made_at"], name="access_import_maker")],
            },
        ),
    ]
