"""Puts the actor of the request and all hats of the account on the request."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from haicap.access import hats
from haicap.access.models import Account
from haicap.access.requests import acting
from haicap.kernel.actor import ANONYMOUS, Actor

#: key of the session: the hat that was chosen, see `hats.Hat.key`
SESSION_KEY = "hat"


class ActorMiddleware:
    """Sets `request.actor`: who acts, in which hat; anonymous until signed in; and `request.hats`: all there are.

    Account, hat and what the hat may do are looked up again at every request: an appointment that ended, a
    desk that went to another agency, a delegation that ran out count at once, in every live session.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        acting(request).actor = actor_of(request)
        return self.get_response(request)


def actor_of(request: HttpRequest) -> Actor:
    """Who acts in this request."""
    account = request.user
    if not isinstance(account, Account):
        return ANONYMOUS
    return hats.actor_among(account, hats_of_request(request), request.session.get(SESSION_KEY, ""))


def hats_of_request(request: HttpRequest) -> list[hats.Hat]:
    """All hats of who is signed in, looked up once a request; none for a visitor."""
    account = request.user
    if not isinstance(account, Account):
        return []
    seen = acting(request)
    if getattr(seen, "hats_of", None) != account.pk:
        seen.hats, seen.hats_of = hats.hats_of_account(account), account.pk
    return seen.hats
