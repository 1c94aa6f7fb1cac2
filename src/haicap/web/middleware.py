"""What the shell does around every request: a correlation id, the language, headers, errors for people."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import translation

from haicap.kernel.errors import HaicapError
from haicap.kernel.ids import new_id
from haicap.web import errors

Next = Callable[[HttpRequest], HttpResponse]

_SELF_ONLY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
# the page of the API's documentation sets style attributes; its scripts are our own copies all the same
_DOCS = _SELF_ONLY + "; style-src 'self' 'unsafe-inline'"


class CorrelationMiddleware:
    """Sets `request.correlation_id` and answers with it (`X-Correlation-Id`), so that a call can be traced.

    An error that a use-case raises for people (HaicapError) becomes a page, a fragment or JSON here.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.correlation_id = new_id()  # type: ignore[attr-defined]
        # no text of ours holds a NUL, and PostgreSQL refuses one: such an address is a mistake or an attack
        unreadable = "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", "")
        response = errors.bad_request(request) if unreadable else self.get_response(request)
        response["X-Correlation-Id"] = str(request.correlation_id)  # type: ignore[attr-defined]
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer a HaicapError; leave every other exception to Django."""
        if isinstance(exception, HaicapError):
            return errors.render_haicap_error(request, exception)
        return None


class LanguageMiddleware:
    """The language that the visitor chose, else the deployment's: what the browser asks for does not count.

    Old PCs run English systems in Vietnamese offices; their `Accept-Language` says nothing about their users.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response
        self.known = {code for code, _name in settings.LANGUAGES}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        language = chosen if chosen in self.known else settings.LANGUAGE_CODE
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


class SecurityHeadersMiddleware:
    """Content-Security-Policy: everything a page loads or talks to is this host itself."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        policy = _DOCS if request.path.startswith("/api/docs") else _SELF_ONLY
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
        return response
