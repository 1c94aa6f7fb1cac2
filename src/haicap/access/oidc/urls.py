"""Addresses of the OpenID provider: discovery at the root, the rest below `/identity/`; pages in the house's words.

The names are those of django-allauth, whose own addresses are not included: it has more of them than we offer.
"""

from __future__ import annotations

from django.urls import include, path

from haicap.access.oidc import endpoints, pages

_PROVIDER = [
    path(".well-known/openid-configuration", endpoints.discovery, name="configuration"),
    path(".well-known/jwks.json", endpoints.jwks, name="jwks"),
    path("identity/o/authorize", endpoints.authorization, name="authorization"),
    path("identity/o/logout", endpoints.logout, name="logout"),
    path("identity/o/api/token", endpoints.token, name="token"),
    path("identity/o/api/userinfo", endpoints.userinfo, name="userinfo"),
    path("identity/o/api/revoke", endpoints.revoke, name="revoke"),
    path("identity/o/api/introspect", endpoints.introspect, name="introspect"),
]

urlpatterns = [
    path("", include(([path("", include((_PROVIDER, "oidc")))], "idp"))),
    path("dieu-hanh/ung-dung/", pages.listed, name="sso-applications"),
    path("dieu-hanh/ung-dung/moi/", pages.add, name="sso-application-add"),
    path("dieu-hanh/ung-dung/khoa-ky/", pages.signing_keys, name="sso-keys"),
    path("dieu-hanh/ung-dung/<uuid:application_id>/", pages.edit, name="sso-application"),
    path(
        "dieu-hanh/ung-dung/<uuid:application_id>/ma-bi-mat/", pages.new_secret, name="sso-application-secret"
    ),
    path("dieu-hanh/ung-dung/<uuid:application_id>/dong/", pages.close, name="sso-application-close"),
    path("tai-khoan/ung-dung/", pages.mine, name="sso-mine"),
    path("tai-khoan/ung-dung/rut-lai/", pages.forget, name="sso-forget"),
]
