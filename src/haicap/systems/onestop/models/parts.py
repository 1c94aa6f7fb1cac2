"""What hangs on a dossier: how it came, its tasks, papers, fees, letters and results.

None of it says who works on it: a part lies where its dossier lies. A consultation alone has a desk of its own.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from haicap.registry.models.base import Identified
from haicap.systems.onestop.models.dossier import Dossier
from haicap.systems.onestop.models.procedure import Channel


class ApplicantKind(models.IntegerChoices):
    """Loại đối tượng: who applies. What a partner calls it is a setting of the partner (standards §5, ⚠)."""

    CITIZEN = 1, _("cá nhân")
    ORGANISATION = 2, _("tổ chức, doanh nghiệp")


class Delivery(models.IntegerChoices):
    """Hình thức trả kết quả: how the applicant wants the result."""

    COUNTER = 1, _("nhận tại quầy")
    ONLINE = 2, _("nhận bản điện tử")
    POSTAL = 3, _("nhận qua bưu chính")


class DossierDetail(models.Model):
    """Thông tin hồ sơ: how it came and what the applicant said; one row a dossier, beside the lean one.

    `submission` is the applicant's own key of the act of submitting: a second press of the button finds the
    dossier of the first. `promised_at` is the one new date of an apology (form 04); the appointment stays.
    """

    dossier = models.OneToOneField(Dossier, on_delete=models.PROTECT, primary_key=True, related_name="detail")
    procedure_version = models.ForeignKey(
        "onestop.ProcedureVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    route_version = models.ForeignKey(
        "onestop.RouteVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    submission = models.UUIDField(null=True, blank=True, unique=True)
    channel = models.PositiveSmallIntegerField(choices=Channel.choices, default=Channel.IN_PERSON)
    submitted_at = models.DateTimeField(null=True, blank=True, help_text="nộp trực tuyến lúc")
    applicant_kind = models.PositiveSmallIntegerField(
        choices=ApplicantKind.choices, default=ApplicantKind.CITIZEN
    )
    applicant_number = models.CharField(max_length=14, blank=True, help_text="số định danh hoặc mã số thuế")
    birth_date = models.DateField(null=True, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    email = models.EmailField(blank=True)
    representative_name = models.CharField(max_length=200, blank=True)
    representative_number = models.CharField(max_length=14, blank=True)
    citizen = models.ForeignKey(
        "access.Citizen", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    case = models.CharField(max_length=300, blank=True, help_text="trường hợp của thời hạn, thành phần hồ sơ")
    summary = models.CharField(max_length=500, blank=True, help_text="trích yếu hồ sơ")
    form = models.JSONField(default=dict, blank=True)
    copies = models.PositiveSmallIntegerField(default=1, help_text="số bản kết quả")
    delivery = models.PositiveSmallIntegerField(choices=Delivery.choices, default=Delivery.COUNTER)
    delivery_address = models.CharField(max_length=300, blank=True)
    supplements = models.PositiveSmallIntegerField(default=0, help_text="số lần yêu cầu bổ sung")
    promised_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["citizen"], name="onestop_detail_citizen", condition=Q(citizen__isnull=False)
            )
        ]


class TaskKind(models.TextChoices):
    """Loại việc: what a step of a route asks for."""

    RECEIVE = "receive", _("tiếp nhận")
    WORK = "work", _("xử lý")
    CONSULT = "consult", _("cho ý kiến")
    SIGN = "sign", _("ký")
    STAMP = "stamp", _("đóng dấu, phát hành")
    RETURN = "return", _("trả kết quả")


class DossierTask(Identified):
    """Việc phải làm: a step of the route that is open for a dossier, or was.

    It asks a title, not a person: whoever bears `title` at the agency that holds the desk may take it, so a
    cut-over re-assigns nothing. `taken_by` counts while that person still bears the title there. `desk` null:
    it lies with the dossier; only consultations lie elsewhere.

    `lies_on` is the desk where it lies in either case, and `received_by` who received the dossier: kept by triggers
    (migration 0016), so that worklists are read from an index in their order; nobody else writes them.
    """

    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="tasks")
    step = models.SlugField(max_length=40, help_text="khóa của bước trong quy trình")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=TaskKind.choices, default=TaskKind.WORK)
    title = models.ForeignKey("registry.Title", on_delete=models.PROTECT, related_name="+")
    desk = models.ForeignKey(
        "registry.Desk", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    lies_on = models.ForeignKey(
        "registry.Desk",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    received_by = models.ForeignKey(
        "registry.Agency",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    taken_by = models.ForeignKey(
        "registry.Person", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    taken_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        "registry.Person", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    outcome = models.CharField(max_length=40, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["dossier"],
                name="onestop_task_one_open",
                condition=Q(closed_at__isnull=True) & ~Q(kind="consult"),
            ),
            models.CheckConstraint(
                name="onestop_task_consult_has_desk", condition=Q(desk__isnull=True) | Q(kind="consult")
            ),
            models.CheckConstraint(
                name="onestop_task_closed_with_outcome",
                condition=Q(closed_at__isnull=True) | ~Q(outcome=""),
            ),
        ]
        indexes = [
            models.Index(
                fields=["title", "due_at"], name="onestop_task_open", condition=Q(closed_at__isnull=True)
            ),
            models.Index(
                fields=["desk"],
                name="onestop_task_desk",
                condition=Q(closed_at__isnull=True, desk__isnull=False),
            ),
            models.Index(
                fields=["lies_on", "title", "due_at", "id"],
                name="onestop_task_worklist",
                condition=Q(closed_at__isnull=True),
            ),
            models.Index(
                fields=["taken_by", "due_at", "id"],
                name="onestop_task_taken",
                condition=Q(closed_at__isnull=True, taken_by__isnull=False),
            ),
            models.Index(
                fields=["received_by", "title", "due_at", "id"],
                name="onestop_task_counter",
                condition=Q(closed_at__isnull=True, kind="return"),
            ),
            # what the clock looks for, and the worklist of who sees all
            models.Index(
                fields=["due_at", "id"], name="onestop_task_due", condition=Q(closed_at__isnull=True)
            ),
            # days are counted anew one at a time
            BrinIndex(fields=["closed_at"], name="onestop_task_closed", pages_per_range=32),
        ]


class Result(Identified):
    """Kết quả giải quyết: what an agency issued, signed; kept so that later dossiers reuse it.

    It stays with the agency that issued it, through every reorganisation. `subject` is the digest of the
    personal number it is about (as in `Dossier.applicant_subject`).
    """

    dossier = models.ForeignKey(
        Dossier, null=True, blank=True, on_delete=models.PROTECT, related_name="results"
    )
    procedure_code = models.CharField(max_length=20, blank=True)
    paper_code = models.CharField(
        max_length=40, blank=True, default="", db_default="", help_text="mã giấy tờ, kết quả"
    )
    name = models.CharField(max_length=300)
    number = models.CharField(max_length=60, blank=True)
    subject = models.CharField(max_length=71, blank=True)
    subject_name = models.CharField(max_length=200, blank=True)
    issued_by = models.ForeignKey("registry.Agency", on_delete=models.PROTECT, related_name="+")
    issued_at = models.DateTimeField()
    valid_until = models.DateField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revocation = models.CharField(
        max_length=300, blank=True, default="", db_default="", help_text="lý do thu hồi"
    )
    file = models.ForeignKey("kernel.StoredFile", on_delete=models.PROTECT, related_name="+")
    signers = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    check_code = models.CharField(max_length=20, unique=True, help_text="mã tra cứu in trên bản giấy")

    class Meta:
        indexes = [
            models.Index(
                fields=["subject", "procedure_code"], name="onestop_result_subject", condition=~Q(subject="")
            )
        ]


class DossierPaper(Identified):
    """Giấy tờ trong hồ sơ: what was handed in, on paper or as a file; `round` 0 at first, then per supplement.

    `reused`: a result that was already held and not asked for again.
    """

    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="papers")
    round = models.PositiveSmallIntegerField(default=0)
    position = models.PositiveSmallIntegerField(default=0)
    code = models.CharField(max_length=40, blank=True)
    name = models.CharField(max_length=1000)
    originals = models.PositiveSmallIntegerField(default=0)
    copies = models.PositiveSmallIntegerField(default=0)
    file = models.ForeignKey(
        "kernel.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    file_name = models.CharField(max_length=255, blank=True)
    reused = models.ForeignKey(Result, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()


class DossierFee(Identified):
    """Phí, lệ phí của hồ sơ: what is to be paid and when it was; `receipt` is the number of the receipt."""

    class Method(models.TextChoices):
        """Hình thức thu."""

        CASH = "cash", _("tiền mặt")
        TRANSFER = "transfer", _("chuyển khoản")
        ONLINE = "online", _("thanh toán trực tuyến")

    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="fees")
    code = models.CharField(max_length=40, blank=True)
    name = models.CharField(max_length=300)
    amount = models.PositiveBigIntegerField(help_text="đồng")
    method = models.CharField(max_length=10, choices=Method.choices, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    receipt = models.CharField(max_length=60, blank=True)
    #: key of the act of paying: a repeated answer of the payment gateway charges nobody twice
    payment = models.UUIDField(null=True, blank=True, unique=True)


class LetterForm(models.IntegerChoices):
    """Mẫu của TT 03/2025/TT-VPCP, phụ lục I."""

    RECEIPT = 1, _("Giấy tiếp nhận hồ sơ và hẹn trả kết quả")
    SUPPLEMENT = 2, _("Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ")
    REFUSAL = 3, _("Phiếu từ chối tiếp nhận giải quyết hồ sơ")
    APOLOGY = 4, _("Văn bản xin lỗi và đề nghị gia hạn thời gian giải quyết")
    STOP = 5, _("Thông báo dừng giải quyết hồ sơ")
    CONTROL = 6, _("Phiếu kiểm soát quá trình giải quyết hồ sơ")
    REGISTER = 7, _("Sổ theo dõi hồ sơ")


class DossierLetter(Identified):
    """Phiếu, văn bản gửi người nộp: a form that was issued for a dossier, with the words it was issued with."""

    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="letters")
    form = models.PositiveSmallIntegerField(choices=LetterForm.choices)
    number = models.CharField(max_length=60, blank=True)
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=200)
    reason = models.TextField(blank=True)
    new_due_at = models.DateTimeField(null=True, blank=True)
    values = models.JSONField(default=dict, blank=True, help_text="giá trị lúc lập phiếu")

    class Meta:
        constraints = [
            # one apology with a new date (standards §5)
            models.UniqueConstraint(
                fields=["dossier"], name="onestop_letter_one_apology", condition=Q(form=4)
            )
        ]
