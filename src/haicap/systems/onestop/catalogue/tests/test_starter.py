"""The starter catalogue: whole, loaded once, never over what others said."""

from __future__ import annotations

import datetime as dt

import pytest

from haicap.kernel.actor import SYSTEM
from haicap.registry.models import Level
from haicap.registry.tests.places import Places, make_places
from haicap.systems.onestop import catalogue
from haicap.systems.onestop.catalogue import competence, starter
from haicap.systems.onestop.catalogue.everyday import EVERYDAY
from haicap.systems.onestop.catalogue.everyday import starter as shipped
from haicap.systems.onestop.catalogue.tests.rows import imported, row
from haicap.systems.onestop.models import Competence, LimitUnit, Procedure, ProcedureVersion

BEFORE, AFTER = dt.date(2025, 6, 30), dt.date(2025, 7, 1)


def test_starter__every_procedure__is_complete() -> None:
    rows = [starter.facts(row) for row in shipped()]
    assert sum("commune" in one.levels for one in rows) >= 40
    assert len({row["code"] for row in shipped()}) == len(rows)
    for one in rows:
        assert one.summary
        assert len(one.summary) < 250
        assert one.limits
        assert one.papers
        assert one.results
        assert one.legal_bases
        assert all(limit.unit in set(LimitUnit.values) - {LimitUnit.UNKNOWN} for limit in one.limits)
        assert all(limit.amount or limit.unit == LimitUnit.SAME_DAY for limit in one.limits)
    assert {one.code for one in EVERYDAY} <= {row["code"] for row in shipped()}


def test_competences__of_every_starter_procedure__cover_both_sides_of_the_first_of_july() -> None:
    rows = list(competence.shipped())
    assert all(one.basis for one in rows)
    for row_ in shipped():
        for day in (BEFORE, AFTER):
            assert any(one.code == row_["code"] and day in one.valid for one in rows), (row_["code"], day)
    assert not any(one.level == Level.DISTRICT and AFTER in one.valid for one in rows)


@pytest.mark.django_db
def test_load__twice__writes_once() -> None:
    first = starter.load(SYSTEM)
    assert first["procedures"] == first["shipped"] == Procedure.objects.count()
    counts = ProcedureVersion.objects.count(), Competence.objects.count()
    assert starter.load(SYSTEM) == {"procedures": 0, "competences": 0, "shipped": first["shipped"]}
    assert (ProcedureVersion.objects.count(), Competence.objects.count()) == counts


@pytest.mark.django_db
def test_announce_all__for_a_demonstration__once() -> None:
    starter.load(SYSTEM)
    assert starter.announce_all(SYSTEM, "Quyết định trình diễn") == len(shipped())
    assert starter.announce_all(SYSTEM, "Quyết định trình diễn") == 0
    found = catalogue.configured("commune", BEFORE)
    assert 0 < found.with_competence <= found.published
    assert found.with_limit == found.published


@pytest.mark.django_db
def test_load__after_the_national_catalogue__leaves_its_word() -> None:
    imported(row("1.000656", "Thủ tục đăng ký khai tử"))
    starter.load(SYSTEM)
    version = catalogue.current("1.000656")
    assert version is not None
    assert version.name == "Thủ tục đăng ký khai tử"


@pytest.fixture
def places(db: None) -> Places:
    made = make_places()
    starter.load(SYSTEM)
    return made


def competent(places: Places, code: str, unit: str, day: dt.date) -> list[tuple[str, str]]:
    procedure = Procedure.objects.get(code=code)
    found = catalogue.competent_agencies(procedure, places.units[unit], day)
    return [(one.level, one.kind) for one in found]


def test_competent_agencies__moved_from_the_district__by_day(places: Places) -> None:
    for code in ("1.001612", "1.012753", "2.000908"):
        assert competent(places, code, "20194", AFTER) == [("commune", "ubnd")]
    assert competent(places, "1.004222", "20194", AFTER) == [("commune", "cong_an")]


@pytest.mark.django_db
def test_competent_agencies__before_the_first_of_july__the_district() -> None:
    places = make_places(merged=False)
    starter.load(SYSTEM)
    for code in ("1.001612", "1.012753", "2.000908", "2.000528"):
        assert competent(places, code, "20194", BEFORE) == [("district", "ubnd")]
    assert competent(places, "1.004859", "20194", BEFORE) == [("commune", "ubnd"), ("district", "ubnd")]
    assert competent(places, "1.001193", "490", BEFORE) == []


def test_competent_agencies__of_the_province__by_slot(places: Places) -> None:
    assert competent(places, "2.001583", "20194", AFTER) == [("province", "so")]
    assert competent(places, "3.000333", "48", AFTER) == [("province", "cong_an")]
    assert competent(places, "1.001193", "48", AFTER) == []
    found = catalogue.competent_agencies(Procedure.objects.get(code="2.001583"), places.units["20194"], AFTER)
    assert "Tài chính" in found[0].name
    assert found[0].basis
