"""Plans: the list, one plan with what comes next, proposing, uploading, checking."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from haicap.kernel.days import parse_day
from haicap.kernel.errors import BadInput, HaicapError
from haicap.registry import country
from haicap.registry import queries as registry
from haicap.registry.pages import Box, Picture, Ribbon
from haicap.registry.queries.units import titled
from haicap.reorganisation import queries, requests, service
from haicap.reorganisation.models import Plan, PlanState
from haicap.reorganisation.plan.check import CheckReport, registry_revision, staff_revision
from haicap.reorganisation.plan.check import check_plan as check_values
from haicap.reorganisation.plan.model import Plan as PlanValues
from haicap.reorganisation.plan.read import MAXIMUM_BYTES
from haicap.reorganisation.views.common import (
    RUN_TONES,
    TONES,
    actor_of,
    address,
    crumbs,
    for_planners,
    for_readers,
    plan_tabs,
    values_of,
)

#: so many problems are shown on the plan's page; the file's page shows all
SHOWN = 30
#: how many old communes a plan's picture may hold
MOST_DRAWN = 12


@require_safe
@for_readers
def index(request: HttpRequest) -> HttpResponse:
    """Danh sách kế hoạch with states and next steps."""
    actor = actor_of(request)
    rows = [(row, TONES[row.plan.state], address("plan", row.plan)) for row in queries.list_plans(actor)]
    context = {
        "title": _("Sắp xếp đơn vị hành chính"),
        "rows": rows,
        "may_plan": actor.may(service.PLAN),
        "may_see_waiting": actor.may(service.PLAN) or actor.sees_all,
    }
    return render(request, "reorganisation/plans.html", context)


# --- one plan
@dataclass(frozen=True, slots=True)
class Formed:
    """One unit of the plan, in words and as a picture."""

    code: str
    title: str
    words: str
    picture: Picture


@require_safe
@for_readers
def plan(request: HttpRequest, key: str) -> HttpResponse:
    """Một kế hoạch: what comes next, numbers, old → new, problems, runs."""
    actor = actor_of(request)
    row = queries.plan_row(actor, key)
    values, number, _text = values_of(row.plan)
    own = queries.own_codes(actor, row.plan)
    report = _last_report(row.plan, number, values) if own is None else None
    waiting = requests.open_request(row.plan)
    cut_over = service.last_cut_over(row.plan)
    context: dict[str, Any] = {
        "title": row.plan.title,
        "crumbs": crumbs(row.plan),
        "plan": row.plan,
        "row": row,
        "tone": TONES[row.plan.state],
        "numbers": _numbers(values) if own is None else (),
        "groups": [each for each in _formed(values) if own is None or _concerns(values, each.code, own)],
        "province_picture": _province_picture(values) if own is None else None,
        "report": report,
        "problems": report.problems[:SHOWN] if report else (),
        "more": max(0, len(report.problems) - SHOWN) if report else 0,
        "passed": report.passed if report else False,
        "runs": [(run, RUN_TONES[queries.state_of(run)]) for run in queries.runs_of(actor, row.plan)[:20]],
        "waiting": waiting,
        "cut_over": cut_over,
        "steps": _steps(row, waiting is not None),
        "may": {
            "plan": actor.may(service.PLAN),
            "rehearse": actor.may(service.REHEARSE),
            "cut_over": actor.may(service.CUT_OVER),
        },
        **plan_tabs(actor, row.plan, "tong-quan"),
    }
    return render(request, "reorganisation/plan.html", context)


def _concerns(values: PlanValues, code: str, own: frozenset[str]) -> bool:
    """Whether a new unit is one of these, or is made of one of them."""
    unit = next(each for each in values.units if each.code == code)
    return code in own or any(part.code in own for part in unit.predecessors)


def _last_report(plan: Plan, number: int, values: PlanValues) -> CheckReport | None:
    """The check of this text against this registry: looked up, or made where it was looked at before; else None."""
    if plan.state == PlanState.DONE:
        return None
    revision = registry_revision()
    name = f"reorganisation-check-{plan.pk}-{number}-{revision}-{staff_revision()}"
    report: CheckReport | None = cache.get(name)
    if report is None and plan.checked_number == number and plan.checked_revision == revision:
        report = check_values(values)
        cache.set(name, report, 3600)
    return report


def _steps(row: queries.PlanRow, running: bool) -> list[tuple[str, str, str]]:
    """Các bước: (name, state, what the tag says); state is done, next or later."""
    order = ["check", "rehearse", "cut_over", "ledger"]
    names = {
        "check": _("Kiểm tra"),
        "rehearse": _("Diễn tập"),
        "cut_over": _("Chuyển đổi"),
        "ledger": _("Đối soát, ký xác nhận"),
    }
    at = order.index(row.next.key)
    words = {"done": _("xong"), "next": _("đang chạy") if running else _("tiếp theo"), "later": _("sau")}
    found = []
    for position, key in enumerate(order):
        state = "done" if position < at else "next" if position == at else "later"
        found.append((names[key], state, words[state]))
    return found


def _numbers(values: PlanValues) -> list[tuple[str, int]]:
    kinds = Counter(unit.kind for unit in values.units if unit.level == "commune")
    communes = sum(kinds.values())
    before = {part.code for unit in values.units if unit.level == "commune" for part in unit.predecessors}
    return [
        (_("Đơn vị cấp xã trước"), len(before)),
        (_("Đơn vị cấp xã sau"), communes),
        (_("trong đó phường"), kinds["phuong"]),
        (_("trong đó xã"), kinds["xa"]),
        (_("trong đó đặc khu"), kinds["dac_khu"]),
        (_("Đơn vị kết thúc không kế thừa"), len(values.abolished)),
        (_("Đơn vị bị chia"), len(values.divisions)),
        (_("Chức danh đã bố trí người"), len(values.staffing)),
    ]


def _formed(values: PlanValues) -> Any:
    """Every unit of the plan, communes by name, with what it is made of."""
    known = registry.snapshot()
    day = values.effective_on - timedelta(days=1)
    for unit in sorted(values.units, key=lambda each: (len(each.code), each.code)):
        lefts, ribbons, words = [], [], []
        target = f"new:{unit.code}"
        for part in unit.predecessors:
            version = known.by_code(part.code, day)
            name = version.title if version else part.code
            lefts.append(Box(f"old:{part.code}", name, part.code))
            ribbons.append(
                Ribbon(f"old:{part.code}", target, part.part, 0.5 if part.part else 1.0, unit.resolution)
            )
            words.append(_("một phần %(unit)s") % {"unit": name} if part.part else name)
        title = titled(unit.kind, unit.name)
        unique = {ribbon.source: ribbon for ribbon in ribbons}
        boxes = {box.key: box for box in lefts}
        picture = Picture(
            (tuple(boxes.values()), (Box(target, title, unit.code, "", True),)), tuple(unique.values())
        )
        yield Formed(unit.code, title, ", ".join(words), picture)


def _province_picture(values: PlanValues) -> Picture | None:
    provinces = [unit for unit in values.units if unit.level == "province"]
    if not provinces or sum(len(unit.predecessors) for unit in provinces) > MOST_DRAWN:
        return None
    return next((each.picture for each in _formed(values) if each.code == provinces[0].code), None)


# --- making plans
@require_http_methods(["GET", "HEAD", "POST"])
@for_planners
def propose(request: HttpRequest) -> HttpResponse:
    """Lập kế hoạch from what was published."""
    actor = actor_of(request)
    published = sorted(country.load_published(), key=lambda one: (one.effective, one.title), reverse=True)
    known = set(queries.plans_of(actor).values_list("key", flat=True))
    error: HaicapError | None = None
    if request.method == "POST":
        try:
            return _propose(request, known)
        except HaicapError as problem:
            error = problem
    context = {
        "title": _("Lập kế hoạch sắp xếp"),
        "crumbs": crumbs(last=_("Lập kế hoạch")),
        "published": [(one, one.key in known) for one in published],
        "error": error,
        "chosen": request.POST.get("lan", ""),
    }
    return render(request, "reorganisation/propose.html", context, status=error.http_status if error else 200)


def _propose(request: HttpRequest, known: set[str]) -> HttpResponse:
    actor = actor_of(request)
    province, _at, day = request.POST.get("lan", "").partition("@")
    if not day:
        raise BadInput(
            _("Chưa chọn lần sắp xếp nào."), code="REO-081", todo=_("Chọn một dòng trong danh sách.")
        )
    values, text = service.propose_plan(actor, province, parse_day(day), staffing="nhan-su" in request.POST)
    if values.key in known:
        messages.info(request, _("Đã có kế hoạch này; mở bản đang soạn."))
        return redirect("reorganisation:plan", values.key)
    plan = service.save_plan(actor, text, _("đề xuất từ lần sắp xếp đã công bố"))
    messages.success(request, _("Đã lập kế hoạch. Xem lại, sửa rồi kiểm tra."))
    return redirect("reorganisation:plan", plan.key)


@require_POST
@for_planners
def upload(request: HttpRequest) -> HttpResponse:
    """Nạp tệp kế hoạch (YAML): a new plan, or a new text of one."""
    file = request.FILES.get("tep")
    if file is None or (file.size or 0) > MAXIMUM_BYTES:
        raise BadInput(
            _("Chưa chọn tệp, hoặc tệp quá lớn."), code="REO-081", todo=_("Chọn tệp YAML nhỏ hơn 20 MB.")
        )
    content = file.read()
    actor = actor_of(request)
    plan = service.save_plan(actor, content, _("nạp từ tệp %(name)s") % {"name": file.name})
    messages.success(request, _("Đã lưu thành bản mới."))
    return redirect("reorganisation:plan", plan.key)


@require_POST
@for_planners
def check(request: HttpRequest, key: str) -> HttpResponse:
    """Kiểm tra kế hoạch and keep the result for its page."""
    plan = queries.plan_of(actor_of(request), key)
    report = service.check_plan(actor_of(request), plan)
    number = service.latest_text(plan).number
    cache.set(f"reorganisation-check-{plan.pk}-{number}-{report.revision}-{staff_revision()}", report, 3600)
    if report.passed:
        messages.success(request, _("Kế hoạch đạt. Bước tiếp theo: diễn tập."))
    else:
        count = sum(not problem.warning for problem in report.problems)
        messages.warning(request, _("Kế hoạch chưa đạt: %(count)d chỗ phải sửa.") % {"count": count})
    return redirect(f"{reverse('reorganisation:plan', args=[plan.key])}#kiem-tra")
