"""When somebody proved last who they are, in this session."""

from __future__ import annotations

from datetime import datetime

from allauth.account.internal.flows.login import get_authentication_records
from django.http import HttpRequest

from haicap.access.oidc.moments import real_now
from haicap.kernel.clock import ZONE

#: key of a session: when it was first seen here, for one without records of its sign-in
BEGUN_KEY = "sso_begun"


def signed_in_at(request: HttpRequest) -> datetime:
    """The moment of the last proof (password, passkey, second factor), by the real clock."""
    records = get_authentication_records(request, request.user)
    moments = [float(record["at"]) for record in records if isinstance(record.get("at"), int | float)]
    if moments:
        return datetime.fromtimestamp(max(moments), ZONE)
    begun = request.session.setdefault(BEGUN_KEY, real_now().timestamp())
    return datetime.fromtimestamp(float(begun), ZONE)
