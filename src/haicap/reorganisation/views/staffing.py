"""Staffing: by unit and post, a list from CSV with a preview, one person by search, the proposal by title."""

from __future__ import annotations

import base64
import uuid
import zlib
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from haicap.kernel.errors import BadInput, HaicapError, NotFound
from haicap.registry import people
from haicap.registry.establishment import template_for
from haicap.registry.exports import csv_response
from haicap.registry.models import AgencyKind, Person, Title
from haicap.registry.queries.units import titled
from haicap.reorganisation import editing, queries
from haicap.reorganisation.plan.model import Plan as PlanValues
from haicap.reorganisation.plan.model import Staffing, UnitPlan
from haicap.reorganisation.plan.staffing_proposal import with_staffing
from haicap.reorganisation.staffing import MOST_BYTES, StaffingList, read_staffing, staffing_rows
from haicap.reorganisation.views.common import actor_of, address, based_on, for_planners, frame, values_of

EDIT = ["GET", "HEAD", "POST"]
FOUND = 12


@require_safe
@for_planners
def overview(request: HttpRequest, key: str) -> HttpResponse:
    """Nhân sự: of every unit, how many leading posts are filled and who is its chairman."""
    plan = queries.plan_of(actor_of(request), key)
    values, number, text = values_of(plan)
    by_unit: dict[str, list[Staffing]] = defaultdict(list)
    for row in values.staffing:
        by_unit[row.unit].append(row)
    rows = []
    for unit in sorted(values.units, key=lambda each: (len(each.code), each.code)):
        seats = sum(post.count for template in _organs(unit, values) for post in template.posts if post.leads)
        filled = by_unit[unit.code]
        head = next((r.person_name for r in filled if (r.kind, r.title) == ("ubnd", "chu_tich")), "")
        rows.append(
            (
                unit.code,
                titled(unit.kind, unit.name),
                head,
                len(filled),
                seats,
                address("staffing-unit", plan, unit.code),
            )
        )
    context = frame(request, plan, "nhan-su", _("Nhân sự"), number, text) | {
        "rows": rows,
        "total": len(values.staffing),
        "upload": address("staffing-upload", plan),
        "download": address("staffing-download", plan),
        "propose": address("staffing-propose", plan),
    }
    return render(request, "reorganisation/staffing.html", context)


def _organs(unit: UnitPlan, values: PlanValues) -> list[Any]:
    templates = template_for(unit.level, unit.kind, values.effective_on)
    return [template for template in templates if template.kind not in unit.leave_out]


# --- one unit
@dataclass(frozen=True, slots=True)
class Seat:
    """A leading post of a new unit, with who is named for it."""

    kind: str
    slot: str
    title: str
    title_name: str
    number: int
    person: str

    @property
    def key(self) -> str:
        """How the form names this post."""
        return f"{self.kind}|{self.slot}|{self.title}|{self.number}"


@require_http_methods(EDIT)
@for_planners
def unit(request: HttpRequest, key: str, code: str) -> HttpResponse:
    """Nhân sự một đơn vị: every leading post; a person is found by name and put in, or taken out."""
    plan = queries.plan_of(actor_of(request), key)
    values, number, text = values_of(plan)
    chosen = next((each for each in values.units if each.code == code), None)
    if chosen is None:
        raise NotFound(
            _("Kế hoạch không có đơn vị mới mang mã %(code)s.") % {"code": code[:20]}, code="REO-035"
        )
    error: HaicapError | None = None
    if request.method == "POST":
        try:
            what, change = _appointment(request, chosen, values)
            editing.edit(actor_of(request), plan, based_on(request), what, change)
            messages.success(request, _("Đã lưu: %(what)s.") % {"what": what})
            return redirect(address("staffing-unit", plan, code))
        except HaicapError as problem:
            error = problem
    context = frame(request, plan, "nhan-su", titled(chosen.kind, chosen.name), number, text) | {
        "organs": _seats(chosen, values),
        "seat": request.GET.get("ghe", ""),
        "text": request.GET.get("ten", ""),
        "found": _found(request, values) if request.GET.get("ten") else None,
        "error": error,
        "find": address("staffing-find", plan),
        "back": address("staffing", plan),
    }
    return render(
        request, "reorganisation/staffing_unit.html", context, status=error.http_status if error else 200
    )


def _seats(unit: UnitPlan, values: PlanValues) -> list[tuple[str, list[Seat]]]:
    titles = dict(Title.objects.values_list("code", "name"))
    named: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for row in values.staffing:
        if row.unit == unit.code:
            named[row.kind, row.slot, row.title].append(row.person_name)
    found = []
    for template in _organs(unit, values):
        seats = []
        for post in template.posts:
            people_here = named[template.kind.value, template.slot, post.title]
            if not post.leads and not people_here:
                continue
            for at in range(post.count):
                person = people_here[at] if at < len(people_here) else ""
                seats.append(
                    Seat(
                        template.kind.value,
                        template.slot,
                        post.title,
                        titles.get(post.title, post.title),
                        at,
                        person,
                    )
                )
        if seats:
            name = template.name.format(
                unit=titled(unit.kind, unit.name).lower().replace(unit.name.lower(), unit.name),
                name=unit.name,
            )
            found.append((name, seats))
    return found


def _appointment(request: HttpRequest, unit: UnitPlan, values: PlanValues) -> tuple[str, editing.Change]:
    """What the form asks for: (organ|slot|title|number, person or none)."""
    kind, _bar, rest = request.POST.get("ghe", "").partition("|")
    slot, _bar, rest = rest.partition("|")
    title, _bar, at = rest.partition("|")
    known = {
        (template.kind.value, template.slot, post.title): post.count
        for template in _organs(unit, values)
        for post in template.posts
    }
    if not at.isdigit() or int(at) >= known.get((kind, slot, title), 0):
        raise BadInput(_("Không có ghế này ở đơn vị mới."), code="REO-088", kept=_("Kế hoạch giữ nguyên."))
    person = _person(request.POST.get("nguoi", "")) if request.POST.get("viec") != "bo" else None
    name = Title.objects.get(pk=title).name
    unit_name = titled(unit.kind, unit.name)
    what = (
        _("%(person)s làm %(title)s, %(unit)s")
        % {"person": person.full_name, "title": name, "unit": unit_name}
        if person
        else _("bỏ trống %(title)s, %(unit)s") % {"title": name, "unit": unit_name}
    )
    return what, editing.appoint(unit.code, kind, slot, title, int(at), person)


def _person(text: str) -> Person:
    try:
        found = Person.objects.filter(pk=uuid.UUID(text.strip())).first()
    except ValueError:
        found = None
    if found is None:
        raise BadInput(
            _("Chưa chọn người nào trong sổ đăng ký."),
            code="REO-088",
            kept=_("Kế hoạch giữ nguyên."),
            todo=_("Gõ tên rồi chọn một người trong danh sách."),
        )
    return found


@require_safe
@for_planners
def find_people(request: HttpRequest, key: str) -> HttpResponse:
    """People by name while somebody types: a fragment of choices, with their posts and where the plan has them."""
    plan = queries.plan_of(actor_of(request), key)
    values, _number, _text = values_of(plan)
    context = {"found": _found(request, values), "text": request.GET.get("ten", "")}
    return render(request, "reorganisation/found_people.html", context)


def _found(request: HttpRequest, values: PlanValues) -> list[tuple[people.PersonFound, str]]:
    text = request.GET.get("ten", "").strip()[:100]
    found = people.search(actor_of(request), text, FOUND) if len(text) > 1 else []
    placed = {row.person_id: row.unit for row in values.staffing}
    names = {unit.code: titled(unit.kind, unit.name) for unit in values.units}
    return [(each, names.get(placed.get(each.person_id, ""), "")) for each in found]


# --- CSV
@require_http_methods(EDIT)
@for_planners
def upload(request: HttpRequest, key: str) -> HttpResponse:
    """Nạp danh sách nhân sự: first a preview with every row that cannot be used, then the saving."""
    plan = queries.plan_of(actor_of(request), key)
    values, number, text = values_of(plan)
    error: HaicapError | None = None
    found: StaffingList | None = None
    content = b""
    if request.method == "POST":
        try:
            content = _content(request)
            found = read_staffing(content, values)
            everything = "tat-ca" in request.POST
            if "luu" in request.POST and not found.problems:
                what = _("nhân sự từ danh sách, %(count)d dòng") % {"count": len(found.rows)}
                editing.edit(actor_of(request), plan, based_on(request), what, _apply(found, everything))
                messages.success(request, _("Đã lưu: %(what)s.") % {"what": what})
                return redirect(address("staffing", plan))
        except HaicapError as problem:
            error, found = problem, None
    names = {unit.code: titled(unit.kind, unit.name) for unit in values.units}
    titles = dict(Title.objects.values_list("code", "name"))
    kinds = {kind.value: kind.label for kind in AgencyKind}
    before = {(row.unit, row.kind, row.slot, row.title): row.person_name for row in values.staffing}
    preview = [
        (names[row.unit], kinds[row.kind], row.slot, titles[row.title], row.person_name,
         before.get((row.unit, row.kind, row.slot, row.title), ""))
        for row in (found.rows[:200] if found else ())
    ]  # fmt: skip
    context = frame(request, plan, "nhan-su", _("Nạp danh sách"), number, text) | {
        "error": error,
        "found": found,
        "preview": preview,
        "problems": found.problems[:200] if found else (),
        "sent": base64.b64encode(zlib.compress(content)).decode() if found and not found.problems else "",
        "everything": "tat-ca" in request.POST,
        "back": address("staffing", plan),
    }
    return render(
        request, "reorganisation/staffing_upload.html", context, status=error.http_status if error else 200
    )


def _apply(found: StaffingList, everything: bool) -> editing.Change:
    return lambda values: found.apply_to(values, everything=everything)


def _content(request: HttpRequest) -> bytes:
    """The file, or what the preview sent along. Raises BadInput (REO-061)."""
    sent = request.POST.get("da-doc", "")
    if sent:
        try:
            unpacker = zlib.decompressobj()
            content = unpacker.decompress(base64.b64decode(sent, validate=True), MOST_BYTES + 1)
        except (ValueError, zlib.error):
            content = b""
        if content:
            return content
    file = request.FILES.get("tep")
    if file is None:
        raise BadInput(_("Chưa chọn tệp."), code="REO-061", todo=_("Chọn tệp CSV rồi bấm «Xem trước»."))
    return bytes(file.read(MOST_BYTES + 1))


@require_safe
@for_planners
def download(request: HttpRequest, key: str) -> HttpResponseBase:
    """The staffing as CSV, to be edited and imported again."""
    plan = queries.plan_of(actor_of(request), key)
    values, _number, _text = values_of(plan)
    head, *rows = staffing_rows(values)
    return csv_response(
        f"nhan-su-{plan.key.replace('/', '-')}", list(head), iter([list(row) for row in rows])
    )


@require_POST
@for_planners
def propose(request: HttpRequest, key: str) -> HttpResponse:
    """Đề xuất theo chức danh: all staffing anew, by who leads the predecessors now."""
    plan = queries.plan_of(actor_of(request), key)
    what = _("đề xuất nhân sự theo chức danh")

    def change(values: PlanValues) -> PlanValues:
        return with_staffing(replace(values, staffing=()))

    editing.edit(actor_of(request), plan, based_on(request), what, change)
    messages.success(request, _("Đã lưu: %(what)s.") % {"what": what})
    return redirect(address("staffing", plan))
