"""What is kept of deadlines and counts: warnings that were given, days that were counted, how far jobs have come."""

from __future__ import annotations

from django.db import models

from haicap.registry.models.base import Identified
from haicap.systems.onestop.models.parts import DossierTask


class TaskWarning(Identified):
    """Cảnh báo hạn: a task was warned of before its due time, or told to the head after it; once a rule and task.

    `rule` is the key of a line of processing/data/warnings.csv. `due_at` is what it was reckoned from.
    """

    task = models.ForeignKey(DossierTask, on_delete=models.PROTECT, related_name="warnings", db_index=False)
    rule = models.SlugField(max_length=40)
    at = models.DateTimeField()
    due_at = models.DateTimeField()
    to_head = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "rule"], name="onestop_warning_once_a_rule")]


class JobMark(models.Model):
    """Mốc công việc: up to which instant a job that follows the steps of dossiers has read them."""

    name = models.CharField(max_length=60, primary_key=True)
    at = models.DateTimeField()


class DossierDay(models.Model):
    """Số liệu ngày: what a day brought at a competent agency, by field and channel; made anew from the dossiers.

    `ended`: processed, refused or withdrawn; `late` of them: after the appointment, or asked for supplements more
    than once (standards §5).
    """

    id = models.BigAutoField(primary_key=True)
    day = models.DateField()
    agency = models.ForeignKey("registry.Agency", on_delete=models.PROTECT, related_name="+", db_index=False)
    field = models.CharField(max_length=40, blank=True)
    channel = models.PositiveSmallIntegerField()
    received = models.PositiveIntegerField()
    ended = models.PositiveIntegerField()
    late = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "agency", "field", "channel"], name="onestop_dossierday_once"
            )
        ]
        indexes = [models.Index(fields=["agency", "day"], name="onestop_dossierday_agency")]


class TaskDay(models.Model):
    """Số liệu việc theo ngày: tasks that a title ended at an agency on a day, and how many of them too late."""

    id = models.BigAutoField(primary_key=True)
    day = models.DateField()
    agency = models.ForeignKey("registry.Agency", on_delete=models.PROTECT, related_name="+", db_index=False)
    title = models.ForeignKey("registry.Title", on_delete=models.PROTECT, related_name="+", db_index=False)
    done = models.PositiveIntegerField()
    late = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "agency", "title"], name="onestop_taskday_once")
        ]
        indexes = [models.Index(fields=["agency", "day"], name="onestop_taskday_agency")]
