"""Which tables are guarded: a write to them does not commit without a journal entry."""

from __future__ import annotations

import re

from django.db import connection

from haicap.kernel.errors import BadInput

_TABLE = re.compile(r"[a-z_][a-z0-9_]{0,62}")


def guard_sql(*tables: str) -> tuple[str, str]:
    """The SQL that guards tables and the SQL that takes the guard away: `migrations.RunSQL(*guard_sql(…))`.

    A transaction that writes to a guarded table commits only with a journal entry of its own; TRUNCATE is
    refused. Raises BadInput (KRN-201) when a name is not a plain table name.
    """
    for table in tables:
        if not _TABLE.fullmatch(table):
            raise BadInput(f"{table!r} không phải là tên bảng", code="KRN-201")
    forward = "".join(
        f"CREATE TRIGGER kernel_journal_guard AFTER INSERT OR UPDATE OR DELETE ON {table}\n"
        "    FOR EACH STATEMENT EXECUTE FUNCTION kernel_journal_guard();\n"
        f"CREATE TRIGGER kernel_refuse_truncate BEFORE TRUNCATE ON {table}\n"
        "    FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse_truncate();\n"
        for table in tables
    )
    backward = "".join(
        f"DROP TRIGGER kernel_refuse_truncate ON {table};\nDROP TRIGGER kernel_journal_guard ON {table};\n"
        for table in tables
    )
    return forward, backward


def guarded_tables() -> frozenset[str]:
    """The tables of this database that carry the guard, enabled."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE tgname = 'kernel_journal_guard' AND tgenabled <> 'D' AND NOT tgisinternal"
        )
        return frozenset(name for (name,) in cursor.fetchall())
