"""What the kernel's tests share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import setup_databases, teardown_databases
from hypothesis import settings as hypothesis_settings

from haicap.kernel.journal import guard_sql

# A machine that is busy with other things is no defect of the code under test.
hypothesis_settings.register_profile("haicap", deadline=None)
hypothesis_settings.load_profile("haicap")

_EMPTIED = "kernel_journal, kernel_journal_seal, kernel_journal_debt, kernel_outbox"
_JOBS = "procrastinate_jobs, procrastinate_events, procrastinate_periodic_defers, procrastinate_workers"
GUARDED = "kernel_test_guarded"


@pytest.fixture(scope="session")
def database_of_tests(
    django_db_setup: None, django_db_blocker: Any, django_db_keepdb: bool
) -> Iterator[None]:
    """The tests' database, also in a session in which pytest-django saw no test that asks for it."""
    if str(connection.settings_dict["NAME"]).startswith("test_"):
        yield
        return
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, aliases={"default"}, keepdb=django_db_keepdb)
        yield
        teardown_databases(made, verbosity=0, keepdb=django_db_keepdb)


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {_EMPTIED}")
        cursor.execute(f"TRUNCATE {_JOBS} RESTART IDENTITY CASCADE")


@pytest.fixture
def committed(database_of_tests: None, django_db_blocker: Any) -> Iterator[None]:
    """A database where transactions really commit, with an empty journal, outbox and job queue.

    Cheaper than emptying every table of the house, and leaves the rows that migrations made.
    """
    with django_db_blocker.unblock():
        _empty()
        yield
        connection.close()
        _empty()


@pytest.fixture
def guarded(committed: None) -> Iterator[str]:
    """The name of a guarded table (id integer, n integer)."""
    forward, _backward = guard_sql(GUARDED)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {GUARDED}")
        cursor.execute(f"CREATE TABLE {GUARDED} (id integer PRIMARY KEY, n integer)")
        cursor.execute(forward)
    yield GUARDED
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {GUARDED}")
