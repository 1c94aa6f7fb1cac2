"""Plans, runs, ledgers and decisions of reorganisations."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from haicap.registry.models.base import Identified


class PlanState(models.TextChoices):
    """Trạng thái kế hoạch."""

    DRAFT = "draft", _("đang soạn")
    CHECKED = "checked", _("đã kiểm tra")
    DONE = "done", _("đã chuyển đổi")
    UNDONE = "undone", _("đã hoàn tác")


class Plan(Identified):
    """Kế hoạch sắp xếp: a plan file with its state. Its text lives in `PlanText`, the highest number counts.

    `checked_revision` is the registry's revision at the last check without errors, of the text `checked_number`.
    `codes_before` and `codes_after` are the units that the latest text touches, by their codes on the day before and
    on the effective day: who works at one of them may see the plan.
    """

    key = models.CharField(max_length=60, unique=True)
    title = models.CharField(max_length=500)
    effective_on = models.DateField()
    province_code = models.CharField(max_length=2)
    state = models.CharField(max_length=10, choices=PlanState.choices, default=PlanState.DRAFT)
    checked_revision = models.BigIntegerField(null=True, blank=True)
    checked_number = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField()
    codes_before = ArrayField(models.CharField(max_length=5), default=list, blank=True)
    codes_after = ArrayField(models.CharField(max_length=5), default=list, blank=True)


class PlanText(Identified):
    """Bản kế hoạch: one saved text of a plan (YAML), never overwritten: going back is saving an older one again."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="texts")
    number = models.PositiveIntegerField()
    text = models.TextField()
    author = models.CharField(max_length=200)
    saved_at = models.DateTimeField()
    what = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="reorganisation_plan_text_once")
        ]


class RunKind(models.TextChoices):
    """Loại lượt chạy."""

    REHEARSAL = "rehearsal", _("diễn tập")
    CUT_OVER = "cut_over", _("chuyển đổi")
    UNDO = "undo", _("hoàn tác")


class RunState(models.TextChoices):
    """Trạng thái lượt chạy."""

    RUNNING = "running", _("đang chạy")
    DONE = "done", _("xong")
    FAILED = "failed", _("không thành, dữ liệu như trước")
    INTERRUPTED = "interrupted", _("bị ngắt, dữ liệu như trước")


class Run(Identified):
    """Lượt chạy: one rehearsal, cut-over or undo of a plan, with its progress and timings.

    `cut_at` is the instant from which the new holders hold; `read_only_s` how long everyday writers waited, in
    seconds; `phases` a list of {"name", "label", "seconds"}; `undo_until` the end of the undo window.
    """

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="runs")
    kind = models.CharField(max_length=10, choices=RunKind.choices)
    state = models.CharField(max_length=12, choices=RunState.choices, default=RunState.RUNNING)
    actor = models.CharField(max_length=200)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    text_number = models.PositiveIntegerField()
    undoes = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="undone_by"
    )
    reorganisation = models.ForeignKey(
        "registry.Reorganisation", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    cut_at = models.DateTimeField(null=True, blank=True)
    undo_until = models.DateTimeField(null=True, blank=True)
    read_only_s = models.FloatField(null=True, blank=True)
    total_s = models.FloatField(null=True, blank=True)
    phase = models.CharField(max_length=100, blank=True)
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(default=0)
    phases = models.JSONField(default=list)
    report = models.JSONField(default=dict)
    error = models.JSONField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["state"], name="reorganisation_one_run_at_a_time", condition=Q(state="running")
            ),
        ]
        indexes = [models.Index(fields=["plan", "-started_at"], name="reorganisation_run_plan")]


class LedgerRow(Identified):
    """Dòng bảng đối soát: what became of one class of record in one run (`kernel.contract.LedgerLine`).

    Each part is a count and a 64-bit digest of ids; the database itself refuses an unbalanced row of a run
    that was kept.
    """

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="ledger")
    position = models.PositiveSmallIntegerField()
    system = models.CharField(max_length=40)
    record = models.CharField(max_length=40)
    label = models.CharField(max_length=200)
    before = models.BigIntegerField()
    carried = models.BigIntegerField()
    frozen = models.BigIntegerField()
    closed = models.BigIntegerField()
    undecided = models.BigIntegerField()
    after = models.BigIntegerField()
    created = models.BigIntegerField()
    digests = models.JSONField()
    balanced = models.BooleanField()
    notes = models.JSONField(default=list)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "system", "record"], name="reorganisation_ledger_once"),
            models.CheckConstraint(
                name="reorganisation_ledger_balances",
                condition=Q(balanced=False)
                | Q(
                    before=models.F("carried")
                    + models.F("frozen")
                    + models.F("closed")
                    + models.F("undecided"),
                    after=models.F("before"),
                ),
            ),
        ]


class Decision(Identified):
    """Quyết định phân định: a person placed one undecided record of a divided unit; can be taken back.

    `from_desk` and `to_desk` are desks; `evidence` is what was shown to the person.
    """

    run = models.ForeignKey(Run, on_delete=models.PROTECT, related_name="decisions")
    system = models.CharField(max_length=40)
    record = models.CharField(max_length=40)
    record_id = models.UUIDField()
    from_desk = models.ForeignKey("registry.Desk", on_delete=models.PROTECT, related_name="+")
    to_desk = models.ForeignKey("registry.Desk", on_delete=models.PROTECT, related_name="+")
    agency = models.ForeignKey("registry.Agency", on_delete=models.PROTECT, related_name="+")
    actor = models.CharField(max_length=200)
    reason = models.CharField(max_length=500, blank=True)
    evidence = models.JSONField(default=dict)
    decided_at = models.DateTimeField()
    taken_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["system", "record", "record_id"],
                name="reorganisation_decision_once",
                condition=Q(taken_back_at__isnull=True),
            )
        ]


class RequestState(models.TextChoices):
    """Trạng thái yêu cầu chạy."""

    WAITING = "waiting", _("chờ máy nhận việc")
    STARTED = "started", _("đang chạy")
    DONE = "done", _("xong")
    REFUSED = "refused", _("không thành")


class RunRequest(Identified):
    """Yêu cầu chạy: somebody asked in the web for a rehearsal, cut-over or undo; a worker carries it out.

    `actor` is who asked, with the permission that was checked then; `run` the run that came of it; `error` what
    stopped it. One that a dead worker left behind is not begun again by itself: a person decides.
    """

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="requests")
    kind = models.CharField(max_length=10, choices=RunKind.choices)
    clone = models.BooleanField(default=False)
    reason = models.CharField(max_length=500, blank=True)
    actor = models.JSONField()
    state = models.CharField(max_length=10, choices=RequestState.choices, default=RequestState.WAITING)
    asked_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    error = models.JSONField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["plan"],
                name="reorganisation_one_request_a_plan",
                condition=Q(state__in=["waiting", "started"]),
            )
        ]


class SignOff(Identified):
    """Ký xác nhận bảng đối soát: who signed the report of a run, and the very file, which stays as it was signed.

    `digest` is the SHA-256 of the PDF in the file store. A row is never altered and never deleted.
    """

    run = models.OneToOneField(Run, on_delete=models.PROTECT, related_name="sign_off")
    person = models.CharField(max_length=200)
    person_id = models.UUIDField(null=True, blank=True)
    title = models.CharField(max_length=300)
    signed_at = models.DateTimeField()
    number = models.CharField(max_length=60, blank=True)
    digest = models.CharField(max_length=64)
    size_bytes = models.BigIntegerField()
