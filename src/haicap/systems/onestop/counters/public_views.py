"""Pages for who comes: the machine that gives numbers, the board, one's own number, waits of all places. Thin."""

from __future__ import annotations

import base64
import hashlib
import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

import haicap
from haicap.access.sign_in.address import client_address, place_of
from haicap.kernel import clock
from haicap.kernel.errors import HaicapError
from haicap.systems.onestop import catalogue
from haicap.systems.onestop.counters import kiosk, places, queries, service, speech
from haicap.systems.onestop.counters.errors import CounterNotFound
from haicap.systems.onestop.models import Ticket, TicketState
from haicap.systems.onestop.papers import qr

#: a page that waits for nothing more tells htmx to ask no more
STOP_ASKING = 286
SHOWN = 300
OVER = (TicketState.DONE, TicketState.MISSED, TicketState.CANCELLED)
VOICES = ("khong", "trinh-duyet", "may-chu")


@require_http_methods(["GET", "HEAD", "POST"])
def draw(request: HttpRequest, desk_id: uuid.UUID) -> HttpResponse:
    """Máy lấy số: big buttons; one press draws a number."""
    place = places.place(desk_id)
    standing = kiosk.is_kiosk(request.COOKIES.get(kiosk.COOKIE, ""), desk_id)
    problem: HaicapError | None = None
    if request.method == "POST":
        try:
            ticket = kiosk.draw(
                desk_id,
                place.agency_id,
                request.POST.get("linh-vuc", "")[:40],
                first=request.POST.get("uu-tien") == "co",
                booking_code=request.POST.get("ma-hen", "")[:20],
                network="" if standing else place_of(client_address(request)),
            )
        except HaicapError as error:
            problem = error
        else:
            back = "?may=1" if standing else ""
            return redirect(reverse("onestop:ticket", args=[ticket.id]) + back)
    wait = queries.wait(desk_id)
    long = wait.minutes is None or wait.minutes >= kiosk.LONG_WAIT
    context = {
        "title": _("Lấy số thứ tự"),
        "place": place,
        "problem": problem,
        "wait": wait,
        "fields": kiosk.fields_offered(desk_id),
        "open": kiosk.is_open(place.agency_id),
        "others": places.shorter_than(place, wait.minutes) if long and wait.waiting else [],
        "standing": standing,
    }
    return render(
        request, "onestop/counters/kiosk.html", context, status=problem.http_status if problem else 200
    )


@require_safe
def ticket(request: HttpRequest, ticket_id: uuid.UUID) -> HttpResponse:
    """Số của tôi: how many are ahead and for how long; asks again by itself; prints on a roll of 80 mm."""
    found = Ticket.objects.select_related("counter").filter(pk=ticket_id).first()
    if found is None:
        raise CounterNotFound(
            _("Không có số thứ tự này."), todo=_("Hãy quét lại mã QR trên phiếu, hoặc lấy số mới.")
        )
    if request.GET.get("phan") == "cho":
        context = _standing(found)
        over = context["past"] or found.state in OVER
        return render(request, "onestop/counters/standing.html", context, status=STOP_ASKING if over else 200)
    address = request.build_absolute_uri(reverse("onestop:ticket", args=[found.id]))
    context = _standing(found) | {
        "title": _("Số %(number)d") % {"number": found.number},
        "place": places.place(found.desk_id),
        "field": catalogue.field_name(found.field) if found.field else "",
        "address": address,
        "qr": "data:image/png;base64," + base64.b64encode(bytes(qr.png(address))).decode(),
        "machine": request.GET.get("may") == "1",
    }
    return render(request, "onestop/counters/ticket.html", context)


@require_safe
def board(request: HttpRequest, desk_id: uuid.UUID) -> HttpResponse:
    """Bảng gọi số: what is called now, in numbers seen from the other side of the hall."""
    voice = request.GET.get("doc", "")
    context = {
        "title": _("Bảng gọi số"),
        "place": places.place(desk_id),
        "voice": voice if voice in VOICES else VOICES[0],
    } | _called(desk_id)
    return render(request, "onestop/counters/board.html", context)


@require_safe
def board_now(request: HttpRequest, desk_id: uuid.UUID) -> HttpResponse:
    """What the board asks for every few seconds: the numbers as HTML, or 304 where nothing changed.

    The entity tag comes from the queue itself (one query), so that every worker, and a restarted one, gives the same.
    """
    shown = f"{queries.state_of_board(desk_id)}|{get_language()}|{haicap.__version__}"
    tag = f'"{hashlib.blake2b(shown.encode(), digest_size=9).hexdigest()}"'
    if request.headers.get("if-none-match", "").removeprefix("W/") == tag:
        response = HttpResponse(status=304)
    else:
        response = render(request, "onestop/counters/called.html", _called(desk_id))
    response["ETag"] = tag
    response["Cache-Control"] = "no-store"
    response["X-Haicap-Now"] = f"{clock.now().astimezone(clock.ZONE):%H:%M}"
    return response


@require_safe
def say(request: HttpRequest, desk_id: uuid.UUID, ticket_id: uuid.UUID) -> HttpResponse:
    """The voice of the server for a number that is being called now; for no other, so that nobody makes it read."""
    found = next((each for each in queries.board(desk_id) if each.id == ticket_id), None)
    if found is None or found.counter is None:
        raise CounterNotFound(_("Số này không đang được gọi."), todo=_("Hãy chờ lượt gọi tiếp theo."))
    response = HttpResponse(speech.called(found.number, found.counter.number), content_type="audio/wav")
    response["Cache-Control"] = "public, max-age=3600"
    return response


@require_safe
def waits(request: HttpRequest) -> HttpResponse:
    """Thời gian chờ: every place of the province; the nearest first where one says from where."""
    code = request.GET.get("tu", "")[:5]
    found = places.places()
    units = places.communes_around(found)
    if code:
        found = places.nearest(found, code)
    context = {
        "title": _("Thời gian chờ ở các nơi tiếp nhận"),
        "places": found[:SHOWN],
        "more": max(0, len(found) - SHOWN),
        "units": units,
        "chosen": code,
        "now": clock.now(),
    }
    return render(request, "onestop/counters/waits.html", context)


def _standing(found: Ticket) -> dict[str, Any]:
    """Where a number stands in its queue."""
    past = found.day != clock.today()
    waiting = found.state == TicketState.WAITING and not past
    ahead = queries.ahead_of(found) if waiting else 0
    return {
        "ticket": found,
        "past": past,
        "waiting": waiting,
        "called": found.state == TicketState.CALLED and not past,
        "ahead": ahead,
        "minutes": queries.wait(found.desk_id, ahead).minutes if waiting else None,
        "state": TicketState(found.state).label,
        "first": found.rank == service.FIRST,
        "booked": found.rank == service.BOOKED,
    }


def _called(desk_id: uuid.UUID) -> dict[str, Any]:
    called = queries.board(desk_id)
    return {
        "desk_id": desk_id,
        "latest": called[:1],
        "rest": called[1:8],
        "line": queries.next_in_line(desk_id),
        "wait": queries.wait(desk_id),
    }
