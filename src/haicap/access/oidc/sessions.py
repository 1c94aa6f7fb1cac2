"""Sessions that end, wherever and by whomever, and the sign-ins elsewhere that end with them.

Every end is a row of the session table that goes: signing out, "end everywhere", the idle limit, a new password
elsewhere. A session that only changes its key (signing in again, changing the own password) goes on.
"""

from __future__ import annotations

import uuid
from typing import Any

from allauth.core import context
from django.contrib.sessions.models import Session
from django.db.models.signals import post_save, pre_delete
from django.dispatch import receiver
from django.http import HttpRequest

from haicap.access.models import Account
from haicap.access.oidc import grants
from haicap.kernel.ids import new_id

#: key of a session: what applications know it by
SID_KEY = "sid"


def sid_of(request: HttpRequest) -> uuid.UUID:
    """The name of this session for applications, given when the first one asks."""
    known = request.session.get(SID_KEY)
    if known is None:
        known = request.session[SID_KEY] = str(new_id())
    return uuid.UUID(known)


@receiver(pre_delete, sender=Session, dispatch_uid="haicap.access.oidc.session")
def session_goes(sender: Any, instance: Session, **kwargs: Any) -> None:
    """End what was signed in to in this session, unless it lives on under another key."""
    sid = instance.get_decoded().get(SID_KEY)
    if sid is not None and not _lives_on(instance.session_key, sid):
        grants.end_session(uuid.UUID(sid))


def _lives_on(session_key: str, sid: str) -> bool:
    """Whether the running request is just giving this session a new key: it holds its content already."""
    request = getattr(context, "request", None)
    session = getattr(request, "session", None)
    return session is not None and session.session_key != session_key and session.get(SID_KEY) == sid


@receiver(post_save, sender=Account, dispatch_uid="haicap.access.oidc.account")
def account_saved(sender: Any, instance: Account, **kwargs: Any) -> None:
    """A locked account is signed in nowhere."""
    if not instance.is_active:
        grants.end_account(instance)
