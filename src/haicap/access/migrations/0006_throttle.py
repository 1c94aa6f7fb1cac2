"""Counters of failed attempts, and the cache that all workers share (used TOTP codes, limits of the library)."""

from django.db import migrations, models

# Not logged: what it holds is gone in minutes, and a crash may forget it.
CACHE = """
CREATE UNLOGGED TABLE access_cache (
    cache_key varchar(255) PRIMARY KEY,
    value text NOT NULL,
    expires timestamptz NOT NULL
);
CREATE INDEX access_cache_expires ON access_cache (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0005_readings_and_consents")]
    operations = [
        migrations.CreateModel(
            name="Throttle",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("last_at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.RunSQL(CACHE, "DROP TABLE access_cache"),
    ]
