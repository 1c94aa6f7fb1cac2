"""What every measurement is given: databases of its own, and a way to speak."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from psycopg import sql

PREFIX = "haicap_bench_"


@dataclass(frozen=True, slots=True)
class Context:
    """One run: `quick` asks for small amounts (a check that the measurement works, not a measurement)."""

    quick: bool = False

    def say(self, text: str) -> None:
        """A line of progress."""
        print(f"  {time.strftime('%H:%M:%S')} {text}", flush=True)

    @contextmanager
    def database(self, name: str, like: str | None = None) -> Iterator[None]:
        """A migrated database as Django's default, empty or a copy of a filled one; dropped afterwards."""
        self.drop(name)
        with _server() as server:
            _create(server, PREFIX + name, None if like is None else PREFIX + like)
        try:
            with using(PREFIX + name):
                call_command("migrate", interactive=False, verbosity=0)
                yield
        finally:
            self.drop(name)

    def fill(self, name: str, build: Callable[[], None], like: str | None = None) -> None:
        """Fill a database that others of the run copy, unless it is there: it has its name only when complete."""
        with _server() as server:
            if _exists(server, PREFIX + name):
                return
            _drop(server, PREFIX + "making")
            _create(server, PREFIX + "making", None if like is None else PREFIX + like)
        with using(PREFIX + "making"):
            call_command("migrate", interactive=False, verbosity=0)
            build()
        with _server() as server:
            server.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                    sql.Identifier(PREFIX + "making"), sql.Identifier(PREFIX + name)
                )
            )

    def drop(self, name: str) -> None:
        """Drop a database of this run."""
        with _server() as server:
            _drop(server, PREFIX + name)


def clean() -> None:
    """Drop every database of the bench."""
    with _server() as server:
        found = server.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        for (name,) in found.fetchall():
            _drop(server, name)


@contextmanager
def using(name: str) -> Iterator[None]:
    """This database as Django's default."""
    before = connection.settings_dict["NAME"]
    connection.close()
    _use(name)
    try:
        yield
    finally:
        connection.close()
        _use(before)


def _use(name: str) -> None:
    connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = name


@contextmanager
def _server() -> Iterator[psycopg.Connection[Any]]:
    """A connection to the server outside all databases of ours."""
    wrapper = connection.copy()
    wrapper.settings_dict["NAME"] = "postgres"
    parameters = wrapper.get_connection_params()
    for name in ("context", "cursor_factory", "pool", "options"):
        parameters.pop(name, None)
    with psycopg.connect(**parameters, autocommit=True) as server:
        yield server


def _exists(server: psycopg.Connection[Any], name: str) -> bool:
    return server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _create(server: psycopg.Connection[Any], name: str, like: str | None) -> None:
    copied = sql.SQL("TEMPLATE template0" if like is None else "TEMPLATE {} STRATEGY FILE_COPY")
    server.execute(
        sql.SQL("CREATE DATABASE {} ").format(sql.Identifier(name))
        + copied.format(sql.Identifier(like or ""))
    )


def _drop(server: psycopg.Connection[Any], name: str) -> None:
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def row(
    name: str,
    value: float,
    unit: str,
    *,
    goal: str,
    holds: bool,
    against: float | None = None,
    ratio: float | None = None,
) -> dict[str, Any]:
    """One line of the table: `against` was measured beside it in the same run, `ratio` is value over that."""
    return {
        "name": name,
        "value": round(value, 4),
        "unit": unit,
        "against": None if against is None else round(against, 4),
        "ratio": None if ratio is None else round(ratio, 4),
        "goal": goal,
        "holds": bool(holds),
    }


def paced(
    first: Callable[[], Any], second: Callable[[], Any], rounds: int, times: int
) -> tuple[float, float]:
    """Calls a second of two functions, in turns, at the ninth decile of many short rounds.

    Both are measured in the same moments, and rounds in which another process had the machine count little.
    """
    rates: tuple[list[float], list[float]] = ([], [])
    for _round in range(rounds):
        for found, function in zip(rates, (first, second), strict=True):
            begun = time.perf_counter()
            for _time in range(times):
                function()
            found.append(times / (time.perf_counter() - begun))
    best = rounds * 9 // 10
    return sorted(rates[0])[best], sorted(rates[1])[best]
