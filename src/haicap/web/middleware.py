"""Gives every request a correlation id."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from haicap.kernel.ids import new_id


class CorrelationMiddleware:
    """Sets `request.correlation_id` and answers with it (`X-Correlation-Id`), so that a call can be traced."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.correlation_id = new_id()  # type: ignore[attr-defined]
        response = self.get_response(request)
        response["X-Correlation-Id"] = str(request.correlation_id)  # type: ignore[attr-defined]
        return response
