"""Extensions, the clock that Python and SQL share, and identities made by SQL."""

from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension
from django.db import migrations

CLOCK = """
CREATE TABLE kernel_clock (
    id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    shift interval NOT NULL DEFAULT '0'
);
INSERT INTO kernel_clock DEFAULT VALUES;
COMMENT ON TABLE kernel_clock IS 'One row: how far the clock of this deployment stands from the real one';

-- now() of the transaction, shifted: by the session setting haicap.clock_shift when set (tests, drills),
-- else by the deployment's shift.
CREATE FUNCTION kernel_clock_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT now() + coalesce(
        nullif(current_setting('haicap.clock_shift', true), '')::interval,
        (SELECT shift FROM kernel_clock)
    )
$$;
"""

NEW_ID = """
-- UUID version 7 (RFC 9562 §5.7): 48 bits of milliseconds, version, 74 random bits.
CREATE FUNCTION kernel_new_id() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT encode(
        set_bit(
            set_bit(
                overlay(
                    uuid_send(gen_random_uuid())
                    PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                    FROM 1 FOR 6
                ),
                52, 1
            ),
            53, 1
        ),
        'hex'
    )::uuid
$$;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        BtreeGistExtension(),
        TrigramExtension(),
        migrations.RunSQL(CLOCK, "DROP FUNCTION kernel_clock_now(); DROP TABLE kernel_clock;"),
        migrations.RunSQL(NEW_ID, "DROP FUNCTION kernel_new_id();"),
    ]
