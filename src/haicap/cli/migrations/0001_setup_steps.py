"""Which steps of the main job are done."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="SetupStep",
            fields=[
                ("key", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("finished_at", models.DateTimeField()),
                ("seconds", models.FloatField()),
                ("details", models.JSONField(default=dict)),
            ],
        ),
    ]
