"""What citizens do online: forms that are being filled in, and what they say of a dossier afterwards.

A draft is nobody's work yet: it names the unit where it will be handed in, and dies by itself. Consents, ratings and
complaints hang on a dossier and lie where it lies.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from haicap.kernel.ids import new_id
from haicap.registry.models.base import Identified
from haicap.systems.onestop.models.dossier import Dossier
from haicap.systems.onestop.models.parts import Delivery


class OnlineDraft(Identified):
    """Bản nháp hồ sơ trực tuyến: what somebody has filled in so far; after handing in, the way to the own dossier.

    `citizen` null: begun without sign-in, opened by a secret link that is computed, never stored (`online.links`).
    `done` names the pages that were completed under `schema_digest`. `submission` is the key of handing in once.
    What was said leaves the draft when it becomes a dossier; an unused draft is deleted after `expires_at`.
    """

    citizen = models.ForeignKey(
        "access.Citizen", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    procedure_version = models.ForeignKey(
        "onestop.ProcedureVersion", on_delete=models.PROTECT, related_name="+"
    )
    unit = models.ForeignKey("registry.Unit", on_delete=models.PROTECT, related_name="+")
    case = models.CharField(max_length=300, blank=True)
    applicant = models.JSONField(default=dict, blank=True)
    form = models.JSONField(default=dict, blank=True)
    schema_digest = models.CharField(max_length=64)
    done = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    delivery = models.PositiveSmallIntegerField(choices=Delivery.choices, default=Delivery.COUNTER)
    delivery_address = models.CharField(max_length=300, blank=True)
    submission = models.UUIDField(unique=True, default=new_id)
    started_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    dossier = models.OneToOneField(
        Dossier, null=True, blank=True, on_delete=models.PROTECT, related_name="draft"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="onestop_onlinedraft_life", condition=Q(expires_at__gt=F("started_at"))
            ),
            # what was handed in lies in the dossier alone
            models.CheckConstraint(
                name="onestop_onlinedraft_emptied",
                condition=Q(dossier__isnull=True) | Q(form={}, applicant={}, delivery_address=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"], name="onestop_onlinedraft_expiry", condition=Q(dossier__isnull=True)
            ),
            models.Index(
                fields=["citizen", "-changed_at"],
                name="onestop_onlinedraft_citizen",
                condition=Q(citizen__isnull=False),
            ),
        ]


class DraftFile(Identified):
    """Tệp của bản nháp: one upload for one of the papers (`paper`, by its place in the published list)."""

    draft = models.ForeignKey(OnlineDraft, on_delete=models.CASCADE, related_name="files")
    paper = models.PositiveSmallIntegerField()
    file = models.ForeignKey("kernel.StoredFile", on_delete=models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=255)
    added_at = models.DateTimeField()


class HandingInPurpose(models.TextChoices):
    """Mục đích dùng dữ liệu của hồ sơ; each agreed to on its own (Luật 91/2025/QH15)."""

    PROCESS = "process", _("Giải quyết hồ sơ này và lưu trữ theo luật")
    NOTIFY = "notify", _("Báo tin cho tôi về hồ sơ qua thư điện tử, điện thoại")
    REUSE = "reuse", _("Dùng lại kết quả này cho các thủ tục sau của tôi, để không phải nộp lại")


class DossierConsent(Identified):
    """Sự đồng ý khi nộp hồ sơ: for one purpose, under one version of its words, with time and method."""

    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="consents")
    purpose = models.CharField(max_length=20, choices=HandingInPurpose.choices)
    version = models.CharField(max_length=20)
    method = models.CharField(max_length=40)
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dossier", "purpose"],
                name="onestop_dossierconsent_stands_once",
                condition=Q(withdrawn_at__isnull=True),
            )
        ]


class DossierRating(Identified):
    """Đánh giá mức độ hài lòng: 1 (very bad) to 5, once a dossier, after the work ended."""

    dossier = models.OneToOneField(Dossier, on_delete=models.PROTECT, related_name="rating")
    stars = models.PositiveSmallIntegerField()
    words = models.CharField(max_length=1000, blank=True)
    given_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="onestop_dossierrating_stars", condition=Q(stars__gte=1, stars__lte=5)
            )
        ]


class ComplaintState(models.TextChoices):
    """Trạng thái phản ánh, kiến nghị."""

    SENT = "sent", _("chờ tiếp nhận")
    ASKED = "asked", _("chờ người dân nói rõ thêm")
    REFUSED = "refused", _("không tiếp nhận")
    ANSWERED = "answered", _("đã trả lời")
    PUBLISHED = "published", _("đã công khai trả lời")


class DossierComplaint(Identified):
    """Phản ánh, kiến nghị về một hồ sơ, with the last days of QĐ 766/QĐ-TTg: refuse, ask, answer, publish.

    Whoever holds the dossier answers. `publish_by` is known once it is answered.
    """

    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="complaints")
    state = models.CharField(max_length=10, choices=ComplaintState.choices, default=ComplaintState.SENT)
    words = models.TextField()
    sent_at = models.DateTimeField()
    refuse_by = models.DateTimeField()
    ask_by = models.DateTimeField()
    answer_by = models.DateTimeField()
    publish_by = models.DateTimeField(null=True, blank=True)
    question = models.TextField(blank=True)
    reply = models.TextField(blank=True)
    answer = models.TextField(blank=True)
    answered_by = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="onestop_dossiercomplaint_decided",
                condition=Q(state__in=["sent", "asked"], decided_at__isnull=True)
                | Q(
                    Q(state__in=["refused", "answered", "published"], decided_at__isnull=False), ~Q(answer="")
                ),
            )
        ]
        indexes = [
            models.Index(
                fields=["answer_by"],
                name="onestop_complaint_open",
                condition=Q(state__in=["sent", "asked"]),
            )
        ]
