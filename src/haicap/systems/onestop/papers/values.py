"""Giá trị của các mẫu 01-06: the words of a form when it is issued, JSON-ready; kept with it for every reprint.

Official papers are in Vietnamese whatever the reader's language: nothing here is translated. Agencies bear the names
of the event's day; where one of them has ended since, its successor is named behind it.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from haicap.kernel.clock import ZONE
from haicap.kernel.formats import date as day_text
from haicap.kernel.formats import date_line, date_time, decimal, money
from haicap.registry.standing import Successor
from haicap.systems.onestop import catalogue
from haicap.systems.onestop.models import (
    Channel,
    Delivery,
    Dossier,
    DossierDetail,
    LetterForm,
    LimitUnit,
    Status,
    TimeLimit,
)
from haicap.systems.onestop.papers import agencies, queries
from haicap.systems.onestop.papers.agencies import Named
from haicap.systems.onestop.papers.words import line, moment

SUFFIXES = {
    LetterForm.RECEIPT: "TNHS",
    LetterForm.SUPPLEMENT: "HDHS",
    LetterForm.REFUSAL: "TCHS",
    LetterForm.APOLOGY: "XLHS",
    LetterForm.STOP: "DHS",
    LetterForm.CONTROL: "KSHS",
}
#: forms that the counter issues in its own name
OF_THE_COUNTER = (LetterForm.RECEIPT, LetterForm.SUPPLEMENT, LetterForm.REFUSAL, LetterForm.CONTROL)
QR_LINE = "Quét mã để tra cứu hồ sơ"
SIGN_HINT = "(Ký và ghi rõ họ tên)"
APPLICANT = {"title": ["Người nộp hồ sơ"], "hint": SIGN_HINT}


@dataclass(frozen=True, slots=True)
class Content:
    """Nội dung lập phiếu: what who issues a form says in it.

    `items` are the papers to supplement (form 02); `contact` where to ask; `signer` and `signer_title` who signs
    forms 04 and 05 ("KT. CHỦ TỊCH" and "PHÓ CHỦ TỊCH" are two lines).
    """

    reason: str = ""
    items: tuple[str, ...] = ()
    new_due_at: datetime | None = None
    contact: str = ""
    signer: str = ""
    signer_title: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What the forms of one dossier are made of; read once (`gather`)."""

    dossier: Dossier
    detail: DossierDetail | None
    issuer: Named
    received_by: Named
    competent: Named
    heirs: dict[uuid.UUID, tuple[Successor, ...]]
    papers: Sequence[dict[str, str]]
    fees: int
    unpaid: int
    limit: str

    def called(self, agency: Named) -> str:
        """The agency as it was called, and who took over where it has ended since."""
        heirs = self.heirs.get(agency.agency_id, ())
        return f"{agency.name} (nay là {', '.join(heir.name for heir in heirs)})" if heirs else agency.name

    @property
    def procedure(self) -> str:
        """What is asked for."""
        if self.detail is not None and self.detail.procedure_version is not None:
            return str(self.detail.procedure_version.name)
        return catalogue.procedure_name(self.dossier.procedure_code)


def gather(dossier: Dossier, issuer_id: uuid.UUID, on: date) -> Facts:
    """Read what the forms of a dossier say; the issuer is named as of `on`, the others as of reception."""
    received_on = dossier.received_at.astimezone(ZONE).date()
    issuer = agencies.named([issuer_id], on)[issuer_id]
    at_reception = agencies.named([dossier.receiving_agency_id, dossier.competent_agency_id], received_on)
    detail = queries.detail_of(dossier)
    fees, unpaid = queries.fees_of(dossier)
    return Facts(
        dossier=dossier,
        detail=detail,
        issuer=issuer,
        received_by=at_reception[dossier.receiving_agency_id],
        competent=at_reception[dossier.competent_agency_id],
        heirs={one: agencies.successors(one, on) for one in at_reception},
        papers=queries.papers_of(dossier),
        fees=fees,
        unpaid=unpaid,
        limit=_limit(dossier, detail),
    )


def build(
    form: LetterForm, facts: Facts, content: Content, *, at: datetime, by: str, track: str, again: int = 0
) -> dict[str, Any]:
    """The values of a form. `again`: how many of this form the dossier had before; `track`: address of tracking."""
    above, own = facts.issuer.block(counter=form in OF_THE_COUNTER)
    number = f"{facts.dossier.code}/{SUFFIXES[form]}" + (f"-{again + 1}" if again else "")
    values: dict[str, Any] = {
        "form": int(form),
        "title": str(TITLES[form]),
        "subtitle": "",
        "code": facts.dossier.code,
        "number": number,
        "above": [line(one) for one in above],
        "agency": [line(one) for one in own],
        "date_line": date_line(facts.issuer.place, at.astimezone(ZONE).date()),
        "opening": [],
        "rows": [],
        "list_title": "",
        "list": [],
        "after": [],
        "closing": [],
        "head": [],
        "table": [],
        "signers": [],
        "notes": [],
        "track": track,
        "qr_line": QR_LINE,
    }
    return values | _BUILDERS[form](facts, content, by)


#: what the forms are called on paper (TT 03/2025/TT-VPCP, appendix I)
TITLES = {
    LetterForm.RECEIPT: "Giấy tiếp nhận hồ sơ và hẹn trả kết quả",
    LetterForm.SUPPLEMENT: "Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ",
    LetterForm.REFUSAL: "Phiếu từ chối tiếp nhận giải quyết hồ sơ",
    LetterForm.APOLOGY: "Văn bản xin lỗi\nvà đề nghị gia hạn thời gian giải quyết",
    LetterForm.STOP: "Thông báo dừng giải quyết hồ sơ",
    LetterForm.CONTROL: "Phiếu kiểm soát quá trình giải quyết hồ sơ",
}


def _receipt(facts: Facts, content: Content, by: str) -> dict[str, Any]:
    one, detail = facts.dossier, facts.detail
    rows = [["Bộ phận tiếp nhận", line(facts.called(facts.received_by))], *_applicant(facts)]
    if facts.competent.agency_id != facts.received_by.agency_id:
        rows.append(["Cơ quan giải quyết", line(facts.called(facts.competent))])
    closing = [
        ["Số lượng hồ sơ", "01 (bộ)"],
        ["Thời gian giải quyết hồ sơ theo quy định", facts.limit],
        ["Thời gian nhận hồ sơ", moment(one.received_at)],
        ["Thời gian trả kết quả giải quyết hồ sơ", moment(one.due_at)],
        ["Đăng ký nhận kết quả", _delivery(detail)],
    ]
    if facts.fees:
        paid = "đã nộp" if not facts.unpaid else f"còn phải nộp {money(facts.unpaid)}"
        closing.insert(1, ["Phí, lệ phí", f"{money(facts.fees)} ({paid})"])
    return {
        "rows": rows,
        "list_title": "Thành phần hồ sơ nộp gồm:",
        "list": [{"text": line(paper["name"]), "note": paper["note"]} for paper in facts.papers],
        "after": closing,
        "signers": [
            {**APPLICANT, "name": line(_who_came(facts))},
            {"title": ["Người tiếp nhận hồ sơ"], "hint": SIGN_HINT, "name": line(by)},
        ],
        "notes": [
            "Giấy này được lập thành 02 liên: một liên giao người nộp hồ sơ, một liên lưu tại Bộ phận Một cửa. "
            "Mã hồ sơ giữ nguyên khi đơn vị hành chính được sắp xếp.",
        ],
    }


def _supplement(facts: Facts, content: Content, by: str) -> dict[str, Any]:
    ask = f"liên hệ {line(content.contact)}" if content.contact else "liên hệ Bộ phận Một cửa nơi nộp hồ sơ"
    return {
        "rows": [["Hồ sơ của", line(facts.dossier.applicant_name)], *_applicant(facts)[1:], *_came(facts)],
        "list_title": "Yêu cầu bổ sung, hoàn thiện hồ sơ gồm những nội dung sau:",
        "list": [{"text": line(item), "note": ""} for item in content.items],
        "after": [["Lý do", line(content.reason)]],
        "closing": [
            f"Trong quá trình hoàn thiện hồ sơ, nếu có vướng mắc, ông (bà) {ask} để được hướng dẫn./."
        ],
        "signers": [{"title": ["Người hướng dẫn"], "hint": SIGN_HINT, "name": line(by)}],
        "notes": ["Thời gian chờ bổ sung không tính vào thời hạn giải quyết."],
    }


def _refusal(facts: Facts, content: Content, by: str) -> dict[str, Any]:
    return {
        "rows": [
            ["Bộ phận tiếp nhận", line(facts.called(facts.received_by))],
            *_applicant(facts),
            *_came(facts),
        ],
        "closing": [
            f"Qua xem xét, {line(facts.issuer.name)} thông báo không tiếp nhận, giải quyết hồ sơ này với lý do cụ thể "
            "như sau:",
            line(content.reason),
            "Xin thông báo để ông (bà) được biết và thực hiện./.",
        ],
        "signers": [
            {**APPLICANT, "name": line(_who_came(facts))},
            {"title": ["Người tiếp nhận hồ sơ"], "hint": SIGN_HINT, "name": line(by)},
        ],
    }


def _apology(facts: Facts, content: Content, by: str) -> dict[str, Any]:
    one = facts.dossier
    return {
        "opening": [f"Kính gửi: {line(one.applicant_name)}"],
        "closing": [
            f"Ngày {day_text(one.received_at)}, {line(facts.called(facts.received_by))} tiếp nhận hồ sơ đề nghị giải "
            f"quyết thủ tục «{line(facts.procedure)}», mã hồ sơ {one.code}. "
            f"Thời gian hẹn trả kết quả: {moment(one.due_at) or 'chưa hẹn'}.",
            f"Tuy nhiên đến nay, {line(facts.issuer.name)} chưa trả kết quả giải quyết hồ sơ của ông (bà), tổ chức "
            "đúng thời hạn ghi trong giấy tiếp nhận hồ sơ và hẹn trả kết quả.",
            f"Lý do: {line(content.reason)}",
            "Sự chậm trễ này đã gây phiền hà, tốn kém thời gian, công sức của ông (bà), tổ chức. "
            f"{line(facts.issuer.name)} xin lỗi ông (bà), tổ chức và đề nghị gia hạn thời gian giải quyết; kết quả sẽ "
            f"được trả chậm nhất vào {moment(content.new_due_at)}.",
            "Mong nhận được sự thông cảm của ông (bà), tổ chức./.",
        ],
        "signers": [_head_of_agency(content)],
    }


def _stop(facts: Facts, content: Content, by: str) -> dict[str, Any]:
    one = facts.dossier
    return {
        "opening": [f"Kính gửi: {line(one.applicant_name)}"],
        "rows": _applicant(facts)[1:],
        "closing": [
            f"Ngày {day_text(one.received_at)}, {line(facts.called(facts.received_by))} tiếp nhận hồ sơ mã {one.code}. "
            f"Nay {line(facts.issuer.name)} thông báo dừng giải quyết hồ sơ này với lý do cụ thể như sau:",
            line(content.reason),
            "Thời gian dừng không tính vào thời hạn giải quyết. Khi lý do nêu trên không còn, hồ sơ được giải quyết "
            "tiếp và ông (bà), tổ chức được thông báo lại thời gian trả kết quả./.",
        ],
        "signers": [_head_of_agency(content)],
    }


def _control(facts: Facts, content: Content, by: str) -> dict[str, Any]:
    one = facts.dossier
    table = [
        [line(row.handed), line(row.at), line(row.result), line(row.note)]
        for row in queries.stations_of_control(one)
    ]
    return {
        "rows": [
            ["Mã số hồ sơ", one.code],
            ["Cơ quan giải quyết hồ sơ", line(facts.called(facts.competent))],
            ["Nội dung yêu cầu giải quyết", line(facts.procedure)],
            ["Thời gian nhận hồ sơ", moment(one.received_at)],
            ["Thời gian trả kết quả giải quyết hồ sơ", moment(one.due_at)],
        ],
        "head": ["Giao, nhận hồ sơ; việc làm", "Thời gian", "Kết quả (trước, đúng, quá hạn)", "Ghi chú"],
        "table": table,
        "signers": [
            {"title": ["Người giao"], "hint": SIGN_HINT, "name": ""},
            {"title": ["Người nhận"], "hint": SIGN_HINT, "name": line(by)},
        ],
        "notes": ["Phiếu lưu theo hồ sơ; mỗi lần giao, nhận ghi thêm một dòng."],
    }


_BUILDERS = {
    LetterForm.RECEIPT: _receipt,
    LetterForm.SUPPLEMENT: _supplement,
    LetterForm.REFUSAL: _refusal,
    LetterForm.APOLOGY: _apology,
    LetterForm.STOP: _stop,
    LetterForm.CONTROL: _control,
}


def _head_of_agency(content: Content) -> dict[str, Any]:
    return {
        "title": [line(one) for one in content.signer_title] or ["Thủ trưởng cơ quan, đơn vị"],
        "hint": "(Ký số, hoặc ký và ghi rõ họ tên)",
        "name": line(content.signer),
    }


def _applicant(facts: Facts) -> list[list[str]]:
    one, detail = facts.dossier, facts.detail
    where = ", ".join(part for part in (one.address, one.village) if part)
    asked = facts.procedure + (f" ({detail.summary})" if detail is not None and detail.summary else "")
    return [
        ["Tiếp nhận hồ sơ của", line(one.applicant_name)],
        ["Địa chỉ", line(where)],
        [
            "Số điện thoại",
            line(detail.phone) if detail is not None else "",
            "Email",
            line(detail.email) if detail is not None else "",
        ],
        ["Nội dung yêu cầu giải quyết", line(asked)],
    ]


def _came(facts: Facts) -> list[list[str]]:
    return [["Mã hồ sơ", facts.dossier.code], ["Thời gian nhận hồ sơ", moment(facts.dossier.received_at)]]


def _who_came(facts: Facts) -> str:
    detail = facts.detail
    return (detail.representative_name if detail is not None else "") or facts.dossier.applicant_name


def _delivery(detail: DossierDetail | None) -> str:
    if detail is None:
        return "tại Bộ phận Một cửa"
    if detail.delivery == Delivery.ONLINE:
        return f"bản điện tử{f', gửi đến {line(detail.email)}' if detail.email else ''}"
    if detail.delivery == Delivery.POSTAL:
        return f"qua dịch vụ bưu chính{f', đến {line(detail.delivery_address)}' if detail.delivery_address else ''}"
    return "tại Bộ phận Một cửa"


def _limit(dossier: Dossier, detail: DossierDetail | None) -> str:
    """The time limit as the form says it: of the version that the dossier was received under."""
    if detail is not None and detail.procedure_version_id is not None:
        found = queries.limit_of(detail)
        return _limit_words(found) if found is not None else ""
    known = catalogue.procedure(dossier.procedure_code)
    if known is None:
        return ""
    return f"{known.days:02d} ngày làm việc" if known.days else "trong ngày làm việc"


def _limit_words(limit: TimeLimit) -> str:
    if limit.unit == LimitUnit.SAME_DAY:
        return "trong ngày làm việc"
    if limit.unit == LimitUnit.UNKNOWN or limit.amount is None:
        return line(limit.text)
    whole = limit.amount == int(limit.amount)
    amount = f"{int(limit.amount):02d}" if whole else decimal(limit.amount, 1)
    return f"{amount} {LimitUnit(limit.unit).label}"


def register_row(number: int, dossier: Dossier, detail: DossierDetail | None, competent: str) -> list[str]:
    """A line of form 07."""
    where = ", ".join(part for part in (dossier.address, dossier.village) if part)
    phone = detail.phone if detail is not None else ""
    how = ""
    if dossier.status == Status.RETURNED:
        how = str(Delivery(detail.delivery if detail is not None else Delivery.COUNTER).label)
    note = "" if dossier.status == Status.RETURNED else str(Status(dossier.status).label)
    if detail is not None and detail.channel != Channel.IN_PERSON:
        note = "; ".join(part for part in (str(Channel(detail.channel).label), note) if part)
    return [
        str(number),
        dossier.code.replace("-", "-\u200b"),
        line(catalogue.procedure_name(dossier.procedure_code)),
        "01",
        line(dossier.applicant_name),
        line("; ".join(part for part in (where, phone) if part)),
        line(competent),
        date_time(dossier.received_at),
        date_time(dossier.due_at) if dossier.due_at is not None else "",
        date_time(dossier.finished_at) if dossier.finished_at is not None else "",
        date_time(dossier.finished_at) if dossier.finished_at and dossier.status == Status.RETURNED else "",
        how,
        note,
    ]
