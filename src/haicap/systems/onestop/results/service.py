"""Use-cases of results: prepare a draft, sign it, seal and issue it, withdraw it, use it again for another dossier."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from haicap.kernel import clock, files, journal
from haicap.kernel.actor import Actor
from haicap.kernel.text import clean
from haicap.registry.desks import holders_at
from haicap.systems.onestop import policy
from haicap.systems.onestop.models import (
    Dossier,
    DossierPaper,
    Result,
    ResultDraft,
    SigningCertificate,
    Status,
)
from haicap.systems.onestop.papers import agencies
from haicap.systems.onestop.results import making, queries
from haicap.systems.onestop.results.errors import (
    BadResult,
    ResultDoesNotFit,
    ResultNotAllowed,
    ResultOfAnother,
    ResultRevoked,
    ResultUnsigned,
)
from haicap.systems.onestop.service import not_found
from haicap.systems.onestop.signing import inspection, pdf
from haicap.systems.onestop.signing import service as signing
from haicap.systems.onestop.signing.appearance import Spot

PDF = "application/pdf"
#: drafts in one act of signing, paragraphs of a document
MOST_SIGNED, MOST_PARAGRAPHS = 100, 200
#: a draft is made and signed while the dossier is worked on; a result may follow after «processed»
_WORKED_ON = frozenset({Status.RECEIVED, Status.PROCESSING, Status.PROCESSED})


@dataclass(frozen=True, slots=True)
class Preparation:
    """Nội dung dự thảo: what a result is called and says. `content` is a PDF; without one `body` makes a document."""

    name: str
    number: str = ""
    content: bytes | None = None
    body: tuple[str, ...] = ()
    signer: str = ""
    signer_title: tuple[str, ...] = ()
    paper_code: str = ""
    valid_until: date | None = None


def prepare_result(actor: Actor, dossier_id: uuid.UUID, told: Preparation, *, site: str = "") -> ResultDraft:
    """Lập dự thảo kết quả: a file that came from elsewhere, or a document made here, with its check code on it.

    A file that bears signatures already is taken as it is: they stay valid, and its check code is told beside it.
    Raises DossierNotFound, ResultNotAllowed (ONE-431), ResultDoesNotFit (ONE-432), BadResult (ONE-434), and what
    `signing.inspection.inspect` does.
    """
    name = _checked(told)
    if told.content is not None:
        signatures = inspection.inspect(told.content).signatures
    with journal.act(actor, "onestop.prepare_result") as act:
        dossier, holder = _worked_on(actor, dossier_id, policy.ADVANCE)
        now = clock.now()
        code = making.new_check_code()
        spot: dict[str, Any] = {}
        if told.content is None:
            issuer = agencies.named([holder], now.astimezone(clock.ZONE).date())[holder]
            with translation.override("vi"):
                content, spot = making.document(
                    issuer, title=name, number=clean(told.number)[:60], body=told.body, signer=told.signer,
                    signer_title=told.signer_title, at=now, check_code=code, site=site,
                )  # fmt: skip
        else:
            content = told.content if signatures else making.marked(told.content, code, site)
        file = files.put(content, PDF, f"{dossier.code}.pdf", allowed={PDF})
        draft = ResultDraft.objects.create(
            dossier=dossier,
            procedure_code=dossier.procedure_code,
            paper_code=clean(told.paper_code)[:40],
            name=name,
            number=clean(told.number)[:60],
            valid_until=told.valid_until,
            file=file,
            check_code=code,
            sign_at=spot,
            made_at=now,
            made_by=actor.label[:200],
        )
        act.changed("onestop.result_draft", draft.pk, None, {"dossier": dossier.code, "file": file.digest})
    return draft


def sign_results(
    actor: Actor, draft_ids: Collection[uuid.UUID], certificate_id: uuid.UUID, passphrase: str
) -> list[ResultDraft]:
    """Ký kết quả: sign drafts with the own certificate, or with the agency's seal; all or none.

    Raises ResultNotFound (ONE-435), ResultDoesNotFit (ONE-432), and what `signing.sign_pdf` does.
    """
    wanted = sorted(set(draft_ids))
    if not 1 <= len(wanted) <= MOST_SIGNED:
        raise BadResult(
            _("Mỗi lần ký được từ 1 đến %(most)s kết quả.") % {"most": MOST_SIGNED},
            kept=_("Chưa có gì được ký."),
            todo=_("Hãy chọn lại."),
        )
    with journal.act(actor, "onestop.sign_result") as act:
        signed = []
        for one in wanted:
            draft = _open_draft(actor, one)
            _sign(actor, draft, certificate_id, passphrase)
            act.changed(
                "onestop.result_draft",
                draft.pk,
                None,
                {"signatures": draft.signatures, "file": draft.file_id},
            )
            signed.append(draft)
    return signed


def issue_result(
    actor: Actor,
    draft_id: uuid.UUID,
    *,
    certificate_id: uuid.UUID | None = None,
    passphrase: str = "",
    number: str = "",
) -> Result:
    """Phát hành kết quả: seal it with the agency's certificate where one is given, and put it into the store.

    It needs at least one signature. Raises ResultNotFound (ONE-435), ResultNotAllowed (ONE-431), ResultDoesNotFit
    (ONE-432), ResultUnsigned (ONE-433), and what `signing.sign_pdf` does.
    """
    with journal.act(actor, "onestop.issue_result") as act:
        draft = _open_draft(actor, draft_id)
        dossier, holder = _worked_on(actor, draft.dossier_id, policy.SEAL)
        if certificate_id is not None:
            _sign(actor, draft, certificate_id, passphrase)
        found = pdf.verify(files.read(draft.file_id))
        if not found:
            raise ResultUnsigned(
                _("Kết quả «%(name)s» chưa có chữ ký nào.") % {"name": draft.name},
                kept=_("Dự thảo vẫn còn."),
                todo=_("Hãy trình người có thẩm quyền ký, hoặc đóng dấu số của cơ quan."),
            )
        now = clock.now()
        result = Result.objects.create(
            dossier=dossier,
            procedure_code=draft.procedure_code,
            paper_code=draft.paper_code,
            name=draft.name,
            number=draft.number or clean(number)[:60],
            subject=dossier.applicant_subject,
            subject_name=dossier.applicant_name,
            issued_by_id=holder,
            issued_at=now,
            valid_until=draft.valid_until,
            file_id=draft.file_id,
            signers=[one.who for one in found],
            check_code=draft.check_code,
        )
        draft.closed_at, draft.result = now, result
        draft.save(update_fields=["closed_at", "result"])
        act.changed("onestop.result_draft", draft.pk, {"closed_at": None}, {"closed_at": now})
        act.changed("onestop.result", result.pk, None, _summary(result, dossier))
    return result


def drop_draft(actor: Actor, draft_id: uuid.UUID, reason: str) -> ResultDraft:
    """Bỏ dự thảo: it is not issued; its file stays stored. Raises ResultNotFound, ResultNotAllowed, BadResult."""
    why = clean(reason)[:300]
    with journal.act(actor, "onestop.drop_result_draft", reason=why) as act:
        draft = _open_draft(actor, draft_id)
        _worked_on(actor, draft.dossier_id, policy.ADVANCE)
        if not why:
            raise BadResult(_("Cần nêu lý do."), where="ly-do", todo=_("Hãy viết vì sao bỏ dự thảo."))
        draft.closed_at = clock.now()
        draft.save(update_fields=["closed_at"])
        act.changed("onestop.result_draft", draft.pk, {"closed_at": None}, {"closed_at": draft.closed_at})
    return draft


def revoke_result(actor: Actor, result_id: uuid.UUID, reason: str) -> Result:
    """Thu hồi kết quả: from now on the check page says so and no dossier uses it; its file stays stored.

    By the agency that issued it, or who took over from it. Raises ResultNotFound (ONE-435), ResultNotAllowed
    (ONE-431), BadResult (ONE-434), ResultRevoked (ONE-436).
    """
    why = clean(reason)[:300]
    with journal.act(actor, "onestop.revoke_result", reason=why) as act:
        queries.result(actor, result_id)
        if not actor.may(policy.REVOKE) or not queries.issued_by_mine(actor).filter(pk=result_id).exists():
            raise _not_allowed(policy.REVOKE)
        if not actor.is_system and not actor.agency_ids:
            raise _not_allowed(policy.REVOKE)
        if not why:
            raise BadResult(_("Cần nêu lý do."), where="ly-do", todo=_("Hãy viết căn cứ thu hồi."))
        result = Result.objects.select_for_update().get(pk=result_id)
        if result.revoked_at is not None:
            _check_in_force(result)
        result.revoked_at, result.revocation = clock.now(), why
        result.save(update_fields=["revoked_at", "revocation"])
        act.changed("onestop.result", result.pk, {"revoked_at": None}, {"revoked_at": result.revoked_at})
    return result


def reuse_result(
    actor: Actor, dossier_id: uuid.UUID, result_id: uuid.UUID, *, name: str = ""
) -> DossierPaper:
    """Dùng lại kết quả đã có: it stands in a dossier for a paper that the applicant need not hand in again.

    Only what is held about the applicant. Raises DossierNotFound, ResultNotAllowed (ONE-431), ResultNotFound
    (ONE-435), ResultRevoked (ONE-436), ResultOfAnother (ONE-437).
    """
    with journal.act(actor, "onestop.reuse_result") as act:
        dossier = Dossier.objects.visible_to(actor).filter(pk=dossier_id).select_for_update().first()
        if dossier is None:
            raise not_found()
        if not (actor.may(policy.RECEIVE) or actor.may(policy.ADVANCE)):
            raise _not_allowed(policy.RECEIVE)
        result = Result.objects.filter(pk=result_id).first()
        if result is None:
            raise queries.not_found()
        if not dossier.applicant_subject or result.subject != dossier.applicant_subject:
            raise ResultOfAnother(
                _("Kết quả này không phải của người nộp hồ sơ."),
                kept=_("Thành phần hồ sơ vẫn như cũ."),
                todo=_("Hãy kiểm tra lại số định danh của người nộp."),
            )
        _check_in_force(result)
        position = DossierPaper.objects.filter(dossier=dossier).count()
        paper = DossierPaper.objects.create(
            dossier=dossier,
            position=position,
            code=result.paper_code,
            name=clean(name)[:1000] or result.name,
            file_id=result.file_id,
            file_name=f"{result.number or result.check_code}.pdf"[:255],
            reused=result,
            at=clock.now(),
        )
        act.changed("onestop.dossier_paper", paper.pk, None, {"dossier": dossier.code, "reused": result.pk})
    return paper


def _sign(actor: Actor, draft: ResultDraft, certificate_id: uuid.UUID, passphrase: str) -> None:
    """One signature more onto the draft's file; kept beside the file before."""
    holder = _holder(draft.dossier, clock.now())
    spot = Spot(**draft.sign_at) if draft.sign_at else None
    content, certificate = signing.sign_pdf(
        actor, files.read(draft.file_id), certificate_id, passphrase, agency_id=holder, spot=spot
    )
    file = files.put(content, PDF, f"{draft.dossier.code}.pdf", allowed={PDF})
    draft.file = file
    draft.signatures = [*draft.signatures, _stroke(actor, certificate)]
    draft.save(update_fields=["file", "signatures"])


def _stroke(actor: Actor, certificate: SigningCertificate) -> dict[str, Any]:
    return {
        "who": certificate.name,
        "by": actor.label,
        "seal": certificate.person_id is None,
        "at": clock.now().isoformat(),
        "certificate": str(certificate.pk),
    }


def _open_draft(actor: Actor, draft_id: uuid.UUID) -> ResultDraft:
    queries.draft(actor, draft_id)
    draft = ResultDraft.objects.select_for_update(of=("self",)).select_related("dossier").get(pk=draft_id)
    if draft.closed_at is not None:
        raise ResultDoesNotFit(
            _("Dự thảo «%(name)s» đã phát hành hoặc đã bỏ.") % {"name": draft.name},
            kept=_("Kết quả đã phát hành vẫn như cũ."),
            todo=_("Hãy tải lại trang của hồ sơ."),
        )
    return draft


def _worked_on(actor: Actor, dossier_id: uuid.UUID, permission: str) -> tuple[Dossier, uuid.UUID]:
    """The dossier, locked, and who holds it; refuses who does not work there and dossiers that are not worked on."""
    dossier = Dossier.objects.visible_to(actor).filter(pk=dossier_id).select_for_update().first()
    if dossier is None:
        raise not_found()
    holder = _holder(dossier, clock.now())
    if not actor.may(permission) or (not actor.is_system and holder not in actor.agency_ids):
        raise _not_allowed(permission)
    if dossier.status not in _WORKED_ON:
        raise ResultDoesNotFit(
            _("Hồ sơ đang ở «%(status)s», chưa lập được kết quả.") % {"status": Status(dossier.status).label},
            kept=_("Hồ sơ vẫn như cũ."),
            todo=_("Hãy chuyển hồ sơ sang «Đang xử lý» trước."),
        )
    return dossier, holder


def _holder(dossier: Dossier, now: datetime) -> uuid.UUID:
    return holders_at([dossier.desk_id], now).get(dossier.desk_id) or dossier.competent_agency_id


def _check_in_force(result: Result) -> None:
    if result.revoked_at is None and (result.valid_until is None or result.valid_until >= clock.today()):
        return
    raise ResultRevoked(
        _("Kết quả «%(name)s» đã thu hồi hoặc hết hiệu lực.") % {"name": result.name},
        kept=_("Không có gì thay đổi."),
        todo=_("Hãy yêu cầu giấy tờ mới."),
    )


def _checked(told: Preparation) -> str:
    name = clean(told.name)[:300]
    if not name:
        raise BadResult(_("Kết quả cần có tên."), where="ten", todo=_("Ví dụ: Trích lục khai sinh."))
    if told.content is None and not any(clean(one) for one in told.body):
        raise BadResult(
            _("Hãy chọn tệp PDF, hoặc viết nội dung."), where="tep", kept=_("Chưa có gì được lưu."), todo=""
        )
    if len(told.body) > MOST_PARAGRAPHS:
        raise BadResult(
            _("Nội dung dài quá."), where="noi-dung", todo=_("Hãy lập ngoài rồi tải lên thành PDF.")
        )
    return name


def _summary(result: Result, dossier: Dossier) -> dict[str, object]:
    """What the journal keeps: nothing personal beyond what finds it again."""
    return {
        "dossier": dossier.code,
        "number": result.number,
        "file": result.file_id,
        "check_code": result.check_code,
        "signers": result.signers,
    }


def _not_allowed(permission: str) -> ResultNotAllowed:
    return ResultNotAllowed(
        _("Bạn chưa được giao quyền «%(what)s» với hồ sơ này.") % {"what": policy.PERMISSIONS[permission]},
        kept=_("Không có gì thay đổi."),
        todo=_("Việc này do cơ quan đang giữ hồ sơ làm; hãy nhờ quản trị giao quyền nếu cần."),
    )
