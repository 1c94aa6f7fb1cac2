"""Signing in and out, and choosing the hat."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from haicap.access.middleware import SESSION_KEY, actor_of


@never_cache
@login_required
def after_sign_in(request: HttpRequest) -> HttpResponse:
    """Where one starts: the steering pages, the day's work, or the start page."""
    actor = actor_of(request)
    if actor.may("command.steer"):
        return redirect("lead")
    return redirect("work" if actor.agency_ids else "start")


@require_POST
@login_required
def choose_hat(request: HttpRequest) -> HttpResponse:
    """Chọn chức danh: act as another of the own hats from now on; an unknown one is the first."""
    request.session[SESSION_KEY] = request.POST.get("chuc-danh", "")[:60]
    return redirect("after-sign-in")
