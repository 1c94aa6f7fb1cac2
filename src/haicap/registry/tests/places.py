"""A small Đà Nẵng for tests of pages: two provinces that merged on 1/7/2025, with agencies and people.

Made by the registry's own use-cases. Names are chosen to hurt: stacked marks, an apostrophe, one very long.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from psycopg.types.range import Range

from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.kernel.text import fold, name_parts, person_sort_key
from haicap.registry import queries, service
from haicap.registry.country import BaseUnit, Formation, Part, PublishedReorganisation
from haicap.registry.establishment import EstablishReport, establish
from haicap.registry.models import Appointment, Deployment, Person

BASE = date(2025, 6, 30)
EFFECTIVE = date(2025, 7, 1)
#: a Wednesday morning of the first month of the new communes
NOW = datetime(2025, 7, 16, 9, 30, tzinfo=clock.ZONE)
COMMUNE_ACT, PROVINCE_ACT = "1659/NQ-UBTVQH15", "202/2025/QH15"


@dataclass(slots=True)
class Places:
    """What was made: ids of units after the merger by code, agencies and posts, appointments by title."""

    units: dict[str, uuid.UUID] = field(default_factory=dict)
    established: EstablishReport | None = None
    appointments: dict[tuple[uuid.UUID, str], uuid.UUID] = field(default_factory=dict)

    def agency(self, code: str, kind: str = "ubnd", slot: str = "") -> uuid.UUID:
        """The agency of a unit, by the unit's code after the merger."""
        assert self.established is not None
        return self.established.by_place[self.units[code], kind, slot]

    def appointment(self, code: str, title: str, kind: str = "ubnd", slot: str = "") -> uuid.UUID:
        """The appointment of the first holder of a title at an agency."""
        return self.appointments[self.agency(code, kind, slot), title]


def _unit(code: str, level: str, kind: str, name: str, parent: str | None = None) -> BaseUnit:
    return BaseUnit(code, level, kind, name, parent, None, None)


BASE_UNITS = (
    _unit("48", "province", "thanh_pho", "Đà Nẵng"),
    _unit("49", "province", "tinh", "Quảng Nam"),
    _unit("490", "district", "quan", "Hải Châu", "48"),
    _unit("510", "district", "huyen", "Đông Giang", "49"),
    _unit("20194", "commune", "phuong", "Thạch Thang", "490"),
    _unit("20195", "commune", "phuong", "Hải Châu", "490"),
    _unit("20196", "commune", "phuong", "Phước Ninh", "490"),
    _unit("20455", "commune", "xa", "Bha Lêê", "510"),
    _unit("20458", "commune", "xa", "A Vương", "510"),
    _unit("20460", "commune", "thi_tran", "Nguyễn Thị Minh Khai Đông Giang Thượng", "510"),
)


def _formed(
    code: str, level: str, kind: str, name: str, parent: str | None, act: str, *from_: tuple[str, bool]
) -> Formation:
    parts = tuple(Part(old, part) for old, part in from_)
    return Formation(code, level, kind, name, parent, None, None, act, "", parts)


MERGER = PublishedReorganisation(
    key="2025-07-01/48",
    effective=EFFECTIVE,
    province_code="48",
    title="Sắp xếp đơn vị hành chính thành phố Đà Nẵng",
    resolutions=(COMMUNE_ACT, PROVINCE_ACT),
    formations=(
        _formed("48", "province", "thanh_pho", "Đà Nẵng", None, PROVINCE_ACT, ("48", False), ("49", False)),
        _formed(
            "20194", "commune", "phuong", "Hải Châu", "48", COMMUNE_ACT,
            ("20194", False), ("20195", False), ("20196", True),
        ),
        _formed("20196", "commune", "phuong", "Hòa Cường", "48", COMMUNE_ACT, ("20196", True)),
        _formed(
            "20458", "commune", "xa", "Avương", "48", COMMUNE_ACT,
            ("20455", False), ("20458", False), ("20460", False),
        ),
    ),
    abolished=("490", "510"),
)  # fmt: skip


def make_places(*, merged: bool = True, people: bool = True, demonstration: bool = True) -> Places:
    """The base state, the merger, the agencies of the new units with their people, the deployment."""
    service.load_base(SYSTEM, BASE_UNITS, BASE)
    places = Places()
    day = BASE
    if merged:
        service.apply_published(SYSTEM, MERGER)
        day = EFFECTIVE
    places.units = {unit.code: unit.unit_id for unit in queries.units_at(day)}
    with journal.act(SYSTEM, "test.deploy") as act:
        values = {"province_id": places.units["48"], "demonstration": demonstration}
        Deployment.objects.update_or_create(id=1, defaults=values)
        act.changed("registry.deployment", None, None, values)
    if people:
        places.established = establish(list(places.units.values()), day, SYSTEM)
        _appoint(places, day)
    return places


NAMES = (
    "Nguyễn Thị Ánh Nguyệt",
    "Trần Văn Hòa",
    "Hoàng Phủ Ngọc Tường",
    "Y Bhăm Niê Kđăm",
    "Lê Đỗ Quỳnh Như",
)


def _appoint(places: Places, day: date) -> None:
    assert places.established is not None
    since = Range(day - timedelta(days=30), None, "[)")
    with journal.act(SYSTEM, "test.appoint") as act:
        for number, ((agency, title), posts) in enumerate(places.established.posts_by_title.items()):
            name = NAMES[number % len(NAMES)]
            family, middle, given = name_parts(name)
            person = Person.objects.create(
                family_name=family,
                middle_name=middle,
                given_name=given,
                full_name=name,
                fold=fold(name),
                sort_key=person_sort_key(name),
            )
            row = Appointment.objects.create(person=person, post_id=posts[0], valid=since)
            places.appointments[agency, title] = row.id
        act.changed("registry.appointment", None, None, {"count": len(places.appointments)})
