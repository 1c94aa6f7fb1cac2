"""Addresses of figures; `onestop.urls` includes them."""

from __future__ import annotations

from django.urls import path

from haicap.systems.onestop.figures import views

urlpatterns = [
    path("lam-viec/so-lieu/", views.figures, name="figures"),
    path("lam-viec/so-lieu/so-lieu.xlsx", views.xlsx, name="figures-xlsx"),
]
