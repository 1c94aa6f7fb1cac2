"""A small load generator for loopback: a few connections kept alive, one request after the other on each."""

from __future__ import annotations

import http.client
import threading
import time

CONNECTIONS = 4


class WrongAnswer(RuntimeError):
    """The server answered something else than the page."""


def rate(port: int, path: str, seconds: float, headers: dict[str, str], least_bytes: int) -> float:
    """Answers a second over `CONNECTIONS` connections; raises WrongAnswer unless each is the whole page."""
    done = [0] * CONNECTIONS
    wrong: list[str] = []
    until = time.monotonic() + seconds
    began = time.monotonic()

    def ask(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while time.monotonic() < until and not wrong:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200 or len(body) < least_bytes:
                wrong.append(f"{answer.status}, {len(body)} bytes")
            done[number] += 1
        connection.close()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise WrongAnswer(wrong[0])
    return sum(done) / (time.monotonic() - began)
