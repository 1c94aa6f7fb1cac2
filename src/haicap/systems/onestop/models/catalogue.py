"""How the catalogue comes to be what it is: imports with their rows, defects to settle, what a province announces."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from haicap.registry.models.base import NOT_WITHDRAWN, Identified, Steps
from haicap.systems.onestop.models.procedure import Procedure


class ImportState(models.TextChoices):
    """Trạng thái của lần nhập."""

    READING = "reading", _("đang đọc tệp")
    READY = "ready", _("chờ duyệt")
    APPLYING = "applying", _("đang áp dụng")
    APPLIED = "applied", _("đã áp dụng")
    DROPPED = "dropped", _("đã bỏ")
    FAILED = "failed", _("không xong")


class Fate(models.TextChoices):
    """Việc của một dòng: what applying it does."""

    NEW = "new", _("mới")
    CHANGED = "changed", _("thay đổi")
    ENDED = "ended", _("hết hiệu lực")
    UNCHANGED = "unchanged", _("không đổi")
    REFUSED = "refused", _("không đọc được")


class CatalogueImport(Identified):
    """Lần nhập danh mục: a file read row by row, compared with the catalogue, applied by a person or dropped.

    `begins_on` is the day from which new versions are valid; `complete` says that the file is the whole catalogue
    of its `source`, so that what is missing in it has ended. `report` is what applying it did.
    """

    file = models.ForeignKey(
        "kernel.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    file_name = models.CharField(max_length=255)
    digest = models.CharField(max_length=64, blank=True)
    source = models.CharField(max_length=40)
    begins_on = models.DateField()
    complete = models.BooleanField(default=True)
    state = models.CharField(max_length=10, choices=ImportState.choices, default=ImportState.READING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict, blank=True)
    report = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=200)
    person_id = models.UUIDField(null=True, blank=True)
    post_id = models.UUIDField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)


class CatalogueRow(Identified):
    """Dòng của lần nhập: one procedure, what became of it, and whether a person accepts that.

    `facts` is what the file says of a new or changed procedure (`catalogue.facts.Facts`), `differences` a list of
    {field, before, after}, `flags` the defects found in it.
    """

    run = models.ForeignKey(CatalogueImport, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField(default=0)
    code = models.CharField(max_length=20)
    twin = models.PositiveSmallIntegerField(default=0)
    name = models.TextField(blank=True)
    procedure = models.ForeignKey(
        Procedure, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    fate = models.CharField(max_length=10, choices=Fate.choices)
    digest = models.CharField(max_length=64, blank=True)
    facts = models.JSONField(null=True, blank=True)
    differences = models.JSONField(default=list, blank=True)
    flags = models.JSONField(default=list, blank=True)
    accepted = models.BooleanField(default=True)

    class Meta:
        indexes = [models.Index(fields=["run", "fate", "line"], name="onestop_cataloguerow_list")]


class DefectKind(models.TextChoices):
    """Loại khiếm khuyết của dữ liệu công bố (see the catalogue's SOURCES for how often each is met)."""

    TIME_UNIT = "time_unit", _("thời hạn không ghi đơn vị")
    TIME_HOURS = "time_hours", _("thời hạn ghi bằng giờ, chưa rõ giờ làm việc")
    TIME_MISSING = "time_missing", _("không ghi thời hạn")
    TIME_AND_FEE = "time_and_fee", _("thời hạn và phí dính vào nhau")
    FEE_THOUSANDS = "fee_thousands", _("phí ghi theo nghìn đồng")
    FEE_ELSEWHERE = "fee_elsewhere", _("mức phí quy định ở văn bản khác")
    FEE_CURRENCY = "fee_currency", _("phí bằng ngoại tệ")
    DUPLICATE_CODE = "duplicate_code", _("một mã dùng cho nhiều thủ tục")
    ODD_CODE = "odd_code", _("mã không đúng dạng")
    NO_DETAILS = "no_details", _("không có nội dung chi tiết")
    NO_LEVEL = "no_level", _("không ghi cấp thực hiện")
    NO_AGENCIES = "no_agencies", _("không ghi cơ quan thực hiện")
    NO_ISSUER = "no_issuer", _("không ghi cơ quan công bố")
    STRAY_AUDIENCE = "stray_audience", _("đối tượng lạ")
    PAPER_FORM = "paper_form", _("tên mẫu đơn dính vào tên giấy tờ")
    CASES = "cases", _("nhiều trường hợp trong một kênh")
    LONG_TEXT = "long_text", _("nội dung quá dài, đã cắt")


#: without these no due date can be computed: a person settles them before the procedure is used
GRAVE = (DefectKind.TIME_UNIT, DefectKind.TIME_HOURS, DefectKind.TIME_MISSING, DefectKind.TIME_AND_FEE)


class Settlement(models.TextChoices):
    """Cách xử lý một khiếm khuyết."""

    CORRECTED = "corrected", _("đã sửa")
    AS_PUBLISHED = "as_published", _("giữ như công bố")


class CatalogueDefect(Identified):
    """Khiếm khuyết của danh mục: what is odd about a procedure as published; kept, flagged, settled by a person.

    `key` tells defects of one procedure apart and finds them again in a later file; `gone_at`: a later file no
    longer has it. `correction` is what a person said instead: it is applied again when a later file repeats it.
    """

    procedure = models.ForeignKey(Procedure, on_delete=models.PROTECT, related_name="defects")
    kind = models.CharField(max_length=20, choices=DefectKind.choices)
    key = models.CharField(max_length=64)
    detail = models.TextField(blank=True, help_text="lời công bố")
    value = models.JSONField(default=dict, blank=True)
    found_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=200, blank=True)
    settlement = models.CharField(max_length=15, choices=Settlement.choices, blank=True)
    correction = models.JSONField(default=dict, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["procedure", "key"], name="onestop_cataloguedefect_once"),
            models.CheckConstraint(
                name="onestop_cataloguedefect_settled_how",
                condition=Q(settled_at__isnull=True, settlement="")
                | (Q(settled_at__isnull=False) & ~Q(settlement="")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["kind", "procedure"],
                name="onestop_cataloguedefect_open",
                condition=Q(settled_at__isnull=True, gone_at__isnull=True),
            )
        ]


class Publication(Identified, Steps):
    """Công bố: from `begins_on` the province does (or no longer does) this procedure, by a decision of its chairman.

    One row a procedure and day; `batch` holds together what one act announced, so that it can be taken back whole.
    """

    procedure = models.ForeignKey(Procedure, on_delete=models.PROTECT, related_name="publications")
    published = models.BooleanField(default=True)
    decision = models.CharField(max_length=100, help_text="số quyết định công bố")
    batch = models.UUIDField()
    made_by = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["procedure", "begins_on"],
                name="onestop_publication_once",
                condition=NOT_WITHDRAWN,
            )
        ]
        indexes = [models.Index(fields=["batch"], name="onestop_publication_batch")]
