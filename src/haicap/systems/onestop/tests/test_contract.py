"""The answers of the System contract: probes and facts."""

from __future__ import annotations

from datetime import timedelta

from haicap.kernel import clock
from haicap.kernel.actor import SYSTEM
from haicap.kernel.contract import Health, systems
from haicap.registry.desks import hold
from haicap.systems.onestop.facts import DossierDays
from haicap.systems.onestop.models import Status
from haicap.systems.onestop.probes import EveryDossierHeld, WorklistAnswers
from haicap.systems.onestop.tests.factories import NOW, Town, make_dossier


def test_contract__answers__are_found(db: None) -> None:
    onestop = next(system for system in systems() if system.label == "onestop")
    for question, name in (("carrier", "CARRIERS"), ("probes", "PROBES"), ("facts", "FACTS")):
        assert getattr(onestop.answer(question), name)


def test_probe__unheld_dossier__is_seen(town: Town) -> None:
    make_dossier(town.commune)
    assert EveryDossierHeld().ask().health is Health.WELL
    hold(town.commune.desk, None, clock.now(), actor=SYSTEM, reason="thử")
    with clock.shifted(timedelta(seconds=5)):
        found = EveryDossierHeld().ask()
    assert (found.health, found.value) == (Health.DOWN, 1)


def test_probe__worklist__is_measured(town: Town) -> None:
    make_dossier(town.commune)
    found = WorklistAnswers().ask()
    assert found.value > 0
    assert found.health in (Health.WELL, Health.DEGRADED)


def test_facts__days__count_receptions_and_ends_without_people(town: Town) -> None:
    make_dossier(town.commune, applicant="Phạm Thị Ánh")
    make_dossier(town.commune, Status.RETURNED)
    make_dossier(town.commune, Status.PROCESSED, due_in=timedelta(hours=-5))

    rows = list(DossierDays().rows(NOW.date() - timedelta(days=3), NOW.date()))
    agency = town.commune.agency.id
    assert rows == [
        (NOW.date() - timedelta(days=2), agency, "1.001193", "ho-tich", 3, 0, 0),
        (NOW.date(), agency, "1.001193", "ho-tich", 0, 2, 1),
    ]
    assert list(DossierDays().rows(NOW.date() + timedelta(days=1), NOW.date() + timedelta(days=9))) == []
