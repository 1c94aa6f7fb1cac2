"""Versions of units: what is believed never overlaps; a belief is closed once; nothing else ever changes."""

import django.contrib.postgres.constraints
import django.db.models.deletion
from django.db import migrations, models

COLUMNS = (
    "id, unit_id, level, code, kind, name, parent_id, province_id, latitude, longitude, fold, sort_key, "
    "valid, opened_by_id, closed_by_id"
)
OLD = ", ".join(f"OLD.{column.strip()}" for column in COLUMNS.split(","))
NEW = OLD.replace("OLD.", "NEW.")

# The condition is checked without calling the function: a cut-over of ten thousand units feels nothing.
APPEND_ONLY = f"""
CREATE FUNCTION registry_version_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a version of a unit is never changed or deleted, only its belief is closed'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'registry_version_is_final';
END $$;
CREATE TRIGGER registry_version_no_delete BEFORE DELETE ON registry_unitversion
    FOR EACH ROW EXECUTE FUNCTION registry_version_is_final();
CREATE TRIGGER registry_version_no_change BEFORE UPDATE ON registry_unitversion FOR EACH ROW
    WHEN (
        NOT upper_inf(OLD.recorded) OR upper_inf(NEW.recorded) OR lower(NEW.recorded) <> lower(OLD.recorded)
        OR ({OLD}) IS DISTINCT FROM ({NEW})
    ) EXECUTE FUNCTION registry_version_is_final();
"""
APPEND_ONLY_BACK = """
DROP TRIGGER registry_version_no_change ON registry_unitversion;
DROP TRIGGER registry_version_no_delete ON registry_unitversion;
DROP FUNCTION registry_version_is_final();
"""
# Search runs in memory (queries.search): nobody used the trigram index, and every write paid for it.
NO_TRIGRAM = "DROP INDEX registry_unit_fold_trgm;"
NO_TRIGRAM_BACK = (
    "CREATE INDEX registry_unit_fold_trgm ON registry_unitversion USING gin (fold gin_trgm_ops);"
)

BELIEVED = models.Q(("recorded__upper_inf", True))


def key_to_unit(**options: object) -> models.ForeignKey:
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT, to="registry.unit", db_index=False, **options
    )


class Migration(migrations.Migration):
    dependencies = [("registry", "0002_rules")]
    operations = [
        migrations.RemoveConstraint("unitversion", "registry_unit_one_version"),
        migrations.RemoveConstraint("unitversion", "registry_unit_code_one_unit"),
        migrations.AlterField("unitversion", "parent", key_to_unit(null=True, blank=True, related_name="+")),
        migrations.AlterField("unitversion", "province", key_to_unit(related_name="+")),
        migrations.AlterField(
            "unitversion", "unit", key_to_unit(related_name="versions", db_constraint=False)
        ),
        migrations.AddConstraint(
            "unitversion",
            django.contrib.postgres.constraints.ExclusionConstraint(
                name="registry_unit_one_version",
                condition=BELIEVED,
                expressions=[
                    (models.Func(models.F("unit"), models.Value(0), function="uuid_hash_extended"), "="),
                    ("valid", "&&"),
                ],
            ),
        ),
        migrations.AddConstraint(
            "unitversion",
            django.contrib.postgres.constraints.ExclusionConstraint(
                name="registry_unit_code_one_unit",
                condition=BELIEVED,
                expressions=[
                    (models.Func(models.F("code"), template="(('1' || %(expressions)s)::integer)"), "="),
                    ("valid", "&&"),
                ],
            ),
        ),
        migrations.RunSQL(APPEND_ONLY, APPEND_ONLY_BACK),
        migrations.RunSQL(NO_TRIGRAM, NO_TRIGRAM_BACK),
    ]
