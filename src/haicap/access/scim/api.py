"""The door of the SCIM service: bearer token, limit, one handler for every address below it, notes of what was read."""

from __future__ import annotations

import logging

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from scim2_models import PayloadTooLargeException, SCIMException, UnauthorizedException
from scim2_server.handler import ScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import SCIM_MEDIA_TYPE, ScimResponse

from haicap.access.models import Purpose, ScimToken
from haicap.access.personal_data.service import note_reading, person_subject
from haicap.access.scim import tokens
from haicap.access.scim.protocol import SERVICE, TooManyRequests
from haicap.access.scim.storage import DirectoryStorage
from haicap.kernel import journal
from haicap.kernel.errors import HaicapError

log = logging.getLogger(__name__)

ROOT = "/scim/v2"
LARGEST_BODY_BYTES = 1024 * 1024
#: answers with a body that show people: to a question, and to a write that is answered by what stands there now
_SHOWING = frozenset({200, 201})


@csrf_exempt
@never_cache
def serve(request: HttpRequest, path: str = "") -> HttpResponse:
    """Every request of SCIM: never by session, always by bearer token; errors are those of RFC 7644 §3.12."""
    try:
        answer = _answer(request, path)
    except SCIMException as error:
        answer = SERVICE.error_response(error)
        if isinstance(error, TooManyRequests):
            answer.headers["Retry-After"] = "60"
    except HaicapError as error:
        answer = SERVICE.error_response(_as_scim(error))
    except Exception as error:
        log.exception("scim failed: %s %s", request.method, request.path)
        answer = SERVICE.error_response(error)
    return _response(answer)


def _answer(request: HttpRequest, path: str) -> ScimResponse:
    token = _token(request)
    if not tokens.count_request(token):
        raise TooManyRequests(
            detail=_("Quá %(count)s yêu cầu một phút; hãy thử lại sau.") % {"count": tokens.MOST_REQUESTS}
        )
    storage = DirectoryStorage(token)
    method = "GET" if request.method == "HEAD" else request.method or "GET"
    asked = ScimRequest(
        method=method,
        base_url=f"{request.scheme}://{request.get_host()}{ROOT}",
        path=path,
        query=request.GET.dict(),
        headers=dict(request.headers),
        body=_body(request),
        subject=token,
    )
    with transaction.atomic():
        answer = ScimHandler(SERVICE, storage).handle(asked)
        if answer.status in _SHOWING and answer.body is not None:
            _note(storage, token, asked)
    return answer


def _token(request: HttpRequest) -> ScimToken:
    kind, _space, secret = request.headers.get("Authorization", "").partition(" ")
    token = tokens.valid_token(secret.strip()) if kind.lower() == "bearer" else None
    if token is None:
        raise UnauthorizedException(detail=_("Khóa SCIM sai, hết hạn hoặc đã bị thu hồi."))
    return token


def _body(request: HttpRequest) -> bytes:
    limit = min(LARGEST_BODY_BYTES, settings.DATA_UPLOAD_MAX_MEMORY_SIZE or LARGEST_BODY_BYTES)
    try:
        body = request.body
    except RequestDataTooBig as error:
        raise PayloadTooLargeException(detail=_("Nội dung gửi lên quá lớn.")) from error
    if len(body) > limit:
        raise PayloadTooLargeException(detail=_("Nội dung gửi lên quá lớn."))
    return body


def _note(storage: DirectoryStorage, token: ScimToken, asked: ScimRequest) -> None:
    """Who was shown: one entry of the journal an answer, with its number and question, and a reading for everybody
    shown, written by one INSERT; at most a page of people (`MOST_RESULTS`).
    """
    people = dict(storage.seen)
    if not people:
        return
    told = {"count": len(people), "path": asked.path[:200], "filter": asked.query.get("filter", "")[:200]}
    journal.note(
        storage.actor, "access.scim_read", record="access.scim_token", record_id=token.id, after=told
    )
    note_reading(
        storage.actor,
        [(person_subject(person), account) for person, account in people.items()],
        system="access",
        record="access.account",
        purpose=Purpose.SHARE,
        text=_("Thư mục ngoài đồng bộ tài khoản và chức danh (SCIM)."),
    )


def _as_scim(error: HaicapError) -> SCIMException:
    found = SCIMException(detail=str(error))
    found.status = error.http_status
    return found


def _response(answer: ScimResponse) -> HttpResponse:
    response: HttpResponse
    if answer.body is None:
        response = HttpResponse(status=int(answer.status))
        del response.headers["Content-Type"]
    else:
        response = JsonResponse(
            answer.body, status=int(answer.status), json_dumps_params={"ensure_ascii": False}
        )
        response.headers["Content-Type"] = SCIM_MEDIA_TYPE
    for name, value in answer.headers.items():
        if name != "Content-Type":
            response.headers[name] = value
    return response
