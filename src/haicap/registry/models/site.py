"""Sites: buildings, and which agency sits where."""

from __future__ import annotations

from django.db import models

from haicap.registry.models.base import NOT_WITHDRAWN, Identified, Steps


class Site(Identified):
    """Trụ sở, điểm: a building with an address where agencies sit. `unit` is where it stood when it was entered."""

    name = models.CharField(max_length=200)
    address = models.CharField(max_length=300)
    unit = models.ForeignKey("registry.Unit", on_delete=models.PROTECT, related_name="sites")
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    seats = models.PositiveIntegerField(null=True, blank=True, help_text="số chỗ làm việc")


class SiteUse(Identified, Steps):
    """Nơi làm việc của cơ quan: from a day on the agency's seat is this site (null: it has none)."""

    agency = models.ForeignKey(
        "registry.Agency", on_delete=models.PROTECT, related_name="site_uses", db_index=False
    )
    site = models.ForeignKey(Site, null=True, blank=True, on_delete=models.PROTECT, related_name="uses")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "begins_on"], name="registry_agency_one_seat", condition=NOT_WITHDRAWN
            )
        ]
