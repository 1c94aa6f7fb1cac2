"""Addresses of the registry's pages, below /don-vi/."""

from __future__ import annotations

from django.urls import path

from haicap.registry import views

app_name = "units"
urlpatterns = [
    path("", views.search, name="search"),
    path("tinh/", views.provinces, name="provinces"),
    path("tinh/<str:code>/", views.province, name="province"),
    path("tinh/<str:code>/hinh/<str:new_code>/", views.province_fold, name="province-fold"),
    path("tinh/<str:code>/ke-thua.csv", views.province_csv, name="province-csv"),
    path("tinh/<str:code>/ke-thua.xlsx", views.province_xlsx, name="province-xlsx"),
    path("<str:code>/", views.unit, name="unit"),
]
