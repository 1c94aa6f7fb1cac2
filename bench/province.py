"""One province as `make up` fills it: how long its officials must wait while it is carried over."""

from __future__ import annotations

from typing import Any

from bench import nation
from bench.context import Context, row
from haicap.cli import demonstration
from haicap.cli.setup.steps import EFFECTIVE_ON
from haicap.kernel.actor import SYSTEM
from haicap.reorganisation import service

PROVINCE = "48"


def rows(context: Context) -> list[dict[str, Any]]:
    """Đà Nẵng and Quảng Nam at SCALE=1: cut over, taken back."""
    with context.database("province"):
        report = demonstration.fill(PROVINCE, 0.05 if context.quick else 1.0)
        context.say(f"{sum(report.seconds.values()):.0f} s to fill: {report.counts}")
        _values, text = service.propose_plan(SYSTEM, PROVINCE, EFFECTIVE_ON)
        plan = service.save_plan(SYSTEM, text, "bench")
        service.check_plan(SYSTEM, plan)
        rehearsed = sorted(service.rehearse(SYSTEM, plan).read_only_s for _time in range(3))
        done = service.cut_over(SYSTEM, plan)
        undone = service.undo_cut_over(SYSTEM, plan, "bench")
        bare = nation.bare_update()
    context.say(f"rehearsals: read-only {', '.join(f'{seconds:.2f}' for seconds in rehearsed)} s")
    return [
        row("province: read-only moment of the cut-over", done.read_only_s, "s",
            against=bare, ratio=done.read_only_s / bare, goal="< 0.5 s", holds=done.read_only_s < 0.5),
        row("province: read-only moment of the undo", undone.read_only_s, "s",
            against=bare, ratio=undone.read_only_s / bare, goal="< 0.5 s", holds=undone.read_only_s < 0.5),
        row("province: whole cut-over", done.total_s, "s",
            against=bare, ratio=done.total_s / bare, goal="≤ 10 s", holds=done.total_s <= 10),
    ]  # fmt: skip
