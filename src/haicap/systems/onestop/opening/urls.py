"""Addresses of the opening's pages."""

from __future__ import annotations

from django.urls import path

from haicap.systems.onestop.opening import views

urlpatterns = [
    path("lam-viec/dieu-kien-mo-cua/", views.opening, name="opening"),
    path("lam-viec/dieu-kien-mo-cua/<uuid:agency_id>/<slug:item>/", views.state, name="opening-state"),
    path(
        "lam-viec/dieu-kien-mo-cua/<uuid:agency_id>/<slug:item>/rut/", views.withdraw, name="opening-withdraw"
    ),
]
