"""Chứng thực bản sao từ bản chính: received, numbered, charged, closed in one act, for one applicant at a time.

One number for each kind of paper, however many copies of it (TT 01/2020/TT-BTP, điều 3); the fee by pages of the
original and copies (TT 226/2016/TT-BTC), its rates in `data/copy_fees.csv` with the days on which they hold.
"""

from __future__ import annotations

import csv
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.text import clean
from haicap.registry.models import Agency
from haicap.systems.onestop import catalogue, policy, service
from haicap.systems.onestop.models import (
    Certification,
    Delivery,
    Dossier,
    DossierFee,
    DossierTask,
    Status,
    TaskKind,
)
from haicap.systems.onestop.models.queryset import task_reach
from haicap.systems.onestop.processing.engine import definition_of
from haicap.systems.onestop.processing.service import complete_task
from haicap.systems.onestop.reception.errors import BadEntry, EntryNotFound, NumbersFull, UndoTooLate
from haicap.systems.onestop.reception.intake import FeeDue, Intake, PaperGiven
from haicap.systems.onestop.reception.service import add_fees, take_in
from haicap.systems.onestop.routes.definition import OutcomeKind
from haicap.systems.onestop.service import Application

#: sổ chứng thực bản sao từ bản chính
BOOK = "SCT/BS"
PROCEDURE = "2.000815"
FIELD = "chung-thuc"
MOST_NUMBER = 9_999_999
MOST_PAGES, MOST_COPIES, MOST_PAPERS = 2_000, 500, 20
#: steps of a route that the counter may walk by itself
_ONWARD = (OutcomeKind.FORWARD, OutcomeKind.SIGN, OutcomeKind.STAMP, OutcomeKind.RETURN)
_MOST_STEPS = 12
#: handed out by one press
MOST_RETURNED = 100
DATA = Path(__file__).parent / "data" / "copy_fees.csv"


@dataclass(frozen=True, slots=True)
class FeeRule:
    """Mức phí: `first_price` for each of the first pages, `further_price` for the others, at most so much a copy."""

    book: str
    begins: date
    ends: date | None
    first_pages: int
    first_price: int
    further_price: int
    most_a_copy: int
    basis: str

    def fee(self, pages: int, copies: int) -> int:
        """The fee for `copies` copies of an original of `pages` pages, in đồng."""
        first = min(pages, self.first_pages)
        one = first * self.first_price + (pages - first) * self.further_price
        return copies * min(one, self.most_a_copy)


@dataclass(frozen=True, slots=True)
class CopiedPaper:
    """Bản chính được sao: its name, its pages, how many copies are certified."""

    name: str
    pages: int = 1
    copies: int = 1


@dataclass(frozen=True, slots=True)
class CopyRequest:
    """Yêu cầu chứng thực: one applicant with the papers; `key` is that of this act, so that it is done once."""

    key: uuid.UUID
    name: str
    papers: tuple[CopiedPaper, ...]
    number: str = ""


@dataclass(frozen=True, slots=True)
class Certified:
    """What became of a request: its dossier and the entries in the book."""

    dossier: Dossier
    entries: tuple[Certification, ...]


@cache
def fee_rules() -> tuple[FeeRule, ...]:
    """The rates that haicap brings along."""
    with DATA.open(encoding="utf-8", newline="") as file:
        return tuple(
            FeeRule(
                row["book"],
                date.fromisoformat(row["from"]),
                date.fromisoformat(row["until"]) if row["until"] else None,
                int(row["first_pages"]),
                int(row["first_price"]),
                int(row["further_price"]),
                int(row["most_a_copy"]),
                row["basis"],
            )
            for row in csv.DictReader(file)
        )


def rule_on(day: date, book: str = BOOK) -> FeeRule:
    """The rates of a day. Raises BadEntry where none are known."""
    for rule in fee_rules():
        if rule.book == book and rule.begins <= day and (rule.ends is None or day < rule.ends):
            return rule
    raise BadEntry(
        _("Chưa có mức phí chứng thực cho ngày %(day)s.") % {"day": f"{day:%d/%m/%Y}"},
        kept=_("Chưa có gì được ghi."),
        todo=_("Báo quản trị tỉnh cập nhật bảng mức phí."),
    )


def certify(actor: Actor, request: CopyRequest, *, agency: Agency) -> Certified:
    """Chứng thực bản sao: a dossier that is received, worked on, done and handed out, with numbers and the fee paid.

    All or nothing; the same `key` again gives what it made before. A dossier whose procedure has a route walks it
    as far as the actor's title reaches and waits there. Raises BadEntry (ONE-610), NumbersFull (ONE-613), and what
    `take_in`, `advance_dossier` and `complete_task` raise.
    """
    papers = _checked(request)
    with journal.act(actor, "onestop.certify_copies") as act:
        dossier = take_in(actor, _intake(request, papers), receiving_agency=agency)
        there = tuple(Certification.objects.filter(dossier=dossier).order_by("number"))
        if there:
            return Certified(dossier, there)
        entries = _enter(actor, dossier, papers)
        for entry in entries:
            act.changed("onestop.certification", entry.id, None, _summary(entry))
        closed = _close(actor, dossier)
    return Certified(closed, entries)


def void_entry(actor: Actor, entry_id: uuid.UUID, reason: str) -> Certification:
    """Hủy mục trong sổ: struck out with a reason on the day it was made; its number is never given again.

    The fee is given back: its line says 0 đồng from then on. Raises EntryNotFound (ONE-612), UndoTooLate
    (ONE-611), ReasonMissing (ONE-206), ReceptionNotAllowed (ONE-101).
    """
    why = service.checked_reason(reason)
    with journal.act(actor, "onestop.void_certification", reason=why) as act:
        entry = Certification.objects.select_for_update().filter(pk=entry_id).first()
        if entry is None or (not actor.is_system and entry.agency_id not in actor.agency_ids):
            raise EntryNotFound(
                _("Không có mục này trong sổ, hoặc sổ của cơ quan khác."),
                todo=_("Hãy mở lại danh sách hôm nay."),
            )
        policy.check_reception(actor, entry.agency_id)
        if entry.voided_at is not None or entry.certified_on != clock.today():
            raise UndoTooLate(
                _("Mục số %(number)s đã hủy rồi, hoặc không phải của hôm nay.") % {"number": entry.number},
                kept=_("Sổ giữ nguyên."),
                todo=_("Sai sót của ngày trước: lập biên bản và ghi chú vào sổ giấy."),
            )
        before = _summary(entry)
        entry.voided_at, entry.void_reason = clock.now(), why[:300]
        entry.save(update_fields=["voided_at", "void_reason"])
        DossierFee.objects.filter(dossier_id=entry.dossier_id, receipt=receipt_of(entry)).update(amount=0)
        act.changed("onestop.certification", entry.id, before, _summary(entry))
    return entry


def receipt_of(entry: Certification) -> str:
    """Số biên lai: the entry's number, year and book."""
    return f"{entry.number}/{entry.year}-{entry.book}"


def next_numbers(agency_id: uuid.UUID, year: int, count: int, book: str = BOOK) -> range:
    """The next numbers of a book; its row stays locked until the transaction ends, so there is no gap.

    Raises NumbersFull (ONE-613).
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO onestop_certificationnumber AS given (agency_id, book, year, last)
            VALUES (%(agency)s, %(book)s, %(year)s, %(count)s)
            ON CONFLICT (agency_id, book, year) DO UPDATE SET last = given.last + %(count)s
            WHERE given.last + %(count)s <= %(most)s
            RETURNING last
            """,
            {"agency": agency_id, "book": book, "year": year, "count": count, "most": MOST_NUMBER},
        )
        row = cursor.fetchone()
    if row is None:
        raise NumbersFull(
            _("Sổ chứng thực năm %(year)s đã hết số.") % {"year": year}, kept=_("Chưa có gì được ghi.")
        )
    return range(row[0] - count + 1, row[0] + 1)


def _checked(request: CopyRequest) -> tuple[CopiedPaper, ...]:
    papers = tuple(CopiedPaper(clean(one.name)[:300], one.pages, one.copies) for one in request.papers)
    if not papers or len(papers) > MOST_PAPERS:
        raise _bad("paper", _("Cần từ 1 đến %(most)s loại giấy tờ.") % {"most": MOST_PAPERS})
    for one in papers:
        if not one.name:
            raise _bad("paper", _("Chưa ghi tên giấy tờ."))
        if not 1 <= one.pages <= MOST_PAGES:
            raise _bad("pages", _("Số trang phải từ 1 đến %(most)s.") % {"most": MOST_PAGES})
        if not 1 <= one.copies <= MOST_COPIES:
            raise _bad("copies", _("Số bản phải từ 1 đến %(most)s.") % {"most": MOST_COPIES})
    return papers


def _intake(request: CopyRequest, papers: Sequence[CopiedPaper]) -> Intake:
    version = catalogue.current(PROCEDURE)
    return Intake(
        application=Application(
            PROCEDURE,
            request.name,
            field=version.field_id if version is not None else FIELD,
            working_days=0,
            applicant_number=clean(request.number),
        ),
        submission=request.key,
        version=version,
        applicant_number=request.number,
        summary=_("Chứng thực bản sao: %(names)s") % {"names": "; ".join(one.name for one in papers)},
        copies=min(sum(one.copies for one in papers), 32_000),
        delivery=Delivery.COUNTER,
        papers=tuple(PaperGiven(one.name, originals=1, copies=one.copies) for one in papers),
    )


def _enter(actor: Actor, dossier: Dossier, papers: Sequence[CopiedPaper]) -> tuple[Certification, ...]:
    now, today = clock.now(), clock.today()
    rule = rule_on(today)
    numbers = next_numbers(dossier.receiving_agency_id, today.year, len(papers))
    entries = Certification.objects.bulk_create(
        Certification(
            dossier=dossier,
            agency_id=dossier.receiving_agency_id,
            book=BOOK,
            year=today.year,
            number=number,
            paper=one.name,
            pages=one.pages,
            copies=one.copies,
            fee=rule.fee(one.pages, one.copies),
            certified_on=today,
            at=now,
            made_by=actor.label[:200],
        )
        for number, one in zip(numbers, papers, strict=True)
    )
    name = _("Phí chứng thực bản sao")
    add_fees(
        dossier,
        tuple(FeeDue(name, entry.fee, BOOK, DossierFee.Method.CASH, receipt_of(entry)) for entry in entries),
    )
    return tuple(entries)


def _close(actor: Actor, dossier: Dossier) -> Dossier:
    """Through «đang xử lý» and «đã xử lý xong» to «đã trả», or along the route as far as the actor's title goes."""
    if not DossierTask.objects.filter(dossier=dossier, closed_at__isnull=True).exists():
        for status in (Status.PROCESSING, Status.PROCESSED):
            service.advance_dossier(actor, dossier.id, status)
        return service.return_result(actor, dossier.id)
    for _step in range(_MOST_STEPS):
        task = (
            DossierTask.objects.filter(task_reach(actor), dossier_id=dossier.id, closed_at__isnull=True)
            .select_related("dossier__detail")
            .first()
        )
        key = _onward(task) if task is not None else ""
        if task is None or not key:
            break
        dossier = complete_task(actor, task.id, key).dossier
    return dossier


def _onward(task: DossierTask) -> str:
    """The outcome of a task's step that goes on; empty where there is none."""
    version_id = task.dossier.detail.route_version_id
    step = definition_of(version_id).step(task.step) if version_id else None
    return next((one.key for one in step.outcomes if one.kind in _ONWARD), "") if step else ""


def ready_to_return(actor: Actor, agency_id: uuid.UUID) -> QuerySet[DossierTask]:
    """Copies that were signed and stamped along their route and wait to be handed out at this counter."""
    return (
        DossierTask.objects.filter(
            task_reach(actor),
            Exists(Certification.objects.filter(dossier=OuterRef("dossier"), agency_id=agency_id)),
            kind=TaskKind.RETURN,
            closed_at__isnull=True,
        )
        .select_related("dossier__detail")
        .order_by("id")
    )


def return_ready(actor: Actor, agency_id: uuid.UUID) -> int:
    """Trả kết quả: hand out all copies that are ready, at most `MOST_RETURNED`; how many. All or none.

    Raises as `complete_task` does.
    """
    with journal.act(actor, "onestop.return_copies") as act:
        tasks = list(ready_to_return(actor, agency_id)[:MOST_RETURNED])
        for task in tasks:
            complete_task(actor, task.id, _onward(task))
        act.changed("onestop.certification", None, None, {"returned": len(tasks)})
    return len(tasks)


def _summary(entry: Certification) -> dict[str, object]:
    return {
        "dossier": str(entry.dossier_id),
        "number": receipt_of(entry),
        "copies": entry.copies,
        "fee": entry.fee,
        "voided": entry.voided_at is not None,
    }


def _bad(where: str, message: str) -> BadEntry:
    return BadEntry(
        message, where=where, kept=_("Dòng này chưa được ghi."), todo=_("Hãy sửa lại dòng này rồi ghi tiếp.")
    )
