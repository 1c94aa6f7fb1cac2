"""Which route a dossier takes: by procedure, level and day."""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet

from haicap.kernel import clock
from haicap.registry.models.base import NOT_WITHDRAWN
from haicap.systems.onestop.models import Procedure, RouteChoice, RouteVersion


def choose(procedure: Procedure | uuid.UUID, level: str, on: date) -> RouteVersion | None:
    """The version by which a dossier of this procedure, decided at this level, is processed from that day on.

    The latest choice that has begun counts; of its route the newest version published by the end of the day and
    not retired. None where no route was chosen, or it has no such version.
    """
    procedure_id = procedure.id if isinstance(procedure, Procedure) else procedure
    return _newest(RouteChoice.objects.filter(procedure_id=procedure_id), level, on)


def choose_by_code(
    code: str, level: Any, on: date, procedure_id: uuid.UUID | None = None
) -> RouteVersion | None:
    """As `choose` by the procedure's code; of twins under one code the first that has a choice, unless named.

    `level` may be an expression. One query where nothing was chosen, else two.
    """
    choices = RouteChoice.objects.order_by("procedure__twin")
    if procedure_id is not None:
        return _newest(choices.filter(procedure_id=procedure_id), level, on)
    return _newest(choices.filter(procedure__code=code), level, on)


def usable(on: date) -> Q:
    """Versions that new dossiers may take on a day."""
    end = datetime.combine(on + timedelta(days=1), time.min, tzinfo=clock.ZONE)
    return Q(published_at__lt=end) & (Q(retired_at__isnull=True) | Q(retired_at__gte=end))


def _newest(choices: QuerySet[RouteChoice], level: Any, on: date) -> RouteVersion | None:
    choice = (
        choices.filter(NOT_WITHDRAWN, level=level, begins_on__lte=on)
        .order_by(*choices.query.order_by, "-begins_on")
        .values_list("route_id", flat=True)
        .first()
    )
    if choice is None:
        return None
    return (
        RouteVersion.objects.filter(usable(on), route_id=choice)
        .defer("definition")
        .order_by("-number")
        .first()
    )
