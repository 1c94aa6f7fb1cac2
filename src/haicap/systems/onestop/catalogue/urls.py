"""Addresses of the catalogue of procedures, below the one-stop shop's."""

from __future__ import annotations

from django.urls import path

from haicap.systems.onestop.catalogue import import_views, views

urlpatterns = [
    path("lam-viec/thu-tuc/", views.index, name="catalogue"),
    path("lam-viec/thu-tuc/<uuid:procedure_id>/", views.procedure, name="catalogue-procedure"),
    path("lam-viec/thu-tuc/can-xu-ly/", views.defects, name="catalogue-defects"),
    path("lam-viec/thu-tuc/can-xu-ly/ghi/", views.settle, name="catalogue-settle"),
    path("lam-viec/thu-tuc/can-xu-ly/hoan-tac/", views.reopen, name="catalogue-reopen"),
    path("lam-viec/thu-tuc/cong-bo/", views.announcements, name="catalogue-announcements"),
    path("lam-viec/thu-tuc/cong-bo/ghi/", views.announce, name="catalogue-announce"),
    path("lam-viec/thu-tuc/cong-bo/<uuid:batch>/hoan-tac/", views.withdraw, name="catalogue-withdraw"),
    path("lam-viec/thu-tuc/nhap/", import_views.imports_page, name="catalogue-imports"),
    path("lam-viec/thu-tuc/nhap/<uuid:run_id>/", import_views.import_page, name="catalogue-import"),
    path("lam-viec/thu-tuc/nhap/<uuid:run_id>/tien-do/", import_views.progress, name="catalogue-progress"),
    path("lam-viec/thu-tuc/nhap/<uuid:run_id>/duyet/", import_views.accept, name="catalogue-accept"),
    path("lam-viec/thu-tuc/nhap/<uuid:run_id>/quyet-dinh/", import_views.decide, name="catalogue-decide"),
]
