"""Pages of routes: the list, one route, its versions, BPMN, moving running dossiers. Thin: see the services."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.errors import HaicapError
from haicap.registry.models import Level
from haicap.systems.onestop.models import Route, RouteChoice, RouteVersion
from haicap.systems.onestop.policy import MANAGE_ROUTES
from haicap.systems.onestop.routes import moving, policy, queries, service
from haicap.systems.onestop.routes.assigning import coverage
from haicap.systems.onestop.routes.bpmn import read_bpmn, write_bpmn
from haicap.systems.onestop.routes.bpmn.reading import MOST_BYTES
from haicap.systems.onestop.routes.definition import Definition, parse
from haicap.systems.onestop.routes.errors import BadBpmn
from haicap.systems.onestop.routes.forms import RouteForm, UploadForm
from haicap.systems.onestop.routes.validation import (
    Finding,
    Severity,
    check,
    check_holders,
    has_errors,
    longest_hours,
)

#: the tone of a finding's tag
TONES = {Severity.ERROR: "late", Severity.WARNING: "waiting", Severity.NOTE: "info"}


def actor_of(request: HttpRequest) -> Actor:
    """Who acts in this request."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def tell(request: HttpRequest, error: HaicapError) -> None:
    """An error as a message on the next page."""
    messages.error(request, f"{error.message} {error.kept} {error.todo} ({error.code})")


def crumbs(*more: tuple[str, str]) -> list[tuple[str, str]]:
    """Where a page of routes lies."""
    return [(_("Quy trình điện tử"), reverse("onestop:routes")), *more]


@require_safe
def routes(request: HttpRequest) -> HttpResponse:
    """Danh sách quy trình with their state, procedures and dossiers."""
    actor = actor_of(request)
    text = request.GET.get("tim", "").replace("\0", "")[:100]
    page = Paginator(queries.matching(actor, text), queries.PAGE_ROWS).get_page(request.GET.get("trang"))
    today = clock.today()
    context = {
        "title": _("Quy trình điện tử"),
        "page": page,
        "rows": queries.rows(list(page.object_list), today),
        "text": text,
        "manages": actor.may(MANAGE_ROUTES),
        "coverage": [
            (Level(level).label, *coverage(level, today)) for level in (Level.COMMUNE, Level.PROVINCE)
        ],
    }
    return render(request, "onestop/routes/list.html", context)


@require_safe
def route(request: HttpRequest, code: str) -> HttpResponse:
    """Một quy trình: drawing, steps, findings, versions."""
    actor = actor_of(request)
    policy.check_see(actor)
    found = service.route_by_code(code)
    versions = list(found.versions.order_by("-number"))
    shown = _shown(versions, request.GET.get("phien-ban", ""))
    definition = parse(shown.definition) if shown is not None else Definition()
    titles = queries.title_names()
    running = moving.running_per_version([version.id for version in versions])
    findings = _findings(found, definition, set(titles))
    context = {
        "title": found.name,
        "crumbs": crumbs((found.name, "")),
        "route": found,
        "shown": shown,
        "versions": [(version, running.get(version.id, 0)) for version in versions],
        "draft": next((each for each in versions if each.published_at is None), None),
        "definition": definition,
        "lines": step_lines(definition, titles),
        "drawing": queries.drawing_of(definition, titles),
        "findings": [(each, TONES[each.severity]) for each in findings],
        "days": longest_hours(definition) / 8,
        "hours": longest_hours(definition),
        "blocked": has_errors(findings),
        "manages": actor.may(MANAGE_ROUTES),
        "running": running.get(shown.id, 0) if shown is not None else 0,
        "moves": moving.moves_within(found) if actor.may(MANAGE_ROUTES) else [],
    }
    return render(request, "onestop/routes/route.html", context)


@require_POST
def act(request: HttpRequest, code: str) -> HttpResponse:
    """Việc với quy trình: start or discard a draft, publish, retire, undo a move."""
    actor = actor_of(request)
    policy.check_manage(actor)
    found = service.route_by_code(code)
    what = request.POST.get("viec", "")
    back = redirect("onestop:route", code)
    try:
        if what == "soan":
            service.start_draft(actor, found)
            return redirect("onestop:route-edit", code)
        version = _version(found, request.POST.get("phien-ban", ""))
        if what == "cong-bo":
            service.publish_version(actor, version.id)
            messages.success(request, _("Đã công bố phiên bản %(number)s.") % {"number": version.number})
        elif what == "ngung":
            service.retire_version(actor, version.id)
            messages.success(request, _("Phiên bản %(number)s ngừng dùng.") % {"number": version.number})
        elif what == "bo":
            service.discard_draft(actor, version.id)
            messages.success(request, _("Đã bỏ bản nháp."))
            if not Route.objects.filter(code=code).exists():
                return redirect("onestop:routes")
        elif what == "hoan-tac":
            last = next((each for each in moving.moves_of(version) if each.undone_at is None), None)
            if last is None:
                raise service.not_found()
            _undone, stayed = moving.undo_move(actor, last.id)
            messages.success(
                request,
                _("Đã hoàn tác lượt chuyển; %(count)s hồ sơ đã làm tiếp nên ở lại.") % {"count": stayed},
            )
        else:
            raise service.not_found()
    except HaicapError as error:
        tell(request, error)
    return back


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """Lập quy trình mới."""
    policy.check_manage(actor_of(request))
    form = RouteForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        values = form.cleaned_data
        try:
            made = service.create_route(
                actor_of(request), values["code"], values["name"], note=values["note"]
            )
            return redirect("onestop:route-edit", made.code)
        except HaicapError as error:
            _show_at(form, error)
    return _form(request, form, _("Lập quy trình"), _("Lập quy trình"), reverse("onestop:routes"))


@require_http_methods(["GET", "HEAD", "POST"])
def copy(request: HttpRequest, code: str) -> HttpResponse:
    """Sao chép một quy trình thành quy trình mới."""
    policy.check_manage(actor_of(request))
    found = service.route_by_code(code)
    initial = {"code": f"{code}-2"[:60], "name": _("%(name)s (bản sao)") % {"name": found.name}}
    form = RouteForm(request.POST if request.method == "POST" else None, initial=initial)
    del form.fields["note"]
    if form.is_valid():
        values = form.cleaned_data
        try:
            made = service.copy_route(actor_of(request), found, values["code"], values["name"])
            return redirect("onestop:route-edit", made.code)
        except HaicapError as error:
            _show_at(form, error)
    title = _("Sao chép «%(name)s»") % {"name": found.name}
    return _form(request, form, title, _("Sao chép"), reverse("onestop:route", args=[code]))


@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Nhập BPMN: a file becomes a new route's draft, or is refused with every reason."""
    actor = actor_of(request)
    policy.check_manage(actor)
    form = UploadForm(request.POST or None, request.FILES or None)
    reasons: list[str] = []
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            content = values["file"].read(MOST_BYTES + 1)
            read = read_bpmn(content, queries.title_names())
            made = service.create_route(
                actor, values["code"], values["name"], note=values["note"], definition=read.definition
            )
            messages.success(request, _("Đã nhập thành bản nháp."))
            for note in read.notes[:20]:
                messages.warning(request, note)
            return redirect("onestop:route", made.code)
        except BadBpmn as error:
            reasons = [str(each) for each in error.details.get("reasons", [])]
            _show_at(form, error, "file")
        except HaicapError as error:
            _show_at(form, error)
    title = _("Nhập quy trình từ tệp BPMN")
    return _form(request, form, title, _("Nhập"), reverse("onestop:routes"), reasons=reasons, upload=True)


@require_safe
def bpmn(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Tải quy trình dạng BPMN 2.0."""
    policy.check_see(actor_of(request))
    found = service.route_by_code(code)
    version = _version(found, str(number))
    content = write_bpmn(parse(version.definition), found.code, found.name, queries.title_names())
    answer = HttpResponse(content, content_type="application/xml; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{found.code}-v{version.number}.bpmn"'
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
def move(request: HttpRequest, code: str) -> HttpResponse:
    """Chuyển hồ sơ đang chạy sang phiên bản khác: mapping of steps, preview, deed."""
    actor = actor_of(request)
    policy.check_manage(actor)
    found = service.route_by_code(code)
    asked = request.POST if request.method == "POST" else request.GET
    source = _version(found, asked.get("tu", ""))
    targets = list(
        found.versions.filter(published_at__isnull=False, retired_at__isnull=True)
        .exclude(pk=source.pk)
        .order_by("-number")
    )
    target = next((each for each in targets if str(each.number) == asked.get("den", "")), None)
    target = target or (targets[0] if targets else None)
    mapping, preview = {}, None
    if target is not None:
        mapping = moving.same_keys(source, target)
        for key in parse(source.definition).keys:
            if f"buoc-{key}" in asked:
                mapping[key] = asked[f"buoc-{key}"][:40]
        if request.method == "POST":
            try:
                done = moving.move_running(actor, source, target, mapping)
                messages.success(request, _("Đã chuyển %(count)s hồ sơ.") % {"count": done.count})
                return redirect("onestop:route", code)
            except HaicapError as error:
                tell(request, error)
        preview = moving.preview_move(actor, source, target, mapping)
    context = {
        "title": _("Chuyển hồ sơ đang chạy"),
        "crumbs": crumbs((found.name, reverse("onestop:route", args=[code])), (_("Chuyển hồ sơ"), "")),
        "route": found,
        "source": source,
        "target": target,
        "targets": targets,
        "preview": preview,
        "steps": parse(target.definition).steps if target is not None else (),
    }
    return render(request, "onestop/routes/move.html", context)


def step_lines(definition: Definition, titles: dict[str, str]) -> list[dict[str, Any]]:
    """The steps as a table shows them."""
    names = {step.key: step.name for step in definition.steps}
    return [
        {
            "step": step,
            "title": titles.get(step.title, step.title),
            "hours": queries.hours_in_words(step),
            "agencies": [queries.agency_in_words(each.kind, each.slot) for each in step.agencies],
            "outcomes": [(each, names.get(each.to, each.to), each.status.label) for each in step.outcomes],
        }
        for step in definition.steps
    ]


def _findings(found: Route, definition: Definition, titles: set[str]) -> list[Finding]:
    """All of a route: steps, and holders at the levels whose procedures have chosen it."""
    findings = check(definition, titles)
    today = clock.today()
    levels = (
        RouteChoice.objects.filter(route=found, withdrawn_at__isnull=True)
        .order_by()
        .values_list("level", flat=True)
        .distinct()
    )
    for level in levels:
        kind = "so" if level == Level.PROVINCE else "ubnd"
        findings += check_holders(definition, level, today, kind=kind)
    return findings


def _shown(versions: list[RouteVersion], number: str) -> RouteVersion | None:
    """The version asked for, else the one in use, else the draft."""
    asked = next((each for each in versions if str(each.number) == number), None)
    used = next((each for each in versions if each.published_at and not each.retired_at), None)
    return asked or used or (versions[0] if versions else None)


def _version(found: Route, number: str) -> RouteVersion:
    version = (
        found.versions.filter(number=int(number)).first() if number.isdecimal() and len(number) < 5 else None
    )
    if version is None:
        raise service.not_found()
    return version


def _show_at(form: Form, error: HaicapError, field: str = "") -> None:
    place = field or error.where
    form.add_error(place if place in form.fields else None, f"{error.message} ({error.code})")


def _form(request: HttpRequest, form: Form, title: str, button: str, back: str, **more: Any) -> HttpResponse:
    context = {
        "title": title,
        "form": form,
        "button": button,
        "back": back,
        "crumbs": crumbs((title, "")),
        **more,
    }
    return render(request, "onestop/routes/form.html", context, status=400 if form.errors else 200)
