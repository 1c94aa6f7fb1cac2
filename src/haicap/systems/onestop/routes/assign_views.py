"""Gán quy trình hàng loạt: filters, preview, deed, undo."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from haicap.kernel.days import parse_day
from haicap.kernel.errors import HaicapError
from haicap.systems.onestop.models import ProcedureField, Route
from haicap.systems.onestop.routes import assigning, policy, service
from haicap.systems.onestop.routes.forms import AssignForm
from haicap.systems.onestop.routes.views import actor_of, crumbs, tell


@require_http_methods(["GET", "HEAD", "POST"])
def assign(request: HttpRequest) -> HttpResponse:
    """Chọn, xem trước (GET), gán (POST)."""
    actor = actor_of(request)
    policy.check_manage(actor)
    asked = request.POST if request.method == "POST" else request.GET
    fields = [
        (str(code), str(name))
        for code, name in ProcedureField.objects.order_by("name").values_list("code", "name")
    ]
    routes = list(
        Route.objects.filter(versions__published_at__isnull=False, versions__retired_at__isnull=True)
        .distinct()
        .order_by("name")[:500]
    )
    form = AssignForm(
        asked if "level" in asked else None, fields=fields, routes=[(each.code, each.name) for each in routes]
    )
    preview, problem = None, None
    if form.is_bound and form.is_valid():
        values = form.cleaned_data
        selection = assigning.Selection(
            level=values["level"],
            field=values["field"],
            text=values["text"],
            within_days=values["within_days"],
            over_days=values["over_days"],
            only_without=not values["everything"],
        )
        route = next((each for each in routes if each.code == values["route"]), None)
        try:
            day = parse_day(values["begins_on"]) if values["begins_on"] else None
            if request.method == "POST":
                done = assigning.assign(actor, selection, route=route, begins_on=day)
                messages.success(
                    request, _("Đã gán quy trình cho %(count)s thủ tục.") % {"count": done.count}
                )
                return redirect("onestop:route-assign")
            preview = assigning.preview(actor, selection, route=route, on=day)
        except HaicapError as error:
            problem = error
    context = {
        "title": _("Gán quy trình cho thủ tục"),
        "crumbs": crumbs((_("Gán quy trình"), "")),
        "form": form,
        "preview": preview,
        "shown": preview.lines[: assigning.MOST_SHOWN] if preview else (),
        "most": assigning.MOST_SHOWN,
        "error": problem,
        "latest": assigning.latest(actor),
        "query": request.GET,
    }
    wrong = problem is not None or (form.is_bound and form.errors)
    return render(request, "onestop/routes/assign.html", context, status=400 if wrong else 200)


@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """Hoàn tác một lượt gán."""
    actor = actor_of(request)
    policy.check_manage(actor)
    try:
        asked = uuid.UUID(request.POST.get("luot", ""))
    except ValueError:
        raise service.not_found() from None
    try:
        done = assigning.undo(actor, asked)
        messages.success(request, _("Đã hoàn tác lượt gán %(count)s thủ tục.") % {"count": done.count})
    except HaicapError as error:
        tell(request, error)
    return redirect("onestop:route-assign")
