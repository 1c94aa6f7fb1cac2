"""Nhận dạng tệp: what bytes are, by looking at them; what somebody called them is only a hint."""

from __future__ import annotations

import zipfile
from typing import BinaryIO

#: what a look at the first bytes needs
HEAD_BYTES = 4096
UNKNOWN = "application/octet-stream"

_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\0", "image/tiff"),
    (0, b"MM\0*", "image/tiff"),
    (0, b"BM", "image/bmp"),
    (8, b"WEBP", "image/webp"),
    (8, b"WAVE", "audio/wav"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypmif1", "image/heic"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"7z\xbc\xaf'\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"MZ", "application/vnd.microsoft.portable-executable"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"#!", "text/x-script"),
    (0, b"SQLite format 3\0", "application/vnd.sqlite3"),
)
_RIFF = ("image/webp", "audio/wav")
_OOXML = "application/vnd.openxmlformats-officedocument"
_OFFICE = (
    ("word/", f"{_OOXML}.wordprocessingml.document"),
    ("xl/", f"{_OOXML}.spreadsheetml.sheet"),
    ("ppt/", f"{_OOXML}.presentationml.presentation"),
)
#: names that bytes which tell nothing of themselves may be called by
_TEXTS = frozenset(
    {"text/plain", "text/csv", "text/markdown", "text/css", "text/calendar", "application/json"}
)
#: names of one container whose contents the first bytes do not tell apart
_OLE = frozenset({"application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"})
_DER = frozenset({"application/pkcs7-signature", "application/pkix-cert", "application/x-x509-ca-cert"})


def media_type_of(head: bytes, whole: BinaryIO, claimed: str = "") -> str:
    """The media type of a file whose first `HEAD_BYTES` are `head`; `whole` is read where they prove nothing.

    `claimed` decides only among what the bytes allow: text is called CSV because somebody says so, a program
    is never called a picture. "application/octet-stream" for what is not known.
    """
    claimed = claimed.partition(";")[0].strip().lower()
    found = _by_magic(head)
    if found == "application/zip":
        return _inside_zip(whole)
    if found == "application/x-ole-storage":
        return claimed if claimed in _OLE else found
    if found is not None:
        return found
    if head[:1] == b"\x30" and claimed in _DER:
        return claimed
    return _text(head, claimed)


def _by_magic(head: bytes) -> str | None:
    for offset, magic, media_type in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            if media_type in _RIFF and head[:4] != b"RIFF":
                continue
            return media_type
    return None


def _inside_zip(whole: BinaryIO) -> str:
    """Office documents are archives: which one is told by the names of their entries."""
    try:
        with zipfile.ZipFile(whole) as archive:
            names = archive.namelist()
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 200:
                declared = archive.read("mimetype").decode("ascii", "replace").strip()
                if declared.startswith("application/vnd.oasis.opendocument."):
                    return declared
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError):
        return "application/zip"
    if "[Content_Types].xml" in names:
        for folder, media_type in _OFFICE:
            if any(name.startswith(folder) for name in names):
                return media_type
    return "application/zip"


def _text(head: bytes, claimed: str) -> str:
    """Text in UTF-8 (or UTF-16 with its mark): XML, HTML and SVG by their beginning, else as claimed."""
    encoding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = head.decode(encoding)
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4 or len(head) < HEAD_BYTES:  # not just a letter cut in two at the end
            return UNKNOWN
        text = head[: error.start].decode(encoding)
    if any(ord(char) < 32 and char not in "\t\n\r\f" for char in text):
        return UNKNOWN
    beginning = text.lstrip().lower()
    if beginning.startswith(("<!doctype html", "<html", "<script", "<body", "<iframe")):
        return "text/html"
    if beginning.startswith("<svg") or (beginning.startswith("<?xml") and "<svg" in beginning):
        return "image/svg+xml"
    if beginning.startswith("<?xml") or (claimed in ("application/xml", "text/xml") and beginning[:1] == "<"):
        return "application/xml"
    if not head:
        return claimed or UNKNOWN if claimed in _TEXTS else UNKNOWN
    return claimed if claimed in _TEXTS else "text/plain"
