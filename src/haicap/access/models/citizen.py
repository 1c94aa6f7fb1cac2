"""Citizens who signed in by VNeID."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from haicap.kernel import clock
from haicap.registry.models.base import Identified


class Citizen(Identified):
    """Người dân: what the identity provider said of a citizen at the last sign-in (standards §5).

    `subject` is the provider's `sub`; `personal_number` the number of 12 digits (SoDinhDanh).
    """

    account = models.OneToOneField("access.Account", on_delete=models.PROTECT, related_name="citizen")
    issuer = models.CharField(max_length=200)
    subject = models.CharField(max_length=200)
    tech_id = models.CharField(max_length=100, blank=True)
    account_type = models.CharField(max_length=20, blank=True, help_text="LoaiTaiKhoan")
    full_name = models.CharField(max_length=200)
    fold = models.CharField(max_length=200, db_index=True)
    personal_number = models.CharField(max_length=12)
    birth_date = models.DateField(null=True, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    first_seen_at = models.DateTimeField(default=clock.now)
    claims_at = models.DateTimeField(default=clock.now)
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="access_citizen_subject_once"),
            models.UniqueConstraint(
                fields=["personal_number"],
                name="access_citizen_number_once",
                condition=~Q(personal_number=""),
            ),
            models.CheckConstraint(
                condition=Q(personal_number="") | Q(personal_number__regex=r"^[0-9]{12}$"),
                name="access_citizen_number_form",
            ),
        ]
