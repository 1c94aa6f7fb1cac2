"""The steps of the main job that are done."""

from __future__ import annotations

from django.db import models


class SetupStep(models.Model):
    """Bước chuẩn bị: a step of `haicap up` that was carried out in this database, and need not be again.

    `details` says with which settings (province, scale); `seconds` how long it took.
    """

    key = models.CharField(max_length=40, primary_key=True)
    finished_at = models.DateTimeField()
    seconds = models.FloatField()
    details = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.key
