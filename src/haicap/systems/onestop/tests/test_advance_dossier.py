"""Steps of dossiers: the transition table, the clock that stands still, bulk steps, and who is refused."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from haicap.kernel import clock, journal
from haicap.kernel.actor import ANONYMOUS, SYSTEM, Actor
from haicap.kernel.journal import guarded_tables
from haicap.kernel.models import JournalEntry
from haicap.systems.onestop import policy, service
from haicap.systems.onestop.errors import (
    BadApplication,
    DossierChanged,
    DossierNotFound,
    ReasonMissing,
    StatusMayNotFollow,
    StepNotAllowed,
)
from haicap.systems.onestop.models import Dossier, DossierStep, Status
from haicap.systems.onestop.tests.factories import Town, administrator, end_agency, make_dossier, official
from haicap.systems.onestop.transitions import TRANSITIONS, may_follow


def test_transitions__database__holds_the_same_table(town: Town) -> None:
    found = set()
    for before in Status:
        for after in Status:
            if before == after:
                continue
            dossier = make_dossier(town.commune, before)
            finished = clock.now() if after in (3, 7, 9, 10) else None
            try:
                with journal.act(SYSTEM, "test.set_status") as act:
                    Dossier.objects.filter(pk=dossier.pk).update(status=after, finished_at=finished)
                    act.changed("onestop.dossier", dossier.id, None, {"status": int(after)})
                found.add((before, after))
            except IntegrityError as error:
                if "may not follow" not in str(error):
                    raise

    assert found == {(before, after) for before, allowed in TRANSITIONS.items() for after in allowed}


def test_dossier__advance__writes_step_and_journal(town: Town) -> None:
    dossier = make_dossier(town.commune, Status.RECEIVED)
    actor = official(town.commune)

    service.advance_dossier(actor, dossier.id, Status.PROCESSING, note="đủ giấy tờ")

    dossier.refresh_from_db()
    assert dossier.status == Status.PROCESSING
    step = dossier.steps.latest("at")
    assert (step.action, step.status, step.note) == ("advance", Status.PROCESSING, "đủ giấy tờ")
    assert (step.actor, step.agency_id) == (actor.label, town.commune.agency.id)
    entry = JournalEntry.objects.filter(record_id=dossier.id).latest("at", "id")
    assert (entry.before["status"], entry.after["status"]) == (2, 4)


def test_dossier__advance__finishing_sets_the_time_and_reopening_takes_it_back(town: Town) -> None:
    dossier = make_dossier(town.commune, Status.PROCESSING)
    actor = official(town.commune)

    done = service.advance_dossier(actor, dossier.id, Status.PROCESSED)
    assert done.finished_at is not None
    again = service.advance_dossier(actor, dossier.id, Status.PROCESSING)
    assert again.finished_at is None


def test_dossier__advance__waiting_time_moves_the_appointment(town: Town) -> None:
    dossier = make_dossier(town.commune, Status.PROCESSING, due_in=timedelta(days=3))
    actor = official(town.commune)
    due_before = dossier.due_at
    service.advance_dossier(actor, dossier.id, Status.SUPPLEMENT, note="thiếu bản sao")
    with clock.at(datetime(2026, 3, 3, 10, 0, tzinfo=clock.ZONE)):
        service.advance_dossier(actor, dossier.id, Status.STOPPED, note="chờ xác minh")
    # asked on Monday 9:00, stopped since: comes back on Wednesday 9:00, two working days later
    with clock.at(datetime(2026, 3, 4, 9, 0, tzinfo=clock.ZONE)):
        back = service.advance_dossier(actor, dossier.id, Status.PROCESSING)

    assert due_before is not None
    assert back.due_at is not None
    # due Thursday 9:00; two working days more: Monday 9:00
    assert abs(back.due_at - datetime(2026, 3, 9, 9, 0, tzinfo=clock.ZONE)) < timedelta(minutes=1)


def test_dossier__advance__working_steps_keep_the_appointment(town: Town) -> None:
    dossier = make_dossier(town.commune, Status.RECEIVED)
    service.advance_dossier(official(town.commune), dossier.id, Status.PROCESSING)
    assert Dossier.objects.get(pk=dossier.pk).due_at == dossier.due_at


@pytest.mark.parametrize("before", list(Status))
@pytest.mark.parametrize("after", [Status.RECEIVED, Status.PROCESSED, Status.RETURNED])
def test_dossier__advance__only_along_the_table(town: Town, before: Status, after: Status) -> None:
    dossier = make_dossier(town.commune, before)
    actor = official(town.commune)
    if may_follow(before, after):
        service.advance_dossier(actor, dossier.id, after)
        return
    with pytest.raises(StatusMayNotFollow):
        service.advance_dossier(actor, dossier.id, after)
    assert Dossier.objects.get(pk=dossier.pk).status == before


@pytest.mark.parametrize("to", [Status.SUPPLEMENT, Status.STOPPED, Status.WITHDRAWN])
def test_dossier__advance__asks_for_the_reason(town: Town, to: Status) -> None:
    dossier = make_dossier(town.commune)
    with pytest.raises(ReasonMissing):
        service.advance_dossier(official(town.commune), dossier.id, to, note=" ")


def test_dossier__advance__stale_page_is_refused(town: Town) -> None:
    dossier = make_dossier(town.commune, Status.RECEIVED)
    actor = official(town.commune)
    service.advance_dossier(actor, dossier.id, Status.PROCESSING, expected=Status.RECEIVED)
    with pytest.raises(DossierChanged):
        service.advance_dossier(actor, dossier.id, Status.PAYMENT, expected=Status.RECEIVED)


def _strangers(town: Town) -> dict[str, tuple[Actor, type[Exception]]]:
    return {
        "neighbour": (official(town.neighbour), DossierNotFound),
        "superior": (official(town.district), DossierNotFound),
        "anonymous": (ANONYMOUS, DossierNotFound),
        "sees_all_but_works_elsewhere": (administrator(), StepNotAllowed),
        "without_permission": (official(town.commune, may=(policy.RECEIVE,)), StepNotAllowed),
    }


@pytest.mark.parametrize(
    "who", ["neighbour", "superior", "anonymous", "sees_all_but_works_elsewhere", "without_permission"]
)
def test_dossier__advance__wrong_person_is_refused(town: Town, who: str) -> None:
    actor, refusal = _strangers(town)[who]
    dossier = make_dossier(town.commune)
    with pytest.raises(refusal):
        service.advance_dossier(actor, dossier.id, Status.PROCESSED)
    assert Dossier.objects.get(pk=dossier.pk).status == Status.PROCESSING
    assert dossier.steps.count() == 1


def test_dossier__advance__after_a_cut_over_the_new_holder_works_on_it(town: Town) -> None:
    dossier = make_dossier(town.commune)
    end_agency(town.commune, [town.neighbour], date(2026, 3, 2))

    with pytest.raises(DossierNotFound):
        service.advance_dossier(official(town.commune), dossier.id, Status.PROCESSED)
    done = service.advance_dossier(official(town.neighbour), dossier.id, Status.PROCESSED)

    assert done.code == dossier.code
    assert done.due_at == dossier.due_at
    assert done.steps.latest("at").agency_id == town.neighbour.agency.id


def test_dossiers__advance_many__all_or_none(town: Town) -> None:
    ready = [make_dossier(town.commune) for _ in range(3)]
    closed = make_dossier(town.commune, Status.RECEIVED)
    actor = official(town.commune)

    with pytest.raises(StatusMayNotFollow):
        service.advance_dossiers(actor, [each.id for each in (*ready, closed)], Status.PROCESSED)
    assert Dossier.objects.filter(status=Status.PROCESSED).count() == 0

    service.advance_dossiers(actor, [each.id for each in ready], Status.PROCESSED)
    assert Dossier.objects.filter(status=Status.PROCESSED).count() == 3
    assert DossierStep.objects.filter(status=Status.PROCESSED).count() == 3


def test_dossiers__advance_many__one_unknown_refuses_all(town: Town) -> None:
    dossier = make_dossier(town.commune)
    with pytest.raises(DossierNotFound):
        service.advance_dossiers(official(town.commune), [dossier.id, uuid.uuid4()], Status.PROCESSED)
    with pytest.raises(BadApplication):
        service.advance_dossiers(official(town.commune), [], Status.PROCESSED)


def test_results__return_many__closes_them(town: Town) -> None:
    ready = [make_dossier(town.commune, Status.PROCESSED) for _ in range(2)]
    finished = [each.finished_at for each in ready]

    service.return_results(official(town.commune), [each.id for each in ready], to_whom="Lê Văn Con")

    for dossier, when in zip(ready, finished, strict=True):
        dossier.refresh_from_db()
        assert (dossier.status, dossier.finished_at) == (Status.RETURNED, when)
        step = dossier.steps.latest("at")
        assert (step.action, step.note) == ("return_result", "Người nhận: Lê Văn Con")


def test_result__return__needs_its_own_permission(town: Town) -> None:
    dossier = make_dossier(town.commune, Status.PROCESSED)
    with pytest.raises(StepNotAllowed):
        service.return_result(official(town.commune, may=(policy.ADVANCE,)), dossier.id)


def test_steps__change__are_append_only(town: Town) -> None:
    step = make_dossier(town.commune).steps.get()
    for statement in (
        "UPDATE onestop_dossierstep SET note = 'khác' WHERE id = %s",
        "DELETE FROM onestop_dossierstep WHERE id = %s",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, [step.id])


def test_dossier__write__is_guarded_by_the_journal(db: None) -> None:
    assert {"onestop_dossier", "onestop_dossierstep", "onestop_dossiernumber"} <= guarded_tables()
