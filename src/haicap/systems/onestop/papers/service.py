"""Use-cases of forms (phiếu, văn bản gửi người nộp): issue one, keep its words, print one or hundreds."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from haicap.kernel import clock, journal, paper
from haicap.kernel.actor import Actor
from haicap.kernel.formats import date as day_text
from haicap.kernel.formats import date_line, date_time
from haicap.kernel.text import clean
from haicap.registry.desks import holders_at
from haicap.registry.standing import standing
from haicap.systems.onestop import policy
from haicap.systems.onestop.models import (
    FINISHED,
    IN_FLIGHT,
    Dossier,
    DossierDetail,
    DossierLetter,
    LetterForm,
    Status,
)
from haicap.systems.onestop.papers import agencies, qr, queries, values
from haicap.systems.onestop.papers.errors import (
    ApologyGiven,
    BadLetter,
    LetterDoesNotFit,
    LetterNotAllowed,
    TooManySheets,
)
from haicap.systems.onestop.papers.values import Content
from haicap.systems.onestop.service import not_found

FORMS = Path(__file__).parent / "layout" / "forms.typ"
REGISTER = Path(__file__).parent / "layout" / "register.typ"
#: letters in one print run, copies of each, lines of a printed register
MOST_LETTERS, MOST_COPIES, MOST_LINES = 200, 5, 2_000
LARGEST_REASON, MOST_ITEMS, LONGEST_ITEM = 4_000, 50, 1_000
COPIES = ("Liên 1: giao người nộp hồ sơ", "Liên 2: lưu tại Bộ phận Một cửa")


@dataclass(frozen=True, slots=True)
class Rule:
    """When a form may be issued: with which permission, in which statuses, and whether it must say why."""

    permission: str
    statuses: frozenset[Status]
    says_why: bool = False


_EVERY = frozenset(Status)
RULES = {
    LetterForm.RECEIPT: Rule(policy.RECEIVE, _EVERY - {Status.REGISTERED, Status.REFUSED}),
    LetterForm.SUPPLEMENT: Rule(policy.ADVANCE, frozenset({Status.SUPPLEMENT}), says_why=True),
    LetterForm.REFUSAL: Rule(policy.RECEIVE, frozenset({Status.REFUSED}), says_why=True),
    LetterForm.APOLOGY: Rule(
        policy.ADVANCE, frozenset(IN_FLIGHT) - {Status.REGISTERED, *FINISHED}, says_why=True
    ),
    LetterForm.STOP: Rule(policy.ADVANCE, frozenset({Status.STOPPED}), says_why=True),
    LetterForm.CONTROL: Rule(policy.ADVANCE, _EVERY - {Status.REGISTERED}),
}
#: forms whose reason is, unless told otherwise, that of the step into this status
_REASONED_BY = {
    LetterForm.SUPPLEMENT: Status.SUPPLEMENT,
    LetterForm.REFUSAL: Status.REFUSED,
    LetterForm.STOP: Status.STOPPED,
}


def issue_letter(
    actor: Actor,
    dossier_id: uuid.UUID,
    form: LetterForm,
    content: Content | None = None,
    *,
    site: str = "",
    by_task: bool = False,
) -> DossierLetter:
    """Lập phiếu: issue a form of TT 03/2025/TT-VPCP for a dossier and keep the words it says.

    A form may be issued again (the newest counts), but one apology alone, with one new date: it becomes the
    dossier's `promised_at`, the appointment stays. `site` begins the tracking address of its QR code (default:
    the setting HAICAP_BASE_URL). `by_task`, for `processing` alone: the task whose outcome this form tells gave the
    right, at whatever status the route has led to. Raises DossierNotFound, LetterNotAllowed (ONE-401),
    LetterDoesNotFit (ONE-402), ApologyGiven (ONE-403), BadLetter (ONE-404).
    """
    with journal.act(actor, "onestop.issue_letter") as act:
        if not by_task and not queries.dossiers(actor).filter(pk=dossier_id).exists():
            raise not_found()
        dossier = Dossier.objects.select_for_update().get(pk=dossier_id)
        now = clock.now()
        issuer = issuer_of(dossier, form, now)
        if not by_task:
            _check(actor, dossier, form, issuer, now)
        said = _checked(dossier, form, content or Content(), now)
        before = _count(dossier, form)
        facts = values.gather(dossier, issuer, now.astimezone(clock.ZONE).date())
        with translation.override("vi"):
            made = values.build(
                form,
                facts,
                said,
                at=now,
                by=actor.label,
                track=tracking_address(dossier.code, site),
                again=before,
            )
        letter = DossierLetter.objects.create(
            dossier=dossier,
            form=form,
            number=made["number"][:60],
            issued_at=now,
            issued_by=actor.label[:200],
            reason=said.reason,
            new_due_at=said.new_due_at,
            values=made,
        )
        if form == LetterForm.APOLOGY:
            DossierDetail.objects.update_or_create(dossier=dossier, defaults={"promised_at": said.new_due_at})
        act.changed(
            "onestop.letter",
            letter.pk,
            None,
            {
                "dossier": dossier.code,
                "form": int(form),
                "number": letter.number,
                "new_due_at": said.new_due_at,
            },
        )
    return letter


def issuer_of(dossier: Dossier, form: LetterForm, now: datetime) -> uuid.UUID:
    """Which agency issues a form: the counter that received it, or who took over; for 04 and 05 who holds it now."""
    holder = holders_at([dossier.desk_id], now).get(dossier.desk_id)
    if form in (LetterForm.RECEIPT, LetterForm.REFUSAL):
        receiver = standing(dossier.receiving_agency_id, now.astimezone(clock.ZONE).date())
        if receiver is not None and not receiver.lives and receiver.successors:
            heirs = [heir.agency_id for heir in receiver.successors]
            return holder if holder is not None and holder in heirs else heirs[0]
        return dossier.receiving_agency_id
    return holder or dossier.competent_agency_id


def may_issue(actor: Actor, dossier: Dossier, now: datetime) -> list[LetterForm]:
    """The forms that the actor can issue for the dossier as it stands now."""
    found = []
    for form, rule in RULES.items():
        if dossier.status not in rule.statuses or not actor.may(rule.permission):
            continue
        if form == LetterForm.APOLOGY and _count(dossier, form):
            continue
        if actor.is_system or issuer_of(dossier, form, now) in actor.agency_ids:
            found.append(form)
    return found


def letters_pdf(letters: Sequence[DossierLetter], copies: int = 1) -> bytes:
    """In phiếu: the letters as one PDF, with the words they were issued with, `copies` of each behind one another.

    Raises TooManySheets (ONE-406), PaperFailed (KRN-120).
    """
    _check_amount(len(letters), copies)
    sheets = [sheet for letter in letters for sheet in _copies(letter.values, copies)]
    first = letters[0].values
    return paper.pdf(FORMS, {"title": first["title"], "author": " ".join(first["agency"]), "sheets": sheets})


def bulk_pdf(
    actor: Actor, dossier_ids: Collection[uuid.UUID], form: LetterForm, *, copies: int = 1, site: str = ""
) -> bytes:
    """In hàng loạt: the newest letter of a form for many dossiers, in one PDF; receipts that are missing are issued.

    Raises as `issue_letter` and `letters_pdf` do: all or none.
    """
    wanted = list(dict.fromkeys(dossier_ids))[: MOST_LETTERS + 1]
    seen = set(queries.dossiers(actor).filter(pk__in=wanted).values_list("pk", flat=True))
    if len(seen) != len(wanted) or not wanted:
        raise not_found()
    _check_amount(len(wanted), copies)
    found = queries.newest(wanted, form)
    with transaction.atomic():
        letters = [found.get(one) or issue_letter(actor, one, form, site=site) for one in wanted]
    return letters_pdf(letters, copies)


def register_pdf(actor: Actor, agency_id: uuid.UUID, first: date, last: date) -> bytes:
    """Sổ theo dõi hồ sơ (mẫu 07): what an agency received on these days, A4 across.

    Raises DossierNotFound where the actor may not read that register, TooManySheets (ONE-406), BadLetter (ONE-404)
    where the days are in the wrong order.
    """
    if first > last:
        raise BadLetter(_("Ngày đầu phải trước ngày cuối."), where="tu", todo=_("Hãy sửa lại hai ngày."))
    if not actor.sees_all and not queries.may_read_register(actor, agency_id):
        raise not_found()
    found = list(queries.register(actor, agency_id, first, last)[: MOST_LINES + 1])
    if len(found) > MOST_LINES:
        raise TooManySheets(
            _("Sổ có hơn %(count)s hồ sơ trong những ngày này.") % {"count": MOST_LINES},
            todo=_("Hãy in theo từng tháng hoặc từng tuần."),
        )
    with translation.override("vi"):
        return paper.pdf(REGISTER, _register_values(agency_id, found, first, last))


def tracking_address(code: str, site: str = "") -> str:
    """The public address that the QR code of a form leads to."""
    base = site or str(settings.HAICAP_BASE_URL)
    return f"{base.rstrip('/')}/tra-cuu/?ma={code}"


def _check_amount(letters: int, copies: int) -> None:
    if not 1 <= copies <= MOST_COPIES or not 1 <= letters <= MOST_LETTERS:
        raise TooManySheets(
            _("Mỗi lần in được từ 1 đến %(letters)s phiếu, mỗi phiếu từ 1 đến %(copies)s liên.")
            % {"letters": MOST_LETTERS, "copies": MOST_COPIES},
            kept=_("Các phiếu đã lập vẫn còn."),
            todo=_("Hãy chọn ít phiếu hơn rồi in tiếp."),
        )


def _copies(kept: dict[str, Any], copies: int) -> list[dict[str, Any]]:
    sheet = {**kept, "qr": qr.png(kept["track"])}
    if copies == 1:
        return [{**sheet, "copy": ""}]
    names = [COPIES[at] if at < len(COPIES) else f"Liên {at + 1}" for at in range(copies)]
    return [{**sheet, "copy": name} for name in names]


def _count(dossier: Dossier, form: LetterForm) -> int:
    return DossierLetter.objects.filter(dossier=dossier, form=form).count()


def _check(actor: Actor, dossier: Dossier, form: LetterForm, issuer: uuid.UUID, now: datetime) -> None:
    rule = RULES.get(form)
    if rule is None:
        raise BadLetter(_("Mẫu này không lập cho từng hồ sơ."), where="mau")
    if not actor.is_system and not (actor.may(rule.permission) and issuer in actor.agency_ids):
        raise LetterNotAllowed(
            _("Bạn không lập được «%(form)s» cho hồ sơ này.") % {"form": form.label},
            kept=_("Hồ sơ và các phiếu đã lập vẫn như cũ."),
            todo=_("Phiếu do cơ quan tiếp nhận hoặc cơ quan đang giữ hồ sơ lập."),
        )
    if dossier.status not in rule.statuses:
        raise LetterDoesNotFit(
            _("Hồ sơ đang ở «%(status)s», chưa lập được «%(form)s».")
            % {"status": Status(dossier.status).label, "form": form.label},
            kept=_("Chưa có phiếu nào được lập."),
            todo=_("Hãy chuyển trạng thái hồ sơ trước."),
        )
    if form == LetterForm.APOLOGY and _count(dossier, form):
        raise ApologyGiven(
            _("Hồ sơ %(code)s đã có một văn bản xin lỗi với ngày hẹn mới.") % {"code": dossier.code},
            kept=_("Văn bản đã lập vẫn còn, in lại được."),
            todo=_("Mỗi hồ sơ chỉ hẹn lại một lần: hãy trả kết quả đúng ngày đã hẹn lại."),
        )


def _checked(dossier: Dossier, form: LetterForm, content: Content, now: datetime) -> Content:
    """The content with clean texts; the reason of the step where none was given."""
    reason = clean(content.reason)
    if not reason and form in _REASONED_BY:
        reason = clean(queries.reason_of(dossier, _REASONED_BY[form]))
    items = tuple(filter(None, (clean(item)[:LONGEST_ITEM] for item in content.items[:MOST_ITEMS])))
    if form == LetterForm.SUPPLEMENT and not items and reason:
        items = (reason,)
    if RULES[form].says_why and not reason:
        raise _bad("ly-do", _("Phiếu này phải nêu lý do."))
    if len(reason) > LARGEST_REASON:
        raise _bad("ly-do", _("Lý do dài quá %(limit)s ký tự.") % {"limit": LARGEST_REASON})
    new_due_at = content.new_due_at if form == LetterForm.APOLOGY else None
    if form == LetterForm.APOLOGY:
        if new_due_at is None:
            raise _bad("hen-moi", _("Văn bản xin lỗi phải có ngày hẹn mới."))
        if new_due_at <= now or (dossier.due_at is not None and new_due_at <= dossier.due_at):
            raise _bad("hen-moi", _("Ngày hẹn mới phải sau hôm nay và sau ngày hẹn cũ."))
    return Content(
        reason=reason,
        items=items,
        new_due_at=new_due_at,
        contact=clean(content.contact)[:300],
        signer=clean(content.signer)[:200],
        signer_title=tuple(clean(one)[:100] for one in content.signer_title[:3]),
    )


def _bad(where: str, message: str) -> BadLetter:
    return BadLetter(
        message, where=where, kept=_("Chưa có phiếu nào được lập."), todo=_("Hãy sửa lại rồi lập.")
    )


def _register_values(
    agency_id: uuid.UUID, found: Sequence[Dossier], first: date, last: date
) -> dict[str, Any]:
    own = agencies.named([agency_id], last)[agency_id]
    above, lines = own.block(counter=True)
    names = agencies.named({one.competent_agency_id for one in found}, last)
    details = DossierDetail.objects.in_bulk([one.pk for one in found])
    rows = [
        values.register_row(at, one, details.get(one.pk), names[one.competent_agency_id].name)
        for at, one in enumerate(found, 1)
    ]
    now = clock.now()
    return {
        "title": "Sổ theo dõi hồ sơ",
        "author": own.name,
        "subtitle": f"Từ ngày {day_text(first)} đến ngày {day_text(last)}",
        "copy": "",
        "code": "",
        "number": "",
        "above": above,
        "agency": lines,
        "date_line": date_line(own.place, now.astimezone(clock.ZONE).date()),
        "columns": list(REGISTER_COLUMNS),
        "groups": ["Nhận và hẹn trả", "Kết quả"],
        "rows": rows,
        "empty": "Không có hồ sơ nào được tiếp nhận trong những ngày này.",
        "footer": f"{own.name}; in lúc {date_time(now)}; {len(found)} hồ sơ",
        "qr": [],
        "qr_line": "",
        "signers": [{"title": ["Người lập sổ"], "hint": values.SIGN_HINT, "name": ""}],
    }


REGISTER_COLUMNS = (
    "TT",
    "Mã hồ sơ",
    "Tên thủ tục hành chính",
    "Số bộ",
    "Tên cá nhân, tổ chức",
    "Địa chỉ, số điện thoại",
    "Cơ quan chủ trì giải quyết",
    "Nhận hồ sơ",
    "Hẹn trả kết quả",
    "Có kết quả",
    "Trả kết quả",
    "Phương thức nhận kết quả, ký nhận",
    "Ghi chú",
)
