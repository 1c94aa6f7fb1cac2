"""Addresses of results; `onestop.urls` includes them."""

from __future__ import annotations

from django.urls import path

from haicap.systems.onestop.results import views

urlpatterns = [
    path("lam-viec/ho-so/<str:code>/ket-qua/", views.results, name="results"),
    path("lam-viec/du-thao/<uuid:draft_id>.pdf", views.draft_pdf, name="draft-pdf"),
    path("lam-viec/du-thao/<uuid:draft_id>/ky/", views.sign, name="sign-draft"),
    path("lam-viec/du-thao/<uuid:draft_id>/phat-hanh/", views.issue, name="issue-draft"),
    path("lam-viec/du-thao/<uuid:draft_id>/bo/", views.drop, name="drop-draft"),
    path("lam-viec/ket-qua/<uuid:result_id>.pdf", views.result_pdf, name="result-pdf"),
    path("lam-viec/ket-qua/<uuid:result_id>/thu-hoi/", views.revoke, name="revoke-result"),
    path("kiem-tra/", views.check_start, name="check-start"),
    path("kiem-tra/<str:check_code>/", views.check, name="check-result"),
    path("ket-qua/", views.download, name="download-results"),
]
