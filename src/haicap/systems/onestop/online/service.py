"""Nộp hồ sơ trực tuyến: drafts that are kept, handed in once, and what their owner does with the dossier afterwards.

A draft belongs to a citizen or to who has its link (`visitors`). Handing in is one transaction: after it there is a
dossier (status 1) with everything, before it there is nothing but the draft.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, BinaryIO

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from haicap.kernel import clock, journal, outbox
from haicap.kernel.text import clean
from haicap.registry.models import Unit
from haicap.systems.onestop import catalogue
from haicap.systems.onestop.models import (
    ApplicantKind,
    Channel,
    Delivery,
    Dossier,
    DossierConsent,
    DraftFile,
    HandingInPurpose,
    OnlineDraft,
    ProcedureVersion,
)
from haicap.systems.onestop.online import applicant, forms, guides, places, waiting
from haicap.systems.onestop.online import papers as wanted_papers
from haicap.systems.onestop.online.errors import (
    ConsentNeeded,
    DraftClosed,
    NotComplete,
    NotOnline,
    SignInNeeded,
    TooManyFiles,
)
from haicap.systems.onestop.online.letters import TOPIC_RECEIPT
from haicap.systems.onestop.online.visitors import Visitor, check_beginnings
from haicap.systems.onestop.reception import files as reception_files
from haicap.systems.onestop.reception.intake import FeeDue, Intake, PaperGiven
from haicap.systems.onestop.reception.service import take_in
from haicap.systems.onestop.service import Application

#: an untouched draft is kept so long
KEPT = timedelta(days=30)
MOST_DRAFTS, MOST_FILES, MOST_FILES_A_PAPER = 30, 40, 10
#: version of the words of the consents
CONSENT_VERSION = "2025-1"

APPLICANT, PAPERS, DELIVERY, FORM = "nguoi-nop", "giay-to", "nhan-ket-qua", "to-khai"


@dataclass(frozen=True, slots=True)
class Part:
    """Một việc trong danh sách: `key` begins its address, `problem` says what is missing."""

    key: str
    name: str
    done: bool


def begin(visitor: Visitor, version: ProcedureVersion, unit: Unit) -> OnlineDraft:
    """Bắt đầu: an empty draft for a procedure and the commune where it will be handed in.

    Raises NotOnline (ONE-803), SignInNeeded (ONE-804), TooManyLookups (ONE-810), TooManyFiles (ONE-807) where a
    citizen has too many drafts.
    """
    check_beginnings(visitor)
    check_may_begin(visitor, version)
    places.reception(version, unit.pk)
    form = guides.form_of(version)
    now = clock.now()
    if visitor.citizen is not None:
        _check_drafts(visitor)
    return OnlineDraft.objects.create(
        citizen=visitor.citizen,
        procedure_version=version,
        unit=unit,
        applicant=applicant.prefilled(visitor),
        form=applicant.prefilled_form(visitor, form),
        schema_digest=form.digest,
        started_at=now,
        changed_at=now,
        expires_at=now + KEPT,
    )


def check_may_begin(visitor: Visitor, version: ProcedureVersion) -> None:
    """Raises NotOnline (ONE-803) or SignInNeeded (ONE-804) where this visitor cannot hand this in from home."""
    if not guides.is_online(version):
        raise NotOnline(
            _("Thủ tục này phải nộp trực tiếp."),
            kept=_("Chưa có gì được ghi."),
            todo=_("Hãy xem giấy tờ cần mang rồi đặt lịch đến quầy."),
        )
    if guides.needs_sign_in(version) and visitor.citizen is None:
        raise SignInNeeded(
            _("Thủ tục này cần biết chắc người nộp là ai."),
            kept=_("Chưa có gì được ghi."),
            todo=_("Hãy đăng nhập bằng VNeID rồi nộp, hoặc đến quầy."),
        )


def refresh(draft: OnlineDraft) -> list[str]:
    """Whether the procedure or its form has changed while the draft lay; what its owner should be told.

    The draft goes over to what holds today: parts that may no longer be right are open again, what was typed stays.
    Raises NotOnline (ONE-803) where the procedure has ended.
    """
    told: list[str] = []
    version = catalogue.current(draft.procedure_version.procedure_id, clock.today())
    if version is None:
        raise NotOnline(
            _("Thủ tục «%(name)s» đã hết hiệu lực trong lúc bản nháp chờ.")
            % {"name": draft.procedure_version.name[:200]},
            kept=_("Bản nháp vẫn còn đến ngày %(day)s.")
            % {"day": f"{draft.expires_at.astimezone(clock.ZONE):%d/%m/%Y}"},
            todo=_("Hãy tìm thủ tục thay thế trong danh mục."),
        )
    done = list(draft.done)
    if version.pk != draft.procedure_version_id:
        told.append(
            _("Thủ tục vừa được công bố lại: giấy tờ phải nộp có thể đã khác. Hãy xem lại phần giấy tờ.")
        )
        done = [part for part in done if part != PAPERS]
    form = guides.form_of(version)
    if form.digest != draft.schema_digest:
        told.append(
            _("Tờ khai vừa được đổi mẫu: những gì bạn đã điền vẫn còn. Hãy xem lại từng phần của tờ khai.")
        )
        done = [part for part in done if not part.startswith(FORM)]
    if told:
        draft.procedure_version, draft.schema_digest, draft.done = version, form.digest, done
        draft.save(update_fields=["procedure_version", "schema_digest", "done"])
    return told


def parts(draft: OnlineDraft, form: forms.Form) -> list[Part]:
    """Danh sách việc: what has to be filled in before handing in, in order."""
    found = [(APPLICANT, _("Người nộp hồ sơ"))]
    found += [(f"{FORM}/{page.key}", page.title) for page in form.pages]
    found.append((PAPERS, _("Giấy tờ kèm theo")))
    found.append((DELIVERY, _("Nhận kết quả")))
    return [Part(key, name, key in draft.done) for key, name in found]


@contextmanager
def changing(draft_id: uuid.UUID) -> Iterator[OnlineDraft]:
    """The draft, locked while it is written. Raises DraftClosed (ONE-802) where it can no longer be written."""
    with transaction.atomic():
        draft = (
            OnlineDraft.objects.select_for_update(of=("self",))
            .select_related("procedure_version__procedure", "citizen", "dossier")
            .get(pk=draft_id)
        )
        check_open(draft)
        yield draft
        draft.changed_at = clock.now()
        draft.expires_at = draft.changed_at + KEPT
        draft.save()


def save_page(draft: OnlineDraft, page: forms.Field, values: Mapping[str, Any]) -> list[forms.Problem]:
    """Lưu một phần của tờ khai: kept as typed, also where something is still wrong; what is wrong is given back."""
    problems = forms.check(page, values)
    with changing(draft.pk) as kept:
        kept.form = {**kept.form, page.key: values}
        _mark(kept, f"{FORM}/{page.key}", done=not problems)
    return problems


def save_applicant(draft: OnlineDraft, values: Mapping[str, Any]) -> list[forms.Problem]:
    """Lưu người nộp; who signed in keeps name and number as VNeID says them."""
    page = applicant.page_for(draft.citizen)
    problems = forms.check(page, values)
    with changing(draft.pk) as kept:
        kept.applicant = dict(values)
        _mark(kept, APPLICANT, done=not problems)
    return problems


def save_delivery(draft: OnlineDraft, values: Mapping[str, Any]) -> list[forms.Problem]:
    """Lưu cách nhận kết quả."""
    problems = forms.check(applicant.delivery_page(), values)
    with changing(draft.pk) as kept:
        if not problems:
            kept.delivery = Delivery(int(values["cach"]))
            kept.delivery_address = str(values.get("dia_chi", ""))
        _mark(kept, DELIVERY, done=not problems)
    return problems


def save_papers(draft: OnlineDraft) -> list[tuple[int, str]]:
    """Xong phần giấy tờ: (number of the paper, what is missing) of each that was not uploaded."""
    missing = missing_papers(draft)
    with changing(draft.pk) as kept:
        _mark(kept, PAPERS, done=not missing)
    return missing


def missing_papers(draft: OnlineDraft) -> list[tuple[int, str]]:
    """Papers that are always asked for and have no file yet."""
    have = set(draft.files.values_list("paper", flat=True))
    return [
        (one.number, _("Hãy tải lên «%(name)s».") % {"name": one.paper.name[:200]})
        for one in wanted_papers.wanted(draft.procedure_version)
        if one.way is wanted_papers.Way.UPLOAD and one.number not in have
    ]


def add_file(draft: OnlineDraft, number: int, content: BinaryIO, name: str) -> DraftFile:
    """Tải lên một tệp for a paper: looked at before it is kept.

    Raises TooManyFiles (ONE-807), what `reception.files.accept` raises; the draft stays as it was.
    """
    if number not in [one.number for one in wanted_papers.wanted(draft.procedure_version) if one.uploads]:
        raise NotComplete(
            _("Không có giấy tờ này trong danh sách."), where="tep", kept=_("Bản nháp vẫn như cũ.")
        )
    with changing(draft.pk) as kept:
        if kept.files.count() >= MOST_FILES or kept.files.filter(paper=number).count() >= MOST_FILES_A_PAPER:
            raise TooManyFiles(
                _("Mỗi giấy tờ nộp được nhiều nhất %(paper)d tệp, cả hồ sơ %(all)d tệp.")
                % {"paper": MOST_FILES_A_PAPER, "all": MOST_FILES},
                where="tep",
                kept=_("Các tệp đã tải lên vẫn còn."),
                todo=_("Hãy ghép các ảnh thành một tệp PDF, hoặc xóa tệp thừa."),
            )
        taken = kept.files.aggregate(bytes=Sum("file__size_bytes"))["bytes"] or 0
        stored = reception_files.accept(content, name, taken_bytes=taken)
        made = DraftFile.objects.create(
            draft=kept,
            paper=number,
            file=stored,
            file_name=clean(name)[:255] or _("tệp"),
            added_at=clock.now(),
        )
        _mark(kept, PAPERS, done=False)
    return made


def remove_file(draft: OnlineDraft, file_id: uuid.UUID) -> None:
    """Xóa một tệp of the draft; nothing where it is not there."""
    with changing(draft.pk) as kept:
        kept.files.filter(pk=file_id).delete()
        _mark(kept, PAPERS, done=False)


def move_draft(draft: OnlineDraft, unit: Unit) -> None:
    """Đổi nơi nộp. Raises NotOnline (ONE-803) where nobody there decides it."""
    places.reception(draft.procedure_version, unit.pk)
    with changing(draft.pk) as kept:
        kept.unit = unit


def drop(draft: OnlineDraft) -> None:
    """Bỏ bản nháp: it and the names of its files are gone."""
    with transaction.atomic():
        OnlineDraft.objects.filter(pk=draft.pk, dossier__isnull=True).delete()


def forget_expired(limit: int = 1_000) -> int:
    """Xóa bản nháp quá hạn; how many."""
    old = OnlineDraft.objects.filter(dossier__isnull=True, expires_at__lt=clock.now()).order_by("expires_at")
    ids = list(old.values_list("pk", flat=True)[:limit])
    with transaction.atomic():
        OnlineDraft.objects.filter(pk__in=ids, dossier__isnull=True).delete()
    return len(ids)


def hand_in(
    visitor: Visitor, draft: OnlineDraft, purposes: Collection[str], *, site: str = "", shown: str = ""
) -> Dossier:
    """Nộp hồ sơ: the draft becomes a dossier (status 1), once, however often the button is pressed.

    `shown` is the digest of the form that the preview showed. Raises ConsentNeeded (ONE-806), NotComplete (ONE-805),
    NotOnline (ONE-803), DraftClosed (ONE-802), SignInNeeded (ONE-804), and what `take_in` raises: the draft stays.
    """
    with transaction.atomic():
        kept = (
            OnlineDraft.objects.select_for_update(of=("self",))
            .select_related("procedure_version__procedure", "procedure_version__field", "citizen", "dossier")
            .get(pk=draft.pk)
        )
        if kept.dossier is not None:
            return kept.dossier
        check_open(kept)
        check_may_begin(visitor, kept.procedure_version)
        changed = refresh(kept)
        form = guides.form_of(kept.procedure_version)
        if not changed:
            _check_consent(purposes)
            _check_complete(kept, form)
        if not changed and (not shown or shown == form.digest):
            return _hand_in(visitor, kept, form, purposes, site)
    raise NotComplete(
        _("Tờ khai hoặc giấy tờ của thủ tục vừa thay đổi trong lúc bạn xem lại."),
        kept=_("Bản nháp vẫn còn nguyên; chưa có hồ sơ nào được nộp."),
        todo=_("Hãy xem lại các phần chưa xong rồi nộp."),
    )


def _hand_in(
    visitor: Visitor, draft: OnlineDraft, form: forms.Form, purposes: Collection[str], site: str
) -> Dossier:
    where = places.reception(draft.procedure_version, draft.unit_id)
    with journal.act(visitor.actor, "onestop.hand_in_online") as act:
        dossier = take_in(
            visitor.actor,
            _intake(draft, form),
            receiving_agency=where.receiving,
            competent_agency=where.competent,
            online=True,
        )
        dossier = waiting.lay_at_reception(visitor.for_themselves, dossier, where.receiving)
        given = [
            DossierConsent(
                dossier=dossier,
                purpose=purpose,
                version=CONSENT_VERSION,
                method="vneid" if draft.citizen_id is not None else "online",
                given_at=clock.now(),
            )
            for purpose in HandingInPurpose
            if purpose in purposes
        ]
        DossierConsent.objects.bulk_create(given)
        act.changed(
            "onestop.dossier_consent", dossier.pk, None, {"purposes": [str(one.purpose) for one in given]}
        )
        to = str(draft.applicant.get("thu_dien_tu", ""))
        draft.files.all().delete()
        draft.dossier, draft.form, draft.applicant, draft.delivery_address = dossier, {}, {}, ""
        draft.changed_at = clock.now()
        draft.save()
        if to and HandingInPurpose.NOTIFY in purposes:
            # nobody's name or address goes into the outbox: the letter is written when it is sent
            outbox.send(TOPIC_RECEIPT, {"draft": str(draft.pk), "site": site}, f"{TOPIC_RECEIPT}:{draft.pk}")
    return dossier


def _intake(draft: OnlineDraft, form: forms.Form) -> Intake:
    said = applicant.said(draft)
    version = draft.procedure_version
    organisation = said.get("loai") == "to_chuc"
    number = clean(str(said.get("so_dinh_danh", "")))
    name = str(said.get("ten_to_chuc") if organisation else said.get("ho_ten", ""))
    uploads: dict[int, list[DraftFile]] = {}
    for one in draft.files.select_related("file").order_by("added_at", "id"):
        uploads.setdefault(one.paper, []).append(one)
    return Intake(
        application=Application(
            procedure_code=version.procedure.code,
            applicant_name=name,
            field=version.field_id,
            place=draft.unit,
            village=str(said.get("thon", "")),
            address=str(said.get("dia_chi", "")),
            applicant_number="" if organisation else number,
        ),
        submission=draft.submission,
        version=version,
        channel=Channel.ONLINE,
        case=draft.case,
        applicant_kind=ApplicantKind.ORGANISATION if organisation else ApplicantKind.CITIZEN,
        applicant_number=str(said.get("ma_so_thue", "")) if organisation else number,
        birth_date=_day(said.get("ngay_sinh")) if not organisation else None,
        phone=str(said.get("dien_thoai", "")),
        email=str(said.get("thu_dien_tu", "")),
        representative_name=str(said.get("ho_ten", "")) if organisation else "",
        representative_number=number if organisation else "",
        citizen=draft.citizen,
        summary=f"{version.name}: {name}"[:500],
        form={page.key: draft.form.get(page.key, {}) for page in form.pages},
        delivery=Delivery(draft.delivery),
        delivery_address=draft.delivery_address,
        papers=tuple(_papers(draft, uploads)),
        fees=tuple(_fees(version)),
    )


def _papers(draft: OnlineDraft, uploads: Mapping[int, list[DraftFile]]) -> Iterator[PaperGiven]:
    for one in wanted_papers.wanted(draft.procedure_version):
        if one.way is wanted_papers.Way.FORM:
            yield PaperGiven(name=one.paper.name, code=one.paper.code, file_name=str(_("Tờ khai điện tử")))
        for upload in uploads.get(one.number, []):
            yield PaperGiven(
                name=one.paper.name, code=one.paper.code, file=upload.file, file_name=upload.file_name
            )


def _fees(version: ProcedureVersion) -> Iterator[FeeDue]:
    """What online costs, where the published text says a sum."""
    charged = list(version.fees.order_by("position"))
    own = [fee for fee in charged if fee.channel == Channel.ONLINE] or [
        fee for fee in charged if fee.channel is None
    ]
    for fee in own:
        if fee.amount:
            yield FeeDue(name=fee.name, amount=fee.amount, code=fee.code)


def _check_complete(draft: OnlineDraft, form: forms.Form) -> None:
    """Everything is looked at once more: what a page said was right may have been written since."""
    open_parts = [part.name for part in parts(draft, form) if not part.done]
    for page in form.pages:
        if forms.check(page, draft.form.get(page.key, {})) and page.title not in open_parts:
            open_parts.append(page.title)
    if forms.check(applicant.page_for(draft.citizen), draft.applicant):
        open_parts.append(_("Người nộp hồ sơ"))
    if missing_papers(draft):
        open_parts.append(_("Giấy tờ kèm theo"))
    if open_parts:
        names = ", ".join(dict.fromkeys(open_parts))
        raise NotComplete(
            _("Còn phần chưa xong: %(names)s.") % {"names": names},
            kept=_("Những gì đã nhập vẫn còn; chưa có hồ sơ nào được nộp."),
            todo=_("Hãy làm xong các phần ấy rồi nộp."),
        )


def _check_consent(purposes: Collection[str]) -> None:
    if HandingInPurpose.PROCESS not in purposes:
        raise ConsentNeeded(
            _("Bạn chưa đồng ý cho cơ quan dùng thông tin này để giải quyết hồ sơ."),
            where=f"muc-dich-{HandingInPurpose.PROCESS}",
            kept=_("Bản nháp vẫn còn; chưa có hồ sơ nào được nộp."),
            todo=_("Không có sự đồng ý này thì không nộp trực tuyến được; bạn có thể đến quầy."),
        )


def check_open(draft: OnlineDraft) -> None:
    """Raises DraftClosed (ONE-802) where the draft can no longer be written."""
    if draft.dossier_id is not None:
        raise DraftClosed(
            _("Hồ sơ này đã nộp rồi."),
            kept=_("Hồ sơ đã nộp vẫn nguyên."),
            todo=_("Muốn bổ sung hay rút, hãy mở trang hồ sơ của bạn."),
        )
    if draft.expires_at <= clock.now():
        raise DraftClosed(
            _("Bản nháp đã quá hạn giữ."),
            kept=_("Chưa có hồ sơ nào được nộp."),
            todo=_("Hãy bắt đầu lại từ trang của thủ tục."),
        )


def _check_drafts(visitor: Visitor) -> None:
    open_drafts = OnlineDraft.objects.filter(
        citizen=visitor.citizen, dossier__isnull=True, expires_at__gt=clock.now()
    )
    if open_drafts.count() >= MOST_DRAFTS:
        raise TooManyFiles(
            _("Bạn đang có %(most)d bản nháp.") % {"most": MOST_DRAFTS},
            kept=_("Các bản nháp vẫn còn."),
            todo=_("Hãy nộp hoặc bỏ bớt bản nháp cũ."),
        )


def _mark(draft: OnlineDraft, part: str, *, done: bool) -> None:
    rest = [one for one in draft.done if one != part]
    draft.done = [*rest, part] if done else rest


def _day(text: Any) -> date | None:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None
