"""Addresses of tasks; `onestop.urls` includes them."""

from __future__ import annotations

from django.urls import path

from haicap.systems.onestop.processing import late_views, views

urlpatterns = [
    path("lam-viec/viec/", views.tasks, name="tasks"),
    path("lam-viec/viec/nhieu/", views.act_many, name="tasks-act"),
    path("lam-viec/viec/<uuid:task_id>/", views.act, name="task-act"),
    path("lam-viec/viec/<uuid:task_id>/giao/", views.assign, name="task-assign"),
    path("lam-viec/ho-so/<str:code>/thoi-cho/", views.recall, name="recall-consultations"),
    path("lam-viec/ho-so/<str:code>/giay-to-nop/<uuid:paper_id>/", views.paper_file, name="paper-file"),
    path("lam-viec/xin-loi/", late_views.late, name="apologies"),
]
