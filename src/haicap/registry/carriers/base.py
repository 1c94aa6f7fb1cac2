"""What the registry's carriers share: running SQL and counting by fate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection

from haicap.kernel.contract import Carrier, Digest

FATES = ("carried", "frozen", "closed", "undecided")


def execute(sql: str, params: Mapping[str, Any] | None = None) -> int:
    """Run one statement; returns how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params or {})
        return int(cursor.rowcount)


def scalar(sql: str, params: Mapping[str, Any] | None = None) -> Any:
    """The first value of the first row; None when there is none."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params or {})
        row = cursor.fetchone()
        return row[0] if row else None


def digests_by(sql: str, params: Mapping[str, Any] | None = None) -> dict[str, Digest]:
    """Digests of the `id`s that a query selects, by its column `fate`; missing fates are absent."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT fate, count(*), coalesce(bit_xor(uuid_hash_extended(id, 0)), 0) "
            f"FROM ({sql}) AS counted GROUP BY fate",
            params or {},
        )
        return {fate: Digest(count, xor) for fate, count, xor in cursor.fetchall()}


class RegistryCarrier(Carrier):
    """A carrier of the registry: only the registry writes its tables, so nothing is locked for everyday work."""

    system = "registry"
    before: Digest

    def __init__(self) -> None:
        self.before = Digest()
