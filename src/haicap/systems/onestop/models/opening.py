"""What a one-stop shop must have before its first day, where no system can know it: said by a person, with evidence."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from haicap.registry.models.base import Identified


class OpeningItem(models.TextChoices):
    """Điều kiện mở cửa: what communes opened without in July 2025, and whose lack stopped their results."""

    FEE_ACCOUNT = "fee_account", _("tài khoản thu phí, lệ phí")
    STAMP = "stamp", _("con dấu của cơ quan")


class OpeningStatement(Identified):
    """Xác nhận điều kiện mở cửa: somebody says that the agency has this, and shows by what; taken back, not deleted.

    It is true of its agency alone: a successor has its own account and its own stamp.
    """

    agency = models.ForeignKey("registry.Agency", on_delete=models.PROTECT, related_name="+", db_index=False)
    item = models.CharField(max_length=20, choices=OpeningItem.choices)
    value = models.CharField(
        max_length=200, help_text="số tài khoản và ngân hàng; số biên bản giao nhận con dấu"
    )
    file = models.ForeignKey(
        "kernel.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    stated_at = models.DateTimeField()
    stated_by = models.CharField(max_length=200)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "item"],
                name="onestop_opening_once",
                condition=Q(withdrawn_at__isnull=True),
            )
        ]
