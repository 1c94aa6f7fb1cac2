"""Addresses of reconciliation and of payments; `onestop.urls` includes them."""

from __future__ import annotations

from django.urls import path

from haicap.systems.onestop.sync import payment_views, views

urlpatterns = [
    path("lam-viec/lien-thong/", views.index, name="sync"),
    path("lam-viec/lien-thong/them/", views.settings, name="sync-add"),
    path("lam-viec/lien-thong/<slug:partner>/", views.partner, name="sync-partner"),
    path("lam-viec/lien-thong/<slug:partner>/gui-lai/", views.replay, name="sync-replay"),
    path("lam-viec/lien-thong/<slug:partner>/tien-do/", views.progress, name="sync-progress"),
    path("lam-viec/lien-thong/<slug:partner>/viec/", views.act, name="sync-act"),
    path("lam-viec/lien-thong/<slug:partner>/thiet-lap/", views.settings, name="sync-settings"),
    path("lam-viec/lien-thong/<slug:partner>/ten/", views.names_page, name="sync-names"),
    path("lam-viec/lien-thong/<slug:partner>/ten/quyet-dinh/", views.decide_names, name="sync-decide-names"),
    path("lam-viec/lien-thong/<slug:partner>/ho-so/<str:code>/", views.history, name="sync-history"),
    path("lien-thong/tep/<str:token>/", views.file, name="sync-file"),
    path("thanh-toan/<slug:partner>/thong-bao/", payment_views.notice, name="payment-notice"),
    path("thanh-toan/<slug:partner>/ket-qua/", payment_views.returned, name="payment-return"),
]
