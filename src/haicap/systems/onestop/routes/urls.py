"""Addresses of routes."""

from __future__ import annotations

from django.urls import path

from haicap.systems.onestop.routes import assign_views, edit_views, views

urlpatterns = [
    path("lam-viec/quy-trinh/", views.routes, name="routes"),
    # before the routes themselves: `service.RESERVED` keeps these words from being codes
    path("lam-viec/quy-trinh/lap/", views.create, name="route-create"),
    path("lam-viec/quy-trinh/nhap/", views.upload, name="route-import"),
    path("lam-viec/quy-trinh/gan/", assign_views.assign, name="route-assign"),
    path("lam-viec/quy-trinh/gan/hoan-tac/", assign_views.undo, name="route-assign-undo"),
    path("lam-viec/quy-trinh/<slug:code>/", views.route, name="route"),
    path("lam-viec/quy-trinh/<slug:code>/viec/", views.act, name="route-act"),
    path("lam-viec/quy-trinh/<slug:code>/sao-chep/", views.copy, name="route-copy"),
    path("lam-viec/quy-trinh/<slug:code>/v<int:number>.bpmn", views.bpmn, name="route-bpmn"),
    path("lam-viec/quy-trinh/<slug:code>/chuyen/", views.move, name="route-move"),
    path("lam-viec/quy-trinh/<slug:code>/sua/", edit_views.edit, name="route-edit"),
    path("lam-viec/quy-trinh/<slug:code>/sua/<slug:key>/", edit_views.step, name="route-step"),
]
