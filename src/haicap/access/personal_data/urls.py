"""Addresses of who saw what, and of people's rights over their data."""

from __future__ import annotations

from django.urls import path

from haicap.access.personal_data import views

urlpatterns = [
    path("tai-khoan/ai-da-xem/", views.my_readings, name="my-readings"),
    path("tai-khoan/du-lieu/", views.my_data, name="my-data"),
    path("tai-khoan/du-lieu/ban-sao/", views.my_copy, name="my-copy"),
    path("tai-khoan/du-lieu/dong-y/<uuid:consent_id>/rut/", views.withdraw_consent, name="withdraw-consent"),
    path("dieu-hanh/luot-xem/", views.readings, name="readings"),
    path("dieu-hanh/luot-xem/csv/", views.readings_export, name="readings-export"),
    path("dieu-hanh/yeu-cau-du-lieu/", views.data_requests, name="data-requests"),
    path("dieu-hanh/yeu-cau-du-lieu/<uuid:request_id>/", views.data_request, name="data-request"),
]
