"""Tiếp nhận: one act that makes a dossier with all its parts, once, however often it is asked for."""

from __future__ import annotations

import uuid
from dataclasses import replace

from django.db import connection
from django.utils.translation import gettext as _

from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.text import clean
from haicap.registry.models import Agency
from haicap.systems.onestop.catalogue.limits import limit_of
from haicap.systems.onestop.models import (
    ApplicantKind,
    Dossier,
    DossierDetail,
    DossierFee,
    DossierPaper,
    LimitUnit,
    ProcedureVersion,
    RequiredPaper,
)
from haicap.systems.onestop.reception.errors import (
    LimitNotKnown,
    PapersMissing,
    ProcedureNotInForce,
    SubmissionTaken,
)
from haicap.systems.onestop.reception.identity import check_number, check_tax_code
from haicap.systems.onestop.reception.intake import FeeDue, Intake, PaperGiven
from haicap.systems.onestop.service import receive_dossier, register_dossier

#: at most so many papers, and so many fees, with one dossier
MOST_PAPERS = 200
MOST_FEES = 50


def take_in(
    actor: Actor,
    intake: Intake,
    *,
    receiving_agency: Agency,
    competent_agency: Agency | None = None,
    helping_agency: Agency | None = None,
    online: bool = False,
) -> Dossier:
    """Tiếp nhận hồ sơ with its details, papers and fees, in one act; asked twice, done once.

    `online`: handed in by the applicant (status 1, no appointment yet); else received at a counter. A second
    call with the same `submission` by the same applicant gives back the first dossier. The appointment goes by the
    version's published limit; where that is not known the official says `working_days`. Raises BadIdentity,
    ProcedureNotInForce, LimitNotKnown, SubmissionTaken, and what `receive_dossier` raises; nothing is kept then.
    """
    number = _number(intake)
    _check_in_force(intake.version)
    intake = _with_limit(intake, online=online)
    with journal.act(actor, "onestop.take_in_dossier"):
        _one_at_a_time(intake.submission)
        known = DossierDetail.objects.filter(submission=intake.submission).select_related("dossier").first()
        if known is not None:
            return _same(known, number, intake)
        if online:
            dossier = register_dossier(
                actor, intake.application, agency=receiving_agency, competent_agency=competent_agency
            )
        else:
            dossier = receive_dossier(
                actor,
                intake.application,
                receiving_agency=receiving_agency,
                competent_agency=competent_agency,
                helping_agency=helping_agency,
            )
        _add_detail(dossier, intake, number, online=online)
        add_papers(dossier, intake.papers)
        add_fees(dossier, intake.fees)
    return dossier


def missing_papers(
    version: ProcedureVersion, case: str, given: tuple[PaperGiven, ...]
) -> list[RequiredPaper]:
    """Thành phần còn thiếu: papers that are always asked for, or in this case, and are not among those given.

    Compared by position in the published list where the paper bears its code, else by name.
    """
    have = {paper.code for paper in given if paper.code} | {clean(paper.name) for paper in given}
    return [
        paper
        for paper in version.papers.order_by("position")
        if (not paper.case or paper.case == case)
        and paper.code not in have - {""}
        and clean(paper.name) not in have
    ]


def check_complete(version: ProcedureVersion, case: str, given: tuple[PaperGiven, ...]) -> None:
    """Raises PapersMissing naming the first five papers that are missing."""
    missing = missing_papers(version, case, given)
    if missing:
        names = "; ".join(clean(paper.name)[:120] for paper in missing[:5])
        raise PapersMissing(
            _("Hồ sơ còn thiếu %(count)d giấy tờ: %(names)s.") % {"count": len(missing), "names": names},
            where="papers",
            kept=_("Những gì đã nhập vẫn còn."),
            todo=_("Hãy nộp đủ, hoặc lập phiếu yêu cầu bổ sung."),
            details={"missing": [str(paper.id) for paper in missing]},
        )


def add_papers(dossier: Dossier, papers: tuple[PaperGiven, ...], *, round_number: int = 0) -> None:
    """Add papers to a dossier, `round_number` 0 at reception; inside the caller's act."""
    at = clock.now()
    DossierPaper.objects.bulk_create(
        DossierPaper(
            dossier=dossier,
            round=round_number,
            position=position,
            code=paper.code,
            name=clean(paper.name)[:1000],
            originals=paper.originals,
            copies=paper.copies,
            file=paper.file,
            file_name=clean(paper.file_name)[:255],
            reused=paper.reused,
            at=at,
        )
        for position, paper in enumerate(papers[:MOST_PAPERS])
    )


def add_fees(dossier: Dossier, fees: tuple[FeeDue, ...]) -> None:
    """Add fees to a dossier; one with a method is paid now. Inside the caller's act."""
    at = clock.now()
    DossierFee.objects.bulk_create(
        DossierFee(
            dossier=dossier,
            code=fee.code,
            name=clean(fee.name)[:300],
            amount=fee.amount,
            method=fee.method,
            paid_at=at if fee.method else None,
            receipt=clean(fee.receipt)[:60],
        )
        for fee in fees[:MOST_FEES]
    )


def _add_detail(dossier: Dossier, intake: Intake, number: str, *, online: bool) -> None:
    # a dossier on a route has its detail already: the version of the route
    DossierDetail.objects.update_or_create(
        dossier=dossier,
        defaults={
            "procedure_version": intake.version,
            "submission": intake.submission,
            "channel": intake.channel,
            "submitted_at": dossier.received_at if online else None,
            "applicant_kind": intake.applicant_kind,
            "applicant_number": number,
            "birth_date": intake.birth_date,
            "phone": clean(intake.phone)[:20],
            "email": clean(intake.email)[:254],
            "representative_name": clean(intake.representative_name)[:200],
            "representative_number": clean(intake.representative_number)[:14],
            "citizen": intake.citizen,
            "case": clean(intake.case)[:300],
            "summary": clean(intake.summary)[:500],
            "form": intake.form,
            "copies": intake.copies,
            "delivery": intake.delivery,
            "delivery_address": clean(intake.delivery_address)[:300],
        },
    )


def _number(intake: Intake) -> str:
    """The applicant's checked number; empty where none was given (a child, a foreigner)."""
    if not clean(intake.applicant_number):
        return ""
    if intake.applicant_kind == ApplicantKind.ORGANISATION:
        return check_tax_code(intake.applicant_number)
    return check_number(intake.applicant_number)


def _check_in_force(version: ProcedureVersion | None) -> None:
    if version is None or clock.today() in version.valid:
        return
    last = version.valid.upper
    raise ProcedureNotInForce(
        _("Thủ tục «%(name)s» đã hết hiệu lực từ %(day)s.")
        % {"name": version.name[:200], "day": f"{last:%d/%m/%Y}"}
        if last is not None and last <= clock.today()
        else _("Thủ tục «%(name)s» chưa có hiệu lực.") % {"name": version.name[:200]},
        where="procedure_code",
        kept=_("Những gì đã nhập vẫn còn."),
        todo=_("Hãy tìm thủ tục thay thế trong danh mục."),
    )


def _with_limit(intake: Intake, *, online: bool) -> Intake:
    """The intake with the published time limit; raises LimitNotKnown where a counter has to say one and did not."""
    if intake.version is None or intake.application.working_days is not None:
        return intake
    limit = limit_of(intake.version, intake.channel, intake.case)
    known = limit is not None and limit.unit != LimitUnit.UNKNOWN
    if known and limit is not None and (limit.unit == LimitUnit.SAME_DAY or limit.amount is not None):
        return replace(intake, application=replace(intake.application, limit=limit))
    if online:
        return intake
    raise LimitNotKnown(
        _("Chưa rõ thời hạn giải quyết của thủ tục này cho trường hợp đã chọn."),
        where="working_days",
        kept=_("Những gì đã nhập vẫn còn."),
        todo=_("Hãy chọn trường hợp, hoặc ghi số ngày làm việc để hẹn trả."),
    )


def _one_at_a_time(submission: uuid.UUID) -> None:
    """Two presses of one button wait here for one another."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(uuid_hash_extended(%s, 604))", [submission])


def _same(known: DossierDetail, number: str, intake: Intake) -> Dossier:
    """The dossier that this submission made before; whoever guesses a key is told nothing of it."""
    citizen_id = intake.citizen.pk if intake.citizen is not None else None
    if (known.citizen_id, known.applicant_number) != (citizen_id, number):
        raise SubmissionTaken(
            _("Mã lần nộp này đã được dùng."),
            kept=_("Chưa có hồ sơ nào được ghi."),
            todo=_("Hãy mở lại trang tiếp nhận rồi nhập từ đầu."),
        )
    return known.dossier
