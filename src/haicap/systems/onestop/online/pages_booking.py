"""Đặt lịch hẹn đến quầy: choose the commune, the time, say who comes; cancel by the code."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from haicap.access.sign_in import throttle
from haicap.kernel import clock
from haicap.kernel.errors import HaicapError
from haicap.kernel.text import clean
from haicap.registry.desks import desks_held_by, holders_at
from haicap.registry.models import Agency, AgencyKind
from haicap.systems.onestop import queries as onestop
from haicap.systems.onestop.counters import queries as counters
from haicap.systems.onestop.counters import service
from haicap.systems.onestop.counters.errors import CounterNotFound
from haicap.systems.onestop.models import Booking, Counter
from haicap.systems.onestop.online import places
from haicap.systems.onestop.online.pages import private, problem_list
from haicap.systems.onestop.online.visitors import guessing, visitor_of

#: days shown at once
DAYS_SHOWN = 7


@dataclass(frozen=True, slots=True)
class Day:
    """A day with its free times."""

    day: dt.date
    slots: tuple[counters.Slot, ...]


@require_safe
def choose(request: HttpRequest) -> HttpResponseBase:
    """Chọn nơi đến."""
    unit = request.GET.get("noi", "")
    try:
        wanted = uuid.UUID(unit) if unit else None
    except ValueError:
        wanted = None
    if wanted is not None:
        return redirect("onestop:book", unit_id=wanted)
    context = {"title": _("Đặt lịch đến làm thủ tục"), "communes": places.communes()}
    return render(request, "onestop/online/book_choose.html", context)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def book(request: HttpRequest, unit_id: uuid.UUID) -> HttpResponseBase:
    """Chọn giờ và cho biết ai đến."""
    desk_id = _desk(unit_id)
    problem: HaicapError | None = None
    if request.method == "POST":
        try:
            booking = service.book(
                desk_id,
                _time(request.POST.get("gio", "")),
                request.POST.get("ho-ten", ""),
                phone=request.POST.get("dien-thoai", ""),
                procedure_code=request.POST.get("thu-tuc", ""),
                network=visitor_of(request).place,
                actor=visitor_of(request).actor,
            )
        except HaicapError as error:
            problem = error
        else:
            return redirect("onestop:booked", code=booking.code)
    first = _first_day(request.GET.get("tu", ""))
    days = [
        Day(
            first + dt.timedelta(days=number),
            tuple(
                counters.free_slots(
                    desk_id,
                    first + dt.timedelta(days=number),
                    service.SLOT_MINUTES,
                    service.SEATS_PER_SLOT,
                )
            ),
        )
        for number in range(DAYS_SHOWN)
    ]
    later = first + dt.timedelta(days=DAYS_SHOWN)
    last = clock.today() + dt.timedelta(days=service.DAYS_AHEAD)
    context: dict[str, Any] = {
        "title": _("Chọn giờ đến %(place)s") % {"place": places.unit_name(unit_id)},
        "crumbs": [(_("Đặt lịch"), reverse("onestop:book-choose")), (_("Chọn giờ"), "")],
        "days": [day for day in days if day.slots],
        "later": f"{later:%Y-%m-%d}" if later < last else "",
        "earlier": first > clock.today(),
        "typed": request.POST,
        "procedure": clean(request.POST.get("thu-tuc") or request.GET.get("thu-tuc", ""))[:20],
        "errors": problem_list(problem, "ho-ten" if problem and problem.where == "name" else "gio-1"),
    }
    return render(
        request, "onestop/online/book.html", context, status=problem.http_status if problem else 200
    )


@private
@require_http_methods(["GET", "HEAD", "POST"])
def booked(request: HttpRequest, code: str) -> HttpResponseBase:
    """Lịch hẹn: when and where; nothing of who comes. Whoever has the code can cancel."""
    visitor = visitor_of(request)
    counted = guessing(visitor.place)
    found = Booking.objects.filter(code=clean(code).upper()[:12]).first()
    if found is None:
        raise CounterNotFound(
            _("Không có lịch hẹn với mã này."), todo=_("Hãy xem lại mã trên giấy hẹn hoặc tin nhắn.")
        )
    throttle.give_back(counted)
    if request.method == "POST":
        service.cancel_booking(visitor.actor, found.code)
        messages.success(request, _("Đã hủy lịch hẹn."))
        return redirect("onestop:booked", code=found.code)
    holder = holders_at([found.desk_id], found.begins_at).get(found.desk_id)
    day = found.begins_at.astimezone(clock.ZONE).date()
    context = {
        "title": _("Lịch hẹn %(code)s") % {"code": found.code},
        "booking": found,
        "agency": onestop.agency_names([holder], day).get(holder, ""),
        "past": found.begins_at <= clock.now(),
    }
    return render(request, "onestop/online/booked.html", context)


def _desk(unit_id: uuid.UUID) -> uuid.UUID:
    """The desk whose counters serve the unit: where counters stand, else where its committee works."""
    kinds = (AgencyKind.SERVICE_CENTRE, AgencyKind.COMMITTEE)
    agencies = Agency.objects.filter(unit_id=unit_id, kind__in=kinds)
    by_kind = {agency.kind: agency for agency in agencies}
    desks = [desk for kind in kinds if kind in by_kind for desk in desks_held_by(by_kind[kind], clock.now())]
    with_counters = set(
        Counter.objects.filter(desk_id__in=desks, retired_at__isnull=True).values_list("desk_id", flat=True)
    )
    ranked = sorted(desks, key=lambda desk: desk not in with_counters)
    if not ranked:
        raise CounterNotFound(
            _("Nơi này hôm nay không có quầy nào nhận lịch hẹn."),
            todo=_("Hãy chọn xã, phường khác trong tỉnh: nộp ở đâu cũng được."),
        )
    return ranked[0]


def _first_day(text: str) -> dt.date:
    today = clock.today()
    try:
        wanted = dt.date.fromisoformat(text)
    except ValueError:
        return today
    return min(max(wanted, today), today + dt.timedelta(days=service.DAYS_AHEAD))


def _time(text: str) -> dt.datetime:
    """The chosen time; one that cannot be read is one that cannot be booked."""
    try:
        found = dt.datetime.fromisoformat(text[:40])
    except ValueError:
        return clock.now()
    return found if found.tzinfo is not None else found.replace(tzinfo=clock.ZONE)
