"""Addresses of people, posts, accounts, delegations and the matrix of permissions."""

from __future__ import annotations

from django.urls import path

from haicap.access.people import import_views, lending_views, post_views, views

app_name = "people"

urlpatterns = [
    path("lam-viec/nguoi/", views.people, name="list"),
    path("lam-viec/nguoi/xuat.<str:form>", views.export, name="export"),
    path("lam-viec/nguoi/them/", views.create, name="create"),
    path("lam-viec/nguoi/nhap/", import_views.upload, name="import"),
    path("lam-viec/nguoi/nhap/mau.xlsx", import_views.template, name="import-template"),
    path("lam-viec/nguoi/nhap/<uuid:import_id>/", import_views.preview, name="import-preview"),
    path("lam-viec/nguoi/nhap/<uuid:import_id>/ket-qua.csv", import_views.report, name="import-report"),
    path("lam-viec/nguoi/nhap/<uuid:import_id>/phieu.pdf", import_views.slips, name="import-slips"),
    path("lam-viec/nguoi/co-quan/<uuid:agency_id>/", post_views.agency, name="agency"),
    path("lam-viec/nguoi/co-quan/<uuid:agency_id>/them-ghe/", post_views.add_post, name="add-post"),
    path("lam-viec/nguoi/ghe/<uuid:post_id>/dong/", post_views.close, name="close-post"),
    path("lam-viec/nguoi/ghe/<uuid:post_id>/mo-lai/", post_views.reopen, name="reopen-post"),
    path("lam-viec/nguoi/<uuid:person_id>/", views.person, name="person"),
    path("lam-viec/nguoi/<uuid:person_id>/sua/", views.edit, name="edit"),
    path("lam-viec/nguoi/<uuid:person_id>/bo-nhiem/", views.appoint, name="appoint"),
    path("lam-viec/nguoi/<uuid:person_id>/tai-khoan/", views.account, name="account"),
    path("lam-viec/nguoi/thoi-giu/<uuid:appointment_id>/", views.end, name="end"),
    path("lam-viec/uy-quyen/", lending_views.delegations, name="delegations"),
    path("lam-viec/uy-quyen/them/<uuid:appointment_id>/", lending_views.lend, name="lend"),
    path("lam-viec/uy-quyen/<uuid:delegation_id>/thu-hoi/", lending_views.revoke, name="revoke"),
    path("tai-khoan/quyen/", views.matrix, name="matrix"),
]
