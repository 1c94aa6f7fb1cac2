"""Random valid routes walked at random: every dossier ends, history only grows, never two open main tasks."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import count, pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.registry.tests.places import NOW
from haicap.systems.onestop import service as dossiers
from haicap.systems.onestop.models import CLOSED, Dossier, DossierTask, Route, RouteChoice, Status
from haicap.systems.onestop.processing import service
from haicap.systems.onestop.processing.tests.factories import Commune, assign, make_commune, publish
from haicap.systems.onestop.routes.definition import Definition, OutcomeKind, dump
from haicap.systems.onestop.routes.tests.strategies import valid_routes
from haicap.systems.onestop.routes.validation import check, has_errors
from haicap.systems.onestop.transitions import TRANSITIONS, WAITING

#: after so many random outcomes the walk goes straight to the end
WANDERING = 8
#: no straight way is longer
ENOUGH = 60
_numbers = count(1)


@pytest.fixture
def commune(db: None) -> Iterator[Commune]:
    """A commune, on a Wednesday morning."""
    with clock.at(NOW):
        yield make_commune()


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(definition=valid_routes(plain=True), seed=st.integers(0, 10**6))
def test_route__random_and_valid__leads_every_dossier_to_an_end(
    commune: Commune, definition: Definition, seed: int
) -> None:
    assert not has_errors(check(definition)), check(definition)
    chance, number = random.Random(seed), next(_numbers)
    procedure = f"9.{number:06d}"
    assign(publish(dump(definition), f"r-{number}").route, procedure)
    dossier = commune.receive(procedure=procedure)
    closed: dict[str, tuple[object, ...]] = {}
    statuses = [Status(dossier.status)]
    for turn in range(WANDERING + ENOUGH):
        dossier.refresh_from_db()
        if dossier.status in CLOSED:
            break
        if dossier.status in WAITING:
            dossiers.advance_dossier(SYSTEM, dossier.id, Status.PROCESSING)
        else:
            _one_step(definition, dossier, chance, straight=turn >= WANDERING)
        _check_history(dossier, closed)
        dossier.refresh_from_db()
        statuses.append(Status(dossier.status))
    assert dossier.status == Status.RETURNED
    assert not dossier.tasks.filter(closed_at__isnull=True).exists()
    _check_statuses(dossier)


def _one_step(definition: Definition, dossier: Dossier, chance: random.Random, *, straight: bool) -> None:
    tasks = list(dossier.tasks.filter(closed_at__isnull=True).order_by("id"))
    assert tasks, "a dossier in flight has work"
    task = chance.choice(tasks)
    step = definition.step(task.step)
    assert step is not None
    aside = (OutcomeKind.BACK, OutcomeKind.SUPPLEMENT, OutcomeKind.CONSULT)
    onward = [each for each in step.outcomes if each.kind not in aside]
    outcome = chance.choice(onward if straight else list(step.outcomes))
    service.complete_task(SYSTEM, task.id, outcome.key, note="vì vậy")


def _check_history(dossier: Dossier, closed: dict[str, tuple[object, ...]]) -> None:
    """What is closed stays as it was; at most one main task is open, and none beside consultations."""
    rows = list(DossierTask.objects.filter(dossier=dossier))
    seen = {str(row.id): row for row in rows}
    for key, was in closed.items():
        assert (seen[key].step, seen[key].outcome, seen[key].closed_at) == was
    closed.update({str(row.id): (row.step, row.outcome, row.closed_at) for row in rows if row.closed_at})
    main = [row for row in rows if row.closed_at is None and row.kind != "consult"]
    asked = [row for row in rows if row.closed_at is None and row.kind == "consult"]
    assert len(main) <= 1
    assert not (main and asked)


def _check_statuses(dossier: Dossier) -> None:
    history = [
        Status(status) for status in dossier.steps.order_by("at", "id").values_list("status", flat=True)
    ]
    for before, after in pairwise(history):
        assert after == before or after in TRANSITIONS[before]


def test_choice__withdrawn__counts_no_more(commune: Commune) -> None:
    with journal.act(SYSTEM, "test.withdraw_choice") as act:
        RouteChoice.objects.filter(route=Route.objects.get(code="thu")).update(withdrawn_at=clock.now())
        act.changed("onestop.route", None, None, {"withdrawn": 1})
    assert not commune.receive().tasks.exists()
