"""Thư mục máy quét: files that a scanner laid into the agency's own folder, to be picked for a dossier."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _

from haicap.systems.onestop.reception import configuration
from haicap.systems.onestop.reception.errors import FileRefused

MOST_SHOWN = 20
_MOST_LOOKED_AT = 2_000
#: where picked files are moved to
PICKED = "da-nhan"


@dataclass(frozen=True, slots=True)
class Scan:
    """Tệp vừa quét."""

    name: str
    size: int
    at: datetime


def folder_of(agency_code: str) -> Path | None:
    """The folder of an agency: below the deployment's, named by the agency's code; None where there is none."""
    base = configuration.scanner_folder()
    if base is None or not agency_code or "/" in agency_code or agency_code.startswith("."):
        return None
    folder = base / agency_code
    return folder if folder.is_dir() and not folder.is_symlink() else None


def scans(agency_code: str) -> list[Scan]:
    """The newest files in the agency's folder, the newest first; links and folders are not files."""
    folder = folder_of(agency_code)
    if folder is None:
        return []
    found = []
    try:
        with os.scandir(folder) as entries:
            for _count, entry in zip(range(_MOST_LOOKED_AT), entries, strict=False):
                if entry.name.startswith(".") or not entry.is_file(follow_symlinks=False):
                    continue
                about = entry.stat(follow_symlinks=False)
                found.append(Scan(entry.name, about.st_size, datetime.fromtimestamp(about.st_mtime, UTC)))
    except OSError:
        return []
    return sorted(found, key=lambda one: one.at, reverse=True)[:MOST_SHOWN]


def open_scan(agency_code: str, name: str) -> BinaryIO:
    """The bytes of a file that `scans` shows. Raises FileRefused (ONE-606) for any other name."""
    folder = folder_of(agency_code)
    if folder is None or not any(one.name == name for one in scans(agency_code)):
        raise _gone(name)
    try:
        # not through a link that took the file's place since
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW)
        stream = os.fdopen(descriptor, "rb")
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            stream.close()
            raise _gone(name)
    except OSError as error:
        raise _gone(name) from error
    return stream


def put_away(agency_code: str, name: str) -> None:
    """Move a picked file out of sight; where the folder may not be written to it stays."""
    folder = folder_of(agency_code)
    if folder is None:
        return
    try:
        (folder / PICKED).mkdir(exist_ok=True)
        (folder / name).rename(folder / PICKED / name)
    except OSError:
        return


def _gone(name: str) -> FileRefused:
    return FileRefused(
        _("Thư mục máy quét không còn tệp «%(name)s».") % {"name": name[:100]},
        where="files",
        kept=_("Những gì đã nhập vẫn còn."),
        todo=_("Hãy quét lại rồi bấm «Xem tệp mới»."),
    )
