"""Điều kiện mở cửa: what the agency has and lacks, and where it says so."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from haicap.access.requests import acting
from haicap.kernel import clock
from haicap.kernel.contract import overall
from haicap.kernel.errors import HaicapError
from haicap.registry.models import Agency, AgencyKind
from haicap.systems.onestop import policy
from haicap.systems.onestop.models import OpeningItem, OpeningStatement
from haicap.systems.onestop.opening import service
from haicap.systems.onestop.queries import agency_names
from haicap.systems.onestop.readiness import DossiersCanBeTaken

#: organs of a unit that keep a one-stop shop
KEEPERS = (AgencyKind.COMMITTEE, AgencyKind.SERVICE_CENTRE, AgencyKind.DEPARTMENT)
MOST_AGENCIES = 20


@never_cache
@require_safe
def opening(request: HttpRequest) -> HttpResponse:
    """Each of the actor's agencies that keep a one-stop shop, with its evidence and its statements."""
    return _page(request)


@require_POST
def state(request: HttpRequest, agency_id: uuid.UUID, item: str) -> HttpResponse:
    """Xác nhận một điều kiện, with a PDF or a photograph where there is one."""
    return _change(request, agency_id, item, withdrawn=False)


@require_POST
def withdraw(request: HttpRequest, agency_id: uuid.UUID, item: str) -> HttpResponse:
    """Rút một xác nhận."""
    return _change(request, agency_id, item, withdrawn=True)


def _change(request: HttpRequest, agency_id: uuid.UUID, item: str, *, withdrawn: bool) -> HttpResponse:
    actor = acting(request).actor
    service.check_speaks(actor, agency_id)
    if item not in OpeningItem.values:
        return _page(request, status=404)
    try:
        if withdrawn:
            service.withdraw(actor, agency_id, OpeningItem(item))
        else:
            upload = request.FILES.get("file")
            evidence = service.keep_evidence(upload, upload.name or "") if upload is not None else None
            service.state(actor, agency_id, OpeningItem(item), request.POST.get("value", ""), evidence)
    except HaicapError as error:
        return _page(request, problem=error, status=error.http_status)
    messages.success(request, _("Đã rút xác nhận.") if withdrawn else _("Đã xác nhận."))
    return redirect(reverse("onestop:opening"))


def _page(request: HttpRequest, *, problem: HaicapError | None = None, status: int = 200) -> HttpResponse:
    actor = acting(request).actor
    policy.check_list(actor)
    agencies = list(
        Agency.objects.filter(pk__in=actor.agency_ids, kind__in=KEEPERS)
        .order_by("kind", "pk")
        .values_list("pk", flat=True)[:MOST_AGENCIES]
    )
    context = {
        "title": _("Điều kiện mở cửa"),
        "agencies": _agencies(agencies),
        "may": actor.may(policy.COUNTERS),
        "problem": problem,
    }
    return render(request, "onestop/opening/opening.html", context, status=status)


def _agencies(agency_ids: list[uuid.UUID]) -> list[dict[str, Any]]:
    names = agency_names(agency_ids, clock.today())
    found = DossiersCanBeTaken().ask(agency_ids)
    stated: dict[uuid.UUID, dict[str, OpeningStatement]] = {}
    for one in OpeningStatement.objects.filter(agency_id__in=agency_ids, withdrawn_at__isnull=True):
        stated.setdefault(one.agency_id, {})[one.item] = one
    return [
        {
            "id": agency_id,
            "name": names.get(agency_id, ""),
            "evidence": found[agency_id],
            "overall": overall(found[agency_id]).value,
            "items": [
                {
                    "code": item.value,
                    "label": item.label,
                    "statement": stated.get(agency_id, {}).get(item.value),
                }
                for item in OpeningItem
            ],
        }
        for agency_id in agency_ids
        if agency_id in found
    ]
