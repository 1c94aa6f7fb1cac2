"""Phiên làm việc: where an account is signed in, ending that, and the idle limit.

The session's last activity is kept in the session itself and written at most once a minute.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from haicap.access.middleware import actor_of
from haicap.access.models import Account, Outcome
from haicap.access.requests import acting
from haicap.access.sign_in import log, second_factor
from haicap.access.sign_in.address import client_address, device_label
from haicap.access.sign_in.errors import SessionUnknown
from haicap.kernel import clock

#: keys of a session: last activity (seconds), and sentences to show at the next page
SEEN_KEY, NOTICES_KEY = "seen", "notices"
WRITE_EVERY = timedelta(minutes=1)
MOST_SESSIONS = 50
MOST_NOTICES = 5


@dataclass(frozen=True, slots=True)
class ShownSession:
    """Một phiên: as its owner sees it."""

    id: int
    device: str
    address: str
    began_at: datetime
    seen_at: datetime
    is_current: bool


def sessions_of(account: Account, current_key: str | None = None) -> list[ShownSession]:
    """Where the account is signed in, this session first, then the latest; at most `MOST_SESSIONS`."""
    return [
        ShownSession(
            row.pk,
            device_label(row.user_agent),
            row.ip,
            row.created_at,
            row.last_seen_at,
            row.session_key == current_key,
        )
        for row in sorted(_rows(account), key=lambda row: row.session_key != current_key)
    ]


def end_session(request: HttpRequest, account: Account, session_id: int) -> None:
    """End one session of the account. Raises SessionUnknown (ACC-113)."""
    row = UserSession.objects.filter(user=account, pk=session_id).first()
    if row is None:
        raise SessionUnknown(
            _("Phiên này không còn."),
            kept=_("Các phiên khác giữ nguyên."),
            todo=_("Mở lại danh sách phiên."),
        )
    _end([row])
    log.note(request, Outcome.ENDED, account, method="one")


def end_sessions(account: Account, *, besides: str | None = None, request: HttpRequest | None = None) -> int:
    """End all sessions of the account, besides the one with that key; how many there were."""
    rows = UserSession.objects.filter(user=account)
    if besides is not None:
        rows = rows.exclude(session_key=besides)
    found = list(rows)
    count = len(_living(found))
    _end(found)
    if count:
        log.note(request, Outcome.ENDED, account, method="all" if besides is None else "others")
    return count


def tell_others(account: Account, current_key: str | None, sentence: str) -> None:
    """Show a sentence on the next page of every other session of the account."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for row in _rows(account):
        if row.session_key != current_key:
            session = store(row.session_key)
            session[NOTICES_KEY] = [*session.get(NOTICES_KEY, []), sentence][-MOST_NOTICES:]
            session.save(must_create=False)


def begin(request: HttpRequest) -> None:
    """Start the idle clock of a session that was just signed in."""
    request.session[SEEN_KEY] = clock.now().timestamp()


def idle_limit(request: HttpRequest) -> timedelta:
    """How long who is signed in may be idle: short where any hat is delicate."""
    seconds = settings.HAICAP_IDLE_DELICATE_S if second_factor.is_needed(request) else settings.HAICAP_IDLE_S
    return timedelta(seconds=seconds)


class SessionMiddleware:
    """Ends a session that was idle too long, keeps its last activity, and shows what was left for it to show."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, Account):
            if _idle(request) > idle_limit(request):
                _end_idle(request)
            else:
                _touch(request)
                _show_notices(request)
        return self.get_response(request)


def _idle(request: HttpRequest) -> timedelta:
    """How long this session was idle; a session without a mark begins now."""
    seen = request.session.get(SEEN_KEY)
    if seen is None:
        return timedelta(0)
    return timedelta(seconds=max(clock.now().timestamp() - float(seen), 0))


def _end_idle(request: HttpRequest) -> None:
    UserSession.objects.filter(session_key=request.session.session_key).delete()
    acting(request).left_by = "idle"
    logout(request)
    acting(request).actor = actor_of(request)
    messages.warning(request, _("Phiên làm việc đã hết vì lâu không dùng. Hãy đăng nhập lại."))


def _touch(request: HttpRequest) -> None:
    seen = request.session.get(SEEN_KEY)
    now = clock.now()
    if seen is None or abs(now.timestamp() - float(seen)) >= WRITE_EVERY.total_seconds():
        request.session[SEEN_KEY] = now.timestamp()
        UserSession.objects.filter(session_key=request.session.session_key).update(
            last_seen_at=now, ip=client_address(request)
        )


def _show_notices(request: HttpRequest) -> None:
    """Only on a whole page: a fragment or a program would swallow the sentence."""
    is_page = request.method == "GET" and not getattr(request, "htmx", False)
    if is_page and NOTICES_KEY in request.session and not request.path.startswith("/api/"):
        for sentence in request.session.pop(NOTICES_KEY):
            messages.warning(request, sentence)


def _rows(account: Account) -> list[Any]:
    """The rows of sessions that still live, latest first."""
    rows = list(UserSession.objects.filter(user=account).order_by("-last_seen_at")[:MOST_SESSIONS])
    living = _living(rows)
    return [row for row in rows if row.session_key in living]


def _living(rows: list[Any]) -> set[str]:
    """The keys of those sessions that still exist: a row outlives its session when that ended by itself."""
    keys = [row.session_key for row in rows]
    return set(Session.objects.filter(session_key__in=keys).values_list("session_key", flat=True))


def _end(rows: list[Any]) -> None:
    Session.objects.filter(session_key__in=[row.session_key for row in rows]).delete()
    UserSession.objects.filter(pk__in=[row.pk for row in rows]).delete()
