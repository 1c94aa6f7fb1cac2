"""Addresses of the one-stop shop; `web.urls` includes them at the root."""

from __future__ import annotations

from django.urls import include, path

from haicap.systems.onestop import views

app_name = "onestop"

urlpatterns = [
    path("lam-viec/ho-so/", views.worklist, name="worklist"),
    path("lam-viec/ho-so/xuat.csv", views.export, name="export"),
    path("lam-viec/ho-so/buoc/", views.bulk_step, name="bulk-step"),
    path("lam-viec/ho-so/<str:code>/", views.dossier, name="dossier"),
    path("lam-viec/ho-so/<str:code>/buoc/", views.step, name="step"),
    path("lam-viec/so-theo-doi/", views.registers, name="registers"),
    path("lam-viec/so-theo-doi/<uuid:agency_id>/<int:year>/", views.register, name="register"),
    path("tra-cuu/", views.track, name="track"),
    path("", include("haicap.systems.onestop.processing.urls")),
    path("", include("haicap.systems.onestop.figures.urls")),
    path("", include("haicap.systems.onestop.routes.urls")),
    path("", include("haicap.systems.onestop.reception.urls")),
    path("", include("haicap.systems.onestop.sync.urls")),
    path("", include("haicap.systems.onestop.opening.urls")),
    path("", include("haicap.systems.onestop.catalogue.urls")),
    path("", include("haicap.systems.onestop.online.urls")),
    path("", include("haicap.systems.onestop.counters.urls")),
    path("", include("haicap.systems.onestop.papers.urls")),
    path("", include("haicap.systems.onestop.signing.urls")),
    path("", include("haicap.systems.onestop.results.urls")),
]
