"""Addresses of signing in and out."""

from __future__ import annotations

from django.urls import path

from haicap.access import views

urlpatterns = [
    path("dang-nhap/", views.sign_in, name="sign-in"),
    path("dang-xuat/", views.sign_out, name="sign-out"),
]
