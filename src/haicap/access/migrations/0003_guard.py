"""No account, delegation or key changes without a journal entry; what happened and who read only grow."""

from django.db import migrations

from haicap.kernel.journal import guard_sql

APPEND_ONLY = """
CREATE FUNCTION access_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'access_append_only';
END $$;
CREATE TRIGGER access_signinevent_append_only BEFORE UPDATE OR DELETE ON access_signinevent
    FOR EACH ROW EXECUTE FUNCTION access_append_only();
CREATE TRIGGER access_reading_append_only BEFORE UPDATE OR DELETE ON access_reading
    FOR EACH ROW EXECUTE FUNCTION access_append_only();
"""
APPEND_ONLY_BACK = """
DROP TRIGGER access_reading_append_only ON access_reading;
DROP TRIGGER access_signinevent_append_only ON access_signinevent;
DROP FUNCTION access_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("access", "0002_applications"), ("kernel", "0002_journal")]
    operations = [
        migrations.RunSQL(
            *guard_sql(
                "access_account",
                "access_application",
                "access_citizen",
                "access_datarequest",
                "access_delegation",
                "access_scimtoken",
                "access_signingkey",
            )
        ),
        migrations.RunSQL(APPEND_ONLY, APPEND_ONLY_BACK),
    ]
