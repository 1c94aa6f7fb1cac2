"""Pages of the registry: search, a unit through time, a province old → new. All public, as units are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from haicap.kernel import clock, formats
from haicap.kernel.days import parse_day
from haicap.kernel.errors import HaicapError
from haicap.registry import exports, pages, queries
from haicap.registry.errors import NoSuchUnit, RegistryEmpty
from haicap.registry.models import Level, UnitName
from haicap.registry.queries import CodeBearer, SuccessionEdge, UnitHistory, UnitView
from haicap.registry.queries.units import titled

MOST_FOUND = 30
#: with more successions the pictures are fetched when their folds are opened: the page stays light
MOST_DRAWN = 320


def day_asked(request: HttpRequest) -> date:
    """The day of `?ngay=`, else today; also told to the frame. Raises BadDay, BeforeBase (REG-001)."""
    text = request.GET.get("ngay", "").strip()
    if not text:
        return clock.today()
    day = queries.require_day(parse_day(text))
    request.as_of = day  # type: ignore[attr-defined]
    return day


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Tra cứu đơn vị: any spelling, any time; what a unit of then is today."""
    text = request.GET.get("q", "").strip()
    error: HaicapError | None = None
    found: list[pages.Found] = []
    counts: dict[str, int] = {}
    day = clock.today()
    try:
        day = day_asked(request)
        counts = queries.counts(day)
        if text:
            found = pages.found_units(text, day, MOST_FOUND)
    except RegistryEmpty as problem:
        error = problem
    except HaicapError as problem:
        error = problem
    context = {
        "title": _("Tra cứu tỉnh, xã, phường"),
        "text": text,
        "day": day,
        "day_text": request.GET.get("ngay", ""),
        "found": found,
        "counts": counts,
        "error": error,
        "full": len(found) == MOST_FOUND,
    }
    return render(request, "registry/search.html", context, status=error.http_status if error else 200)


@require_safe
def unit(request: HttpRequest, code: str) -> HttpResponse:
    """Một đơn vị: its history as a picture, its agencies, codes and seats on a day."""
    day = day_asked(request)
    try:
        subject = queries.unit_by_code(code, day)
    except NoSuchUnit:
        return _other_day(request, code, day)
    history = queries.history(subject.unit_id)
    picture = pages.history_picture(history, subject)
    today = clock.today()
    ended = subject.valid_to is not None and subject.valid_to <= today
    now = pages.became([subject.unit_id], today)[subject.unit_id] if ended else []
    children = queries.children_of(subject.unit_id, day) if subject.level != Level.COMMUNE else []
    context: dict[str, Any] = {
        "title": subject.title,
        "crumbs": _crumbs(subject, day),
        "unit": subject,
        "parent": titled(subject.parent_kind, subject.parent_name),
        "province": titled(subject.province_kind, subject.province_name),
        "day": day,
        "history": history,
        "rows": _history_rows(history),
        "picture": picture,
        "span": next((span for span in history.spans if span.valid_from == subject.valid_from), None),
        "now": now,
        "ended": ended,
        "last_day": subject.valid_to - timedelta(days=1) if subject.valid_to else None,
        "agencies": pages.agencies_of(subject.unit_id, day),
        "children": children,
        "names": _other_names(subject),
        "bearers": _others_with_code(code, subject),
        "is_province": subject.level == Level.PROVINCE,
    }
    return render(request, "registry/unit.html", context)


def _other_day(request: HttpRequest, code: str, day: date) -> HttpResponse:
    """The code means nothing on that day: say which units it meant, and when. Raises NoSuchUnit for none."""
    bearers = queries.bearers_of_code(code)
    if not bearers:
        raise NoSuchUnit(
            _("Không đơn vị nào có mã %(code)s.") % {"code": code[:20]},
            todo=_("Kiểm tra lại mã, hoặc tìm theo tên."),
        )
    context = {
        "title": _("Mã %(code)s") % {"code": code},
        "crumbs": [(_("Đơn vị hành chính"), reverse("units:search")), (code, "")],
        "day": day,
        "bearers": [_bearer(bearer) for bearer in bearers],
    }
    return render(request, "registry/code.html", context, status=404)


@dataclass(frozen=True, slots=True)
class ShownBearer:
    """A unit that bore a code, with the address of its page on its last day with it."""

    title: str
    province: str
    begins: date
    last_day: date | None
    href: str


def _bearer(bearer: CodeBearer) -> ShownBearer:
    last = bearer.valid_to - timedelta(days=1) if bearer.valid_to else None
    return ShownBearer(
        titled(bearer.kind, bearer.name),
        bearer.province_name,
        bearer.valid_from,
        last,
        pages.unit_href(bearer.code, last or bearer.valid_from),
    )


def _others_with_code(code: str, subject: UnitView) -> list[ShownBearer]:
    bearers = queries.bearers_of_code(code)
    return [_bearer(bearer) for bearer in bearers if bearer.unit_id != subject.unit_id]


def _crumbs(subject: UnitView, day: date) -> list[tuple[str, str]]:
    suffix = f"?ngay={formats.date(day)}" if day != clock.today() else ""
    crumbs = [(_("Đơn vị hành chính"), reverse("units:search") + suffix)]
    if subject.province_id != subject.unit_id:
        province = titled(subject.province_kind, subject.province_name)
        crumbs.append((province, reverse("units:unit", args=[subject.province_code]) + suffix))
    if subject.parent_id and subject.parent_id != subject.province_id:
        parent = titled(subject.parent_kind, subject.parent_name)
        crumbs.append((parent, reverse("units:unit", args=[subject.parent_code]) + suffix))
    return [*crumbs, (subject.title, "")]


def _other_names(subject: UnitView) -> list[tuple[str, str]]:
    return list(UnitName.objects.filter(unit=subject.unit_id).order_by("text").values_list("text", "source"))


def _how(part: bool) -> str:
    return _("một phần") if part else _("toàn bộ")


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One line of the table beside the picture."""

    day: date
    old: str
    old_href: str
    new: str
    new_href: str
    how: str
    resolution: str
    note: str


def _history_rows(history: UnitHistory) -> list[HistoryRow]:
    rows = []
    for edge in sorted(history.edges, key=lambda edge: (edge.effective_on, edge.generation)):
        before = edge.effective_on - timedelta(days=1)
        how = _("đổi tên, loại, mã hoặc cấp trên") if edge.continues else _how(edge.part)
        rows.append(
            HistoryRow(
                edge.effective_on,
                titled(edge.predecessor.kind, edge.predecessor.name),
                pages.unit_href(edge.predecessor.code, before),
                titled(edge.successor.kind, edge.successor.name),
                pages.unit_href(edge.successor.code, edge.effective_on),
                how,
                edge.act.number,
                edge.act.note,
            )
        )
    return rows


@require_safe
def provinces(request: HttpRequest) -> HttpResponse:
    """Các tỉnh, thành phố of a day."""
    day = day_asked(request)
    found = sorted(queries.units_at(day, level=Level.PROVINCE.value), key=lambda unit: unit.sort_key)
    context = {
        "title": _("Các tỉnh, thành phố"),
        "crumbs": [(_("Đơn vị hành chính"), reverse("units:search")), (_("Các tỉnh, thành phố"), "")],
        "provinces": found,
        "day": day,
    }
    return render(request, "registry/provinces.html", context)


@dataclass(frozen=True, slots=True)
class ProvinceView:
    """A province's page: which milestone is shown, and its successions."""

    unit: UnitView
    milestone: pages.Milestone | None
    milestones: list[pages.Milestone]
    edges: list[SuccessionEdge]


def _province(request: HttpRequest, code: str) -> ProvinceView:
    """The province and the milestone of `?moc=` (the greatest one by default); edges sorted by code.

    For a province that ended: what became of its communes. Raises NoSuchUnit (REG-002).
    """
    day = day_asked(request)
    subject = queries.unit_by_code(code, day)
    if subject.level != Level.PROVINCE:
        raise NoSuchUnit(
            _("Mã %(code)s không phải là mã tỉnh.") % {"code": code[:20]},
            todo=_("Mã tỉnh có hai chữ số."),
        )
    if subject.valid_to is not None and subject.valid_to <= clock.today():
        edges = list(queries.iter_successions(subject.valid_to - timedelta(days=1), code, "commune"))
        acts = ", ".join(sorted({edge.resolution for edge in edges if edge.resolution}))
        end = pages.Milestone(subject.valid_to, len(edges), acts)
        return ProvinceView(subject, end, [end], edges)
    known = pages.milestones(subject.unit_id)
    asked = request.GET.get("moc", "")
    wanted = parse_day(asked) if asked else None
    milestone = next((one for one in known if one.day == wanted), None)
    if milestone is None:
        milestone = max(known, key=lambda one: (one.edges, one.day), default=None)
    edges = list(pages.edges_into(subject.unit_id, milestone.day)) if milestone else []
    return ProvinceView(subject, milestone, known, edges)


@require_safe
def province(request: HttpRequest, code: str) -> HttpResponse:
    """Một tỉnh, cũ → mới: each new commune with what it was made of; as a drawing or as a table."""
    shown = _province(request, code)
    as_table = request.GET.get("xem") == "bang"
    milestone, subject = shown.milestone, shown.unit
    ended = subject.valid_to is not None and subject.valid_to <= clock.today()
    address = reverse("units:province", args=[code])
    query = request.GET.copy()
    query.pop("xem", None)
    kept = f"&{query.urlencode()}" if query else ""
    context: dict[str, Any] = {
        "title": _("%(unit)s: cũ và mới") % {"unit": subject.title},
        "crumbs": [
            *_crumbs(subject, day_asked(request))[:-1],
            (subject.title, pages.unit_href(code)),
            (_("Cũ và mới"), ""),
        ],
        "unit": subject,
        "ended": ended,
        "milestone": milestone,
        "milestones": shown.milestones,
        "tabs": [
            ("so-do", _("Sơ đồ"), f"{address}?xem=so-do{kept}"),
            ("bang", _("Bảng"), f"{address}?xem=bang{kept}"),
        ],
        "current": "bang" if as_table else "so-do",
        "edges": [_edge_row(edge) for edge in shown.edges] if as_table else [],
        "old_count": len({edge.predecessor_id for edge in shown.edges}),
        "new_count": len({edge.successor_id for edge in shown.edges}),
        "csv": reverse("units:province-csv", args=[code]) + (f"?{query.urlencode()}" if query else ""),
        "xlsx": reverse("units:province-xlsx", args=[code]) + (f"?{query.urlencode()}" if query else ""),
    }
    if milestone and not as_table:
        context["groups"] = pages.formed(shown.edges)
        context["drawn"] = len(shown.edges) <= MOST_DRAWN
        context["fold_query"] = f"moc={formats.date(milestone.day)}&ngay={formats.date(day_asked(request))}"
        if not ended:
            context["picture"] = pages.province_picture(subject, milestone.day)
            context["before"] = pages.counts_before(subject, milestone.day)
            context["after"] = queries.counts(milestone.day, code)
    return render(request, "registry/province.html", context)


@require_safe
def province_fold(request: HttpRequest, code: str, new_code: str) -> HttpResponse:
    """The inside of one fold, fetched when it is opened: the picture of one new commune. Raises NoSuchUnit."""
    groups = {group.code: group for group in pages.formed(_province(request, code).edges)}
    if new_code not in groups:
        raise NoSuchUnit(_("Không đơn vị nào có mã %(code)s.") % {"code": new_code[:20]})
    return render(request, "registry/fold.html", {"group": groups[new_code]})


@dataclass(frozen=True, slots=True)
class EdgeRow:
    """A succession as a line of a table."""

    old_code: str
    old: str
    old_href: str
    new_code: str
    new: str
    new_href: str
    how: str
    resolution: str


def _edge_row(edge: SuccessionEdge) -> EdgeRow:
    before = edge.effective_on - timedelta(days=1)
    return EdgeRow(
        edge.predecessor_code,
        titled(edge.predecessor_kind, edge.predecessor_name),
        pages.unit_href(edge.predecessor_code, before),
        edge.successor_code,
        titled(edge.successor_kind, edge.successor_name),
        pages.unit_href(edge.successor_code, edge.effective_on),
        _("giữ nguyên") if edge.continues else _how(edge.part),
        edge.resolution,
    )


@require_safe
def province_csv(request: HttpRequest, code: str) -> StreamingHttpResponse:
    """The successions of a province as CSV."""
    rows = iter([exports.succession_row(edge) for edge in _province(request, code).edges])
    return exports.csv_response(f"ke-thua-{code}", exports.succession_header(), rows)


@require_safe
def province_xlsx(request: HttpRequest, code: str) -> FileResponse:
    """The successions of a province as an Excel file."""
    rows = iter([exports.succession_row(edge) for edge in _province(request, code).edges])
    return exports.xlsx_response(f"ke-thua-{code}", _("Kế thừa"), exports.succession_header(), rows)
