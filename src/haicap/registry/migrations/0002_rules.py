"""Rules that Django's model options cannot express: composite keys, as-of indexes, codes that stay closed."""

from django.db import migrations

LEVEL = """
ALTER TABLE registry_unitversion ADD CONSTRAINT registry_unitversion_level_of_unit
    FOREIGN KEY (unit_id, level) REFERENCES registry_unit (id, level);
"""
LEVEL_BACK = "ALTER TABLE registry_unitversion DROP CONSTRAINT registry_unitversion_level_of_unit;"

# As-of look-ups go by btree (the GiST index of the exclusion constraint is three times slower).
AS_OF = """
CREATE INDEX registry_unit_code_as_of ON registry_unitversion (code, lower(valid) DESC) WHERE upper_inf(recorded);
CREATE INDEX registry_unit_as_of ON registry_unitversion (unit_id, lower(valid) DESC) WHERE upper_inf(recorded);
CREATE INDEX registry_unit_fold_trgm ON registry_unitversion USING gin (fold gin_trgm_ops);
"""
AS_OF_BACK = """
DROP INDEX registry_unit_code_as_of;
DROP INDEX registry_unit_as_of;
DROP INDEX registry_unit_fold_trgm;
"""

CODES = """
CREATE FUNCTION registry_code_still_open() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM registry_agencycode
      WHERE id = NEW.code_id AND NEW.begins_on >= opened_on
        AND (closed_on IS NULL OR NEW.begins_on < closed_on);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'agency code is not open on %', NEW.begins_on
            USING ERRCODE = 'check_violation', CONSTRAINT = 'registry_code_still_open';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_code_still_open BEFORE INSERT OR UPDATE OF code_id, begins_on ON registry_codeholding
    FOR EACH ROW EXECUTE FUNCTION registry_code_still_open();
"""
CODES_BACK = """
DROP TRIGGER registry_code_still_open ON registry_codeholding;
DROP FUNCTION registry_code_still_open();
"""

REVISED = (
    "unitversion",
    "succession",
    "agency",
    "agencyversion",
    "agencycode",
    "codeholding",
    "siteuse",
    "post",
    "appointment",
)
# A plan names the revision it was checked against. One bump a transaction: the first change takes the row's lock,
# so that changes of the registry queue behind one another (they are rare) and everyday work does not wait.
REVISION = """
INSERT INTO registry_revision (id, number) VALUES (1, 0);
CREATE FUNCTION registry_revise() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('haicap.revised_by', true), '') <> pg_current_xact_id()::text THEN
        UPDATE registry_revision SET number = number + 1;
        PERFORM set_config('haicap.revised_by', pg_current_xact_id()::text, true);
    END IF;
    RETURN NULL;
END $$;
""" + "".join(
    f"CREATE TRIGGER registry_revise BEFORE INSERT OR UPDATE OR DELETE ON registry_{table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION registry_revise();\n"
    for table in REVISED
)
REVISION_BACK = (
    "".join(f"DROP TRIGGER registry_revise ON registry_{table};\n" for table in REVISED)
    + "DROP FUNCTION registry_revise(); DELETE FROM registry_revision;"
)


class Migration(migrations.Migration):
    dependencies = [("registry", "0001_tables")]
    operations = [
        migrations.RunSQL(LEVEL, LEVEL_BACK),
        migrations.RunSQL(AS_OF, AS_OF_BACK),
        migrations.RunSQL(CODES, CODES_BACK),
        migrations.RunSQL(REVISION, REVISION_BACK),
    ]
