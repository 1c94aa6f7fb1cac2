"""The page on which a head apologises for what is late, in bulk. Thin: see `late`."""

from __future__ import annotations

import uuid
from datetime import datetime, time

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.days import parse_day
from haicap.kernel.errors import HaicapError
from haicap.systems.onestop import catalogue, looks
from haicap.systems.onestop.papers.errors import BadLetter
from haicap.systems.onestop.papers.values import Content
from haicap.systems.onestop.processing import late as apologies
from haicap.systems.onestop.processing import worklist

#: when a result is to be ready on the new day
READY_BY = time(17, 0)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def late(request: HttpRequest) -> HttpResponse:
    """Xin lỗi, hẹn lại: dossiers past their appointment, each without an apology yet."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    apologies.check(actor)
    mine = worklist.reach(actor)
    problem: HaicapError | None = None
    made = apologies.Apologies()
    if request.method == "POST":
        try:
            made = apologies.apologise(
                actor, _chosen(request), _content(request), site=request.build_absolute_uri("/")
            )
        except HaicapError as error:
            problem = error
        else:
            many = len(made.issued)
            if many:
                text = ngettext(
                    "Đã lập %(count)s văn bản xin lỗi.", "Đã lập %(count)s văn bản xin lỗi.", len(made.issued)
                )
                messages.success(request, text % {"count": len(made.issued)})
            if not made.refused:
                return redirect("onestop:apologies")
    found = apologies.waiting(mine)
    for one in found:
        looks.note_look(request, actor, one)
    context = {
        "title": _("Xin lỗi, hẹn lại"),
        "crumbs": [(_("Việc theo quy trình"), reverse("onestop:tasks")), (_("Xin lỗi, hẹn lại"), "")],
        "problem": problem,
        "made": made,
        "lines": [(one, catalogue.procedure_name(one.procedure_code)) for one in found],
        "full": len(found) == apologies.MOST_LATE,
        "proposed": apologies.proposed(clock.now()),
        "typed": request.POST,
    }
    return render(
        request, "onestop/processing/apologies.html", context, status=problem.http_status if problem else 200
    )


def _chosen(request: HttpRequest) -> list[uuid.UUID]:
    try:
        chosen = [uuid.UUID(each) for each in request.POST.getlist("ho-so")[: apologies.MOST_LATE]]
    except ValueError:
        chosen = []
    if not chosen:
        raise BadLetter(
            _("Chưa chọn hồ sơ nào."),
            where="ho-so",
            kept=_("Chưa có văn bản nào được lập."),
            todo=_("Hãy đánh dấu hồ sơ rồi lập."),
        )
    return chosen


def _content(request: HttpRequest) -> Content:
    return Content(
        reason=request.POST.get("ly-do", ""),
        new_due_at=datetime.combine(parse_day(request.POST.get("hen-moi", "")), READY_BY, tzinfo=clock.ZONE),
        signer=request.POST.get("nguoi-ky", ""),
        signer_title=tuple(request.POST.get("chuc-danh", "")[:300].splitlines()),
    )
