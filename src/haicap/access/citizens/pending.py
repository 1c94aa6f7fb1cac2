"""Between VNeID's answer and the person's: claims wait in the session, nothing is in a table yet."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpRequest

from haicap.access.citizens.claims import Claims
from haicap.kernel import clock

SESSION_KEY = "citizen_pending"
WAITS = timedelta(minutes=15)


def keep(request: HttpRequest, claims: Claims, target: str) -> None:
    """Let the claims wait for the owner's consent."""
    request.session[SESSION_KEY] = {
        "claims": claims.as_session(),
        "next": target,
        "since": clock.now().isoformat(),
    }


def waiting(request: HttpRequest) -> tuple[Claims, str] | None:
    """The claims that wait and where their owner was going; None when there are none, or not any more."""
    kept = request.session.get(SESSION_KEY)
    if kept is None:
        return None
    if not timedelta(0) <= clock.now() - datetime.fromisoformat(kept["since"]) <= WAITS:
        drop(request)
        return None
    return Claims.from_session(kept["claims"]), kept["next"]


def drop(request: HttpRequest) -> None:
    """Forget them."""
    request.session.pop(SESSION_KEY, None)
