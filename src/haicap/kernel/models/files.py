"""The files' table: what is stored, by the digest of its bytes."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.expressions import RawSQL


class StoredFile(models.Model):
    """Tệp: bytes that are kept, known by their SHA-256; the same bytes are one row and one file.

    `digest` is the SHA-256 in 64 small hexadecimal digits; `media_type` is what the bytes are, looked at, not
    what somebody called them; `name` is the first name they came with. Who may see a file is said by the
    record that refers to its digest. A row is never altered; nothing here is deleted while it is referred to.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    size_bytes = models.BigIntegerField()
    media_type = models.CharField(max_length=120)
    name = models.CharField(max_length=255)
    stored_at = models.DateTimeField(db_default=RawSQL("kernel_clock_now()", ()))

    class Meta:
        db_table = "kernel_stored_file"
        constraints = [
            models.CheckConstraint(
                name="kernel_stored_file_digest", condition=Q(digest__regex=r"^[0-9a-f]{64}$")
            ),
            models.CheckConstraint(name="kernel_stored_file_size", condition=Q(size_bytes__gte=0)),
        ]
