"""Addresses of the whole site: three doors, the registry's pages, the API. An app adds one line here."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from haicap.web import outbox_views, views
from haicap.web.api import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.start, name="start"),
    path("lam-viec/", views.work, name="work"),
    path("dieu-hanh/", views.lead, name="lead"),
    path("dieu-hanh/ton-dong-gui/", outbox_views.backlog, name="outbox"),
    path("dieu-hanh/ton-dong-gui/<uuid:message_id>/", outbox_views.decide, name="outbox-decide"),
    path("dieu-hanh/sap-xep/", include("haicap.reorganisation.urls")),
    path("tim/", views.search, name="search"),
    path("tim/goi-y/", views.search_hints, name="search-hints"),
    path("api/", api.urls),
    path("don-vi/", include("haicap.registry.urls")),
    path("", include("haicap.access.urls")),
    path("", include("haicap.systems.onestop.urls")),
    path("ngon-ngu/", require_POST(set_language), name="language"),
    path("healthz", views.health, name="health"),
]

handler400 = "haicap.web.errors.bad_request"
handler403 = "haicap.web.errors.forbidden"
handler404 = "haicap.web.errors.not_found"
handler500 = "haicap.web.errors.server_error"
