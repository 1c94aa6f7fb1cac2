"""The shapes in which the country is handed to others: plain, frozen, without any database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class BaseUnit:
    """Đơn vị hành chính as it stood on 30/6/2025. `name` never holds the kind; a wrong point is None."""

    code: str
    level: str
    kind: str
    name: str
    parent_code: str | None
    lat: float | None
    lon: float | None


@dataclass(frozen=True, slots=True)
class Part:
    """Kế thừa: the unit of the state before that a formation was made of, wholly or in part."""

    code: str
    part: bool


@dataclass(frozen=True, slots=True)
class Formation:
    """A unit that comes into being or changes: name, kind, code or parent.

    Codes of `predecessors` belong to the state just before; the same code may name another unit there.
    """

    code: str
    level: str
    kind: str
    name: str
    parent_code: str | None
    lat: float | None
    lon: float | None
    resolution: str
    note: str
    predecessors: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class PublishedResolution:
    """Nghị quyết, luật: a legal act that an event stands on."""

    number: str
    dated: date
    issued_by: str
    title: str


@dataclass(frozen=True, slots=True)
class PublishedReorganisation:
    """Sắp xếp ĐVHC: what changed in one province (its code at that date) at one instant.

    `abolished` holds the districts that end with nobody to succeed them.
    """

    key: str
    effective: date
    province_code: str
    title: str
    resolutions: tuple[str, ...]
    formations: tuple[Formation, ...]
    abolished: tuple[str, ...]
