"""Pages of the one-stop shop: worklist, dossier, registers, public tracking. Thin: see service and queries."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST, require_safe

from haicap.access.sign_in import throttle
from haicap.access.sign_in.address import client_address, place_of
from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.errors import HaicapError
from haicap.systems.onestop import catalogue, looks, policy, queries, service
from haicap.systems.onestop.errors import BadFilter, DossierNotFound, StepNotAllowed
from haicap.systems.onestop.filters import Filters, Sort, Urgency
from haicap.systems.onestop.models import IN_FLIGHT, Dossier, Status
from haicap.systems.onestop.online import words
from haicap.systems.onestop.online.visitors import guessing
from haicap.systems.onestop.processing import panel, routed
from haicap.systems.onestop.processing import worklist as work_lists
from haicap.systems.onestop.sync import queries as sync
from haicap.systems.onestop.transitions import next_statuses

#: the tone of the tag that says how a dossier stands; the word stands beside it
TONES = {
    Urgency.OVERDUE: "late",
    Urgency.TODAY: "waiting",
    Urgency.SOON: "waiting",
    Urgency.LATER: "",
    Urgency.WAITING: "undecided",
    Urgency.READY: "good",
    Urgency.NEW: "info",
}
#: what a step is called on its button; verbs
VERBS = {
    Status.RECEIVED: gettext_lazy("Tiếp nhận"),
    Status.REFUSED: gettext_lazy("Từ chối"),
    Status.PROCESSING: gettext_lazy("Xử lý"),
    Status.SUPPLEMENT: gettext_lazy("Yêu cầu bổ sung"),
    Status.PAYMENT: gettext_lazy("Yêu cầu nộp phí"),
    Status.WITHDRAWN: gettext_lazy("Cho rút hồ sơ"),
    Status.STOPPED: gettext_lazy("Tạm dừng"),
    Status.PROCESSED: gettext_lazy("Báo đã xử lý xong"),
    Status.RETURNED: gettext_lazy("Trả kết quả"),
}
#: the usual way forward from each status: the first button
FORWARD = {
    Status.REGISTERED: Status.RECEIVED,
    Status.RECEIVED: Status.PROCESSING,
    Status.PROCESSING: Status.PROCESSED,
    Status.SUPPLEMENT: Status.PROCESSING,
    Status.PAYMENT: Status.PROCESSING,
    Status.STOPPED: Status.PROCESSING,
    Status.PROCESSED: Status.RETURNED,
}
#: what steps are called in a history
ACTIONS = {
    "receive": gettext_lazy("Tiếp nhận"),
    "advance": gettext_lazy("Chuyển trạng thái"),
    "move": gettext_lazy("Chuyển bàn xử lý"),
    "return_result": gettext_lazy("Trả kết quả"),
    "place": gettext_lazy("Chuyển theo địa bàn khi sắp xếp đơn vị"),
    "carry": gettext_lazy("Chuyển giao khi sắp xếp đơn vị"),
}
CSV_HEAD = (
    "Mã hồ sơ", "Thủ tục", "Lĩnh vực", "Người nộp", "Địa bàn", "Trạng thái", "Ngày tiếp nhận",
    "Hạn trả", "Tình trạng",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the worklist as the template shows it."""

    row: queries.Row
    procedure: str
    tone: str

    @property
    def dossier(self) -> Dossier:
        """The dossier."""
        return self.row.dossier


@dataclass(frozen=True, slots=True)
class Stop:
    """A station of the custody picture: see `web`'s template tag `stations_picture`."""

    name: str
    when: str
    note: str
    kind: str


@require_safe
def worklist(request: HttpRequest) -> HttpResponse:
    """Danh sách hồ sơ: what lies on my agencies' desks now, the most urgent first."""
    actor = _actor(request)
    policy.check_list(actor)
    problem: HaicapError | None = None
    try:
        filters = Filters.read(request.GET)
    except BadFilter as error:
        problem, filters = error, Filters()
    page = queries.worklist(actor, filters)
    counts = queries.counts(actor)
    context = {
        "title": _("Hồ sơ"),
        "problem": problem,
        "filters": filters,
        "lines": [
            Line(row, catalogue.procedure_name(row.dossier.procedure_code), TONES[row.urgency])
            for row in page.rows
        ],
        "next": filters.as_query(after=page.after) if page.after is not None else "",
        "first": filters.as_query() if filters.after is not None else "",
        "tabs": _tabs(filters, counts),
        "current": filters.urgency.value if filters.urgency is not None else "",
        "total": sum(counts.values()),
        "statuses": [Status(status) for status in IN_FLIGHT],
        "fields": [(code, catalogue.field_name(code)) for code in queries.fields_at_work(actor)],
        "by_due": filters.as_query(sort=Sort.DUE),
        "by_newest": filters.as_query(sort=Sort.RECEIVED),
        "sorted_by": filters.sort.value,
        "export": f"{reverse('onestop:export')}?{filters.as_query()}" if actor.may(policy.EXPORT) else "",
        "bulk": [
            (int(status), VERBS[status])
            for status, permission in ((Status.PROCESSED, policy.ADVANCE), (Status.RETURNED, policy.RETURN))
            if actor.may(permission) and not actor.sees_all
        ],
        "address": request.get_full_path(),
    }
    return render(request, "onestop/worklist.html", context, status=400 if problem else 200)


@require_safe
def export(request: HttpRequest) -> StreamingHttpResponse:
    """Xuất danh sách: the worklist under the same filters as CSV (UTF-8 with BOM, as Excel reads it)."""
    actor = _actor(request)
    filters = Filters.read(request.GET)
    rows = looks.noted(request, actor, queries.export(actor, filters))
    journal.note(
        actor,
        "onestop.export_dossiers",
        record="onestop.dossier",
        after={"filters": filters.as_query()},
        correlation_id=getattr(request, "correlation_id", None),
    )
    response = StreamingHttpResponse(_csv(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="ho-so-{clock.today():%Y-%m-%d}.csv"'
    return response


@require_POST
def bulk_step(request: HttpRequest) -> HttpResponse:
    """Xử lý nhiều hồ sơ: take the chosen ones one step, all or none."""
    actor = _actor(request)
    back = safe_address(request, reverse("onestop:worklist"))
    try:
        chosen = [uuid.UUID(each) for each in request.POST.getlist("ho-so")]
        to = Status(int(request.POST.get("den", "")))
    except ValueError:
        messages.error(request, _("Không đọc được lựa chọn; chưa có hồ sơ nào thay đổi. Hãy chọn lại."))
        return redirect(back)
    try:
        done = service.advance_dossiers(actor, chosen, to, note=request.POST.get("ly-do", ""))
    except (StepNotAllowed, DossierNotFound):
        raise
    except HaicapError as error:
        messages.error(request, f"{error.message} {error.kept} {error.todo} ({error.code})")
        return redirect(back)
    text = ngettext("%(verb)s: %(count)s hồ sơ.", "%(verb)s: %(count)s hồ sơ.", len(done))
    messages.success(request, text % {"verb": str(VERBS[to]), "count": len(done)})
    return redirect(back)


@require_safe
def dossier(request: HttpRequest, code: str) -> HttpResponse:
    """Trang hồ sơ: what to do next, its facts, its way through the agencies, its steps."""
    actor = _actor(request)
    found = queries.dossier_by_code(actor, code)
    looks.note_look(request, actor, found)
    return dossier_page(request, found)


@require_POST
def step(request: HttpRequest, code: str) -> HttpResponse:
    """Xử lý hồ sơ: one step; where it is refused the page says why and keeps what was typed."""
    actor = _actor(request)
    found = queries.dossier_by_code(actor, code)
    try:
        to = Status(int(request.POST.get("den", "")))
        seen = Status(int(request.POST.get("dang", "")))
    except ValueError:
        error = BadFilter(_("Không đọc được bước cần làm."), where="den", todo=_("Hãy chọn lại một bước."))
        return dossier_page(request, found, error)
    try:
        service.advance_dossier(actor, found.id, to, note=request.POST.get("ly-do", ""), expected=seen)
    except HaicapError as error:
        return dossier_page(request, queries.dossier_by_code(actor, code), error)
    messages.success(request, _("%(verb)s: hồ sơ %(code)s.") % {"verb": str(VERBS[to]), "code": found.code})
    return redirect("onestop:dossier", code=found.code)


@require_safe
def registers(request: HttpRequest) -> HttpResponse:
    """Sổ theo dõi hồ sơ: the closed registers that I may read, frozen ones of predecessors among them."""
    context = {"title": _("Sổ theo dõi hồ sơ"), "registers": queries.registers(_actor(request))}
    return render(request, "onestop/registers.html", context)


@require_safe
def register(request: HttpRequest, agency_id: uuid.UUID, year: int) -> HttpResponse:
    """One register: an agency's closed dossiers of a year."""
    actor = _actor(request)
    policy.check_list(actor)
    names = queries.agency_names([agency_id], clock.today())
    found = Paginator(queries.register(actor, agency_id, year), 100).get_page(request.GET.get("trang"))
    if not found.object_list:
        raise service.not_found()
    places = queries.place_names(list(found.object_list))
    context = {
        "title": _("Sổ theo dõi hồ sơ năm %(year)s") % {"year": year},
        "agency": names.get(agency_id, ""),
        "print": reverse("onestop:register-pdf", args=[agency_id, year]),
        "page": found,
        "lines": [
            (one, catalogue.procedure_name(one.procedure_code), places.get(one.id, ""))
            for one in found.object_list
        ],
        "crumbs": [(_("Sổ theo dõi hồ sơ"), reverse("onestop:registers")), (str(year), "")],
    }
    return render(request, "onestop/register.html", context)


@require_GET
def track(request: HttpRequest) -> HttpResponse:
    """Tra cứu hồ sơ: anybody who has the code learns how far it is, and nothing about the person."""
    code = request.GET.get("ma", "")[:60]
    found = None
    if code.strip():
        counted = guessing(place_of(client_address(request)))
        found = queries.track(code)
        if found is not None:
            throttle.give_back(counted)
    context: dict[str, Any] = {"title": _("Tra cứu hồ sơ"), "code": code, "found": found}
    if found is not None:
        context |= {
            "procedure": catalogue.procedure_name(found.procedure_code),
            "tone": TONES[found.urgency],
            "late": found.urgency is Urgency.OVERDUE,
            "words": words.meaning(found.status),
            "stages": words.stages(found.status, found.before),
        }
    status = 404 if code.strip() and found is None else 200
    return render(request, "onestop/track.html", context, status=status)


def dossier_page(
    request: HttpRequest,
    found: Dossier,
    problem: HaicapError | None = None,
    *,
    again: uuid.UUID | None = None,
) -> HttpResponse:
    """The page of a dossier; `problem` is told above what may be done now, `again` names a task to be confirmed."""
    actor = _actor(request)
    stations = queries.custody_chain(found)
    places = queries.place_names([found])
    names = queries.agency_names(
        [found.receiving_agency_id, found.competent_agency_id, found.helping_agency_id],
        found.received_at.astimezone(clock.ZONE).date(),
    )
    now = clock.now()
    here = stations[-1].agency_id if stations else None
    mine = here in actor.agency_ids and not actor.is_system
    steps = queries.steps(found)
    work = panel.panel(work_lists.reach(actor), found)
    context = {
        "title": _("Hồ sơ %(code)s") % {"code": found.code},
        "crumbs": [(_("Hồ sơ"), reverse("onestop:worklist")), (found.code, "")],
        "dossier": found,
        "procedure": catalogue.procedure_name(found.procedure_code),
        "field": catalogue.field_name(found.field),
        "place": places.get(found.id, ""),
        "receiving": names.get(found.receiving_agency_id, ""),
        "competent": names.get(found.competent_agency_id, ""),
        "helping": names.get(found.helping_agency_id, ""),
        "urgency": queries.urgency_of(found, now),
        "tone": TONES[queries.urgency_of(found, now)],
        "closed": found.status not in IN_FLIGHT,
        "mine": mine,
        "holder": stations[-1].agency if stations else "",
        "moves": _moves(actor, found, by_route=bool(work.open)) if mine else [],
        "work": work,
        "tones": {urgency.value: tone for urgency, tone in TONES.items()},
        "again": again,
        "typed": request.POST.get("ly-do", ""),
        "typed_items": request.POST.get("con-thieu", ""),
        "stations": stations,
        "whys": [_why(station) for station in stations],
        "stops": [
            _stop(station, now_here=number == len(stations)) for number, station in enumerate(stations, 1)
        ],
        "steps": [(one, str(ACTIONS.get(one.action, one.action)), Status(one.status).label) for one in steps],
        "problem": problem,
        "told": sync.panel(found.id),
    }
    return render(request, "onestop/dossier.html", context, status=problem.http_status if problem else 200)


def _moves(actor: Actor, found: Dossier, *, by_route: bool) -> list[tuple[int, str, bool, bool]]:
    """Steps the actor may take now: (status, verb, usual, must give a reason); the usual one first.

    On a route its tasks lead on; by hand it waits, comes back, or is given up.
    """
    usual = FORWARD.get(Status(found.status))
    moves = []
    for status in next_statuses(found.status):
        if by_route and not routed.by_hand(Status(found.status), status):
            continue
        needed = {Status.RETURNED: policy.RETURN, Status.RECEIVED: policy.RECEIVE}.get(status, policy.ADVANCE)
        if actor.may(needed):
            moves.append((int(status), str(VERBS[status]), status == usual, status in service.NEEDS_REASON))
    return sorted(moves, key=lambda move: not move[2])


def _why(station: queries.Station) -> str:
    words = str(ACTIONS.get(station.why, station.why))
    return f"{words} ({station.resolution})" if station.resolution else words


def _stop(station: queries.Station, *, now_here: bool) -> Stop:
    since = f"{station.begins_at:%d/%m/%Y}"
    when = (
        _("từ %(since)s đến %(until)s") % {"since": since, "until": f"{station.ends_at:%d/%m/%Y}"}
        if station.ends_at is not None
        else _("từ %(since)s đến nay") % {"since": since}
    )
    note = station.resolution or (_("giữ tạm, chờ phân định") if station.interim else "")
    return Stop(station.agency, when, note, "now" if now_here else "handed")


def _tabs(filters: Filters, counts: dict[Urgency, int]) -> list[tuple[str, str, str, int]]:
    every = [("", _("Tất cả"), f"?{filters.as_query(urgency=None)}", sum(counts.values()))]
    return every + [
        (urgency.value, urgency.label, f"?{filters.as_query(urgency=urgency)}", count)
        for urgency, count in counts.items()
        if count or urgency == filters.urgency
    ]


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, value: str) -> str:
        """The value itself."""
        return value


def _csv(rows: Iterator[queries.Row]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(CSV_HEAD)
    for row in rows:
        one = row.dossier
        values = (
            one.code,
            catalogue.procedure_name(one.procedure_code),
            catalogue.field_name(one.field),
            one.applicant_name,
            row.place,
            Status(one.status).label,
            f"{one.received_at.astimezone(clock.ZONE):%d/%m/%Y %H:%M}",
            f"{one.due_at.astimezone(clock.ZONE):%d/%m/%Y %H:%M}" if one.due_at is not None else "",
            row.urgency.label,
        )
        yield writer.writerow([_harmless(str(value)) for value in values])


def _harmless(value: str) -> str:
    """Text that a spreadsheet takes for text: a formula in a name stays a name."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def safe_address(request: HttpRequest, otherwise: str) -> str:
    """Where the form says to go back to, if that is on this host."""
    address = request.POST.get("ve", "")
    safe = url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()})
    return address if safe else otherwise


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor
