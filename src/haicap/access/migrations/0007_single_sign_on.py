"""Sign-ins at applications with their tokens, spent refresh tokens, consents to applications."""

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

import haicap.kernel.clock
import haicap.kernel.ids
from haicap.kernel.journal import guard_sql


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0006_throttle"),
        ("allauth_idp_oidc", "0003_client_allow_uri_wildcards"),
    ]

    operations = [
        migrations.AddField(
            model_name="application",
            name="for_citizens",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="application",
            name="own",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="application",
            name="without_pkce",
            field=models.BooleanField(default=False),
        ),
        migrations.CreateModel(
            name="Grant",
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
                ("sid", models.UUIDField()),
                ("hat", models.CharField(blank=True, max_length=60)),
                ("issuer", models.CharField(max_length=200)),
                ("code_digest", models.CharField(max_length=64, unique=True)),
                ("code", models.JSONField()),
                ("signed_in_at", models.DateTimeField()),
                ("made_at", models.DateTimeField()),
                ("spent_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="grants",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="grants",
                        to="allauth_idp_oidc.client",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SpentToken",
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
                ("digest", models.CharField(max_length=64, unique=True)),
                ("spent_at", models.DateTimeField()),
                (
                    "grant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="spent_tokens",
                        to="access.grant",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ApplicationConsent",
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
                ("scopes", models.CharField(max_length=200)),
                ("version", models.CharField(max_length=20)),
                ("given_at", models.DateTimeField(default=haicap.kernel.clock.now)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="application_consents",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="application_consents",
                        to="allauth_idp_oidc.client",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at__isnull", True)),
                        fields=("account", "client"),
                        name="access_application_consent_one",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="grant",
            index=models.Index(fields=["sid"], name="access_grant_sid"),
        ),
        migrations.AddIndex(
            model_name="grant",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True)), fields=["account"], name="access_grant_alive"
            ),
        ),
        migrations.RunSQL(*guard_sql("access_applicationconsent")),
    ]
