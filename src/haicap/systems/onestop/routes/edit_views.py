"""The editor of a draft: steps in order, one step with its outcomes. Forms only; works without script."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from haicap.kernel.errors import HaicapError
from haicap.systems.onestop.models import Route, RouteVersion, TaskKind
from haicap.systems.onestop.routes import editing, policy, queries, service
from haicap.systems.onestop.routes.definition import Definition, Step, dump, hours_of, parse
from haicap.systems.onestop.routes.forms import AgencyFormSet, NewStepForm, OutcomeFormSet, StepForm
from haicap.systems.onestop.routes.validation import check
from haicap.systems.onestop.routes.views import TONES, actor_of, crumbs, step_lines, tell

EDIT = ["GET", "HEAD", "POST"]

_CHANGES: dict[str, Callable[[Definition, str], Definition]] = {
    "len": lambda definition, key: editing.move_step(definition, key, -1),
    "xuong": lambda definition, key: editing.move_step(definition, key, 1),
    "xoa": editing.remove_step,
}


@require_http_methods(EDIT)
def edit(request: HttpRequest, code: str) -> HttpResponse:
    """Soạn quy trình: add, move and remove steps of the draft."""
    actor = actor_of(request)
    policy.check_manage(actor)
    found, draft = _draft(code)
    if draft is None:
        messages.warning(request, _("Quy trình chưa có bản nháp; hãy soạn phiên bản mới."))
        return redirect("onestop:route", code)
    definition, titles = parse(draft.definition), queries.title_names()
    form = NewStepForm(request.POST if request.POST.get("viec") == "them" else None, titles=titles)
    if request.method == "POST":
        changed = _changed(request, definition, form)
        if changed is not None:
            try:
                service.save_draft(actor, draft.id, changed, seen=request.POST.get("thay", ""))
                return redirect("onestop:route-edit", code)
            except HaicapError as error:
                tell(request, error)
                return redirect("onestop:route-edit", code)
    context = {
        "title": _("Soạn «%(name)s»") % {"name": found.name},
        "crumbs": crumbs((found.name, reverse("onestop:route", args=[code])), (_("Soạn"), "")),
        "route": found,
        "draft": draft,
        "lines": step_lines(definition, titles),
        "seen": service.mark_of(draft.definition),
        "form": form,
        "findings": [(each, TONES[each.severity]) for each in check(definition, set(titles))]
        if definition.steps
        else [],
    }
    return render(request, "onestop/routes/edit.html", context, status=400 if form.errors else 200)


@require_http_methods(EDIT)
def step(request: HttpRequest, code: str, key: str) -> HttpResponse:
    """Sửa một bước: who, how long, how it may end, whom it asks."""
    actor = actor_of(request)
    policy.check_manage(actor)
    found, draft = _draft(code)
    definition = parse(draft.definition) if draft is not None else Definition()
    known = definition.step(key)
    if draft is None or known is None:
        raise service.not_found()
    posted = request.POST if request.method == "POST" else None
    titles = queries.title_names()
    steps = [(each.key, each.name) for each in definition.steps]
    form = StepForm(posted, initial=_initial(known), titles=titles)
    outcomes = OutcomeFormSet(
        posted, initial=[_outcome(each) for each in known.outcomes], prefix="kq", form_kwargs={"steps": steps}
    )
    agencies = AgencyFormSet(
        posted,
        initial=[{"kind": a.kind, "level": a.level, "slot": a.slot} for a in known.agencies],
        prefix="cq",
    )
    problem: HaicapError | None = None
    if posted is not None and form.is_valid() and outcomes.is_valid() and agencies.is_valid():
        try:
            changed = _read(known, form.cleaned_data, outcomes, agencies)
            service.save_draft(
                actor, draft.id, editing.replace_step(definition, changed), seen=posted.get("thay", "")
            )
            messages.success(request, _("Đã lưu bước «%(name)s».") % {"name": changed.name})
            return redirect("onestop:route-edit", code)
        except HaicapError as error:
            problem = error
    context = {
        "title": _("Bước «%(name)s»") % {"name": known.name},
        "crumbs": crumbs(
            (found.name, reverse("onestop:route", args=[code])),
            (_("Soạn"), reverse("onestop:route-edit", args=[code])),
            (known.name, ""),
        ),
        "route": found,
        "step": known,
        "form": form,
        "outcomes": outcomes,
        "agencies": agencies,
        "seen": service.mark_of(draft.definition),
        "error": problem,
    }
    wrong = problem is not None or form.errors or any(outcomes.errors) or any(agencies.errors)
    return render(request, "onestop/routes/step.html", context, status=400 if wrong else 200)


def _draft(code: str) -> tuple[Route, RouteVersion | None]:
    found = service.route_by_code(code)
    return found, found.versions.filter(published_at__isnull=True).first()


def _changed(request: HttpRequest, definition: Definition, form: NewStepForm) -> Definition | None:
    """The definition as the pressed button wants it; None where something is wrong with the form."""
    what, key = request.POST.get("viec", ""), request.POST.get("buoc", "")
    if what in _CHANGES:
        return _CHANGES[what](definition, key)
    if what != "them":
        raise service.not_found()
    if not form.is_valid():
        return None
    values = form.cleaned_data
    try:
        hours = hours_of(values["hours"])
        added = editing.add_step(definition, values["name"], TaskKind(values["kind"]), values["title"], hours)
        return parse(dump(added))
    except HaicapError as error:
        form.add_error("hours" if error.where == "hours" else None, f"{error.message} ({error.code})")
        return None


def _initial(known: Step) -> dict[str, Any]:
    return {
        "name": known.name,
        "kind": known.kind.value,
        "title": known.title,
        "hours": format(known.hours.normalize(), "f").replace(".", ","),
    }


def _outcome(each: Any) -> dict[str, str]:
    return {
        "key": each.key,
        "kind": each.kind.value,
        "label": each.label,
        "to": each.to,
        "status": str(int(each.status)),
    }


def _read(known: Step, values: dict[str, Any], outcomes: Any, agencies: Any) -> Step:
    """The step that the forms describe. Raises BadDefinition."""
    rows: list[dict[str, Any]] = []
    used: set[str] = set()
    for each in outcomes.cleaned_data:
        if not each or each.get("DELETE"):
            continue
        base = each["key"] or each["kind"]
        key, number = base, 2
        while key in used:
            key, number = f"{base[:36]}-{number}", number + 1
        used.add(key)
        rows.append(
            {
                "key": key,
                "kind": each["kind"],
                "label": each["label"],
                "to": each["to"],
                "status": int(each["status"]),
            }
        )
    asked = [
        {"kind": each["kind"], "level": each["level"], "slot": each["slot"]}
        for each in agencies.cleaned_data
        if each and not each.get("DELETE")
    ]
    consults = values["kind"] == TaskKind.CONSULT
    row = {
        "key": known.key,
        "name": values["name"],
        "kind": values["kind"],
        "title": values["title"],
        "hours": str(hours_of(values["hours"])),
        "outcomes": rows,
        "agencies": asked if consults else [],
    }
    return parse({"steps": [row]}).steps[0]
