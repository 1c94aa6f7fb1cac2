"""What outside directories keep here; guarded by the journal, except how often a token asks."""

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

import haicap.kernel.clock
import haicap.kernel.ids
from haicap.kernel.journal import guard_sql


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0007_single_sign_on"),
    ]

    operations = [
        migrations.CreateModel(
            name="ScimGroup",
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
                ("directory", models.CharField(db_index=True, max_length=100)),
                ("display_name", models.CharField(max_length=200)),
                ("external_id", models.CharField(blank=True, max_length=200)),
                ("made_at", models.DateTimeField(default=haicap.kernel.clock.now)),
                ("changed_at", models.DateTimeField(default=haicap.kernel.clock.now)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ScimLink",
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
                ("directory", models.CharField(max_length=100)),
                ("external_id", models.CharField(blank=True, max_length=200)),
                ("removed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scim_links",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["directory", "external_id"], name="access_scim_external")],
                "constraints": [
                    models.UniqueConstraint(fields=("directory", "account"), name="access_scim_link_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="ScimMember",
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
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="scim_groups",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="members",
                        to="access.scimgroup",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("group", "account"), name="access_scim_member_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="ScimUse",
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
                ("minute", models.DateTimeField()),
                ("requests", models.PositiveIntegerField(default=1)),
                (
                    "token",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="uses",
                        to="access.scimtoken",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("token", "minute"), name="access_scim_use_once")
                ],
            },
        ),
        migrations.RunSQL(*guard_sql("access_scimgroup", "access_scimlink", "access_scimmember")),
    ]
