"""Talking to a partner as standards §5 says: sign in, call with a session, renew it when it has ended."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from haicap.systems.onestop.models import Partner
from haicap.systems.onestop.sync import secrets, transport
from haicap.systems.onestop.sync.errors import PartnerRefused, PartnerSilent
from haicap.systems.onestop.sync.settings import PartnerSettings

#: statuses that mean "not now": tried again
_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
#: after a partner was not reached, this long nobody of this process knocks again
PAUSE_S = 15.0
#: an answer with a catalogue
LARGEST_CATALOGUE = 64 * 1024 * 1024
LONGEST_MESSAGE = 600


class Silent(PartnerSilent):
    """Nothing that can be read came back; `arrived` says whether the message may have arrived all the same."""

    def __init__(self, message: str, *, arrived: bool) -> None:
        super().__init__(message, todo=_("Hệ thống tự thử lại; kiểm tra đường truyền nếu kéo dài."))
        self.arrived = arrived


class Refused(PartnerRefused):
    """A refusal; `answer_code` is the partner's own code of it."""

    def __init__(self, message: str, answer_code: str) -> None:
        super().__init__(message, todo=_("Sửa chỗ bên nhận nêu rồi gửi lại."))
        self.answer_code = answer_code


class _Sessions:
    """Sessions of this process by partner. A change of address, name or password makes another key."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.known: dict[tuple[uuid.UUID, str, str, str], str] = {}
        self.paused: dict[uuid.UUID, float] = {}

    def forget(self) -> None:
        """Forget everything (tests)."""
        with self.lock:
            self.known.clear()
            self.paused.clear()


SESSIONS = _Sessions()


class Client:
    """One partner, for one piece of work."""

    def __init__(self, partner: Partner) -> None:
        self.partner = partner
        self.settings = PartnerSettings.read(partner.settings)
        self._key = (partner.pk, partner.endpoint, partner.username, partner.password)

    def call(
        self,
        service: str,
        content: Mapping[str, Any],
        *,
        key: str = "",
        largest: int = transport.LARGEST_ANSWER,
    ) -> dict[str, Any]:
        """Call a service; what it answered with error_code 0. `key` is the idempotency key.

        A session that has ended is renewed once. Raises Silent, Refused.
        """
        session = SESSIONS.known.get(self._key) or self._sign_in()
        try:
            return self._call_once(session, service, content, key, largest)
        except _SessionEnded:
            with SESSIONS.lock:
                if SESSIONS.known.get(self._key) == session:
                    del SESSIONS.known[self._key]
        try:
            session = SESSIONS.known.get(self._key) or self._sign_in()
            return self._call_once(session, service, content, key, largest)
        except _SessionEnded as error:
            raise Silent(_("Bên nhận không giữ phiên đăng nhập vừa cấp."), arrived=False) from error

    def sign_in_anew(self) -> None:
        """Forget the session and get another: whether name and password are right. Raises Silent, Refused."""
        with SESSIONS.lock:
            SESSIONS.known.pop(self._key, None)
            SESSIONS.paused.pop(self.partner.pk, None)
        self._sign_in()

    def _call_once(
        self, session: str, service: str, content: Mapping[str, Any], key: str, largest: int
    ) -> dict[str, Any]:
        headers = {"dstcode": self.settings.dstcode}
        if key and self.settings.key_header:
            headers[self.settings.key_header] = key
        body = {
            **self.settings.extra,
            "session": session,
            "madonvi": self.settings.unit_code,
            "service": service,
            **content,
        }
        answer = self._post(self.settings.call_path, body, headers, largest)
        if answer.status == 401:
            raise _SessionEnded
        found = _object(answer)
        code = _code(found)
        if code in self.settings.expired_codes:
            raise _SessionEnded
        self._judge(answer.status, code, found)
        return found

    def _sign_in(self) -> str:
        """A new session. Raises Silent, Refused (wrong name or password)."""
        with SESSIONS.lock:  # one sign-in at a time: a partner may allow but one session
            if self._key in SESSIONS.known:
                return SESSIONS.known[self._key]
            body = {"username": self.partner.username, "password": secrets.opened(self.partner.password)}
            answer = self._post(self.settings.login_path, body, {"dstcode": self.settings.dstcode})
            found = _object(answer)
            code = _code(found)
            try:
                self._judge(answer.status, code, found)
            except Refused as refused:
                # not again at once with each dossier: the account would be locked there
                SESSIONS.paused[self.partner.pk] = time.monotonic() + PAUSE_S
                raise Refused(
                    _("Bên nhận không nhận tên đăng nhập hoặc mật khẩu (%(message)s).")
                    % {"message": refused.message},
                    "LOGIN",
                ) from refused
            session = found.get("session")
            if not isinstance(session, str) or not session:
                raise Silent(_("Bên nhận trả lời đăng nhập mà không cấp phiên."), arrived=False)
            SESSIONS.known[self._key] = session
            return session

    def _post(
        self,
        path: str,
        body: Mapping[str, Any],
        headers: Mapping[str, str],
        largest: int = transport.LARGEST_ANSWER,
    ) -> transport.Answer:
        if SESSIONS.paused.get(self.partner.pk, 0.0) > time.monotonic():
            raise Silent(_("Bên nhận vừa không kết nối được; đợi một lát rồi thử lại."), arrived=False)
        try:
            return transport.post(
                self.partner.endpoint + path,
                body,
                headers,
                connect_s=self.settings.connect_s,
                answer_s=self.settings.answer_s,
                largest=largest,
            )
        except transport.NotReached as error:
            SESSIONS.paused[self.partner.pk] = time.monotonic() + min(PAUSE_S, self.settings.first_wait_s)
            raise Silent(
                _("Không kết nối được với bên nhận (%(error)s).") % {"error": error}, arrived=False
            ) from error
        except transport.NoAnswer as error:
            raise Silent(
                _("Đã gửi nhưng không có trả lời đọc được (%(error)s).") % {"error": error}, arrived=True
            ) from error

    def _judge(self, status: int, code: str, found: Mapping[str, Any]) -> None:
        """Nothing when it is well; else Silent (later) or Refused."""
        if code == "0" and 200 <= status < 300:
            return
        message = _message(found)
        if status in _LATER or code in self.settings.busy_codes:
            raise Silent(
                _("Bên nhận đang bận hoặc có lỗi (%(status)s, mã %(code)s). %(message)s")
                % {"status": status, "code": code or "—", "message": message},
                arrived=True,
            )
        if not code:
            raise Silent(
                _("Bên nhận trả lời không có error_code (%(status)s).") % {"status": status}, arrived=True
            )
        raise Refused(message or _("Bên nhận từ chối, không nêu lý do."), code)


class _SessionEnded(Exception):
    """The session is not known there any more."""


def _object(answer: transport.Answer) -> dict[str, Any]:
    """The JSON object of an answer. Raises Silent when there is none."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        if answer.status in _LATER or answer.status < 400:
            raise Silent(
                _("Bên nhận trả lời không phải JSON (%(status)s).") % {"status": answer.status}, arrived=True
            ) from error
        raise Refused(
            _("Bên nhận từ chối với trạng thái %(status)s.") % {"status": answer.status},
            f"HTTP{answer.status}",
        ) from error
    if not isinstance(found, dict):
        raise Silent(_("Bên nhận trả lời không phải một đối tượng JSON."), arrived=True)
    return found


def _code(found: Mapping[str, Any]) -> str:
    """The code of an answer, however it is spelled; empty when there is none."""
    for name in ("error_code", "errorCode", "ErrorCode"):
        if name in found and isinstance(found[name], str | int) and not isinstance(found[name], bool):
            return str(found[name]).strip()[:40]
    return ""


def _message(found: Mapping[str, Any]) -> str:
    for name in ("message", "error_message", "msg", "ErrorDesc", "error"):
        if isinstance(found.get(name), str) and found[name].strip():
            return str(found[name]).replace("\0", "").strip()[:LONGEST_MESSAGE]
    return ""
