"""Addresses of this part of access."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
