"""What all tests share: a database cloned from a migrated template, and the server it lives in.

- The template is migrated once per state of the migrations; each pytest process clones it (`test_…`).
- A test with `transaction=True` really commits: its database is thrown away and cloned again, so that the
  rows which migrations made are there for the next test, and append-only tables need no back door.
- The embedded server of the tests (build/test-database) is stopped by the session that started it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.test import TransactionTestCase
from psycopg import sql

pytest_plugins = ["haicap.reorganisation.tests.small_country"]

ROOT = Path(__file__).resolve().parent
TEMPLATE_PREFIX = "haicap_template"
TEMPLATE_LOCK = 7_201_407_001


def pytest_configure(config: pytest.Config) -> None:
    """Note whether the embedded server ran before the session; workers leave it to the controller."""
    config.stash[_SERVER_WAS_UP] = hasattr(config, "workerinput") or _embedded_is_ready()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the embedded server when this session was the one to start it."""
    if not config.stash.get(_SERVER_WAS_UP, True) and _embedded_is_ready():
        connections.close_all()
        _cluster().stop()


_SERVER_WAS_UP: pytest.StashKey[bool] = pytest.StashKey()


def _cluster() -> Any:
    from haicap.kernel.database.cluster import Cluster

    return Cluster(Path(settings.DATABASES["default"]["EMBEDDED"]["data_folder"]), durable=False)


def _embedded_is_ready() -> bool:
    return "EMBEDDED" in settings.DATABASES["default"] and _cluster().is_ready()


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: Any, django_db_modify_db_settings: None
) -> Iterator[None]:
    """The process's own database, cloned from the template."""
    entry = connection.settings_dict
    original, name = entry["NAME"], connection.creation._get_test_db_name()
    with django_db_blocker.unblock():
        template = _ensure_template(original)
        _clone(template, name)
        entry["NAME"] = settings.DATABASES["default"]["NAME"] = name
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda self: _clone(template, name))
        yield
    with django_db_blocker.unblock():
        connection.close()
        entry["NAME"] = settings.DATABASES["default"]["NAME"] = original
        with _maintenance() as server:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def _maintenance() -> Iterator[psycopg.Connection[Any]]:
    """A connection to the server, outside the tests' databases."""
    wrapper = connection.copy()
    wrapper.settings_dict["NAME"] = "postgres"
    parameters = wrapper.get_connection_params()
    for name in ("context", "cursor_factory", "pool", "options"):
        parameters.pop(name, None)
    with psycopg.connect(**parameters, autocommit=True) as server:
        yield server


def _clone(template: str, name: str) -> None:
    connection.close()
    target, source = sql.Identifier(name), sql.Identifier(template)
    with _maintenance() as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(target))
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(target, source))


def _ensure_template(original: str) -> str:
    """The name of the template of the present migrations; made when it is missing, older ones dropped."""
    prefix = f"{TEMPLATE_PREFIX}_{hashlib.sha256(original.encode()).hexdigest()[:6]}_"
    template = prefix + _digest()
    with _maintenance() as server:
        server.execute("SELECT pg_advisory_lock(%s)", [TEMPLATE_LOCK])
        found = server.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
        names = {row[0] for row in found.fetchall()}
        if template in names:
            return template
        for old in names:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(old)))
        making = f"{prefix}making"
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(making)))
        _migrate(making)
        server.execute(
            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(making), sql.Identifier(template))
        )
    return template


def _migrate(name: str) -> None:
    entry = connection.settings_dict
    before = entry["NAME"]
    connection.close()
    entry["NAME"] = name
    try:
        call_command("migrate", interactive=False, verbosity=0)
    finally:
        connection.close()
        entry["NAME"] = before


def _digest() -> str:
    """Of everything that can decide what migrations make: all code and data of ours but tests and pages."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "src" / "haicap").rglob("*")):
        if path.suffix in {".py", ".csv", ".sql"} and _decides(path.relative_to(ROOT)):
            digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _decides(path: Path) -> bool:
    if "tests" in path.parts:
        return False
    return "migrations" in path.parts or "kernel" in path.parts or path.parts[2] == "settings"


@pytest.fixture
def project_root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture
def without_managed_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a deployment that uses the embedded server."""
    for name in list(os.environ):
        if name.startswith(("HAICAP_", "PG")) or name == "DATABASE_URL":
            monkeypatch.delenv(name)
