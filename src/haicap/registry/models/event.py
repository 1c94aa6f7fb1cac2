"""What happened to units, and on which legal basis."""

from __future__ import annotations

from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.utils.translation import gettext_lazy as _

from haicap.registry.models.base import BELIEVED, Identified, RecordedSince


class Resolution(Identified):
    """Nghị quyết, quyết định: the legal act that an event stands on. `number` as published, "1659/NQ-UBTVQH15"."""

    number = models.CharField(max_length=60, unique=True)
    dated = models.DateField()
    issued_by = models.CharField(max_length=200)
    title = models.CharField(max_length=500)


class Reorganisation(Identified):
    """Sắp xếp đơn vị hành chính: a set of unit events with one legal basis and one effective day.

    `key` is unique and speaks: "2025-07-01/48". A reorganisation that was undone keeps its row (`undone_at`).
    """

    key = models.CharField(max_length=60)
    title = models.CharField(max_length=500)
    effective_on = models.DateField()
    resolutions = models.ManyToManyField(Resolution, related_name="reorganisations")
    applied_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["key"],
                name="registry_reorganisation_once",
                condition=models.Q(undone_at__isnull=True),
            )
        ]


class EventKind(models.TextChoices):
    """Loại biến động: what happened to units."""

    BASE = "base", _("trạng thái gốc")
    MERGE = "merge", _("nhập")
    SPLIT = "split", _("chia, tách")
    RENAME = "rename", _("đổi tên")
    KIND = "kind", _("đổi loại")
    ABOLISH = "abolish", _("giải thể")
    REPARENT = "reparent", _("chuyển về cấp trên khác")


class UnitEvent(Identified):
    """Biến động: one thing that happened to units.

    `payload` holds all that replay needs: {"opens": [version fields…], "closes": [unit ids], "was": …}. Events of an
    undone reorganisation keep their row; their `recorded` range is closed.
    """

    reorganisation = models.ForeignKey(Reorganisation, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=10, choices=EventKind.choices)
    resolution = models.ForeignKey(
        Resolution, null=True, blank=True, on_delete=models.PROTECT, related_name="events"
    )
    effective_on = models.DateField()
    payload = models.JSONField(default=dict)
    note = models.TextField(blank=True)
    recorded = DateTimeRangeField(db_default=RecordedSince())


class Succession(Identified):
    """Kế thừa: predecessor → successor, whole or part, by one event.

    Where a unit lives on under a new name, kind, code or parent, both ends are the same unit (`continues`).
    """

    event = models.ForeignKey(UnitEvent, on_delete=models.PROTECT, related_name="successions")
    predecessor = models.ForeignKey("registry.Unit", on_delete=models.PROTECT, related_name="successions_out")
    successor = models.ForeignKey("registry.Unit", on_delete=models.PROTECT, related_name="successions_in")
    part = models.BooleanField(default=False)
    continues = models.BooleanField(default=False)
    effective_on = models.DateField()
    recorded = DateTimeRangeField(db_default=RecordedSince())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["predecessor", "successor", "effective_on"],
                name="registry_succession_once",
                condition=BELIEVED,
            ),
            models.CheckConstraint(
                name="registry_succession_continues_is_self",
                condition=models.Q(continues=True, predecessor=models.F("successor"))
                | (models.Q(continues=False) & ~models.Q(predecessor=models.F("successor"))),
            ),
        ]
