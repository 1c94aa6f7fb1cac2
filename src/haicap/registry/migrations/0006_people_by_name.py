"""People are found by the beginnings of their names in any spelling: an index for `registry.people.search`."""

from django.db import migrations

FORWARD = "CREATE INDEX registry_person_words ON registry_person USING gin ((' ' || fold) gin_trgm_ops);"
BACK = "DROP INDEX registry_person_words;"


class Migration(migrations.Migration):
    dependencies = [("registry", "0005_journalled")]
    operations = [migrations.RunSQL(FORWARD, BACK)]
