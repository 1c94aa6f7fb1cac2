"""Routes: how a procedure is worked on, step by step; versions that are published never change."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from haicap.registry.models import Level
from haicap.registry.models.base import NOT_WITHDRAWN, Identified, Steps


class Route(Identified):
    """Quy trình điện tử: how procedures are processed. `standard`: of the library that comes with haicap."""

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    standard = models.BooleanField(default=False)
    note = models.TextField(blank=True)


class RouteVersion(Identified):
    """Phiên bản quy trình: its steps. A draft until `published_at`; then unchangeable; `retired_at`: no new dossiers.

    `definition` is what `routes.definition` reads and writes: steps with title, hours and outcomes. Running
    dossiers keep the version they were received under until a person moves them by a mapping.
    """

    route = models.ForeignKey(Route, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    definition = models.JSONField()
    published_at = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["route", "number"], name="onestop_routeversion_once"),
            models.UniqueConstraint(
                fields=["route"], name="onestop_route_one_draft", condition=Q(published_at__isnull=True)
            ),
            models.CheckConstraint(
                name="onestop_routeversion_retired_after_published",
                condition=Q(retired_at__isnull=True) | Q(retired_at__gte=models.F("published_at")),
            ),
        ]


class RouteChoice(Identified, Steps):
    """Gán quy trình: from `begins_on` dossiers of this procedure, decided at this level, take this route.

    `route` null: none from that day on. The newest published version of the route on the day counts.
    """

    procedure = models.ForeignKey("onestop.Procedure", on_delete=models.PROTECT, related_name="route_choices")
    level = models.CharField(max_length=10, choices=Level.choices)
    route = models.ForeignKey(Route, null=True, blank=True, on_delete=models.PROTECT, related_name="choices")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["procedure", "level", "begins_on"],
                name="onestop_routechoice_once",
                condition=NOT_WITHDRAWN,
            )
        ]
