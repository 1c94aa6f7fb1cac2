"""What every page knows: where this deployment stands, who acts, which door, which places."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest
from django.utils.functional import Promise, SimpleLazyObject

import haicap
from haicap.kernel import clock
from haicap.kernel.actor import ANONYMOUS, Actor
from haicap.registry.models import Kind
from haicap.web.navigation import DOORS, Door, ShownPlace, door_of, parts_for, places_for

# The province is the one that the deployment was set up for, or what that one has become by today.
_DEPLOYMENT = """
WITH RECURSIVE line (unit_id, step) AS (
    SELECT province_id, 0 FROM registry_deployment WHERE province_id IS NOT NULL
    UNION ALL
    SELECT s.successor_id, line.step + 1 FROM line
    JOIN registry_succession s ON s.predecessor_id = line.unit_id AND upper_inf(s.recorded)
     AND NOT s.continues AND NOT s.part AND s.effective_on <= %(today)s
    WHERE line.step < 10
)
SELECT d.demonstration, c.shift, v.kind, v.name, v.code
FROM kernel_clock c
LEFT JOIN registry_deployment d ON true
LEFT JOIN LATERAL (
    SELECT kind, name, code FROM line
    JOIN registry_unitversion USING (unit_id)
    WHERE upper_inf(recorded) AND lower(valid) <= %(today)s
    ORDER BY line.step DESC, lower(valid) DESC LIMIT 1
) v ON true
"""


@dataclass(frozen=True, slots=True)
class DeploymentView:
    """What the frame says about this deployment; `province` "thành phố Đà Nẵng", empty when none is set."""

    demonstration: bool = False
    shift: dt.timedelta = dt.timedelta(0)
    province: str = ""
    province_code: str = ""


def read_deployment() -> DeploymentView:
    """The deployment in one small query; an empty one when the database does not answer (error pages)."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(_DEPLOYMENT, {"today": clock.today()})
            row = cursor.fetchone()
    except (DatabaseError, InterfaceError):
        return DeploymentView()
    if row is None:
        return DeploymentView()
    demonstration, shift, kind, name, code = row
    province = f"{Kind(kind).label} {name}" if name else ""
    return DeploymentView(bool(demonstration), shift, province[:1].upper() + province[1:], code or "")


class Shell:
    """The frame of one request; every part is worked out when a template asks for it, once."""

    version = haicap.__version__

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def deployment(self) -> DeploymentView:
        """This deployment."""
        return read_deployment()

    @cached_property
    def actor(self) -> Actor:
        """Who acts."""
        return getattr(self._request, "actor", ANONYMOUS)

    @property
    def signed_in(self) -> bool:
        """Whether somebody acts: an official with or without a post, or a citizen."""
        actor = self.actor
        return actor.person_id is not None or actor.post_id is not None or actor.account_id is not None

    @cached_property
    def door(self) -> Door:
        """Through which door this page is reached."""
        return door_of(self._request.path, self.actor)

    @cached_property
    def places(self) -> list[ShownPlace]:
        """At most seven places of the left rail."""
        return places_for(self.door, self._request.path, self.actor)

    @property
    def place(self) -> str:
        """The name of the place that this page is under."""
        return str(next((place.name for place in self.places if place.current), ""))

    @cached_property
    def _parts(self) -> list[ShownPlace]:
        return parts_for(self.door, self._request.path, self.actor)

    @property
    def parts(self) -> list[tuple[str, str | Promise, str]]:
        """The parts of the place that this page is under, as tabs show them: (address, name, address)."""
        return [(part.url, part.name, part.url) for part in self._parts]

    @property
    def part(self) -> str:
        """The address of the part that this page is under."""
        return next((part.url for part in self._parts if part.current), "")

    @property
    def doors(self) -> tuple[Door, ...]:
        """The doors themselves, for the footer."""
        return DOORS

    @property
    def today(self) -> dt.date:
        """Today by the deployment's clock."""
        return clock.today()

    @property
    def now(self) -> dt.datetime:
        """Now by the deployment's clock."""
        return clock.now()

    @property
    def as_of(self) -> dt.date | None:
        """The day at which this page names units, when it is not today (views set `request.as_of`)."""
        day = getattr(self._request, "as_of", None)
        return day if day and day != clock.today() else None

    @property
    def correlation_id(self) -> str:
        """The number under which the logs know this request."""
        return str(getattr(self._request, "correlation_id", ""))


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `shell` (the frame) and `actor`; both cost nothing until a template asks."""
    return {"shell": SimpleLazyObject(lambda: Shell(request)), "actor": getattr(request, "actor", ANONYMOUS)}
