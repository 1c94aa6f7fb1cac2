"""The registry of units: loading, look-ups as of a day, search, history, a national reorganisation."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from bench.context import Context, paced, row
from haicap.kernel.actor import SYSTEM
from haicap.kernel.text import fold
from haicap.registry import country, queries, service
from haicap.registry.queries.units import prepared

DAYS = (date(2025, 6, 30), date(2025, 7, 1), date(2026, 4, 30), date(2026, 9, 20))
EFFECTIVE = date(2025, 7, 1)


def rows(context: Context) -> list[dict[str, Any]]:
    """Every line of the issue's goals that concerns the registry alone."""
    with context.database("registry"):
        found = [_load()]
        found += _write_nation()
        for published in country.load_published():
            service.apply_published(SYSTEM, published)
        with connection.cursor() as cursor:  # what was rolled back is swept, as autovacuum would
            cursor.execute("VACUUM ANALYZE")
        context.say("the country is loaded, through all its reorganisations")
        chance = random.Random(20250701)
        found += [_one(context, chance), _thousand(chance), _snapshot(chance)]
        found += [_search(context, chance)]
        found += _history()
    return found


def _timed(function: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    function()
    return time.perf_counter() - begun


def _load() -> dict[str, Any]:
    country.load_base()
    took = _timed(lambda: service.load_base(SYSTEM))
    return row("registry: load the base state", took, "s", goal="≤ 5 s", holds=took <= 5)


def _write_once() -> tuple[float, float]:
    """Seconds to write 1/7/2025 for the whole country in one step and to withdraw it; rolled back."""
    published = [one for one in country.load_published() if one.effective == EFFECTIVE]
    with transaction.atomic():
        resolutions = service.ensure_resolutions(country.load_resolutions())
        changes = service.changes_of_published(published, resolutions)
        begun = time.perf_counter()
        made = service.apply_changes(SYSTEM, "bench", "bench", changes)[0]
        _check_constraints()
        written = time.perf_counter()
        service.withdraw_reorganisation(SYSTEM, made.id)
        _check_constraints()
        ended = time.perf_counter()
        transaction.set_rollback(True)
    return written - begun, ended - written


def _check_constraints() -> None:
    """What a commit would check."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def _write_nation() -> list[dict[str, Any]]:
    """1/7/2025 for the whole country and its withdrawal; the best of three, for they are short and rare."""
    times = [_write_once() for _round in range(3)]
    wrote, withdrew = (min(column) for column in zip(*times, strict=True))
    return [
        row("registry: write the units of 1/7/2025, nation", wrote, "s", goal="< 1.5 s", holds=wrote < 1.5),
        row("registry: withdraw them", withdrew, "s", goal="< 1.5 s", holds=withdrew < 1.5),
    ]


def _pairs(chance: random.Random, count: int) -> list[tuple[str, date]]:
    """Codes and days, three of four of which mean something."""
    codes = sorted({version.code for version in queries.snapshot().versions})
    return [
        (
            chance.choice(codes) if chance.random() < 0.9 else f"{chance.randrange(100_000):05d}",
            chance.choice(DAYS),
        )
        for _number in range(count)
    ]


def _one(context: Context, chance: random.Random) -> dict[str, Any]:
    pairs = iter(_pairs(chance, 50_000) * 2)

    def look_up() -> None:
        queries.code_at(*next(pairs))

    def bare() -> None:
        prepared("SELECT 1")

    rounds, times = (3, 200) if context.quick else (400, 100)
    value, against = paced(look_up, bare, rounds, times)
    ratio = value / against
    return row(
        "registry: look up one code as of a day",
        value,
        "1/s",
        against=against,
        ratio=ratio,
        goal="≥ 0.7 of SELECT 1",
        holds=ratio >= 0.7,
    )


def _thousand(chance: random.Random) -> dict[str, Any]:
    batches = [_pairs(chance, 1000) for _batch in range(20)]
    took = sorted(_timed(partial(queries.units_by_code_at, batch)) for batch in batches)
    value = 1000 / took[len(took) // 2]
    return row(
        "registry: look up 1,000 codes in one call", value, "1/s", goal="≥ 50,000/s", holds=value >= 50_000
    )


def _snapshot(chance: random.Random) -> dict[str, Any]:
    known = queries.snapshot()
    pairs = _pairs(chance, 200_000)
    took = sorted(_timed(lambda: known.by_codes(pairs)) for _round in range(5))
    value = len(pairs) / took[2]
    return row(
        "registry: look up codes in the snapshot", value, "1/s", goal="≥ 500,000/s", holds=value >= 500_000
    )


def _search(context: Context, chance: random.Random) -> dict[str, Any]:
    """Names as people type them: bare, unaccented, with type and province, cut, mistyped; most with a day."""
    versions = list(queries.snapshot().versions)
    titles = {version.unit_id: version.title for version in versions}
    texts: list[str] = [
        "",
        "a",
        "h",
        "xa",
        "phường",
        "1",
        "phường 1",
        "tt",
        "thị trấn",
        "x" * 300,
        "q 1",
        "an",
    ]
    for _number in range(200 if context.quick else 3000):
        version = chance.choice(versions)
        spoilt = list(fold(version.name))
        if len(spoilt) > 3:
            del spoilt[chance.randrange(len(spoilt))]
        texts.append(
            chance.choice(
                [
                    version.name,
                    version.title,
                    fold(version.title),
                    f"{version.title}, {titles[version.province_id]}",
                    fold(f"{version.name} {titles[version.province_id]}"),
                    version.name[: chance.randrange(1, len(version.name) + 1)],
                    "".join(spoilt),
                ]
            )
        )
    queries.search("đà nẵng")  # builds the index
    took = sorted(_timed(partial(queries.search, text, chance.choice([None, *DAYS]))) for text in texts)
    value = took[int(len(took) * 0.99)] * 1000
    context.say(
        f"search over {len(versions)} versions: median {took[len(took) // 2] * 1000:.1f} ms, "
        f"p99 {value:.1f} ms, worst {took[-1] * 1000:.1f} ms"
    )
    return row("registry: search in any spelling, p99", value, "ms", goal="< 15 ms", holds=value < 15)


def _history() -> list[dict[str, Any]]:
    """Of the units with the most predecessors and the most successors."""
    with connection.cursor() as cursor:
        cursor.execute(
            "(SELECT successor_id FROM registry_succession GROUP BY 1 ORDER BY count(*) DESC LIMIT 10) UNION "
            "(SELECT predecessor_id FROM registry_succession GROUP BY 1 ORDER BY count(*) DESC LIMIT 10)"
        )
        units = [unit_id for (unit_id,) in cursor.fetchall()]
    statements, took = 0, 0.0
    for unit_id in units:
        with CaptureQueriesContext(connection) as captured:
            took = max(took, _timed(partial(queries.history, unit_id)))
        statements = max(statements, len(captured))
    return [
        row("registry: whole history, both ways", statements, "queries", goal="= 1", holds=statements == 1),
        row("registry: whole history, slowest of 20", took * 1000, "ms", goal="< 100 ms", holds=took < 0.1),
    ]
