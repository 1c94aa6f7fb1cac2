"""The registry's router alone, as the site mounts it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from ninja import NinjaAPI

from haicap.kernel.errors import HaicapError
from haicap.registry.api import router

api = NinjaAPI(urls_namespace="registry-tests")
api.add_router("", router)


@api.exception_handler(HaicapError)
def _told(request: HttpRequest, error: HaicapError) -> HttpResponse:
    return JsonResponse(error.as_dict(), status=error.http_status)


urlpatterns = [path("api/v1/", api.urls)]
