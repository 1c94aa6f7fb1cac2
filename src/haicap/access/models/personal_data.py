"""Who saw what, and what became of requests about one's own data (Law 91/2025, NĐ 356/2025)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from haicap.kernel import clock
from haicap.registry.models.base import Identified


class Reading(Identified):
    """Lượt xem dữ liệu cá nhân: who looked at whose data, when and what for. Append-only.

    `subject` names whose: "person:<id>", "citizen:<id>" or "number:<SHA-256 of the personal number>".
    """

    at = models.DateTimeField(default=clock.now)
    actor_person = models.ForeignKey("registry.Person", null=True, on_delete=models.PROTECT, related_name="+")
    actor_post = models.ForeignKey("registry.Post", null=True, on_delete=models.PROTECT, related_name="+")
    actor_label = models.CharField(max_length=200)
    subject = models.CharField(max_length=100)
    system = models.CharField(max_length=40)
    record = models.CharField(max_length=60, blank=True)
    record_id = models.UUIDField(null=True, blank=True)
    purpose = models.CharField(max_length=300)
    correlation_id = models.UUIDField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["subject", "-at"], name="access_reading_subject"),
            models.Index(fields=["actor_person", "-at"], name="access_reading_actor"),
        ]
        constraints = [models.CheckConstraint(condition=~Q(purpose=""), name="access_reading_purpose")]


class DataRequestKind(models.TextChoices):
    """What a person asks about the own data."""

    EXPORT = "export", _("Xin bản sao dữ liệu")
    RECTIFY = "rectify", _("Yêu cầu chỉnh sửa")
    ERASE = "erase", _("Yêu cầu xóa")


class DataDecision(models.TextChoices):
    """What was decided."""

    DONE = "done", _("Đã làm")
    RETAINED = "retained", _("Giữ lại theo luật")
    REFUSED = "refused", _("Từ chối")


class DataRequest(Identified):
    """Yêu cầu về dữ liệu cá nhân: asked by the owner, decided with a reason and a legal basis by a person."""

    account = models.ForeignKey("access.Account", on_delete=models.PROTECT, related_name="data_requests")
    kind = models.CharField(max_length=10, choices=DataRequestKind.choices)
    text = models.TextField(blank=True)
    asked_at = models.DateTimeField(default=clock.now)
    decision = models.CharField(max_length=10, choices=DataDecision.choices, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey("access.Account", null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    legal_basis = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["account", "-asked_at"], name="access_request_account")]
