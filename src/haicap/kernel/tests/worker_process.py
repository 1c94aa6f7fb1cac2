"""A real worker for the tests, with handlers that leave their traces in a file.

Run as `python -m haicap.kernel.tests.worker_process FILE`: the handler of test.hang waits for FILE.go;
that of test.work sleeps for ever in Python for {"do": "sleep"}, in the database for {"do": "query"}.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from haicap.kernel import jobs


def main() -> None:
    """Register the handlers and work."""
    import django

    django.setup()
    from django.db import connection

    from haicap.kernel import clock, outbox
    from haicap.kernel.outbox import BackOff, Delivery

    traces = Path(sys.argv[1])

    def leave(what: str, delivery: Delivery) -> None:
        line = {"what": what, "key": delivery.key, "attempt": delivery.attempt, "pid": os.getpid()}
        with traces.open("a") as file:
            file.write(json.dumps({**line, "now": clock.now().isoformat()}) + "\n")

    @outbox.handler("test.work", attempts=3, back_off=BackOff(first_s=0), timeout_s=2)
    def work(delivery: Delivery) -> None:
        leave("begun", delivery)
        match delivery.payload.get("do"):
            case "fail once" if delivery.attempt == 1:
                raise OSError("once")
            case "sleep" if delivery.attempt == 1:
                while True:
                    time.sleep(0.01)
            case "query" if delivery.attempt == 1:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_sleep(600)")
        leave("ended", delivery)

    @outbox.handler("test.hang", attempts=3, back_off=BackOff(first_s=0), timeout_s=600)
    def hang(delivery: Delivery) -> None:
        leave("begun", delivery)
        while not traces.with_suffix(".go").exists():
            time.sleep(0.01)
        leave("ended", delivery)

    jobs.main()


if __name__ == "__main__":
    main()
