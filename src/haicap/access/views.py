"""Signing in and out. Until accounts exist: the demonstration picker, on this machine only."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from haicap.access import service
from haicap.access.errors import NoSuchHat
from haicap.access.middleware import SESSION_KEY
from haicap.registry.models import Level

SESSION_S = 8 * 3600


@never_cache
def sign_in(request: HttpRequest) -> HttpResponse:
    """Đăng nhập trình diễn: choose a commune, then a hat. Raises PickerClosed (ACC-001)."""
    service.require_open(request.META)
    if request.method == "POST":
        return _choose(request)
    places = service.places()
    chosen = next((place for place in places if place.code == request.GET.get("xa")), None)
    place = chosen or (places[0] if places else None)
    hats = service.hats(place.unit_id if place else None)
    groups = [
        (str(level.label), [hat for hat in hats if hat.level == level])
        for level in (Level.COMMUNE, Level.DISTRICT, Level.PROVINCE)
    ]
    context = {
        "title": _("Đăng nhập trình diễn"),
        "places": places,
        "place": place,
        "groups": [(name, found) for name, found in groups if found],
    }
    return render(request, "access/sign_in.html", context)


def _choose(request: HttpRequest) -> HttpResponse:
    try:
        appointment = uuid.UUID(request.POST.get("bo-nhiem", ""))
    except ValueError:
        raise NoSuchHat(
            _("Chưa chọn chức danh nào."), todo=_("Chọn một chức danh trong danh sách.")
        ) from None
    actor = service.sign_in_demonstration(appointment, request.META)
    request.session.flush()
    request.session[SESSION_KEY] = str(appointment)
    request.session.set_expiry(SESSION_S)
    rotate_token(request)
    return redirect("lead" if actor.may("command.steer") else "work")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Đăng xuất."""
    request.session.flush()
    rotate_token(request)
    return redirect("start")
