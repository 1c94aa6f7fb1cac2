"""Digital signing: certificates of agencies and persons, and results on their way to being issued."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from haicap.registry.models.base import Identified
from haicap.systems.onestop.models.dossier import Dossier
from haicap.systems.onestop.models.parts import Result


class KeyStore(models.TextChoices):
    """Nơi giữ khóa: where the private key lies (ADR 0016)."""

    PKCS12 = "pkcs12", _("tệp PKCS#12 lưu trong hệ thống, mã hóa")
    FILE = "file", _("tệp PKCS#12 trong thư mục của máy chủ")
    PKCS11 = "pkcs11", _("thiết bị, mô-đun bảo mật (PKCS#11)")


class SigningCertificate(Identified):
    """Chứng thư chữ ký số: of an agency (`person` null: its seal) or of a person who signs for that agency.

    `box` is the PKCS#12 file as it came, sealed once more with the deployment's secret; its passphrase is stored
    nowhere. `place` is a file's name in the folder of keys (FILE), or "token label/key label" (PKCS11). It belongs
    to its agency alone: a successor has its own.
    """

    agency = models.ForeignKey("registry.Agency", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(
        "registry.Person", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    name = models.CharField(max_length=200)
    store = models.CharField(max_length=6, choices=KeyStore.choices)
    box = models.BinaryField(null=True, blank=True)
    place = models.CharField(max_length=200, blank=True)
    certificate = models.BinaryField(help_text="DER")
    chain = ArrayField(models.BinaryField(), default=list, blank=True)
    subject = models.CharField(max_length=500)
    issuer = models.CharField(max_length=500)
    serial = models.CharField(max_length=64, help_text="thập lục phân")
    fingerprint = models.CharField(max_length=64, help_text="SHA-256")
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    image = models.ForeignKey(
        "kernel.StoredFile", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    added_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revocation = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agency", "fingerprint"], name="onestop_signingcertificate_once_an_agency"
            ),
            models.CheckConstraint(
                name="onestop_signingcertificate_key_somewhere",
                condition=Q(store="pkcs12", box__isnull=False, place="")
                | Q(Q(store__in=["file", "pkcs11"], box__isnull=True), ~Q(place="")),
            ),
            models.CheckConstraint(
                name="onestop_signingcertificate_life", condition=Q(ends_at__gt=F("begins_at"))
            ),
        ]
        indexes = [models.Index(fields=["ends_at"], name="onestop_certificate_ends")]


class ResultDraft(Identified):
    """Dự thảo kết quả: a result that is being signed: prepared, signed by persons, sealed, then issued.

    `file` is its newest state; every signature is added to the bytes before, which stay stored. `signatures` lists
    who signed (name, agency, when, certificate). `closed_at`: issued (`result`) or given up.
    """

    dossier = models.ForeignKey(Dossier, on_delete=models.PROTECT, related_name="drafts")
    procedure_code = models.CharField(max_length=20, blank=True)
    paper_code = models.CharField(max_length=40, blank=True)
    name = models.CharField(max_length=300)
    number = models.CharField(max_length=60, blank=True)
    valid_until = models.DateField(null=True, blank=True)
    file = models.ForeignKey("kernel.StoredFile", on_delete=models.PROTECT, related_name="+")
    check_code = models.CharField(max_length=20, unique=True)
    #: where a signature is shown: page and corner in points, when the file says it itself
    sign_at = models.JSONField(default=dict, blank=True)
    signatures = models.JSONField(default=list, blank=True)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=200)
    closed_at = models.DateTimeField(null=True, blank=True)
    result = models.OneToOneField(
        Result, null=True, blank=True, on_delete=models.PROTECT, related_name="draft"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="onestop_resultdraft_issued_is_closed",
                condition=Q(result__isnull=True) | Q(closed_at__isnull=False),
            )
        ]
        indexes = [
            models.Index(fields=["dossier"], name="onestop_draft_open", condition=Q(closed_at__isnull=True))
        ]
