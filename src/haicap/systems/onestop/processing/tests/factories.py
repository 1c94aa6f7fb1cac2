"""A route, a commune and a department whose people walk it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from haicap.access.hats import actor_for
from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM, Actor
from haicap.registry.models import Agency, Level
from haicap.registry.tests.places import Places, make_places
from haicap.systems.onestop.models import Dossier, Procedure, Route, RouteChoice, RouteVersion
from haicap.systems.onestop.routes.definition import Definition, parse
from haicap.systems.onestop.service import Application, receive_dossier

PROCEDURE = "1.001193"
COMMUNE = "20194"


def outcome(kind: str, to: str, status: int, label: str = "", key: str = "") -> dict[str, Any]:
    """An outcome as JSON."""
    row = {"kind": kind, "label": label or kind, "to": to, "status": status}
    return row | ({"key": key} if key else {})


def step(key: str, kind: str, title: str, *outcomes: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A step as JSON."""
    return {"key": key, "name": f"Bước {key}", "kind": kind, "title": title, "hours": 4} | {
        "outcomes": list(outcomes),
        **more,
    }


#: five steps at a commune with a consultation of two departments
FULL = {
    "steps": [
        step(
            "nhan",
            "receive",
            "cong_chuc_mot_cua",
            outcome("forward", "xu-ly", 4),
            outcome("supplement", "nhan", 5),
        ),
        step(
            "xu-ly",
            "work",
            "chuyen_vien",
            outcome("forward", "ky", 4),
            outcome("consult", "hoi", 4),
            outcome("supplement", "xu-ly", 5),
            outcome("refuse", "tra", 9),
        ),
        step(
            "hoi",
            "consult",
            "chuyen_vien",
            outcome("forward", "xu-ly", 4, key="dong-y"),
            outcome("forward", "xu-ly", 4, key="khong-dong-y"),
            agencies=[
                {"kind": "so", "level": "province", "slot": "Xây dựng"},
                {"kind": "so", "level": "province", "slot": "Tư pháp"},
            ],
        ),
        step("ky", "sign", "chu_tich", outcome("sign", "phat-hanh", 4), outcome("back", "xu-ly", 4)),
        step("phat-hanh", "stamp", "van_thu", outcome("stamp", "tra", 9)),
        step("tra", "return", "cong_chuc_mot_cua", outcome("return", "", 10), outcome("back", "xu-ly", 4)),
    ]
}


@dataclass(slots=True)
class Commune:
    """A commune with a route and people: actors by title."""

    places: Places
    agency: Agency
    version: RouteVersion
    actors: dict[str, Actor] = field(default_factory=dict)

    def receive(self, **more: Any) -> Dossier:
        """A dossier received at the commune."""
        application = Application(
            more.pop("procedure", PROCEDURE), "Nguyễn Thị Ánh", "ho-tich", working_days=5
        )
        return receive_dossier(SYSTEM, application, receiving_agency=self.agency, **more)

    def actor(self, title: str, kind: str, slot: str = "", code: str = COMMUNE) -> Actor:
        """Who bears a title at an agency."""
        found = actor_for(self.places.appointment(code, title, kind, slot))
        assert found is not None
        return found


def publish(definition: Any, code: str = "thu", *, number: int = 1) -> RouteVersion:
    """A published version with this definition."""
    parse(definition)
    with journal.act(SYSTEM, "test.publish_route") as act:
        route, _made = Route.objects.get_or_create(code=code, defaults={"name": f"Quy trình {code}"})
        version = RouteVersion.objects.create(
            route=route, number=number, definition=definition, published_at=clock.now()
        )
        act.changed("onestop.route", route.id, None, {"code": code})
    return version


def assign(
    route: Route, procedure: str = PROCEDURE, level: str = Level.COMMUNE, on: date | None = None
) -> None:
    """Let dossiers of a procedure take a route."""
    with journal.act(SYSTEM, "test.assign_route") as act:
        row, _made = Procedure.objects.get_or_create(code=procedure, twin=0)
        RouteChoice.objects.create(procedure=row, level=level, route=route, begins_on=on or date(2025, 1, 1))
        act.changed("onestop.route", route.id, None, {"procedure": procedure})


def make_commune(places: Places | None = None) -> Commune:
    """The commune Hải Châu of the small Đà Nẵng with the full route."""
    places = places or make_places()
    version = publish(FULL)
    assign(version.route)
    made = Commune(places, Agency.objects.get(pk=places.agency(COMMUNE)), version)
    made.actors = {
        "cong_chuc_mot_cua": made.actor("cong_chuc_mot_cua", "tt_pvhcc"),
        "chuyen_vien": made.actor("chuyen_vien", "phong", "Văn hóa - Xã hội"),
        "chu_tich": made.actor("chu_tich", "ubnd"),
        "pho_chu_tich": made.actor("pho_chu_tich", "ubnd"),
        "van_thu": made.actor("van_thu", "van_phong"),
    }
    return made


def definition(value: Any = FULL) -> Definition:
    """The definition of a JSON value."""
    return parse(value)


def someone() -> uuid.UUID:
    """An id that nobody bears."""
    return uuid.uuid4()
