"""No dossier changes without a journal entry, and steps are only ever added."""

from django.db import migrations

from haicap.kernel.journal import guard_sql

# What a person did stays. Only a step that a cut-over wrote (`run_id`) may be taken away, by its undo.
APPEND_ONLY = """
CREATE FUNCTION onestop_step_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'steps of dossiers are append-only: % is refused', TG_OP
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'onestop_step_append_only';
END $$;
CREATE TRIGGER onestop_step_no_update BEFORE UPDATE ON onestop_dossierstep
    FOR EACH ROW EXECUTE FUNCTION onestop_step_append_only();
CREATE TRIGGER onestop_step_no_delete BEFORE DELETE ON onestop_dossierstep
    FOR EACH ROW WHEN (OLD.run_id IS NULL) EXECUTE FUNCTION onestop_step_append_only();
"""
APPEND_ONLY_BACK = """
DROP TRIGGER onestop_step_no_delete ON onestop_dossierstep;
DROP TRIGGER onestop_step_no_update ON onestop_dossierstep;
DROP FUNCTION onestop_step_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("onestop", "0002_numbers_and_rules"), ("kernel", "0002_journal")]
    operations = [
        migrations.RunSQL(*guard_sql("onestop_dossier", "onestop_dossierstep", "onestop_dossiernumber")),
        migrations.RunSQL(APPEND_ONLY, APPEND_ONLY_BACK),
    ]
