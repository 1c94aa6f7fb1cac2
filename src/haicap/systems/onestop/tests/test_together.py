"""Several at once: gapless numbers, one drawer, one winner, and the short moment of a cut-over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.registry.models import Desk
from haicap.systems.onestop import service
from haicap.systems.onestop.errors import BeingCarried, DossierChanged
from haicap.systems.onestop.models import Dossier, DossierStep, Status
from haicap.systems.onestop.service import Application
from haicap.systems.onestop.tests.factories import NOW, Town, make_dossier, make_town, official

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 4


def _all_at_once(work: Callable[[int], object], times: int = AT_ONCE) -> list[object]:
    """What `work` gave or raised in each of several threads that start together."""
    gate = threading.Barrier(times)

    def run(number: int) -> object:
        try:
            with clock.at(NOW):
                gate.wait(timeout=30)
                return work(number)
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


@pytest.fixture
def busy() -> tuple[Town, Actor]:
    """A town whose rows are committed, and an official of all its offices."""
    with clock.at(NOW):
        town = make_town()
    return town, official(town.commune, town.district)


def test_dossiers__received_at_once__numbers_without_gap(busy: tuple[Town, Actor]) -> None:
    town, actor = busy
    application = Application("1.001193", "Nguyễn Văn Đức")

    def receive(number: int) -> list[str]:
        return [
            service.receive_dossier(actor, application, receiving_agency=town.commune.agency).code
            for _ in range(5)
        ]

    found = _all_at_once(receive)
    codes = sorted(code for each in found for code in each)  # type: ignore[attr-defined]
    assert codes == [f"H91.20.1-260302-{number:04d}" for number in range(1, 5 * AT_ONCE + 1)]


def test_drawers__opened_at_once__are_one(busy: tuple[Town, Actor]) -> None:
    town, actor = busy
    shop = Application("1.001612", "Hộ kinh doanh Lan", place=town.commune.unit)
    found = _all_at_once(
        lambda number: service.receive_dossier(actor, shop, receiving_agency=town.district.agency).desk_id
    )
    assert len(set(found)) == 1, found
    desk = Desk.objects.get(founder=town.district.agency, field="ho-kinh-doanh")
    assert desk.id == found[0]
    assert desk.holdings.count() == 1


def test_dossier__advanced_at_once__has_one_winner(busy: tuple[Town, Actor]) -> None:
    town, actor = busy
    with clock.at(NOW):
        dossier = make_dossier(town.commune, Status.RECEIVED)
    found = _all_at_once(
        lambda number: (
            service.advance_dossier(actor, dossier.id, Status.PROCESSING, expected=Status.RECEIVED).status
        )
    )
    assert sum(each == Status.PROCESSING for each in found) == 1
    assert sum(isinstance(each, DossierChanged) for each in found) == AT_ONCE - 1
    assert DossierStep.objects.filter(dossier=dossier).count() == 2


def test_step__during_a_cut_over__waits_then_says_so(
    busy: tuple[Town, Actor], monkeypatch: pytest.MonkeyPatch
) -> None:
    town, actor = busy
    with clock.at(NOW):
        dossier = make_dossier(town.commune, Status.RECEIVED)
    monkeypatch.setattr(service, "WAIT_FOR_CUT_OVER_MS", 100)
    with transaction.atomic():
        with connection.cursor() as cursor:  # what the carrier does in its read-only moment
            cursor.execute("LOCK TABLE onestop_dossier IN SHARE MODE")
        (refused,) = _all_at_once(
            lambda number: service.advance_dossier(actor, dossier.id, Status.PROCESSING), times=1
        )
    assert isinstance(refused, BeingCarried)
    assert Dossier.objects.get(pk=dossier.pk).status == Status.RECEIVED
    (done,) = _all_at_once(
        lambda number: service.advance_dossier(actor, dossier.id, Status.PROCESSING).status, times=1
    )
    assert done == Status.PROCESSING
