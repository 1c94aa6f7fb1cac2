"""Puts the actor of the request on the request."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from haicap.access import service
from haicap.kernel.actor import ANONYMOUS, Actor

#: key of the signed session: the appointment that was chosen
SESSION_KEY = "appointment"


class ActorMiddleware:
    """Sets `request.actor`: who acts, in which hat; anonymous until signed in.

    The appointment of the session is looked up again at every request: an appointment that ended, a desk
    that went to another agency, a deployment that is no longer a demonstration count at once.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.session.get(SESSION_KEY)
        request.actor = _actor(request, chosen) if chosen else ANONYMOUS  # type: ignore[attr-defined]
        return self.get_response(request)


def _actor(request: HttpRequest, chosen: str) -> Actor:
    try:
        appointment = uuid.UUID(chosen)
    except (ValueError, AttributeError, TypeError):
        return ANONYMOUS
    if not (service.comes_from_this_machine(request.META) and service.is_demonstration()):
        return ANONYMOUS
    return service.actor_for(appointment) or ANONYMOUS
