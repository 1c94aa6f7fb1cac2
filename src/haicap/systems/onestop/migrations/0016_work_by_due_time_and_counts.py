"""Where tasks lie, kept beside them for worklists; warnings; days counted."""

from typing import Any

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.expressions
from django.db import connection, migrations, models

import haicap.kernel.ids
from haicap.kernel import journal
from haicap.kernel.actor import SYSTEM
from haicap.kernel.journal import guard_sql

# A task lies where its dossier lies; a consultation on its own desk. Dossiers change desks by hand and when a divided
# unit's are shared out: the open task goes along. Closed ones stay where they were done.
PLACE = """
CREATE FUNCTION onestop_task_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT coalesce(NEW.desk_id, dossier.desk_id), dossier.receiving_agency_id
      INTO NEW.lies_on_id, NEW.received_by_id
      FROM onestop_dossier dossier WHERE dossier.id = NEW.dossier_id;
    RETURN NEW;
END $$;
CREATE TRIGGER onestop_task_place BEFORE INSERT ON onestop_dossiertask
    FOR EACH ROW EXECUTE FUNCTION onestop_task_place();
CREATE FUNCTION onestop_task_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE onestop_dossiertask SET lies_on_id = NEW.desk_id
     WHERE dossier_id = NEW.id AND closed_at IS NULL AND desk_id IS NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER onestop_task_follow AFTER UPDATE OF desk_id ON onestop_dossier
    FOR EACH ROW WHEN (OLD.desk_id IS DISTINCT FROM NEW.desk_id) EXECUTE FUNCTION onestop_task_follow();
"""
PLACE_BACK = """
DROP TRIGGER onestop_task_follow ON onestop_dossier;
DROP FUNCTION onestop_task_follow();
DROP TRIGGER onestop_task_place ON onestop_dossiertask;
DROP FUNCTION onestop_task_place();
"""


def place_what_is_there(apps: Any, schema_editor: Any) -> None:
    """Tasks of before: where they lie now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM onestop_dossiertask)")
        if not cursor.fetchone()[0]:
            return
        with journal.act(SYSTEM, "onestop.place_tasks") as act:
            cursor.execute(
                "UPDATE onestop_dossiertask task SET lies_on_id = coalesce(task.desk_id, dossier.desk_id),"
                " received_by_id = dossier.receiving_agency_id"
                " FROM onestop_dossier dossier WHERE dossier.id = task.dossier_id"
            )
            act.changed("onestop.task", None, None, {"count": cursor.rowcount})


class Migration(migrations.Migration):
    dependencies = [
        ("onestop", "0015_opening"),
        ("registry", "0010_revision_of_staff"),
    ]

    operations = [
        migrations.CreateModel(
            name="DossierDay",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("day", models.DateField()),
                ("field", models.CharField(blank=True, max_length=40)),
                ("channel", models.PositiveSmallIntegerField()),
                ("received", models.PositiveIntegerField()),
                ("ended", models.PositiveIntegerField()),
                ("late", models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="JobMark",
            fields=[
                ("name", models.CharField(max_length=60, primary_key=True, serialize=False)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="TaskDay",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("day", models.DateField()),
                ("done", models.PositiveIntegerField()),
                ("late", models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="TaskWarning",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_default=django.db.models.expressions.RawSQL("kernel_new_id()", ()),
                        default=haicap.kernel.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("rule", models.SlugField(max_length=40)),
                ("at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("to_head", models.BooleanField(default=False)),
            ],
        ),
        migrations.AddField(
            model_name="dossiertask",
            name="lies_on",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.desk",
            ),
        ),
        migrations.AddField(
            model_name="dossiertask",
            name="received_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.agency",
            ),
        ),
        migrations.AddIndex(
            model_name="dossier",
            index=django.contrib.postgres.indexes.BrinIndex(
                fields=["received_at"], name="onestop_dossier_day_in", pages_per_range=32
            ),
        ),
        migrations.AddIndex(
            model_name="dossier",
            index=django.contrib.postgres.indexes.BrinIndex(
                fields=["finished_at"], name="onestop_dossier_day_out", pages_per_range=32
            ),
        ),
        migrations.AddIndex(
            model_name="dossiertask",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", True)),
                fields=["lies_on", "title", "due_at", "id"],
                name="onestop_task_worklist",
            ),
        ),
        migrations.AddIndex(
            model_name="dossiertask",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", True), ("taken_by__isnull", False)),
                fields=["taken_by", "due_at", "id"],
                name="onestop_task_taken",
            ),
        ),
        migrations.AddIndex(
            model_name="dossiertask",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", True), ("kind", "return")),
                fields=["received_by", "title", "due_at", "id"],
                name="onestop_task_counter",
            ),
        ),
        migrations.AddIndex(
            model_name="dossiertask",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", True)),
                fields=["due_at", "id"],
                name="onestop_task_due",
            ),
        ),
        migrations.AddIndex(
            model_name="dossiertask",
            index=django.contrib.postgres.indexes.BrinIndex(
                fields=["closed_at"], name="onestop_task_closed", pages_per_range=32
            ),
        ),
        migrations.AddField(
            model_name="dossierday",
            name="agency",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.agency",
            ),
        ),
        migrations.AddField(
            model_name="taskday",
            name="agency",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.agency",
            ),
        ),
        migrations.AddField(
            model_name="taskday",
            name="title",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="registry.title",
            ),
        ),
        migrations.AddField(
            model_name="taskwarning",
            name="task",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="warnings",
                to="onestop.dossiertask",
            ),
        ),
        migrations.AddIndex(
            model_name="dossierday",
            index=models.Index(fields=["agency", "day"], name="onestop_dossierday_agency"),
        ),
        migrations.AddConstraint(
            model_name="dossierday",
            constraint=models.UniqueConstraint(
                fields=("day", "agency", "field", "channel"), name="onestop_dossierday_once"
            ),
        ),
        migrations.AddIndex(
            model_name="taskday",
            index=models.Index(fields=["agency", "day"], name="onestop_taskday_agency"),
        ),
        migrations.AddConstraint(
            model_name="taskday",
            constraint=models.UniqueConstraint(
                fields=("day", "agency", "title"), name="onestop_taskday_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="taskwarning",
            constraint=models.UniqueConstraint(fields=("task", "rule"), name="onestop_warning_once_a_rule"),
        ),
        migrations.RunSQL(PLACE, PLACE_BACK),
        migrations.RunSQL(*guard_sql("onestop_taskwarning")),
        # last: a table with changed rows cannot be given triggers in the same transaction
        migrations.RunPython(place_what_is_there, migrations.RunPython.noop),
    ]
