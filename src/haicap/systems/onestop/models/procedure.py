"""The catalogue: procedures and what was published of them, through time.

A procedure's code is not its identity: the national catalogue has one code twice (1.014325) and codes that are no
codes (1.0133611). What the catalogue says of it is a version with two times; its parts hang on the version and are
never changed, so a dossier that names its version says for good what was asked of the applicant.
"""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, RangeOperators
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from haicap.registry.models import AgencyKind, Level
from haicap.registry.models.base import BELIEVED, Identified, TwoTimes


class Channel(models.IntegerChoices):
    """Kênh thực hiện (KenhThucHien, standards §5): how an applicant hands in."""

    IN_PERSON = 1, _("trực tiếp")
    ONLINE = 2, _("trực tuyến")
    POSTAL = 3, _("bưu chính")


class OnlineLevel(models.IntegerChoices):
    """Mức độ trực tuyến (NĐ 42/2022/NĐ-CP, điều 11): how much of the procedure goes without coming."""

    NONE = 0, _("chưa trực tuyến")
    PARTIAL = 1, _("một phần")
    FULL = 2, _("toàn trình")


class LimitUnit(models.TextChoices):
    """Đơn vị của thời hạn giải quyết; twins of the calendar's `TimeUnit`. `UNKNOWN`: published without one."""

    WORKING_HOURS = "working_hours", _("giờ làm việc")
    WORKING_DAYS = "working_days", _("ngày làm việc")
    CALENDAR_DAYS = "calendar_days", _("ngày")
    MONTHS = "months", _("tháng")
    SAME_DAY = "same_day", _("trong ngày")
    UNKNOWN = "unknown", _("chưa rõ đơn vị")


class ProcedureField(models.Model):
    """Lĩnh vực: what a procedure belongs to ("ho-tich": Hộ tịch)."""

    code = models.CharField(max_length=40, primary_key=True)
    name = models.CharField(max_length=200)
    fold = models.CharField(max_length=200)


class Procedure(Identified):
    """Thủ tục hành chính: an identity; `twin` tells apart those that were published under one code (0, 1, …)."""

    code = models.CharField(max_length=20)
    twin = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["code", "twin"], name="onestop_procedure_once")]


class ProcedureVersion(Identified, TwoTimes):
    """Phiên bản của thủ tục: what is published of it for the days of `valid`.

    `source` is where it was taken from, `digest` the SHA-256 of what was read there (an import compares it).
    `steps`, `results`, `legal_bases` are lists of texts as published; `executors` the agencies as published.
    """

    procedure = models.ForeignKey(Procedure, on_delete=models.PROTECT, related_name="versions")
    name = models.CharField(max_length=2000)
    fold = models.CharField(max_length=2000)
    field = models.ForeignKey(ProcedureField, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, blank=True, help_text="standard, specific, internal")
    levels = ArrayField(models.CharField(max_length=10), default=list, blank=True)
    audiences = models.JSONField(default=list, blank=True)
    issued_by = models.CharField(max_length=200, blank=True)
    executors = models.JSONField(default=list, blank=True)
    summary = models.TextField(blank=True, help_text="ai làm, để được gì: lời đơn giản cho người dân")
    steps = models.JSONField(default=list, blank=True)
    results = models.JSONField(default=list, blank=True)
    legal_bases = models.JSONField(default=list, blank=True)
    conditions = models.TextField(blank=True)
    form_schema = models.JSONField(null=True, blank=True, help_text="JSON Schema của tờ khai")
    online = models.PositiveSmallIntegerField(choices=OnlineLevel.choices, default=OnlineLevel.NONE)
    source = models.CharField(max_length=40)
    digest = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="onestop_procedureversion_no_overlap",
                expressions=[
                    ("procedure", RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                    ("recorded", RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                name="onestop_procedureversion_valid_bounded", condition=Q(valid__isempty=False)
            ),
        ]
        indexes = [
            GinIndex(
                fields=["fold"],
                name="onestop_procedure_search",
                opclasses=["gin_trgm_ops"],
                condition=BELIEVED,
            )
        ]


class TimeLimit(Identified):
    """Thời hạn giải quyết: how long the agency may take, for one channel and case.

    `channel` null: every channel. `amount` null or `unit` unknown: the source does not say; a person settles it.
    `SAME_DAY`: received after 15:00, due the next working day (standards §1).
    """

    version = models.ForeignKey(ProcedureVersion, on_delete=models.CASCADE, related_name="limits")
    position = models.PositiveSmallIntegerField(default=0)
    channel = models.PositiveSmallIntegerField(choices=Channel.choices, null=True, blank=True)
    case = models.CharField(max_length=300, blank=True)
    amount = models.DecimalField(max_digits=7, decimal_places=2, null=True, blank=True)
    unit = models.CharField(max_length=15, choices=LimitUnit.choices)
    text = models.TextField(blank=True, help_text="lời công bố")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="onestop_timelimit_amount",
                condition=Q(unit="same_day") | Q(unit="unknown") | Q(amount__gt=0),
            )
        ]


class RequiredPaper(Identified):
    """Thành phần hồ sơ: a paper that an applicant hands in, in this `case` (blank: always)."""

    version = models.ForeignKey(ProcedureVersion, on_delete=models.CASCADE, related_name="papers")
    position = models.PositiveSmallIntegerField(default=0)
    code = models.CharField(max_length=40, blank=True, help_text="mã thành phần hồ sơ")
    case = models.TextField(blank=True)
    name = models.TextField()
    originals = models.PositiveSmallIntegerField(default=0)
    copies = models.PositiveSmallIntegerField(default=0)
    form = models.CharField(max_length=300, blank=True, help_text="tên mẫu đơn, tờ khai")


class Fee(Identified):
    """Phí, lệ phí: `amount` đồng for each `unit`; null where the published text does not say a sum."""

    version = models.ForeignKey(ProcedureVersion, on_delete=models.CASCADE, related_name="fees")
    position = models.PositiveSmallIntegerField(default=0)
    channel = models.PositiveSmallIntegerField(choices=Channel.choices, null=True, blank=True)
    code = models.CharField(max_length=40, blank=True)
    name = models.CharField(max_length=300)
    amount = models.PositiveBigIntegerField(null=True, blank=True, help_text="đồng")
    unit = models.CharField(max_length=60, blank=True, help_text="bản, trang, hồ sơ, …")
    text = models.TextField(blank=True, help_text="lời công bố")


class Competence(Identified, TwoTimes):
    """Thẩm quyền: which kind of agency decides a procedure on the days of `valid`, and by which law.

    Authority moved on 1/7/2025 from districts to communes and provinces; a dossier of before goes by what held
    on the day of its reception.
    """

    procedure = models.ForeignKey(Procedure, on_delete=models.PROTECT, related_name="competences")
    level = models.CharField(max_length=10, choices=Level.choices)
    agency_kind = models.CharField(max_length=12, choices=AgencyKind.choices)
    slot = models.CharField(max_length=100, blank=True, help_text="tên sở, phòng: «Tư pháp»")
    basis = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            ExclusionConstraint(
                name="onestop_competence_no_overlap",
                expressions=[
                    ("procedure", RangeOperators.EQUAL),
                    ("level", RangeOperators.EQUAL),
                    ("agency_kind", RangeOperators.EQUAL),
                    ("slot", RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                    ("recorded", RangeOperators.OVERLAPS),
                ],
            )
        ]
