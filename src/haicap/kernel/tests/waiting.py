"""Waiting in tests: for something that happens in another process, never longer than told."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

#: between two looks; how long that is decides nothing but how often is looked
PAUSE_S = 0.02


def until(look: Callable[[], Found], timeout_s: float = 20, said: Callable[[], str] | None = None) -> Found:
    """What a look finds, as soon as it finds anything. Raises TimeoutError, with what `said` tells, when it never
    does. A look that raises ends the waiting: what can no more happen is not waited for.
    """
    end = time.monotonic() + timeout_s
    while True:
        if found := look():
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"not within {timeout_s:g} s: {said() if said else look}")
        time.sleep(PAUSE_S)
