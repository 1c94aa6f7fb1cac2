"""Threads with a database connection of their own, for tests of what happens at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection


class Worker(threading.Thread):
    """A thread that runs `work` and closes its connection; `result()` joins and raises what it raised."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._value: Any = None
        self._error: BaseException | None = None
        self.start()

    def run(self) -> None:
        """The body of the thread."""
        try:
            self._value = self._work()
        except BaseException as error:
            self._error = error
        finally:
            connection.close()

    def result(self, timeout_s: float = 60) -> Any:
        """What `work` returned; raises what it raised, or TimeoutError."""
        self.join(timeout_s)
        if self.is_alive():
            raise TimeoutError("the thread still runs")
        if self._error is not None:
            raise self._error
        return self._value
