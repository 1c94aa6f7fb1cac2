"""Units: territories with a government, through time."""

from __future__ import annotations

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from haicap.registry.models.base import BELIEVED, Identified, TwoTimes


class Level(models.TextChoices):
    """Cấp hành chính: the level of a unit."""

    PROVINCE = "province", _("cấp tỉnh")
    DISTRICT = "district", _("cấp huyện")
    COMMUNE = "commune", _("cấp xã")


class Kind(models.TextChoices):
    """Loại đơn vị hành chính: what kind of province, district or commune (Luật 72/2025/QH15, Điều 1)."""

    TINH = "tinh", _("tỉnh")
    THANH_PHO = "thanh_pho", _("thành phố")  # under the central government
    QUAN = "quan", _("quận")
    HUYEN = "huyen", _("huyện")
    THI_XA = "thi_xa", _("thị xã")
    THANH_PHO_THUOC_TINH = "thanh_pho_thuoc_tinh", _("thành phố")  # of a province
    THANH_PHO_THUOC_THANH_PHO = "thanh_pho_thuoc_thanh_pho", _("thành phố")  # of a city
    XA = "xa", _("xã")
    PHUONG = "phuong", _("phường")
    THI_TRAN = "thi_tran", _("thị trấn")
    DAC_KHU = "dac_khu", _("đặc khu")


class Unit(Identified):
    """Đơn vị hành chính (ĐVHC): a territory with a government. An identity only; versions carry the rest."""

    level = models.CharField(max_length=8, choices=Level.choices)

    class Meta:
        constraints = [
            # the target of UnitVersion's composite foreign key (migration 0002): a unit never changes level
            models.UniqueConstraint(fields=["id", "level"], name="registry_unit_id_level"),
        ]


class UnitVersion(Identified, TwoTimes):
    """Phiên bản của đơn vị: code, name, kind and parent of a unit over a range of days.

    `code` is the statistical code (2, 3 or 5 digits; QĐ 19/2025/QĐ-TTg). `name` has no type word. `province`
    repeats the top of the parent chain, so that a province's communes are one index range. `fold` is
    `kernel.text.fold(name)`, `sort_key` its ICU order.
    """

    # The key itself is the composite one of migration 0002; the indexes of migrations 0002 and 0003 serve it.
    unit = models.ForeignKey(
        Unit, on_delete=models.PROTECT, related_name="versions", db_constraint=False, db_index=False
    )
    level = models.CharField(max_length=8, choices=Level.choices)
    code = models.CharField(max_length=5)
    kind = models.CharField(max_length=32, choices=Kind.choices)
    name = models.CharField(max_length=200)
    parent = models.ForeignKey(
        Unit, null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    province = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+", db_index=False)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    fold = models.CharField(max_length=200)
    sort_key = models.BinaryField()
    opened_by = models.ForeignKey(
        "registry.UnitEvent", null=True, blank=True, on_delete=models.PROTECT, related_name="opened"
    )
    closed_by = models.ForeignKey(
        "registry.UnitEvent", null=True, blank=True, on_delete=models.PROTECT, related_name="closed"
    )

    class Meta:
        constraints = [
            # Among believed versions only: a belief is closed once and never comes back (trigger of migration
            # 0003), so what never overlaps while believed never overlapped. Integers instead of uuid and text
            # make a cut-over of the nation three times faster; equal units have equal hashes, so that nothing
            # passes that should not.
            ExclusionConstraint(
                name="registry_unit_one_version",
                expressions=[
                    (Func(F("unit"), Value(0), function="uuid_hash_extended"), RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                ],
                condition=BELIEVED,
            ),
            ExclusionConstraint(
                name="registry_unit_code_one_unit",
                expressions=[
                    (Func(F("code"), template="(('1' || %(expressions)s)::integer)"), RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                ],
                condition=BELIEVED,
            ),
            models.CheckConstraint(
                name="registry_unit_valid_bounded_below",
                condition=Q(valid__lower_inf=False, valid__isempty=False),
            ),
            models.CheckConstraint(
                name="registry_unit_code_by_level",
                condition=Q(level="province", code__regex=r"^[0-9]{2}$")
                | Q(level="district", code__regex=r"^[0-9]{3}$")
                | Q(level="commune", code__regex=r"^[0-9]{5}$"),
            ),
        ]
        indexes = [
            models.Index(fields=["parent"], name="registry_unit_parent", condition=BELIEVED),
            models.Index(fields=["province", "level"], name="registry_unit_province", condition=BELIEVED),
            models.Index(fields=["fold"], name="registry_unit_fold"),
        ]

    @property
    def title(self) -> str:
        """Name with its type word, as a sentence begins: "Phường Hải Vân"."""
        word = str(Kind(self.kind).label)
        return f"{word[0].upper()}{word[1:]} {self.name}"


class UnitName(Identified):
    """Tên khác của đơn vị: a spelling under which a unit is met elsewhere (a source, a vendor's system)."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="names")
    text = models.CharField(max_length=200)
    fold = models.CharField(max_length=200)
    source = models.CharField(max_length=100)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["unit", "text"], name="registry_unit_name_once")]
        indexes = [models.Index(fields=["fold"], name="registry_unit_name_fold")]
