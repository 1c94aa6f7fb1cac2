"""What a directory keeps of an account or of its own group for itself: its number of the person, its label."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models


def _word() -> models.CharField[Any, Any]:
    return models.CharField(blank=True, db_default="", default="", max_length=60)


class Migration(migrations.Migration):
    dependencies = [("access", "0009_readings_as_log")]

    operations = [
        migrations.AddField("scimlink", "employee_number", _word()),
        migrations.AddField("scimlink", "label", _word()),
        migrations.AddField("scimgroup", "label", _word()),
    ]
