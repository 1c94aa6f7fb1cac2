"""Settings of the tests: a real PostgreSQL of their own, plain static files, a data folder in `build`.

Without `DATABASE_URL` the tests run in an embedded server in `build/test-database`, which need not survive a
power cut; it starts at the first connection and stops with the session that started it (conftest.py).
"""

from __future__ import annotations

import os
from pathlib import Path

from haicap.kernel.database import settings as database_settings

BUILD: Path = database_settings.project_folder() / "build"
TEST_DATABASE_FOLDER = BUILD / "test-database"
os.environ.setdefault("HAICAP_DATA", str(BUILD / "test-data" / os.environ.get("PYTEST_XDIST_WORKER", "one")))

from haicap.settings.base import *  # noqa: E402,F403
from haicap.settings.base import DATABASES, STORAGES  # noqa: E402

STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
if not os.environ.get("DATABASE_URL"):
    DATABASES["default"] = database_settings.embedded_database(TEST_DATABASE_FOLDER, "haicap", durable=False)
DATABASES["default"].setdefault("OPTIONS", {}).pop("pool", None)
# The tests empty tables that are otherwise append-only (kernel migration 0002; heeded in test_… only).
DATABASES["default"]["OPTIONS"]["options"] = "-c haicap.truncate=allowed"
