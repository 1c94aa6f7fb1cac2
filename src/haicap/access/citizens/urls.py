"""Addresses of citizens' sign-in by an outside provider; the other pages of allauth.socialaccount stay away."""

from __future__ import annotations

from django.urls import path, re_path

from haicap.access.citizens import views

urlpatterns = [
    path("cong-dan/", views.home, name="citizen"),
    path("cong-dan/dong-y/", views.consent, name="citizen-consent"),
    path("cong-dan/vneid/da-huy/", views.cancelled, name="socialaccount_login_cancelled"),
    re_path(r"^cong-dan/(?P<provider_id>vneid)/tro-lai/$", views.callback, name="openid_connect_callback"),
    re_path(r"^cong-dan/(?P<provider_id>vneid)/$", views.sign_in, name="openid_connect_login"),
]
