"""Settings of every deployment. Values that differ between deployments come from the environment only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from haicap.kernel.database import settings as database_settings

PACKAGE = Path(__file__).resolve().parent.parent
DATA_FOLDER = database_settings.data_folder()

DEBUG = os.environ.get("HAICAP_DEBUG", "") == "1"
SECRET_KEY = database_settings.secret_key(DATA_FOLDER)
ALLOWED_HOSTS = os.environ.get("HAICAP_HOSTS", "127.0.0.1,localhost,[::1]").split(",")

INSTALLED_APPS = [
    "haicap.access",  # before allauth: our pages take the place of its own
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "django_htmx",
    "ninja",
    "procrastinate.contrib.django",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.idp.oidc",
    "haicap.kernel",
    "haicap.registry",
    "haicap.systems.onestop",
    "haicap.reorganisation",
    "haicap.web",
    "haicap.cli",
]

MIDDLEWARE = [
    "haicap.web.middleware.CorrelationMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "haicap.web.middleware.SecurityHeadersMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "haicap.web.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "haicap.access.middleware.ActorMiddleware",
    "haicap.access.sign_in.sessions.SessionMiddleware",
    "haicap.access.sign_in.gate.GateMiddleware",
]

ROOT_URLCONF = "haicap.web.urls"
WSGI_APPLICATION = "haicap.web.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "haicap.web.context.shell",
            ],
            "builtins": ["haicap.web.templatetags.haicap"],
        },
    },
]

DATABASES = {"default": database_settings.default_database(DATA_FOLDER)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "vi"
LANGUAGES = [("vi", "Tiếng Việt"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Ho_Chi_Minh"

# Sessions lie in the database, so that they can be listed and ended. A visitor who does not sign in has none.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "haicap_session"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "haicap.web.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True

from haicap.access.settings import *  # noqa: E402,F403 (accounts, second factor, single sign-on)

STATIC_URL = "/static/"
STATIC_ROOT = DATA_FOLDER / "static"
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "files": database_settings.file_storage(DATA_FOLDER),
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = DATA_FOLDER / "media"

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("HAICAP_LOG", "WARNING")},
}
