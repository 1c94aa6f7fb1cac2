"""The plan's editor: units, divided units, seats, rules, transfers, the file itself, its history.

Every save is a new text of the plan; a form that was made from an older text is refused (REO-046).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from haicap.kernel.errors import BadInput, HaicapError, NotFound
from haicap.registry import queries as registry
from haicap.registry.establishment import template_for
from haicap.registry.models import AgencyKind, Kind
from haicap.registry.queries.units import titled
from haicap.registry.snapshot import Version
from haicap.reorganisation import editing, queries, service
from haicap.reorganisation.forms import (
    MOST_PARTS,
    UnitForm,
    leading_code,
    read_pairs,
    read_parts,
    read_transfers,
    transfer_rows,
    write_pairs,
)
from haicap.reorganisation.models import Plan, PlanState
from haicap.reorganisation.plan.check import check_plan as check_values
from haicap.reorganisation.plan.model import Division, UnitPlan
from haicap.reorganisation.plan.model import Plan as PlanValues
from haicap.reorganisation.plan.read import read_plan
from haicap.reorganisation.views.common import actor_of, address, based_on, for_planners, frame, values_of

EMPTY_ROWS = 3
EDIT = ["GET", "HEAD", "POST"]


def _save(request: HttpRequest, plan: Plan, what: str, change: editing.Change) -> None:
    editing.edit(actor_of(request), plan, based_on(request), what, change)
    messages.success(request, _("Đã lưu thành bản mới: %(what)s.") % {"what": what})


def _status(error: HaicapError | None) -> int:
    return error.http_status if error else 200


def _names(values: PlanValues) -> dict[str, Version]:
    """Code → unit of the day before, for every code that the plan may speak of: its provinces' units."""
    known = registry.snapshot()
    day = values.effective_on - timedelta(days=1)
    mentioned = {part.code for unit in values.units for part in unit.predecessors}
    mentioned |= {item.code for item in values.abolished}
    versions = [found for code in mentioned if (found := known.by_code(code, day))]
    provinces = {version.province_id for version in versions}
    return {version.code: version for version in known.on(day) if version.province_id in provinces}


# --- units
@dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit of the plan in the list."""

    code: str
    title: str
    words: str
    seat: str
    href: str


@require_safe
@for_planners
def units(request: HttpRequest, key: str) -> HttpResponse:
    """Các đơn vị của kế hoạch, and what each is made of."""
    plan = queries.plan_of(actor_of(request), key)
    values, number, text = values_of(plan)
    names = _names(values)
    rows = [
        UnitRow(
            unit.code,
            titled(unit.kind, unit.name),
            _made_of(unit, names),
            names[unit.seat].title if unit.seat in names else "",
            address("unit", plan, unit.code),
        )
        for unit in sorted(values.units, key=lambda each: (len(each.code), each.code))
    ]
    context = frame(request, plan, "don-vi", _("Đơn vị"), number, text) | {
        "rows": rows,
        "new": address("new-unit", plan),
        "divide": address("divide", plan),
    }
    return render(request, "reorganisation/units.html", context)


def _made_of(unit: UnitPlan, names: dict[str, Version]) -> str:
    words = []
    for part in unit.predecessors:
        name = names[part.code].title if part.code in names else part.code
        words.append(_("một phần %(unit)s") % {"unit": name} if part.part else name)
    return ", ".join(words)


@require_http_methods(EDIT)
@for_planners
def unit(request: HttpRequest, key: str, code: str = "") -> HttpResponse:
    """Sửa hoặc thêm một đơn vị: name, kind, superior, predecessors (with «một phần»), seat, agency code."""
    plan = queries.plan_of(actor_of(request), key)
    values, number, text = values_of(plan)
    was = next((each for each in values.units if each.code == code), None)
    if code and was is None:
        raise NotFound(
            _("Kế hoạch không có đơn vị mới mang mã %(code)s.") % {"code": code[:20]}, code="REO-035"
        )
    names = _names(values)
    form = _unit_form(request, values, was, names)
    error: HaicapError | None = None
    if request.method == "POST":
        try:
            if "xoa" in request.POST and was is not None:
                _save(request, plan, _("bỏ %(unit)s") % {"unit": was.name}, editing.without_unit(was.code))
                return redirect(address("units", plan))
            parts = read_parts(request.POST)
            if form.is_valid():
                unit = form.unit(parts, was)
                what = (_("sửa %(unit)s") if was else _("thêm %(unit)s")) % {
                    "unit": titled(unit.kind, unit.name)
                }
                _save(request, plan, what, editing.with_unit(code, unit))
                return redirect(f"{address('units', plan)}#x{unit.code}")
        except HaicapError as problem:
            error = problem
    name = titled(was.kind, was.name) if was else _("Thêm đơn vị")
    context = frame(request, plan, "don-vi", name, number, text) | {
        "form": form,
        "error": error,
        "was": was,
        "parts": _part_rows(request, was, names),
        "choices": _choices(names),
        "back": address("units", plan),
    }
    return render(request, "reorganisation/unit.html", context, status=_status(error))


def _unit_form(
    request: HttpRequest, values: PlanValues, was: UnitPlan | None, names: dict[str, Version]
) -> UnitForm:
    acts = [legal.number for legal in values.legal]
    given = [leading_code(str(request.POST.get(f"cu-{n}", ""))) for n in range(MOST_PARTS)]
    codes = [code for code in given if code] or [part.code for part in was.predecessors] if was else given
    seats = [(code, names[code].title if code in names else code) for code in dict.fromkeys(codes) if code]
    if request.method == "POST":
        return UnitForm(request.POST, acts=acts, seats=seats)
    initial: dict[str, Any] = {"parent": values.province, "kind": Kind.PHUONG}
    if was is not None:
        initial = {
            "code": was.code,
            "kind": was.kind,
            "name": was.name,
            "parent": was.parent or "",
            "resolution": was.resolution,
            "seat": was.seat,
            "agency_code": was.agency_code,
            "note": was.note,
        }
    return UnitForm(initial=initial, acts=acts, seats=seats)


@dataclass(frozen=True, slots=True)
class PartRow:
    """A row of the predecessors' table in the form."""

    number: int
    text: str
    part: bool


def _part_rows(request: HttpRequest, was: UnitPlan | None, names: dict[str, Version]) -> list[PartRow]:
    rows: list[tuple[str, bool]] = []
    if request.method == "POST":
        for number in range(MOST_PARTS):
            text = str(request.POST.get(f"cu-{number}", "")).strip()
            if text:
                rows.append((text, f"phan-{number}" in request.POST))
    elif was is not None:
        for part in was.predecessors:
            name = names[part.code].title if part.code in names else ""
            rows.append((f"{part.code} {name}".strip(), part.part))
    rows += [("", False)] * EMPTY_ROWS
    return [PartRow(number, *row) for number, row in enumerate(rows[:MOST_PARTS])]


def _choices(names: dict[str, Version]) -> list[str]:
    """The old communes of the province, as a form offers them."""
    communes = sorted(
        (each for each in names.values() if each.level == "commune"), key=lambda each: each.sort_key
    )
    return [f"{each.code} {each.title}" for each in communes]


@require_http_methods(EDIT)
@for_planners
def divide(request: HttpRequest, key: str) -> HttpResponse:
    """Chia một đơn vị cũ among several new ones, with an interim holder."""
    plan = queries.plan_of(actor_of(request), key)
    values, number, text = values_of(plan)
    names = _names(values)
    error: HaicapError | None = None
    if request.method == "POST":
        try:
            code = leading_code(request.POST.get("cu", ""))
            parts = [leading_code(each) for each in request.POST.getlist("nhan")]
            interim = leading_code(request.POST.get("tam-giu", "")) or (parts[0] if parts else "")
            if code not in names or len(set(parts)) < 2 or interim not in parts:
                raise BadInput(
                    _("Chưa đủ để chia: cần một đơn vị cũ và ít nhất hai đơn vị nhận, một trong đó tạm giữ."),
                    code="REO-085",
                    kept=_("Kế hoạch giữ nguyên."),
                    todo=_("Chọn đơn vị cũ, đánh dấu các đơn vị nhận rồi chọn đơn vị tạm giữ."),
                )
            what = _("chia %(unit)s") % {"unit": names[code].title}
            _save(request, plan, what, editing.split(code, parts, interim))
            return redirect(address("division", plan, code))
        except HaicapError as problem:
            error = problem
    communes = [unit for unit in values.units if unit.level == "commune"]
    context = frame(request, plan, "don-vi", _("Chia một đơn vị"), number, text) | {
        "error": error,
        "choices": _choices(names),
        "targets": [(unit.code, titled(unit.kind, unit.name)) for unit in communes],
        "given": request.POST.get("cu", ""),
        "chosen": set(request.POST.getlist("nhan")),
        "back": address("units", plan),
    }
    return render(request, "reorganisation/divide.html", context, status=_status(error))


# --- seats
@require_http_methods(EDIT)
@for_planners
def seats(request: HttpRequest, key: str) -> HttpResponse:
    """Trụ sở: of which old unit each new one takes the building."""
    plan = queries.plan_of(actor_of(request), key)
    values, number, text = values_of(plan)
    several = [unit for unit in values.units if len(unit.predecessors) > 1]
    error: HaicapError | None = None
    if request.method == "POST":
        try:
            chosen = {unit.code: request.POST.get(f"tru-so-{unit.code}", unit.seat) for unit in several}
            allowed = {unit.code: {"", *(part.code for part in unit.predecessors)} for unit in several}
            wrong = [code for code, seat in chosen.items() if seat not in allowed[code]]
            if wrong:
                raise BadInput(
                    _("Trụ sở chỉ lấy từ đơn vị cũ của chính nó (%(codes)s).")
                    % {"codes": ", ".join(wrong[:5])},
                    code="REO-086",
                    kept=_("Kế hoạch giữ nguyên."),
                )
            _save(request, plan, _("chọn trụ sở"), editing.with_seats(chosen))
            return redirect(address("seats", plan))
        except HaicapError as problem:
            error = problem
    names = _names(values)
    sites = _sites([part.code for unit in several for part in unit.predecessors], names)
    rows = [
        (
            unit,
            titled(unit.kind, unit.name),
            [
                (
                    part.code,
                    names[part.code].title if part.code in names else part.code,
                    sites.get(part.code, ""),
                )
                for part in unit.predecessors
            ],
        )
        for unit in several
    ]
    context = frame(request, plan, "tru-so", _("Trụ sở"), number, text) | {"rows": rows, "error": error}
    return render(request, "reorganisation/seats.html", context, status=_status(error))


_SITES = """
    SELECT agency.unit_id, site.name, site.address
    FROM registry_agency agency
    JOIN LATERAL (
        SELECT site_id FROM registry_siteuse
        WHERE agency_id = agency.id AND withdrawn_at IS NULL ORDER BY begins_on DESC LIMIT 1
    ) used ON true
    JOIN registry_site site ON site.id = used.site_id
    WHERE agency.kind = %s AND agency.unit_id = ANY(%s)
"""


def _sites(codes: list[str], names: dict[str, Version]) -> dict[str, str]:
    """Old unit's code → the address of its committee. One query."""
    from django.db import connection

    by_unit = {names[code].unit_id: code for code in codes if code in names}
    with connection.cursor() as cursor:
        cursor.execute(_SITES, [AgencyKind.COMMITTEE.value, list(by_unit)])
        return {by_unit[unit]: where or name for unit, name, where in cursor.fetchall()}


# --- divided units, districts
@require_http_methods(EDIT)
@for_planners
def divisions(request: HttpRequest, key: str) -> HttpResponse:
    """Đơn vị bị chia và các huyện kết thúc: who holds for the time being, which rules."""
    plan = queries.plan_of(actor_of(request), key)
    values, number, text = values_of(plan)
    error: HaicapError | None = None
    if request.method == "POST":
        try:
            interims = {
                item.code: leading_code(request.POST.get(f"tam-giu-{item.code}", ""))
                for item in values.abolished
            }
            _save(request, plan, _("đơn vị tạm giữ của cấp huyện"), editing.with_interims(interims))
            return redirect(address("divisions", plan))
        except HaicapError as problem:
            error = problem
    names = _names(values)
    formed = {unit.code: titled(unit.kind, unit.name) for unit in values.units}
    heirs = _heirs(values)
    divided = [
        (each, names[each.code].title if each.code in names else each.code, formed.get(each.interim, each.interim),
         [formed.get(code, code) for code in heirs.get(each.code, [])], address("division", plan, each.code))
        for each in values.divisions
    ]  # fmt: skip
    communes = [(unit.code, titled(unit.kind, unit.name)) for unit in values.units if unit.level == "commune"]
    context = frame(request, plan, "phan-dinh", _("Phân định"), number, text) | {
        "divided": divided,
        "abolished": [
            (item, names[item.code].title if item.code in names else item.code) for item in values.abolished
        ],
        "communes": communes,
        "divide": address("divide", plan),
        "error": error,
    }
    return render(request, "reorganisation/divisions.html", context, status=_status(error))


def _heirs(values: PlanValues) -> dict[str, list[str]]:
    """Old code → codes of the new units that take the whole or a part."""
    found: dict[str, list[str]] = {}
    for unit in values.units:
        for part in unit.predecessors:
            found.setdefault(part.code, []).append(unit.code)
    return found


@require_http_methods(EDIT)
@for_planners
def division(request: HttpRequest, key: str, code: str) -> HttpResponse:
    """Quy tắc của một đơn vị bị chia: interim holder, villages, pieces of addresses."""
    plan = queries.plan_of(actor_of(request), key)
    values, number, text = values_of(plan)
    was = next((each for each in values.divisions if each.code == code), None)
    if was is None:
        raise NotFound(_("Kế hoạch không chia đơn vị %(code)s.") % {"code": code[:20]}, code="REO-035")
    names = _names(values)
    formed = {unit.code: titled(unit.kind, unit.name) for unit in values.units}
    targets = [(each, formed.get(each, each)) for each in _heirs(values).get(code, [])]
    villages, addresses = write_pairs(was.villages), write_pairs(was.addresses)
    error: HaicapError | None = None
    if request.method == "POST":
        villages, addresses = request.POST.get("thon", ""), request.POST.get("dia-chi", "")
        try:
            changed = Division(
                code,
                leading_code(request.POST.get("tam-giu", "")),
                read_pairs(villages),
                read_pairs(addresses),
            )
            _require_targets(changed, {each for each, _title in targets})
            title = names[code].title if code in names else code
            _save(
                request,
                plan,
                _("quy tắc phân định %(unit)s") % {"unit": title},
                editing.with_division(changed),
            )
            return redirect(address("divisions", plan))
        except HaicapError as problem:
            error = problem
    title = names[code].title if code in names else code
    context = frame(request, plan, "phan-dinh", title, number, text) | {
        "was": was,
        "targets": targets,
        "interim": leading_code(request.POST.get("tam-giu", "")) or was.interim,
        "villages": villages,
        "addresses": addresses,
        "known_villages": _known_villages(names[code]) if code in names else [],
        "error": error,
        "back": address("divisions", plan),
    }
    return render(request, "reorganisation/division.html", context, status=_status(error))


def _require_targets(division: Division, targets: set[str]) -> None:
    named = {division.interim, *(code for _text, code in (*division.villages, *division.addresses))}
    wrong = sorted(named - targets)
    if wrong:
        raise BadInput(
            _("%(codes)s không nhận phần nào của đơn vị này.") % {"codes": ", ".join(wrong)},
            code="REO-071",
            kept=_("Quy tắc cũ giữ nguyên."),
            todo=_("Dùng một trong: %(codes)s.") % {"codes": ", ".join(sorted(targets))},
        )


_DESKS_OF_UNIT = """
    SELECT desk.id FROM registry_desk desk JOIN registry_agency agency ON agency.id = desk.founder_id
    WHERE agency.unit_id = %s AND desk.kind = 'work'
"""


def _known_villages(unit: Version) -> list[tuple[str, int]]:
    """Villages that records in flight of this unit name, with their numbers: what rules are worth writing for."""
    from django.db import connection

    from haicap.kernel.contract import carriers

    with connection.cursor() as cursor:
        cursor.execute(_DESKS_OF_UNIT, [unit.unit_id])
        desks = [desk for (desk,) in cursor.fetchall()]
    counts: Counter[str] = Counter()
    for carrier in carriers():
        for village, count in carrier.undecided_villages(desks):
            if village:
                counts[village] += count
    return counts.most_common(200)


# --- transfers
@require_http_methods(EDIT)
@for_planners
def transfers(request: HttpRequest, key: str) -> HttpResponse:
    """Chuyển thẩm quyền của cấp huyện: which field or procedure goes to which department."""
    plan = queries.plan_of(actor_of(request), key)
    values, number, text = values_of(plan)
    kind = next((unit.kind for unit in values.units if unit.level == "province"), Kind.TINH)
    departments = [
        template.slot
        for template in template_for("province", kind, values.effective_on)
        if template.kind == AgencyKind.DEPARTMENT
    ]
    error: HaicapError | None = None
    rows = transfer_rows(values.transfers, departments)
    if request.method == "POST":
        try:
            changed = read_transfers(request.POST, [row.to for row in rows])
            _save(request, plan, _("chuyển thẩm quyền"), editing.with_transfers(changed))
            return redirect(address("transfers", plan))
        except HaicapError as problem:
            error = problem
    context = frame(request, plan, "tham-quyen", _("Thẩm quyền"), number, text) | {
        "rows": rows,
        "error": error,
    }
    return render(request, "reorganisation/transfers.html", context, status=_status(error))


# --- the file itself
@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file with the problems that stand on it."""

    number: int
    text: str
    problems: tuple[Any, ...]


@require_http_methods(EDIT)
@for_planners
def text(request: HttpRequest, key: str) -> HttpResponse:
    """Tệp kế hoạch (YAML): edited as it is, with problems beside their lines."""
    plan = queries.plan_of(actor_of(request), key)
    latest = service.latest_text(plan)
    shown, number = latest.text, latest.number
    error: HaicapError | None = None
    if request.method == "POST":
        shown = request.POST.get("noi-dung", "").replace("\r\n", "\n")
        number = based_on(request)
        try:
            _refuse_other_key(plan, shown)
            service.save_plan(
                actor_of(request), shown, request.POST.get("da-sua", "") or _("sửa tệp"), based_on=number
            )
            messages.success(request, _("Đã lưu thành bản mới."))
            return redirect(address("text", plan))
        except HaicapError as problem:
            error = problem
    problems = _problems_of(shown, error, plan)
    context = frame(request, plan, "noi-dung", _("Tệp kế hoạch"), number) | {
        "content": shown,
        "error": error,
        "problems": problems,
        "lines": _lines_with(shown, problems),
        "rows": min(40, shown.count("\n") + 2),
    }
    return render(request, "reorganisation/text.html", context, status=_status(error))


def _refuse_other_key(plan: Plan, text: str) -> None:
    """A file edited here stays this plan: another key would silently make another plan."""
    key = read_plan(text).key
    if key != plan.key:
        raise BadInput(
            _("Khóa trong tệp là «%(key)s», không phải «%(own)s».") % {"key": key, "own": plan.key},
            code="REO-087",
            kept=_("Kế hoạch giữ nguyên."),
            todo=_("Giữ nguyên mục key, hoặc nạp tệp này như một kế hoạch mới."),
        )


def _problems_of(text: str, error: HaicapError | None, plan: Plan) -> list[dict[str, Any]]:
    """Problems of form of what was sent, else those of the check; [] where nothing can be said."""
    if error is not None:
        found = error.details.get("problems", [])
        return [each for each in found if isinstance(each, dict)]
    if plan.state == PlanState.DONE:
        return []
    return [problem.as_dict() for problem in check_values(read_plan(text)).problems]


def _lines_with(text: str, problems: list[dict[str, Any]]) -> list[Line]:
    """The lines that have problems, with a line before and after each."""
    by_line: dict[int, list[dict[str, Any]]] = {}
    for problem in problems[:200]:
        if problem.get("line"):
            by_line.setdefault(int(problem["line"]), []).append(problem)
    lines = text.splitlines()
    wanted = sorted({at for line in by_line for at in (line - 1, line, line + 1) if 0 < at <= len(lines)})
    return [Line(at, lines[at - 1], tuple(by_line.get(at, ()))) for at in wanted]


# --- history
@require_safe
@for_planners
def history(request: HttpRequest, key: str) -> HttpResponse:
    """Lịch sử: every saved text, who saved it, what was changed."""
    plan = queries.plan_of(actor_of(request), key)
    texts = list(plan.texts.order_by("-number").only("number", "author", "saved_at", "what")[:500])
    context = frame(request, plan, "lich-su", _("Lịch sử"), texts[0].number) | {"texts": texts}
    return render(request, "reorganisation/history.html", context)


@require_http_methods(EDIT)
@for_planners
def version(request: HttpRequest, key: str, number: int) -> HttpResponse:
    """Một bản cũ: what it changed against the one before; going back to it."""
    plan = queries.plan_of(actor_of(request), key)
    if request.method == "POST":
        editing.go_back(actor_of(request), plan, number, based_on(request))
        messages.success(
            request, _("Đã quay lại bản số %(number)d; bản hiện thời là bản mới.") % {"number": number}
        )
        return redirect(address("history", plan))
    chosen = editing.text_of(plan, number)
    before = plan.texts.filter(number__lt=number).order_by("-number").first()
    latest = service.latest_text(plan)
    difference = editing.compare(before.text if before else "", chosen.text)
    name = _("Bản số %(number)d") % {"number": number}
    context = frame(request, plan, "lich-su", name, latest.number) | {
        "chosen": chosen,
        "before": before,
        "difference": difference[:2000],
        "cut": len(difference) > 2000,
        "is_latest": latest.number == number,
        "back": address("history", plan),
    }
    return render(request, "reorganisation/version.html", context)
