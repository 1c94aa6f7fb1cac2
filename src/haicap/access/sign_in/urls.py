"""Addresses of signing in and out, and of one's own account."""

from __future__ import annotations

from allauth.account.views import login, logout
from django.urls import include, path

from haicap.access.sign_in import views

urlpatterns = [
    path("dang-nhap/", login, name="sign-in"),
    path("dang-xuat/", logout, name="sign-out"),
    path("tai-khoan/vao/", views.after_sign_in, name="after-sign-in"),
    path("tai-khoan/chuc-danh/", views.choose_hat, name="choose-hat"),
    path("tai-khoan/", include("allauth.account.urls")),
    path("tai-khoan/xac-thuc/", include("allauth.mfa.urls")),
    path("tai-khoan/phien/", include("allauth.usersessions.urls")),
]
