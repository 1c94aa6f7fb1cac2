"""Codes that units bore before, for as long as they are asked for."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from haicap.kernel import clock
from haicap.registry.former_codes import former_agency_codes, former_unit_codes
from haicap.registry.tests.places import EFFECTIVE, NOW, Places, make_places


@pytest.fixture
def places(db: None) -> Iterator[Places]:
    with clock.at(NOW):
        yield make_places(people=False)


def test_former_unit_codes__merged_commune__those_of_its_predecessors_without_its_own(places: Places) -> None:
    with clock.at(NOW):
        found = former_unit_codes([places.units["20194"], places.units["20458"], places.units["48"]])
    assert found == {
        places.units["20194"]: ("20195", "20196"),
        places.units["20458"]: ("20455", "20460"),
        places.units["48"]: ("49",),
    }


def test_former_unit_codes__longer_ago_than_asked__are_gone(places: Places) -> None:
    later = datetime.combine(EFFECTIVE + timedelta(days=31), NOW.timetz())
    with clock.at(later):
        assert former_unit_codes([places.units["20194"]], within_days=30) == {}
        assert former_unit_codes([places.units["20194"]], within_days=31) != {}


def test_former_codes__unknown_or_none__nothing(places: Places) -> None:
    assert former_unit_codes([]) == {}
    assert former_unit_codes([uuid.uuid4()]) == {}
    assert former_agency_codes([]) == {}
    assert former_agency_codes([places.units["48"]]) == {}
