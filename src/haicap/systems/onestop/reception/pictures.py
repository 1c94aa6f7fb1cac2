"""How large a picture unfolds: read from its header, without unfolding it."""

from __future__ import annotations

import struct
from typing import BinaryIO

#: SOF markers of JPEG: they say height and width
_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_MOST_SEGMENTS = 1_000
_WIDTH, _HEIGHT = 256, 257


def pixels(content: BinaryIO, media_type: str) -> int | None:
    """Width times height as the picture's header says; None where it says none (a broken picture).

    PNG, JPEG, WebP and TIFF; kinds without a reader here say 1: they are bounded by the size of the file.
    """
    content.seek(0)
    readers = {"image/png": _png, "image/jpeg": _jpeg, "image/webp": _webp, "image/tiff": _tiff}
    reader = readers.get(media_type)
    try:
        return reader(content) if reader is not None else 1
    except (struct.error, OSError, IndexError):
        return None
    finally:
        content.seek(0)


def _png(content: BinaryIO) -> int | None:
    head = content.read(33)
    if head[12:16] != b"IHDR":
        return None
    width, height = struct.unpack(">II", head[16:24])
    content.seek(-12, 2)
    whole = content.read(12)[4:8] == b"IEND"
    return int(width * height) if whole and width and height else None


def _jpeg(content: BinaryIO) -> int | None:
    content.read(2)
    for _segment in range(_MOST_SEGMENTS):
        byte = content.read(1)
        while byte and byte != b"\xff":
            byte = content.read(1)
        marker = content.read(1)
        while marker == b"\xff":
            marker = content.read(1)
        if not marker:
            return None
        if marker[0] in (0x01, *range(0xD0, 0xD9)):
            continue
        (length,) = struct.unpack(">H", content.read(2))
        if marker[0] in _FRAMES:
            height, width = struct.unpack(">xHH", content.read(5))
            return int(width * height) or None
        content.seek(length - 2, 1)
    return None


def _webp(content: BinaryIO) -> int | None:
    head = content.read(30)
    kind = head[12:16]
    if kind == b"VP8X":
        width = int.from_bytes(head[24:27], "little") + 1
        return width * (int.from_bytes(head[27:30], "little") + 1)
    if kind == b"VP8L":
        (bits,) = struct.unpack("<I", head[21:25])
        return int(((bits & 0x3FFF) + 1) * (((bits >> 14) & 0x3FFF) + 1))
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", head[26:30])
        return (width & 0x3FFF) * (height & 0x3FFF) or None
    return None


def _tiff(content: BinaryIO) -> int | None:
    """The largest page of the first thousand."""
    order = "<" if content.read(2) == b"II" else ">"
    _magic, offset = struct.unpack(f"{order}HI", content.read(6))
    largest = 0
    seen: set[int] = set()
    while offset and offset not in seen and len(seen) < _MOST_SEGMENTS:
        seen.add(offset)
        content.seek(offset)
        (entries,) = struct.unpack(f"{order}H", content.read(2))
        block = content.read(12 * entries)
        sides = {}
        for at in range(entries):
            tag, kind, _count = struct.unpack(f"{order}HHI", block[12 * at : 12 * at + 8])
            if tag in (_WIDTH, _HEIGHT):
                value = block[12 * at + 8 : 12 * at + 12]
                (sides[tag],) = struct.unpack(
                    f"{order}{'H' if kind == 3 else 'I'}", value[: 2 if kind == 3 else 4]
                )
        largest = max(largest, sides.get(_WIDTH, 0) * sides.get(_HEIGHT, 0))
        (offset,) = struct.unpack(f"{order}I", content.read(4))
    return largest or None
