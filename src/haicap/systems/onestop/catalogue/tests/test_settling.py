"""Defects and announcements: settled, taken back, by whom; permission and bad input."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator

import pytest

from haicap.kernel import clock
from haicap.kernel.actor import SYSTEM, Actor
from haicap.kernel.models import JournalEntry
from haicap.systems.onestop import catalogue, policy
from haicap.systems.onestop.catalogue import queries, service
from haicap.systems.onestop.catalogue.tests.rows import DAY, imported, row
from haicap.systems.onestop.errors import BadAnnouncement, BadSettlement, CatalogueNotAllowed, NoSuchProcedure
from haicap.systems.onestop.models import CatalogueDefect, LimitUnit, Procedure, Publication, Settlement

pytestmark = pytest.mark.django_db
KEEPER = Actor("Trần Văn Hòa", permissions=frozenset({policy.CATALOGUE}))
TODAY = dt.date(2026, 3, 2)


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with clock.at(dt.datetime(2026, 3, 2, 9, 0, tzinfo=clock.ZONE)):
        imported(
            row("1.001193", "Đăng ký khai sinh", time=(1, "other")),
            row("1.000656", "Đăng ký khai tử", time=None),
            row("1.000034", "Cấp giấy", fee="20 VNĐ (20.000 vnđ /tờ khai)"),
        )
        yield


def defect(kind: str) -> CatalogueDefect:
    return CatalogueDefect.objects.get(kind=kind)


def limit(code: str) -> tuple[object, str]:
    version = catalogue.current(code)
    assert version is not None
    found = version.limits.get()
    return found.amount, found.unit


def test_settle_defects__unit_said__makes_a_version_and_is_taken_back() -> None:
    before = catalogue.current("1.001193")
    assert (
        service.settle_defects(KEEPER, [defect("time_unit").id], unit="working_days", note="Luật Hộ tịch")
        == 1
    )
    assert limit("1.001193") == (1, LimitUnit.WORKING_DAYS)
    found = defect("time_unit")
    assert (found.settled_by, found.settlement, found.note) == (
        "Trần Văn Hòa",
        Settlement.CORRECTED,
        "Luật Hộ tịch",
    )
    assert before is not None
    before.refresh_from_db()
    assert before.limits.get().unit == LimitUnit.UNKNOWN
    assert service.reopen_defects(KEEPER, [found.id]) == 1
    assert limit("1.001193") == (1, LimitUnit.UNKNOWN)
    assert defect("time_unit").settled_at is None
    actions = JournalEntry.objects.filter(record="onestop.catalogue_defect").values_list("action", flat=True)
    assert set(actions) == {"onestop.settle_defects", "onestop.reopen_defects"}


def test_settle_defects__amount_missing__must_be_said() -> None:
    with pytest.raises(BadSettlement):
        service.settle_defects(KEEPER, [defect("time_missing").id], unit="working_days")
    service.settle_defects(KEEPER, [defect("time_missing").id], unit="same_day")
    assert limit("1.000656") == (None, LimitUnit.SAME_DAY)
    service.reopen_defects(KEEPER, [defect("time_missing").id])
    service.settle_defects(KEEPER, [defect("time_missing").id], unit="working_days", amount="0,5")
    assert str(limit("1.000656")[0]) == "0.50"


def test_settle_defects__fee_in_thousands__as_proposed() -> None:
    assert service.accept_proposals(KEEPER, [defect("fee_thousands").id]) == 1
    version = catalogue.current("1.000034")
    assert version is not None
    assert version.fees.get().amount == 20_000
    service.reopen_defects(KEEPER, [defect("fee_thousands").id])
    version = catalogue.current("1.000034")
    assert version is not None
    assert version.fees.get().amount is None


def test_settle_defects__as_published__changes_no_version() -> None:
    before = catalogue.current("1.000656")
    service.settle_defects(KEEPER, [defect("time_missing").id])
    assert catalogue.current("1.000656") == before
    assert defect("time_missing").settlement == Settlement.AS_PUBLISHED


def test_settle_defects__bad_input__changes_nothing() -> None:
    chosen = [defect("time_unit").id]
    for said in (
        {"unit": "ngày"},
        {"unit": "unknown"},
        {"amount": "3"},
        {"unit": "months", "amount": "ba"},
        {"fee": 5},
    ):
        with pytest.raises(BadSettlement):
            service.settle_defects(KEEPER, chosen, **said)
    with pytest.raises(BadSettlement):
        service.settle_defects(KEEPER, [])
    with pytest.raises(NoSuchProcedure):
        service.settle_defects(KEEPER, [*chosen, uuid.uuid4()])
    with pytest.raises(BadSettlement):
        service.reopen_defects(KEEPER, chosen)
    service.settle_defects(KEEPER, chosen)
    with pytest.raises(BadSettlement):
        service.settle_defects(KEEPER, chosen, unit="working_days")
    assert limit("1.001193") == (1, LimitUnit.UNKNOWN)


def ids() -> list[uuid.UUID]:
    return list(Procedure.objects.order_by("code").values_list("id", flat=True))


def test_announce__and_take_back__whole_batches() -> None:
    first = service.announce(KEEPER, ids(), decision="12/QĐ-UBND", begins_on=TODAY)
    assert all(catalogue.is_published(id_) for id_ in ids())
    assert not catalogue.is_published(ids()[0], TODAY - dt.timedelta(days=1))
    second = service.announce(KEEPER, ids()[:1], decision="13/QĐ-UBND", begins_on=TODAY, published=False)
    assert not catalogue.is_published(ids()[0])
    assert [one.procedures for one in queries.latest_batches()] in ([2, 1], [1, 2])
    assert service.withdraw_announcement(KEEPER, second) == 1
    assert catalogue.is_published(ids()[0]), "what the second had replaced counts again"
    assert service.withdraw_announcement(KEEPER, first) == 3
    assert not any(catalogue.is_published(id_) for id_ in ids())
    assert Publication.objects.count() == 4
    with pytest.raises(NoSuchProcedure):
        service.withdraw_announcement(KEEPER, first)


def test_announce__bad_input__announces_nothing() -> None:
    for procedures, decision in ((ids(), " "), ([], "12/QĐ-UBND"), (ids(), "x" * 101)):
        with pytest.raises(BadAnnouncement):
            service.announce(KEEPER, procedures, decision=decision, begins_on=TODAY)
    with pytest.raises(NoSuchProcedure):
        service.announce(KEEPER, [uuid.uuid4()], decision="12/QĐ-UBND", begins_on=TODAY)
    imported(row("1.000656", "Đăng ký khai tử"), day=TODAY)  # the others end today
    with pytest.raises(NoSuchProcedure):
        service.announce(KEEPER, ids(), decision="12/QĐ-UBND", begins_on=TODAY)
    assert not Publication.objects.exists()


def test_service__without_the_permission__is_refused() -> None:
    for deed in (
        lambda: service.settle_defects(Actor("Ai"), [uuid.uuid4()]),
        lambda: service.accept_proposals(Actor("Ai"), [uuid.uuid4()]),
        lambda: service.reopen_defects(Actor("Ai"), [uuid.uuid4()]),
        lambda: service.announce(Actor("Ai"), ids(), decision="1", begins_on=DAY),
        lambda: service.withdraw_announcement(Actor("Ai"), uuid.uuid4()),
    ):
        with pytest.raises(CatalogueNotAllowed):
            deed()


def test_configured__counts__what_is_announced_and_ready() -> None:
    assert catalogue.configured("commune").published == 0
    service.announce(SYSTEM, ids(), decision="12/QĐ-UBND", begins_on=TODAY)
    found = catalogue.configured("commune")
    assert (found.published, found.with_route, found.with_limit, found.with_competence) == (3, 0, 1, 3)
    assert found.configured == 0
    assert catalogue.configured("province").published == 0


def test_find__any_spelling_number_code__the_likeliest_first() -> None:
    for text in (
        "khai sinh",
        "KHAI SINH",
        "sinh khai",
        "Khai sính",
        "khai sihn",
        "1.001193",
        "1001193",
        "001193",
    ):
        assert [one.procedure.code for one in catalogue.find(text)][:1] == ["1.001193"], text
    assert catalogue.find("") == catalogue.find("%") == catalogue.find("xyzzy") == []
    assert len(catalogue.find("đăng ký", limit=1)) == 1
    assert catalogue.find("khai sinh", level="province") == []
    assert catalogue.find("khai sinh", on=DAY - dt.timedelta(days=1)) == []
