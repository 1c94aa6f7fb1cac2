"""`haicap drill`: any system's drill at a unit, by the contract."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import ClassVar

import pytest
from click.testing import CliRunner

from haicap.access import drill as access_drill
from haicap.access.models import Account, SignInEvent
from haicap.cli.drill import DrillTooLong, NoSuchDrill, command
from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.contract import Drill, DrillResult, DrillStep
from haicap.registry.models import Person
from haicap.registry.queries.units import NoSuchUnit
from haicap.registry.tests.places import NOW, Places, make_places


@pytest.fixture
def places(db: None) -> Iterator[Places]:
    with clock.at(NOW):
        yield make_places()


def test_drill__access__signs_in_as_each_title_and_leaves_nothing(places: Places) -> None:
    people, accounts = Person.objects.count(), Account.objects.count()
    done = CliRunner().invoke(command, ["access", "--unit", "20194", "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    (drill,) = told["drills"]
    assert told["passed"]
    assert drill["cleaned"]
    assert drill["slow"] == []
    assert len(drill["steps"]) > 5
    assert drill["agency"] == str(places.agency("20194"))
    assert (Person.objects.count(), Account.objects.count()) == (people, accounts)
    assert set(SignInEvent.objects.values_list("method", flat=True)) == {"drill"}


class _Drill(Drill):
    """One of a test: a step of half a second that passes or fails."""

    system: ClassVar[str] = "access"
    name: ClassVar[str] = "test"
    label: ClassVar[str] = "Thử"
    passes: ClassVar[bool] = True
    cleans: ClassVar[bool] = True

    def run(self, actor: Actor, agency_id: uuid.UUID) -> DrillResult:
        assert actor.is_system
        step = DrillStep("Một bước", self.passes, 0.5, "đã thấy")
        return DrillResult("access", self.name, agency_id, (step,), self.cleans)


class _Endless(_Drill):
    """Never done, and swallows every error of its steps."""

    def run(self, actor: Actor, agency_id: uuid.UUID) -> DrillResult:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                time.sleep(0.01)
            except Exception:
                continue
        raise AssertionError("was not cut off")


@pytest.mark.parametrize(
    ("passes", "cleans", "limit", "status", "word"),
    [
        (True, True, "1", 0, "đạt"),
        (False, True, "1", 1, "KHÔNG ĐẠT"),
        (True, False, "1", 1, "CÒN DẤU VẾT"),
        (True, True, "0.4", 1, "quá chậm"),
    ],
)
def test_drill__result__is_the_exit_status_and_a_table(
    places: Places,
    monkeypatch: pytest.MonkeyPatch,
    passes: bool,
    cleans: bool,
    limit: str,
    status: int,
    word: str,
) -> None:
    one = type("One", (_Drill,), {"passes": passes, "cleans": cleans})
    monkeypatch.setattr(access_drill, "DRILLS", (one,))
    done = CliRunner().invoke(command, ["access", "--unit", "20194", "--limit", limit])
    assert done.exit_code == status, done.output
    assert word in done.output
    assert "Một bước" in done.output
    as_json = CliRunner().invoke(command, ["access", "--unit", "20194", "--limit", limit, "--json"])
    assert as_json.exit_code == status
    assert json.loads(as_json.output)["passed"] is (status == 0)


def test_drill__too_long__is_cut_off(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_drill, "DRILLS", (_Endless,))
    done = CliRunner().invoke(command, ["access", "--unit", "20194", "--total", "0.2"])
    assert isinstance(done.exception, DrillTooLong)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["khong-co", "--unit", "20194"], NoSuchDrill),
        (["access", "--unit", "20194", "--name", "khac"], NoSuchDrill),
        (["access", "--unit", "99999"], NoSuchUnit),
    ],
)
def test_drill__unknown_system_or_unit__says_what_there_is(
    places: Places, words: list[str], error: type[Exception]
) -> None:
    done = CliRunner().invoke(command, words)
    assert isinstance(done.exception, error)
    if error is NoSuchDrill:
        assert "access (sign_in_by_title)" in str(done.exception.todo)  # type: ignore[attr-defined]
