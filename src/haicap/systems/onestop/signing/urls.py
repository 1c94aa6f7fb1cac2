"""Addresses of certificates; `onestop.urls` includes them."""

from __future__ import annotations

from django.urls import path

from haicap.systems.onestop.signing import views

urlpatterns = [
    path("lam-viec/chung-thu/", views.certificates, name="certificates"),
    path("lam-viec/chung-thu/<uuid:certificate_id>/ngung/", views.revoke, name="revoke-certificate"),
]
