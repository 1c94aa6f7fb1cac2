"""Addresses of the whole site."""

from __future__ import annotations

urlpatterns: list[object] = []
