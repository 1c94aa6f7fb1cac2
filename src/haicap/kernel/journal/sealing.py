"""The sealer: chains finished entries by hash, in batches, without a writer ever waiting for it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from haicap.kernel.journal.canonical import COLUMNS, ROOT, Key, Row, chain_hash, key_of, row_hash

#: one sealer at a time; a second one finds the lock taken and leaves
LOCK = int.from_bytes(b"hc.seal\0", "big")
BATCH = 2000

#: Below the oldest transaction that runs in this database all are finished for good: no entry can appear
#: under their ids any more. So what is sealed is always all there is up to a point of the order (era, xid,
#: id), and no writer is asked. A snapshot lists the running transactions of the whole server; those that are
#: known to belong to other databases (a rehearsal in a copy) cannot write here and hold nothing up.
_BOUND = """
SELECT coalesce(kernel_current_era(), %s),
       coalesce(
           (SELECT min(running::text::bigint) FROM pg_snapshot_xip(seen) AS running
            WHERE NOT EXISTS (
                SELECT FROM pg_stat_activity
                WHERE datname <> current_database()
                  AND backend_xid::text::bigint = running::text::bigint %% 4294967296)),
           pg_snapshot_xmax(seen)::text::bigint),
       (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
FROM pg_current_snapshot() AS seen
"""
# The order is that of the columns: a bare name would mean the text that is selected, where 10 comes before 9.
_FINISHED = """
SELECT {columns} FROM kernel_journal AS entry
WHERE (era, xid, id) > (%s, %s::xid8, %s)
  AND (era < %s OR xid < %s::xid8)
ORDER BY entry.era, entry.xid, entry.id LIMIT %s
"""
NO_KEY: Key = (-1, 0, uuid.UUID(int=0))
#: above every era, for a database that has just come to another server: all its entries are finished
_NO_ERA = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Chain:
    """The end of the chain: how many seals, the hash to print, and the order of the last sealed entry."""

    position: int
    head: bytes
    key: Key


@dataclass(frozen=True, slots=True)
class Sealing:
    """What one call of `seal` did. `busy`: another sealer was at work and this one left."""

    sealed: int
    position: int
    head: str
    busy: bool = False


def end_of_chain(cursor: CursorWrapper) -> Chain:
    """The last seal, or the root when nothing is sealed."""
    cursor.execute(
        "SELECT position, chain_hash, era, xid::text, entry_id FROM kernel_journal_seal"
        " ORDER BY position DESC LIMIT 1"
    )
    found = cursor.fetchone()
    if found is None:
        return Chain(0, ROOT, NO_KEY)
    position, head, era, xid, entry_id = found
    return Chain(position, bytes(head), (era, int(xid), entry_id))


def seal(*, batch: int = BATCH, limit: int | None = None) -> Sealing:
    """Niêm phong: seal every finished entry, oldest first, `batch` rows a transaction, at most `limit` rows.

    Entries of transactions that still run, or that began after one that still runs, wait for the next time.
    Must not be called inside a transaction: it would wait for itself.
    """
    total = 0
    while True:
        wanted = batch if limit is None else min(batch, limit - total)
        sealing = _seal_batch(wanted)
        total += sealing.sealed
        if sealing.busy or sealing.sealed < wanted or total == limit:
            return Sealing(total, sealing.position, sealing.head, sealing.busy)


def _seal_batch(size: int) -> Sealing:
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        free = bool(cursor.fetchone()[0])
        chain = end_of_chain(cursor)
        if not free:
            return Sealing(0, chain.position, chain.head.hex(), busy=True)
        cursor.execute(_BOUND, [_NO_ERA])
        era, oldest_running, sealed_at_us = cursor.fetchone()
        last_era, last_xid, last_id = chain.key
        cursor.execute(
            _FINISHED.format(columns=COLUMNS),
            [last_era, str(last_xid), last_id, era, str(oldest_running), size],
        )
        rows = cursor.fetchall()
        chain = _write_seals(cursor, chain, rows, sealed_at_us)
    return Sealing(len(rows), chain.position, chain.head.hex())


def _write_seals(cursor: CursorWrapper, chain: Chain, rows: Sequence[Row], sealed_at_us: int) -> Chain:
    """Append the seals of these entries; the end of the chain afterwards."""
    position, head, key = chain.position, chain.head, chain.key
    seals: list[tuple[Any, ...]] = []
    for row in rows:
        position, key, hashed = position + 1, key_of(row), row_hash(row)
        head = chain_hash(head, position, sealed_at_us, key, hashed)
        seals.append((position, key[2], key[0], str(key[1]), hashed, head))
    if seals:
        positions, ids, eras, xids, hashes, heads = (list(column) for column in zip(*seals, strict=True))
        cursor.execute(
            "INSERT INTO kernel_journal_seal"
            " (position, entry_id, era, xid, row_hash, chain_hash, sealed_at)"
            " SELECT position, entry_id, era, xid::xid8, row_hash, chain_hash,"
            " timestamptz 'epoch' + %s * interval '1 microsecond'"
            " FROM unnest(%s::bigint[], %s::uuid[], %s::int[], %s::text[], %s::bytea[], %s::bytea[])"
            " AS t (position, entry_id, era, xid, row_hash, chain_hash)",
            [sealed_at_us, positions, ids, eras, xids, hashes, heads],
        )
    return Chain(position, head, key)
