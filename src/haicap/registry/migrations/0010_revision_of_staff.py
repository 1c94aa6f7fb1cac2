"""An appointment no longer makes a checked plan old: posts and appointments have a revision of their own.

It lies in the row that it lay in before: whoever changes either still waits for a cut-over that holds the row, and
for one another. Plans that were checked before keep the number that they were checked against.
"""

from django.db import migrations, models

TABLES = ("post", "appointment")
STAFF = """
CREATE FUNCTION registry_restaff() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('haicap.restaffed_by', true), '') <> pg_current_xact_id()::text THEN
        UPDATE registry_revision SET staff = staff + 1;
        PERFORM set_config('haicap.restaffed_by', pg_current_xact_id()::text, true);
    END IF;
    RETURN NULL;
END $$;
"""


def triggers(function: str) -> str:
    """The triggers of posts and appointments, which call `function`."""
    return "".join(
        f"DROP TRIGGER registry_revise ON registry_{table};\n"
        f"CREATE TRIGGER registry_revise BEFORE INSERT OR UPDATE OR DELETE ON registry_{table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {function}();\n"
        for table in TABLES
    )


class Migration(migrations.Migration):
    dependencies = [("registry", "0009_posts_close")]
    operations = [
        migrations.AddField("revision", "staff", models.BigIntegerField(default=0, db_default=0)),
        migrations.RunSQL(
            STAFF + triggers("registry_restaff"),
            triggers("registry_revise") + "DROP FUNCTION registry_restaff();",
        ),
    ]
