"""Puts the actor of the request on the request."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from haicap.access import hats
from haicap.access.models import Account
from haicap.kernel.actor import ANONYMOUS, Actor

#: key of the session: the hat that was chosen, see `hats.Hat.key`
SESSION_KEY = "hat"


class ActorMiddleware:
    """Sets `request.actor`: who acts, in which hat; anonymous until signed in.

    Account, hat and what the hat may do are looked up again at every request: an appointment that ended, a
    desk that went to another agency, a delegation that ran out count at once, in every live session.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = actor_of(request)  # type: ignore[attr-defined]
        return self.get_response(request)


def actor_of(request: HttpRequest) -> Actor:
    """Who acts in this request."""
    account = request.user
    if not isinstance(account, Account):
        return ANONYMOUS
    return hats.actor_for_account(account, request.session.get(SESSION_KEY, ""))
