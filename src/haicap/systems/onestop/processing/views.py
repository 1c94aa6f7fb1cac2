"""Pages of tasks: the worklist, one task, many at once, handing out, a paper of a dossier. Thin: see the services."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from haicap.kernel import files
from haicap.kernel.actor import Actor
from haicap.kernel.errors import HaicapError
from haicap.systems.onestop import catalogue, looks, policy, queries
from haicap.systems.onestop.errors import BadFilter, DossierNotFound
from haicap.systems.onestop.models import Dossier, DossierTask, TaskKind
from haicap.systems.onestop.processing import handling, panel, service, worklist
from haicap.systems.onestop.processing.errors import SupplementAgain, TaskNotFound
from haicap.systems.onestop.processing.handling import Ending, Summary
from haicap.systems.onestop.processing.worklist import TAKEN_WORDS, Circle, TaskFilters
from haicap.systems.onestop.views import TONES, dossier_page, safe_address

#: what the browser shows of a file must not reach out of it
FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-ancestors 'self'; sandbox"
ACTIONS = {
    "nhan": gettext_lazy("Nhận việc"),
    "tra-lai": gettext_lazy("Trả lại việc"),
    "giao": gettext_lazy("Giao việc"),
    "xong": gettext_lazy("Hoàn thành việc"),
}


@never_cache
@require_safe
def tasks(request: HttpRequest) -> HttpResponse:
    """Việc theo quy trình: what asks me, my agency, or is asked of us, by due time."""
    actor = _actor(request)
    mine = worklist.reach(actor)
    problem: HaicapError | None = None
    try:
        filters = TaskFilters.read(request.GET)
    except BadFilter as error:
        problem, filters = error, TaskFilters()
    if "pham-vi" not in request.GET and actor.sees_all and not mine.title:
        filters = TaskFilters(circle=Circle.AGENCY)
    page = worklist.page(mine, filters)
    counts = worklist.counts(mine)
    here = counts[filters.circle]
    context = {
        "title": _("Việc theo quy trình"),
        "problem": problem,
        "filters": filters,
        "lines": _lines(page.rows),
        "next": filters.as_query(after=page.after) if page.after is not None else "",
        "first": filters.as_query() if filters.after is not None else "",
        "circles": [
            (
                one.value,
                _("Toàn tỉnh") if one is Circle.AGENCY and actor.sees_all else one.label,
                f"?{TaskFilters(circle=one).as_query()}",
                sum(counts[one].values()),
            )
            for one in Circle
        ],
        "urgencies": [
            ("", _("Tất cả"), f"?{filters.as_query(urgency=None)}", sum(here.values())),
            *(
                (one.value, one.label, f"?{filters.as_query(urgency=one)}", many)
                for one, many in here.items()
                if many or one is filters.urgency
            ),
        ],
        "urgency": filters.urgency.value if filters.urgency is not None else "",
        "kinds": list(TaskKind),
        "takens": list(TAKEN_WORDS.items()),
        "fields": sorted(
            ((code, catalogue.field_name(code)) for code in catalogue.FIELDS), key=lambda one: one[1]
        ),
        "bare": TaskFilters(circle=filters.circle).as_query(),
        "assigns": actor.may(policy.ASSIGN),
        "address": request.get_full_path(),
    }
    return render(request, "onestop/processing/tasks.html", context, status=400 if problem else 200)


@require_POST
def act_many(request: HttpRequest) -> HttpResponse:
    """Làm nhiều việc: taking and giving back at once; handing out and ending after a summary was seen."""
    actor = _actor(request)
    back = safe_address(request, reverse("onestop:tasks"))
    deed = request.POST.get("lam", "")
    mine = worklist.reach(actor)
    try:
        wanted = [uuid.UUID(each) for each in request.POST.getlist("viec")[: handling.MOST_AT_ONCE + 1]]
    except ValueError:
        wanted = []
    if len(wanted) > handling.MOST_AT_ONCE:
        messages.error(
            request,
            _("Mỗi lần làm được nhiều nhất %(most)s việc; chưa có gì thay đổi.")
            % {"most": handling.MOST_AT_ONCE},
        )
        return redirect(back)
    found = handling.chosen(mine, wanted)
    if deed not in ACTIONS or not found:
        messages.error(
            request, _("Chưa chọn được việc nào để làm; chưa có gì thay đổi. Hãy đánh dấu rồi chọn lại.")
        )
        return redirect(back)
    ids = [task.id for task in found]
    if deed == "nhan":
        return _summary_page(request, handling.take_many(actor, ids), deed, back, undo="tra-lai")
    if deed == "tra-lai":
        undo = "nhan" if request.POST.get("hoan-tac") != "1" else ""
        return _summary_page(request, handling.release_many(actor, ids), deed, back, undo=undo)
    if request.POST.get("xac-nhan") == "1":
        return _carried_out(request, actor, mine, found, deed, back)
    return _preview(request, actor, found, deed, back)


@require_POST
def act(request: HttpRequest, task_id: uuid.UUID) -> HttpResponse:
    """Nhận, trả lại, hoàn thành một việc; where it is refused the dossier's page says why and keeps what was typed."""
    actor = _actor(request)
    mine = worklist.reach(actor)
    task = panel.task_of(mine, task_id)
    code = task.dossier.code
    deed = request.POST.get("lam", "")
    try:
        if deed == "nhan":
            service.take_task(actor, task.id)
            said = _("Bạn đã nhận việc «%(name)s» của hồ sơ %(code)s.")
        elif deed == "tra-lai":
            service.release_task(actor, task.id)
            said = _("Đã trả lại việc «%(name)s» của hồ sơ %(code)s.")
        else:
            ended = handling.end_task(actor, task.id, _ending(request), site=request.build_absolute_uri("/"))
            said = _("Đã xong việc «%(name)s» của hồ sơ %(code)s.")
            if ended.letter is not None:
                said += " " + _("Đã lập %(form)s, số %(number)s.") % {
                    "form": ended.letter.get_form_display(),
                    "number": ended.letter.number,
                }
            if ended.completed.opened:
                said += " " + _("Bước sau: %(names)s.") % {
                    "names": ", ".join(f"{each.name} ({each.title.name})" for each in ended.completed.opened)
                }
    except HaicapError as error:
        return _task_refused(request, actor, task, error)
    messages.success(request, said % {"name": task.name, "code": code})
    return _after(actor, code, safe_address(request, reverse("onestop:tasks")))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def assign(request: HttpRequest, task_id: uuid.UUID) -> HttpResponse:
    """Giao việc: who bears the title, how much each has; the head chooses. Raises AssignNotAllowed."""
    actor = _actor(request)
    if not actor.may(policy.ASSIGN):
        raise service.assign_not_allowed()
    mine = worklist.reach(actor)
    task = panel.task_of(mine, task_id)
    problem: HaicapError | None = None
    if request.method == "POST":
        person = _uuid(request.POST.get("nguoi", ""))
        try:
            if person is None:
                raise TaskNotFound(_("Chưa chọn người."), todo=_("Hãy chọn một người trong danh sách."))
            service.assign_task(actor, task.id, person, note=request.POST.get("ly-do", ""))
        except HaicapError as error:
            problem = error
        else:
            messages.success(request, _("Đã giao việc «%(name)s».") % {"name": task.name})
            return _after(actor, task.dossier.code, reverse("onestop:tasks"))
    context = {
        "title": _("Giao việc"),
        "crumbs": [(_("Việc theo quy trình"), reverse("onestop:tasks")), (_("Giao việc"), "")],
        "problem": problem,
        "found": [task],
        "people": panel.candidates(task),
        "typed": request.POST,
        "single": task,
        "deed": "giao",
        "address": reverse("onestop:tasks"),
    }
    return render(
        request, "onestop/processing/preview.html", context, status=problem.http_status if problem else 200
    )


@require_POST
def recall(request: HttpRequest, code: str) -> HttpResponse:
    """Thôi chờ ý kiến: the route goes on without the agencies that have not answered."""
    actor = _actor(request)
    if not actor.may(policy.ASSIGN):
        raise service.assign_not_allowed()
    found = queries.dossier_by_code(actor, code)
    try:
        service.close_consultations(actor, found.id, reason=request.POST.get("ly-do", ""))
    except HaicapError as error:
        return dossier_page(request, found, error)
    messages.success(request, _("Hồ sơ %(code)s đi tiếp, không chờ ý kiến nữa.") % {"code": found.code})
    return redirect("onestop:dossier", code=found.code)


@xframe_options_sameorigin
@require_safe
def paper_file(request: HttpRequest, code: str, paper_id: uuid.UUID) -> FileResponse:
    """Giấy tờ trong hồ sơ: the file itself, shown by the browser where it can; each opening is noted as a reading."""
    actor = _actor(request)
    dossier, paper = panel.paper_file(actor, code, paper_id)
    kept = paper.file or (paper.reused.file if paper.reused is not None else None)
    assert kept is not None
    looks.note_look(request, actor, dossier)
    shown = kept.media_type in panel.SHOWN_IN_PAGE
    name = paper.file_name or kept.name or paper.name[:80]
    response = FileResponse(
        files.open(kept.digest), as_attachment=not shown, filename=name, content_type=kept.media_type
    )
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    # the browser's own viewer of PDF files does not start in a sandbox
    response["Content-Security-Policy"] = (
        FILE_POLICY.removesuffix("; sandbox") if kept.media_type == "application/pdf" else FILE_POLICY
    )
    return response


def _carried_out(
    request: HttpRequest, actor: Actor, mine: worklist.Reach, found: list[DossierTask], deed: str, back: str
) -> HttpResponse:
    ids = [task.id for task in found]
    if deed == "giao":
        person = _uuid(request.POST.get("nguoi", ""))
        if person is None:
            messages.error(request, _("Chưa chọn người; chưa có việc nào được giao."))
            return _preview(request, actor, found, deed, back)
        made = handling.assign_many(actor, ids, person, note=request.POST.get("ly-do", ""))
        return _summary_page(request, made, deed, back, undo="tra-lai")
    made = handling.end_many(actor, ids, _ending(request), site=request.build_absolute_uri("/"))
    return _summary_page(request, made, deed, back)


def _preview(
    request: HttpRequest, actor: Actor, found: list[DossierTask], deed: str, back: str
) -> HttpResponse:
    """What would happen to how many; with the person to choose, or the outcome."""
    same = len({task.title_id for task in found}) == 1
    if deed == "giao" and not actor.may(policy.ASSIGN):
        raise service.assign_not_allowed()
    context = {
        "title": str(ACTIONS[deed]),
        "crumbs": [(_("Việc theo quy trình"), back), (str(ACTIONS[deed]), "")],
        "found": found,
        "deed": deed,
        "people": panel.candidates(found[0]) if deed == "giao" and same else [],
        "outcomes": handling.common_outcomes(found) if deed == "xong" else [],
        "steps": sorted({(task.name, task.title.name) for task in found}),
        "typed": request.POST,
        "address": back,
    }
    return render(request, "onestop/processing/preview.html", context)


def _summary_page(
    request: HttpRequest, made: Summary, deed: str, back: str, *, undo: str = ""
) -> HttpResponse:
    """Bao nhiêu việc đã làm, bao nhiêu không và vì sao; and the way back, where there is one."""
    count = len(made.done)
    context = {
        "title": ngettext("%(verb)s: %(count)s việc", "%(verb)s: %(count)s việc", count)
        % {"verb": str(ACTIONS[deed]), "count": count},
        "crumbs": [(_("Việc theo quy trình"), back), (str(ACTIONS[deed]), "")],
        "made": made,
        "undo": undo if made.done else "",
        "address": back,
    }
    return render(request, "onestop/processing/summary.html", context)


def _task_refused(request: HttpRequest, actor: Actor, task: DossierTask, error: HaicapError) -> HttpResponse:
    """On the dossier's page where it may be seen; else the error's own page."""
    try:
        found = queries.dossier_by_code(actor, task.dossier.code)
    except DossierNotFound:
        raise error from None
    return dossier_page(request, found, error, again=task.id if isinstance(error, SupplementAgain) else None)


def _after(actor: Actor, code: str, otherwise: str) -> HttpResponse:
    """The dossier, while the actor may still see it; else the list."""
    if Dossier.objects.visible_to(actor).filter(code=code).exists():
        return redirect("onestop:dossier", code=code)
    return redirect(otherwise)


def _lines(rows: Sequence[worklist.TaskRow]) -> list[dict[str, Any]]:
    return [
        {
            "row": row,
            "task": row.task,
            "dossier": row.task.dossier,
            "procedure": catalogue.procedure_name(row.task.dossier.procedure_code),
            "tone": TONES[row.urgency],
        }
        for row in rows
    ]


def _ending(request: HttpRequest) -> Ending:
    return Ending(
        outcome=request.POST.get("ket-thuc", "")[:40],
        note=request.POST.get("ly-do", ""),
        items=tuple(line for line in request.POST.get("con-thieu", "")[:50_000].splitlines() if line.strip()),
        contact=request.POST.get("lien-he", ""),
        again=request.POST.get("lan-nua") == "1",
    )


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor
