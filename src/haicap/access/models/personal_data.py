"""Who saw what, and what became of requests about one's own data (Law 91/2025, NĐ 356/2025)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from haicap.kernel import clock
from haicap.registry.models.base import Identified


class Purpose(models.TextChoices):
    """Mục đích xem: what a look at somebody's data was for; the words beside it say more."""

    HANDLE = "handle", _("Giải quyết hồ sơ")
    ANSWER = "answer", _("Trả lời, hỗ trợ người có dữ liệu")
    MANAGE = "manage", _("Quản lý cán bộ, tài khoản")
    INSPECT = "inspect", _("Kiểm tra, thanh tra, kiểm toán")
    REPORT = "report", _("Thống kê, báo cáo, xuất danh sách")
    SHARE = "share", _("Chia sẻ với hệ thống khác theo thẩm quyền")
    RIGHTS = "rights", _("Giải quyết yêu cầu về dữ liệu cá nhân")


class Reading(Identified):
    """Lượt xem dữ liệu cá nhân: who looked at whose data, when and what for. Append-only.

    `subject` names whose: "person:<id>", "citizen:<id>", "number:<SHA-256 of the personal number>", or the
    record where no number is known ("dossier:<id>"). `purpose` is a `Purpose`; `note` says more in words.
    """

    at = models.DateTimeField(default=clock.now)
    # without constraints, as a log: persons and posts are never deleted, and a page of looks is one cheap INSERT
    actor_person = models.ForeignKey(
        "registry.Person", null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    actor_post = models.ForeignKey(
        "registry.Post", null=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    actor_label = models.CharField(max_length=200)
    subject = models.CharField(max_length=100)
    system = models.CharField(max_length=40)
    record = models.CharField(max_length=60, blank=True)
    record_id = models.UUIDField(null=True, blank=True)
    purpose = models.CharField(max_length=300)
    note = models.CharField(max_length=300, blank=True, db_default="", default="")
    correlation_id = models.UUIDField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["subject", "-at"], name="access_reading_subject"),
            models.Index(fields=["actor_person", "-at"], name="access_reading_actor"),
            models.Index(fields=["-at", "-id"], name="access_reading_newest"),
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
        indexes = [
            models.Index(fields=["account", "-asked_at"], name="access_request_account"),
            models.Index(fields=["asked_at", "id"], name="access_request_open", condition=Q(decision="")),
        ]


class ConsentPurpose(models.TextChoices):
    """What a person agrees that the own data are used for; each on its own."""

    ACCOUNT = "account", _("Đăng nhập và nhận ra tôi khi tôi làm thủ tục")
    PREFILL = "prefill", _("Điền sẵn họ tên, số định danh, ngày sinh vào tờ khai của tôi")
    NOTIFY = "notify", _("Báo tin cho tôi về hồ sơ của tôi")


class Consent(Identified):
    """Sự đồng ý: for one purpose, under one version of its words, with time and method; withdrawn, never deleted.

    Law 91/2025, NĐ 356/2025: per purpose, never pre-ticked. At most one stands for an account and a purpose.
    """

    account = models.ForeignKey("access.Account", on_delete=models.PROTECT, related_name="consents")
    purpose = models.CharField(max_length=20, choices=ConsentPurpose.choices)
    version = models.CharField(max_length=20)
    method = models.CharField(max_length=40)
    given_at = models.DateTimeField(default=clock.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "purpose"],
                name="access_consent_stands_once",
                condition=Q(withdrawn_at__isnull=True),
            )
        ]
