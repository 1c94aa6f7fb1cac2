"""Counts and digests of ids: how the ledger knows that nothing was lost or doubled."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

_WORD = 1 << 64


@dataclass(frozen=True, slots=True)
class Digest:
    """Số lượng và dấu vân: how many records, and the XOR of a 64-bit hash of their ids.

    Two sets of ids are taken to be equal when both numbers are; digests of disjoint sets add up
    (`+` adds counts and XORs the hashes), so that parts can be balanced against the whole. In SQL:
    `count(*)` and `coalesce(bit_xor(uuid_hash_extended(id, 0)), 0)`.
    """

    count: int = 0
    xor: int = 0  # signed 64-bit, as PostgreSQL's bigint

    def __add__(self, other: Digest) -> Digest:
        return Digest(self.count + other.count, self.xor ^ other.xor)

    def __sub__(self, other: Digest) -> Digest:
        return Digest(self.count - other.count, self.xor ^ other.xor)

    @property
    def hex(self) -> str:
        """The hash as 16 hexadecimal digits."""
        return f"{self.xor % _WORD:016x}"


EMPTY = Digest()


def total(digests: Iterable[Digest]) -> Digest:
    """The digest of the union of disjoint sets."""
    result = EMPTY
    for digest in digests:
        result = result + digest
    return result


def digest_of(sql: str, params: Iterable[Any] = ()) -> Digest:
    """The digest of the ids that a query selects; `sql` selects one uuid column named `id`."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*), coalesce(bit_xor(uuid_hash_extended(id, 0)), 0) FROM ({sql}) AS counted",
            list(params),
        )
        count, xor = cursor.fetchone()
    return Digest(count, xor)


def digest_of_ids(ids: Iterable[uuid.UUID]) -> Digest:
    """The digest of ids in memory, computed by the database so that both ways agree."""
    return digest_of("SELECT unnest(%s::uuid[]) AS id", [list(ids)])


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """Một dòng bảng đối soát: what became of one class of record in a cut-over.

    `before` = `carried` + `frozen` + `closed` + `undecided`, by count and by digest; `after` are the same
    records found again afterwards, each with an owner or a closed register that holds it. `created`
    are records that the cut-over itself made (new agencies, new posts): in no sum.
    """

    system: str
    record: str
    label: str
    before: Digest
    carried: Digest = EMPTY
    frozen: Digest = EMPTY
    closed: Digest = EMPTY
    undecided: Digest = EMPTY
    after: Digest = EMPTY
    created: Digest = EMPTY
    notes: tuple[str, ...] = field(default_factory=tuple)

    @property
    def balanced(self) -> bool:
        """Whether nothing was lost or doubled, by count and by digest."""
        return self.before == self.carried + self.frozen + self.closed + self.undecided == self.after

    def as_dict(self) -> dict[str, Any]:
        """The line as JSON-ready values; digests as 16 hexadecimal digits."""
        parts = ("before", "carried", "frozen", "closed", "undecided", "after", "created")
        return {
            "system": self.system,
            "class": self.record,
            "label": self.label,
            **{part: getattr(self, part).count for part in parts},
            "digests": {part: getattr(self, part).hex for part in parts},
            "balanced": self.balanced,
            "notes": list(self.notes),
        }
