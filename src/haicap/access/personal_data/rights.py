"""Rights of whoever the data are about: a copy, rectification, erasure, withdrawal of consent (Law 91/2025)."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from haicap.access.errors import AccessDenied
from haicap.access.models import Account, Consent, DataDecision, DataRequest, DataRequestKind
from haicap.access.personal_data.errors import (
    BadDecision,
    BadRequestText,
    DecidedAlready,
    NoSuchRequest,
    OwnRequest,
    RequestWaits,
)
from haicap.access.personal_data.subjects import subject_of
from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.contract import DataSubject, Holding, personal_data_sources
from haicap.kernel.text import nfc

DECIDE = "access.decide_data_requests"
#: records of one source in a copy; the copy says where it ends
MOST_RECORDS = 10_000
MOST_COPIES_A_DAY = 5
LONGEST_TEXT, LONGEST_REASON, LONGEST_BASIS = 2000, 500, 200


@dataclass(frozen=True, slots=True)
class Copy:
    """Bản sao dữ liệu: a ZIP with one JSON file and a word on how to read it."""

    name: str
    content: bytes


def ask(account: Account, kind: str, text: str = "") -> DataRequest:
    """Gửi yêu cầu: rectify or erase; a person decides. Raises BadRequestText (ACC-511), RequestWaits (ACC-512)."""
    words = nfc(text.replace("\0", "")).strip()
    if kind not in (DataRequestKind.RECTIFY, DataRequestKind.ERASE):
        raise BadRequestText(_("Không rõ bạn yêu cầu điều gì."), todo=_("Hãy chọn một loại yêu cầu."))
    if len(words) > LONGEST_TEXT or (kind == DataRequestKind.RECTIFY and not words):
        raise BadRequestText(
            _("Hãy viết điều cần sửa, nhiều nhất %(most)s chữ cái.") % {"most": LONGEST_TEXT},
            kept=_("Yêu cầu chưa được gửi."),
            where="noi-dung",
        )
    with journal.act(account.as_actor(), "access.ask_data_request") as act:
        Account.objects.select_for_update().get(pk=account.pk)  # two clicks are one request
        if DataRequest.objects.filter(account=account, kind=kind, decision="").exists():
            raise RequestWaits(
                _("Bạn đã có một yêu cầu như vậy đang chờ trả lời."),
                kept=_("Yêu cầu trước vẫn giữ nguyên."),
                todo=_("Chờ trả lời, rồi gửi yêu cầu mới nếu còn cần."),
            )
        request = DataRequest.objects.create(account=account, kind=kind, text=words)
        act.changed("access.datarequest", request.pk, None, {"kind": kind, "account": account.pk})
    return request


def export(account: Account) -> Copy:
    """Xin bản sao: everything that the systems hold about the owner, at once. Raises RequestWaits (ACC-512)."""
    now = clock.now()
    with journal.act(account.as_actor(), "access.export_own_data") as act:
        Account.objects.select_for_update().get(pk=account.pk)
        lately = DataRequest.objects.filter(
            account=account, kind=DataRequestKind.EXPORT, asked_at__gt=now - timedelta(days=1)
        )
        if lately.count() >= MOST_COPIES_A_DAY:
            raise RequestWaits(
                _("Bạn đã tải %(most)s bản sao trong một ngày.") % {"most": MOST_COPIES_A_DAY},
                kept=_("Các bản đã tải vẫn dùng được."),
                todo=_("Hãy thử lại vào ngày mai."),
            )
        collected, counts = _collect(subject_of(account))
        request = DataRequest.objects.create(
            account=account,
            kind=DataRequestKind.EXPORT,
            asked_at=now,
            decision=DataDecision.DONE,
            decided_at=now,
            reason=_("Cung cấp ngay cho chính chủ"),
        )
        act.changed("access.datarequest", request.pk, None, {"kind": request.kind, "records": counts})
    return Copy(f"du-lieu-cua-toi-{now:%Y-%m-%d}.zip", _zip(account, collected))


def holdings(account: Account) -> list[tuple[str, Holding]]:
    """Đang giữ gì: (system, holding) of every source, for the page on which an erasure is decided."""
    subject = subject_of(account)
    return [
        (source.system, holding) for source in personal_data_sources() for holding in source.decide(subject)
    ]


def decide(
    actor: Actor, request_id: uuid.UUID, decision: str, *, reason: str, legal_basis: str = ""
) -> DataRequest:
    """Quyết định yêu cầu: done, retained by law or refused; an erasure happens here, in the same transaction.

    Raises AccessDenied (ACC-403), NoSuchRequest (ACC-513), OwnRequest (ACC-516), DecidedAlready (ACC-515),
    BadDecision (ACC-514); nothing is changed then.
    """
    _check(actor)
    reason, legal_basis = (nfc(text.replace("\0", "")).strip() for text in (reason, legal_basis))
    with journal.act(actor, "access.decide_data_request", reason=reason) as act:
        request = DataRequest.objects.select_for_update().filter(pk=request_id).first()
        if request is None:
            raise no_such_request()
        _check_open(actor, request)
        _check_decision(decision, reason, legal_basis)
        erased: dict[str, int] = {}
        if request.kind == DataRequestKind.ERASE and decision != DataDecision.REFUSED:
            erased = _erase(actor, request.account, decision)
        request.decision, request.reason, request.legal_basis = decision, reason, legal_basis
        request.decided_at = clock.now()
        request.decided_by_id = actor.account_id
        request.save()
        act.changed(
            "access.datarequest",
            request.pk,
            {"decision": ""},
            {"decision": decision, "legal_basis": legal_basis, "erased": erased},
        )
    return request


def withdraw(account: Account, consent_id: uuid.UUID) -> bool:
    """Rút sự đồng ý: for one purpose, from now on; whether one stood."""
    now = clock.now()
    with journal.act(account.as_actor(), "access.withdraw_consent") as act:
        consent = (
            Consent.objects.select_for_update()
            .filter(pk=consent_id, account=account, withdrawn_at__isnull=True)
            .first()
        )
        if consent is None:
            return False
        consent.withdrawn_at = now
        consent.save()
        act.changed("access.consent", consent.pk, {"withdrawn_at": None}, {"withdrawn_at": now})
    return True


def no_such_request() -> NoSuchRequest:
    """The error for a request that is not there."""
    return NoSuchRequest(_("Không có yêu cầu này."), todo=_("Mở danh sách yêu cầu để chọn lại."))


def _check(actor: Actor) -> None:
    if not actor.may(DECIDE):
        raise AccessDenied(
            _("Chức danh đang dùng không được quyết định yêu cầu về dữ liệu cá nhân."),
            kept=_("Không có gì thay đổi."),
            todo=_("Việc này của quản trị tỉnh."),
        )


def _check_open(actor: Actor, request: DataRequest) -> None:
    if request.decision:
        raise DecidedAlready(
            _("Yêu cầu này đã được quyết định."),
            kept=_("Quyết định trước giữ nguyên."),
            todo=_("Mở lại trang để xem quyết định."),
        )
    own = request.account_id == actor.account_id or (
        actor.person_id is not None and request.account.person_id == actor.person_id
    )
    if own:
        raise OwnRequest(
            _("Không ai tự quyết định yêu cầu của mình."),
            kept=_("Yêu cầu vẫn chờ."),
            todo=_("Nhờ một quản trị khác."),
        )


def _check_decision(decision: str, reason: str, legal_basis: str) -> None:
    if decision not in DataDecision.values:
        raise BadDecision(_("Chưa chọn quyết định."), kept=_("Yêu cầu vẫn chờ."), where="quyet-dinh")
    if not reason or len(reason) > LONGEST_REASON:
        raise BadDecision(
            _("Hãy viết lý do, nhiều nhất %(most)s chữ cái: người yêu cầu sẽ đọc.")
            % {"most": LONGEST_REASON},
            kept=_("Yêu cầu vẫn chờ."),
            where="ly-do",
        )
    if len(legal_basis) > LONGEST_BASIS or (decision != DataDecision.DONE and not legal_basis):
        raise BadDecision(
            _("Từ chối hay giữ lại phải nêu căn cứ pháp lý, nhiều nhất %(most)s chữ cái.")
            % {"most": LONGEST_BASIS},
            kept=_("Yêu cầu vẫn chờ."),
            where="can-cu",
        )


def _erase(actor: Actor, account: Account, decision: str) -> dict[str, int]:
    """Erase what may go; the decision must say truly whether something stays."""
    subject = subject_of(account)
    sources = personal_data_sources()
    stays = any(each.retained and each.count for source in sources for each in source.decide(subject))
    if stays and decision == DataDecision.DONE:
        raise BadDecision(
            _("Một phần dữ liệu phải giữ theo luật, nên không thể trả lời là đã xóa hết."),
            kept=_("Chưa xóa gì; yêu cầu vẫn chờ."),
            todo=_("Chọn «Giữ lại theo luật» và nêu căn cứ: phần xóa được sẽ được xóa."),
            where="quyet-dinh",
        )
    if not stays and decision == DataDecision.RETAINED:
        raise BadDecision(
            _("Không có dữ liệu nào phải giữ theo luật."),
            kept=_("Chưa xóa gì; yêu cầu vẫn chờ."),
            todo=_("Chọn «Đã làm» để xóa, hoặc «Từ chối»."),
            where="quyet-dinh",
        )
    erased = {f"{source.system}.{source.record}": source.erase(actor, subject) for source in sources}
    return {name: count for name, count in erased.items() if count}


def _collect(subject: DataSubject) -> tuple[list[dict[str, Any]], dict[str, int]]:
    found, counts = [], {}
    for source in personal_data_sources():
        rows = list(islice(source.collect(subject), MOST_RECORDS + 1))
        counts[f"{source.system}.{source.record}"] = min(len(rows), MOST_RECORDS)
        found.append(
            {
                "system": source.system,
                "record": source.record,
                "label": str(source.label),
                "complete": len(rows) <= MOST_RECORDS,
                "records": rows[:MOST_RECORDS],
            }
        )
    return found, counts


def _zip(account: Account, collected: list[dict[str, Any]]) -> bytes:
    document = {
        "about": account.get_full_name(),
        "made_at": clock.now(),
        "law": "91/2025/QH15",
        "data": collected,
    }
    text = json.dumps(document, cls=journal.JournalEncoder, ensure_ascii=False, indent=1)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("du-lieu.json", text)
        archive.writestr(
            "DOC-TRUOC.txt",
            _(
                "Tệp du-lieu.json chứa dữ liệu cá nhân mà hệ thống đang giữ về bạn, theo từng loại hồ sơ.\n"
                "«complete»: false nghĩa là loại ấy còn nhiều hơn; hãy yêu cầu phần còn lại ở bộ phận một cửa.\n"
                "Hãy giữ tệp này như giữ giấy tờ tùy thân.\n"
            ),
        )
    return buffer.getvalue()


__all__ = ["DECIDE", "Copy", "ask", "decide", "export", "holdings", "no_such_request", "withdraw"]
