"""Dossiers: applicants' cases, and every step they took."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q

from haicap.registry.models.base import Identified
from haicap.systems.onestop.models.queryset import DossierQuerySet
from haicap.systems.onestop.models.status import Status


class Dossier(Identified):
    """Hồ sơ thủ tục hành chính: one applicant's case under one procedure.

    It lies on a `desk`; who must work on it is who holds that desk. `receiving_agency`, `competent_agency`
    and `helping_agency` are facts of its reception and never change. `place` is the unit of the
    applicant's place at reception; `village`, `address`, `latitude`, `longitude` are the evidence for
    divided units.
    `finished_at` is when the work ended (processed, refused or withdrawn): what `due_at` is measured against.
    """

    code = models.CharField(max_length=60, unique=True)
    procedure_code = models.CharField(max_length=20)
    field = models.CharField(max_length=40, blank=True, help_text="mã lĩnh vực")
    # no index of its own: the worklist's serve, and beside a plain one the planner would sort whole desks
    desk = models.ForeignKey("registry.Desk", on_delete=models.PROTECT, related_name="+", db_index=False)
    receiving_agency = models.ForeignKey(
        "registry.Agency", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    competent_agency = models.ForeignKey("registry.Agency", on_delete=models.PROTECT, related_name="+")
    helping_agency = models.ForeignKey(
        "registry.Agency", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    applicant_name = models.CharField(max_length=200)
    applicant_fold = models.CharField(max_length=200)
    applicant_subject = models.CharField(
        max_length=71, blank=True, default="", db_default="", help_text="number:<SHA-256 của số định danh>"
    )
    place = models.ForeignKey(
        "registry.Unit", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    village = models.CharField(max_length=100, blank=True)
    address = models.CharField(max_length=300, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(choices=Status.choices)
    received_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = DossierQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="onestop_dossier_finished_has_time",
                condition=Q(status__in=[3, 7, 9, 10], finished_at__isnull=False)
                | Q(status__in=[1, 2, 4, 5, 6, 8], finished_at__isnull=True),
            ),
            models.CheckConstraint(
                name="onestop_dossier_status_known", condition=Q(status__gte=1, status__lte=10)
            ),
            models.CheckConstraint(
                name="onestop_dossier_due_after_received",
                condition=Q(due_at__isnull=True) | Q(due_at__gte=models.F("received_at")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["desk", "due_at", "id"],
                name="onestop_dossier_worklist",
                condition=Q(status__in=[1, 2, 4, 5, 6, 8, 9]),
                include=["status", "field"],  # counts read the index alone
            ),
            models.Index(
                fields=["desk", "-id"],
                name="onestop_dossier_newest",
                condition=Q(status__in=[1, 2, 4, 5, 6, 8, 9]),
            ),
            # the worklist of the whole province, for those who see all
            models.Index(
                fields=["due_at", "id"],
                name="onestop_dossier_due",
                condition=Q(status__in=[1, 2, 4, 5, 6, 8, 9]),
                include=["status", "field"],
            ),
            models.Index(fields=["receiving_agency", "-received_at"], name="onestop_dossier_received"),
            # What a cut-over counts in its read-only moment: five million dossiers in 0.6 s instead of 1.5 s. By a hash
            # of the desk, so that rows of one desk lie together and yet no worklist is tempted to sort whole desks.
            models.Index(
                models.Func(models.F("desk"), models.Value(0), function="uuid_hash_extended"),
                name="onestop_dossier_tally",
                include=["desk", "status", "id"],
            ),
            # a person's own dossiers, for the copy of the own data; few rows have a number yet
            models.Index(
                fields=["applicant_subject"],
                name="onestop_dossier_subject",
                condition=~Q(applicant_subject=""),
            ),
            models.Index(
                fields=["applicant_fold"], name="onestop_dossier_applicant", opclasses=["text_pattern_ops"]
            ),
            # figures count one day anew: rows of a day lie close together
            BrinIndex(fields=["received_at"], name="onestop_dossier_day_in", pages_per_range=32),
            BrinIndex(fields=["finished_at"], name="onestop_dossier_day_out", pages_per_range=32),
        ]


class DossierStep(Identified):
    """Bước xử lý: one entry in a dossier's history, append-only: where it lay, who did what, when."""

    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="steps", db_index=False)
    at = models.DateTimeField()
    desk = models.ForeignKey("registry.Desk", on_delete=models.PROTECT, related_name="+")
    agency = models.ForeignKey(
        "registry.Agency", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    actor = models.CharField(max_length=200)
    action = models.CharField(max_length=40)
    status = models.PositiveSmallIntegerField(choices=Status.choices)
    note = models.TextField(blank=True)
    run_id = models.UUIDField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["dossier", "at"], name="onestop_step_dossier")]


class DossierNumber(models.Model):
    """Số thứ tự hồ sơ: the last number given under an agency code on a day.

    One row a code and day; giving a number updates the row and holds its lock until the transaction ends, so
    numbers have no gap: a reception that is rolled back takes its number back.
    """

    id = models.BigAutoField(primary_key=True)
    code = models.ForeignKey("registry.AgencyCode", on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    last = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["code", "day"], name="onestop_number_once"),
            models.CheckConstraint(
                name="onestop_number_seven_digits", condition=Q(last__gte=1, last__lte=9_999_999)
            ),
        ]
