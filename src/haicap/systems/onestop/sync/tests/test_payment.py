"""Paying online: opened once, notice taken once, forged and unknown ones refused, money that came twice is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from haicap.kernel import clock, journal
from haicap.kernel.actor import ANONYMOUS, SYSTEM, Actor
from haicap.systems.onestop.models import (
    Dossier,
    DossierFee,
    OnlinePayment,
    Partner,
    PartnerKind,
    PaymentState,
)
from haicap.systems.onestop.sync import payment, secrets, tickets
from haicap.systems.onestop.sync.client import Refused, Silent
from haicap.systems.onestop.sync.errors import NothingToPay
from haicap.systems.onestop.sync.tests.conftest import QUICK, Peer
from haicap.systems.onestop.sync.tests.test_delivery import receive, run
from haicap.systems.onestop.tests.factories import Town, make_dossier, official

Browse = Callable[[Actor], Client]
SECRET = "khoa bi mat cua cong thanh toan"
NOTICE, RETURN = "/thanh-toan/cong/thong-bao/", "/thanh-toan/cong/ket-qua/"


@pytest.fixture
def gateway(town: Town, peer: Peer) -> Partner:
    """The payment gateway as we know it."""
    with journal.act(SYSTEM, "test.make_gateway") as act:
        made = Partner.objects.create(
            code="cong",
            name="Cổng thanh toán",
            kind=PartnerKind.PAYMENT,
            endpoint=peer.address,
            password=secrets.sealed(SECRET),
            settings={
                **QUICK,
                "call_path": "/pay",
                "return_url": "https://mot-cua.vidu.vn" + RETURN,
                "bill": {"TKThuHuong": "123456", "MaNHThuHuong": "VCB", "TenTKThuHuong": "UBND xã Hòa Phú"},
            },
            enabled=True,
        )
        act.changed("onestop.partner", made.id, None, {"code": made.code})
    return made


@pytest.fixture
def dossier(town: Town) -> Dossier:
    """A dossier with two fees to pay."""
    made = make_dossier(town.commune)
    for name, amount in (("Lệ phí hộ tịch", 50_000), ("Phí bản sao", 8_000)):
        DossierFee.objects.create(dossier=made, name=name, amount=amount)
    return made


def signed(gateway: Partner, opened: OnlinePayment, **more: Any) -> dict[str, str]:
    """A notice of the gateway."""
    fields = {
        "trans_id": str(opened.pk), "trans_amount": str(opened.amount), "error": "0",
        "transaction_no": "GD-1", **more,
    }  # fmt: skip
    return {**fields, "check_sum": payment.check_sum(gateway, fields)}


def test_open__asks_the_gateway__once(town: Town, gateway: Partner, dossier: Dossier, peer: Peer) -> None:
    actor = official(town.commune)
    opened = payment.open_payment(actor, dossier.id, gateway)
    assert payment.open_payment(actor, dossier.id, gateway).pk == opened.pk
    told = peer.state()["payments"]
    assert list(told) == [str(opened.pk)]
    body = told[str(opened.pk)]
    assert (body["command"], body["version"], body["currency"]) == ("PAY", "3.0", "VND")
    assert body["trans_amount"] == "58000"
    assert body["bill_info"]["MaHoSo"] == dossier.code
    assert body["bill_info"]["TKThuHuong"] == "123456"
    assert [fee["SoTien"] for fee in body["bill_info"]["PhiLePhi"]] == ["50000", "8000"]
    assert opened.url.endswith(str(opened.pk))


def test_open__nothing_due__is_refused(town: Town, gateway: Partner) -> None:
    with pytest.raises(NothingToPay):
        payment.open_payment(official(town.commune), make_dossier(town.commune).id, gateway)


def test_open__gateway_refuses_or_is_silent__charges_nobody(
    town: Town, gateway: Partner, dossier: Dossier, peer: Peer
) -> None:
    actor = official(town.commune)
    peer.control(down=True)
    with pytest.raises(Silent):
        payment.open_payment(actor, dossier.id, gateway)
    peer.control(down=False)
    with journal.act(SYSTEM, "test.secret") as act:
        Partner.objects.update(password=secrets.sealed("khác"))
        act.changed("onestop.partner", gateway.pk, {}, {})
    gateway.refresh_from_db()
    with pytest.raises(Refused, match="check_sum"):
        payment.open_payment(actor, dossier.id, gateway)
    assert not DossierFee.objects.filter(paid_at__isnull=False).exists()


def test_notice__comes_three_times__is_counted_once(
    town: Town, gateway: Partner, dossier: Dossier, browse: Browse
) -> None:
    opened = payment.open_payment(official(town.commune), dossier.id, gateway)
    client = Client(enforce_csrf_checks=True, headers={"host": "127.0.0.1"})
    fields = signed(gateway, opened)
    for _time in range(2):
        answer = client.post(NOTICE, fields)
        assert (answer.status_code, answer.json()["error"]) == (200, 0)
    assert client.post(NOTICE, fields, content_type="application/json").status_code == 200
    fees = list(DossierFee.objects.filter(dossier=dossier))
    assert {(fee.method, fee.receipt) for fee in fees} == {("online", "GD-1")}
    assert all(fee.paid_at for fee in fees)
    assert OnlinePayment.objects.get().state == PaymentState.PAID
    assert client.get(RETURN, fields).status_code == 302


@pytest.mark.parametrize(
    "change", [{"trans_amount": "1"}, {"check_sum": "0" * 64}, {"check_sum": ""}, {"x": "1"}]
)
def test_notice__forged__is_refused(
    town: Town, gateway: Partner, dossier: Dossier, change: dict[str, str]
) -> None:
    opened = payment.open_payment(official(town.commune), dossier.id, gateway)
    answer = Client(headers={"host": "127.0.0.1"}).post(NOTICE, {**signed(gateway, opened), **change})
    assert (answer.status_code, answer.json()["error"]) == (403, "ONE-526")
    assert (
        Client(headers={"host": "127.0.0.1"}).get(RETURN, {**signed(gateway, opened), **change}).status_code
        == 403
    )
    assert not DossierFee.objects.filter(paid_at__isnull=False).exists()


def test_notice__unknown_or_another_amount__is_refused(
    town: Town, gateway: Partner, dossier: Dossier
) -> None:
    opened = payment.open_payment(official(town.commune), dossier.id, gateway)
    client = Client(headers={"host": "127.0.0.1"})
    for more in ({"trans_amount": "57999"}, {"trans_id": "khong-co"}, {"trans_id": str(dossier.pk)}):
        answer = client.post(NOTICE, signed(gateway, opened, **more))
        assert (answer.status_code, answer.json()["error"]) == (404, "ONE-527"), more
    assert client.post("/thanh-toan/khong-co/thong-bao/", {}).status_code == 404
    assert client.post(NOTICE, b"{", content_type="application/json").status_code == 403


def test_notice__of_failure__leaves_the_fees_open(town: Town, gateway: Partner, dossier: Dossier) -> None:
    opened = payment.open_payment(official(town.commune), dossier.id, gateway)
    taken = payment.take_notice(gateway, signed(gateway, opened, error="24", msg="Khách hủy"))
    assert (taken.state, taken.note) == (PaymentState.FAILED, "Khách hủy")
    assert not DossierFee.objects.filter(paid_at__isnull=False).exists()
    assert payment.open_payment(official(town.commune), dossier.id, gateway).pk != opened.pk


def test_notice__paid_at_the_counter_meanwhile__is_surplus_and_shown(
    town: Town, gateway: Partner, dossier: Dossier, browse: Browse
) -> None:
    opened = payment.open_payment(official(town.commune), dossier.id, gateway)
    DossierFee.objects.filter(dossier=dossier).update(paid_at=clock.now(), method="cash")
    assert payment.take_notice(gateway, signed(gateway, opened)).state == PaymentState.SURPLUS
    assert set(DossierFee.objects.values_list("method", flat=True)) == {"cash"}
    client = browse(official(town.province, may=("onestop.replay_sync",)))
    page = client.get("/lam-viec/lien-thong/").content.decode()
    assert "Nộp thừa" in page
    assert dossier.code in page


def test_notice__second_transaction_for_one_payment__is_surplus(
    town: Town, gateway: Partner, dossier: Dossier, browse: Browse
) -> None:
    opened = payment.open_payment(official(town.commune), dossier.id, gateway)
    payment.take_notice(gateway, signed(gateway, opened))
    for _time in range(2):
        payment.take_notice(gateway, signed(gateway, opened, transaction_no="GD-2"))
    assert sorted(OnlinePayment.objects.values_list("state", "gateway_number")) == [
        ("paid", "GD-1"), ("surplus", "GD-2"),
    ]  # fmt: skip
    assert browse(ANONYMOUS).get("/lam-viec/lien-thong/").status_code == 403


def test_notice__paid__partners_are_told_of_it(
    town: Town, gateway: Partner, partner: Partner, dossier: Dossier, peer: Peer
) -> None:
    told = receive(town)
    DossierFee.objects.create(dossier=told, name="Lệ phí", amount=8000)
    run()
    assert peer.state()["dossiers"][told.code]["DanhSachLePhi"][0]["HinhThucThu"] == "2"
    opened = payment.open_payment(official(town.commune), told.id, gateway)
    payment.take_notice(gateway, signed(gateway, opened))
    run()
    assert peer.state()["dossiers"][told.code]["DuocThanhToanTrucTuyen"] == "2"
    assert tickets.touch([]) == 0
