"""Yêu cầu có người thực hiện: what a request carries once `ActorMiddleware` has seen it."""

from __future__ import annotations

import uuid
from typing import cast

from django.http import HttpRequest

from haicap.access.hats import Hat
from haicap.kernel.actor import Actor


class ActingRequest(HttpRequest):
    """A request with its actor. Never made: Django's own requests are seen as this by `acting`."""

    #: who acts, in which hat; anonymous until signed in
    actor: Actor
    #: all hats of the account signed in, and whose they are, see `middleware.hats_of_request`
    hats: list[Hat]
    hats_of: uuid.UUID
    #: what ended the session in this request, for the sign-in log
    left_by: str


def acting(request: HttpRequest) -> ActingRequest:
    """The same request, with what the middleware put on it."""
    return cast(ActingRequest, request)
