"""The whole country carried in one cut-over, kept and taken back, against the bare way in the same database."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from bench import nation
from bench.context import PREFIX, Context, row

APPOINTMENTS = 300_000
SIZES = (1_000_000, 5_000_000)
QUICK_SIZES = (20_000, 100_000)
#: a national cut-over takes seconds; this long it has hung
TIMEOUT_S = 900


def rows(context: Context) -> list[dict[str, Any]]:
    """Cut-over and undo at two sizes; the bare update at the larger one."""
    small, big = QUICK_SIZES if context.quick else SIZES
    fill(context)
    less, _none = _measured(context, filled(context, small))
    more, bare = _measured(context, filled(context, big), bare=True)
    return [*_times(more, bare), *_read_only(less, more), *_memory(less, more)]


def fill(context: Context) -> None:
    """The units, agencies and people, before any dossier: what both sizes are copied from."""

    def build() -> None:
        nation.fill_units()
        nation.fill_people(20_000 if context.quick else APPOINTMENTS)

    context.fill("nation_quick" if context.quick else "nation", build)


def filled(context: Context, dossiers: int) -> str:
    """The name of the national database with so many dossiers."""
    name = f"nation_{dossiers}"
    context.fill(
        name, lambda: nation.fill_dossiers(dossiers), like="nation_quick" if context.quick else "nation"
    )
    return name


def _measured(context: Context, name: str, *, bare: bool = False) -> tuple[dict[str, Any], float]:
    """Figures of a cut-over and its undo on a copy; then the seconds of the bare update there."""
    with context.database("carried", like=name):
        nation.warm()
        done = subprocess.run(
            [sys.executable, "-m", "bench.carry", PREFIX + "carried"],
            stdout=subprocess.PIPE,
            text=True,
            timeout=TIMEOUT_S,
            check=True,
        )
        figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        context.say(
            f"{figures['carried']['dossier']} dossiers: cut-over {figures['cut_s']:.1f} s "
            f"(read-only {figures['read_only_s']:.2f} s, of it digest {figures['digest_s']:.2f} s), "
            f"undo {figures['undo_s']:.1f} s (read-only {figures['undo_read_only_s']:.2f} s)"
        )
        context.say(" · ".join(f"{phase} {seconds:.2f}" for phase, seconds in figures["phases"].items()))
        seconds = nation.bare_update() if bare else 0.0
        if bare:
            context.say(f"bare update: {seconds:.1f} s")
    return figures, seconds


def _times(more: dict[str, Any], bare: float) -> list[dict[str, Any]]:
    cut, undo = more["cut_s"] / bare, more["undo_s"] / bare
    holds = more["balanced"]
    return [
        row("national: cut-over, kept, ledger and journal included", more["cut_s"], "s",
            against=bare, ratio=cut, goal="≤ 0.05 of one bare UPDATE", holds=holds and cut <= 0.05),
        row("national: undo", more["undo_s"], "s",
            against=bare, ratio=undo, goal="≤ 0.05 of one bare UPDATE", holds=undo <= 0.05),
    ]  # fmt: skip


def _read_only(less: dict[str, Any], more: dict[str, Any]) -> list[dict[str, Any]]:
    """The moment in which nobody can write; what it takes beside the digest must not grow with the dossiers."""
    found = []
    for word, key, digest in (
        ("cut-over", "read_only_s", "digest_s"),
        ("undo", "undo_read_only_s", "undo_digest_s"),
    ):
        moment = more[key]
        beside, before = moment - more[digest], less[key] - less[digest]
        found += [
            row(f"national: read-only moment of the {word}", moment, "s", goal="≤ 1 s", holds=moment <= 1),
            row(f"national: … beside the digest, five times the dossiers ({word})", beside, "s",
                against=before, ratio=beside / before, goal="< 1.3, or by less than 30 ms",
                holds=beside / before < 1.3 or beside - before < 0.03),
        ]  # fmt: skip
    return found


def _memory(less: dict[str, Any], more: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for word, key in (("process", "own_mb"), ("database backend", "backend_mb")):
        if less[key]:
            ratio = more[key] / less[key]
            found.append(
                row(f"national: peak memory of the {word}, five times the dossiers", more[key], "MB",
                    against=less[key], ratio=ratio, goal="≤ 1.1", holds=ratio <= 1.1)
            )  # fmt: skip
    return found
