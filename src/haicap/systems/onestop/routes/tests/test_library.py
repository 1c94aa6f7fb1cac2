"""The standard routes: each is valid, loads once, fits what it is meant for."""

from __future__ import annotations

from decimal import Decimal

import pytest

from haicap.kernel.actor import SYSTEM
from haicap.registry.establishment.templates import TITLES
from haicap.systems.onestop.models import LimitUnit, Route, RouteVersion, TimeLimit
from haicap.systems.onestop.routes.definition import dump, parse
from haicap.systems.onestop.routes.library import StandardRoute, load_library, propose, standard_routes
from haicap.systems.onestop.routes.validation import HOURS_A_DAY, check

KNOWN = {row[0] for row in TITLES}


@pytest.mark.parametrize("route", standard_routes(), ids=lambda route: route.code)
def test_standard_route__every_one__has_no_finding(route: StandardRoute) -> None:
    assert [str(finding) for finding in check(route.definition, KNOWN)] == []
    assert parse(dump(route.definition)) == route.definition
    if route.most_days is not None:
        assert route.hours <= route.most_days * HOURS_A_DAY


def test_library__loaded_twice__is_there_once(db: None) -> None:
    assert load_library(SYSTEM)["made"] == len(standard_routes())
    assert load_library(SYSTEM) == {"made": 0, "changed": 0, "all": len(standard_routes())}
    assert RouteVersion.objects.filter(published_at__isnull=False).count() == len(standard_routes())
    assert Route.objects.filter(standard=True).count() == len(standard_routes())


@pytest.mark.parametrize(
    ("field", "level", "days", "code"),
    [
        ("chung-thuc", "commune", 1, "chung-thuc-trong-ngay"),
        ("ho-tich", "commune", 1, "ho-tich-ba-buoc"),
        ("ho-tich", "commune", 3, "ho-tich-xac-minh"),
        ("dat-dai", "commune", 20, "dat-dai-van-phong-dang-ky"),
        ("hoa-giai", "commune", 5, "cap-xa-nam-buoc"),
        ("duong-bo", "province", 2, "so-nhanh"),
        ("duong-bo", "province", 30, "so-sau-buoc"),
    ],
)
def test_proposal__field_level_limit__names_a_route(field: str, level: str, days: int, code: str) -> None:
    limit = TimeLimit(unit=LimitUnit.WORKING_DAYS, amount=Decimal(days))
    found = propose(field, level, [limit])
    assert found is not None
    assert found.code == code


def test_setup__starter_catalogue__every_procedure_gets_a_route(db: None) -> None:
    """What `make up` does for the demonstration: the procedures that come with haicap all have a route."""
    from haicap.systems.onestop.catalogue import starter
    from haicap.systems.onestop.routes.assigning import Selection, assign, preview

    starter.load(SYSTEM)
    load_library(SYSTEM)
    for level in ("commune", "province"):
        shown = preview(SYSTEM, Selection(level=level), route=None)
        assert shown.changing
        assert not shown.too_short
        assert assign(SYSTEM, Selection(level=level), route=None).count == len(shown.changing)
        assert shown.without_proposal == 0, [line.code for line in shown.lines if line.route_id is None]
