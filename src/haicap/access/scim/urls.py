"""Addresses of SCIM: the service below `/scim/v2`, and the page of its tokens."""

from __future__ import annotations

from django.urls import path, re_path

from haicap.access.scim import api, views

urlpatterns = [
    re_path(r"^scim/v2(?P<path>/.*)?$", api.serve, name="scim"),
    path("dieu-hanh/scim/", views.tokens_page, name="scim-tokens"),
    path("dieu-hanh/scim/<uuid:token_id>/thu-hoi/", views.revoke, name="scim-token-revoke"),
]
