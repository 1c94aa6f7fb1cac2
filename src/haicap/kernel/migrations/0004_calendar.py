"""The working calendar: hours of the week, days that differ (2024 to 2027 at first), and its revision."""

import csv
from pathlib import Path

import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.expressions import RawSQL

import haicap.kernel.ids
import haicap.kernel.models.calendar
from haicap.kernel.journal.guard import guard_sql

SEED = Path(__file__).resolve().parent.parent / "calendar" / "seeds" / "2024-2027.csv"
AGENCY_OR_NONE = RawSQL("coalesce(agency_id, '00000000-0000-0000-0000-000000000000'::uuid)", ())

HALVES = """
CREATE FUNCTION kernel_halves_ok(halves jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_typeof(halves) = 'array'
       AND coalesce(bool_and(weekday BETWEEN 1 AND 7 AND half IN ('morning', 'afternoon')
                             AND opens < closes AND counts_minutes > 0
                             AND num_nulls(weekday, half, opens, closes, counts_minutes) = 0), true)
       AND count(*) = count(DISTINCT (weekday, half))
    FROM jsonb_to_recordset(CASE jsonb_typeof(halves) WHEN 'array' THEN halves ELSE '[]' END)
        AS t (weekday integer, half text, opens time, closes time, counts_minutes integer)
$$;
ALTER TABLE kernel_working_week ADD CONSTRAINT kernel_working_week_halves CHECK (kernel_halves_ok(halves));
"""
HALVES_BACK = """
ALTER TABLE kernel_working_week DROP CONSTRAINT kernel_working_week_halves;
DROP FUNCTION kernel_halves_ok(jsonb);
"""

# A new value with every change, never a number that counts up: a number that a rolled back transaction had
# used would come again with other contents, and caches would take the one for the other.
REVISION = """
CREATE FUNCTION kernel_calendar_revise() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO kernel_calendar_revision (id) VALUES (1)
        ON CONFLICT (id) DO UPDATE SET revision = gen_random_uuid();
    RETURN NULL;
END $$;
CREATE TRIGGER kernel_calendar_revise AFTER INSERT OR UPDATE OR DELETE ON kernel_working_week
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_calendar_revise();
CREATE TRIGGER kernel_calendar_revise AFTER INSERT OR UPDATE OR DELETE ON kernel_calendar_day
    FOR EACH STATEMENT EXECUTE FUNCTION kernel_calendar_revise();
"""
REVISION_BACK = """
DROP TRIGGER kernel_calendar_revise ON kernel_calendar_day;
DROP TRIGGER kernel_calendar_revise ON kernel_working_week;
DROP FUNCTION kernel_calendar_revise();
"""

# History is kept: a believed row is ended once, nothing else of it ever changes.
FINAL = """
CREATE FUNCTION kernel_calendar_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR NOT upper_inf(OLD.recorded) OR upper_inf(NEW.recorded)
        OR to_jsonb(NEW) - 'recorded' <> to_jsonb(OLD) - 'recorded'
        OR (NOT isempty(NEW.recorded) AND lower(NEW.recorded) <> lower(OLD.recorded))
    THEN
        RAISE EXCEPTION 'a row of % is ended, never altered or deleted', TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'kernel_calendar_final', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER kernel_calendar_final BEFORE UPDATE OR DELETE ON kernel_working_week
    FOR EACH ROW EXECUTE FUNCTION kernel_calendar_final();
CREATE TRIGGER kernel_calendar_final BEFORE UPDATE OR DELETE ON kernel_calendar_day
    FOR EACH ROW EXECUTE FUNCTION kernel_calendar_final();
"""
FINAL_BACK = """
DROP TRIGGER kernel_calendar_final ON kernel_calendar_day;
DROP TRIGGER kernel_calendar_final ON kernel_working_week;
DROP FUNCTION kernel_calendar_final();
"""

WEEK = """
INSERT INTO kernel_working_week (agency_id, valid, provenance, recorded, halves)
SELECT NULL, daterange(NULL, NULL), 'Mặc định: thứ Hai đến thứ Sáu, 07:30-11:30 và 13:30-17:00, 8 giờ',
       tstzrange('2024-01-01 00:00+07', NULL),
       jsonb_agg(jsonb_build_object('weekday', weekday, 'half', half, 'opens', opens, 'closes', closes,
                                    'counts_minutes', 240) ORDER BY weekday, opens)
FROM generate_series(1, 5) AS weekday,
     (VALUES ('morning', '07:30', '11:30'), ('afternoon', '13:30', '17:00')) AS halves (half, opens, closes);
"""


def enter_days(apps, schema_editor):
    """Enter the seed file; recorded since 1/1/2024, because it says what was announced then and later."""
    with SEED.open(encoding="utf-8", newline="") as file, schema_editor.connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO kernel_calendar_day (agency_id, provenance, recorded, day, kind, name, morning,"
            " afternoon, swapped_with, provisional) VALUES (NULL, %s, tstzrange('2024-01-01 00:00+07', NULL),"
            " %s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    row["provenance"],
                    row["day"],
                    row["kind"],
                    row["name"],
                    row["kind"] == "swapped_on",
                    row["kind"] == "swapped_on",
                    row["swapped_with"] or None,
                    row["provisional"] == "yes",
                )
                for row in csv.DictReader(file)
            ],
        )


RECORDED = [
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
    ("agency_id", models.UUIDField(blank=True, null=True)),
    ("provenance", models.CharField(max_length=300)),
    (
        "recorded",
        django.contrib.postgres.fields.ranges.DateTimeRangeField(
            db_default=haicap.kernel.models.calendar.RecordedSince()
        ),
    ),
]


class Migration(migrations.Migration):
    dependencies = [("kernel", "0003_outbox")]
    operations = [
        migrations.CreateModel(
            name="CalendarRevision",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("revision", models.UUIDField(db_default=RawSQL("gen_random_uuid()", ()))),
            ],
            options={
                "db_table": "kernel_calendar_revision",
                "constraints": [
                    models.CheckConstraint(condition=Q(id=1), name="kernel_calendar_revision_one")
                ],
            },
        ),
        migrations.CreateModel(
            name="CalendarDay",
            fields=[
                *RECORDED,
                ("day", models.DateField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("holiday", "nghỉ lễ, tết"),
                            ("in_lieu", "nghỉ bù"),
                            ("swapped_off", "nghỉ hoán đổi"),
                            ("swapped_on", "làm bù"),
                            ("closed", "nghỉ riêng"),
                            ("open", "làm thêm"),
                        ],
                        max_length=12,
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("morning", models.BooleanField(default=False)),
                ("afternoon", models.BooleanField(default=False)),
                ("swapped_with", models.DateField(blank=True, null=True)),
                ("provisional", models.BooleanField(default=False)),
            ],
            options={
                "db_table": "kernel_calendar_day",
                "constraints": [
                    models.UniqueConstraint(
                        F("day"),
                        AGENCY_OR_NONE,
                        condition=Q(recorded__upper_inf=True),
                        name="kernel_calendar_day_one",
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            kind__in=["holiday", "in_lieu", "swapped_off", "closed"],
                            morning=False,
                        )
                        | Q(kind__in=["holiday", "in_lieu", "swapped_off", "closed"], afternoon=False)
                        | Q(kind__in=["swapped_on", "open"], morning=True)
                        | Q(kind__in=["swapped_on", "open"], afternoon=True),
                        name="kernel_calendar_day_kind",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WorkingWeek",
            fields=[
                *RECORDED,
                ("valid", django.contrib.postgres.fields.ranges.DateRangeField()),
                ("halves", models.JSONField()),
                ("same_day_until", models.TimeField(db_default="15:00")),
            ],
            options={
                "db_table": "kernel_working_week",
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=Q(recorded__upper_inf=True),
                        expressions=[(AGENCY_OR_NONE, "="), ("valid", "&&")],
                        name="kernel_working_week_one",
                    ),
                    models.CheckConstraint(
                        condition=Q(valid__isempty=False), name="kernel_working_week_valid_some_day"
                    ),
                ],
            },
        ),
        migrations.RunSQL(HALVES, HALVES_BACK),
        migrations.RunSQL(REVISION, REVISION_BACK),
        migrations.RunSQL(FINAL, FINAL_BACK),
        migrations.RunSQL(WEEK, migrations.RunSQL.noop),
        migrations.RunPython(enter_days, migrations.RunPython.noop),
        # Guarded from here on: what a migration enters needs no entry, what anybody changes later does.
        migrations.RunSQL(*guard_sql("kernel_calendar_day", "kernel_working_week")),
    ]
