"""The shell's own pages: the three doors, search, health."""

from __future__ import annotations

from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from haicap.access.unassigned import Unassigned, unassigned
from haicap.kernel.actor import Actor
from haicap.kernel.text import clean
from haicap.web import overview
from haicap.web.errors import PageForbidden
from haicap.web.search import search as search_all

LONGEST_TEXT = 200
HINTS = 5
FOUND = 20


def actor_of(request: HttpRequest) -> Actor:
    """Who acts in this request."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def _waiting(actor: Actor) -> Unassigned | None:
    """What an official without a post today is told; None for everybody else."""
    return unassigned(actor.person_id) if actor.person_id is not None and actor.post_id is None else None


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Trang chủ của người dân: what happened here, and where to look something up."""
    return render(request, "web/start.html", overview.start_page())


@never_cache
@require_safe
def work(request: HttpRequest) -> HttpResponse:
    """Trang làm việc: what waits for me, the most urgent first."""
    actor = actor_of(request)
    context: dict[str, object] = {"title": _("Việc của tôi")}
    if actor.agency_ids or actor.sees_all:
        context["tiles"] = overview.dossier_tiles(actor)
        context["rows"] = overview.first_dossiers(actor)
        context["worklist"] = overview.address("onestop:worklist")
    elif waiting := _waiting(actor):
        context["waiting"] = waiting
    return render(request, "web/work.html", context)


@never_cache
@require_safe
def lead(request: HttpRequest) -> HttpResponse:
    """Trang điều hành: what is late, where, who needs help. Raises PageForbidden (WEB-403)."""
    actor = actor_of(request)
    context: dict[str, object] = {"title": _("Tổng quan")}
    if actor.may("command.steer"):
        run = overview.last_cut_over()
        context |= {
            "tiles": [*overview.dossier_tiles(actor), overview.outbox_tile()],
            "late": overview.agencies_late(actor),
            "runs": overview.recent_runs(),
            "run": run,
            "ledger": overview.ledger_of(run),
        }
    elif waiting := _waiting(actor):
        context["waiting"] = waiting
    elif actor.post_id is not None:
        raise PageForbidden(
            _("Chức danh đang dùng không có quyền điều hành."),
            todo=_("Vào trang làm việc, hoặc đăng nhập bằng chức danh lãnh đạo, quản trị."),
        )
    return render(request, "web/lead.html", context)


def _text(request: HttpRequest) -> str:
    return clean(request.GET.get("q", ""))[:LONGEST_TEXT]


@never_cache
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Tìm mọi thứ: units, dossiers, people; each only as far as the actor may see."""
    text = _text(request)
    groups = search_all(actor_of(request), text, FOUND)
    context = {
        "title": _("Kết quả tìm kiếm") if text else _("Tìm mọi thứ"),
        "search_text": text,
        "groups": groups,
        "found": sum(len(group.hits) for group in groups),
    }
    return render(request, "web/search.html", context)


@never_cache
@require_safe
def search_hints(request: HttpRequest) -> HttpResponse:
    """The first few hits while somebody types: a fragment under the search box."""
    text = _text(request)
    groups = search_all(actor_of(request), text, HINTS) if len(text) > 1 else []
    context = {
        "search_text": text,
        "groups": groups,
        "found": sum(len(group.hits) for group in groups),
    }
    return render(request, "web/components/search_hints.html", context)


@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Whether this process answers and reaches its database: 200 or 503, JSON."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        database = True
    except (DatabaseError, InterfaceError):
        database = False
    return JsonResponse({"ok": database, "database": database}, status=200 if database else 503)
