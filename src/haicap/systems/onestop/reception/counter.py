"""Màn hình tiếp nhận: from what was typed to what the page shows, and to a dossier.

The page is one form; each press sends all of it and gets all of it back. What is typed is never lost: it is the draft.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.utils.translation import gettext as _

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.days import parse_day
from haicap.kernel.errors import HaicapError
from haicap.kernel.models import StoredFile
from haicap.kernel.text import clean
from haicap.registry.models import Agency, Unit
from haicap.systems.onestop import catalogue, deadlines
from haicap.systems.onestop.catalogue.competence import Competent
from haicap.systems.onestop.models import (
    ApplicantKind,
    Channel,
    Delivery,
    Dossier,
    DossierDetail,
    DossierFee,
    Fee,
    ProcedureVersion,
    RequiredPaper,
    Result,
)
from haicap.systems.onestop.reception import queries
from haicap.systems.onestop.reception.drafts import Draft
from haicap.systems.onestop.reception.errors import BadEntry, BadIdentity, PapersMissing
from haicap.systems.onestop.reception.identity import check_number, check_tax_code, read_identity
from haicap.systems.onestop.reception.intake import FeeDue, Intake, PaperGiven
from haicap.systems.onestop.reception.queries import Known, Place, Receiver
from haicap.systems.onestop.reception.service import missing_papers, take_in
from haicap.systems.onestop.results import queries as results
from haicap.systems.onestop.service import Application

#: how a dossier comes to a counter
CHANNELS = (Channel.IN_PERSON, Channel.POSTAL)
MOST_FOUND = 8
MOST_EXTRA = 30
MOST_DONG = 10**11


@dataclass(frozen=True, slots=True)
class PaperRow:
    """A paper of the published list as the form shows it."""

    paper: RequiredPaper
    given: bool
    originals: int
    copies: int


@dataclass(frozen=True, slots=True)
class FeeRow:
    """A fee as the form shows it; `sum` None where neither the text nor the official says an amount."""

    fee: Fee
    quantity: int
    amount: int | None
    sum: int | None


@dataclass(slots=True)
class Screen:
    """What the page shows for what was typed."""

    draft: Draft
    receiver: Receiver
    receivers: list[Receiver]
    places: list[Place]
    place: Place | None = None
    version: ProcedureVersion | None = None
    found: list[ProcedureVersion] = field(default_factory=list)
    channel: Channel = Channel.IN_PERSON
    cases: list[str] = field(default_factory=list)
    case: str = ""
    papers: list[PaperRow] = field(default_factory=list)
    fees: list[FeeRow] = field(default_factory=list)
    competents: list[Competent] = field(default_factory=list)
    competent: Competent | None = None
    due_at: datetime | None = None
    needs_days: bool = False
    known: Known | None = None
    held: list[Result] = field(default_factory=list)
    problem: HaicapError | None = None
    focus: str = "quet"

    @property
    def total(self) -> int:
        """The fees together."""
        return sum(row.sum or 0 for row in self.fees)

    @property
    def elsewhere(self) -> bool:
        """Phi địa giới: received here, decided elsewhere."""
        return self.competent is not None and self.competent.agency_id != self.receiver.agency_id

    @property
    def missing(self) -> list[PaperRow]:
        """Papers of the list that are not ticked."""
        return [row for row in self.papers if not row.given]


def read_scan(draft: Draft, places: Sequence[Place]) -> str:
    """Put what was scanned or typed into the fields: a QR text fills name, birth and address; the number checked.

    Returns the number. Raises BadIdentity (ONE-601).
    """
    text = draft.get("quet") or draft.get("so")
    if not text:
        raise BadIdentity(
            _("Chưa quét thẻ, cũng chưa gõ số định danh."),
            where="quet",
            kept=_("Những gì đã nhập vẫn còn."),
            todo=_("Quét mã QR trên thẻ căn cước, hoặc gõ số in trên thẻ."),
        )
    if draft.get("doi-tuong") == str(int(ApplicantKind.ORGANISATION)):
        draft.typed["so"] = check_tax_code(text)
        draft.typed["quet"] = ""
        return ""
    found = read_identity(text)
    draft.typed["quet"] = ""
    draft.typed["so"] = found.number
    if found.full_name:
        draft.typed["ho-ten"] = found.full_name
        draft.typed["ngay-sinh"] = f"{found.birth_date:%d/%m/%Y}" if found.birth_date else ""
        draft.typed["dia-chi"] = found.address
        named = queries.place_in(found.address, places)
        if named is not None:
            draft.typed["dia-ban"] = named.code
    return found.number


def fill_from(draft: Draft, known: Known) -> None:
    """What is known of the person from before, where nothing was typed."""
    facts = {
        "ho-ten": known.name,
        "dia-chi": known.address,
        "dien-thoai": known.phone,
        "email": known.email,
        "ngay-sinh": f"{known.birth_date:%d/%m/%Y}" if known.birth_date else "",
    }
    for name, value in facts.items():
        if value and not draft.get(name):
            draft.typed[name] = value


def receiver_of(draft: Draft, receivers: Sequence[Receiver]) -> Receiver:
    """The agency that was chosen to receive, else the first."""
    return next((one for one in receivers if str(one.agency_id) == draft.get("co-quan")), receivers[0])


def screen(actor: Actor, draft: Draft, receivers: list[Receiver]) -> Screen:
    """All that the page shows. The caller has made sure that the actor may receive."""
    receiver = receiver_of(draft, receivers)
    places = queries.places(receiver.unit_id)
    shown = Screen(draft, receiver, receivers, places)
    shown.place = next((one for one in places if one.code == draft.get("dia-ban")), None) or next(
        (one for one in places if one.unit_id == receiver.unit_id), None
    )
    shown.channel = Channel.POSTAL if draft.get("kenh") == str(int(Channel.POSTAL)) else Channel.IN_PERSON
    shown.version = queries.version_of(draft.get("ban"))
    if shown.version is not None:
        _show_procedure(shown, shown.version)
    return shown


def _show_procedure(shown: Screen, version: ProcedureVersion) -> None:
    draft, today = shown.draft, clock.today()
    shown.cases = queries.cases(version, shown.channel)
    shown.case = draft.get("truong-hop") if draft.get("truong-hop") in shown.cases else ""
    listed = [
        one for one in version.papers.order_by("position") if not one.case or one.case[:300] == shown.case
    ]
    shown.papers = [_paper_row(draft, one) for one in listed[:200]]
    fees = [one for one in version.fees.order_by("position") if one.channel in (None, shown.channel)]
    shown.fees = [_fee_row(draft, one) for one in fees[:50]]
    unit = shown.place.unit_id if shown.place is not None else shown.receiver.unit_id
    shown.competents = catalogue.competent_agencies(version.procedure_id, unit, today)
    chosen = draft.get("co-quan-giai-quyet")
    shown.competent = next(
        (one for one in shown.competents if str(one.agency_id) == chosen),
        next(
            (one for one in shown.competents if one.agency_id == shown.receiver.agency_id),
            shown.competents[0] if shown.competents else None,
        ),
    )
    holder = shown.competent.agency_id if shown.competent is not None else shown.receiver.agency_id
    shown.due_at = deadlines.due_at(version, shown.channel, shown.case, clock.now(), holder)
    shown.needs_days = shown.due_at is None
    days = draft.get("so-ngay")
    if days.isascii() and days.isdigit() and int(days) <= 400:
        shown.due_at = deadlines.appointment(clock.now(), int(days), holder)


def _paper_row(draft: Draft, paper: RequiredPaper) -> PaperRow:
    return PaperRow(
        paper,
        f"giay-{paper.pk}" in draft.typed,
        _count(draft.get(f"chinh-{paper.pk}"), paper.originals),
        _count(draft.get(f"sao-{paper.pk}"), paper.copies),
    )


def _fee_row(draft: Draft, fee: Fee) -> FeeRow:
    quantity = _count(draft.get(f"luong-{fee.pk}"), 1)
    typed = re.sub(r"[\s.]", "", draft.get(f"tien-{fee.pk}"))
    amount = fee.amount
    if typed.isascii() and typed.isdigit() and int(typed) <= MOST_DONG:
        amount = int(typed)
    return FeeRow(fee, quantity, amount, amount * quantity if amount is not None else None)


def _count(text: str, otherwise: int) -> int:
    return min(int(text), 9_999) if text.isascii() and text.isdigit() and len(text) < 6 else otherwise


def receive(actor: Actor, shown: Screen) -> Dossier:
    """Tiếp nhận: make the dossier of what the page says. Raises BadEntry (ONE-610), PapersMissing (ONE-604) until the
    official says that they are not needed, and what `take_in` raises; nothing is kept then but the draft.
    """
    intake = _intake(actor, shown)
    competent = shown.competent.agency_id if shown.competent is not None else shown.receiver.agency_id
    return take_in(
        actor,
        intake,
        receiving_agency=queries.agency(shown.receiver.agency_id),
        competent_agency=Agency.objects.get(pk=competent),
    )


def is_received(draft: Draft) -> bool:
    """Whether this form has made its dossier already."""
    try:
        return DossierDetail.objects.filter(submission=uuid.UUID(draft.get("lan"))).exists()
    except ValueError:
        return False


def _intake(actor: Actor, shown: Screen) -> Intake:
    draft, version = shown.draft, shown.version
    if version is None:
        raise _bad("thu-tuc", _("Chưa chọn thủ tục."))
    papers = _papers(actor, shown)
    missing = [one.name for one in missing_papers(version, shown.case, papers)]
    if missing and "nhan-thieu" not in draft.typed:
        raise PapersMissing(
            _("Hồ sơ còn thiếu %(count)d giấy tờ: %(names)s.")
            % {"count": len(missing), "names": "; ".join(clean(one)[:120] for one in missing[:5])},
            where="papers",
            kept=_("Những gì đã nhập vẫn còn."),
            todo=_("Hãy nộp đủ; hoặc đánh dấu «Vẫn tiếp nhận» nếu trường hợp này không cần các giấy tờ ấy."),
        )
    organisation = draft.get("doi-tuong") == str(int(ApplicantKind.ORGANISATION))
    number = draft.get("so")
    if number:
        number = check_tax_code(number) if organisation else check_number(number)
    return Intake(
        application=Application(
            version.procedure.code,
            draft.get("ho-ten"),
            field=version.field_id,
            place=Unit.objects.filter(pk=shown.place.unit_id).first() if shown.place is not None else None,
            village=draft.get("thon"),
            address=draft.get("dia-chi"),
            working_days=_days(draft),
            applicant_number="" if organisation else number,
        ),
        submission=_submission(draft),
        version=version,
        channel=shown.channel,
        case=shown.case,
        applicant_kind=ApplicantKind.ORGANISATION if organisation else ApplicantKind.CITIZEN,
        applicant_number=number,
        birth_date=_birth(draft),
        phone=draft.get("dien-thoai"),
        email=draft.get("email"),
        representative_name=draft.get("nguoi-nop-thay"),
        representative_number=draft.get("so-nop-thay"),
        summary=draft.get("trich-yeu"),
        form={"missing_accepted": missing[:50]} if missing else {},
        copies=max(1, min(_count(draft.get("so-ban"), 1), 500)),
        delivery=_delivery(draft),
        delivery_address=draft.get("dia-chi-tra"),
        papers=papers,
        fees=_fees(shown),
    )


def _papers(actor: Actor, shown: Screen) -> tuple[PaperGiven, ...]:
    """Ticked papers with the file that belongs to each, held results, others by name, and files of their own."""
    draft = shown.draft
    stored = StoredFile.objects.in_bulk([one["digest"] for one in draft.files])
    of_paper: dict[str, dict[str, str]] = {}
    alone = []
    for one in draft.files:
        belongs = draft.get(f"tep-{one['digest'][:16]}")
        if belongs and belongs not in of_paper:
            of_paper[belongs] = one
        else:
            alone.append(one)
    given = []
    for row in shown.papers:
        file = of_paper.pop(str(row.paper.pk), None)
        if row.given or file is not None:
            given.append(
                PaperGiven(
                    row.paper.name,
                    row.paper.code,
                    originals=row.originals if row.given else 0,
                    copies=row.copies if row.given else 0,
                    file=stored.get(file["digest"]) if file is not None else None,
                    file_name=file["name"] if file is not None else "",
                )
            )
    for held in _held(actor, draft):
        given.append(PaperGiven(held.name, held.paper_code, reused=held))
    lines = [clean(line) for line in draft.typed.get("giay-khac", "").splitlines()]
    given += [PaperGiven(line, originals=1) for line in lines[:MOST_EXTRA] if line]
    for one in [*alone, *of_paper.values()]:
        given.append(PaperGiven(one["name"], file=stored.get(one["digest"]), file_name=one["name"]))
    return tuple(given)


def _held(actor: Actor, draft: Draft) -> list[Result]:
    """The results that were ticked, among those that are held about this number."""
    wanted = {name.removeprefix("dung-lai-") for name in draft.typed if name.startswith("dung-lai-")}
    if not wanted or not draft.get("so"):
        return []
    return [one for one in results.held_results(actor, draft.get("so")) if str(one.pk) in wanted]


def _fees(shown: Screen) -> tuple[FeeDue, ...]:
    method = shown.draft.get("cach-thu")
    if method not in (DossierFee.Method.CASH, DossierFee.Method.TRANSFER):
        method = ""
    receipt = shown.draft.get("bien-lai")
    rows = [row for row in shown.fees if row.sum is not None and row.quantity]
    return tuple(
        FeeDue(
            row.fee.name or _("Phí, lệ phí"),
            row.sum or 0,
            row.fee.code,
            method if row.sum else "",
            receipt if row.sum else "",
        )
        for row in rows
    )


def _days(draft: Draft) -> int | None:
    days = draft.get("so-ngay")
    if not days:
        return None
    if not (days.isascii() and days.isdigit() and len(days) <= 3):
        raise _bad("so-ngay", _("Số ngày làm việc phải là một số."))
    return int(days)


def _birth(draft: Draft) -> date | None:
    if not draft.get("ngay-sinh"):
        return None
    born = parse_day(draft.get("ngay-sinh"))
    if not 1880 <= born.year <= clock.today().year or born > clock.today():
        raise _bad("ngay-sinh", _("Ngày sinh %(day)s không thể có.") % {"day": f"{born:%d/%m/%Y}"})
    return born


def _delivery(draft: Draft) -> Delivery:
    try:
        return Delivery(int(draft.get("tra") or Delivery.COUNTER))
    except ValueError:
        return Delivery.COUNTER


def _submission(draft: Draft) -> uuid.UUID:
    try:
        return uuid.UUID(draft.get("lan"))
    except ValueError:
        raise _bad("lan", _("Biểu mẫu thiếu mã của lần nộp.")) from None


def _bad(where: str, message: str) -> BadEntry:
    return BadEntry(
        message, where=where, kept=_("Những gì đã nhập vẫn còn."), todo=_("Hãy sửa lại rồi tiếp nhận.")
    )
