"""The files that are stored, by the digest of their bytes."""

from django.db import migrations, models
from django.db.models.expressions import RawSQL

FINAL = """
CREATE TRIGGER kernel_append_only BEFORE UPDATE ON kernel_stored_file
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_append_only();
"""
FINAL_BACK = "DROP TRIGGER kernel_append_only ON kernel_stored_file;"


class Migration(migrations.Migration):
    dependencies = [("kernel", "0004_calendar")]
    operations = [
        migrations.CreateModel(
            name="StoredFile",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("size_bytes", models.BigIntegerField()),
                ("media_type", models.CharField(max_length=120)),
                ("name", models.CharField(max_length=255)),
                ("stored_at", models.DateTimeField(db_default=RawSQL("kernel_clock_now()", ()))),
            ],
            options={
                "db_table": "kernel_stored_file",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(digest__regex="^[0-9a-f]{64}$"), name="kernel_stored_file_digest"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(size_bytes__gte=0), name="kernel_stored_file_size"
                    ),
                ],
            },
        ),
        migrations.RunSQL(FINAL, FINAL_BACK),
    ]
