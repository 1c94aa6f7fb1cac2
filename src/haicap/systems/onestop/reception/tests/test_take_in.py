"""Taking in: everything at once, once only, or nothing."""

from __future__ import annotations

import threading
import uuid
from datetime import date

import pytest
from django.db import connection

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.systems.onestop.errors import BadApplication, ReceptionNotAllowed
from haicap.systems.onestop.models import Dossier, DossierDetail, DossierNumber, Status
from haicap.systems.onestop.reception import service
from haicap.systems.onestop.reception.errors import (
    BadIdentity,
    PapersMissing,
    ProcedureNotInForce,
    SubmissionTaken,
)
from haicap.systems.onestop.reception.intake import FeeDue, PaperGiven
from haicap.systems.onestop.reception.tests.factories import BIRTH_PAPERS, make_intake, make_version
from haicap.systems.onestop.service import Application
from haicap.systems.onestop.tests.factories import NOW, Town, make_town, official


def test_dossier__take_in__keeps_details_papers_and_fees(town: Town) -> None:
    version = make_version()
    intake = make_intake(version, fees=(FeeDue("Lệ phí bản sao", 8_000, method="cash", receipt="0001"),))
    dossier = service.take_in(official(town.commune), intake, receiving_agency=town.commune.agency)

    assert dossier.status == Status.RECEIVED
    assert dossier.detail.procedure_version_id == version.id
    assert [paper.name for paper in dossier.papers.order_by("position")] == list(BIRTH_PAPERS)
    fee = dossier.fees.get()
    assert (fee.amount, fee.receipt) == (8_000, "0001")
    assert fee.paid_at is not None


def test_dossier__take_in__pressed_twice_makes_one(town: Town) -> None:
    actor, intake = official(town.commune), make_intake(make_version())
    first = service.take_in(actor, intake, receiving_agency=town.commune.agency)
    second = service.take_in(actor, intake, receiving_agency=town.commune.agency)

    assert (first.id, Dossier.objects.count()) == (second.id, 1)
    assert DossierNumber.objects.get().last == 1


def test_dossier__take_in__key_of_somebody_else_tells_nothing(town: Town) -> None:
    actor, intake = official(town.commune), make_intake()
    service.take_in(actor, intake, receiving_agency=town.commune.agency)
    with pytest.raises(SubmissionTaken) as refused:
        service.take_in(
            actor,
            make_intake(submission=intake.submission, applicant_number="048190004321"),
            receiving_agency=town.commune.agency,
        )
    assert "Đức" not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"applicant_number": "048299001234"}, BadIdentity),
        ({"application": Application("1.001193", "")}, BadApplication),
    ],
)
def test_dossier__take_in__bad_input_writes_nothing(
    town: Town, changes: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        service.take_in(official(town.commune), make_intake(**changes), receiving_agency=town.commune.agency)
    assert (Dossier.objects.count(), DossierDetail.objects.count(), DossierNumber.objects.count()) == (
        0,
        0,
        0,
    )


def test_dossier__take_in__procedure_that_ended_yesterday_is_refused(town: Town) -> None:
    version = make_version(ends=NOW.date())
    with pytest.raises(ProcedureNotInForce) as refused:
        service.take_in(official(town.commune), make_intake(version), receiving_agency=town.commune.agency)
    assert "02/03/2026" in str(refused.value)


def test_dossier__take_in__at_somebody_elses_counter_is_refused(town: Town) -> None:
    with pytest.raises(ReceptionNotAllowed):
        service.take_in(official(town.neighbour), make_intake(), receiving_agency=town.commune.agency)


def test_dossier__take_in__online_is_open_to_all_and_waits_for_reception(town: Town) -> None:
    dossier = service.take_in(
        Actor(label="Nguyễn Văn Đức"), make_intake(), receiving_agency=town.commune.agency, online=True
    )
    assert (dossier.status, dossier.due_at) == (Status.REGISTERED, None)
    assert dossier.detail.submitted_at == dossier.received_at


def test_papers__missing__are_those_of_the_case(town: Town) -> None:
    version = make_version()
    given = (PaperGiven(BIRTH_PAPERS[0]),)
    assert [paper.name for paper in service.missing_papers(version, "", given)] == [BIRTH_PAPERS[1]]
    assert len(service.missing_papers(version, "con nuôi", given)) == 2
    with pytest.raises(PapersMissing, match=BIRTH_PAPERS[1]):
        service.check_complete(version, "", given)


@pytest.mark.django_db(transaction=True)
def test_dossier__take_in__two_presses_at_once_make_one() -> None:
    with clock.at(NOW):
        town = make_town()
    intake, found, together = make_intake(submission=uuid.uuid4()), [], threading.Barrier(2, timeout=20)

    def press() -> None:
        try:
            with clock.at(NOW):
                together.wait()
                found.append(
                    service.take_in(official(town.commune), intake, receiving_agency=town.commune.agency).id
                )
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 2
    assert len(set(found)) == 1
    assert date(2026, 3, 2) == DossierNumber.objects.get().day
