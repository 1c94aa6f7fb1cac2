"""Addresses of access."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("haicap.access.sign_in.urls")),
    path("", include("haicap.access.citizens.urls")),
    path("", include("haicap.access.oidc.urls")),
    path("", include("haicap.access.scim.urls")),
    path("", include("haicap.access.people.urls")),
    path("", include("haicap.access.personal_data.urls")),
]
