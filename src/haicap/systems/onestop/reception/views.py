"""Pages of the counter: ordinary reception, and certified copies. Thin: see `counter`, `copies`, `undo`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST

from haicap.access.personal_data.service import Purpose, note_reading
from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.errors import HaicapError, NotAllowed, NotFound
from haicap.kernel.ids import new_id
from haicap.systems.onestop import looks, policy
from haicap.systems.onestop import queries as onestop
from haicap.systems.onestop.catalogue import find
from haicap.systems.onestop.counters import service as counters
from haicap.systems.onestop.errors import ReceptionNotAllowed
from haicap.systems.onestop.models import (
    ApplicantKind,
    Delivery,
    Dossier,
    DossierFee,
    LetterForm,
    TicketState,
)
from haicap.systems.onestop.papers import queries as papers
from haicap.systems.onestop.papers import service as letters
from haicap.systems.onestop.reception import (
    configuration,
    counter,
    drafts,
    files,
    queries,
    scanner,
    undo,
)
from haicap.systems.onestop.reception.counter import Screen
from haicap.systems.onestop.reception.drafts import Draft
from haicap.systems.onestop.reception.errors import (
    BadIdentity,
    FileRefused,
    LimitNotKnown,
    PapersMissing,
    SubmissionTaken,
)
from haicap.systems.onestop.reception.queries import Receiver
from haicap.systems.onestop.results import queries as results

PAGE = "tiep-nhan"
#: fields of the form by the name that an error gives for its place
FIELDS = {
    "applicant_number": "quet",
    "applicant_name": "ho-ten",
    "procedure_code": "thu-tuc",
    "working_days": "so-ngay",
    "papers": "giay-to",
    "files": "tep",
    "address": "dia-chi",
    "village": "thon",
}
View = Callable[..., HttpResponse]


def with_limited_uploads(view: View) -> View:
    """Let a view read its form itself, so that what is too large is refused while it comes in.

    The check against forged forms reads the form: it runs after the handlers are in place.
    """
    checked = csrf_protect(view)

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        request.upload_handlers = [files.LimitedUploads(request), TemporaryFileUploadHandler(request)]
        return checked(request, *args, **kwargs)

    return csrf_exempt(guarded)


@with_limited_uploads
@require_http_methods(["GET", "HEAD", "POST"])
def reception(request: HttpRequest) -> HttpResponse:
    """Tiếp nhận hồ sơ: one screen; each press does one thing (`lam`) and shows the whole again."""
    actor = _actor(request)
    receivers = receivers_of(actor)
    if request.method != "POST":
        return _first_look(request, actor, receivers)
    act = next((one for one in ("chon", "bo") if one in request.POST), request.POST.get("lam", ""))
    kept = drafts.load(actor, PAGE)
    draft = Draft(drafts.typed_of(request.POST), kept.noted, kept.files)
    if act == "nhap":
        if not counter.is_received(draft):  # an answer that came late must not bring back what was received
            drafts.save(actor, PAGE, draft)
        return HttpResponse(status=204)
    if act == "xoa":
        drafts.discard(actor, PAGE)
        return redirect("onestop:reception")
    if act == "tiep-nhan":
        return _receive(request, actor, draft, receivers)
    shown = _do(request, actor, act, draft, receivers)
    drafts.save(actor, PAGE, shown.draft)
    return _page(request, actor, shown)


@require_POST
def undo_reception(request: HttpRequest, code: str) -> HttpResponse:
    """Hoàn tác: withdraw what was received a moment ago."""
    actor = _actor(request)
    receivers_of(actor)
    found = _received(actor, code)
    try:
        undo.undo_reception(actor, found.id, request.POST.get("ly-do", ""))
    except (NotAllowed, NotFound):
        raise
    except HaicapError as error:
        messages.error(request, f"{error.message} {error.kept} {error.todo} ({error.code})")
        return redirect(f"{reverse('onestop:reception')}?xong={found.code}")
    messages.success(request, _("Đã hoàn tác: hồ sơ %(code)s được rút.") % {"code": found.code})
    return redirect("onestop:reception")


def receivers_of(actor: Actor) -> list[Receiver]:
    """The agencies that the actor receives for. Raises ReceptionNotAllowed where there are none."""
    found = queries.receivers(actor) if actor.may(policy.RECEIVE) else []
    if not found:
        raise ReceptionNotAllowed(
            _("Bạn không được giao tiếp nhận hồ sơ, hoặc cơ quan bạn chưa có mã định danh."),
            kept=_("Chưa có hồ sơ nào được ghi."),
            todo=_("Hãy nhờ quản trị giao quyền «Tiếp nhận hồ sơ», hoặc cấp mã định danh cho cơ quan."),
        )
    return found


def _first_look(request: HttpRequest, actor: Actor, receivers: list[Receiver]) -> HttpResponse:
    draft = drafts.load(actor, PAGE)
    draft.typed.setdefault("lan", str(new_id()))
    shown = counter.screen(actor, draft, receivers)
    _show_known(request, actor, shown)
    done = None
    if request.GET.get("xong"):
        done = _received(actor, request.GET["xong"][:60])
        looks.note_look(request, actor, done)
    return _page(request, actor, shown, done)


def _do(request: HttpRequest, actor: Actor, act: str, draft: Draft, receivers: list[Receiver]) -> Screen:
    """One press other than receiving: what the page shows after it."""
    problem: HaicapError | None = None
    focus = {"chon": "truong-hop", "tep": "tep", "quet-moi": "tep", "bo": "tep", "du": "cach-thu"}.get(
        act, ""
    )
    if act == "chon":
        _choose(request, draft)
    try:
        if act == "doc":
            places = queries.places(counter.receiver_of(draft, receivers).unit_id)
            counter.read_scan(draft, places)
            focus = "thu-tuc" if draft.get("ho-ten") else "ho-ten"
        elif act == "tep" or (act == "quet-moi" and request.POST.getlist("may-quet")):
            _take_files(request, actor, draft, receivers)
        elif act == "bo":
            gone = request.POST.get("bo", "")
            draft.files = [one for one in draft.files if one["digest"][:16] != gone]
    except HaicapError as error:
        problem, focus = error, FIELDS.get(error.where, error.where)
    shown = counter.screen(actor, draft, receivers)
    if act == "du":
        for row in shown.papers:
            draft.typed[f"giay-{row.paper.pk}"] = "1"
        shown = counter.screen(actor, draft, receivers)
    if act == "tim":
        shown.found = find(draft.get("thu-tuc"), limit=counter.MOST_FOUND)
    known = _show_known(request, actor, shown, new=act == "doc" and problem is None)
    if act == "doc" and problem is None and known is not None:
        counter.fill_from(draft, known)
        focus = "thu-tuc" if draft.get("ho-ten") else "ho-ten"
    if focus == "truong-hop" and not shown.cases:
        focus = "du" if shown.papers else "cach-thu"
    shown.problem, shown.focus = problem, focus
    return shown


def _choose(request: HttpRequest, draft: Draft) -> None:
    found = queries.version_of(request.POST.get("chon", ""))
    if found is not None:
        draft.typed["ban"] = str(found.pk)
        draft.typed["thu-tuc"] = found.name[:300]
        draft.typed["truong-hop"] = ""


def _take_files(request: HttpRequest, actor: Actor, draft: Draft, receivers: list[Receiver]) -> None:
    """Files from the form and from the scanner's folder, one after another; the first that is refused ends it."""
    receiver = counter.receiver_of(draft, receivers)
    uploads = request.FILES.getlist("tep")
    picked = request.POST.getlist("may-quet")[: scanner.MOST_SHOWN]
    if not uploads and not picked:
        raise FileRefused(
            _("Chưa chọn tệp nào."), where="files", todo=_("Hãy chọn tệp, chụp ảnh, hoặc chọn tệp vừa quét.")
        )
    for upload in uploads[: files.MOST_FILES]:
        _keep(actor, draft, upload, upload.name or "tep")
    for name in picked:
        with scanner.open_scan(receiver.code, name) as stream:
            _keep(actor, draft, stream, name)
        scanner.put_away(receiver.code, name)


def _keep(actor: Actor, draft: Draft, content: Any, name: str) -> None:
    if len(draft.files) >= files.MOST_FILES:
        raise files.too_large(name)
    stored = files.accept(content, name, taken_bytes=draft.bytes)
    drafts.add_file(actor, PAGE, stored, name)
    if all(one["digest"] != stored.digest for one in draft.files):
        draft.files.append({"digest": stored.digest, "name": name[:255], "size": stored.size_bytes})


def _show_known(
    request: HttpRequest, actor: Actor, shown: Screen, *, new: bool = False
) -> queries.Known | None:
    """Earlier dossiers and results of the number; the look is noted once for a number, by the server's own note."""
    draft = shown.draft
    number = draft.get("so")
    if not number.isdigit() or len(number) not in (9, 12):
        return None
    known = queries.known_of(actor, number)
    if draft.noted != known.subject:
        if not new:  # typed but not asked for: nothing is shown of that person
            return None
        note_reading(
            actor,
            known.subject,
            system="onestop",
            record="applicant",
            purpose=Purpose.HANDLE,
            text=_("Tra số định danh khi tiếp nhận"),
            correlation_id=getattr(request, "correlation_id", None),
        )
        draft.noted = known.subject
    shown.known = known
    shown.held = results.held_results(actor, number)[:20]
    return known


def _receive(request: HttpRequest, actor: Actor, draft: Draft, receivers: list[Receiver]) -> HttpResponse:
    try:
        if request.FILES.getlist("tep"):
            _take_files(request, actor, draft, receivers)
        if draft.get("quet"):
            counter.read_scan(draft, [])
        shown = counter.screen(actor, draft, receivers)
        made = counter.receive(actor, shown)
    except HaicapError as error:
        if isinstance(error, NotAllowed) and not isinstance(error, SubmissionTaken):
            raise
        drafts.save(actor, PAGE, draft)
        shown = counter.screen(actor, draft, receivers)
        _show_known(request, actor, shown)
        shown.problem, shown.focus = error, FIELDS.get(error.where, error.where)
        shown.needs_days = shown.needs_days or isinstance(error, LimitNotKnown)
        return _page(request, actor, shown)
    drafts.discard(actor, PAGE)
    _finish_ticket(actor)
    if papers.newest([made.id], LetterForm.RECEIPT).get(made.id) is None:
        letters.issue_letter(actor, made.id, LetterForm.RECEIPT, site=request.build_absolute_uri("/"))
    return redirect(f"{reverse('onestop:reception')}?xong={made.code}")


def _finish_ticket(actor: Actor) -> None:
    """The person at the counter has been served; somebody else may have ended the ticket meanwhile."""
    seat = queries.my_counter(actor)
    if seat is None or seat[1] is None:
        return
    try:
        counters.finish(actor, seat[1].id)
    except HaicapError:
        return


def _received(actor: Actor, code: str) -> Dossier:
    """A dossier that the actor's counter received, wherever it lies."""
    try:
        found = papers.dossier_by_code(actor, code)
    except HaicapError:
        found = onestop.dossier_by_code(actor, code)
    return found


def _page(request: HttpRequest, actor: Actor, shown: Screen, done: Dossier | None = None) -> HttpResponse:
    seat = queries.my_counter(actor)
    letter = papers.newest([done.id], LetterForm.RECEIPT).get(done.id) if done is not None else None
    names = (
        onestop.agency_names([done.receiving_agency_id, done.competent_agency_id], clock.today())
        if done is not None
        else {}
    )
    error = shown.problem
    context = {
        "title": _("Tiếp nhận hồ sơ"),
        "screen": shown,
        "typed": shown.draft.typed,
        "counter": seat[0] if seat is not None else None,
        "ticket": seat[1] if seat is not None else None,
        "serving": TicketState.SERVING,
        "done": done,
        "done_receiving": names.get(done.receiving_agency_id, "") if done is not None else "",
        "done_competent": names.get(done.competent_agency_id, "") if done is not None else "",
        "letter": letter,
        "may_undo": done is not None and undo.may_undo(actor, done),
        "undo_minutes": int(undo.UNDO_WITHIN.total_seconds() // 60),
        "kinds": ApplicantKind.choices,
        "channels": [(int(one), one.label) for one in counter.CHANNELS],
        "deliveries": Delivery.choices,
        "methods": [DossierFee.Method.CASH, DossierFee.Method.TRANSFER],
        "scanner": scanner.folder_of(shown.receiver.code) is not None,
        "scans": scanner.scans(shown.receiver.code),
        "accept": files.ACCEPT,
        "file_mb": configuration.file_bytes() // 1024 // 1024,
        "unscanned": not configuration.virus_scanner(),
        "papers_missing": isinstance(error, PapersMissing),
        "bad_identity": isinstance(error, BadIdentity),
        "tabs": tabs(),
    }
    response = render(request, "onestop/reception/counter.html", context)
    if error is not None and not request.headers.get("HX-Request"):
        response.status_code = error.http_status
    response["Cache-Control"] = "private, no-store"
    return response


def tabs() -> list[tuple[str, str, str]]:
    """The two screens of a counter."""
    return [
        ("tiep-nhan", _("Tiếp nhận hồ sơ"), reverse("onestop:reception")),
        ("chung-thuc", _("Chứng thực bản sao"), reverse("onestop:copies")),
    ]


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor
