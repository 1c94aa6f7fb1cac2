"""Lists of people that wait to be entered."""

from __future__ import annotations

from django.db import models

from haicap.kernel import clock
from haicap.registry.models.base import Identified


class PeopleImport(Identified):
    """Lượt nhập danh sách người: a file that was read for a preview, and what became of it.

    `rows` are the file's rows as they were read, kept from the preview until the list is entered, given up or a
    day old; then it is emptied. `report` says for each line what was done, by ids; it names nobody.
    """

    made_by = models.ForeignKey(
        "access.Account", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    made_at = models.DateTimeField(default=clock.now)
    file_name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    rows = models.JSONField(default=list)
    add_posts = models.BooleanField(default=False)
    applied_at = models.DateTimeField(null=True, blank=True)
    report = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["made_by", "-made_at"], name="access_import_maker")]
