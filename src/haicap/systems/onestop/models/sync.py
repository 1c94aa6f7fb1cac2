"""Reconciliation with outside systems: whom we tell, what each was told of each dossier, what became of it.

That a dossier must be told is written by a trigger on `onestop_dossierstep` (migration): no way of taking a step,
not even a cut-over's, can forget it, and it stands or falls with the step.
"""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _

from haicap.registry.models.base import NOT_WITHDRAWN, Identified
from haicap.systems.onestop.models.dossier import Dossier, DossierStep


class PartnerKind(models.TextChoices):
    """Loại hệ thống ngoài."""

    NATIONAL = "national", _("đồng bộ hồ sơ (Cổng Dịch vụ công quốc gia)")
    PAYMENT = "payment", _("thanh toán trực tuyến")


class Partner(Identified):
    """Hệ thống ngoài: an outside system that is told of dossiers, or takes payments.

    From its entry on every step is noted for it; `enabled` lets what was noted go out. `password` is encrypted with
    a key derived from the deployment's secret. `settings` are those of `sync.settings.PartnerSettings`: what differs
    from partner to partner. `fields`: only these fields of procedures; empty for all.
    """

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=PartnerKind.choices, default=PartnerKind.NATIONAL)
    endpoint = models.CharField(max_length=300)
    username = models.CharField(max_length=100, blank=True)
    password = models.TextField(blank=True, help_text="mã hóa")
    settings = models.JSONField(default=dict, blank=True)
    fields = ArrayField(models.CharField(max_length=40), default=list, blank=True, db_default=[])
    enabled = models.BooleanField(default=False, db_default=False)
    made_at = models.DateTimeField(db_default=RawSQL("kernel_clock_now()", ()))
    closed_at = models.DateTimeField(null=True, blank=True)


class SyncKind(models.TextChoices):
    """Loại bản tin (standards §5)."""

    DOSSIER = "dossier", _("hồ sơ")
    PROGRESS = "progress", _("tiến độ")


class SyncState(models.TextChoices):
    """Tình trạng đối soát.

    `SENT`: gone out, but no answer that can be read. `RECEIVED`: the partner said that it has it. `ACKNOWLEDGED`: it
    counts there; with partners that can be asked, because asking found it. `VOID`: there is nothing to tell any more.
    """

    TO_SEND = "to_send", _("cần gửi")
    SENT = "sent", _("đã gửi, chưa có trả lời")
    RECEIVED = "received", _("bên nhận đã nhận")
    ACKNOWLEDGED = "acknowledged", _("đã xác nhận")
    FAILED = "failed", _("lỗi")
    VOID = "void", _("không còn phải gửi")


class DossierSync(Identified):
    """Đối soát hồ sơ: one object (the dossier, or one step of it) and what one partner was told of it.

    `version` counts what is to be told: each step, each replay. `digest` is the SHA-256 of what was sent last,
    `sent_version` what version that was. `wanted_at` is since when it has waited. `step` has no key in the
    database: the undo of a cut-over takes steps away.
    """

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+", db_index=False)
    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=SyncKind.choices)
    step = models.ForeignKey(
        DossierStep, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )
    step_id: uuid.UUID | None
    state = models.CharField(max_length=12, choices=SyncState.choices, default=SyncState.TO_SEND)
    version = models.PositiveIntegerField(default=1)
    sent_version = models.PositiveIntegerField(default=0, db_default=0)
    digest = models.CharField(max_length=64, blank=True, db_default="")
    attempts = models.PositiveIntegerField(default=0, db_default=0, help_text="số lần gửi của phiên bản này")
    reason = models.CharField(max_length=40, blank=True, db_default="", help_text="mã lý do lỗi")
    last_error = models.TextField(blank=True, db_default="")
    wanted_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "dossier"], name="onestop_sync_dossier_once", condition=Q(kind="dossier")
            ),
            models.UniqueConstraint(
                fields=["partner", "step"], name="onestop_sync_step_once", condition=Q(kind="progress")
            ),
            models.CheckConstraint(
                name="onestop_sync_step_of_progress",
                condition=Q(kind="dossier", step__isnull=True) | Q(kind="progress", step__isnull=False),
            ),
            models.CheckConstraint(
                name="onestop_sync_failed_says_why", condition=~Q(state="failed") | ~Q(reason="")
            ),
        ]
        indexes = [
            models.Index(
                fields=["partner", "state", "wanted_at", "id"],
                name="onestop_sync_open",
                condition=Q(state__in=["to_send", "sent", "received", "failed"]),
            ),
            models.Index(
                fields=["partner", "acknowledged_at"],
                name="onestop_sync_acknowledged",
                condition=Q(state="acknowledged"),
            ),
        ]


class SyncEvent(Identified):
    """Lịch sử đối soát: what happened to a `DossierSync`; append-only (trigger)."""

    sync = models.ForeignKey(DossierSync, on_delete=models.PROTECT, related_name="events", db_index=False)
    at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=SyncState.choices)
    version = models.PositiveIntegerField()
    attempt = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=40, blank=True)
    note = models.TextField(blank=True)
    digest = models.CharField(max_length=64, blank=True)
    actor = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [models.Index(fields=["sync", "at"], name="onestop_syncevent_sync")]


class SyncRun(Identified):
    """Đợt gửi lại: a replay of many objects, or the first telling of old dossiers, in bounded batches."""

    class Kind(models.TextChoices):
        """What a run does."""

        REPLAY = "replay", _("gửi lại bản tin lỗi")
        ENROL = "enrol", _("gửi hồ sơ đã có")

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    reason = models.CharField(max_length=40, blank=True, help_text="chỉ mã lý do này")
    since = models.DateTimeField(null=True, blank=True, help_text="hồ sơ tiếp nhận từ lúc này")
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    after = models.UUIDField(null=True, blank=True, help_text="đã làm đến")
    actor = models.CharField(max_length=200)
    began_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner"],
                name="onestop_syncrun_one_at_a_time",
                condition=Q(finished_at__isnull=True),
            )
        ]


class NameKind(models.TextChoices):
    """What is named on both sides."""

    AGENCY = "agency", _("cơ quan")
    UNIT = "unit", _("đơn vị hành chính")
    PROCEDURE = "procedure", _("thủ tục")


class PartnerName(Identified):
    """Tên bên ngoài đã đăng ký: an entry of a partner's own list, as it was imported last."""

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=NameKind.choices)
    code = models.CharField(max_length=60, blank=True)
    name = models.CharField(max_length=2000)
    fold = models.CharField(max_length=2000)
    seen_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["partner", "kind", "code"], name="onestop_partnername_code"),
        ]


class PartnerAlias(Identified):
    """Tên gọi ở bên ngoài: what one partner calls something of ours; a person accepted it, and may take it back.

    `ours` is our code of it (of an agency its agency code, of a unit its code, of a procedure its code).
    """

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=10, choices=NameKind.choices)
    ours = models.CharField(max_length=60)
    our_name = models.CharField(max_length=2000)
    code = models.CharField(max_length=60, blank=True)
    name = models.CharField(max_length=2000)
    accepted_by = models.CharField(max_length=200)
    accepted_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "kind", "ours"], name="onestop_alias_once", condition=NOT_WITHDRAWN
            )
        ]


class PaymentState(models.TextChoices):
    """Tình trạng thanh toán."""

    OPEN = "open", _("chờ thanh toán")
    PAID = "paid", _("đã thanh toán")
    FAILED = "failed", _("không thành công")
    SURPLUS = "surplus", _("nộp thừa, cần hoàn lại")


class OnlinePayment(Identified):
    """Lượt thanh toán trực tuyến: one act of paying the open fees of a dossier through a payment partner.

    `id` is what the gateway gives back to us; `gateway_number` its own number of the transaction, once known.
    """

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="+")
    fees = ArrayField(models.UUIDField())
    amount = models.PositiveBigIntegerField(help_text="đồng")
    state = models.CharField(max_length=10, choices=PaymentState.choices, default=PaymentState.OPEN)
    url = models.CharField(max_length=2000, blank=True)
    gateway_number = models.CharField(max_length=100, blank=True)
    made_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "gateway_number"],
                name="onestop_payment_number_once",
                condition=~Q(gateway_number=""),
            )
        ]
