"""Pages of delegations: given and received, lending a post, taking it back."""

from __future__ import annotations

import datetime as dt
import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from haicap.access.people import delegations as lending
from haicap.access.people import policy
from haicap.access.people.errors import NoSuchPerson
from haicap.access.people.forms import DelegationForm
from haicap.access.people.values import clean_day
from haicap.access.people.views import EDIT, actor_of, refused, tell
from haicap.kernel import clock
from haicap.kernel.errors import HaicapError


@require_safe
@login_required
@never_cache
def delegations(request: HttpRequest) -> HttpResponse:
    """Ủy quyền: given and received; administrators see those of their units."""
    actor = actor_of(request)
    me = actor.for_person_id or actor.person_id
    rows = lending.delegations_of(actor)
    context = {
        "title": _("Ủy quyền"),
        "given": [row for row in rows if row.holder_id == me],
        "received": [row for row in rows if row.delegate_id == me and row.holder_id != me],
        "others": [row for row in rows if me not in (row.holder_id, row.delegate_id)],
        "posts": lending.posts_to_lend(actor),
        "records": actor.may(policy.MANAGE_DELEGATIONS),
    }
    return render(request, "access/people/delegations.html", context)


@require_http_methods(EDIT)
@login_required
@never_cache
def lend(request: HttpRequest, appointment_id: uuid.UUID) -> HttpResponse:
    """Ủy quyền một chức danh: to whom, until when, why."""
    actor = actor_of(request)
    step = lending.lendable(actor, appointment_id)
    people = [(str(key), f"{name} ({title})") for key, name, title in lending.colleagues_for(step)]
    today = clock.today()
    form = DelegationForm(
        request.POST or None,
        people=people,
        initial={"begins_on": f"{today:%d/%m/%Y}", "ends_on": f"{today + dt.timedelta(days=7):%d/%m/%Y}"},
    )
    error = None
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            begins_on = clean_day(given["begins_on"], "begins_on")
            ends_on = clean_day(given["ends_on"], "ends_on")
            begins_at = clock.now() if begins_on == today else _midnight(begins_on)
            ends_at = _midnight(ends_on + dt.timedelta(days=1))
            delegate = uuid.UUID(given["delegate"])
            lending.delegate(
                actor, appointment_id, delegate, begins_at, ends_at, given["reason"], given["decision"]
            )
            messages.success(request, _("Đã ghi ủy quyền."))
            return redirect("people:delegations")
        except HaicapError as problem:
            error = refused([form], problem)
    title = _("Ủy quyền chức danh")
    context = {
        "title": title,
        "forms": [form],
        "button": _("Ủy quyền"),
        "back": reverse("people:delegations"),
        "error": error,
        "note": f"{step.person} · {step.title_name}, {step.agency}",
        "crumbs": [(_("Ủy quyền"), reverse("people:delegations")), (title, "")],
    }
    return render(request, "access/people/form.html", context, status=error.http_status if error else 200)


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.min, tzinfo=clock.ZONE)


@require_POST
@login_required
def revoke(request: HttpRequest, delegation_id: uuid.UUID) -> HttpResponse:
    """Thu hồi ủy quyền."""
    try:
        lending.revoke(actor_of(request), delegation_id, request.POST.get("ly-do", ""))
        messages.success(request, _("Đã thu hồi ủy quyền."))
    except NoSuchPerson:
        raise
    except HaicapError as error:
        tell(request, error)
    return redirect("people:delegations")
