"""Addresses of the counter; `onestop.urls` includes them."""

from __future__ import annotations

from django.urls import path

from haicap.systems.onestop.reception import copy_views, views

urlpatterns = [
    path("lam-viec/tiep-nhan/", views.reception, name="reception"),
    path("lam-viec/tiep-nhan/chung-thuc/", copy_views.copies, name="copies"),
    path("lam-viec/tiep-nhan/chung-thuc/in.pdf", copy_views.print_copies, name="copies-pdf"),
    path("lam-viec/tiep-nhan/chung-thuc/<uuid:entry_id>/huy/", copy_views.void, name="copies-void"),
    path("lam-viec/tiep-nhan/<str:code>/hoan-tac/", views.undo_reception, name="reception-undo"),
]
