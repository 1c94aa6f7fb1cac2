"""The API: every app with a module `api` that has a `router` is under /api/v1; documentation at /api/docs.

Errors are the same values as on pages: code, message, kept, todo, where, details, correlation_id. Reads need
no token where the data are public; who is signed in at this browser acts as there. Writes through a session's
cookie would need a token against forgery: no router may write by cookie.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.apps import apps
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import ValidationError
from ninja.openapi.docs import Swagger

import haicap
from haicap.kernel.errors import BadInput, HaicapError
from haicap.web.errors import PageNotFound, render_haicap_error


class BadParameters(BadInput):
    """Parameters of a call that cannot be used."""

    code = "WEB-422"
    http_status = 422


def _haicap_error(request: HttpRequest, error: HaicapError | type[HaicapError]) -> HttpResponse:
    assert isinstance(error, HaicapError)
    return render_haicap_error(request, error)


def _bad_parameters(request: HttpRequest, error: ValidationError | type[ValidationError]) -> HttpResponse:
    assert isinstance(error, ValidationError)
    fields = [
        {"where": ".".join(str(part) for part in one["loc"]), "what": one["msg"]} for one in error.errors
    ]
    problem = BadParameters(
        _("Tham số không đúng: %(fields)s.") % {"fields": ", ".join(one["where"] for one in fields)},
        kept=_("Dữ liệu không thay đổi."),
        todo=_("Xem lại tài liệu ở /api/docs."),
        details={"fields": fields},
    )
    return render_haicap_error(request, problem)


def _not_found(request: HttpRequest, error: Http404 | type[Http404]) -> HttpResponse:
    return render_haicap_error(request, PageNotFound(_("Không có gì ở địa chỉ này.")))


def build_api() -> NinjaAPI:
    """The one NinjaAPI with the routers of all installed apps, in the order of the settings."""
    api = NinjaAPI(
        title="haicap",
        version=haicap.__version__,
        description="Đơn vị hành chính qua thời gian, và các hệ thống của một tỉnh.",
        docs=Swagger(settings={"docExpansion": "list", "persistAuthorization": False}),
        docs_url="/docs",
        openapi_url="/openapi.json",
        urls_namespace="api",
    )
    for config in apps.get_app_configs():
        name = f"{config.name}.api"
        if config.name.startswith("haicap.") and config.name != "haicap.web" and find_spec(name):
            api.add_router("/v1", import_module(name).router)
    api.add_exception_handler(HaicapError, _haicap_error)
    api.add_exception_handler(ValidationError, _bad_parameters)
    api.add_exception_handler(Http404, _not_found)
    return api


api = build_api()
