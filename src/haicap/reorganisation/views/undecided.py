"""What waits for people: records of divided units, rules for them, decisions taken back, people without a post."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from haicap.kernel.errors import HaicapError
from haicap.reorganisation import decisions, undecided, waiting
from haicap.reorganisation.forms import read_pairs
from haicap.reorganisation.views.common import actor_of, crumbs


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def worklist(request: HttpRequest) -> HttpResponse:
    """Chờ phân định: records with their evidence, by unit and village; one or many are placed at once."""
    error: HaicapError | None = None
    if request.method == "POST":
        try:
            placed = decisions.decide(
                actor_of(request),
                request.POST.get("don-vi", ""),
                request.POST.getlist("ho-so"),
                request.POST.get("ve", ""),
                request.POST.get("ly-do", ""),
            )
            messages.success(request, placed.sentence)
            return redirect(_back(request))
        except HaicapError as problem:
            error = problem
    return _worklist(request, error)


def _back(request: HttpRequest) -> str:
    """The list as it was narrowed, if it is ours."""
    back = request.POST.get("quay-lai", "")
    here = reverse("reorganisation:undecided")
    ours = back.startswith(here) and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return back if ours else here


def _worklist(request: HttpRequest, error: HaicapError | None) -> HttpResponse:
    actor = actor_of(request)
    heaps = undecided.heaps(actor)
    code = request.GET.get("don-vi", request.POST.get("don-vi", ""))
    chosen = next((heap for heap in heaps if heap.code == code), None)
    if chosen is None and len(heaps) == 1:
        chosen = heaps[0]
    villages = undecided.villages_of(chosen) if chosen else []
    village = request.GET.get("thon")
    spellings = next(
        (every for shown, every, _count in villages if village is not None and shown == village), []
    )
    text = request.GET.get("tim", "").strip()[:100]
    after = request.GET.get("sau", "")
    shown = [chosen] if chosen else heaps
    page = undecided.page(actor, shown, villages=spellings, text=text, after=after)
    asked = {
        name: value
        for name, value in (("don-vi", chosen.code if chosen else ""), ("thon", village), ("tim", text))
        if value
    }
    context: dict[str, Any] = {
        "title": _("Chờ phân định"),
        "crumbs": crumbs(last=_("Chờ phân định")) if _may_see_plans(actor) else None,
        "heaps": heaps,
        "total": sum(heap.count for heap in heaps),
        "chosen": chosen,
        "villages": villages,
        "village": village,
        "text": text,
        "page": page,
        "may_decide": chosen is not None and undecided.may_decide(actor, chosen),
        "may_decide_any": any(undecided.may_decide(actor, heap) for heap in heaps),
        "next": urlencode({**asked, "sau": page.after}) if page.after else "",
        "first": urlencode(asked) if after else "",
        "here": request.get_full_path() if request.method == "GET" else reverse("reorganisation:undecided"),
        "error": error,
        "ticked": set(request.POST.getlist("ho-so")),
        "reason": request.POST.get("ly-do", ""),
    }
    status = error.http_status if error else 200
    return render(request, "reorganisation/undecided.html", context, status=status)


def _may_see_plans(actor: Any) -> bool:
    from haicap.reorganisation.queries import may_see

    return may_see(actor)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def rules(request: HttpRequest, code: str) -> HttpResponse:
    """Áp dụng quy tắc to what lies there: written, counted first, then applied."""
    actor = actor_of(request)
    heap = undecided.heap_of(actor, code)
    villages, addresses = request.POST.get("thon", ""), request.POST.get("dia-chi", "")
    error: HaicapError | None = None
    preview: decisions.RulePreview | None = None
    if request.method == "POST":
        try:
            pairs = read_pairs(villages), read_pairs(addresses)
            if "ap-dung" in request.POST:
                done = decisions.apply_rules(actor, code, *pairs, reason=request.POST.get("ly-do", ""))
                messages.success(
                    request,
                    _("Đã chuyển %(count)d hồ sơ theo quy tắc; còn %(rest)d hồ sơ chờ phân định.")
                    % {"count": done.count, "rest": done.rest},
                )
                return redirect("reorganisation:undecided")
            preview = decisions.preview_rules(actor, code, *pairs)
        except HaicapError as problem:
            error = problem
    context = {
        "title": _("Quy tắc phân định %(unit)s") % {"unit": heap.title},
        "crumbs": [(_("Chờ phân định"), reverse("reorganisation:undecided")), (heap.title, "")],
        "heap": heap,
        "known": undecided.villages_of(heap),
        "villages": villages,
        "addresses": addresses,
        "reason": request.POST.get("ly-do", ""),
        "preview": preview,
        "error": error,
        "may_decide": undecided.may_decide(actor, heap),
    }
    return render(request, "reorganisation/rules.html", context, status=error.http_status if error else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def decided(request: HttpRequest) -> HttpResponse:
    """Quyết định phân định đã ra: they can be taken back while nobody went on with the record."""
    actor = actor_of(request)
    error: HaicapError | None = None
    if request.method == "POST":
        try:
            count = decisions.take_back(actor, _ids(request), request.POST.get("ly-do", ""))
            messages.success(
                request, _("Đã rút lại %(count)d quyết định; hồ sơ lại chờ phân định.") % {"count": count}
            )
            return redirect("reorganisation:decisions")
        except HaicapError as problem:
            error = problem
    found = decisions.decisions_of(actor)
    context = {
        "title": _("Quyết định phân định"),
        "crumbs": [(_("Chờ phân định"), reverse("reorganisation:undecided")), (_("Đã quyết định"), "")],
        "rows": found,
        "error": error,
        "may_decide": actor.may(undecided.DECIDE),
    }
    return render(
        request, "reorganisation/decisions.html", context, status=error.http_status if error else 200
    )


def _ids(request: HttpRequest) -> list[uuid.UUID]:
    found = []
    for text in request.POST.getlist("quyet-dinh"):
        try:
            found.append(uuid.UUID(text))
        except ValueError:
            continue
    return found


class _People:
    """The people who wait as a sequence that Django's paginator cuts: counted and read page by page."""

    def __init__(self, actor: Any, text: str) -> None:
        self._actor, self._text = actor, text
        self._total: int | None = None

    def count(self) -> int:
        if self._total is None:
            self._total = waiting.waiting(self._actor, self._text, limit=1)[1]
        return self._total

    __len__ = count

    def __getitem__(self, part: slice) -> list[waiting.Waiting]:
        start = part.start or 0
        return waiting.waiting(self._actor, self._text, start, (part.stop or start) - start)[0]


@never_cache
@require_safe
def waiting_people(request: HttpRequest) -> HttpResponse:
    """Người chờ phân công: leaders of agencies that ended who hold no other post."""
    text = request.GET.get("tim", "").strip()[:100]
    everybody: Any = _People(actor_of(request), text)
    paginator: Paginator[waiting.Waiting] = Paginator(everybody, waiting.PAGE_ROWS)
    context = {
        "title": _("Người chờ phân công"),
        "crumbs": crumbs(last=_("Người chờ phân công")),
        "text": text,
        "page": paginator.get_page(request.GET.get("trang")),
    }
    return render(request, "reorganisation/waiting.html", context)
