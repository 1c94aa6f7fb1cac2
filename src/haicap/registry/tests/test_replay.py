"""Random countries, random reorganisations: replay equals what is stored, nothing is lost, undo is the identity."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haicap.kernel.actor import SYSTEM
from haicap.registry import queries, replay, service
from haicap.registry.changes import UnitState
from haicap.registry.models import Succession
from haicap.registry.states import stored_state
from haicap.registry.tests.countries import BASE_DAY, by_code, by_code_of_base, random_country, random_step

pytestmark = pytest.mark.django_db
SLOW_IS_FINE = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def _replayed(day: date) -> dict[object, UnitState]:
    return replay.fold_events(replay.believed_events(), day)


@SLOW_IS_FINE
@given(seed=st.integers(min_value=0, max_value=2**32), steps=st.integers(min_value=1, max_value=4))
def test_country__random_reorganisations__replay_and_undo(seed: int, steps: int) -> None:
    chance = random.Random(seed)
    with transaction.atomic():
        country = random_country(chance)
        service.load_base(SYSTEM, country, BASE_DAY)
        days, expected, states = [BASE_DAY], [by_code_of_base(country)], [stored_state(BASE_DAY)]
        made = []
        for number in range(steps):
            step = random_step(chance, expected[-1], BASE_DAY + timedelta(days=30 * (number + 1)))
            changes = service.changes_of(
                service.state_before(step.day), step.day, step.formations, step.abolished
            )
            made.append(service.apply_changes(SYSTEM, f"step {number}", "t", changes)[0])
            days.append(step.day)
            expected.append(step.expected(expected[-1]))
            states.append(stored_state(step.day))
            _nothing_is_lost(states[-2], states[-1], step.day)
        for day, said, stored in zip(days, expected, states, strict=True):
            assert by_code(stored) == said
            assert stored_state(day) == stored == _replayed(day)
            assert _in_snapshot(day) == said
        for number in reversed(range(steps)):
            service.withdraw_reorganisation(SYSTEM, made[number].id)
            for day in days[number:]:
                assert stored_state(day) == states[number] == _replayed(day)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        transaction.set_rollback(True)


def _in_snapshot(day: date) -> dict[str, tuple[str, str, str | None]]:
    known = queries.snapshot()
    return {
        unit.code: (
            unit.kind,
            unit.name,
            known.by_unit(unit.parent_id, day).code if unit.parent_id else None,
        )
        for unit in known.on(day)
    }


def _nothing_is_lost(before: dict, after: dict, day: date) -> None:
    """Every unit that ended has an edge or was abolished; every new one has a predecessor; no edge is doubled."""
    edges = list(
        Succession.objects.filter(effective_on=day, recorded__upper_inf=True).values_list(
            "predecessor_id", "successor_id", "part", "continues", "event__kind"
        )
    )
    assert len({edge[:2] for edge in edges}) == len(edges)
    sources, targets = {edge[0] for edge in edges}, {edge[1] for edge in edges}
    abolished = {unit for unit in before if unit not in after and unit not in sources}
    assert all(before[unit].level == "district" for unit in abolished)
    assert set(after) - set(before) <= targets
    assert sources <= set(before)
    assert targets <= set(after)
    for unit in set(before) & set(after):
        assert all(edge[3] for edge in edges if unit in edge[:2]), "a unit that lives on has no other edge"
        own = [edge for edge in edges if edge[0] == unit]
        assert len(own) == (before[unit] != after[unit])


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ({"closes": ["00000000-0000-0000-0000-000000000001"]}, "did not exist"),
        ({"changes": [["00000000-0000-0000-0000-000000000001", "commune", "1", "xa", "A", None,
                       "00000000-0000-0000-0000-000000000001", None, None]]}, "did not exist"),
    ],
)  # fmt: skip
def test_replay__contradiction__is_told(payload: dict, told: str) -> None:
    with pytest.raises(replay.ReplayError, match=told):
        replay.fold_events([replay.RecordedEvent(BASE_DAY, 1, payload)], BASE_DAY)


def test_replay__formed_twice__is_told() -> None:
    row = ["00000000-0000-0000-0000-000000000001", "province", "01", "tinh", "A", None,
           "00000000-0000-0000-0000-000000000001", None, None]  # fmt: skip
    events = [replay.RecordedEvent(BASE_DAY, number, {"opens": [row]}) for number in (1, 2)]
    with pytest.raises(replay.ReplayError, match="twice"):
        replay.fold_events(events, BASE_DAY)
