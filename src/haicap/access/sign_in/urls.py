"""Addresses of signing in and out, and of one's own account.

Only what is used is mounted: nobody signs up or manages e-mail addresses here, and a forgotten password is reset by the
house's own one-time links (`reset`). The names that begin with account_, mfa_ and usersessions_ are those by which
django-allauth finds its own views.
"""

from __future__ import annotations

from allauth.account import views as account_views
from allauth.mfa.base import views as mfa_views
from allauth.mfa.recovery_codes import views as recovery_views
from allauth.mfa.totp import views as totp_views
from allauth.mfa.webauthn import views as webauthn_views
from django.urls import path
from django.views.decorators.http import require_safe

from haicap.access.sign_in import views

urlpatterns = [
    path("dang-nhap/", account_views.login, name="sign-in"),
    path("dang-nhap/", account_views.login, name="account_login"),
    path("dang-nhap/khoa/", webauthn_views.login_webauthn, name="mfa_login_webauthn"),
    path("dang-nhap/lop-hai/", mfa_views.authenticate, name="mfa_authenticate"),
    path("dang-nhap/dang-khoa/", account_views.account_inactive, name="account_inactive"),
    path("dang-nhap/quen-mat-khau/", views.reset_password, name="reset-password"),
    path("dang-nhap/quen-mat-khau/da-nhan/", views.reset_sent, name="reset-sent"),
    path("dang-xuat/", account_views.logout, name="sign-out"),
    path("dang-xuat/", account_views.logout, name="account_logout"),
    path("tai-khoan/", views.my_account, name="my-account"),
    path("tai-khoan/vao/", require_safe(views.after_sign_in), name="after-sign-in"),
    path("tai-khoan/chuc-danh/", views.choose_hat, name="choose-hat"),
    path("tai-khoan/nhat-ky/", views.sign_in_log, name="sign-in-log"),
    path("tai-khoan/mat-khau/", views.change_password, name="account_change_password"),
    path("tai-khoan/xac-nhan/", account_views.reauthenticate, name="account_reauthenticate"),
    path("tai-khoan/lien-ket/<str:secret>/", views.use_link, name="use-link"),
    path("tai-khoan/phien/", views.sessions, name="usersessions_list"),
    path("tai-khoan/phien/<int:session_id>/", views.end_session, name="end-session"),
    path("tai-khoan/phien/tat-ca/", views.end_other_sessions, name="end-other-sessions"),
    path("tai-khoan/lop-hai/", views.second_factor_page, name="second-factor"),
    path("tai-khoan/xac-thuc/", mfa_views.index, name="mfa_index"),
    path("tai-khoan/xac-thuc/xac-nhan/", mfa_views.reauthenticate, name="mfa_reauthenticate"),
    path("tai-khoan/xac-thuc/ung-dung/", totp_views.activate_totp, name="mfa_activate_totp"),
    path("tai-khoan/xac-thuc/ung-dung/tat/", totp_views.deactivate_totp, name="mfa_deactivate_totp"),
    path("tai-khoan/xac-thuc/khoa/", webauthn_views.list_webauthn, name="mfa_list_webauthn"),
    path("tai-khoan/xac-thuc/khoa/them/", webauthn_views.add_webauthn, name="mfa_add_webauthn"),
    path(
        "tai-khoan/xac-thuc/khoa/xac-nhan/",
        webauthn_views.reauthenticate_webauthn,
        name="mfa_reauthenticate_webauthn",
    ),
    path("tai-khoan/xac-thuc/khoa/<int:pk>/go/", views.remove_passkey, name="mfa_remove_webauthn"),
    path("tai-khoan/xac-thuc/khoa/<int:pk>/", webauthn_views.edit_webauthn, name="mfa_edit_webauthn"),
    path(
        "tai-khoan/xac-thuc/ma-du-phong/", recovery_views.view_recovery_codes, name="mfa_view_recovery_codes"
    ),
    path(
        "tai-khoan/xac-thuc/ma-du-phong/moi/",
        recovery_views.generate_recovery_codes,
        name="mfa_generate_recovery_codes",
    ),
]
