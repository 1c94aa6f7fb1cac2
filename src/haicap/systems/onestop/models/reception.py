"""At the counter: what an official has half typed, and the book of certified copies."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from haicap.registry.models.base import Identified
from haicap.systems.onestop.models.dossier import Dossier


class ReceptionDraft(models.Model):
    """Hồ sơ đang nhập dở: what one official has typed on one page and not sent yet; one row each, overwritten.

    It is not a record: it goes when the dossier is received, and after two days. `files` are those that were
    uploaded with it ({digest, name, size}); only they may be attached.
    """

    person = models.ForeignKey("registry.Person", on_delete=models.CASCADE, related_name="+")
    page = models.CharField(max_length=20)
    values = models.JSONField(default=dict)
    files = models.JSONField(default=list)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "page"], name="onestop_receptiondraft_once")]


class CertificationNumber(models.Model):
    """Số chứng thực cuối cùng: of an agency's book of a year; its row is locked while the next is given.

    Numbers run from 1 to the end of the year without a gap (NĐ 23/2015/NĐ-CP, điều 13).
    """

    id = models.BigAutoField(primary_key=True)
    agency = models.ForeignKey("registry.Agency", on_delete=models.PROTECT, related_name="+")
    book = models.CharField(max_length=10, help_text="ký hiệu sổ: SCT/BS")
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "book", "year"], name="onestop_certificationnumber_once"
            ),
            models.CheckConstraint(name="onestop_certificationnumber_positive", condition=Q(last__gte=1)),
        ]


class Certification(Identified):
    """Mục trong sổ chứng thực: one kind of paper that was copied for one applicant, with its number.

    A number is given once and for all: what was entered by mistake stays in the book, struck out (`voided_at`).
    """

    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="certifications")
    agency = models.ForeignKey("registry.Agency", on_delete=models.PROTECT, related_name="+")
    book = models.CharField(max_length=10)
    year = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField()
    paper = models.CharField(max_length=300, help_text="tên bản chính giấy tờ")
    pages = models.PositiveSmallIntegerField(help_text="số trang của bản chính")
    copies = models.PositiveSmallIntegerField(help_text="số bản sao")
    fee = models.PositiveBigIntegerField(help_text="đồng")
    certified_on = models.DateField()
    at = models.DateTimeField()
    made_by = models.CharField(max_length=200)
    voided_at = models.DateTimeField(null=True, blank=True)
    void_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "book", "year", "number"], name="onestop_certification_number_once"
            ),
            models.CheckConstraint(
                name="onestop_certification_counts", condition=Q(pages__gte=1, copies__gte=1, number__gte=1)
            ),
        ]
        indexes = [
            models.Index(fields=["agency", "certified_on", "number"], name="onestop_certification_day"),
        ]
