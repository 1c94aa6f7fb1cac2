"""Dossier numbers, the province's worklist, and the rules a status may not break whoever writes."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

# Frozen here as of this migration; `transitions.TRANSITIONS` is its Python twin and a test compares them.
STATUS_FOLLOWS = """
CREATE FUNCTION onestop_dossier_status_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (NEW.status = ANY (CASE OLD.status
        WHEN 1 THEN '{2,3,5,6,7}'::int[]
        WHEN 2 THEN '{4,5,6,7,8}'::int[]
        WHEN 4 THEN '{5,6,7,8,9}'::int[]
        WHEN 5 THEN '{2,3,4,7,8}'::int[]
        WHEN 6 THEN '{2,4,7,8}'::int[]
        WHEN 8 THEN '{4,7}'::int[]
        WHEN 9 THEN '{4,10}'::int[]
        ELSE '{}'::int[]
    END)) THEN
        RAISE EXCEPTION 'dossier %: status % may not follow %', OLD.code, NEW.status, OLD.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'onestop_dossier_status_follows';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER onestop_dossier_status_follows BEFORE UPDATE OF status ON onestop_dossier
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION onestop_dossier_status_follows();
"""
STATUS_FOLLOWS_BACK = """
DROP TRIGGER onestop_dossier_status_follows ON onestop_dossier;
DROP FUNCTION onestop_dossier_status_follows();
"""


class Migration(migrations.Migration):
    dependencies = [("onestop", "0001_dossiers"), ("registry", "0002_rules")]

    operations = [
        migrations.CreateModel(
            name="DossierNumber",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("day", models.DateField()),
                ("last", models.PositiveIntegerField()),
                (
                    "code",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.agencycode",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=["code", "day"], name="onestop_number_once"),
                    models.CheckConstraint(
                        name="onestop_number_seven_digits", condition=Q(last__gte=1, last__lte=9_999_999)
                    ),
                ]
            },
        ),
        migrations.AddConstraint(
            model_name="dossier",
            constraint=models.CheckConstraint(
                name="onestop_dossier_finished_has_time",
                condition=Q(status__in=[3, 7, 9, 10], finished_at__isnull=False)
                | Q(status__in=[1, 2, 4, 5, 6, 8], finished_at__isnull=True),
            ),
        ),
        migrations.AddIndex(
            model_name="dossier",
            index=models.Index(
                fields=["due_at", "id"],
                name="onestop_dossier_due",
                condition=Q(status__in=[1, 2, 4, 5, 6, 8, 9]),
            ),
        ),
        migrations.RunSQL(STATUS_FOLLOWS, STATUS_FOLLOWS_BACK),
    ]
