"""Killed at any moment: the database is as before or as after, and the next run says what became of the dead one."""

from __future__ import annotations

import os
import random
import signal
import time
from datetime import timedelta

import pytest

from haicap.kernel import clock
from haicap.kernel.actor import SYSTEM
from haicap.reorganisation import service
from haicap.reorganisation.engine.cut import STEPS
from haicap.reorganisation.engine.undo import STEPS as UNDO_STEPS
from haicap.reorganisation.models import LedgerRow, Plan, PlanState, Run, RunKind, RunState
from haicap.reorganisation.tests.factories import (
    AFTER,
    EFFECTIVE,
    World,
    assert_same,
    beliefs,
    committee,
    cut,
    danang_plan,
    fingerprint,
    holder_of,
    ready,
)
from haicap.reorganisation.tests.processes import finish, start_run, wait_for, wait_until_alone

#: (phase, seconds after it began) at which a run is killed in the everyday suite
MOMENTS = [(7, 0.0), (10, 0.01), (STEPS, 0.02)]


def random_moment(seed: int, steps: int) -> tuple[int, float]:
    chance = random.Random(seed)
    return chance.randint(1, steps), chance.choice([0.0, chance.uniform(0, 0.02), chance.uniform(0, 0.15)])


def kill_at(key: str, what: str, phase: int, delay_s: float) -> bool:
    """Kill a run in this phase; False where it was done already."""
    process = start_run(key, what)
    try:
        last = wait_for(process, phase)
        time.sleep(delay_s)
        done = last == "done" or process.poll() is not None
        os.kill(process.pid, signal.SIGKILL)
    finally:
        process.wait()
        process.stdout and process.stdout.close()
        process.stderr and process.stderr.close()
    wait_until_alone()
    return not done


def check_after_cut_over(world: World) -> None:
    """All of the cut-over is there."""
    run = Run.objects.get(kind=RunKind.CUT_OVER, state=RunState.DONE)
    rows = LedgerRow.objects.filter(run=run)
    assert rows.count() == 10
    assert all(row.balanced for row in rows)
    with clock.at(AFTER):
        assert holder_of(world.dossiers["whole"]) == committee("20194", EFFECTIVE).id
        assert holder_of(world.dossiers["by_village"]) == committee("20200", EFFECTIVE).id


def kill_a_cut_over(world: World, phase: int, delay_s: float) -> None:
    row = ready(danang_plan())
    was = fingerprint()

    kill_at(row.key, "cut_over", phase, delay_s)

    row.refresh_from_db()
    if row.state == PlanState.DONE:
        check_after_cut_over(world)
        service.undo_cut_over(SYSTEM, row, "thử lại")
    else:
        assert fingerprint() == was
        dead = list(Run.objects.filter(state=RunState.RUNNING))
        assert len(dead) <= 1
        assert service.cut_over(SYSTEM, row).balanced
        assert set(Run.objects.filter(pk__in=[run.pk for run in dead]).values_list("state", flat=True)) <= {
            RunState.INTERRUPTED
        }
        check_after_cut_over(world)


def kill_an_undo(world: World, phase: int, delay_s: float) -> None:
    before = beliefs()
    row = cut(danang_plan())
    was, believed = fingerprint(), beliefs()

    kill_at(row.key, "undo", phase, delay_s)

    row.refresh_from_db()
    if row.state == PlanState.DONE:
        assert fingerprint() == was
        assert_same(believed, beliefs())
        service.undo_cut_over(SYSTEM, row, "lần nữa")
    assert_same(before, beliefs())
    assert Plan.objects.get(pk=row.pk).state == PlanState.UNDONE
    assert not Run.objects.filter(state=RunState.RUNNING).exists()


@pytest.mark.parametrize(("phase", "delay_s"), MOMENTS)
def test_cut_over__killed__is_before_or_after(world: World, phase: int, delay_s: float) -> None:
    kill_a_cut_over(world, phase, delay_s)


@pytest.mark.parametrize(("phase", "delay_s"), [(2, 0.01), (UNDO_STEPS, 0.01)])
def test_undo__killed__is_before_or_after(world: World, phase: int, delay_s: float) -> None:
    kill_an_undo(world, phase, delay_s)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_cut_over__killed_at_random_moments__is_before_or_after(world: World, seed: int) -> None:
    kill_a_cut_over(world, *random_moment(seed, STEPS))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_undo__killed_at_random_moments__is_before_or_after(world: World, seed: int) -> None:
    kill_an_undo(world, *random_moment(seed + 1000, UNDO_STEPS))


def test_run__while_another_runs__is_refused_and_hurts_nobody(world: World) -> None:
    row = ready(danang_plan())
    first = start_run(row.key, "cut_over")
    second = start_run(row.key, "cut_over")
    words = {finish(first), finish(second)}
    assert "done" in words
    assert words - {"done"} <= {"refused REO-040", "refused REO-041"}
    assert len(words) == 2
    check_after_cut_over(world)
    assert Run.objects.filter(state=RunState.DONE).count() == 1


def test_run__killed_and_never_run_again__is_not_taken_for_alive(world: World) -> None:
    from haicap.reorganisation.engine.runs import is_alive

    row = ready(danang_plan())
    assert kill_at(row.key, "rehearse", 5, 0.0)
    assert not is_alive()
    assert Run.objects.get().state == RunState.RUNNING
    service.rehearse(SYSTEM, row)
    assert set(Run.objects.values_list("state", flat=True)) == {RunState.INTERRUPTED, RunState.DONE}
    assert timedelta(0) <= Run.objects.get(state=RunState.INTERRUPTED).ended_at - clock.now() + timedelta(1)
