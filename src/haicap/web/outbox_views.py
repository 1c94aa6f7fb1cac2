"""Tồn đọng gửi ra ngoài: what could not be delivered outside, and what a person decides about it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from haicap.kernel import outbox
from haicap.kernel.outbox import OutboxState
from haicap.web.errors import PageForbidden
from haicap.web.views import actor_of

SHOWN = (OutboxState.DEAD, OutboxState.PENDING, OutboxState.DELIVERING, OutboxState.GIVEN_UP)
LONGEST_REASON = 500


@never_cache
@require_safe
def backlog(request: HttpRequest) -> HttpResponse:
    """Messages of one state (`?tt=`, dead ones by default), newest first. Raises PageForbidden (WEB-403)."""
    actor = actor_of(request)
    if not (actor.may("command.steer") or actor.may(outbox.PERMISSION)):
        raise PageForbidden(
            _("Chức danh đang dùng không xem được việc gửi ra ngoài."),
            todo=_("Đăng nhập bằng chức danh lãnh đạo hoặc quản trị."),
        )
    state = request.GET.get("tt", OutboxState.DEAD.value)
    page = outbox.messages(state=state, older=request.GET.get("truoc") or None)
    counts = outbox.counts()
    address = reverse("outbox")
    context = {
        "title": _("Tồn đọng gửi ra ngoài"),
        "tabs": [(one.value, one.label, f"{address}?tt={one.value}", counts[one.value]) for one in SHOWN],
        "state": state,
        "messages_out": page.messages,
        "older": page.older,
        "may_manage": actor.may(outbox.PERMISSION),
        "can_retry": state in (OutboxState.DEAD, OutboxState.GIVEN_UP),
        "can_give_up": state in (OutboxState.DEAD, OutboxState.PENDING),
    }
    return render(request, "web/outbox.html", context)


@require_POST
def decide(request: HttpRequest, message_id: uuid.UUID) -> HttpResponse:
    """Try a message again, or give it up with a reason; what the use-case refuses is told as an error page."""
    actor = actor_of(request)
    reason = request.POST.get("ly-do", "")[:LONGEST_REASON]
    if request.POST.get("viec") == "bo":
        outbox.give_up(actor, message_id, reason)
        messages.success(request, _("Đã bỏ việc gửi này; lý do được ghi vào nhật ký."))
    else:
        outbox.retry(actor, message_id, reason=reason)
        messages.success(request, _("Sẽ gửi lại ngay khi có thể."))
    return redirect("outbox")
