"""Ảnh chụp sổ đăng ký: every believed version of every unit in memory, immutable, for bulk work and search.

A process keeps one snapshot and asks the database before each use whether it still holds: one short query on
what cannot change without the units changing (`fingerprint`). The registry's revision number would not do: a
rehearsal reaches the same number as the real cut-over after it, with other content.
"""

from __future__ import annotations

import threading
import uuid
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from django.db import connection

from haicap.registry.models import Kind

if TYPE_CHECKING:
    from haicap.registry.queries.search import SearchIndex

Fingerprint = tuple[int, uuid.UUID | None, uuid.UUID | None]


@dataclass(frozen=True, slots=True)
class Version:
    """Phiên bản của đơn vị as read: `ends` is the first day it no longer holds, `date.max` if open."""

    unit_id: uuid.UUID
    level: str
    code: str
    kind: str
    name: str
    parent_id: uuid.UUID | None
    province_id: uuid.UUID
    begins: date
    ends: date
    latitude: float | None
    longitude: float | None
    fold: str
    sort_key: bytes

    @property
    def title(self) -> str:
        """Name with its type word, as a sentence begins: "Phường Hải Vân"."""
        word = str(Kind(self.kind).label)
        return f"{word[0].upper()}{word[1:]} {self.name}"

    def holds_on(self, day: date) -> bool:
        """Whether this version is in force on a day."""
        return self.begins <= day < self.ends


class _Line(NamedTuple):
    """The versions of one code or unit in order of time: when each begins, when it ends, itself."""

    begins: tuple[date, ...]
    ends: tuple[date, ...]
    versions: tuple[Version, ...]


def _line(versions: Iterable[Version]) -> _Line:
    ordered = tuple(sorted(versions, key=lambda version: version.begins))
    return _Line(
        tuple(version.begins for version in ordered), tuple(version.ends for version in ordered), ordered
    )


class Snapshot:
    """All units through time as believed at one moment; immutable. A look-up is a dict and a bisection."""

    __slots__ = ("__dict__", "_by_code", "_by_unit", "aliases", "fingerprint", "versions")

    def __init__(
        self,
        fingerprint: Fingerprint,
        versions: Iterable[Version],
        aliases: Iterable[tuple[uuid.UUID, str, str]] = (),
    ) -> None:
        self.fingerprint = fingerprint
        self.versions = tuple(versions)
        #: other spellings: (unit, text, fold)
        self.aliases = tuple(aliases)
        by_code: dict[str, list[Version]] = defaultdict(list)
        by_unit: dict[uuid.UUID, list[Version]] = defaultdict(list)
        for version in self.versions:
            by_code[version.code].append(version)
            by_unit[version.unit_id].append(version)
        self._by_code = {code: _line(found) for code, found in by_code.items()}
        self._by_unit = {unit_id: _line(found) for unit_id, found in by_unit.items()}

    def by_code(self, code: str, day: date) -> Version | None:
        """The version of the unit that bears `code` on `day`; None when no unit does."""
        line = self._by_code.get(code)
        if line is None:
            return None
        place = bisect_right(line[0], day) - 1
        return line[2][place] if place >= 0 and day < line[1][place] else None

    def by_unit(self, unit_id: uuid.UUID, day: date) -> Version | None:
        """The version of a unit on `day`; None when it did not exist then."""
        line = self._by_unit.get(unit_id)
        if line is None:
            return None
        place = bisect_right(line[0], day) - 1
        return line[2][place] if place >= 0 and day < line[1][place] else None

    def by_codes(self, pairs: Iterable[tuple[str, date]]) -> list[Version | None]:
        """`by_code` for many (code, day) pairs, in their order."""
        by_code = self.by_code
        return [by_code(code, day) for code, day in pairs]

    def versions_of(self, unit_id: uuid.UUID) -> tuple[Version, ...]:
        """All versions of a unit in order of time; empty for an unknown one."""
        line = self._by_unit.get(unit_id)
        return line.versions if line else ()

    def bearers_of(self, code: str) -> tuple[Version, ...]:
        """All versions that ever bore a code, in order of time."""
        line = self._by_code.get(code)
        return line.versions if line else ()

    def on(self, day: date) -> Iterator[Version]:
        """Every version in force on a day."""
        return (version for version in self.versions if version.begins <= day < version.ends)

    @cached_property
    def search_index(self) -> SearchIndex:
        """The search index over all names of all times; built on first use."""
        from haicap.registry.queries.search import SearchIndex

        return SearchIndex(self)


_FINGERPRINT = """
SELECT (SELECT coalesce(bit_xor(uuid_hash_extended(
            id, coalesce(extract(epoch FROM undone_at) * 1000000, 0)::bigint)), 0)
          FROM registry_reorganisation),
       (SELECT id FROM registry_unitversion ORDER BY id DESC LIMIT 1),
       (SELECT id FROM registry_unitname ORDER BY id DESC LIMIT 1)
"""
_VERSIONS = """
SELECT unit_id, level, code, kind, name, parent_id, province_id, lower(valid),
       upper(valid), latitude, longitude, fold, sort_key
  FROM registry_unitversion WHERE upper_inf(recorded)
"""

_lock = threading.Lock()
_kept: Snapshot | None = None


def fingerprint() -> Fingerprint:
    """What tells one state of the units from another, as this transaction sees it."""
    with connection.cursor() as cursor:
        cursor.execute(_FINGERPRINT)
        xor, version, name = cursor.fetchone()
    return (int(xor), version, name)


def snapshot() -> Snapshot:
    """The registry's units as this transaction sees them; read again only when they changed."""
    global _kept
    seen = fingerprint()
    kept = _kept
    if kept is not None and kept.fingerprint == seen:
        return kept
    with _lock:
        if _kept is None or _kept.fingerprint != seen:
            _kept = read_snapshot(seen)
        return _kept


def read_snapshot(seen: Fingerprint) -> Snapshot:
    """Read everything from the database, whatever is kept."""
    with connection.cursor() as cursor:
        cursor.execute(_VERSIONS)
        versions = [
            Version(*(*row[:8], row[8] or date.max, *row[9:12], bytes(row[12]))) for row in cursor.fetchall()
        ]
        cursor.execute("SELECT unit_id, text, fold FROM registry_unitname ORDER BY unit_id, text")
        aliases = cursor.fetchall()
    return Snapshot(seen, versions, aliases)
