"""Rows of a small national catalogue, with the defects that the real one has."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
from typing import Any

from haicap.kernel.actor import SYSTEM
from haicap.systems.onestop.catalogue import imports
from haicap.systems.onestop.models import CatalogueImport

DAY = dt.date(2026, 1, 1)


def row(code: str, name: str, **more: Any) -> dict[str, Any]:
    """A row with details; `time` and `fee` fill one method in person."""
    made: dict[str, Any] = {
        "code": code,
        "name": name,
        "kind": "standard",
        "fields": ["Hộ tịch"],
        "agencies": ["Ủy ban nhân dân cấp xã"],
        "issued_by": "Bộ Tư pháp",
        "audiences": ["Công dân Việt Nam"],
        "levels": ["commune"],
        "steps": [{"name": "Bước 1", "text": "Nộp hồ sơ."}],
        "papers": [{"name": "Tờ khai", "originals": 1, "copies": 0}],
        "results": ["Trích lục"],
        "legal_bases": ["Luật Hộ tịch"],
        "detail_source": "opengov",
        "methods": [method(more.pop("time", (3, "working_day")), more.pop("fee", "Miễn phí"))],
    }
    return {key: value for key, value in (made | more).items() if value is not None}


def method(
    time: tuple[float, str] | None, fee: str = "", channel: str = "in_person", **more: Any
) -> dict[str, Any]:
    """A way to hand in."""
    made: dict[str, Any] = {"channel": channel, **more}
    if time is not None:
        made["time"] = {"value": time[0], "unit": time[1]}
    return made | ({"fee_text": fee} if fee else {})


def file_of(*rows: dict[str, Any] | str, packed: bool = False) -> io.BytesIO:
    """The rows as a file; a str is a line as it is."""
    lines = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in rows]
    content = "\n".join(lines).encode()
    return io.BytesIO(gzip.compress(content) if packed else content)


def read(*rows: dict[str, Any] | str, day: dt.date = DAY, complete: bool = True) -> CatalogueImport:
    """An import of the rows, read and compared."""
    run = imports.begin(SYSTEM, "thu.jsonl", begins_on=day, complete=complete)
    return imports.read_file(run, file_of(*rows))


def imported(*rows: dict[str, Any] | str, day: dt.date = DAY, complete: bool = True) -> CatalogueImport:
    """An import of the rows, applied."""
    return imports.apply(SYSTEM, read(*rows, day=day, complete=complete).pk)
