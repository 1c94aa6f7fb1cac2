"""Thanh toán trực tuyến (standards §5): open a payment at a gateway, take its notice once, refuse forged ones.

Which fields a check sum covers, and in which order, was found in no public source: `signed_fields` of the partner's
settings says it; without it every plain field but `check_sum` itself, by name. The secret is the partner's password.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM, Actor
from haicap.systems.onestop import queries
from haicap.systems.onestop.models import (
    Dossier,
    DossierDetail,
    DossierFee,
    OnlinePayment,
    Partner,
    PartnerKind,
    PaymentState,
)
from haicap.systems.onestop.sync import secrets, tickets, transport
from haicap.systems.onestop.sync.client import Refused, Silent
from haicap.systems.onestop.sync.errors import ForgedNotice, NothingToPay, UnknownPayment
from haicap.systems.onestop.sync.settings import PartnerSettings
from haicap.systems.onestop.sync.transport import Answer

VERSION = "3.0"
LARGEST_AMOUNT = 10_000_000_000
_NUMBER_FIELDS = ("gateway_number", "transaction_no", "trans_no")
LONGEST_NUMBER = 100


def gateway() -> Partner | None:
    """The payment partner that is switched on, if there is one."""
    return Partner.objects.filter(kind=PartnerKind.PAYMENT, enabled=True, closed_at__isnull=True).first()


def open_payment(actor: Actor, dossier_id: uuid.UUID, partner: Partner) -> OnlinePayment:
    """Mở lượt thanh toán of all open fees of a dossier; its `url` is where the payer goes.

    The caller has checked that the actor may pay for this dossier. An open payment of the same fees is opened once:
    asked for again it is the same. Raises NothingToPay (ONE-525), Silent, Refused; nothing is charged then.
    """
    with journal.act(actor, "onestop.open_payment") as act:
        dossier = Dossier.objects.select_for_update(of=("self",)).get(pk=dossier_id)
        fees = list(
            DossierFee.objects.filter(dossier=dossier, paid_at__isnull=True, amount__gt=0).order_by("id")
        )
        amount = sum(fee.amount for fee in fees)
        if not 0 < amount <= LARGEST_AMOUNT:
            raise NothingToPay(
                _("Hồ sơ %(code)s không có khoản nào cần nộp trực tuyến.") % {"code": dossier.code},
                kept=_("Chưa thu khoản nào."),
            )
        ids = [fee.pk for fee in fees]
        known = OnlinePayment.objects.filter(
            partner=partner, dossier=dossier, state=PaymentState.OPEN, fees=ids, amount=amount
        ).first()
        payment = known or OnlinePayment.objects.create(
            partner=partner, dossier=dossier, fees=ids, amount=amount, made_at=clock.now()
        )
        if known is None:
            act.changed("onestop.payment", payment.pk, None, {"dossier": dossier.code, "amount": amount})
    if not payment.url:
        _open_at_gateway(actor, payment, fees)
    return payment


def _open_at_gateway(actor: Actor, payment: OnlinePayment, fees: list[DossierFee]) -> None:
    """Ask the gateway, outside of any transaction; its own answer to the same trans_id is the same payment."""
    partner = payment.partner
    to = PartnerSettings.read(partner.settings)
    body = request_of(payment, fees, to)
    body["check_sum"] = check_sum(partner, body)
    found = _ask(partner, to, body)
    if str(found.get("error")) != "0" or not str(found.get("payment_url", "")).startswith(
        ("https://", "http://")
    ):
        raise Refused(
            _("Cổng thanh toán từ chối: %(message)s") % {"message": str(found.get("msg", ""))[:300] or "—"},
            str(found.get("error"))[:40],
        )
    with journal.act(actor, "onestop.send_payment") as act:
        payment.url = str(found["payment_url"])[:2000]
        OnlinePayment.objects.filter(pk=payment.pk).update(url=payment.url)
        act.changed("onestop.payment", payment.pk, {"url": ""}, {"url": payment.url})


def request_of(payment: OnlinePayment, fees: list[DossierFee], to: PartnerSettings) -> dict[str, Any]:
    """The request of a payment without its check sum, names as the standard has them."""
    dossier = payment.dossier
    detail: DossierDetail | None = DossierDetail.objects.filter(pk=dossier.pk).first()
    version = detail.procedure_version if detail else None
    agency = queries.agency_names([dossier.receiving_agency_id], clock.today())
    return {
        "command": "PAY",
        "version": VERSION,
        "trans_id": str(payment.pk),
        "trans_amount": str(payment.amount),
        "currency": "VND",
        "return_url": to.return_url,
        "bill_info": {
            **to.bill,
            "PhiLePhi": [
                {
                    "LoaiPhiLePhi": "1",
                    "MaPhiLePhi": fee.code,
                    "TenPhiLePhi": fee.name,
                    "SoTien": str(fee.amount),
                }
                for fee in fees
            ],
            "MaDonVi": to.unit_code,
            "TenDonVi": agency.get(dossier.receiving_agency_id, ""),
            "MaHoSo": dossier.code,
            "MaDVC": str(payment.pk),
            "MaTTHC": to.procedure_code(dossier.procedure_code),
            "TenTTHC": version.name if version else "",
        },
    }


def check_sum(partner: Partner, fields: Mapping[str, Any]) -> str:
    """HMAC-SHA256 in hexadecimal over the signed fields, `name=value` joined by «&»."""
    signed = PartnerSettings.read(partner.settings).signed_fields or sorted(
        name for name, value in fields.items() if name != "check_sum" and isinstance(value, str | int)
    )
    text = "&".join(f"{name}={fields.get(name, '')}" for name in signed)
    key = secrets.opened(partner.password).encode()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def take_notice(partner: Partner, fields: Mapping[str, str]) -> OnlinePayment:
    """Nhận thông báo của cổng: written once, however often it comes; that of a payment made twice is kept as surplus.

    Raises ForgedNotice (ONE-526), UnknownPayment (ONE-527); nothing is written then.
    """
    given = str(fields.get("check_sum", ""))
    if not partner.password or not hmac.compare_digest(
        check_sum(partner, fields).encode(), given.lower().encode()
    ):
        raise ForgedNotice(
            _("Thông báo thanh toán không mang chữ ký đúng."),
            kept=_("Không khoản nào được ghi."),
            todo=_("Nếu lặp lại: kiểm tra khóa bí mật và danh sách trường ký của cổng thanh toán."),
        )
    with journal.act(SYSTEM, "onestop.take_payment_notice") as act:
        payment = _locked(partner, fields)
        before = {"state": payment.state}
        number = next((str(fields[name]) for name in _NUMBER_FIELDS if fields.get(name)), "")[:LONGEST_NUMBER]
        if payment.state in (PaymentState.PAID, PaymentState.SURPLUS):
            _another(act, payment, number)
            return payment
        if str(fields.get("error", fields.get("response_code", "0"))) not in ("0", "00"):
            payment.state, payment.note = PaymentState.FAILED, str(fields.get("msg", ""))[:500]
        else:
            _pay(payment, number)
        payment.save(update_fields=["state", "note", "gateway_number", "paid_at"])
        act.changed("onestop.payment", payment.pk, before, {"state": payment.state, "number": number})
    return payment


def _locked(partner: Partner, fields: Mapping[str, str]) -> OnlinePayment:
    """The payment that a notice speaks of. Raises UnknownPayment also where the amount is another."""
    try:
        wanted = uuid.UUID(str(fields.get("trans_id", "")))
        amount = int(str(fields.get("trans_amount", "")))
    except ValueError:
        wanted, amount = uuid.UUID(int=0), -1
    found = (
        OnlinePayment.objects.select_for_update().filter(pk=wanted, partner=partner, amount=amount).first()
    )
    if found is None:
        raise UnknownPayment(
            _("Không có lượt thanh toán này, hoặc số tiền khác với số đã mở."),
            kept=_("Không khoản nào được ghi."),
            todo=_("Hãy đối chiếu với cổng thanh toán."),
        )
    return found


def _pay(payment: OnlinePayment, number: str) -> None:
    """Mark the fees as paid; where one was paid otherwise meanwhile the whole payment is surplus: a person decides."""
    payment.paid_at, payment.gateway_number = clock.now(), number
    fees = list(DossierFee.objects.select_for_update().filter(pk__in=payment.fees).order_by("id"))
    if len(fees) != len(payment.fees) or any(fee.paid_at is not None for fee in fees):
        payment.state = PaymentState.SURPLUS
        payment.note = _("Có khoản đã được nộp bằng cách khác trước khi cổng báo.")
        return
    for fee in fees:
        fee.paid_at, fee.method, fee.receipt = payment.paid_at, DossierFee.Method.ONLINE, number[:60]
        fee.payment = uuid.uuid5(payment.pk, str(fee.pk))
    DossierFee.objects.bulk_update(fees, ["paid_at", "method", "receipt", "payment"])
    payment.state = PaymentState.PAID
    tickets.touch([payment.dossier_id])


def _another(act: journal.Act, payment: OnlinePayment, number: str) -> None:
    """A notice of what is paid already: the same one again, or a second payment under one number of ours."""
    if not number or number == payment.gateway_number:
        return
    known = OnlinePayment.objects.filter(partner=payment.partner, gateway_number=number).exists()
    if known:
        return
    try:
        with transaction.atomic():
            second = OnlinePayment.objects.create(
                partner=payment.partner,
                dossier_id=payment.dossier_id,
                fees=payment.fees,
                amount=payment.amount,
                state=PaymentState.SURPLUS,
                gateway_number=number,
                made_at=clock.now(),
                paid_at=clock.now(),
                note=_("Cổng báo lần thứ hai cho cùng một lượt thanh toán."),
            )
    except IntegrityError:
        return  # the same notice at the same moment
    act.changed("onestop.payment", second.pk, None, {"surplus": True, "number": number})


def _ask(partner: Partner, to: PartnerSettings, body: Mapping[str, Any]) -> dict[str, Any]:
    """Ask the gateway. Raises Silent."""
    try:
        answer: Answer = transport.post(
            partner.endpoint + to.call_path, body, {}, connect_s=to.connect_s, answer_s=to.answer_s
        )
        found = json.loads(answer.body)
    except (transport.NotReached, transport.NoAnswer, ValueError, RecursionError) as error:
        raise Silent(
            _("Cổng thanh toán không trả lời đọc được (%(error)s).") % {"error": str(error)[:200]},
            arrived=True,
        ) from error
    if not isinstance(found, dict):
        raise Silent(_("Cổng thanh toán không trả lời đọc được."), arrived=True)
    return found
