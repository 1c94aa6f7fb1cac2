"""Partners, what each was told of every dossier, names outside, payments.

Steps note by trigger what partners must be told; the history of telling is only added to.
"""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import haicap.kernel.ids
from haicap.kernel.journal import guard_sql

GUARDED = ("onestop_partner", "onestop_partneralias", "onestop_onlinepayment", "onestop_syncrun")

# Whatever appends a step (a use-case, a bulk step, a cut-over) leaves, in the same transaction and the same statement,
# what each partner has to be told: the dossier as it is then, and the step itself. One look at a table of a few rows
# where there is no partner. Rows are written in one order, so that two bulk steps cannot wait for each other.
WANTED = """
CREATE FUNCTION onestop_sync_wanted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    now_at timestamptz;
BEGIN
    IF NOT EXISTS (SELECT FROM onestop_partner WHERE kind = 'national' AND closed_at IS NULL) THEN
        RETURN NULL;
    END IF;
    now_at := kernel_clock_now();
    INSERT INTO onestop_dossiersync AS known
        (partner_id, dossier_id, kind, state, version, attempts, wanted_at, changed_at)
    SELECT partner.id, dossier.id, 'dossier', 'to_send', 1, 0, now_at, now_at
    FROM (SELECT DISTINCT dossier_id FROM stepped) AS touched
    JOIN onestop_dossier dossier ON dossier.id = touched.dossier_id
    JOIN onestop_partner partner ON partner.kind = 'national' AND partner.closed_at IS NULL
     AND (partner.fields = '{}' OR dossier.field = ANY (partner.fields))
    ORDER BY partner.id, dossier.id
    ON CONFLICT (partner_id, dossier_id) WHERE kind = 'dossier' DO UPDATE SET
        state = 'to_send', version = known.version + 1, attempts = 0, reason = '', last_error = '', changed_at = now_at,
        wanted_at = CASE WHEN known.state IN ('to_send', 'sent', 'failed') THEN known.wanted_at ELSE now_at END;
    INSERT INTO onestop_dossiersync
        (partner_id, dossier_id, kind, step_id, state, version, attempts, wanted_at, changed_at)
    SELECT partner.id, dossier.id, 'progress', step.id, 'to_send', 1, 0, now_at, now_at
    FROM stepped step
    JOIN onestop_dossier dossier ON dossier.id = step.dossier_id
    JOIN onestop_partner partner ON partner.kind = 'national' AND partner.closed_at IS NULL
     AND (partner.fields = '{}' OR dossier.field = ANY (partner.fields))
    ORDER BY partner.id, step.id;
    RETURN NULL;
END $$;
CREATE TRIGGER onestop_sync_wanted AFTER INSERT ON onestop_dossierstep
    REFERENCING NEW TABLE AS stepped FOR EACH STATEMENT EXECUTE FUNCTION onestop_sync_wanted();
"""
WANTED_BACK = """
DROP TRIGGER onestop_sync_wanted ON onestop_dossierstep;
DROP FUNCTION onestop_sync_wanted();
"""
APPEND_ONLY = """
CREATE FUNCTION onestop_syncevent_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the history of reconciliation is append-only: % is refused', TG_OP
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'onestop_syncevent_append_only';
END $$;
CREATE TRIGGER onestop_syncevent_no_change BEFORE UPDATE OR DELETE ON onestop_syncevent
    FOR EACH ROW EXECUTE FUNCTION onestop_syncevent_append_only();
"""
APPEND_ONLY_BACK = """
DROP TRIGGER onestop_syncevent_no_change ON onestop_syncevent;
DROP FUNCTION onestop_syncevent_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("onestop", "0009_route_assignments_and_moves"),
    ]

    operations = [
        migrations.CreateModel(
            name="Partner",
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
                ("code", models.SlugField(max_length=40, unique=True)),
                ("name", models.CharField(max_length=200)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("national", "đồng bộ hồ sơ (Cổng Dịch vụ công quốc gia)"),
                            ("payment", "thanh toán trực tuyến"),
                        ],
                        default="national",
                        max_length=10,
                    ),
                ),
                ("endpoint", models.CharField(max_length=300)),
                ("username", models.CharField(blank=True, max_length=100)),
                ("password", models.TextField(blank=True, help_text="mã hóa")),
                ("settings", models.JSONField(blank=True, default=dict)),
                (
                    "fields",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        db_default=[],
                        default=list,
                        size=None,
                    ),
                ),
                ("enabled", models.BooleanField(db_default=False, default=False)),
                (
                    "made_at",
                    models.DateTimeField(
                        db_default=django.db.models.expressions.RawSQL("kernel_clock_now()", ())
                    ),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="DossierSync",
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
                    "kind",
                    models.CharField(choices=[("dossier", "hồ sơ"), ("progress", "tiến độ")], max_length=10),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("to_send", "cần gửi"),
                            ("sent", "đã gửi, chưa có trả lời"),
                            ("received", "bên nhận đã nhận"),
                            ("acknowledged", "đã xác nhận"),
                            ("failed", "lỗi"),
                            ("void", "không còn phải gửi"),
                        ],
                        default="to_send",
                        max_length=12,
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1)),
                ("sent_version", models.PositiveIntegerField(db_default=0, default=0)),
                ("digest", models.CharField(blank=True, db_default="", max_length=64)),
                (
                    "attempts",
                    models.PositiveIntegerField(
                        db_default=0, default=0, help_text="số lần gửi của phiên bản này"
                    ),
                ),
                (
                    "reason",
                    models.CharField(blank=True, db_default="", help_text="mã lý do lỗi", max_length=40),
                ),
                ("last_error", models.TextField(blank=True, db_default="")),
                ("wanted_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("acknowledged_at", models.DateTimeField(blank=True, null=True)),
                ("changed_at", models.DateTimeField()),
                (
                    "dossier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="onestop.dossier"
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="onestop.dossierstep",
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="onestop.partner",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PartnerAlias",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("agency", "cơ quan"),
                            ("unit", "đơn vị hành chính"),
                            ("procedure", "thủ tục"),
                        ],
                        max_length=10,
                    ),
                ),
                ("ours", models.CharField(max_length=60)),
                ("our_name", models.CharField(max_length=2000)),
                ("code", models.CharField(blank=True, max_length=60)),
                ("name", models.CharField(max_length=2000)),
                ("accepted_by", models.CharField(max_length=200)),
                ("accepted_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "partner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="onestop.partner",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PartnerName",
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
                    "kind",
                    models.CharField(
                        choices=[
                            ("agency", "cơ quan"),
                            ("unit", "đơn vị hành chính"),
                            ("procedure", "thủ tục"),
                        ],
                        max_length=10,
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=60)),
                ("name", models.CharField(max_length=2000)),
                ("fold", models.CharField(max_length=2000)),
                ("seen_at", models.DateTimeField()),
                (
                    "partner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="onestop.partner",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SyncEvent",
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
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("to_send", "cần gửi"),
                            ("sent", "đã gửi, chưa có trả lời"),
                            ("received", "bên nhận đã nhận"),
                            ("acknowledged", "đã xác nhận"),
                            ("failed", "lỗi"),
                            ("void", "không còn phải gửi"),
                        ],
                        max_length=12,
                    ),
                ),
                ("version", models.PositiveIntegerField()),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("reason", models.CharField(blank=True, max_length=40)),
                ("note", models.TextField(blank=True)),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("actor", models.CharField(blank=True, max_length=200)),
                (
                    "sync",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="onestop.dossiersync",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SyncRun",
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
                    "kind",
                    models.CharField(
                        choices=[("replay", "gửi lại bản tin lỗi"), ("enrol", "gửi hồ sơ đã có")],
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(blank=True, help_text="chỉ mã lý do này", max_length=40)),
                (
                    "since",
                    models.DateTimeField(blank=True, help_text="hồ sơ tiếp nhận từ lúc này", null=True),
                ),
                ("total", models.PositiveIntegerField(default=0)),
                ("done", models.PositiveIntegerField(default=0)),
                ("after", models.UUIDField(blank=True, help_text="đã làm đến", null=True)),
                ("actor", models.CharField(max_length=200)),
                ("began_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="onestop.partner"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="OnlinePayment",
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
                ("fees", django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None)),
                ("amount", models.PositiveBigIntegerField(help_text="đồng")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "chờ thanh toán"),
                            ("paid", "đã thanh toán"),
                            ("failed", "không thành công"),
                            ("surplus", "nộp thừa, cần hoàn lại"),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("url", models.CharField(blank=True, max_length=2000)),
                ("gateway_number", models.CharField(blank=True, max_length=100)),
                ("made_at", models.DateTimeField()),
                ("paid_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.TextField(blank=True)),
                (
                    "dossier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="onestop.dossier"
                    ),
                ),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="onestop.partner"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("gateway_number", ""), _negated=True),
                        fields=("partner", "gateway_number"),
                        name="onestop_payment_number_once",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="dossiersync",
            index=models.Index(
                condition=models.Q(("state__in", ["to_send", "sent", "received", "failed"])),
                fields=["partner", "state", "wanted_at", "id"],
                name="onestop_sync_open",
            ),
        ),
        migrations.AddIndex(
            model_name="dossiersync",
            index=models.Index(
                condition=models.Q(("state", "acknowledged")),
                fields=["partner", "acknowledged_at"],
                name="onestop_sync_acknowledged",
            ),
        ),
        migrations.AddConstraint(
            model_name="dossiersync",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "dossier")),
                fields=("partner", "dossier"),
                name="onestop_sync_dossier_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="dossiersync",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "progress")),
                fields=("partner", "step"),
                name="onestop_sync_step_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="dossiersync",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "dossier"), ("step__isnull", True)),
                    models.Q(("kind", "progress"), ("step__isnull", False)),
                    _connector="OR",
                ),
                name="onestop_sync_step_of_progress",
            ),
        ),
        migrations.AddConstraint(
            model_name="dossiersync",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "failed"), _negated=True),
                    models.Q(("reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="onestop_sync_failed_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="partneralias",
            constraint=models.UniqueConstraint(
                condition=models.Q(("withdrawn_at__isnull", True)),
                fields=("partner", "kind", "ours"),
                name="onestop_alias_once",
            ),
        ),
        migrations.AddIndex(
            model_name="partnername",
            index=models.Index(fields=["partner", "kind", "code"], name="onestop_partnername_code"),
        ),
        migrations.AddIndex(
            model_name="syncevent",
            index=models.Index(fields=["sync", "at"], name="onestop_syncevent_sync"),
        ),
        migrations.AddConstraint(
            model_name="syncrun",
            constraint=models.UniqueConstraint(
                condition=models.Q(("finished_at__isnull", True)),
                fields=("partner",),
                name="onestop_syncrun_one_at_a_time",
            ),
        ),
        migrations.RunSQL(*guard_sql(*GUARDED)),
        migrations.RunSQL(WANTED, WANTED_BACK),
        migrations.RunSQL(APPEND_ONLY, APPEND_ONLY_BACK),
    ]
