"""What forms are made of, and which of them may be seen: everything starts from the dossiers of the actor."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from django.db import connection
from django.db.models import Q, QuerySet, Sum
from django.utils.translation import gettext as _

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.formats import date_time
from haicap.kernel.text import clean
from haicap.systems.onestop import queries as onestop
from haicap.systems.onestop.models import (
    IN_FLIGHT,
    Dossier,
    DossierDetail,
    DossierFee,
    DossierLetter,
    DossierPaper,
    DossierStep,
    Status,
    TimeLimit,
)
from haicap.systems.onestop.models.queryset import HERITAGE_SQL, AnyOf
from haicap.systems.onestop.papers.errors import LetterNotFound
from haicap.systems.onestop.service import not_found

#: papers of a dossier that a form lists at most
MOST_PAPERS = 200
_STEP_WORDS = {
    "receive": "Tiếp nhận",
    "advance": "Xử lý",
    "move": "Chuyển bàn xử lý",
    "return_result": "Trả kết quả",
    "place": "Chuyển theo địa bàn",
    "carry": "Chuyển giao khi sắp xếp đơn vị",
}


@dataclass(frozen=True, slots=True)
class ControlRow:
    """A line of form 06: who handed to whom, when, how it stood to its time."""

    handed: str
    at: str
    result: str
    note: str


def dossiers(actor: Actor) -> QuerySet[Dossier]:
    """Dossiers whose forms the actor may see: those visible, and those that the own counters received.

    Received here and competent elsewhere (phi địa giới): the counter that took it in prints its receipt.
    """
    visible = Dossier.objects.visible_to(actor)
    if actor.sees_all or not actor.agency_ids:
        return visible
    mine = AnyOf("receiving_agency_id", HERITAGE_SQL, [list(actor.agency_ids)])
    received = Dossier.objects.filter(Q(status__in=IN_FLIGHT) & Q(mine))
    return Dossier.objects.filter(Q(pk__in=visible.values("pk")) | Q(pk__in=received.values("pk")))


def dossier_by_code(actor: Actor, code: str) -> Dossier:
    """The dossier of this code whose forms the actor may see. Raises DossierNotFound (ONE-201)."""
    wanted = clean(code).upper()
    # the two ways apart: each finds one row by the unique code
    found = Dossier.objects.visible_to(actor).filter(code=wanted).first()
    if found is None and actor.agency_ids:
        mine = AnyOf("receiving_agency_id", HERITAGE_SQL, [list(actor.agency_ids)])
        found = Dossier.objects.filter(mine, code=wanted, status__in=IN_FLIGHT).first()
    if found is None:
        raise not_found()
    return found


def letters_of(dossier: Dossier) -> list[DossierLetter]:
    """The forms that were issued for a dossier, the newest first."""
    return list(dossier.letters.order_by("-issued_at", "-id")[:100])


def letter(actor: Actor, letter_id: uuid.UUID) -> DossierLetter:
    """An issued form of a dossier of the actor, with its dossier. Raises LetterNotFound (ONE-405)."""
    found = DossierLetter.objects.filter(pk=letter_id).select_related("dossier").first()
    if found is None or not dossiers(actor).filter(pk=found.dossier_id).exists():
        raise LetterNotFound(
            _("Không tìm thấy phiếu này, hoặc hồ sơ không thuộc cơ quan bạn."),
            todo=_("Hãy mở phiếu từ trang của hồ sơ."),
        )
    return found


def newest(codes: Collection[uuid.UUID], form: int) -> dict[uuid.UUID, DossierLetter]:
    """Dossier id → its newest letter of a form. One query."""
    found = (
        DossierLetter.objects.filter(dossier_id__in=codes, form=form)
        .order_by("dossier_id", "-issued_at", "-id")
        .distinct("dossier_id")
    )
    return {one.dossier_id: one for one in found}


def detail_of(dossier: Dossier) -> DossierDetail | None:
    """How the dossier came; None for those of before the parts."""
    return DossierDetail.objects.filter(pk=dossier.pk).select_related("procedure_version").first()


def fees_of(dossier: Dossier) -> tuple[int, int]:
    """(all fees, those not paid yet) in đồng."""
    sums = DossierFee.objects.filter(dossier=dossier).aggregate(
        every=Sum("amount"), open=Sum("amount", filter=Q(paid_at__isnull=True))
    )
    return int(sums["every"] or 0), int(sums["open"] or 0)


def papers_of(dossier: Dossier) -> list[dict[str, str]]:
    """The papers that were handed in, in order, with how many originals and copies."""
    found = DossierPaper.objects.filter(dossier=dossier).order_by("round", "position", "id")[:MOST_PAPERS]
    return [{"name": one.name, "note": _paper_note(one)} for one in found]


def _paper_note(one: DossierPaper) -> str:
    parts = []
    if one.originals:
        parts.append(f"{one.originals:02d} bản chính")
    if one.copies:
        parts.append(f"{one.copies:02d} bản sao")
    if one.reused_id is not None:
        parts.append("đã có trong kho")
    elif one.file_id is not None:
        parts.append("bản điện tử")
    return ", ".join(parts)


def limit_of(detail: DossierDetail) -> TimeLimit | None:
    """The time limit of the dossier's own version, channel and case; the nearest one where none says all that."""
    limits = list(TimeLimit.objects.filter(version_id=detail.procedure_version_id).order_by("position", "id"))
    return max(
        limits,
        key=lambda one: (
            one.channel == detail.channel,
            one.case == detail.case,
            one.channel is None,
            not one.case,
        ),
        default=None,
    )


def reason_of(dossier: Dossier, status: Status) -> str:
    """The reason of the latest step into a status: what form 02, 03 or 05 says unless told otherwise."""
    step = DossierStep.objects.filter(dossier=dossier, status=status).order_by("-at", "-id").first()
    return step.note if step is not None else ""


def stations_of_control(dossier: Dossier) -> list[ControlRow]:
    """The lines of form 06: every step, and every hand-over at a cut-over, in order of time."""
    chain = onestop.custody_chain(dossier)
    agencies = {station.agency_id: station.agency for station in chain}
    rows = [
        (
            station.begins_at,
            ControlRow(
                f"{_STEP_WORDS['carry']}: giao {before.agency}, nhận {station.agency}",
                date_time(station.begins_at),
                "",
                station.resolution,
            ),
        )
        for before, station in pairwise(chain)
        if station.why == "carry"
    ]
    for step in onestop.steps(dossier)[:500]:
        where = agencies.get(step.agency_id, "")
        words = _STEP_WORDS.get(step.action, step.action)
        handed = f"{words} ({Status(step.status).label}): {step.actor}" + (f", {where}" if where else "")
        rows.append((step.at, ControlRow(handed, date_time(step.at), _stood(dossier, step), step.note)))
    return [row for _at, row in sorted(rows, key=lambda pair: pair[0])]


def _stood(dossier: Dossier, step: DossierStep) -> str:
    """How the work stood to its appointment when it ended."""
    if step.status != Status.PROCESSED or dossier.due_at is None:
        return ""
    if step.at > dossier.due_at:
        return "Quá hạn"
    same_day = step.at.astimezone(clock.ZONE).date() == dossier.due_at.astimezone(clock.ZONE).date()
    return "Đúng hạn" if same_day else "Trước hạn"


def register(actor: Actor, agency_id: uuid.UUID, first: date, last: date) -> QuerySet[Dossier]:
    """Form 07: what an agency received on these days, by time; its own people and its successors' may read it."""
    base = Dossier.objects.filter(
        receiving_agency_id=agency_id,
        received_at__gte=_midnight(first),
        received_at__lt=_midnight(last + timedelta(days=1)),
    ).order_by("received_at", "id")
    if actor.sees_all:
        return base
    if not actor.agency_ids:
        return base.none()
    return base.filter(AnyOf("receiving_agency_id", HERITAGE_SQL, [list(actor.agency_ids)]))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=clock.ZONE)


def may_read_register(actor: Actor, agency_id: uuid.UUID) -> bool:
    """Whether the register of this agency is the actor's own or of one that the actor's agencies took over from."""
    if not actor.agency_ids:
        return False
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT %s IN ({HERITAGE_SQL})", [agency_id, list(actor.agency_ids)])
        return bool(cursor.fetchone()[0])
