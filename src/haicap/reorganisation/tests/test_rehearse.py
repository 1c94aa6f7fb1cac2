"""Rehearsing: the whole cut-over, and nothing of it stays."""

from __future__ import annotations

from haicap.kernel.actor import SYSTEM
from haicap.reorganisation import service
from haicap.reorganisation.models import LedgerRow, Run, RunState
from haicap.reorganisation.tests.factories import World, danang_plan, fingerprint, hatinh_plan, ready


def test_rehearsal__run__changes_nothing(world: World) -> None:
    row = ready(danang_plan())
    was = fingerprint()
    told: list[tuple[str, int, int]] = []

    outcome = service.rehearse(SYSTEM, row, lambda label, done, total: told.append((label, done, total)))

    assert fingerprint() == was
    assert outcome.balanced
    assert not outcome.kept
    assert [done for _label, done, _total in told] == list(range(1, len(told) + 1))
    assert told[-1][1] == told[-1][2], "the progress ends where it says it ends"


def test_rehearsal__run__keeps_its_ledger_and_timings(world: World) -> None:
    row = ready(danang_plan())

    outcome = service.rehearse(SYSTEM, row)

    run = Run.objects.get(pk=outcome.run_id)
    assert run.state == RunState.DONE
    assert run.reorganisation_id is None
    assert {phase["name"] for phase in run.phases} >= {"read", "lock", "ledger"}
    assert 0 < run.read_only_s < run.total_s
    stored = {(line.system, line.record): line for line in LedgerRow.objects.filter(run=run)}
    assert {key: line.before for key, line in stored.items()} == {
        (line.system, line.record): line.before.count for line in outcome.lines
    }
    assert all(line.balanced for line in stored.values())
    assert stored["onestop", "dossier"].before == 19  # all of Đà Nẵng and Quảng Nam, none of Hà Tĩnh


def test_rehearsal__run_again_and_in_between__same_ledger(world: World) -> None:
    row, other = ready(danang_plan()), ready(hatinh_plan())

    first = service.rehearse(SYSTEM, row)
    service.rehearse(SYSTEM, other)
    second = service.rehearse(SYSTEM, row)

    def parts(outcome):
        return [
            line.as_dict() | {"created": 0, "digests": line.as_dict()["digests"] | {"created": ""}}
            for line in outcome.lines
        ]

    assert parts(first) == parts(second)
