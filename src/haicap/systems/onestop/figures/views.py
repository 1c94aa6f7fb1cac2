"""The page of figures and its Excel file. Thin: see `queries`."""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from urllib.parse import urlencode

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.days import parse_day
from haicap.kernel.errors import HaicapError
from haicap.registry.exports import xlsx_response
from haicap.systems.onestop.figures import counting, queries
from haicap.systems.onestop.queries import agency_names

#: days drawn as a trend and listed one by one; longer periods are told by their sums
MOST_DRAWN = 93


@never_cache
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """Số liệu một cửa: received, in flight, due, overdue, on time, by field, channel, agency, title and day."""
    actor = _actor(request)
    today = clock.today()
    problem: HaicapError | None = None
    try:
        first, last, agency = _asked(request)
        found = queries.figures(actor, first, last, agency)
    except HaicapError as error:
        if error.http_status == 403:
            raise
        problem, first, last, agency = error, today.replace(day=1), today, None
        found = queries.figures(actor, first, last)
    words = urlencode(
        {"tu": f"{first:%d/%m/%Y}", "den": f"{last:%d/%m/%Y}"} | ({"co-quan": str(agency)} if agency else {})
    )
    days = found.days[-MOST_DRAWN:]
    context = {
        "title": _("Số liệu một cửa"),
        "problem": problem,
        "found": found,
        "groups": [
            (_("Theo lĩnh vực"), _("Lĩnh vực"), found.fields),
            (_("Theo kênh nộp"), _("Kênh"), found.channels),
            (_("Theo cơ quan có thẩm quyền"), _("Cơ quan"), found.agencies[: queries.MOST_LINES]),
        ],
        "first": first,
        "last": last,
        "agency": agency,
        "agency_name": agency_names([agency], today).get(agency, "") if agency else "",
        "days": list(reversed(days)),
        "received": [line.received for line in days],
        "ended": [line.ended for line in days],
        "late": [line.late for line in days],
        "until": counting.counted_until(),
        "export": f"{reverse('onestop:figures-xlsx')}?{words}",
        "registers": [
            (
                line.name,
                reverse("onestop:register-pdf", args=[line.key, last.year])
                + "?"
                + urlencode(
                    {"tu": f"{max(first, date(last.year, 1, 1)):%d/%m/%Y}", "den": f"{last:%d/%m/%Y}"}
                ),
            )
            for line in found.agencies[:20]
        ],
        "periods": _periods(today, request.GET.get("co-quan", "")),
    }
    return render(
        request, "onestop/figures/index.html", context, status=problem.http_status if problem else 200
    )


@require_GET
def xlsx(request: HttpRequest) -> FileResponse:
    """Tệp Excel: every counted row of the period."""
    actor = _actor(request)
    first, last, agency = _asked(request)
    queries.check_days(first, last)
    header = (
        _("Ngày"), _("Cơ quan"), _("Lĩnh vực"), _("Kênh"), _("Tiếp nhận"), _("Giải quyết xong"), _("Đúng hạn"),
        _("Trễ hạn"),
    )  # fmt: skip
    return xlsx_response(
        f"so-lieu-{first:%Y%m%d}-{last:%Y%m%d}",
        _("Số liệu"),
        header,
        queries.export(actor, first, last, agency),
    )


def _asked(request: HttpRequest) -> tuple[date, date, uuid.UUID | None]:
    today = clock.today()
    first = parse_day(request.GET["tu"]) if request.GET.get("tu") else today.replace(day=1)
    last = parse_day(request.GET["den"]) if request.GET.get("den") else today
    try:
        agency = uuid.UUID(request.GET["co-quan"]) if request.GET.get("co-quan") else None
    except ValueError:
        agency = uuid.UUID(int=0)
    return first, last, agency


def _periods(today: date, agency: str) -> list[tuple[str, str]]:
    month = today.replace(day=1)
    before = (month - timedelta(days=1)).replace(day=1)
    more = {"co-quan": agency} if agency else {}

    def link(first: date, last: date) -> str:
        return "?" + urlencode({"tu": f"{first:%d/%m/%Y}", "den": f"{last:%d/%m/%Y}"} | more)

    return [
        (_("Hôm nay"), link(today, today)),
        (_("Tháng này"), link(month, today)),
        (_("Tháng trước"), link(before, month - timedelta(days=1))),
        (_("Năm nay"), link(date(today.year, 1, 1), today)),
    ]


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor
