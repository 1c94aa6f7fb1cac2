"""Pages: who looked at my data, my data, looks for auditors, requests to decide on. Thin: queries and rights."""

from __future__ import annotations

import csv
import uuid
from collections.abc import Iterator

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from haicap.access.models import (
    Account,
    Citizen,
    DataDecision,
    DataRequest,
    DataRequestKind,
    Purpose,
    Reading,
)
from haicap.access.personal_data import queries, rights, service
from haicap.access.personal_data.errors import BadReadingFilter
from haicap.kernel import clock, formats, journal
from haicap.kernel.actor import Actor
from haicap.kernel.errors import HaicapError
from haicap.registry.models import Person

CSV_HEAD = ("Lúc", "Người xem", "Dữ liệu của", "Hệ thống", "Loại hồ sơ", "Mã bản ghi", "Mục đích", "Ghi chú")


@never_cache
@require_safe
@login_required
def my_readings(request: HttpRequest) -> HttpResponse:
    """Ai đã xem dữ liệu của tôi: nobody else's, whatever the address says."""
    page = queries.about(_account(request), request.GET.get("tu", "")[:100])
    context = {
        "title": _("Ai đã xem dữ liệu của tôi"),
        "lines": [(row, queries.system_name(row.system), purpose_of(row)) for row in page.rows],
        "next": page.after,
        "first": bool(request.GET.get("tu")),
    }
    return render(request, "access/personal_data/my_readings.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def my_data(request: HttpRequest) -> HttpResponse:
    """Dữ liệu của tôi: a copy, requests and what became of them, consents."""
    account = _account(request)
    problem: HaicapError | None = None
    if request.method == "POST":
        try:
            rights.ask(account, request.POST.get("loai", ""), request.POST.get("noi-dung", ""))
        except HaicapError as error:
            problem = error
        else:
            messages.success(request, _("Đã gửi yêu cầu. Câu trả lời sẽ hiện ở trang này."))
            return redirect("my-data")
    context = {
        "title": _("Dữ liệu của tôi"),
        "problem": problem,
        "typed": request.POST.get("noi-dung", ""),
        "kind": request.POST.get("loai", ""),
        "requests": account.data_requests.order_by("-asked_at", "-id")[:50],
        "consents": account.consents.order_by("-given_at", "-id")[:50],
        "kinds": [(kind.value, kind.label) for kind in (DataRequestKind.RECTIFY, DataRequestKind.ERASE)],
    }
    status = problem.http_status if problem is not None else 200
    return render(request, "access/personal_data/my_data.html", context, status=status)


@never_cache
@require_POST
@login_required
def my_copy(request: HttpRequest) -> HttpResponse:
    """Tải bản sao dữ liệu của tôi."""
    copy = rights.export(_account(request))
    response = HttpResponse(copy.content, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{copy.name}"'
    return response


@require_POST
@login_required
def withdraw_consent(request: HttpRequest, consent_id: uuid.UUID) -> HttpResponse:
    """Rút sự đồng ý cho một mục đích; another's is as if it were not there."""
    if not _account(request).consents.filter(pk=consent_id).exists():
        raise Http404
    if rights.withdraw(_account(request), consent_id):
        messages.success(request, _("Đã rút sự đồng ý; từ nay dữ liệu không được dùng vào việc ấy nữa."))
    else:
        messages.info(request, _("Sự đồng ý này không còn hiệu lực từ trước."))
    return redirect("my-data")


@never_cache
@require_safe
@login_required
def readings(request: HttpRequest) -> HttpResponse:
    """Lượt xem dữ liệu cá nhân, for auditors; the look itself is journalled."""
    actor = _actor(request)
    if not actor.may(queries.SEE):
        raise queries.denied()
    problem: HaicapError | None = None
    page = queries.ReadingPage([], "")
    filters = queries.Filters()
    try:
        filters = queries.Filters.read(request.GET)
        page = queries.seen_by(actor, filters)
    except BadReadingFilter as error:
        problem = error
    else:
        _journal(request, "access.see_readings", filters)
    context = {
        "title": _("Lượt xem dữ liệu cá nhân"),
        "problem": problem,
        "filters": filters,
        "day": request.GET.get("ngay", "")[:20],
        "lines": _lines(page.rows),
        "systems": queries.systems_seen(),
        "may_decide": actor.may(rights.DECIDE),
        "next": filters.as_query(after=page.after) if page.after else "",
        "first": filters.as_query() if filters.after else "",
        "export": f"{reverse('readings-export')}?{filters.as_query()}",
    }
    return render(request, "access/personal_data/readings.html", context, status=400 if problem else 200)


@never_cache
@require_safe
@login_required
def readings_export(request: HttpRequest) -> StreamingHttpResponse:
    """The same list as CSV; journalled."""
    filters = queries.Filters.read(request.GET)
    rows = queries.exported(_actor(request), filters)
    _journal(request, "access.export_readings", filters)
    response = StreamingHttpResponse(_csv(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="luot-xem-{clock.today():%Y-%m-%d}.csv"'
    return response


@never_cache
@require_safe
@login_required
def data_requests(request: HttpRequest) -> HttpResponse:
    """Yêu cầu về dữ liệu cá nhân: those that wait first."""
    everything = request.GET.get("xem") == "tat-ca"
    rows = queries.requests_for(_actor(request), open_only=not everything)
    context = {
        "title": _("Yêu cầu về dữ liệu cá nhân"),
        "page": Paginator(rows, 50).get_page(request.GET.get("trang")),
        "everything": everything,
    }
    return render(request, "access/personal_data/requests_list.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def data_request(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """One request: what is held, what would be erased, what the law keeps; and the decision."""
    actor = _actor(request)
    found = queries.requests_for(actor, open_only=False).filter(pk=request_id).first()
    if found is None:
        raise rights.no_such_request()
    problem: HaicapError | None = None
    if request.method == "POST":
        try:
            rights.decide(
                actor,
                request_id,
                request.POST.get("quyet-dinh", ""),
                reason=request.POST.get("ly-do", ""),
                legal_basis=request.POST.get("can-cu", ""),
            )
        except HaicapError as error:
            problem = error
        else:
            messages.success(request, _("Đã quyết định; người yêu cầu đọc được câu trả lời."))
            return redirect("data-request", request_id)
    service.note_reading(
        actor,
        service.subject_of(found.account).keys[0],
        system="access",
        record="data_request",
        record_id=found.pk,
        purpose=Purpose.RIGHTS,
        correlation_id=getattr(request, "correlation_id", None),
    )
    context = _decision_context(found)
    context |= {
        "problem": problem,
        "chosen": request.POST.get("quyet-dinh", ""),
        "reason": request.POST.get("ly-do", ""),
        "basis": request.POST.get("can-cu", context["basis"]),
    }
    status = problem.http_status if problem is not None else 200
    return render(request, "access/personal_data/request.html", context, status=status)


def purpose_of(row: Reading) -> str:
    """The purpose in words, with the viewer's own."""
    try:
        words = str(Purpose(row.purpose).label)
    except ValueError:
        words = row.purpose
    return f"{words}: {row.note}" if row.note else words


def _decision_context(found: DataRequest) -> dict[str, object]:
    held = rights.holdings(found.account) if found.kind == DataRequestKind.ERASE else []
    laws = dict.fromkeys(str(one.legal_basis) for _system, one in held if one.retained and one.count)
    basis = ""
    for law in laws:  # whole names only
        longer = f"{basis}; {law}" if basis else law
        basis = longer if len(longer) <= rights.LONGEST_BASIS else basis
    return {
        "title": _("Yêu cầu về dữ liệu: %(kind)s") % {"kind": found.get_kind_display()},
        "crumbs": [
            (_("Yêu cầu về dữ liệu cá nhân"), reverse("data-requests")),
            (found.get_kind_display(), ""),
        ],
        "found": found,
        "holdings": [one for _system, one in held if one.count],
        "basis": basis,
        "decisions": [(each.value, each.label) for each in DataDecision],
    }


def _lines(rows: list[Reading]) -> list[tuple[Reading, str, str, str]]:
    """(reading, whose in words, in which system, purpose); names of a page's people by two queries."""
    names: dict[str, str] = {}
    keys: dict[str, set[str]] = {"person": set(), "citizen": set()}
    for row in rows:
        kind, _sign, key = row.subject.partition(":")
        if kind in keys:
            keys[kind].add(key)
    found = {
        "person": Person.objects.filter(pk__in=keys["person"]).values_list("pk", "full_name"),
        "citizen": Citizen.objects.filter(pk__in=keys["citizen"]).values_list("pk", "full_name"),
    }
    for kind, people in found.items():
        names |= {f"{kind}:{pk}": name for pk, name in people}
    return [
        (
            row,
            names.get(row.subject) or _subject_words(row.subject),
            queries.system_name(row.system),
            purpose_of(row),
        )
        for row in rows
    ]


def _subject_words(subject: str) -> str:
    kind, _sign, key = subject.partition(":")
    if kind == "number":
        return _("Số định danh có dấu vân %(digest)s…") % {"digest": key[:10]}
    if kind == "dossier":
        return _("Người nộp của một hồ sơ")
    return subject


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, value: str) -> str:
        """The value itself."""
        return value


def _csv(rows: Iterator[Reading]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(CSV_HEAD)
    for row in rows:
        values = (
            formats.date_time(row.at, seconds=True),
            row.actor_label,
            row.subject,
            row.system,
            row.record,
            str(row.record_id or ""),
            purpose_of(row),
            row.note,
        )
        yield writer.writerow([_harmless(value) for value in values])


def _harmless(value: str) -> str:
    """Text that a spreadsheet takes for text: a formula in a name stays a name."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _journal(request: HttpRequest, action: str, filters: queries.Filters) -> None:
    journal.note(
        _actor(request),
        action,
        record="access.reading",
        after={"filters": filters.journalled()},
        correlation_id=getattr(request, "correlation_id", None),
    )


def _account(request: HttpRequest) -> Account:
    account = request.user
    assert isinstance(account, Account)  # login_required
    return account


def _actor(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor
