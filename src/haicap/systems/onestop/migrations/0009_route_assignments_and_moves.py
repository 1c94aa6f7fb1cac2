"""Bulk assignments of routes and moves of running dossiers between versions, kept so that they can be undone."""

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import haicap.kernel.ids
from haicap.kernel.journal import guard_sql


class Migration(migrations.Migration):
    dependencies = [
        ("onestop", "0008_catalogue_imports_defects_publications"),
    ]

    operations = [
        migrations.CreateModel(
            name="RouteAssignment",
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
                ("at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=200)),
                (
                    "level",
                    models.CharField(
                        choices=[("province", "cấp tỉnh"), ("district", "cấp huyện"), ("commune", "cấp xã")],
                        max_length=10,
                    ),
                ),
                ("begins_on", models.DateField()),
                ("asked", models.JSONField(blank=True, default=dict)),
                ("count", models.PositiveIntegerField()),
                ("replaced", models.JSONField(blank=True, default=list)),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
                (
                    "route",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="onestop.route",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="RouteMove",
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
                ("at", models.DateTimeField()),
                ("made_by", models.CharField(max_length=200)),
                ("mapping", models.JSONField()),
                ("count", models.PositiveIntegerField()),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="moves_away",
                        to="onestop.routeversion",
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="moves_here",
                        to="onestop.routeversion",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="RouteMoveItem",
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
                (
                    "after",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="onestop.dossiertask",
                    ),
                ),
                (
                    "before",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="onestop.dossiertask",
                    ),
                ),
                (
                    "move",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="items",
                        to="onestop.routemove",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.RunSQL(
            *guard_sql("onestop_routeassignment", "onestop_routemove", "onestop_routemoveitem")
        ),
    ]
