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
    keep: bool = False

    def say(self, text: str) -> None:
        """A line of progress."""
        print(f"  {time.strftime('%H:%M:%S')} {text}", flush=True)

    @contextmanager
    def database(self, name: str) -> Iterator[None]:
        """A migrated, otherwise empty database of this run as Django's default; dropped afterwards.

        With `keep` it stays, and one of that name from an earlier run is used as it stands.
        """
        entry = connection.settings_dict
        own, before = PREFIX + name, entry["NAME"]
        with _server() as server:
            if not self.keep:
                _drop(server, own)
            exists = server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [own]).fetchone()
            if not exists:
                server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(own)))
        connection.close()
        _use(own)
        try:
            call_command("migrate", interactive=False, verbosity=0)
            yield
        finally:
            connection.close()
            _use(before)
            if not self.keep:
                with _server() as server:
                    _drop(server, own)


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
        "holds": holds,
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
