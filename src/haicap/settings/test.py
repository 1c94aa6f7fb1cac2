"""Settings of the tests: a real PostgreSQL, plain static files, a throw-away data folder."""

from __future__ import annotations

import os
import tempfile

os.environ.setdefault("HAICAP_DATA", tempfile.mkdtemp(prefix="haicap-test-"))

from haicap.settings.base import *  # noqa: E402,F403
from haicap.settings.base import DATABASES, STORAGES  # noqa: E402

STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
DATABASES["default"].setdefault("OPTIONS", {}).pop("pool", None)
# The tests empty tables that are otherwise append-only (kernel migration 0002; heeded in test_… databases only).
DATABASES["default"]["OPTIONS"]["options"] = "-c haicap.truncate=allowed"
