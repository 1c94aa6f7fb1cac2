"""Addresses of the OpenID provider: discovery at the root, the rest below `/identity/`."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [path("", include("allauth.idp.urls"))]
