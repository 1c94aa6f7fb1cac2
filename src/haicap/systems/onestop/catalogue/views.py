"""Pages of the catalogue: search, a procedure through time, what is to settle, what is announced. Thin."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.days import parse_day
from haicap.kernel.errors import HaicapError
from haicap.systems.onestop import policy
from haicap.systems.onestop.catalogue import competence, queries, service, words
from haicap.systems.onestop.catalogue.queries import Narrowed, no_such
from haicap.systems.onestop.errors import BadSettlement
from haicap.systems.onestop.models import (
    GRAVE,
    CatalogueDefect,
    DefectKind,
    LimitUnit,
    ProcedureVersion,
)

PAGE_ROWS = 50
STATES = (
    (queries.PUBLISHED, gettext_lazy("đã công bố")),
    (queries.UNPUBLISHED, gettext_lazy("chưa công bố")),
    (queries.DEFECTIVE, gettext_lazy("có chỗ cần xử lý")),
    (queries.GRAVELY, gettext_lazy("chưa rõ thời hạn")),
)


def actor_of(request: HttpRequest) -> Actor:
    """Who acts in this request; raises ListNotAllowed (ONE-303) for who holds no post."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    policy.check_list(actor)
    return actor


def tell(request: HttpRequest, error: HaicapError) -> None:
    """An error as a message on the next page."""
    messages.error(request, f"{error.message} {error.kept} {error.todo} ({error.code})")


def crumbs(last: str) -> list[tuple[str, str]]:
    """The way to a page below the catalogue."""
    return [(_("Danh mục thủ tục"), reverse("onestop:catalogue")), (last, "")]


def _narrowed(query: QueryDict) -> Narrowed:
    """The filters of an address; what cannot be read does not narrow."""

    def said(name: str, most: int) -> str:
        return query.get(name, "").replace("\0", "")[:most]

    return Narrowed(
        text=said("tim", 200),
        field=said("linh-vuc", 40),
        level=said("cap", 10) if said("cap", 10) in words.LEVELS else "",
        issued_by=said("bo", 200),
        state=said("tt", 20),
    )


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Danh mục thủ tục: by any spelling, number, field, level; those who keep it announce from here."""
    actor = actor_of(request)
    narrowed = _narrowed(request.GET)
    page = Paginator(queries.procedures(narrowed), PAGE_ROWS).get_page(request.GET.get("trang"))
    alike: list[ProcedureVersion] = []
    if narrowed.text and not page.paginator.count:
        alike = queries.find(narrowed.text, limit=5)
    context = {
        "title": _("Danh mục thủ tục"),
        "narrowed": narrowed,
        "page": page,
        "alike": alike,
        "fields": queries.fields(),
        "levels": words.LEVELS.items(),
        "issuers": queries.issuers(),
        "states": STATES,
        "manages": actor.may(policy.CATALOGUE),
        "query": request.GET.urlencode(),
        "today": f"{clock.today():%d/%m/%Y}",
    }
    return render(request, "onestop/catalogue/index.html", context)


@require_safe
def procedure(request: HttpRequest, procedure_id: uuid.UUID) -> HttpResponse:
    """Một thủ tục: what is published of it now and was before, who decides it, what is odd, what is announced."""
    actor = actor_of(request)
    versions = queries.versions_of(procedure_id)
    if not versions:
        raise no_such()
    shown = _chosen(versions, request.GET.get("phien-ban", ""))
    context = {
        "title": shown.name,
        "crumbs": crumbs(shown.procedure.code),
        "version": shown,
        "facts": _facts(shown),
        "limits": [
            (words.channel(one.channel), one.case, words.limit(one.amount, one.unit, one.text), one.unit)
            for one in shown.limits.order_by("position")
        ],
        "fees": [
            (
                words.channel(one.channel),
                one.name,
                words.fee(one.amount, one.unit, "") if one.amount is not None else "",
                one.text,
            )
            for one in shown.fees.order_by("position")
        ],
        "papers": list(shown.papers.order_by("position")[:500]),
        "versions": versions,
        "authorities": competence.authorities(procedure_id),
        "defects": queries.defects_of(procedure_id),
        "announced": queries.announcements(procedure_id),
        "routes": queries.routes_chosen(procedure_id),
        "published": queries.is_published(procedure_id),
        "manages": actor.may(policy.CATALOGUE),
    }
    return render(request, "onestop/catalogue/procedure.html", context)


def _chosen(versions: list[ProcedureVersion], asked: str) -> ProcedureVersion:
    """The version asked for; else the one of today; else the latest that is believed."""
    today = clock.today()
    by_id = {str(one.id): one for one in versions}
    if asked in by_id:
        return by_id[asked]
    believed = [one for one in versions if one.recorded.upper is None]
    return next((one for one in believed if today in one.valid), (believed or versions)[0])


def _facts(version: ProcedureVersion) -> list[tuple[str, str]]:
    levels = ", ".join(str(words.LEVELS.get(one, one)) for one in version.levels)
    return [
        (
            _("Mã"),
            version.procedure.code + (f" ({version.procedure.twin + 1})" if version.procedure.twin else ""),
        ),
        (_("Lĩnh vực"), version.field.name),
        (_("Cấp thực hiện"), levels or _("không ghi")),
        (_("Cơ quan thực hiện"), "; ".join(version.executors) or _("không ghi")),
        (_("Đối tượng"), "; ".join(version.audiences) or _("không ghi")),
        (_("Trực tuyến"), version.get_online_display()),
        (_("Kết quả"), "; ".join(version.results) or _("không ghi")),
        (_("Cơ quan công bố"), version.issued_by or _("không ghi")),
        (_("Nguồn"), version.source),
    ]


# --- what is to settle
@require_safe
def defects(request: HttpRequest) -> HttpResponse:
    """Chỗ cần xử lý: what is odd about the published catalogue, by kind; settled ones with their way back."""
    actor = actor_of(request)
    counts = queries.defect_counts()
    settled = "da-xu-ly" in request.GET
    asked = request.GET.get("loai", "")
    kind = asked if asked in DefectKind.values else "" if settled else next(iter(counts), "")
    text = request.GET.get("tim", "").replace("\0", "")[:100]
    field = request.GET.get("linh-vuc", "").replace("\0", "")[:40]
    found = queries.defects(kind, field, text, settled=settled)
    here = reverse("onestop:catalogue-defects")
    tabs = [
        (key, DefectKind(key).label, f"{here}?loai={key}", many)
        for key, many in sorted(counts.items(), key=lambda one: (one[0] not in GRAVE, -one[1]))
    ]
    context = {
        "title": _("Chỗ cần xử lý"),
        "tabs": [*tabs, ("da-xu-ly", _("đã xử lý"), f"{here}?da-xu-ly", None)],
        "current": "da-xu-ly" if settled else kind,
        "kind": kind,
        "settled": settled,
        "page": Paginator(found, PAGE_ROWS).get_page(request.GET.get("trang")),
        "text": text,
        "field": field,
        "fields": queries.fields() if not settled else [],
        "units": [one for one in LimitUnit.choices if one[0] != LimitUnit.UNKNOWN],
        "of_time": kind in GRAVE,
        "of_fee": kind in (DefectKind.FEE_THOUSANDS, DefectKind.FEE_ELSEWHERE),
        "proposes": kind == DefectKind.FEE_THOUSANDS,
        "manages": actor.may(policy.CATALOGUE),
        "query": request.GET.urlencode(),
    }
    return render(request, "onestop/catalogue/defects.html", context)


@require_POST
def settle(request: HttpRequest) -> HttpResponse:
    """Ghi cách xử lý: of the chosen defects, or of all that the filters show."""
    actor = actor_of(request)
    try:
        policy.check_catalogue(actor)
        chosen = _defects_of(request)
        if request.POST.get("viec") == "de-xuat":
            count = service.accept_proposals(actor, chosen)
        elif request.POST.get("viec") == "giu":
            count = service.settle_defects(actor, chosen, note=request.POST.get("ghi-chu", ""))
        else:
            count = _correct(request, actor, chosen)
        messages.success(request, _("Đã xử lý %(count)d chỗ.") % {"count": count})
    except BadSettlement as error:
        tell(request, error)
    return redirect(f"{reverse('onestop:catalogue-defects')}?{_safe_query(request)}")


def _correct(request: HttpRequest, actor: Actor, chosen: list[uuid.UUID]) -> int:
    fee = request.POST.get("phi", "").replace(".", "").strip()
    unit = request.POST.get("don-vi", "")
    if not fee and not unit:
        raise BadSettlement(
            _("Chưa ghi điều đúng."),
            kept=_("Không có gì thay đổi."),
            todo=_("Chọn đơn vị hoặc ghi mức phí, hoặc bấm «Giữ như công bố»."),
        )
    if fee and not (fee.isascii() and fee.isdigit()):
        raise BadSettlement(_("Mức phí phải là số đồng."), kept=_("Không có gì thay đổi."))
    return service.settle_defects(
        actor,
        chosen,
        unit=unit,
        amount=request.POST.get("so", ""),
        fee=int(fee) if fee else None,
        note=request.POST.get("ghi-chu", ""),
    )


def _defects_of(request: HttpRequest) -> list[uuid.UUID]:
    if request.POST.get("pham-vi") == "tat-ca":
        asked = QueryDict(_safe_query(request))
        kind = asked.get("loai", "") or request.POST.get("loai", "")
        if kind not in DefectKind.values:
            raise no_such()
        found = queries.defects(kind, asked.get("linh-vuc", "")[:40], asked.get("tim", "")[:100])
        return list(found.values_list("id", flat=True)[: service.MOST])
    return _ids(request.POST.getlist("cho"))


def _ids(texts: list[str]) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(one) for one in texts]
    except ValueError:
        raise no_such() from None


def _safe_query(request: HttpRequest) -> str:
    """The query of the page that the form came from, and nothing but a query."""
    return QueryDict(request.POST.get("bo-loc", "")[:2_000]).urlencode()


@require_POST
def reopen(request: HttpRequest) -> HttpResponse:
    """Hoàn tác xử lý: the chosen defects are open again."""
    actor = actor_of(request)
    try:
        count = service.reopen_defects(actor, _ids(request.POST.getlist("cho")))
        messages.success(request, _("Đã hoàn tác %(count)d chỗ.") % {"count": count})
    except BadSettlement as error:
        tell(request, error)
    return redirect(f"{reverse('onestop:catalogue-defects')}?da-xu-ly")


# --- what the province announces
@require_safe
def announcements(request: HttpRequest) -> HttpResponse:
    """Công bố: the decisions that stand, each with its way back."""
    actor = actor_of(request)
    context = {
        "title": _("Công bố thủ tục"),
        "crumbs": crumbs(_("Công bố")),
        "batches": queries.latest_batches(50),
        "levels": [(words.LEVELS[level], queries.configured(level)) for level in ("commune", "province")],
        "manages": actor.may(policy.CATALOGUE),
    }
    return render(request, "onestop/catalogue/announcements.html", context)


@require_POST
def announce(request: HttpRequest) -> HttpResponse:
    """Công bố các thủ tục được chọn, hoặc tất cả thủ tục của bộ lọc."""
    actor = actor_of(request)
    query = _safe_query(request)
    try:
        policy.check_catalogue(actor)
        begins_on = parse_day(request.POST.get("tu-ngay", ""))
        if request.POST.get("pham-vi") == "tat-ca":
            found = queries.procedures(_narrowed(QueryDict(query)))
            chosen = list(found.values_list("procedure_id", flat=True)[: service.MOST + 1])
        else:
            chosen = _ids(request.POST.getlist("thu-tuc"))
        published = request.POST.get("viec") != "bai-bo"
        service.announce(
            actor,
            chosen,
            decision=request.POST.get("quyet-dinh", ""),
            begins_on=begins_on,
            published=published,
        )
        text = ngettext(
            "Đã ghi quyết định cho %(count)d thủ tục.",
            "Đã ghi quyết định cho %(count)d thủ tục.",
            len(chosen),
        )
        messages.success(request, text % {"count": len(chosen)})
        return redirect("onestop:catalogue-announcements")
    except HaicapError as error:
        if error.http_status == 403:
            raise
        tell(request, error)
    return redirect(f"{reverse('onestop:catalogue')}?{query}")


@require_POST
def withdraw(request: HttpRequest, batch: uuid.UUID) -> HttpResponse:
    """Hoàn tác một lần công bố."""
    actor = actor_of(request)
    count = service.withdraw_announcement(actor, batch, reason=request.POST.get("ly-do", ""))
    messages.success(request, _("Đã hoàn tác công bố %(count)d thủ tục.") % {"count": count})
    return redirect("onestop:catalogue-announcements")


def defect_words(defect: CatalogueDefect) -> str:
    """What a person said instead of a defect."""
    said: dict[str, Any] = defect.correction
    if "unit" in said:
        return words.limit(said["amount"], said["unit"], "")
    return words.fee(said["sum"], "", "") if "sum" in said else str(defect.get_settlement_display())
