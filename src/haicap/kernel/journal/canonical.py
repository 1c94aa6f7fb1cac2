"""The form in which an entry is hashed, and the chain (docs/journal.md). Changing it breaks every seal."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence

#: an entry's columns as text; moments as microseconds since 1970-01-01 UTC
COLUMNS = """
    id::text, era::text, xid::text,
    (extract(epoch FROM at) * 1000000)::bigint::text, (extract(epoch FROM real_at) * 1000000)::bigint::text,
    action, actor_label, actor_person_id::text, actor_post_id::text, reason, resolution,
    correlation_id::text, record, record_id::text, before::text, after::text
"""
ID, ERA, XID, AT, REAL_AT, ACTION, ACTOR_LABEL, RECORD, RECORD_ID = 0, 1, 2, 3, 4, 5, 6, 12, 13

#: what stands before the first seal
ROOT = hashlib.sha256(b"haicap-journal-1").digest()

Row = Sequence[str | None]
#: the order of entries: era, transaction id, entry id
Key = tuple[int, int, uuid.UUID]


def row_hash(row: Row) -> bytes:
    """SHA-256 of an entry: each of `COLUMNS` in its order as `length:bytes` in UTF-8, `-` for null."""
    digest = hashlib.sha256(b"haicap-journal-1\n")
    for value in row:
        if value is None:
            digest.update(b"-")
        else:
            encoded = value.encode()
            digest.update(b"%d:%b" % (len(encoded), encoded))
    return digest.digest()


def chain_hash(previous: bytes, position: int, sealed_at_us: int, key: Key, hashed: bytes) -> bytes:
    """SHA-256 of the seal before, position, moment, era, xid (8 bytes each), entry id and row hash."""
    era, xid, entry_id = key
    numbers = b"".join(number.to_bytes(8, "big") for number in (position, sealed_at_us, era, xid))
    return hashlib.sha256(previous + numbers + entry_id.bytes + hashed).digest()


def key_of(row: Row) -> Key:
    """The order of an entry that was read with `COLUMNS`."""
    return int(row[ERA] or 0), int(row[XID] or 0), uuid.UUID(row[ID])
