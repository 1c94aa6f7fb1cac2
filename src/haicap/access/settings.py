"""Settings of sign-in: accounts, second factors, sessions, the OpenID provider (all by django-allauth)."""

from __future__ import annotations

import os
from typing import Any

AUTH_USER_MODEL = "access.Account"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "after-sign-in"

ACCOUNT_ADAPTER = "haicap.access.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_USER_MODEL_USERNAME_FIELD = "username"
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_FORMS = {
    "login": "haicap.access.sign_in.forms.SignInForm",
    "change_password": "haicap.access.sign_in.forms.PasswordForm",
    "reauthenticate": "haicap.access.sign_in.forms.AgainForm",
}
# Failed attempts are slowed down by sign_in.throttle. The library's own limits count by account, wherever the
# attempts come from: with them a stranger could keep the owner out.
ACCOUNT_RATE_LIMITS: dict[str, Any] = {
    "login": None,
    "login_failed": None,
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
}

MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "haicap"
MFA_TOTP_PERIOD = 30
MFA_TOTP_TOLERANCE = 1  # telephones run a little fast or slow
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_ADAPTER = "haicap.access.adapters.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "haicap.access.sign_in.forms.CodeForm",
    "reauthenticate": "haicap.access.sign_in.forms.CodeAgainForm",
    "activate_totp": "haicap.access.sign_in.forms.ActivateForm",
    "login_webauthn": "haicap.access.sign_in.forms.PasskeySignInForm",
    "authenticate_webauthn": "haicap.access.sign_in.forms.PasskeyForm",
    "reauthenticate_webauthn": "haicap.access.sign_in.forms.PasskeyAgainForm",
    "add_webauthn": "haicap.access.sign_in.forms.AddPasskeyForm",
    "edit_webauthn": "haicap.access.sign_in.forms.RenamePasskeyForm",
}
MFA_RATE_LIMITS = {"webauthn_login": "30/m/ip"}

IDP_OIDC_ADAPTER = "haicap.access.oidc.adapter.ProviderAdapter"
IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN = 600
IDP_OIDC_RATE_LIMITS = {"introspect_ip": "1200/m/ip", "introspect_client": "1200/m/key"}
#: the address under which other systems know this deployment; empty: the one that was asked
HAICAP_BASE_URL = os.environ.get("HAICAP_BASE_URL", "")
#: for how many days after a cut-over claims carry the former codes, too
HAICAP_FORMER_CODES_DAYS = int(os.environ.get("HAICAP_FORMER_CODES_DAYS", "180"))
SOCIALACCOUNT_ADAPTER = "haicap.access.citizens.adapter.CitizenAdapter"
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_STORE_TOKENS = False

# Letters: by SMTP where a mail server is named; else they are printed, and passwords are not reset by mail.
EMAIL_HOST = os.environ.get("HAICAP_EMAIL_HOST", "")
EMAIL_PORT = int(os.environ.get("HAICAP_EMAIL_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("HAICAP_EMAIL_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("HAICAP_EMAIL_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("HAICAP_EMAIL_TLS", "starttls") == "starttls"
EMAIL_USE_SSL = os.environ.get("HAICAP_EMAIL_TLS", "starttls") == "tls"
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = os.environ.get("HAICAP_EMAIL_FROM", "haicap@localhost")
EMAIL_BACKEND = os.environ.get(
    "HAICAP_EMAIL_BACKEND", f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
)

# Used TOTP codes and limits must be seen by all workers: the cache lies in the database (access migration 0006).
CACHES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "access_cache"}
}

#: networks of the deployment's own proxies, whose X-Forwarded-For is believed: "10.0.0.0/8,127.0.0.1/32"
HAICAP_PROXIES = [net.strip() for net in os.environ.get("HAICAP_PROXIES", "").split(",") if net.strip()]
#: a session that was idle so long ends: seconds, with a delicate permission in any hat, and otherwise
HAICAP_IDLE_DELICATE_S = int(os.environ.get("HAICAP_IDLE_DELICATE_S", str(30 * 60)))
HAICAP_IDLE_S = int(os.environ.get("HAICAP_IDLE_S", str(8 * 3600)))

# Citizens sign in by VNeID; without server and client id there is no button and no route (docs/vi/du-lieu-ca-nhan.md).
HAICAP_VNEID = {
    "server_url": os.environ.get("HAICAP_VNEID_SERVER_URL", ""),
    "client_id": os.environ.get("HAICAP_VNEID_CLIENT_ID", ""),
    "client_secret": os.environ.get("HAICAP_VNEID_CLIENT_SECRET", ""),
    "scope": os.environ.get("HAICAP_VNEID_SCOPE", "openid profile"),
}
