"""A run of the engine in a process of its own, to be killed: `python -m … PLAN cut_over|undo|rehearse INSTANT`.

Says on a line of its own each phase that begins ("3 Đếm trước") and "done" at the end; "refused CODE" for an error
that people read.
"""

from __future__ import annotations

import sys
from datetime import datetime


def say(text: str) -> None:
    """One line, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(key: str, what: str, instant: str) -> int:
    """Carry out the run."""
    import django

    django.setup()
    from haicap.kernel import clock
    from haicap.kernel.actor import SYSTEM
    from haicap.kernel.errors import HaicapError
    from haicap.reorganisation import service

    def tell(label: str, done: int, total: int) -> None:
        say(f"{done} {label}")

    with clock.at(datetime.fromisoformat(instant)):
        plan = service.plan_by_key(key)
        say("0 ready")
        try:
            if what == "undo":
                service.undo_cut_over(SYSTEM, plan, "thử", tell)
            elif what == "rehearse":
                service.rehearse(SYSTEM, plan, tell)
            else:
                service.cut_over(SYSTEM, plan, tell)
        except HaicapError as error:
            say(f"refused {error.code}")
            return 1
    say("done")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
