"""Trụ sở: a main building for every unit near its middle, others for police, military and departments."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from datetime import date, datetime

from haicap.cli.demonstration.dossiers import seeded_id
from haicap.cli.demonstration.places import STREETS
from haicap.registry.models import AgencyKind, Kind

SITE_COLUMNS = ("id", "name", "address", "unit_id", "latitude", "longitude", "seats")
USE_COLUMNS = ("id", "agency_id", "site_id", "begins_on")

SEATS = {"commune": (22, 45), "district": (90, 180), "province": (120, 400)}
_APART = (AgencyKind.POLICE, AgencyKind.MILITARY)


class Unit:
    """What a site needs to know of its unit."""

    __slots__ = ("kind", "latitude", "level", "longitude", "name", "unit_id")

    def __init__(
        self, unit_id: uuid.UUID, level: str, kind: str, name: str, point: tuple[float | None, float | None]
    ) -> None:
        self.unit_id = unit_id
        self.level = level
        self.kind = kind
        self.name = name
        self.latitude, self.longitude = point

    @property
    def spoken(self) -> str:
        """ "xã Hòa Tiến"."""
        return f"{Kind(self.kind).label} {self.name}"


def settle(
    units: Mapping[uuid.UUID, Unit],
    agencies: Mapping[tuple[uuid.UUID, str, str], uuid.UUID],
    on: date,
    now: datetime,
    rng: random.Random,
) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Rows of sites and of their uses by every agency of the units."""
    sites: list[tuple[object, ...]] = []
    uses: list[tuple[object, ...]] = []
    known: dict[tuple[uuid.UUID, str], str] = {}
    for (unit_id, kind, slot), agency in agencies.items():
        unit = units[unit_id]
        building = _building(kind, slot)
        site = known.get((unit_id, building))
        if site is None:
            site = known[unit_id, building] = seeded_id(now, rng)
            sites.append(_site(site, unit, building, rng))
        uses.append((seeded_id(now, rng), agency, site, on))
    return sites, uses


def _building(kind: str, slot: str) -> str:
    if kind in _APART:
        return str(AgencyKind(kind).label)
    return f"Sở {slot}" if kind == AgencyKind.DEPARTMENT else ""


def _site(site: str, unit: Unit, building: str, rng: random.Random) -> tuple[object, ...]:
    low, high = SEATS[unit.level]
    town = unit.kind not in (Kind.XA, Kind.HUYEN)
    street = f"{rng.randint(1, 300)} {rng.choice(STREETS)}" if town else "Trung tâm"
    latitude, longitude = unit.latitude, unit.longitude
    if latitude is not None and longitude is not None:
        latitude = round(latitude + rng.gauss(0, 0.002), 6)
        longitude = round(longitude + rng.gauss(0, 0.002), 6)
    name = f"Trụ sở {building} {unit.spoken}" if building else f"Trụ sở hành chính {unit.spoken}"
    seats = rng.randint(low, high) // (3 if building and unit.level != "province" else 1)
    return (site, name, f"{street}, {unit.spoken}", unit.unit_id, latitude, longitude, seats)
