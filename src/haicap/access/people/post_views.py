"""Pages of an agency's posts: who holds them, who held them, one more, one closed, one opened again."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from haicap.access.people import policy, queries, service
from haicap.access.people.errors import NoSuchPerson, NotAdministrator
from haicap.access.people.forms import ClosePostForm
from haicap.access.people.values import clean_day
from haicap.access.people.views import EDIT, actor_of, form_page, given, refused, tell
from haicap.kernel import clock
from haicap.kernel.errors import HaicapError
from haicap.registry.models import Title


@require_safe
@login_required
@never_cache
def agency(request: HttpRequest, agency_id: uuid.UUID) -> HttpResponse:
    """Chức danh của một cơ quan qua thời gian: its posts, who holds them, who held them."""
    actor = actor_of(request)
    found = queries.agency_of(actor, agency_id)
    manages = policy.administers_unit(actor, found.unit_id)
    posts = queries.posts_at(agency_id)
    context = {
        "title": found.name,
        "crumbs": [(_("Người của cơ quan"), reverse("people:list")), (found.name, "")],
        "agency": found,
        "posts": [
            (post, manages and policy.may_give(actor, post.title, found.level, found.kind))
            for post in posts
            if manages or post.state != "closed"
        ],
        "history": queries.history_of_agency(agency_id) if manages or actor.sees_all else [],
        "manages": manages,
        "titles": [
            title
            for title in Title.objects.order_by("rank", "name")
            if manages and policy.may_give(actor, title.code, found.level, found.kind)
        ],
    }
    return render(request, "access/people/agency.html", context)


@require_POST
@login_required
def add_post(request: HttpRequest, agency_id: uuid.UUID) -> HttpResponse:
    """Thêm ghế."""
    try:
        service.add_post(actor_of(request), agency_id, request.POST.get("chuc-danh", "")[:30])
        messages.success(request, _("Đã thêm một ghế."))
    except (NoSuchPerson, NotAdministrator):
        raise
    except HaicapError as error:
        tell(request, error)
    return redirect("people:agency", agency_id)


@require_http_methods(EDIT)
@login_required
@never_cache
def close(request: HttpRequest, post_id: uuid.UUID) -> HttpResponse:
    """Đóng ghế: which post, who holds it, from which day, and whether the holder ceases with it."""
    actor = actor_of(request)
    policy.require(actor, policy.MANAGE_PEOPLE)
    post, where = queries.post_of(actor, post_id)
    policy.require_give(
        actor, policy.Held(post.title, post.title_name, where.level, where.kind, where.unit_id)
    )
    standing = [step for step in queries.spells_of_post(post_id) if step.state != "past"]
    form = ClosePostForm(
        request.POST or None, held=bool(standing), initial={"closes_on": f"{clock.today():%d/%m/%Y}"}
    )
    error = None
    if request.method == "POST" and form.is_valid():
        try:
            service.close_post(
                actor,
                post_id,
                clean_day(given(form, "closes_on"), "closes_on"),
                given(form, "decision"),
                end_holders=bool(form.cleaned_data.get("end_holders")),
            )
            messages.success(request, _("Đã ghi đóng ghế."))
            return redirect("people:agency", where.id)
        except HaicapError as problem:
            error = refused([form], problem)
    holders = "; ".join(
        f"{step.person}, {_('từ')} {step.begins_on:%d/%m/%Y}"
        + (f" {_('đến trước')} {step.ends_on:%d/%m/%Y}" if step.ends_on else "")
        for step in standing
    )
    facts = [
        (_("Ghế"), f"{post.title_name}, {_('số')} {post.number}"),
        (_("Cơ quan"), where.name),
        (_("Người giữ"), holders or _("không ai")),
    ]
    explain = [
        _("Từ ngày đóng không ai giữ được ghế này nữa; quá trình đã ghi vẫn đọc được. Có thể mở lại."),
        _("Người thôi giữ mất quyền của ghế này từ ngày ấy; ủy quyền của ghế kết thúc theo."),
    ]
    back = reverse("people:agency", args=[where.id])
    return form_page(
        request,
        _("Đóng ghế"),
        [form],
        _("Đóng ghế"),
        back,
        error,
        facts=facts,
        explain=explain if standing else explain[:1],
        grave=True,
    )


@require_POST
@login_required
def reopen(request: HttpRequest, post_id: uuid.UUID) -> HttpResponse:
    """Mở lại ghế."""
    actor = actor_of(request)
    policy.require(actor, policy.MANAGE_PEOPLE)
    _post, where = queries.post_of(actor, post_id)
    try:
        service.reopen_post(actor, post_id)
        messages.success(request, _("Đã mở lại ghế."))
    except NoSuchPerson:
        raise
    except HaicapError as error:
        tell(request, error)
    return redirect("people:agency", where.id)
