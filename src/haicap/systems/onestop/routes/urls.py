"""Addresses of routes."""

from __future__ import annotations

from django.urls import path

from haicap.systems.onestop.routes import assign_views, edit_views, views

urlpatterns = [
    path("lam-viec/quy-trinh/", views.routes, name="routes"),
    path("lam-viec/quy-trinh/<slug:code>/", views.route, name="route"),
    path("lam-viec/quy-trinh/<slug:code>/viec/", views.act, name="route-act"),
    path("lam-viec/quy-trinh/<slug:code>/sao-chep/", views.copy, name="route-copy"),
    path("lam-viec/quy-trinh/<slug:code>/v<int:number>.bpmn", views.bpmn, name="route-bpmn"),
    path("lam-viec/quy-trinh/<slug:code>/chuyen/", views.move, name="route-move"),
    path("lam-viec/quy-trinh/<slug:code>/sua/", edit_views.edit, name="route-edit"),
    path("lam-viec/quy-trinh/<slug:code>/sua/<slug:key>/", edit_views.step, name="route-step"),
    path("lam-viec/lap-quy-trinh/", views.create, name="route-create"),
    path("lam-viec/nhap-quy-trinh/", views.upload, name="route-import"),
    path("lam-viec/gan-quy-trinh/", assign_views.assign, name="route-assign"),
    path("lam-viec/gan-quy-trinh/hoan-tac/", assign_views.undo, name="route-assign-undo"),
]
