"""Certified copies: received, numbered, charged and closed; numbers without a gap; struck out, never given again."""

from __future__ import annotations

import threading
import uuid
from datetime import datetime, timedelta

import pytest
from django.db import connection

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.systems.onestop.errors import BadApplication, ReasonMissing, ReceptionNotAllowed
from haicap.systems.onestop.models import Certification, CertificationNumber, Dossier, DossierFee, Status
from haicap.systems.onestop.reception import copies
from haicap.systems.onestop.reception.copies import CopiedPaper, CopyRequest
from haicap.systems.onestop.reception.errors import BadEntry, BadIdentity, EntryNotFound, UndoTooLate
from haicap.systems.onestop.tests.factories import NOW, Town, make_town, official


def ask(name: str = "Nguyễn Thị Đức", *papers: CopiedPaper, number: str = "") -> CopyRequest:
    return CopyRequest(uuid.uuid4(), name, papers or (CopiedPaper("Bằng tốt nghiệp", 1, 3),), number)


@pytest.fixture
def clerk(town: Town) -> Actor:
    return official(town.commune)


@pytest.mark.parametrize(
    ("pages", "number", "fee"),
    [(1, 1, 2_000), (2, 1, 4_000), (3, 1, 5_000), (4, 10, 60_000), (500, 2, 400_000)],
)
def test_copies__fee__two_pages_dear_the_rest_cheap_capped(pages: int, number: int, fee: int) -> None:
    assert copies.rule_on(NOW.date()).fee(pages, number) == fee


def test_copies__certify__goes_through_the_statuses_and_is_charged(town: Town, clerk: Actor) -> None:
    made = copies.certify(
        clerk,
        ask("Trần Ánh", CopiedPaper("Căn cước", 2, 2), CopiedPaper("Bằng", 3, 1)),
        agency=town.commune.agency,
    )
    assert made.dossier.status == Status.RETURNED
    steps = (
        Dossier.objects.get(pk=made.dossier.pk).steps.order_by("at", "id").values_list("status", flat=True)
    )
    assert list(steps) == [2, 4, 9, 10]
    assert [(one.number, one.fee) for one in made.entries] == [(1, 8_000), (2, 5_000)]
    paid = DossierFee.objects.filter(dossier=made.dossier, paid_at__isnull=False)
    assert sorted(paid.values_list("receipt", "amount")) == [
        ("1/2026-SCT/BS", 8_000),
        ("2/2026-SCT/BS", 5_000),
    ]


def test_copies__certify__again_repeats_nothing(town: Town, clerk: Actor) -> None:
    wanted = ask()
    first = copies.certify(clerk, wanted, agency=town.commune.agency)
    second = copies.certify(clerk, wanted, agency=town.commune.agency)
    assert first.entries[0].pk == second.entries[0].pk
    assert (Dossier.objects.count(), CertificationNumber.objects.get().last) == (1, 1)


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (ask(""), BadApplication),
        (ask("A", CopiedPaper("", 1, 1)), BadEntry),
        (ask("A", CopiedPaper("Bằng", 0, 1)), BadEntry),
        (ask("A", CopiedPaper("Bằng", 1, 501)), BadEntry),
        (ask("A", number="048299001234"), BadIdentity),
    ],
)
def test_copies__certify__bad_row_takes_no_number(
    town: Town, clerk: Actor, wanted: CopyRequest, error: type[Exception]
) -> None:
    with pytest.raises(error):
        copies.certify(clerk, wanted, agency=town.commune.agency)
    assert (Dossier.objects.count(), CertificationNumber.objects.count(), DossierFee.objects.count()) == (
        0,
        0,
        0,
    )


def test_copies__number__begins_anew_at_new_year(town: Town, clerk: Actor) -> None:
    eve = datetime(2026, 12, 31, 23, 59, 59, tzinfo=clock.ZONE)
    with clock.at(eve):
        last = copies.certify(clerk, ask(), agency=town.commune.agency)
    with clock.at(eve + timedelta(seconds=1)):
        first = copies.certify(clerk, ask(), agency=town.commune.agency)
    assert [(one.year, one.number) for one in (*last.entries, *first.entries)] == [(2026, 1), (2027, 1)]


def test_copies__number__goes_on_after_the_clock_was_put_back(town: Town, clerk: Actor) -> None:
    copies.certify(clerk, ask(), agency=town.commune.agency)
    with clock.at(NOW - timedelta(hours=1)):
        again = copies.certify(clerk, ask(), agency=town.commune.agency)
    assert again.entries[0].number == 2


def test_copies__void__is_struck_out_and_the_number_stays(town: Town, clerk: Actor) -> None:
    entry = copies.certify(clerk, ask(), agency=town.commune.agency).entries[0]
    with pytest.raises(ReasonMissing):
        copies.void_entry(clerk, entry.id, " ")
    copies.void_entry(clerk, entry.id, "Ghi nhầm người")
    assert DossierFee.objects.get().amount == 0
    with pytest.raises(UndoTooLate):
        copies.void_entry(clerk, entry.id, "lần nữa")
    assert copies.certify(clerk, ask(), agency=town.commune.agency).entries[0].number == 2


def test_copies__void__next_day_or_by_a_neighbour_is_refused(town: Town, clerk: Actor) -> None:
    entry = copies.certify(clerk, ask(), agency=town.commune.agency).entries[0]
    with pytest.raises(EntryNotFound):
        copies.void_entry(official(town.neighbour), entry.id, "tò mò")
    with clock.at(NOW + timedelta(days=1)), pytest.raises(UndoTooLate):
        copies.void_entry(clerk, entry.id, "muộn")
    with pytest.raises(ReceptionNotAllowed):
        copies.certify(official(town.neighbour), ask(), agency=town.commune.agency)
    assert Certification.objects.get().voided_at is None


@pytest.mark.django_db(transaction=True)
def test_copies__certify__two_officials_at_once_leave_no_gap() -> None:
    with clock.at(NOW):
        town = make_town()
    together, wrong = threading.Barrier(2, timeout=20), []

    def work() -> None:
        try:
            with clock.at(NOW):
                together.wait()
                for _number in range(3):
                    copies.certify(official(town.commune), ask(), agency=town.commune.agency)
        except Exception as error:  # told by the test's own thread
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _official in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong
    assert sorted(Certification.objects.values_list("number", flat=True)) == [1, 2, 3, 4, 5, 6]
