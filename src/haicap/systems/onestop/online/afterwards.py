"""Sau khi nộp: supplement, withdraw, rate, complain; and what officials do with complaints.

What the owner of a dossier does is done as «Người nộp hồ sơ» (`Visitor.for_themselves`), after `own_dossier` has
shown that it is theirs.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import BinaryIO

from django.db import IntegrityError
from django.db.models import Max, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.calendar import service as calendars
from haicap.kernel.calendar.rules import TimeUnit
from haicap.kernel.text import clean
from haicap.registry.desks import holders_at
from haicap.systems.onestop import policy, service
from haicap.systems.onestop.models import (
    CLOSED,
    FINISHED,
    ComplaintState,
    Dossier,
    DossierComplaint,
    DossierLetter,
    DossierPaper,
    DossierRating,
    LetterForm,
    Status,
)
from haicap.systems.onestop.online.errors import BadWords, NotNow, TooManyFiles
from haicap.systems.onestop.online.visitors import Own, Visitor
from haicap.systems.onestop.reception import files as reception_files
from haicap.systems.onestop.reception.intake import PaperGiven
from haicap.systems.onestop.reception.service import add_papers
from haicap.systems.onestop.transitions import may_follow

LONGEST_WORDS, LONGEST_RATING = 3_000, 1_000
MOST_SUPPLEMENT_FILES = 20
MOST_COMPLAINTS = 5
#: working days of QĐ 766/QĐ-TTg (standards §6)
REFUSE_DAYS, ASK_DAYS, ANSWER_DAYS, PUBLISH_DAYS = 2, 5, 15, 2


# --- what the owner does
def asked_for(dossier: Dossier) -> list[str]:
    """What form 02 asks for, item by item; the reason of the step where there is no form."""
    letter = (
        DossierLetter.objects.filter(dossier=dossier, form=LetterForm.SUPPLEMENT)
        .order_by("-issued_at")
        .first()
    )
    if letter is not None:
        items = [
            str(item.get("text", "")) for item in letter.values.get("list", []) if isinstance(item, dict)
        ]
        return [item for item in items if item] or [letter.reason]
    step = dossier.steps.filter(status=Status.SUPPLEMENT).order_by("-at", "-id").first()
    return [step.note] if step is not None and step.note else []


def waits_for_look(dossier: Dossier) -> bool:
    """Whether the owner has supplemented since that was asked for last, and nobody has gone on yet."""
    if dossier.status != Status.SUPPLEMENT:
        return False
    asked = dossier.steps.filter(status=Status.SUPPLEMENT).aggregate(at=Max("at"))["at"]
    added = dossier.papers.filter(round__gt=0).aggregate(at=Max("at"))["at"]
    return bool(added and asked and added >= asked)


def supplement(
    visitor: Visitor, own: Own, uploads: Sequence[tuple[BinaryIO, str]], words: str = ""
) -> list[DossierPaper]:
    """Bổ sung: files (and words) for what form 02 asked for; the clock runs again where it had begun.

    Raises NotNow (ONE-808) unless something is asked for, BadWords (ONE-809), TooManyFiles (ONE-807), and what
    `reception.files.accept` raises; nothing is kept then.
    """
    said = _words(words, LONGEST_WORDS)
    if not uploads and not said:
        raise BadWords(
            _("Chưa có tệp nào được chọn."),
            where="tep",
            kept=_("Hồ sơ vẫn như cũ."),
            todo=_("Hãy chọn ít nhất một tệp, hoặc viết điều cần nói rõ."),
        )
    if len(uploads) > MOST_SUPPLEMENT_FILES:
        raise TooManyFiles(
            _("Mỗi lần bổ sung được nhiều nhất %(most)d tệp.") % {"most": MOST_SUPPLEMENT_FILES},
            where="tep",
            kept=_("Hồ sơ vẫn như cũ."),
            todo=_("Hãy ghép các ảnh thành một tệp PDF."),
        )
    actor = visitor.for_themselves
    with journal.act(actor, "onestop.supplement_dossier") as act:
        dossier = Dossier.objects.select_for_update().get(pk=own.dossier.pk)
        if dossier.status != Status.SUPPLEMENT:
            raise _not_now(dossier)
        round_number = 1 + (dossier.papers.aggregate(last=Max("round"))["last"] or 0)
        taken = dossier.papers.aggregate(bytes=Sum("file__size_bytes"))["bytes"] or 0
        papers = []
        for content, name in uploads:
            stored = reception_files.accept(content, name, taken_bytes=taken)
            taken += stored.size_bytes
            papers.append(PaperGiven(name=str(_("Giấy tờ bổ sung")), file=stored, file_name=clean(name)))
        if said:
            papers.append(PaperGiven(name=_("Lời người nộp: %(words)s") % {"words": said[:900]}))
        add_papers(dossier, tuple(papers), round_number=round_number)
        act.changed(
            "onestop.dossier_paper",
            dossier.pk,
            None,
            {"dossier": dossier.code, "round": round_number, "papers": len(papers)},
        )
        if dossier.due_at is not None:
            # it had been received: the agency has the case again. One that had not waits for reception.
            service.advance_dossier(
                actor,
                dossier.pk,
                Status.PROCESSING,
                note=str(_("Người nộp đã bổ sung")),
                expected=Status.SUPPLEMENT,
            )
    return list(dossier.papers.filter(round=round_number).order_by("position"))


def may_withdraw(dossier: Dossier) -> bool:
    """Whether the owner may still take the dossier back."""
    return may_follow(dossier.status, Status.WITHDRAWN)


def withdraw(visitor: Visitor, own: Own, reason: str) -> Dossier:
    """Rút hồ sơ, with a reason. Raises NotNow (ONE-808), BadWords (ONE-809)."""
    why = _words(reason, 1_000)
    if not why:
        raise BadWords(
            _("Hãy viết lý do rút hồ sơ."),
            where="ly-do",
            kept=_("Hồ sơ vẫn như cũ."),
            todo=_("Một câu là đủ."),
        )
    if not may_withdraw(own.dossier):
        raise _not_now(own.dossier)
    return service.advance_dossier(
        visitor.for_themselves,
        own.dossier.pk,
        Status.WITHDRAWN,
        note=why,
        expected=Status(own.dossier.status),
    )


def may_rate(dossier: Dossier) -> bool:
    """Whether the owner can rate now: after the work ended, once."""
    return dossier.status in FINISHED and not DossierRating.objects.filter(dossier=dossier).exists()


def rate(visitor: Visitor, own: Own, stars: int, words: str = "") -> DossierRating:
    """Đánh giá sự hài lòng, once a dossier. Raises NotNow (ONE-808), BadWords (ONE-809)."""
    if not 1 <= stars <= 5:
        raise BadWords(
            _("Hãy chọn một mức từ 1 đến 5."), where="muc", kept=_("Chưa có đánh giá nào được ghi.")
        )
    said = _words(words, LONGEST_RATING)
    if own.dossier.status not in FINISHED:
        raise _not_now(own.dossier)
    try:
        with journal.act(visitor.for_themselves, "onestop.rate_dossier") as act:
            made = DossierRating.objects.create(
                dossier=own.dossier, stars=stars, words=said, given_at=clock.now()
            )
            act.changed("onestop.rating", made.pk, None, {"dossier": own.dossier.code, "stars": made.stars})
    except IntegrityError as error:
        raise NotNow(
            _("Hồ sơ này đã được đánh giá."),
            kept=_("Đánh giá trước vẫn còn."),
            todo=_("Mỗi hồ sơ đánh giá một lần; bạn vẫn có thể gửi phản ánh."),
        ) from error
    return made


def complain(visitor: Visitor, own: Own, words: str) -> DossierComplaint:
    """Gửi phản ánh, kiến nghị; its last days are counted by the calendar of who holds the dossier.

    Raises BadWords (ONE-809), NotNow (ONE-808) where too many are open.
    """
    said = _words(words, LONGEST_WORDS, lines=True)
    if not said:
        raise BadWords(
            _("Hãy viết điều bạn muốn phản ánh."), where="noi-dung", kept=_("Chưa gửi gì."), todo=""
        )
    dossier = own.dossier
    with journal.act(visitor.for_themselves, "onestop.complain_of_dossier") as act:
        Dossier.objects.select_for_update().get(pk=dossier.pk)
        if DossierComplaint.objects.filter(dossier=dossier).count() >= MOST_COMPLAINTS:
            raise NotNow(
                _("Hồ sơ này đã có %(most)d phản ánh.") % {"most": MOST_COMPLAINTS},
                kept=_("Các phản ánh đã gửi vẫn còn."),
                todo=_("Hãy đợi trả lời, hoặc đến gặp lãnh đạo cơ quan."),
            )
        now = clock.now()
        holder = holders_at([dossier.desk_id], now).get(dossier.desk_id)
        made = DossierComplaint.objects.create(
            dossier=dossier,
            words=said,
            sent_at=now,
            refuse_by=_by(now, REFUSE_DAYS, holder),
            ask_by=_by(now, ASK_DAYS, holder),
            answer_by=_by(now, ANSWER_DAYS, holder),
        )
        act.changed("onestop.complaint", made.pk, None, {"dossier": dossier.code})
    return made


def reply(visitor: Visitor, own: Own, complaint_id: uuid.UUID, words: str) -> DossierComplaint:
    """Nói rõ thêm what was asked. Raises BadWords (ONE-809), NotNow (ONE-808)."""
    said = _words(words, LONGEST_WORDS, lines=True)
    if not said:
        raise BadWords(_("Hãy viết câu trả lời."), where="noi-dung", kept=_("Chưa gửi gì."))
    with journal.act(visitor.for_themselves, "onestop.reply_complaint") as act:
        found = (
            DossierComplaint.objects.select_for_update().filter(pk=complaint_id, dossier=own.dossier).first()
        )
        if found is None or found.state != ComplaintState.ASKED:
            raise _complaint_moved()
        found.state, found.reply = ComplaintState.SENT, said
        found.save(update_fields=["state", "reply"])
        act.changed("onestop.complaint", found.pk, {"state": "asked"}, {"state": "sent"})
    return found


# --- what officials do
def complaints(actor: Actor, *, open_only: bool = True) -> QuerySet[DossierComplaint]:
    """Complaints about dossiers that the actor may see, the most urgent first."""
    policy.check_list(actor)
    visible = Dossier.objects.visible_to(actor)
    found = DossierComplaint.objects.filter(dossier__in=visible).select_related("dossier")
    if open_only:
        found = found.filter(
            Q(state__in=[ComplaintState.SENT, ComplaintState.ASKED]) | Q(state=ComplaintState.ANSWERED)
        )
    return found.order_by("answer_by", "id")


def complaint(actor: Actor, complaint_id: uuid.UUID) -> DossierComplaint:
    """One of them. Raises DossierNotFound."""
    found = complaints(actor, open_only=False).filter(pk=complaint_id).first()
    if found is None:
        raise service.not_found()
    return found


#: what an official can do: from which states, to which
DECISIONS: dict[ComplaintState, frozenset[ComplaintState]] = {
    ComplaintState.ASKED: frozenset({ComplaintState.SENT}),
    ComplaintState.REFUSED: frozenset({ComplaintState.SENT}),
    ComplaintState.ANSWERED: frozenset({ComplaintState.SENT, ComplaintState.ASKED}),
    ComplaintState.PUBLISHED: frozenset({ComplaintState.ANSWERED}),
}


def decide_complaint(
    actor: Actor, complaint_id: uuid.UUID, to: ComplaintState, words: str = ""
) -> DossierComplaint:
    """Giải quyết phản ánh: ask back, refuse, answer, publish the answer; by who works on the dossier.

    Raises DossierNotFound, StepNotAllowed, BadWords (ONE-809), NotNow (ONE-808).
    """
    said = _words(words, LONGEST_WORDS, lines=True)
    if to != ComplaintState.PUBLISHED and not said:
        raise BadWords(_("Hãy viết nội dung."), where="noi-dung", kept=_("Phản ánh vẫn như cũ."))
    with journal.act(actor, "onestop.decide_complaint", reason=said[:500]) as act:
        complaint(actor, complaint_id)
        found = (
            DossierComplaint.objects.select_for_update(of=("self",))
            .select_related("dossier")
            .get(pk=complaint_id)
        )
        now = clock.now()
        holder = holders_at([found.dossier.desk_id], now).get(found.dossier.desk_id)
        policy.check_step(actor, policy.ADVANCE, [holder])
        if found.state not in DECISIONS.get(to, frozenset()):
            raise _complaint_moved()
        before = found.state
        found.state = to
        if to == ComplaintState.ASKED:
            found.question = said
        elif to == ComplaintState.PUBLISHED:
            found.published_at = now
        else:
            found.answer, found.answered_by, found.decided_at = said, actor.label[:200], now
            found.publish_by = _by(now, PUBLISH_DAYS, holder) if to == ComplaintState.ANSWERED else None
        found.save()
        act.changed("onestop.complaint", found.pk, {"state": before}, {"state": to})
    return found


# --- small things
def is_late(one: DossierComplaint, now: datetime) -> bool:
    """Whether the next thing to do with a complaint should have been done by now."""
    if one.state in (ComplaintState.SENT, ComplaintState.ASKED):
        return one.answer_by < now
    return one.state == ComplaintState.ANSWERED and one.publish_by is not None and one.publish_by < now


def is_closed(dossier: Dossier) -> bool:
    """Whether nothing more happens with the dossier."""
    return dossier.status in CLOSED


def _by(now: datetime, days: int, agency_id: uuid.UUID | None) -> datetime:
    return calendars.add_working_time(now, days, TimeUnit.WORKING_DAYS, agency_id)


def _words(text: str, longest: int, *, lines: bool = False) -> str:
    said = "\n".join(clean(line) for line in text.splitlines()).strip() if lines else clean(text)
    if len(said) > longest:
        raise BadWords(
            _("Dài quá %(limit)s ký tự.") % {"limit": longest},
            where="noi-dung",
            kept=_("Chưa gửi gì; những gì bạn viết vẫn còn."),
            todo=_("Hãy viết ngắn lại, hoặc gửi kèm tệp."),
        )
    return said


def _not_now(dossier: Dossier) -> NotNow:
    return NotNow(
        _("Hồ sơ đang ở «%(status)s», không làm được việc này.") % {"status": Status(dossier.status).label},
        kept=_("Hồ sơ vẫn như cũ."),
        todo=_("Hãy mở lại trang hồ sơ để xem việc có thể làm."),
    )


def _complaint_moved() -> NotNow:
    return NotNow(
        _("Phản ánh này vừa được giải quyết hoặc chưa đến bước ấy."),
        kept=_("Phản ánh vẫn như cũ."),
        todo=_("Hãy mở lại trang."),
    )
