"""Agencies: the organs that act for units, their names and codes through time.

A foreign key has no index of its own where a unique key begins with the same column: a cut-over of the country writes
a million entries fewer.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from haicap.registry.models.base import NOT_WITHDRAWN, Identified, Steps


class AgencyKind(models.TextChoices):
    """Loại cơ quan: which organ of a unit."""

    COMMITTEE = "ubnd", _("Ủy ban nhân dân")
    COUNCIL = "hdnd", _("Hội đồng nhân dân")
    PARTY = "dang_uy", _("Đảng ủy")
    FRONT = "mttq", _("Ủy ban Mặt trận Tổ quốc Việt Nam")
    POLICE = "cong_an", _("Công an")
    MILITARY = "quan_su", _("Ban Chỉ huy quân sự")
    OFFICE = "van_phong", _("Văn phòng")
    DIVISION = "phong", _("Phòng")
    SERVICE_CENTRE = "tt_pvhcc", _("Trung tâm Phục vụ hành chính công")
    DEPARTMENT = "so", _("Sở")


class Agency(Identified):
    """Cơ quan, tổ chức: an organ that acts for a unit. An identity only.

    An agency lives as long as its unit (Luật 72/2025/QH15: a dissolved unit's organs end with it): its life is its own
    versions cut by the unit's. `slot` tells apart several agencies of one kind at one unit ("Kinh tế").
    """

    unit = models.ForeignKey(
        "registry.Unit",
        on_delete=models.PROTECT,
        related_name="agencies",
        db_index=False,
        db_constraint=False,
    )
    kind = models.CharField(max_length=12, choices=AgencyKind.choices)
    slot = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["unit", "kind", "slot"], name="registry_agency_once")]


class AgencyVersion(Identified, Steps):
    """Phiên bản của cơ quan: its name and superior from a day on; `closed` ends it before its unit does."""

    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="versions", db_index=False, db_constraint=False
    )
    name = models.CharField(max_length=200)
    fold = models.CharField(max_length=200)
    parent = models.ForeignKey(
        Agency,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    closed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "begins_on"], name="registry_agency_one_version", condition=NOT_WITHDRAWN
            )
        ]


class AgencyCode(Identified):
    """Mã định danh điện tử: a code of QĐ 20/2020/QĐ-TTg. A row is a code; once closed it is never issued again.

    `code` "H17.25", `code102` its older 13-character form (QCVN 102:2016) where it had one.
    """

    code = models.CharField(max_length=35, unique=True)
    code102 = models.CharField(max_length=13, blank=True)
    opened_on = models.DateField()
    closed_on = models.DateField(null=True, blank=True)
    closed_by_run = models.UUIDField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="registry_agency_code_form", condition=Q(code__regex=r"^[A-Z][0-9]{2}(\.[A-Z0-9]+)*$")
            ),
            models.CheckConstraint(
                name="registry_agency_code_life",
                condition=Q(closed_on__isnull=True) | Q(closed_on__gte=models.F("opened_on")),
            ),
        ]


class CodeHolding(Identified, Steps):
    """Người giữ mã: which agency bears a code from a day on (a trigger refuses a closed code, migration 0002)."""

    code = models.ForeignKey(
        AgencyCode, on_delete=models.PROTECT, related_name="holdings", db_index=False, db_constraint=False
    )
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="codes", db_index=False, db_constraint=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code", "begins_on"], name="registry_code_one_holder", condition=NOT_WITHDRAWN
            ),
            models.UniqueConstraint(
                fields=["agency", "begins_on"], name="registry_agency_one_code", condition=NOT_WITHDRAWN
            ),
        ]


class AgencySuccession(Identified):
    """Cơ quan kế thừa: which agency takes over from an agency that ended; several where its unit was divided."""

    predecessor = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="successions_out", db_index=False, db_constraint=False
    )
    successor = models.ForeignKey(
        Agency, on_delete=models.PROTECT, related_name="successions_in", db_constraint=False
    )
    part = models.BooleanField(default=False)
    effective_on = models.DateField()
    run_id = models.UUIDField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["predecessor", "successor", "effective_on"],
                name="registry_agency_succession_once",
                condition=NOT_WITHDRAWN,
            )
        ]
