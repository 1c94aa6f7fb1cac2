"""The small country, built once a session and cloned for every test that changes it.

A plugin, not a conftest: floors above use its fixtures too, and each session must have one atlas only, for
the template it clones goes by the name of the process's database.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from haicap.kernel import clock
from haicap.reorganisation.tests import factories
from haicap.reorganisation.tests.factories import BEFORE, World


@contextmanager
def maintenance() -> Iterator[psycopg.Connection[Any]]:
    """A connection to the server, outside the tests' database; closes that of Django."""
    connection.close()
    parameters = connection.get_connection_params()
    for name in ("context", "cursor_factory", "pool", "options"):
        parameters.pop(name, None)
    with psycopg.connect(**parameters | {"dbname": "postgres"}, autocommit=True) as server:
        yield server


def clone(source: str, target: str) -> None:
    """Replace the database `target` by a copy of `source`.

    Who is still connected to either is put out: threads of a live server keep the connections of the last
    test that asked them something, and PostgreSQL copies no database that others are in.
    """
    with maintenance() as server:
        names = {"source": sql.Identifier(source), "target": sql.Identifier(target)}
        server.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = %s AND usename = current_user",
            [source],
        )
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {target} WITH (FORCE)").format(**names))
        server.execute(sql.SQL("CREATE DATABASE {target} TEMPLATE {source}").format(**names))


class Atlas:
    """The small country's template: the database it lies in, and what was built there."""

    def __init__(self) -> None:
        self.template = self.pristine = ""
        self.built: World | None = None

    def unfold(self) -> World:
        """The tests' database as a fresh copy of the small country."""
        name = str(connection.settings_dict["NAME"])
        if self.built is None:
            self.pristine = f"{name}_pristine"
            clone(name, self.pristine)
            with clock.at(BEFORE):
                self.built = factories.make_world()
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
            self.template = f"{name}_atlas"
            clone(name, self.template)
        else:
            clone(self.template, name)
        return copy.deepcopy(self.built)

    def fold(self) -> None:
        """The tests' database as it was before."""
        clone(self.pristine, str(connection.settings_dict["NAME"]))

    def burn(self) -> None:
        """Drop what was made."""
        with maintenance() as server:
            for name in (self.template, self.pristine):
                if name:
                    server.execute(
                        sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
                    )


@pytest.fixture(scope="session")
def atlas(django_db_setup: None, django_db_blocker: Any) -> Iterator[Atlas]:
    """The small country of this session."""
    made = Atlas()
    yield made
    with django_db_blocker.unblock():
        made.burn()


@pytest.fixture(scope="module")
def small_country(atlas: Atlas, django_db_blocker: Any) -> Iterator[World]:
    """The small country for tests that only read: one copy for a whole module."""
    with django_db_blocker.unblock():
        yield atlas.unfold()
        atlas.fold()


@pytest.fixture
def afternoon() -> Iterator[None]:
    """The clock shows the last afternoon of the old order."""
    with clock.at(BEFORE):
        yield


@pytest.fixture
def world(transactional_db: None, atlas: Atlas, afternoon: None) -> World:
    """The small country at work, in a database that really commits."""
    return atlas.unfold()
