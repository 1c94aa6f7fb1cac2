"""Quét vi-rút: a file goes to ClamAV's daemon over its socket (INSTREAM) before it is kept."""

from __future__ import annotations

import socket
import struct
from typing import BinaryIO

from django.utils.translation import gettext as _

from haicap.kernel.text import clean
from haicap.systems.onestop.reception import configuration
from haicap.systems.onestop.reception.errors import FileInfected, ScannerSilent

_PIECE_BYTES = 64 * 1024
#: a large file takes clamd some seconds; a dead daemon must not hold the counter for longer
_PATIENCE_S = 60.0
_LONGEST_ANSWER = 4_096


def scan(content: BinaryIO, name: str) -> bool:
    """Quét vi-rút: whether the file was scanned; False where the deployment names no scanner.

    Raises FileInfected (ONE-607), and ScannerSilent (ONE-608) where the scanner does not answer or does not take
    the file: nothing is let through unseen.
    """
    address = configuration.virus_scanner()
    if not address:
        return False
    content.seek(0)
    try:
        with _connect(address) as connection:
            answer = _send(connection, content)
    except OSError as error:
        raise _silent(str(error)) from error
    finally:
        content.seek(0)
    if answer.endswith("OK"):
        return True
    if answer.endswith("FOUND"):
        found = answer.removesuffix("FOUND").partition(":")[2].strip()
        raise FileInfected(
            _("Tệp «%(name)s» chứa mã độc (%(found)s).") % {"name": clean(name)[:100], "found": found[:100]},
            where="files",
            kept=_("Tệp này không được lưu; những gì đã nhập vẫn còn."),
            todo=_("Hãy quét giấy lại từ bản gốc, không mở tệp này trên máy khác."),
        )
    raise _silent(answer)


def answers() -> bool | None:
    """Whether the scanner answers (PING); None where none is named."""
    address = configuration.virus_scanner()
    if not address:
        return None
    try:
        with _connect(address) as connection:
            connection.sendall(b"zPING\0")
            return connection.recv(64).rstrip(b"\0\n") == b"PONG"
    except OSError:
        return False


def _connect(address: str) -> socket.socket:
    if address.startswith("/"):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(_PATIENCE_S)
        try:
            connection.connect(address)
        except OSError:
            connection.close()
            raise
        return connection
    host, _colon, port = address.rpartition(":")
    if not port.isdigit():
        raise OSError(f"bad address {address!r}")
    return socket.create_connection((host or "127.0.0.1", int(port)), timeout=_PATIENCE_S)


def _send(connection: socket.socket, content: BinaryIO) -> str:
    """One INSTREAM command: pieces with their length before them, an empty one at the end; the answer's text."""
    connection.sendall(b"zINSTREAM\0")
    try:
        while piece := content.read(_PIECE_BYTES):
            connection.sendall(struct.pack("!L", len(piece)) + piece)
        connection.sendall(struct.pack("!L", 0))
    except BrokenPipeError:
        pass  # beyond its size limit clamd says so and hangs up: its answer is still to be read
    answer = b""
    while not answer.endswith(b"\0") and len(answer) < _LONGEST_ANSWER:
        piece = connection.recv(_LONGEST_ANSWER)
        if not piece:
            break
        answer += piece
    return answer.rstrip(b"\0\n").decode("utf-8", "replace")


def _silent(why: str) -> ScannerSilent:
    return ScannerSilent(
        _("Máy quét vi-rút không trả lời: %(why)s") % {"why": why[:200] or "—"},
        where="files",
        kept=_("Tệp chưa được lưu; những gì đã nhập vẫn còn."),
        todo=_("Hãy thử lại sau một phút, hoặc tiếp nhận bản giấy rồi đính tệp sau; báo bộ phận kỹ thuật."),
    )
