"""Settings of the peer: the database of the deployment, nothing else."""

from __future__ import annotations

from pathlib import Path

from haicap.kernel.database import settings as database_settings

_DATA = database_settings.data_folder()
SECRET_KEY = "not-a-secret"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "bench.bare.urls"
INSTALLED_APPS: list[str] = []
MIDDLEWARE: list[str] = []
TEMPLATES = [
    {"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [Path(__file__).parent]},
]
DATABASES = {"default": database_settings.default_database(_DATA)}
USE_TZ = True
