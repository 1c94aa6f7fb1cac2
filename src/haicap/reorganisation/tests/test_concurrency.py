"""People work on while a cut-over runs: each step is before or after it, none is half, none is lost."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
import pytest
from django.db import connection

from haicap.kernel import clock
from haicap.kernel.actor import SYSTEM, Actor
from haicap.kernel.errors import BadInput, Conflict, HaicapError, NotAllowed
from haicap.reorganisation import service
from haicap.reorganisation.engine import cut as engine
from haicap.reorganisation.models import PlanState, Run, RunState
from haicap.reorganisation.plan.write import write_plan
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
    form,
    hatinh_plan,
    holder_of,
    ready,
    receive,
    save,
)
from haicap.systems.onestop.models import Dossier, DossierStep, Status
from haicap.systems.onestop.service import advance_dossier


@dataclass
class Clerk(threading.Thread):
    """Receives and advances dossiers at an agency until told to stop; notes what was confirmed to it."""

    code: str
    stop: threading.Event
    number: int
    made: list[uuid.UUID] = field(default_factory=list)
    advanced: list[uuid.UUID] = field(default_factory=list)
    waited_s: list[float] = field(default_factory=list)
    failed: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        chance = random.Random(self.number)
        try:
            with clock.at(AFTER):
                while not self.stop.is_set():
                    self._work(chance)
        except BaseException as error:
            self.failed.append(error)
        finally:
            connection.close()

    def _work(self, chance: random.Random) -> None:
        began = time.monotonic()
        try:
            place = chance.choice(["20194", "20195", "20197"]) if self.code == "490" else ""
            try:
                dossier = receive(committee(self.code), village=chance.choice(["Tổ 1", "Tổ 9"]), place=place)
            except (
                HaicapError,
                KeyError,
            ):  # the agency has ended, or the place: go to the one that took over
                dossier = receive(committee("20200", EFFECTIVE))
            self.made.append(dossier.id)
            if chance.random() < 0.7:
                advance_dossier(SYSTEM, dossier.id, Status.PROCESSING)
                self.advanced.append(dossier.id)
        finally:
            self.waited_s.append(time.monotonic() - began)


@contextmanager
def clerks_at_work(*codes: str) -> Iterator[list[Clerk]]:
    """Clerks hammer meanwhile; all of them get through."""
    stop = threading.Event()
    clerks = [Clerk(code, stop, number) for number, code in enumerate(codes)]
    for clerk in clerks:
        clerk.start()
    try:
        until = time.monotonic() + 20
        while any(not clerk.made for clerk in clerks) and time.monotonic() < until:
            time.sleep(0.01)
        yield clerks
        settled = {clerk: len(clerk.made) for clerk in clerks}
        until = time.monotonic() + 20
        while any(len(clerk.made) <= settled[clerk] and clerk.is_alive() for clerk in clerks):
            assert time.monotonic() < until, "nobody got through"
            time.sleep(0.01)
    finally:
        stop.set()
        for clerk in clerks:
            clerk.join(30)


def check_work(clerks: list[Clerk], known: int) -> None:
    """Every confirmed step is there, each whole; nothing else is."""
    made = [dossier for clerk in clerks for dossier in clerk.made]
    advanced = {dossier for clerk in clerks for dossier in clerk.advanced}
    assert [clerk.failed for clerk in clerks if clerk.failed] == []
    assert len(made) == len(set(made))
    rows = {row.pk: row for row in Dossier.objects.filter(pk__in=made)}
    assert len(rows) == len(made)
    assert Dossier.objects.count() == known + len(made)
    codes = [row.code for row in rows.values()]
    assert len(set(codes)) == len(codes)
    for pk, row in rows.items():
        steps = list(
            DossierStep.objects.filter(dossier=pk).order_by("at", "id").values_list("action", "status")
        )
        own = [step for step in steps if step[0] != "place"]
        assert own[0] == ("receive", Status.RECEIVED)
        assert (pk in advanced) == (len(own) == 2) == (row.status == Status.PROCESSING)
    ended = {committee(code).id for code in ("20194", "20195", "20197", "490", "491", "20200")}
    with clock.at(AFTER):
        for pk in rows:
            assert holder_of(pk) is not None
            assert holder_of(pk) not in ended, "a dossier stayed with an agency that has ended"


def test_writers__during_a_cut_over__are_before_or_after(world: World) -> None:
    known = Dossier.objects.count()
    with clock.at(AFTER):
        row = ready(danang_plan())
        with clerks_at_work("20194", "20197", "490", "20203") as clerks:
            outcome = service.cut_over(SYSTEM, row)
    check_work(clerks, known)
    assert outcome.balanced
    run = Run.objects.get(pk=outcome.run_id)
    assert run.state == RunState.DONE
    assert 0 < run.read_only_s < run.total_s
    longest = max(wait for clerk in clerks for wait in clerk.waited_s)
    print(f"read-only {run.read_only_s:.3f} s of {run.total_s:.3f} s; longest step {longest:.3f} s")


def test_writers__during_an_undo__are_before_or_after(world: World) -> None:
    row = cut(danang_plan())
    known = Dossier.objects.count()
    with clock.at(AFTER), clerks_at_work("20203", "18001") as clerks:
        service.undo_cut_over(SYSTEM, row, "thử")
    assert [clerk.failed for clerk in clerks if clerk.failed] == []
    assert Dossier.objects.count() == known + sum(len(clerk.made) for clerk in clerks)
    with clock.at(AFTER):
        for clerk in clerks:
            for dossier in clerk.made:
                assert holder_of(dossier) is not None


@contextmanager
def somebody_writes(sql: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A transaction of somebody else that stays open, with its locks."""
    parameters = connection.get_connection_params()
    for name in ("context", "cursor_factory", "pool"):
        parameters.pop(name, None)
    with psycopg.connect(**parameters) as other:
        other.execute(sql)
        yield other
        other.rollback()


@pytest.mark.parametrize(
    "table", ["onestop_dossier", "onestop_dossierstep", "registry_desk", "registry_holding"]
)
def test_cut_over__somebody_keeps_writing__gives_up_and_nothing_changed(
    world: World, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    monkeypatch.setattr(engine, "LOCK_TIMEOUT_S", 1)
    row = ready(danang_plan())
    was = fingerprint()
    with somebody_writes(f"LOCK TABLE {table} IN ROW EXCLUSIVE MODE"):
        with pytest.raises(Conflict) as refused:
            service.cut_over(SYSTEM, row)
        assert refused.value.code == "REO-051"
        assert fingerprint() == was
        run = Run.objects.get()
        assert (run.state, run.error["code"]) == (RunState.FAILED, "REO-051")
    assert service.cut_over(SYSTEM, row).balanced


def test_undo__somebody_keeps_writing__gives_up_and_nothing_changed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "LOCK_TIMEOUT_S", 1)
    row = cut(danang_plan())
    was = fingerprint()
    with somebody_writes("LOCK TABLE onestop_dossier IN ROW EXCLUSIVE MODE"):
        with pytest.raises(Conflict) as refused:
            service.undo_cut_over(SYSTEM, row, "thử")
        assert refused.value.code == "REO-051"
    assert fingerprint() == was
    service.undo_cut_over(SYSTEM, row, "thử")


def test_cut_over__readers_meanwhile__never_wait(world: World) -> None:
    row = ready(danang_plan())
    stop = threading.Event()
    slowest = [0.0]

    def read() -> None:
        try:
            while not stop.is_set():
                began = time.monotonic()
                Dossier.objects.filter(status=Status.RECEIVED).count()
                slowest[0] = max(slowest[0], time.monotonic() - began)
        finally:
            connection.close()

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    service.cut_over(SYSTEM, row)
    stop.set()
    reader.join(10)
    assert slowest[0] < 2


def test_cut_over__over_again_or_after_changes__is_refused(world: World) -> None:
    row = ready(danang_plan())
    service.cut_over(SYSTEM, row)
    for again in (service.cut_over, service.rehearse):
        with pytest.raises(Conflict) as refused:
            again(SYSTEM, row)
        assert refused.value.code == "REO-041"
    with pytest.raises(Conflict) as refused:
        save(danang_plan(title="Khác"))
    assert refused.value.code == "REO-041"


def test_cut_over__unchecked_changed_or_older_registry__is_refused(world: World) -> None:
    row = save(danang_plan())
    with pytest.raises(Conflict) as refused:
        service.cut_over(SYSTEM, row)
    assert refused.value.code == "REO-042"
    row = ready(danang_plan())
    save(danang_plan(title="Bản sửa sau khi kiểm tra"))
    with pytest.raises(Conflict) as refused:
        service.cut_over(SYSTEM, row)
    assert refused.value.code == "REO-042"
    row = ready(danang_plan())
    cut(hatinh_plan())  # the registry moves on
    was = fingerprint()
    with pytest.raises(Conflict) as refused:
        service.cut_over(SYSTEM, row)
    assert refused.value.code == "REO-042"
    assert fingerprint() == was
    row.refresh_from_db()
    assert row.state == PlanState.CHECKED


def test_cut_over__registry_changes_between_check_and_lock__is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody changes the registry after the run had looked at it and before it held it."""
    row = ready(danang_plan())
    real = engine.lock_registry

    def late(*args: object) -> int:
        monkeypatch.setattr(engine, "lock_registry", real)
        other = threading.Thread(target=_change_the_registry)
        other.start()
        other.join()
        return real()

    monkeypatch.setattr(engine, "lock_registry", late)
    with pytest.raises(Conflict) as refused:
        service.cut_over(SYSTEM, row)
    assert refused.value.code == "REO-042"


def _change_the_registry() -> None:
    try:
        with clock.at(AFTER):
            cut_other = save(hatinh_plan())
            service.check_plan(SYSTEM, cut_other)
            from haicap.kernel import journal
            from haicap.reorganisation.tests.factories import make_person

            with journal.act(SYSTEM, "test.change") as act:
                person = make_person()
                with connection.cursor() as cursor:
                    cursor.execute("UPDATE registry_agencyversion SET name = name || ' ' WHERE false")
                act.changed("test.person", person.pk, None, {"name": person.full_name})
    finally:
        connection.close()


def test_plan__with_problems__is_refused_by_every_run(world: World) -> None:
    row = save(danang_plan(units=(*danang_plan().units, form("20999", "xa", "Lạ", "48", "77777"))))
    for run in (service.rehearse, service.cut_over):
        with pytest.raises(BadInput) as refused:
            run(SYSTEM, row)
        assert refused.value.code == "REO-011"
    assert not Run.objects.exists()


PERMISSIONS: list[tuple[str, Callable[[Actor, object], object]]] = [
    (
        "reorganisation.plan",
        lambda actor, row: service.save_plan(actor, write_plan(danang_plan(title="Khác"))),
    ),
    ("reorganisation.plan", lambda actor, row: service.check_plan(actor, row)),
    ("reorganisation.rehearse", lambda actor, row: service.rehearse(actor, row)),
    ("reorganisation.cut_over", lambda actor, row: service.cut_over(actor, row)),
]


@pytest.mark.parametrize(("permission", "deed"), PERMISSIONS)
def test_permission__only_who_may__may(
    world: World, permission: str, deed: Callable[[Actor, object], object]
) -> None:
    row = ready(danang_plan())
    every = {name for name, _deed in PERMISSIONS} | {"registry.change_units", "reorganisation.see"}
    was = fingerprint()
    for outsider in (
        Actor("khách"),
        Actor("khác", permissions=frozenset(every - {permission}), sees_all=True),
    ):
        with pytest.raises(NotAllowed):
            deed(outsider, row)
    assert fingerprint() == was
    assert not Run.objects.exists()
    deed(Actor("được phép", permissions=frozenset({permission})), row)


def test_permission__undo__only_who_may_cut_over(world: World) -> None:
    row = cut(danang_plan())
    was = beliefs()
    with pytest.raises(NotAllowed):
        service.undo_cut_over(Actor("khác", permissions=frozenset({"reorganisation.rehearse"})), row, "thử")
    assert_same(was, beliefs())
