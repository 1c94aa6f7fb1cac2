"""Cuts over in the database of `DATABASE_URL`, which is a copy: `clone` starts this as a process of its own.

Prints lines of JSON: {"phase": label} as it goes on, at the end {"classes", "phases", "read_only_s"} or {"error"}.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from typing import Any


def main(key: str, label: str, shift_s: float) -> int:
    """Cut the plan `key` over as `label`, with the clock shifted by so many seconds."""
    import django

    django.setup()
    from haicap.kernel import clock
    from haicap.kernel.actor import Actor
    from haicap.kernel.errors import HaicapError
    from haicap.reorganisation import service

    actor = Actor(label=label, sees_all=True, is_system=True)
    try:
        with clock.shifted(timedelta(seconds=shift_s) - clock.current_shift()):
            plan = service.plan_by_key(key)
            outcome = service.cut_over(actor, plan, lambda phase, done, total: _tell({"phase": phase}))
    except HaicapError as error:
        _tell({"error": error.as_dict()})
        return 1
    classes = [line.as_dict() for line in outcome.lines]
    _tell({"classes": classes, "phases": list(outcome.phases), "read_only_s": outcome.read_only_s})
    return 0


def _tell(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], float(sys.argv[3])))
