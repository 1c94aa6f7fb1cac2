"""Pages of people: the list, one person, forms, an agency's posts over time, the matrix of permissions. Thin."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from haicap.access.people import delegations, policy, queries, service
from haicap.access.people import matrix as matrices
from haicap.access.people.errors import NoSuchPerson, NotAdministrator
from haicap.access.people.forms import ChairForm, EndForm, PersonForm
from haicap.access.people.queries import AgencyRow, Filters, PersonRow
from haicap.access.people.timeline import timeline
from haicap.access.people.values import clean_day
from haicap.access.personal_data.service import Purpose, note_reading, person_subject
from haicap.access.sign_in import service as sign_in
from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.errors import HaicapError
from haicap.registry.exports import csv_response, xlsx_response
from haicap.registry.models import Person, Title

EDIT = ["GET", "HEAD", "POST"]
#: agencies of one name that the list offers to choose from
MOST_OFFERED = 10


def actor_of(request: HttpRequest) -> Actor:
    """Who acts in this request."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def tell(request: HttpRequest, error: HaicapError) -> None:
    """An error as a message on the next page."""
    messages.error(request, f"{error.message} {error.kept} {error.todo} ({error.code})")


def filters_of(request: HttpRequest) -> Filters:
    """The filters of the address; what cannot be read does not narrow."""
    asked = request.GET
    try:
        agency = uuid.UUID(asked.get("co-quan", ""))
    except ValueError:
        agency = None
    return Filters(
        text=asked.get("tim", "").replace("\0", "")[:100],
        agency_id=agency,
        agency="" if agency else asked.get("ten-co-quan", "").replace("\0", "")[:100],
        title=asked.get("chuc-danh", "").replace("\0", "")[:30],
        without_account="chua-co-tai-khoan" in asked,
        unassigned="cho-phan-cong" in asked,
        after=queries.read_cursor(asked.get("sau", "")),
    )


def _chosen(actor: Actor, filters: Filters) -> str:
    """The name of the agency that the list is narrowed to; nothing for one that the actor does not see."""
    try:
        return queries.agency_of(actor, filters.agency_id).name if filters.agency_id else ""
    except NoSuchPerson:
        return ""


def _query(request: HttpRequest, *, without: tuple[str, ...] = (), **changes: str) -> str:
    query = request.GET.copy()
    for name in ("sau", *without):
        query.pop(name, None)
    for key, value in changes.items():
        query[key] = value
    return query.urlencode()


# --- the list
@require_safe
@login_required
@never_cache
def people(request: HttpRequest) -> HttpResponse:
    """Người của cơ quan: whom the actor may see, with filters; administrators find their deeds here."""
    actor = actor_of(request)
    filters = filters_of(request)
    rows, after = queries.people_of(actor, filters)
    manages = actor.may(policy.MANAGE_PEOPLE)
    context = {
        "title": _("Người của cơ quan"),
        "rows": rows,
        "filters": filters,
        "next": _query(request, sau=after) if after else "",
        "first": _query(request) if filters.after else "",
        "chosen": _chosen(actor, filters),
        "agencies": queries.visible_agencies(actor, filters.agency, limit=MOST_OFFERED + 1)
        if filters.agency
        else [],
        "most": MOST_OFFERED,
        "without_agency": _query(request, without=("co-quan",)),
        "without_name": _query(request, without=("ten-co-quan", "co-quan")),
        "titles": Title.objects.order_by("rank", "name"),
        "manages": manages,
        "imports": actor.may(policy.IMPORT),
        "sees": manages or actor.may(policy.SEE),
        "query": _query(request),
    }
    return render(request, "access/people/list.html", context)


def export_header() -> list[str]:
    """Column titles of the list as a file."""
    return [
        _("Họ và tên"),
        _("Số định danh"),
        _("Thư công vụ"),
        _("Điện thoại"),
        _("Chức danh, cơ quan"),
        _("Tài khoản"),
        _("Trạng thái tài khoản"),
    ]


def _export_rows(rows: Iterable[PersonRow]) -> Iterator[list[str]]:
    for row in rows:
        posts = "; ".join(f"{title}, {agency}" for title, agency in row.posts)
        state = "" if row.account_id is None else _("đang dùng") if row.is_active else _("đang khóa")
        yield [row.name, row.number, row.email, row.phone, posts, row.username, state]


@require_safe
@login_required
def export(request: HttpRequest, form: str) -> StreamingHttpResponse | FileResponse:
    """Tải danh sách: CSV or Excel; what looks like a formula is quoted off. Administrators only, journalled."""
    actor = actor_of(request)
    rows = queries.export(actor, filters_of(request))
    if form not in ("csv", "xlsx"):
        raise queries.no_such()
    journal.note(
        actor, "access.export_people", record="registry.person", after={"count": len(rows), "form": form}
    )
    note_reading(  # the file has everybody's number: a look at each
        actor,
        [(person_subject(row.id), row.id) for row in rows],
        system="access",
        record="registry.person",
        purpose=Purpose.REPORT,
        text=_("tải danh sách người"),
        correlation_id=getattr(request, "correlation_id", None),
    )
    name = f"nguoi-{clock.today():%Y-%m-%d}"
    if form == "csv":
        return csv_response(name, export_header(), _export_rows(rows))
    return xlsx_response(name, _("Người của cơ quan"), export_header(), _export_rows(rows))


# --- one person
@require_safe
@login_required
@never_cache
def person(request: HttpRequest, person_id: uuid.UUID) -> HttpResponse:
    """Một người: posts over time, the account's state, what may be done. Colleagues read name, posts, address."""
    return _person_page(request, person_id)


def note_look(request: HttpRequest, person_id: uuid.UUID, text: str) -> None:
    """Ghi lượt xem: this page shows the data of one other person; `text` says which page (ADR 0013)."""
    actor = actor_of(request)
    manages = actor.may(policy.MANAGE_PEOPLE)
    note_reading(
        actor,
        person_subject(person_id),
        system="access",
        record="registry.person",
        record_id=person_id,
        purpose=Purpose.MANAGE if manages else Purpose.INSPECT if actor.sees_all else Purpose.HANDLE,
        text=text,
        correlation_id=getattr(request, "correlation_id", None),
    )


def _person_page(request: HttpRequest, person_id: uuid.UUID, link: str = "") -> HttpResponse:
    actor = actor_of(request)
    row = queries.person_of(actor, person_id)
    note_look(request, person_id, _("cấp liên kết đăng nhập") if link else _("trang một người"))
    manages = actor.may(policy.MANAGE_PEOPLE)
    steps = queries.career_of(person_id)
    within = manages and not policy.beyond(actor, service.posts_that_count(person_id))
    other = person_id not in {actor.person_id, actor.for_person_id}
    facts = [(_("Thư công vụ"), row.email or "—"), (_("Điện thoại"), row.phone or "—")]
    if manages or person_id == actor.person_id:
        facts.insert(0, (_("Số định danh cá nhân"), row.number or _("chưa ghi")))
    context = {
        "title": row.name,
        "crumbs": [(_("Người của cơ quan"), reverse("people:list")), (row.name, "")],
        "row": row,
        "facts": facts,
        "steps": [
            (
                step,
                manages
                and step.state != "past"
                and policy.administers_unit(actor, step.unit_id)
                and policy.may_give(actor, step.title, step.level, step.kind),
            )
            for step in steps
        ],
        "picture": timeline(steps),
        "edits": manages and within,
        "appoints": manages and other,
        "accounts": actor.may(policy.MANAGE_ACCOUNTS) and within and other,
        "manages": manages,
        "records": actor.may(policy.MANAGE_DELEGATIONS),
        "elsewhere": manages and other and not within,
        "link": link,
    }
    response = render(request, "access/people/person.html", context)
    if link:
        response["Cache-Control"] = "no-store"
    return response


def form_page(
    request: HttpRequest,
    title: str,
    forms: list[Form],
    button: str,
    back: str,
    error: HaicapError | None = None,
    note: str = "",
    **more: Any,
) -> HttpResponse:
    """A page of one or several forms with what they ask about; `more` goes to the template."""
    context = {
        "title": title,
        "forms": forms,
        "button": button,
        "back": back,
        "error": error,
        "note": note,
        "crumbs": [(_("Người của cơ quan"), reverse("people:list")), (title, "")],
        **more,
    }
    return render(request, "access/people/form.html", context, status=error.http_status if error else 200)


def given(form: Form, field: str) -> str:
    """What was given in a field, as text."""
    return str(form.cleaned_data.get(field, ""))


def refused(forms: list[Any], error: HaicapError) -> HaicapError | None:
    """Put an error at its field; None then. What belongs to no field stays for the page's box."""
    for form in forms:
        if error.where and error.where in form.fields:
            form.add_error(error.where, f"{error.message} {error.todo}")
            return None
    return error


def _titles_for(actor: Actor, agency: AgencyRow) -> list[tuple[str, str]]:
    """Titles that the actor may give at this agency: those with a post there first."""
    here = {post.title for post in queries.posts_at(agency.id) if post.closed_on is None}
    return [
        (title.code, title.name)
        for title in Title.objects.filter(code__in=here).order_by("rank", "name")
        if policy.may_give(actor, title.code, agency.level, agency.kind)
    ]


def _choose_agency(request: HttpRequest, title: str) -> HttpResponse:
    """First step: at which agency."""
    actor = actor_of(request)
    text = request.GET.get("tim-co-quan", "").replace("\0", "")[:100]
    context = {
        "title": title,
        "agencies": queries.administered_agencies(actor, text),
        "text": text,
        "all": policy.administers_all(actor),
        "crumbs": [(_("Người của cơ quan"), reverse("people:list")), (title, "")],
    }
    return render(request, "access/people/choose_agency.html", context)


def _chosen_agency(request: HttpRequest) -> AgencyRow | None:
    """The agency of the address; None where none is named. Raises NoSuchPerson (ACC-201)."""
    text = request.GET.get("co-quan", "")
    if not text:
        return None
    try:
        return queries.agency_of(actor_of(request), uuid.UUID(text), managing=True)
    except ValueError:
        raise queries.no_such() from None


@require_http_methods(EDIT)
@login_required
@never_cache
def create(request: HttpRequest) -> HttpResponse:
    """Thêm người: choose the agency, then name, number, title; the province may leave the agency out."""
    actor = actor_of(request)
    policy.require(actor, policy.MANAGE_PEOPLE)
    title = _("Thêm người")
    chosen = _chosen_agency(request)
    alone = "khong-chuc-danh" in request.GET and policy.administers_all(actor)
    if chosen is None and not alone:
        return _choose_agency(request, title)
    data = request.POST if request.method == "POST" else None
    about = PersonForm(data)
    forms: list[Form] = [about]
    chair = None
    if chosen is not None:
        chair = ChairForm(data, titles=_titles_for(actor, chosen), initial=from_today())
        forms.append(chair)
    error = None
    whole = [form.is_valid() for form in forms]  # every form shows its own errors
    if data is not None and all(whole):
        try:
            place = (
                service.Chair(
                    chosen.id,
                    given(chair, "title"),
                    clean_day(given(chair, "begins_on"), "begins_on"),
                    given(chair, "decision"),
                )
                if chair is not None and chosen is not None
                else None
            )
            made = service.create_person(actor, about.values(), place)
            messages.success(request, _("Đã ghi %(name)s.") % {"name": made.full_name})
            return redirect("people:person", made.id)
        except HaicapError as problem:
            error = refused(forms, problem)
    note = chosen.name if chosen else _("Không kèm chức danh")
    return form_page(request, title, forms, _("Ghi"), reverse("people:list"), error, note)


def from_today() -> dict[str, str]:
    """Today in every field that asks for a day."""
    return {"begins_on": f"{clock.today():%d/%m/%Y}", "ends_on": f"{clock.today():%d/%m/%Y}"}


@require_http_methods(EDIT)
@login_required
@never_cache
def edit(request: HttpRequest, person_id: uuid.UUID) -> HttpResponse:
    """Sửa lý lịch."""
    actor = actor_of(request)
    policy.require(actor, policy.MANAGE_PEOPLE)
    queries.person_of(actor, person_id, managing=True)
    found = Person.objects.get(pk=person_id)
    note_look(request, person_id, _("sửa lý lịch"))
    names = ("family_name", "middle_name", "given_name", "personal_number", "email", "phone")
    form = PersonForm(request.POST or None, initial={name: getattr(found, name) for name in names})
    error = None
    if request.method == "POST" and form.is_valid():
        try:
            service.edit_person(actor, person_id, form.values())
            messages.success(request, _("Đã lưu."))
            return redirect("people:person", person_id)
        except HaicapError as problem:
            error = refused([form], problem)
    back = reverse("people:person", args=[person_id])
    return form_page(request, _("Sửa lý lịch"), [form], _("Lưu"), back, error, str(found.full_name))


@require_http_methods(EDIT)
@login_required
@never_cache
def appoint(request: HttpRequest, person_id: uuid.UUID) -> HttpResponse:
    """Bổ nhiệm: choose the agency, then title and day."""
    actor = actor_of(request)
    policy.require(actor, policy.MANAGE_PEOPLE)
    row = queries.person_of(actor, person_id, managing=True)
    title = _("Bổ nhiệm")
    chosen = _chosen_agency(request)
    if chosen is None:
        return _choose_agency(request, title)
    data = request.POST if request.method == "POST" else None
    form = ChairForm(data, titles=_titles_for(actor, chosen), initial=from_today())
    error = None
    if data is not None and form.is_valid():
        try:
            begins_on = clean_day(given(form, "begins_on"), "begins_on")
            service.appoint(
                actor, person_id, chosen.id, given(form, "title"), begins_on, given(form, "decision")
            )
            messages.success(request, _("Đã ghi bổ nhiệm."))
            return redirect("people:person", person_id)
        except HaicapError as problem:
            error = refused([form], problem)
    back = reverse("people:person", args=[person_id])
    return form_page(request, title, [form], _("Bổ nhiệm"), back, error, f"{row.name} · {chosen.name}")


@require_http_methods(EDIT)
@login_required
@never_cache
def end(request: HttpRequest, appointment_id: uuid.UUID) -> HttpResponse:
    """Thôi giữ chức danh."""
    actor = actor_of(request)
    policy.require(actor, policy.MANAGE_PEOPLE)
    step = queries.step_of(appointment_id)
    if not policy.administers_unit(actor, step.unit_id):
        raise queries.no_such()
    form = EndForm(request.POST or None, initial=from_today())
    error = None
    if request.method == "POST" and form.is_valid():
        try:
            ends_on = clean_day(given(form, "ends_on"), "ends_on")
            service.end_appointment(actor, appointment_id, ends_on, given(form, "decision"))
            messages.success(request, _("Đã ghi thôi giữ chức danh."))
            try:
                queries.person_of(actor, step.person_id)
            except NoSuchPerson:
                return redirect("people:list")
            return redirect("people:person", step.person_id)
        except HaicapError as problem:
            error = refused([form], problem)
    note = f"{step.person} · {step.title_name}, {step.agency}"
    back = reverse("people:person", args=[step.person_id])
    return form_page(request, _("Thôi giữ chức danh"), [form], _("Ghi"), back, error, note)


# --- accounts
def _deeds() -> dict[str, tuple[Callable[[Actor, uuid.UUID], object], str]]:
    return {
        "cap": (service.give_account, _("Đã cấp tài khoản.")),
        "khoa": (lambda actor, key: service.set_locked(actor, key, True), _("Đã khóa tài khoản.")),
        "mo": (lambda actor, key: service.set_locked(actor, key, False), _("Đã mở tài khoản.")),
        "go": (service.remove_second_factors, _("Đã gỡ xác thực lớp hai.")),
    }


@require_POST
@login_required
@never_cache
def account(request: HttpRequest, person_id: uuid.UUID) -> HttpResponse:
    """Tài khoản: give, lock, unlock, take the second factors away; a one-time link on the page or as a slip."""
    actor = actor_of(request)
    deed = request.POST.get("viec", "")
    try:
        if deed in ("lien-ket", "phieu"):
            found, secret = service.give_link(actor, person_id)
            address = request.build_absolute_uri(sign_in.link_path(secret))
            if deed == "lien-ket":
                return _person_page(request, person_id, address)
            site = f"{request.scheme}://{request.get_host()}"
            return pdf_answer(sign_in.slip_pdf([sign_in.slip_of(found, secret, site)]), "phieu")
        if deed in _deeds():
            do, said = _deeds()[deed]
            do(actor, person_id)
            messages.success(request, said)
    except (NoSuchPerson, NotAdministrator):
        raise
    except HaicapError as error:
        tell(request, error)
    return redirect("people:person", person_id)


def pdf_answer(content: bytes, name: str) -> HttpResponse:
    """A paper with secrets: shown once, kept by no cache."""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
    response["Cache-Control"] = "no-store"
    return response


# --- the matrix
@require_safe
@login_required
def matrix(request: HttpRequest) -> HttpResponse:
    """Ma trận quyền: titles by permissions, of one level or all."""
    level = request.GET.get("cap", "")
    level = level if level in matrices.LEVELS else ""
    shown = matrices.columns(level)
    tabs = [("", _("Tất cả"), "?"), *((key, name, f"?cap={key}") for key, name in matrices.LEVELS.items())]
    context = {
        "title": _("Ma trận quyền theo chức danh"),
        "columns": shown,
        "groups": matrices.groups(shown),
        "tabs": tabs,
        "current": level,
        "lends": bool(delegations.posts_to_lend(actor_of(request))),
    }
    return render(request, "access/people/matrix.html", context)
