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


class RouteAssignment(Identified):
    """Lượt gán quy trình: many procedures given a route at once, kept so that it can be taken back.

    Its `RouteChoice` rows bear its id as `run_id`; `replaced` are the ids of those of the same day that it withdrew.
    `asked` is the filter that was applied.
    """

    at = models.DateTimeField()
    made_by = models.CharField(max_length=200)
    route = models.ForeignKey(Route, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    level = models.CharField(max_length=10, choices=Level.choices)
    begins_on = models.DateField()
    asked = models.JSONField(default=dict, blank=True)
    count = models.PositiveIntegerField()
    replaced = models.JSONField(default=list, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)


class RouteMove(Identified):
    """Lượt chuyển hồ sơ đang chạy: dossiers of one version went over to another by a mapping of steps."""

    at = models.DateTimeField()
    made_by = models.CharField(max_length=200)
    source = models.ForeignKey(RouteVersion, on_delete=models.PROTECT, related_name="moves_away")
    target = models.ForeignKey(RouteVersion, on_delete=models.PROTECT, related_name="moves_here")
    mapping = models.JSONField()
    count = models.PositiveIntegerField()
    undone_at = models.DateTimeField(null=True, blank=True)


class RouteMoveItem(Identified):
    """Một việc đã chuyển: the task that was open and the one that took its place."""

    move = models.ForeignKey(RouteMove, on_delete=models.PROTECT, related_name="items")
    before = models.ForeignKey(
        "onestop.DossierTask", on_delete=models.PROTECT, related_name="+", db_index=False
    )
    after = models.OneToOneField("onestop.DossierTask", on_delete=models.PROTECT, related_name="+")
