"""One POST to an outside system: bounded in time and size, no redirect, TLS checked."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

#: an answer longer than this is no answer to a message (catalogues have a limit of their own)
LARGEST_ANSWER = 4 * 1024 * 1024
_CHUNK = 64 * 1024


class NotReached(Exception):
    """Nobody took the message: it certainly did not arrive."""


class NoAnswer(Exception):
    """The message went out and no answer came that could be read: it may have arrived."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes


def post(
    address: str,
    body: Mapping[str, Any],
    headers: Mapping[str, str],
    *,
    connect_s: float,
    answer_s: float,
    largest: int = LARGEST_ANSWER,
) -> Answer:
    """POST a JSON object. Raises NotReached or NoAnswer; `answer_s` bounds the whole answer, not each piece."""
    parts = urlsplit(address)
    assert parts.hostname is not None  # `settings.check_endpoint`
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    connection = _connection(parts.scheme, parts.hostname, parts.port, connect_s)
    try:
        try:
            connection.connect()
        except OSError as error:
            raise NotReached(f"{type(error).__name__}: {error}") from error
        assert connection.sock is not None
        end = time.monotonic() + answer_s
        try:
            connection.sock.settimeout(answer_s)
            connection.request(
                "POST",
                parts.path or "/",
                body=content,
                headers={"Content-Type": "application/json; charset=utf-8", "Connection": "close", **headers},
            )
            response = connection.getresponse()
            return Answer(response.status, _read(response, connection.sock, end, largest))
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswer(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()


def _connection(scheme: str, host: str, port: int | None, connect_s: float) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(
            host, port, timeout=connect_s, context=ssl.create_default_context()
        )
    return http.client.HTTPConnection(host, port, timeout=connect_s)


def _read(response: http.client.HTTPResponse, sock: socket.socket | None, end: float, largest: int) -> bytes:
    found = bytearray()
    while True:
        left_s = end - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the answer took too long")
        if sock is not None and sock.fileno() >= 0:
            sock.settimeout(left_s)
        piece = response.read1(_CHUNK)
        if not piece:
            break
        found += piece
        if len(found) > largest:
            raise http.client.HTTPException(f"an answer of more than {largest} bytes")
    return bytes(found)
