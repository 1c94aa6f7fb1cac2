"""Cấu hình tiếp nhận: what differs between deployments, from the environment (or settings, in tests)."""

from __future__ import annotations

import os
from pathlib import Path

from django.conf import settings

_MEGABYTE = 1024 * 1024


def _value(name: str) -> str:
    return str(getattr(settings, name, "") or os.environ.get(f"HAICAP_{name}", ""))


def _megabytes(name: str, otherwise: int) -> int:
    text = _value(name)
    return (int(text) if text.isascii() and text.isdigit() else otherwise) * _MEGABYTE


def file_bytes() -> int:
    """The largest single file of a dossier (HAICAP_RECEPTION_FILE_MB, default 50)."""
    return _megabytes("RECEPTION_FILE_MB", 50)


def dossier_bytes() -> int:
    """All files of one dossier together (HAICAP_RECEPTION_DOSSIER_MB, default 200)."""
    return _megabytes("RECEPTION_DOSSIER_MB", 200)


def scanner_folder() -> Path | None:
    """Thư mục máy quét (HAICAP_SCANNER_FOLDER): below it one folder an agency, named by its code."""
    return Path(_value("SCANNER_FOLDER")) if _value("SCANNER_FOLDER") else None


def virus_scanner() -> str:
    """Where clamd listens (HAICAP_CLAMAV): "/run/clamav/clamd.ctl" or "host:port"; empty: files are not scanned."""
    return _value("CLAMAV")
