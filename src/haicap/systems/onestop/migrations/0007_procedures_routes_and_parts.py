"""The catalogue of procedures, routes, and the parts of a dossier."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import haicap.kernel.ids
import haicap.registry.models.base
from haicap.kernel.journal import guard_sql

GUARDED = (
    "onestop_procedurefield",
    "onestop_procedure",
    "onestop_procedureversion",
    "onestop_competence",
    "onestop_route",
    "onestop_routeversion",
    "onestop_routechoice",
    "onestop_dossiertask",
    "onestop_result",
)
# A published route is what running dossiers go by: its steps never change, it can only be retired.
PUBLISHED = """
CREATE FUNCTION onestop_routeversion_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.published_at IS NULL THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'DELETE' OR NEW.definition IS DISTINCT FROM OLD.definition
       OR NEW.route_id <> OLD.route_id OR NEW.number <> OLD.number
       OR NEW.published_at IS DISTINCT FROM OLD.published_at THEN
        RAISE EXCEPTION 'version % of route % is published and cannot change', OLD.number, OLD.route_id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'onestop_routeversion_published';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER onestop_routeversion_published BEFORE UPDATE OR DELETE ON onestop_routeversion
    FOR EACH ROW EXECUTE FUNCTION onestop_routeversion_published();
"""
PUBLISHED_BACK = """
DROP TRIGGER onestop_routeversion_published ON onestop_routeversion;
DROP FUNCTION onestop_routeversion_published();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0009_readings_as_log"),
        ("kernel", "0005_files"),
        ("onestop", "0006_applicant_subject"),
        ("registry", "0008_set_based_keys"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProcedureField",
            fields=[
                ("code", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=200)),
                ("fold", models.CharField(max_length=200)),
            ],
        ),
        migrations.CreateModel(
            name="Route",
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
                ("code", models.SlugField(max_length=60, unique=True)),
                ("name", models.CharField(max_length=200)),
                ("standard", models.BooleanField(default=False)),
                ("note", models.TextField(blank=True)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="DossierFee",
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
                ("code", models.CharField(blank=True, max_length=40)),
                ("name", models.CharField(max_length=300)),
                ("amount", models.PositiveBigIntegerField(help_text="đồng")),
                (
                    "method",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("cash", "tiền mặt"),
                            ("transfer", "chuyển khoản"),
                            ("online", "thanh toán trực tuyến"),
                        ],
                        max_length=10,
                    ),
                ),
                ("paid_at", models.DateTimeField(blank=True, null=True)),
                ("receipt", models.CharField(blank=True, max_length=60)),
                ("payment", models.UUIDField(blank=True, null=True, unique=True)),
                (
                    "dossier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="fees", to="onestop.dossier"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Procedure",
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
                ("code", models.CharField(max_length=20)),
                ("twin", models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("code", "twin"), name="onestop_procedure_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="ProcedureVersion",
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
                ("valid", django.contrib.postgres.fields.ranges.DateRangeField()),
                (
                    "recorded",
                    django.contrib.postgres.fields.ranges.DateTimeRangeField(
                        db_default=haicap.registry.models.base.RecordedSince()
                    ),
                ),
                ("name", models.CharField(max_length=2000)),
                ("fold", models.CharField(max_length=2000)),
                (
                    "kind",
                    models.CharField(blank=True, help_text="standard, specific, internal", max_length=20),
                ),
                (
                    "levels",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=10), blank=True, default=list, size=None
                    ),
                ),
                ("audiences", models.JSONField(blank=True, default=list)),
                ("issued_by", models.CharField(blank=True, max_length=200)),
                ("executors", models.JSONField(blank=True, default=list)),
                (
                    "summary",
                    models.TextField(blank=True, help_text="ai làm, để được gì: lời đơn giản cho người dân"),
                ),
                ("steps", models.JSONField(blank=True, default=list)),
                ("results", models.JSONField(blank=True, default=list)),
                ("legal_bases", models.JSONField(blank=True, default=list)),
                ("conditions", models.TextField(blank=True)),
                ("form_schema", models.JSONField(blank=True, help_text="JSON Schema của tờ khai", null=True)),
                (
                    "online",
                    models.PositiveSmallIntegerField(
                        choices=[(0, "chưa trực tuyến"), (1, "một phần"), (2, "toàn trình")], default=0
                    ),
                ),
                ("source", models.CharField(max_length=40)),
                ("digest", models.CharField(blank=True, max_length=64)),
                (
                    "field",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="onestop.procedurefield",
                    ),
                ),
                (
                    "procedure",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="onestop.procedure",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Fee",
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
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "channel",
                    models.PositiveSmallIntegerField(
                        blank=True, choices=[(1, "trực tiếp"), (2, "trực tuyến"), (3, "bưu chính")], null=True
                    ),
                ),
                ("code", models.CharField(blank=True, max_length=40)),
                ("name", models.CharField(max_length=300)),
                ("amount", models.PositiveBigIntegerField(blank=True, help_text="đồng", null=True)),
                ("unit", models.CharField(blank=True, help_text="bản, trang, hồ sơ, …", max_length=60)),
                ("text", models.TextField(blank=True, help_text="lời công bố")),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="fees",
                        to="onestop.procedureversion",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="RequiredPaper",
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
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("code", models.CharField(blank=True, help_text="mã thành phần hồ sơ", max_length=40)),
                ("case", models.TextField(blank=True)),
                ("name", models.TextField()),
                ("originals", models.PositiveSmallIntegerField(default=0)),
                ("copies", models.PositiveSmallIntegerField(default=0)),
                ("form", models.CharField(blank=True, help_text="tên mẫu đơn, tờ khai", max_length=300)),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="papers",
                        to="onestop.procedureversion",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Result",
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
                ("procedure_code", models.CharField(blank=True, max_length=20)),
                ("name", models.CharField(max_length=300)),
                ("number", models.CharField(blank=True, max_length=60)),
                ("subject", models.CharField(blank=True, max_length=71)),
                ("subject_name", models.CharField(blank=True, max_length=200)),
                ("issued_at", models.DateTimeField()),
                ("valid_until", models.DateField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "signers",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=200), blank=True, default=list, size=None
                    ),
                ),
                (
                    "check_code",
                    models.CharField(help_text="mã tra cứu in trên bản giấy", max_length=20, unique=True),
                ),
                (
                    "dossier",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="results",
                        to="onestop.dossier",
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="kernel.storedfile"
                    ),
                ),
                (
                    "issued_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.agency"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DossierPaper",
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
                ("round", models.PositiveSmallIntegerField(default=0)),
                ("position", models.PositiveSmallIntegerField(default=0)),
                ("code", models.CharField(blank=True, max_length=40)),
                ("name", models.CharField(max_length=1000)),
                ("originals", models.PositiveSmallIntegerField(default=0)),
                ("copies", models.PositiveSmallIntegerField(default=0)),
                ("file_name", models.CharField(blank=True, max_length=255)),
                ("at", models.DateTimeField()),
                (
                    "dossier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="papers",
                        to="onestop.dossier",
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="kernel.storedfile",
                    ),
                ),
                (
                    "reused",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="onestop.result",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="RouteChoice",
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
                ("begins_on", models.DateField()),
                ("run_id", models.UUIDField(blank=True, null=True)),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=django.db.models.expressions.RawSQL("kernel_clock_now()", ())
                    ),
                ),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "level",
                    models.CharField(
                        choices=[("province", "cấp tỉnh"), ("district", "cấp huyện"), ("commune", "cấp xã")],
                        max_length=10,
                    ),
                ),
                (
                    "procedure",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="route_choices",
                        to="onestop.procedure",
                    ),
                ),
                (
                    "route",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="choices",
                        to="onestop.route",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RouteVersion",
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
                ("number", models.PositiveSmallIntegerField()),
                ("definition", models.JSONField()),
                ("published_at", models.DateTimeField(blank=True, null=True)),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
                (
                    "route",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="onestop.route",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DossierDetail",
            fields=[
                (
                    "dossier",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="detail",
                        serialize=False,
                        to="onestop.dossier",
                    ),
                ),
                ("submission", models.UUIDField(blank=True, null=True, unique=True)),
                (
                    "channel",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "trực tiếp"), (2, "trực tuyến"), (3, "bưu chính")], default=1
                    ),
                ),
                ("submitted_at", models.DateTimeField(blank=True, help_text="nộp trực tuyến lúc", null=True)),
                (
                    "applicant_kind",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "cá nhân"), (2, "tổ chức, doanh nghiệp")], default=1
                    ),
                ),
                (
                    "applicant_number",
                    models.CharField(blank=True, help_text="số định danh hoặc mã số thuế", max_length=14),
                ),
                ("birth_date", models.DateField(blank=True, null=True)),
                ("phone", models.CharField(blank=True, max_length=20)),
                ("email", models.EmailField(blank=True, max_length=254)),
                ("representative_name", models.CharField(blank=True, max_length=200)),
                ("representative_number", models.CharField(blank=True, max_length=14)),
                (
                    "case",
                    models.CharField(
                        blank=True, help_text="trường hợp của thời hạn, thành phần hồ sơ", max_length=300
                    ),
                ),
                ("summary", models.CharField(blank=True, help_text="trích yếu hồ sơ", max_length=500)),
                ("form", models.JSONField(blank=True, default=dict)),
                ("copies", models.PositiveSmallIntegerField(default=1, help_text="số bản kết quả")),
                (
                    "delivery",
                    models.PositiveSmallIntegerField(
                        choices=[(1, "nhận tại quầy"), (2, "nhận bản điện tử"), (3, "nhận qua bưu chính")],
                        default=1,
                    ),
                ),
                ("delivery_address", models.CharField(blank=True, max_length=300)),
                (
                    "supplements",
                    models.PositiveSmallIntegerField(default=0, help_text="số lần yêu cầu bổ sung"),
                ),
                ("promised_at", models.DateTimeField(blank=True, null=True)),
                (
                    "citizen",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="access.citizen",
                    ),
                ),
                (
                    "procedure_version",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="onestop.procedureversion",
                    ),
                ),
                (
                    "route_version",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="onestop.routeversion",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TimeLimit",
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
                ("position", models.PositiveSmallIntegerField(default=0)),
                (
                    "channel",
                    models.PositiveSmallIntegerField(
                        blank=True, choices=[(1, "trực tiếp"), (2, "trực tuyến"), (3, "bưu chính")], null=True
                    ),
                ),
                ("case", models.CharField(blank=True, max_length=300)),
                ("amount", models.DecimalField(blank=True, decimal_places=2, max_digits=7, null=True)),
                (
                    "unit",
                    models.CharField(
                        choices=[
                            ("working_hours", "giờ làm việc"),
                            ("working_days", "ngày làm việc"),
                            ("calendar_days", "ngày"),
                            ("months", "tháng"),
                            ("same_day", "trong ngày"),
                            ("unknown", "chưa rõ đơn vị"),
                        ],
                        max_length=15,
                    ),
                ),
                ("text", models.TextField(blank=True, help_text="lời công bố")),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="limits",
                        to="onestop.procedureversion",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DossierLetter",
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
                    "form",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (1, "Giấy tiếp nhận hồ sơ và hẹn trả kết quả"),
                            (2, "Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ"),
                            (3, "Phiếu từ chối tiếp nhận giải quyết hồ sơ"),
                            (4, "Văn bản xin lỗi và đề nghị gia hạn thời gian giải quyết"),
                            (5, "Thông báo dừng giải quyết hồ sơ"),
                            (6, "Phiếu kiểm soát quá trình giải quyết hồ sơ"),
                            (7, "Sổ theo dõi hồ sơ"),
                        ]
                    ),
                ),
                ("number", models.CharField(blank=True, max_length=60)),
                ("issued_at", models.DateTimeField()),
                ("issued_by", models.CharField(max_length=200)),
                ("reason", models.TextField(blank=True)),
                ("new_due_at", models.DateTimeField(blank=True, null=True)),
                ("values", models.JSONField(blank=True, default=dict, help_text="giá trị lúc lập phiếu")),
                (
                    "dossier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="letters",
                        to="onestop.dossier",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("form", 4)),
                        fields=("dossier",),
                        name="onestop_letter_one_apology",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DossierTask",
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
                ("step", models.SlugField(help_text="khóa của bước trong quy trình", max_length=40)),
                ("name", models.CharField(max_length=200)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("receive", "tiếp nhận"),
                            ("work", "xử lý"),
                            ("consult", "cho ý kiến"),
                            ("sign", "ký"),
                            ("stamp", "đóng dấu, phát hành"),
                            ("return", "trả kết quả"),
                        ],
                        default="work",
                        max_length=10,
                    ),
                ),
                ("opened_at", models.DateTimeField()),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("taken_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("outcome", models.CharField(blank=True, max_length=40)),
                ("note", models.TextField(blank=True)),
                (
                    "closed_by",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.person",
                    ),
                ),
                (
                    "desk",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.desk",
                    ),
                ),
                (
                    "dossier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tasks",
                        to="onestop.dossier",
                    ),
                ),
                (
                    "taken_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="registry.person",
                    ),
                ),
                (
                    "title",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="registry.title"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("closed_at__isnull", True)),
                        fields=["title", "due_at"],
                        name="onestop_task_open",
                    ),
                    models.Index(
                        condition=models.Q(("closed_at__isnull", True), ("desk__isnull", False)),
                        fields=["desk"],
                        name="onestop_task_desk",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(
                            ("closed_at__isnull", True), models.Q(("kind", "consult"), _negated=True)
                        ),
                        fields=("dossier",),
                        name="onestop_task_one_open",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("desk__isnull", True), ("kind", "consult"), _connector="OR"),
                        name="onestop_task_consult_has_desk",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("closed_at__isnull", True),
                            models.Q(("outcome", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="onestop_task_closed_with_outcome",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Competence",
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
                ("valid", django.contrib.postgres.fields.ranges.DateRangeField()),
                (
                    "recorded",
                    django.contrib.postgres.fields.ranges.DateTimeRangeField(
                        db_default=haicap.registry.models.base.RecordedSince()
                    ),
                ),
                (
                    "level",
                    models.CharField(
                        choices=[("province", "cấp tỉnh"), ("district", "cấp huyện"), ("commune", "cấp xã")],
                        max_length=10,
                    ),
                ),
                (
                    "agency_kind",
                    models.CharField(
                        choices=[
                            ("ubnd", "Ủy ban nhân dân"),
                            ("hdnd", "Hội đồng nhân dân"),
                            ("dang_uy", "Đảng ủy"),
                            ("mttq", "Ủy ban Mặt trận Tổ quốc Việt Nam"),
                            ("cong_an", "Công an"),
                            ("quan_su", "Ban Chỉ huy quân sự"),
                            ("van_phong", "Văn phòng"),
                            ("phong", "Phòng"),
                            ("tt_pvhcc", "Trung tâm Phục vụ hành chính công"),
                            ("so", "Sở"),
                        ],
                        max_length=12,
                    ),
                ),
                ("slot", models.CharField(blank=True, help_text="tên sở, phòng: «Tư pháp»", max_length=100)),
                ("basis", models.CharField(blank=True, max_length=300)),
                (
                    "procedure",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="competences",
                        to="onestop.procedure",
                    ),
                ),
            ],
            options={
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("procedure", "="),
                            ("level", "="),
                            ("agency_kind", "="),
                            ("slot", "="),
                            ("valid", "&&"),
                            ("recorded", "&&"),
                        ],
                        name="onestop_competence_no_overlap",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="procedureversion",
            index=django.contrib.postgres.indexes.GinIndex(
                condition=models.Q(("recorded__upper_inf", True)),
                fields=["fold"],
                name="onestop_procedure_search",
                opclasses=["gin_trgm_ops"],
            ),
        ),
        migrations.AddConstraint(
            model_name="procedureversion",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                expressions=[("procedure", "="), ("valid", "&&"), ("recorded", "&&")],
                name="onestop_procedureversion_no_overlap",
            ),
        ),
        migrations.AddConstraint(
            model_name="procedureversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("valid__isempty", False)), name="onestop_procedureversion_valid_bounded"
            ),
        ),
        migrations.AddIndex(
            model_name="result",
            index=models.Index(
                condition=models.Q(("subject", ""), _negated=True),
                fields=["subject", "procedure_code"],
                name="onestop_result_subject",
            ),
        ),
        migrations.AddConstraint(
            model_name="routechoice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("withdrawn_at__isnull", True)),
                fields=("procedure", "level", "begins_on"),
                name="onestop_routechoice_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="routeversion",
            constraint=models.UniqueConstraint(fields=("route", "number"), name="onestop_routeversion_once"),
        ),
        migrations.AddConstraint(
            model_name="routeversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("published_at__isnull", True)),
                fields=("route",),
                name="onestop_route_one_draft",
            ),
        ),
        migrations.AddConstraint(
            model_name="routeversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("retired_at__isnull", True),
                    ("retired_at__gte", models.F("published_at")),
                    _connector="OR",
                ),
                name="onestop_routeversion_retired_after_published",
            ),
        ),
        migrations.AddIndex(
            model_name="dossierdetail",
            index=models.Index(
                condition=models.Q(("citizen__isnull", False)),
                fields=["citizen"],
                name="onestop_detail_citizen",
            ),
        ),
        migrations.AddConstraint(
            model_name="timelimit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("unit", "same_day"), ("unit", "unknown"), ("amount__gt", 0), _connector="OR"
                ),
                name="onestop_timelimit_amount",
            ),
        ),
        migrations.RunSQL(*guard_sql(*GUARDED)),
        migrations.RunSQL(PUBLISHED, PUBLISHED_BACK),
    ]
