"""Nơi tiếp nhận: the desks that have counters, what they are called, in which unit they stand, how far others are."""

from __future__ import annotations

import math
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.registry.desks import desks_held_by, holders_at
from haicap.registry.models import Agency, AgencyKind, Desk, DeskKind, Level, UnitVersion
from haicap.systems.onestop.counters import queries
from haicap.systems.onestop.counters.errors import CounterNotFound
from haicap.systems.onestop.counters.queries import Wait
from haicap.systems.onestop.models import Counter
from haicap.systems.onestop.queries import agency_names

#: places that one look lists; a province has about a hundred communes
MOST_PLACES = 1_000
#: organs of a unit that have no counters for procedures
_WITHOUT_COUNTERS = (AgencyKind.PARTY, AgencyKind.COUNCIL, AgencyKind.FRONT, AgencyKind.MILITARY)
_EARTH_KM = 6_371.0


@dataclass(frozen=True, slots=True)
class Place:
    """Một nơi tiếp nhận: a desk with counters; `site` tells apart several of one agency."""

    desk_id: uuid.UUID
    agency_id: uuid.UUID
    agency: str
    site: str = ""
    unit_id: uuid.UUID | None = None
    unit: str = ""
    unit_code: str = ""
    sort_key: bytes = b""
    latitude: float | None = None
    longitude: float | None = None
    wait: Wait | None = None
    km: float | None = None

    @property
    def name(self) -> str:
        """The agency, and the site where it has several."""
        return f"{self.agency} · {self.site}" if self.site else self.agency


def place(desk_id: uuid.UUID) -> Place:
    """The place of one desk. Raises CounterNotFound where it has no counters, or nobody holds it."""
    found = _places([desk_id])
    if not found:
        raise CounterNotFound(
            _("Nơi này không có quầy tiếp nhận."),
            todo=_("Địa chỉ có thể đã cũ; hãy xem danh sách nơi tiếp nhận ở trang «Thời gian chờ»."),
        )
    return found[0]


def places() -> list[Place]:
    """Every place with counters, with its wait, in the order of units' names. The same few queries however many."""
    desks = list(
        Counter.objects.filter(retired_at__isnull=True)
        .order_by()
        .values_list("desk_id", flat=True)
        .distinct()
    )
    found = _places(desks[:MOST_PLACES])
    waits = queries.waits([each.desk_id for each in found])
    return sorted(
        (replace(each, wait=waits[each.desk_id]) for each in found),
        key=lambda each: (each.sort_key, each.site),
    )


def nearest(found: Iterable[Place], unit_code: str) -> list[Place]:
    """The places as one sees them from a unit: its own first, then by distance; those without coordinates last."""
    listed = list(found)
    here = _point_of(unit_code)
    placed = [
        replace(each, km=_between(here, each) if each.unit_code != unit_code else 0.0) for each in listed
    ]
    return sorted(placed, key=lambda each: (each.km is None, each.km or 0.0, each.sort_key, each.site))


def communes_around(found: Iterable[Place]) -> list[tuple[str, str]]:
    """(code, title) of every commune of the provinces in which these places are: from where somebody may come."""
    units = {each.unit_id for each in found if each.unit_id is not None}
    provinces = set(_now().filter(unit_id__in=units).values_list("province_id", flat=True))
    communes = _now().filter(level=Level.COMMUNE, province_id__in=provinces).order_by("sort_key")
    return [(version.code, version.title) for version in communes[:MOST_PLACES]]


def shorter_than(here: Place, minutes: int | None, most: int = 3) -> list[Place]:
    """Near places where one waits less than here."""
    limit = minutes if minutes is not None else 24 * 60
    others = [each for each in places() if each.desk_id != here.desk_id]
    quicker = [
        each
        for each in others
        if each.wait is not None and each.wait.minutes is not None and each.wait.minutes < limit
    ]
    return nearest(quicker, here.unit_code)[:most]


def desks_of(actor: Actor) -> list[Place]:
    """Root desks held by the actor's agencies, where counters can be set up; service centres first."""
    agencies = dict(
        Agency.objects.filter(id__in=actor.agency_ids)
        .exclude(kind__in=_WITHOUT_COUNTERS)
        .values_list("id", "kind")
    )
    desks = [desk for agency in agencies for desk in desks_held_by(agency)]
    roots = Desk.objects.filter(id__in=desks, kind=DeskKind.WORK, place=None, field="").values_list(
        "id", flat=True
    )
    found = _places(list(roots)[:MOST_PLACES])
    return sorted(
        found,
        key=lambda each: (agencies.get(each.agency_id) != AgencyKind.SERVICE_CENTRE, each.agency, each.site),
    )


def _places(desk_ids: Collection[uuid.UUID]) -> list[Place]:
    """Names and units of these desks; those that nobody holds are left out."""
    holders = {
        desk: agency for desk, agency in holders_at(desk_ids, clock.now()).items() if agency is not None
    }
    founders = dict(Desk.objects.filter(id__in=holders).values_list("id", "founder_id"))
    units = dict(Agency.objects.filter(id__in=set(holders.values())).values_list("id", "unit_id"))
    names = agency_names({*holders.values(), *founders.values()}, clock.today())
    versions = {version.unit_id: version for version in _now().filter(unit_id__in=set(units.values()))}
    sites = _site_names(holders)
    found = []
    for desk_id, agency_id in holders.items():
        founder = founders[desk_id]
        version = versions.get(units[agency_id])
        site = sites.get(desk_id) or (names.get(founder, "") if founder != agency_id else "")
        base = Place(desk_id, agency_id, names.get(agency_id, ""), site, units[agency_id])
        if version is not None:
            base = replace(
                base, unit=version.title, unit_code=version.code, sort_key=bytes(version.sort_key),
                latitude=version.latitude, longitude=version.longitude,
            )  # fmt: skip
        found.append(base)
    return found


def _site_names(desk_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Desk id → what its counters' site is called, where they say so."""
    said: dict[uuid.UUID, str] = {}
    rows = Counter.objects.filter(desk_id__in=desk_ids, retired_at__isnull=True).exclude(place_name="")
    for desk_id, name in rows.order_by("number").values_list("desk_id", "place_name"):
        said.setdefault(desk_id, name)
    return said


def _now() -> QuerySet[UnitVersion]:
    """Units as they are today."""
    return UnitVersion.objects.filter(valid__contains=clock.today(), recorded__upper_inf=True)


def _point_of(unit_code: str) -> tuple[float, float] | None:
    row = _now().filter(code=unit_code).values_list("latitude", "longitude").first()
    return (row[0], row[1]) if row is not None and row[0] is not None and row[1] is not None else None


def _between(here: tuple[float, float] | None, there: Place) -> float | None:
    """Kilometres as the crow flies between the middles of two units."""
    if here is None or there.latitude is None or there.longitude is None:
        return None
    lat1, lon1, lat2, lon2 = map(math.radians, (*here, there.latitude, there.longitude))
    part = (
        math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * _EARTH_KM * math.asin(math.sqrt(part))
