"""Addresses of citizens' sign-in by an outside provider."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("cong-dan/", include("allauth.socialaccount.urls")),
    path("cong-dan/", include("allauth.socialaccount.providers.openid_connect.urls")),
]
