"""The journal: its tables, their stamps and locks, and the rule that an unjournalled write does not commit.

Explained in docs/journal.md and docs/adr/0010-journal.md.
"""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import migrations, models
from django.db.models.expressions import RawSQL

import haicap.kernel.ids
import haicap.kernel.models.journal

# Transaction ids order the entries and prove that a transaction wrote one. They mean something on one server
# only: a dump restored elsewhere meets younger ids again. An era is a stay of this database on one server.
ERA = """
CREATE TABLE kernel_journal_era (
    id integer PRIMARY KEY,
    system bigint NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE kernel_journal_era IS 'Stays of this database on one server each (pg_control_system)';
INSERT INTO kernel_journal_era (id, system) SELECT 1, system_identifier FROM pg_control_system();

-- The era of now; null when this database has just come to another server and nothing was journalled here.
CREATE FUNCTION kernel_current_era() RETURNS integer LANGUAGE plpgsql STABLE AS $$
DECLARE
    latest kernel_journal_era;
BEGIN
    SELECT * INTO latest FROM kernel_journal_era ORDER BY id DESC LIMIT 1;
    IF latest.system = (SELECT system_identifier FROM pg_control_system()) THEN
        RETURN latest.id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION kernel_journal_open_era() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF kernel_current_era() IS NULL THEN
        INSERT INTO kernel_journal_era (id, system)
            SELECT coalesce((SELECT max(id) FROM kernel_journal_era), 0) + 1, system_identifier
            FROM pg_control_system()
            ON CONFLICT (id) DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
"""
ERA_BACK = """
DROP FUNCTION kernel_journal_open_era();
DROP FUNCTION kernel_current_era();
DROP TABLE kernel_journal_era;
"""

# What the database knows better than the caller.
STAMP = """
CREATE FUNCTION kernel_journal_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.era := (SELECT max(id) FROM kernel_journal_era);
    NEW.xid := pg_current_xact_id();
    NEW.at := kernel_clock_now();
    NEW.real_at := clock_timestamp();
    RETURN NEW;
END $$;
CREATE TRIGGER kernel_journal_open_era BEFORE INSERT ON kernel_journal
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_journal_open_era();
CREATE TRIGGER kernel_journal_stamp BEFORE INSERT ON kernel_journal
    FOR EACH ROW EXECUTE FUNCTION kernel_journal_stamp();
"""
STAMP_BACK = """
DROP TRIGGER kernel_journal_stamp ON kernel_journal;
DROP TRIGGER kernel_journal_open_era ON kernel_journal;
DROP FUNCTION kernel_journal_stamp();
"""

# For everybody, the owner and the superuser too. The tests empty their own database between two tests: they
# set haicap.truncate, which does nothing in a database whose name does not begin with test_.
LOCKED = """
CREATE FUNCTION kernel_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' AND current_setting('haicap.truncate', true) = 'allowed'
        AND starts_with(current_database(), 'test_') THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'kernel_append_only', TABLE = TG_TABLE_NAME;
END $$;

CREATE FUNCTION kernel_refuse_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('haicap.truncate', true) = 'allowed' AND starts_with(current_database(), 'test_') THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is journalled: TRUNCATE is refused', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'kernel_refuse_truncate', TABLE = TG_TABLE_NAME;
END $$;

CREATE TRIGGER kernel_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON kernel_journal
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_append_only();
CREATE TRIGGER kernel_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON kernel_journal_seal
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_append_only();
CREATE TRIGGER kernel_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON kernel_journal_era
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_append_only();
"""
LOCKED_BACK = """
DROP TRIGGER kernel_append_only ON kernel_journal_era;
DROP TRIGGER kernel_append_only ON kernel_journal_seal;
DROP TRIGGER kernel_append_only ON kernel_journal;
DROP FUNCTION kernel_refuse_truncate();
DROP FUNCTION kernel_append_only();
"""

# A guarded table carries the statement trigger `kernel_journal_guard`. The first guarded write of a
# transaction leaves one row in kernel_journal_debt; its deferred trigger asks at commit for an entry of that
# transaction and takes the row away. A savepoint that is rolled back takes its debt with it. Unlogged: no row
# outlives its transaction. A statement that met no row is no write while the transaction has written nothing.
DEBT = """
CREATE UNLOGGED TABLE kernel_journal_debt (
    xid xid8 PRIMARY KEY,
    written text NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
COMMENT ON TABLE kernel_journal_debt IS 'Open transactions that wrote to a guarded table and owe an entry';

CREATE FUNCTION kernel_journal_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    me xid8 := pg_current_xact_id_if_assigned();
BEGIN
    IF me IS NULL OR EXISTS (SELECT FROM kernel_journal_debt WHERE xid = me) THEN
        RETURN NULL;
    END IF;
    INSERT INTO kernel_journal_debt (xid, written) VALUES (me, TG_TABLE_NAME);
    RETURN NULL;
END $$;

CREATE FUNCTION kernel_journal_settle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM kernel_journal_debt WHERE xid = NEW.xid;
    IF NOT EXISTS (SELECT FROM kernel_journal WHERE era = kernel_current_era() AND xid = NEW.xid) THEN
        RAISE EXCEPTION '% was written in a transaction without a journal entry', NEW.written
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'kernel_journal_settle',
                TABLE = NEW.written, HINT = 'write inside journal.act(...) and call act.changed(...)';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER kernel_journal_settle AFTER INSERT ON kernel_journal_debt
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION kernel_journal_settle();
"""
DEBT_BACK = """
DROP TABLE kernel_journal_debt;
DROP FUNCTION kernel_journal_settle();
DROP FUNCTION kernel_journal_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_functions")]
    operations = [
        migrations.CreateModel(
            name="JournalEntry",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=RawSQL("kernel_new_id()", ()),
                        default=haicap.kernel.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("era", models.IntegerField(db_default=0, editable=False)),
                (
                    "xid",
                    haicap.kernel.models.journal.Xid8Field(
                        db_default=RawSQL("pg_current_xact_id()", ()), editable=False
                    ),
                ),
                ("at", models.DateTimeField(db_default=RawSQL("kernel_clock_now()", ()), editable=False)),
                ("real_at", models.DateTimeField(db_default=RawSQL("clock_timestamp()", ()), editable=False)),
                ("action", models.CharField(max_length=100)),
                ("actor_label", models.CharField(max_length=200)),
                ("actor_person_id", models.UUIDField(blank=True, null=True)),
                ("actor_post_id", models.UUIDField(blank=True, null=True)),
                ("reason", models.TextField(blank=True, db_default="")),
                ("resolution", models.CharField(blank=True, db_default="", max_length=200)),
                ("correlation_id", models.UUIDField()),
                ("record", models.CharField(blank=True, db_default="", max_length=100)),
                ("record_id", models.UUIDField(blank=True, null=True)),
                ("before", models.JSONField(blank=True, encoder=DjangoJSONEncoder, null=True)),
                ("after", models.JSONField(blank=True, encoder=DjangoJSONEncoder, null=True)),
            ],
            options={
                "db_table": "kernel_journal",
                "indexes": [
                    models.Index(fields=["era", "xid", "id"], name="kernel_journal_order"),
                    models.Index(fields=["at", "id"], name="kernel_journal_at"),
                    models.Index(
                        condition=models.Q(record_id__isnull=False),
                        fields=["record_id", "at", "id"],
                        name="kernel_journal_record",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(action__regex=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$"),
                        name="kernel_journal_action_form",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="JournalSeal",
            fields=[
                ("position", models.BigIntegerField(primary_key=True, serialize=False)),
                ("entry_id", models.UUIDField(unique=True)),
                ("era", models.IntegerField()),
                ("xid", haicap.kernel.models.journal.Xid8Field()),
                ("row_hash", models.BinaryField()),
                ("chain_hash", models.BinaryField()),
                ("sealed_at", models.DateTimeField(db_default=RawSQL("clock_timestamp()", ()))),
            ],
            options={
                "db_table": "kernel_journal_seal",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(position__gte=1), name="kernel_journal_seal_counts"
                    )
                ],
            },
        ),
        migrations.RunSQL(ERA, ERA_BACK),
        migrations.RunSQL(STAMP, STAMP_BACK),
        migrations.RunSQL(LOCKED, LOCKED_BACK),
        migrations.RunSQL(DEBT, DEBT_BACK),
    ]
