"""Names of procedures by code, kept in memory: lists show many and must not ask for each.

The catalogue changes seldom. Each process keeps code → (name, field) and asks every few seconds whether a version was
written since; reading goes past Django's cursors, so that it is no query of the page that happens to need it.
"""

from __future__ import annotations

import psycopg
from django.db import connection

from haicap.kernel.shared_value import SharedValue

#: what changes whenever a version is written or ended
REVISION_SQL = (
    "SELECT count(*) || ' ' || count(*) FILTER (WHERE upper_inf(recorded)) || ' ' || coalesce("
    "(SELECT id::text FROM onestop_procedureversion ORDER BY id DESC LIMIT 1), '') FROM onestop_procedureversion"
)
_REVISION: SharedValue[str] = SharedValue("onestop_procedureversion", REVISION_SQL, "")
_NAMES = """
    SELECT DISTINCT ON (procedure.code) procedure.code, version.name, version.field_id, field.name
    FROM onestop_procedureversion version
    JOIN onestop_procedure procedure ON procedure.id = version.procedure_id
    JOIN onestop_procedurefield field ON field.code = version.field_id
    WHERE upper_inf(version.recorded)
    ORDER BY procedure.code, procedure.twin, version.valid DESC
"""

_known: tuple[str, dict[str, tuple[str, str]], dict[str, str]] = ("", {}, {})


def _index() -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
    global _known
    now = _REVISION.get()
    if now != _known[0]:
        raw = connection.connection
        try:
            rows = raw.execute(_NAMES).fetchall() if raw is not None and not raw.closed else []
        except psycopg.Error:
            return _known[1:]
        _known = (
            now,
            {code: (name, field) for code, name, field, _field_name in rows},
            {field: name for _code, _name, field, name in rows},
        )
    return _known[1:]


def name_of(code: str) -> str | None:
    """What the procedure of this code is called now, or was called last; None where the catalogue has none."""
    found = _index()[0].get(code)
    return found[0] if found is not None else None


def field_of(code: str) -> str | None:
    """The field of the procedure of this code."""
    found = _index()[0].get(code)
    return found[1] if found is not None else None


def name_of_field(field: str) -> str | None:
    """What a field is called; None where the catalogue has none of that code."""
    return _index()[1].get(field)


def changed_here() -> None:
    """Say that this process has just written a version."""
    _REVISION.changed_here()
