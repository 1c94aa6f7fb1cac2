"""Verification: is every sealed entry still there, as it was, and is there no entry that was slipped in?"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from haicap.kernel.clock import ZONE
from haicap.kernel.journal.canonical import (
    ACTION,
    ACTOR_LABEL,
    AT,
    COLUMNS,
    ID,
    RECORD,
    RECORD_ID,
    ROOT,
    Key,
    Row,
    chain_hash,
    key_of,
    row_hash,
)
from haicap.kernel.journal.errors import BadHead
from haicap.kernel.journal.sealing import NO_KEY, Chain, end_of_chain

#: seals and entries held in memory at once
CHUNK = 1000

_HEAD = re.compile(r"[0-9a-f]{64}")
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class DamageKind(StrEnum):
    """Loại hư hại: what was done to the journal."""

    ALTERED = "altered"  # an entry is not what was sealed
    MISSING = "missing"  # a sealed entry is gone
    INSERTED = "inserted"  # an entry stands among sealed ones and was never sealed
    CHAIN = "chain"  # a seal itself was altered, swapped or taken away
    HEAD = "head"  # the chain no longer holds the head that somebody wrote down


@dataclass(frozen=True, slots=True)
class Damage:
    """Hư hại: one thing that is not as it was sealed. Times as far as anything that is left tells them."""

    kind: DamageKind
    position: int | None
    entry_id: uuid.UUID | None
    sealed_at: dt.datetime | None = None
    at: dt.datetime | None = None
    action: str = ""
    actor: str = ""
    record: str = ""
    record_id: str | None = None

    @property
    def text(self) -> str:
        """The damage in a sentence."""
        sentence = {
            DamageKind.ALTERED: _("Mục nhật ký %(id)s (vị trí %(position)s) đã bị sửa sau khi niêm phong"),
            DamageKind.MISSING: _("Mục nhật ký %(id)s (vị trí %(position)s) đã bị xóa"),
            DamageKind.INSERTED: _("Mục nhật ký %(id)s bị chèn vào trước vị trí %(position)s"),
            DamageKind.CHAIN: _("Chuỗi niêm phong bị sửa hoặc thiếu ở vị trí %(position)s"),
            DamageKind.HEAD: _(
                "Chuỗi không còn chứa mã niêm phong đã ghi lại; phần cuối đã bị xóa hoặc viết lại"
            ),
        }[self.kind]
        return sentence % {"id": self.entry_id, "position": self.position}

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "kind": self.kind.value,
            "text": self.text,
            "position": self.position,
            "entry_id": None if self.entry_id is None else str(self.entry_id),
            "sealed_at": None if self.sealed_at is None else self.sealed_at.isoformat(),
            "at": None if self.at is None else self.at.isoformat(),
            "action": self.action,
            "actor": self.actor,
            "record": self.record,
            "record_id": self.record_id,
        }


@dataclass(frozen=True, slots=True)
class Verification:
    """Kết quả kiểm tra nhật ký.

    `head` is the hash to write down now; `head_position` tells where the given one stands, None if nowhere.
    """

    sealed: int
    unsealed: int
    head: str
    damages: tuple[Damage, ...] = ()
    head_position: int | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return not self.damages

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "sound": self.sound,
            "sealed": self.sealed,
            "unsealed": self.unsealed,
            "head": self.head,
            "head_position": self.head_position,
            "first": self.damages[0].as_dict() if self.damages else None,
            "damages": [damage.as_dict() for damage in self.damages],
        }


@dataclass(frozen=True, slots=True)
class _Seal:
    position: int
    key: Key
    row_hash: bytes
    chain_hash: bytes
    sealed_at_us: int

    @property
    def sealed_at(self) -> dt.datetime:
        return _moment(self.sealed_at_us)

    def follows(self, position: int, head: bytes) -> bool:
        """Whether this seal stands behind that one and was not altered itself."""
        expected = chain_hash(head, self.position, self.sealed_at_us, self.key, self.row_hash)
        return self.position == position + 1 and self.chain_hash == expected


def verify(*, head: str | None = None, most: int = 1, chunk: int = CHUNK) -> Verification:
    """Kiểm tra nhật ký: recompute every hash and find the first damage (at most `most`), in flat memory.

    `head` is a hash that somebody wrote down from an earlier verification: a chain that was cut off or
    written anew no longer holds it. What is not sealed yet is counted, not judged. Writers go on meanwhile.
    Raises BadHead (KRN-205) when `head` is not 64 hexadecimal digits.
    """
    wanted = _head_bytes(head)
    with connection.cursor() as cursor:
        end = end_of_chain(cursor)
    walk = _Walk(wanted, end=end, chunk=chunk)
    damages = tuple(islice(walk.damages(), most))
    if wanted is not None and walk.head_position is None and len(damages) < most:
        damages += (Damage(DamageKind.HEAD, None, None),)
    return Verification(
        sealed=end.position,
        unsealed=_unsealed(end.key),
        head=end.head.hex(),
        damages=damages,
        head_position=walk.head_position,
    )


def unsealed() -> int:
    """How many entries wait for the sealer."""
    with connection.cursor() as cursor:
        return _unsealed(end_of_chain(cursor).key)


def _unsealed(key: Key) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM kernel_journal WHERE (era, xid, id) > (%s, %s::xid8, %s)",
            _params(key),
        )
        return int(cursor.fetchone()[0])


def _head_bytes(head: str | None) -> bytes | None:
    if head is None:
        return None
    if not _HEAD.fullmatch(head.strip().lower()):
        raise BadHead(_("Mã niêm phong phải gồm 64 chữ số thập lục phân: «%(head)s»") % {"head": head})
    return bytes.fromhex(head.strip())


class _Walk:
    """One pass along the chain: seals and entries are read side by side, each a chunk at a time."""

    def __init__(self, wanted: bytes | None, *, end: Chain, chunk: int) -> None:
        self.wanted = wanted
        self.end = end
        self.chunk = chunk
        self.head_position: int | None = 0 if wanted == ROOT else None
        self._told: set[uuid.UUID] = set()

    def damages(self) -> Iterator[Damage]:
        """Every damage, in the order of the chain."""
        rows = _Ahead(_rows_until(self.end.key, self.chunk))
        position, head = 0, ROOT
        for seal in _seals_until(self.end.position, self.chunk):
            if not seal.follows(position, head):
                yield _damage(DamageKind.CHAIN, position + 1, seal, None)
            for stranger in rows.before(seal.key):
                yield from self._judged(_seal_of(stranger), stranger, seal.position)
            yield from self._judged(seal, rows.at(seal.key) or _row_of(seal), seal.position)
            position, head = seal.position, seal.chain_hash
            if head == self.wanted:
                self.head_position = position
        if position < self.end.position:  # the last seals were taken away while we walked
            yield _damage(DamageKind.CHAIN, position + 1, None, None)
        for stranger in rows:
            yield from self._judged(_seal_of(stranger), stranger, position + 1)

    def _judged(self, seal: _Seal | None, row: Row | None, position: int) -> Iterator[Damage]:
        """What is wrong between a seal and its entry, said once; nothing when they agree."""
        if seal is not None and row is not None and row_hash(row) == seal.row_hash:
            return
        entry_id = key_of(row)[2] if row is not None else seal.key[2] if seal is not None else None
        if entry_id is None or entry_id in self._told:
            return
        self._told.add(entry_id)
        if seal is None:
            yield _damage(DamageKind.INSERTED, position, None, row)
        else:
            kind = DamageKind.MISSING if row is None else DamageKind.ALTERED
            yield _damage(kind, seal.position, seal, row)


class _Ahead:
    """Entries in their order, with a look at the next one."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def __iter__(self) -> Iterator[Row]:
        while self._next is not None:
            yield self._take()

    def before(self, key: Key) -> Iterator[Row]:
        """Take the entries that stand before this order."""
        while self._next is not None and key_of(self._next) < key:
            yield self._take()

    def at(self, key: Key) -> Row | None:
        """Take the entry of exactly this order, if it is the next one."""
        return self._take() if self._next is not None and key_of(self._next) == key else None

    def _take(self) -> Row:
        assert self._next is not None
        taken, self._next = self._next, next(self._rows, None)
        return taken


def _seals_until(last: int, chunk: int) -> Iterator[_Seal]:
    """The seals in the order of their positions, up to a position."""
    position = 0
    while seals := _seals(
        "position > %s AND position <= %s ORDER BY position LIMIT %s", [position, last, chunk]
    ):
        yield from seals
        position = seals[-1].position


def _rows_until(last: Key, chunk: int) -> Iterator[Row]:
    """The entries in their order, up to an order."""
    key = NO_KEY
    condition = (
        "(era, xid, id) > (%s, %s::xid8, %s) AND (era, xid, id) <= (%s, %s::xid8, %s)"
        " ORDER BY entry.era, entry.xid, entry.id LIMIT %s"  # the columns, not the texts of the same names
    )
    while rows := _rows(condition, [*_params(key), *_params(last), chunk]):
        yield from rows
        key = key_of(rows[-1])


def _seal_of(row: Row) -> _Seal | None:
    return next(iter(_seals("entry_id = %s", [row[ID]])), None)


def _row_of(seal: _Seal) -> Row | None:
    return next(iter(_rows("id = %s", [seal.key[2]])), None)


def _seals(condition: str, params: list[Any]) -> list[_Seal]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT position, era, xid::text, entry_id, row_hash, chain_hash,"
            f" (extract(epoch FROM sealed_at) * 1000000)::bigint FROM kernel_journal_seal WHERE {condition}",
            params,
        )
        return [
            _Seal(position, (era, int(xid), entry_id), bytes(hashed), bytes(chained), sealed_at_us)
            for position, era, xid, entry_id, hashed, chained, sealed_at_us in cursor.fetchall()
        ]


def _rows(condition: str, params: list[Any]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {COLUMNS} FROM kernel_journal AS entry WHERE {condition}", params)
        found: list[Row] = cursor.fetchall()
        return found


def _params(key: Key) -> list[Any]:
    era, xid, entry_id = key
    return [era, str(xid), entry_id]


def _damage(kind: DamageKind, position: int, seal: _Seal | None, row: Row | None) -> Damage:
    """A damage with all that the seal and the entry still tell."""
    told = Damage(kind, position, None)
    if seal is not None:
        told = replace(told, entry_id=seal.key[2], sealed_at=seal.sealed_at)
    if row is not None:
        told = replace(
            told,
            entry_id=key_of(row)[2],
            at=_moment(int(row[AT] or 0)),
            action=row[ACTION] or "",
            actor=row[ACTOR_LABEL] or "",
            record=row[RECORD] or "",
            record_id=row[RECORD_ID],
        )
    return told


def _moment(microseconds: int) -> dt.datetime:
    return (_EPOCH + dt.timedelta(microseconds=microseconds)).astimezone(ZONE)
