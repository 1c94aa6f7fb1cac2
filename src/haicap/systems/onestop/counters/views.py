"""Pages of officials at the counters: my counter by keyboard, today's bookings, setting up, figures. Thin."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import date, datetime, time, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from haicap.access.personal_data.service import Purpose, note_reading, record_subject
from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.days import parse_day
from haicap.kernel.errors import HaicapError
from haicap.registry.desks import desks_held_by
from haicap.systems.onestop import catalogue, policy
from haicap.systems.onestop.counters import figures, kiosk, places, queries, service
from haicap.systems.onestop.counters.errors import BadTime, CounterNotAllowed, CounterNotFound
from haicap.systems.onestop.models import Booking, Counter, Ticket, TicketState

#: numbers that wait and are shown; the rest is said as a count
SHOWN = 30
BOOKINGS_A_PAGE = 100
COUNTERS_SHOWN = 300
RANKS = {
    service.FIRST: (gettext_lazy("ưu tiên"), "waiting"),
    service.BOOKED: (gettext_lazy("đã hẹn giờ"), "info"),
    service.ORDINARY: ("", ""),
}
#: what may be pressed at a counter for the person there: (form value, key, words, in which states)
_PRESSES = (
    ("goi-lai", "2", gettext_lazy("Gọi lại"), (TicketState.CALLED,)),
    ("phuc-vu", "3", gettext_lazy("Đã đến quầy"), (TicketState.CALLED,)),
    ("xong", "4", gettext_lazy("Xong"), (TicketState.CALLED, TicketState.SERVING)),
    ("vang", "5", gettext_lazy("Không có mặt"), (TicketState.CALLED,)),
    ("cho-lai", "6", gettext_lazy("Cho chờ lại"), (TicketState.CALLED, TicketState.SERVING)),
)
_MOVES = {
    "goi-lai": service.call_again,
    "phuc-vu": service.serve,
    "xong": service.finish,
    "vang": service.miss,
    "cho-lai": service.put_back,
}
#: where the person at the counter is received; the page belongs to reception
_RECEPTION = "onestop:reception"


@require_safe
def counters(request: HttpRequest) -> HttpResponse:
    """Quầy của tôi: the person at my counter and who waits; or which counter I open."""
    actor = _allowed(request)
    mine = _mine(actor)
    if mine is not None and request.GET.get("phan") == "cho":
        return render(request, "onestop/counters/queue.html", _queue(mine))
    return _page(request, actor, mine)


@require_POST
def act(request: HttpRequest, counter_id: uuid.UUID) -> HttpResponse:
    """One press at a counter; where it is refused, the page says why."""
    actor = _allowed(request)
    what = request.POST.get("viec", "")
    try:
        _do(request, actor, counter_id, what)
    except HaicapError as error:
        if isinstance(error, CounterNotAllowed | CounterNotFound):
            raise
        return _page(request, actor, _mine(actor), error)
    return redirect("onestop:counters")


@require_safe
def bookings(request: HttpRequest) -> HttpResponse:
    """Lịch hẹn trong ngày: who booked, who came, who did not."""
    actor = _allowed(request)
    day = _day(request, "ngay", clock.today())
    begins = datetime.combine(day, time.min, tzinfo=clock.ZONE)
    found = (
        Booking.objects.filter(
            desk_id__in=_desks(actor), begins_at__gte=begins, begins_at__lt=begins + timedelta(days=1)
        )
        .select_related("ticket")
        .order_by("begins_at", "seat", "id")
    )
    page = Paginator(found, BOOKINGS_A_PAGE).get_page(request.GET.get("trang"))
    note_reading(
        actor,
        [(record_subject("booking", one.id), one.id) for one in page.object_list],
        system="onestop",
        record="booking",
        purpose=Purpose.HANDLE,
        correlation_id=getattr(request, "correlation_id", None),
    )
    context = {
        "title": _("Lịch hẹn ngày %(day)s") % {"day": f"{day:%d/%m/%Y}"},
        "crumbs": _crumbs(_("Lịch hẹn")),
        "day": day,
        "page": page,
        "lines": [(one, catalogue.field_name(one.field), *_came(one)) for one in page.object_list],
        "came": found.filter(ticket__isnull=False).count(),
        "before": f"?ngay={day - timedelta(days=1):%d/%m/%Y}",
        "after": f"?ngay={day + timedelta(days=1):%d/%m/%Y}",
    }
    return render(request, "onestop/counters/bookings.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def set_up(request: HttpRequest) -> HttpResponse:
    """Bố trí quầy: the counters of my places, one more, one less; addresses of boards and machines."""
    actor = _allowed(request, policy.COUNTERS)
    problem: HaicapError | None = None
    if request.method == "POST":
        try:
            counter = _add(request, actor)
        except CounterNotAllowed:
            raise
        except HaicapError as error:
            problem = error
        else:
            messages.success(request, _("Đã lập quầy %(number)d.") % {"number": counter.number})
            return redirect("onestop:counters-set-up")
    desks = places.desks_of(actor)
    rows = Counter.objects.filter(
        desk_id__in=[each.desk_id for each in desks], retired_at__isnull=True
    ).select_related("staffed_by")
    by_desk: dict[uuid.UUID, list[Counter]] = {}
    for row in rows.order_by("number")[:COUNTERS_SHOWN]:
        by_desk.setdefault(row.desk_id, []).append(row)
    context = {
        "title": _("Bố trí quầy"),
        "crumbs": _crumbs(_("Bố trí quầy")),
        "problem": problem,
        "desks": desks,
        "sites": [
            (each, [(row, _field_names(row)) for row in by_desk[each.desk_id]])
            for each in desks
            if each.desk_id in by_desk
        ],
        "fields": sorted(catalogue.FIELDS.items(), key=lambda pair: pair[1]),
        "typed": request.POST,
        "chosen": request.POST.getlist("linh-vuc"),
    }
    return render(
        request, "onestop/counters/set_up.html", context, status=problem.http_status if problem else 200
    )


@require_POST
def retire(request: HttpRequest, counter_id: uuid.UUID) -> HttpResponse:
    """Bỏ quầy."""
    actor = _allowed(request, policy.COUNTERS)
    counter = service.retire_counter(actor, counter_id)
    messages.success(request, _("Đã bỏ quầy %(number)d.") % {"number": counter.number})
    return redirect("onestop:counters-set-up")


@require_POST
def make_kiosk(request: HttpRequest, desk_id: uuid.UUID) -> HttpResponse:
    """Đặt máy này làm máy lấy số: the browser gets the machine's cookie, and the official's session ends on it."""
    actor = _allowed(request, policy.COUNTERS)
    cookie = kiosk.set_up(actor, desk_id)
    logout(request)
    response = redirect("onestop:kiosk", desk_id=desk_id)
    response.set_cookie(
        kiosk.COOKIE,
        cookie,
        max_age=kiosk.COOKIE_AGE_S,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
        path=reverse("onestop:kiosk", args=[desk_id]),
    )
    return response


@require_safe
def statistics(request: HttpRequest) -> HttpResponse:
    """Số liệu theo ngày, as a page or CSV (UTF-8 with BOM, as Excel reads it)."""
    actor = _allowed(request)
    until = _day(request, "den", clock.today())
    since = _day(request, "tu", until - timedelta(days=30))
    desks = {each.desk_id: each for each in places.desks_of(actor)}
    chosen = _chosen_desk(request, desks)
    rows = figures.days([chosen] if chosen else list(desks), max(since, until - timedelta(days=365)), until)
    if request.GET.get("tep") == "csv":
        return _csv(rows)
    context = {
        "title": _("Số liệu tại quầy"),
        "crumbs": _crumbs(_("Số liệu")),
        "rows": rows,
        "since": f"{since:%d/%m/%Y}",
        "until": f"{until:%d/%m/%Y}",
        "desks": list(desks.values()),
        "chosen": str(chosen or ""),
        "trend": [float(row.wait) if row.wait is not None else None for row in reversed(rows)],
        "csv": f"?tu={since:%d/%m/%Y}&den={until:%d/%m/%Y}&noi={chosen or ''}&tep=csv",
    }
    return render(request, "onestop/counters/statistics.html", context)


# --- parts of pages


def _page(
    request: HttpRequest, actor: Actor, mine: Counter | None, problem: HaicapError | None = None
) -> HttpResponse:
    context: dict[str, Any] = {
        "title": _("Quầy %(number)d") % {"number": mine.number} if mine is not None else _("Quầy"),
        "problem": problem,
        "mine": mine,
        "sits": actor.may(policy.RECEIVE),
        "sets_up": actor.may(policy.COUNTERS),
    }
    if mine is not None:
        context |= _queue(mine) | {"fields": _field_names(mine)}
    else:
        context["counters"] = [(one, _field_names(one)) for one in _own_counters(actor)]
    return render(
        request, "onestop/counters/counter.html", context, status=problem.http_status if problem else 200
    )


def _queue(mine: Counter) -> dict[str, Any]:
    """The person at the counter, who waits for it, who was missed today."""
    at_counter = queries.at_counter(mine)
    waiting = queries.waiting_for(mine)
    now = clock.now()
    return {
        "mine": mine,
        "ticket": at_counter,
        "presses": _presses(at_counter),
        "ticket_field": catalogue.field_name(at_counter.field) if at_counter and at_counter.field else "",
        "rank": RANKS[at_counter.rank] if at_counter is not None else ("", ""),
        "count": waiting.count(),
        "waiting": [
            (
                one,
                catalogue.field_name(one.field),
                *RANKS[one.rank],
                int((now - one.issued_at).total_seconds() // 60),
            )
            for one in waiting[:SHOWN]
        ],
        "missed": queries.missed_today([mine.desk_id]),
        "reception": _reception(at_counter),
    }


def _presses(ticket: Ticket | None) -> list[tuple[str, str, Any]]:
    if ticket is None:
        return []
    return [(what, key, words) for what, key, words, states in _PRESSES if ticket.state in states]


def _reception(ticket: Ticket | None) -> str:
    """Where the person at the counter is received; empty where reception has no page."""
    if ticket is None:
        return ""
    try:
        return f"{reverse(_RECEPTION)}?so={ticket.number}&linh-vuc={ticket.field}"
    except NoReverseMatch:
        return ""


def _do(request: HttpRequest, actor: Actor, counter_id: uuid.UUID, what: str) -> None:
    if what == "mo":
        service.open_counter(actor, counter_id)
    elif what == "dong":
        service.close_counter(actor, counter_id)
    elif what == "goi":
        if service.call_next(actor, counter_id) is None:
            messages.info(request, _("Không còn ai chờ ở quầy này."))
    elif what in _MOVES:
        _MOVES[what](actor, _ticket_id(request))
    else:
        raise BadTime(_("Không đọc được việc cần làm."), where="viec", todo=_("Hãy bấm lại một nút."))


def _ticket_id(request: HttpRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.POST.get("so", ""))
    except ValueError:
        raise BadTime(_("Không đọc được số thứ tự."), where="so", todo=_("Hãy bấm lại một nút.")) from None


def _add(request: HttpRequest, actor: Actor) -> Counter:
    number, desk = request.POST.get("so", ""), request.POST.get("noi", "")
    if not (number.isascii() and number.isdigit() and 0 < int(number[:4]) < 1000):
        raise BadTime(
            _("Số quầy là một số từ 1 đến 999."),
            where="so",
            kept=_("Chưa lập quầy nào."),
            todo=_("Hãy nhập lại số quầy."),
        )
    try:
        desk_id = uuid.UUID(desk)
    except ValueError:
        raise BadTime(
            _("Chưa chọn nơi đặt quầy."),
            where="noi",
            kept=_("Chưa lập quầy nào."),
            todo=_("Hãy chọn nơi đặt quầy."),
        ) from None
    fields = tuple(code for code in request.POST.getlist("linh-vuc")[:50] if code in catalogue.FIELDS)
    return service.set_up_counter(
        actor,
        desk_id,
        int(number),
        name=request.POST.get("ten", ""),
        place_name=request.POST.get("diem", ""),
        fields=fields,
    )


def _came(one: Booking) -> tuple[str, str]:
    """(words, tone): whether who booked has come."""
    ticket = getattr(one, "ticket", None)
    if one.cancelled_at is not None:
        return _("đã hủy"), ""
    if ticket is not None:
        return _("đã đến, số %(number)d: %(state)s") % {
            "number": ticket.number,
            "state": TicketState(ticket.state).label,
        }, "good"
    if one.begins_at + service.LATE < clock.now():
        return _("không đến"), "late"
    return _("chưa đến giờ") if one.begins_at > clock.now() else _("đang chờ đến"), "waiting"


def _day(request: HttpRequest, name: str, otherwise: date) -> date:
    """A day of the address; raises BadDay where it is none."""
    text = request.GET.get(name, "").strip()
    return parse_day(text) if text else otherwise


def _field_names(counter: Counter) -> list[str]:
    return [catalogue.field_name(code) or code for code in counter.fields]


def _csv(rows: list[figures.Day]) -> HttpResponse:
    text = io.StringIO()
    text.write("\ufeff")
    writer = csv.writer(text)
    writer.writerow(
        [
            _("Ngày"), _("Lấy số"), _("Đã phục vụ"), _("Không có mặt"), _("Không được gọi"), _("Còn lại"), _("Ưu tiên"),
            _("Hẹn trước"), _("Chờ, trung vị"), _("90 % chờ dưới"), _("Phục vụ, trung vị"),
        ]
    )  # fmt: skip
    for row in rows:
        minutes = (row.wait, row.wait_90, row.service)
        writer.writerow(
            [
                f"{row.day:%d/%m/%Y}", row.drawn, row.served, row.missed, row.left, row.still, row.first, row.booked,
                *(f"{value:.1f}" if value is not None else "" for value in minutes),
            ]
        )  # fmt: skip
    response = HttpResponse(text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="so-lieu-quay.csv"'
    return response


def _chosen_desk(request: HttpRequest, desks: dict[uuid.UUID, places.Place]) -> uuid.UUID | None:
    wanted = request.GET.get("noi", "")
    return next((desk_id for desk_id in desks if str(desk_id) == wanted), None)


# --- who, and whose


def _allowed(request: HttpRequest, *needed: str) -> Actor:
    """Who acts; raises ListNotAllowed for who holds no post, CounterNotAllowed for who has no work at counters."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    policy.check_list(actor)
    if not any(actor.may(code) for code in needed or (policy.RECEIVE, policy.COUNTERS)):
        raise CounterNotAllowed(
            _("Bạn không được giao việc ở quầy."),
            kept=_("Không có gì thay đổi."),
            todo=_("Hãy nhờ người phụ trách trung tâm hoặc quản trị giao quyền."),
        )
    return actor


def _desks(actor: Actor) -> list[uuid.UUID]:
    return [desk for agency in sorted(actor.agency_ids) for desk in desks_held_by(agency)]


def _own_counters(actor: Actor) -> list[Counter]:
    """Counters where the actor may sit: of its own agencies, also for who sees all."""
    own = Counter.objects.filter(retired_at__isnull=True, desk_id__in=_desks(actor)).select_related(
        "staffed_by"
    )
    return list(own.order_by("place_name", "desk_id", "number")[:COUNTERS_SHOWN])


def _mine(actor: Actor) -> Counter | None:
    """The counter at which the actor sits, where its agency still holds that desk."""
    if actor.person_id is None:
        return None
    own = Counter.objects.filter(
        staffed_by_id=actor.person_id, opened_at__isnull=False, retired_at__isnull=True
    )
    return own.filter(desk_id__in=_desks(actor)).first()


def _crumbs(last: str) -> list[tuple[str, str]]:
    return [(_("Quầy"), reverse("onestop:counters")), (last, "")]
