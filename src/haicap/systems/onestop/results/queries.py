"""Results: those of a dossier, those that are held about somebody already, and what anybody may check."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from haicap.kernel import clock, files
from haicap.kernel.actor import Actor
from haicap.kernel.contract import number_subject
from haicap.kernel.text import clean
from haicap.systems.onestop import policy
from haicap.systems.onestop import queries as onestop
from haicap.systems.onestop.models import Dossier, DossierDetail, Result, ResultDraft, Status
from haicap.systems.onestop.models.queryset import HERITAGE_SQL, AnyOf
from haicap.systems.onestop.numbering import CODE_FORM
from haicap.systems.onestop.results.errors import ResultNotAllowed, ResultNotFound
from haicap.systems.onestop.signing import pdf
from haicap.systems.onestop.signing.pdf import Signature

CHECK_FORM = re.compile(r"^[2-9A-HJ-NP-Z]{4}(-[2-9A-HJ-NP-Z]{4}){2}$")
MOST_HELD = 50


@dataclass(frozen=True, slots=True)
class Checked:
    """Kết quả kiểm tra: what anybody with the check code may know; nothing about whom it concerns."""

    check_code: str
    name: str
    issued_by: str
    issued_at: datetime
    valid_until: date | None
    revoked_at: datetime | None
    lapsed: bool
    digest: str
    signatures: tuple[Signature, ...]


def results_of(dossier: Dossier) -> list[Result]:
    """The results that were issued for a dossier, the newest first."""
    return list(Result.objects.filter(dossier=dossier).order_by("-issued_at", "-id")[:50])


def drafts_of(dossier: Dossier) -> list[ResultDraft]:
    """The drafts of a dossier that are not closed, the newest first."""
    return list(
        ResultDraft.objects.filter(dossier=dossier, closed_at__isnull=True).order_by("-made_at", "-id")[:20]
    )


def result(actor: Actor, result_id: uuid.UUID) -> Result:
    """A result of a dossier of the actor, or issued by the own agencies or those they took over from.

    Raises ResultNotFound (ONE-435).
    """
    found = Result.objects.filter(pk=result_id).select_related("dossier").first()
    if found is None or not _may_see(actor, found):
        raise not_found()
    return found


def draft(actor: Actor, draft_id: uuid.UUID) -> ResultDraft:
    """A draft of a dossier of the actor, with its dossier. Raises ResultNotFound (ONE-435)."""
    found = ResultDraft.objects.filter(pk=draft_id).select_related("dossier").first()
    if found is None or not Dossier.objects.visible_to(actor).filter(pk=found.dossier_id).exists():
        raise not_found()
    return found


def issued_by_mine(actor: Actor) -> QuerySet[Result]:
    """Results that the actor's agencies issued, or agencies that they took over from."""
    if actor.sees_all:
        return Result.objects.all()
    if not actor.agency_ids:
        return Result.objects.none()
    return Result.objects.filter(AnyOf("issued_by_id", HERITAGE_SQL, [list(actor.agency_ids)]))


def held_results(
    actor: Actor,
    number: str,
    *,
    procedures: Collection[str] = (),
    papers: Collection[str] = (),
    on: date | None = None,
) -> list[Result]:
    """Kết quả đã có: what is held about a person, so that it is not asked for again, the newest first.

    By personal number only: others bear the same name. Narrowed to results of these procedures or of these paper
    codes where any are given. Withdrawn and lapsed ones are left out. Whoever may receive or process dossiers may
    ask, and the look is the caller's to note (`looks`). Raises ResultNotAllowed (ONE-431).
    """
    if not (actor.may(policy.RECEIVE) or actor.may(policy.ADVANCE)):
        raise ResultNotAllowed(
            _("Bạn chưa được giao quyền «%(what)s».") % {"what": policy.PERMISSIONS[policy.RECEIVE]},
            todo=_("Kho kết quả chỉ dành cho người tiếp nhận, xử lý hồ sơ."),
        )
    cleaned = clean(number)
    if not cleaned:
        return []
    day = on or clock.today()
    found = Result.objects.filter(
        Q(valid_until__isnull=True) | Q(valid_until__gte=day),
        subject=number_subject(cleaned),
        revoked_at__isnull=True,
    )
    if procedures or papers:
        kind = Q(procedure_code__in=list(procedures)) if procedures else Q()
        found = found.filter(kind | Q(paper_code__in=list(papers)) if papers else kind)
    return list(found.order_by("-issued_at", "-id")[:MOST_HELD])


def check(code: str) -> Checked | None:
    """Kiểm tra kết quả: what anybody may know of a result by its check code; None where there is none."""
    wanted = clean(code).upper()
    if not CHECK_FORM.match(wanted):
        return None
    found = Result.objects.filter(check_code=wanted).first()
    if found is None:
        return None
    day = found.issued_at.astimezone(clock.ZONE).date()
    return Checked(
        check_code=found.check_code,
        name=found.name,
        issued_by=onestop.agency_names([found.issued_by_id], day).get(found.issued_by_id, ""),
        issued_at=found.issued_at,
        valid_until=found.valid_until,
        revoked_at=found.revoked_at,
        lapsed=found.valid_until is not None and found.valid_until < clock.today(),
        digest=found.file_id,
        signatures=tuple(pdf.verify(files.read(found.file_id))),
    )


def downloadable(code: str, secret: str) -> list[Result]:
    """The results of a dossier for who has its code and the number (or telephone) that it was handed in with.

    Empty for anything else: which of the two was wrong is not told. Withdrawn ones are not given out.
    """
    wanted, said = clean(code).upper(), re.sub(r"\D", "", secret)
    if not CODE_FORM.match(wanted) or len(said) < 9:
        return []
    dossier = Dossier.objects.filter(code=wanted, status__in=[Status.PROCESSED, Status.RETURNED]).first()
    if dossier is None or not _is_applicants(dossier, said):
        return []
    return [one for one in results_of(dossier) if one.revoked_at is None]


def not_found() -> ResultNotFound:
    """The error for what is not there or may not be seen."""
    return ResultNotFound(
        _("Không tìm thấy kết quả này, hoặc kết quả không thuộc cơ quan bạn."),
        todo=_("Hãy mở từ trang của hồ sơ, hoặc kiểm tra lại mã."),
    )


def _is_applicants(dossier: Dossier, said: str) -> bool:
    if dossier.applicant_subject and dossier.applicant_subject == number_subject(said):
        return True
    detail = DossierDetail.objects.filter(pk=dossier.pk).only("phone").first()
    phone = re.sub(r"\D", "", detail.phone) if detail is not None else ""
    return len(phone) >= 9 and phone[-9:] == said[-9:] and len(said) <= 11


def _may_see(actor: Actor, found: Result) -> bool:
    if (
        found.dossier_id is not None
        and Dossier.objects.visible_to(actor).filter(pk=found.dossier_id).exists()
    ):
        return True
    return issued_by_mine(actor).filter(pk=found.pk).exists()
