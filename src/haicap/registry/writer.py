"""Writes `UnitChanges` and takes them back, set-based: the whole country in about a second.

Two times: the believed version of a unit that ends or changes is no longer believed from now on (`recorded`
is closed), and a copy of it that ends on the effective day takes its place; what changed gets a next version.
Nothing is overwritten and nothing deleted. The caller holds the transaction and writes the journal.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from psycopg.types.json import Jsonb
from psycopg.types.range import DateRange

from haicap.kernel import text
from haicap.kernel.contract import Digest
from haicap.kernel.contract.digest import EMPTY, digest_of
from haicap.kernel.formats import date as written
from haicap.registry.changes import Spelling, UnitChanges, UnitState, dump_payload
from haicap.registry.errors import NotWithdrawable, StateMoved

Progress = Callable[[int, int], None]

_VERSION_COLUMNS = (
    "id, unit_id, level, code, kind, name, parent_id, province_id, latitude, longitude, fold, sort_key, "
    "valid, opened_by_id, closed_by_id"
)


@dataclass(frozen=True, slots=True)
class UnitWriteReport:
    """What a write of units did: units ended, changed, opened (count and digest of ids), edges, events."""

    ended: Digest = EMPTY
    changed: Digest = EMPTY
    opened: Digest = EMPTY
    successions: int = 0
    events: int = 0
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values for the journal."""
        found: dict[str, Any] = {"successions": self.successions, "events": self.events}
        for name in ("ended", "changed", "opened"):
            digest: Digest = getattr(self, name)
            found[name] = {"count": digest.count, "digest": digest.hex}
        return found


def lock_registry() -> int:
    """Hold the registry's revision until the transaction ends: what is read stays true. Returns it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT number FROM registry_revision FOR UPDATE")
        return int(cursor.fetchone()[0])


def _copy(cursor: Any, statement: str, types: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Binary COPY of rows into a table; `types` as PostgreSQL names them. Returns how many.

    Errors of the database come as Django's, which its own wrapper does not do for COPY.
    """
    count = 0
    with connection.wrap_database_errors, cursor.copy(f"COPY {statement} FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def write_events(
    reorganisation_id: uuid.UUID, changes: UnitChanges, payloads: dict[uuid.UUID, dict[str, Any]]
) -> int:
    """Record the events of `changes` with their payloads."""
    with connection.cursor() as cursor:
        return _copy(
            cursor,
            "registry_unitevent (id, reorganisation_id, kind, resolution_id, effective_on, payload, note)",
            ("uuid", "uuid", "varchar", "uuid", "date", "jsonb", "text"),
            (
                (
                    event.id,
                    reorganisation_id,
                    str(event.kind),
                    event.resolution_id,
                    changes.effective_on,
                    Jsonb(payloads[event.id], dumps=dump_payload),
                    event.note,
                )
                for event in changes.events
            ),
        )


def write_versions(states: Iterable[tuple[UnitState, uuid.UUID]], valid_from: date) -> int:
    """Open a version, without end, for each (state, event id)."""
    keys: dict[str, tuple[str, bytes]] = {}

    def named(name: str) -> tuple[str, bytes]:
        found = keys.get(name)
        if found is None:
            found = keys[name] = (text.fold(name), text.sort_key(name))
        return found

    valid = DateRange(valid_from, None)
    with connection.cursor() as cursor:
        return _copy(
            cursor,
            "registry_unitversion (unit_id, level, code, kind, name, parent_id, province_id, latitude, "
            "longitude, fold, sort_key, valid, opened_by_id)",
            (
                *("uuid", "varchar", "varchar", "varchar", "varchar", "uuid", "uuid", "float8", "float8"),
                *("varchar", "bytea", "daterange", "uuid"),
            ),
            (
                (
                    state.unit_id,
                    state.level,
                    state.code,
                    state.kind,
                    state.name,
                    state.parent_id,
                    state.province_id,
                    state.latitude,
                    state.longitude,
                    *named(state.name),
                    valid,
                    event_id,
                )
                for state, event_id in states
            ),
        )


def write_units(states: Iterable[UnitState]) -> int:
    """Record new identities."""
    with connection.cursor() as cursor:
        return _copy(
            cursor,
            "registry_unit (id, level)",
            ("uuid", "varchar"),
            ((state.unit_id, state.level) for state in states),
        )


def write_spellings(spellings: Iterable[Spelling]) -> int:
    """Record other spellings; those that are known already are left alone. Returns how many are new."""
    rows = [(item.unit_id, item.text, text.fold(item.text), item.source[:100]) for item in spellings]
    if not rows:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO registry_unitname (unit_id, text, fold, source) "
            "SELECT * FROM unnest(%s::uuid[], %s::varchar[], %s::varchar[], %s::varchar[]) "
            "ON CONFLICT (unit_id, text) DO NOTHING",
            [list(column) for column in zip(*rows, strict=True)],
        )
        return int(cursor.rowcount)


def write_unit_changes(
    reorganisation_id: uuid.UUID, changes: UnitChanges, progress: Progress | None = None
) -> UnitWriteReport:
    """Make `changes` true from `changes.effective_on` on, recorded now.

    Raises StateMoved (REG-011) when a unit that is to end or change has no open version that began before
    that day, or when a unit would be left under a parent that has ended: then nothing may be committed.
    """
    tell = progress or (lambda done, total: None)
    total = len(changes.closes) + len(changes.changes) + len(changes.opens)
    _truncate(changes)
    write_events(reorganisation_id, changes, changes.payloads())
    tell(len(changes.closes) + len(changes.changes), total)
    write_units(opening.state for opening in changes.opens)
    versions = [(change.state, change.event_id) for change in changes.changes]
    versions += [(opening.state, opening.event_id) for opening in changes.opens]
    write_versions(versions, changes.effective_on)
    edges = _write_successions(changes)
    write_spellings(changes.spellings)
    _refuse_orphans(changes.effective_on)
    tell(total, total)
    return UnitWriteReport(
        ended=_digest(item.unit_id for item in changes.closes),
        changed=_digest(item.state.unit_id for item in changes.changes),
        opened=_digest(item.state.unit_id for item in changes.opens),
        successions=edges,
        events=len(changes.events),
    )


def _digest(ids: Iterable[uuid.UUID]) -> Digest:
    return digest_of("SELECT unnest(%s::uuid[]) AS id", [list(ids)])


def _truncate(changes: UnitChanges) -> None:
    """End the open versions of all units that end or change."""
    pairs = [(item.unit_id, item.event_id) for item in changes.closes]
    pairs += [(item.state.unit_id, item.event_id) for item in changes.changes]
    if not pairs:
        return
    units, events = zip(*pairs, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH closing AS MATERIALIZED (
                SELECT * FROM unnest(%(units)s::uuid[], %(events)s::uuid[]) AS pair (unit_id, event_id)
            ), ended AS (
                UPDATE registry_unitversion AS version
                   SET recorded = tstzrange(
                       lower(recorded), greatest(lower(recorded), kernel_clock_now())
                   )
                  FROM closing
                 WHERE version.unit_id = closing.unit_id
                   AND upper_inf(version.recorded) AND upper_inf(version.valid)
                   AND lower(version.valid) < %(day)s
                RETURNING version.*, closing.event_id
            )
            INSERT INTO registry_unitversion ({_VERSION_COLUMNS})
            SELECT kernel_new_id(), unit_id, level, code, kind, name, parent_id, province_id, latitude,
                   longitude, fold, sort_key, daterange(lower(valid), %(day)s), opened_by_id, event_id
              FROM ended
            """,
            {"units": list(units), "events": list(events), "day": changes.effective_on},
        )
        if cursor.rowcount != len(pairs):
            _refuse_moved(list(units), list(events), changes.effective_on, cursor.rowcount)


def _refuse_moved(units: list[uuid.UUID], events: list[uuid.UUID], day: date, found: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT unit_id FROM unnest(%s::uuid[], %s::uuid[]) AS asked (unit_id, event_id)
             WHERE NOT EXISTS (
                SELECT FROM registry_unitversion AS version
                 WHERE version.unit_id = asked.unit_id AND upper_inf(recorded)
                   AND version.closed_by_id = asked.event_id AND upper(valid) = %s
             ) LIMIT 20
            """,
            [units, events, day],
        )
        missing = [str(row[0]) for row in cursor.fetchall()]
    raise StateMoved(
        _("%(missing)s đơn vị cần kết thúc hoặc thay đổi vào ngày %(day)s không còn ở trạng thái chờ đợi.")
        % {"missing": len(units) - found, "day": written(day)},
        kept=_("Sổ đăng ký giữ nguyên như trước."),
        todo=_("Lập lại phương án từ sổ đăng ký hiện tại."),
        details={"units": missing},
    )


def _write_successions(changes: UnitChanges) -> int:
    with connection.cursor() as cursor:
        return _copy(
            cursor,
            "registry_succession (event_id, predecessor_id, successor_id, part, continues, effective_on)",
            ("uuid", "uuid", "uuid", "bool", "bool", "date"),
            (
                (
                    edge.event_id,
                    edge.predecessor_id,
                    edge.successor_id,
                    edge.part,
                    edge.continues,
                    changes.effective_on,
                )
                for edge in changes.successions
            ),
        )


def _refuse_orphans(day: date) -> None:
    """No unit may stand under a parent or in a province that does not exist."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH standing AS MATERIALIZED (
                SELECT unit_id, code, name, parent_id, province_id FROM registry_unitversion
                 WHERE upper_inf(recorded) AND upper_inf(valid)
            )
            SELECT code, name FROM standing AS child
             WHERE (parent_id IS NOT NULL AND parent_id NOT IN (SELECT unit_id FROM standing))
                OR province_id NOT IN (SELECT unit_id FROM standing)
             ORDER BY code LIMIT 20
            """
        )
        orphans = cursor.fetchall()
    if orphans:
        raise StateMoved(
            _("Từ ngày %(day)s có đơn vị nằm dưới cấp trên không còn: %(names)s.")
            % {
                "day": written(day),
                "names": ", ".join(f"{code} {name}" for code, name in orphans[:5]),
            },
            kept=_("Sổ đăng ký giữ nguyên như trước."),
            todo=_("Chuyển các đơn vị này về cấp trên khác hoặc cho chấm dứt trong cùng phương án."),
            details={"units": [code for code, _name in orphans]},
        )


def withdraw_unit_changes(reorganisation_id: uuid.UUID) -> UnitWriteReport:
    """Take back in belief all that a reorganisation did to units; exact inverse on the believed state.

    What it opened is no longer believed; what it ended or changed is believed again without end, as new rows.
    Its successions and events are no longer believed. Returns what was given back (`ended`: units that stand
    again, `changed`: units as before, `opened`: units that are no more).

    Raises NotWithdrawable (REG-013) when a later change builds on it.
    """
    params = {"reorganisation": reorganisation_id}
    with connection.cursor() as cursor:
        # a reorganisation just written is unknown to the planner, who would join ten thousand rows one by one
        cursor.execute("ANALYZE registry_unitevent, registry_unitversion")
    _refuse_built_upon(params)
    opened = digest_of(_BELIEVED_UNITS.format(mine="opened_by_id", other="closed_by_id"), [reorganisation_id])
    with connection.cursor() as cursor:
        cursor.execute(f"{_MINE} {_UNBELIEVE} WHERE opened_by_id = mine.id AND upper_inf(recorded)", params)
        cursor.execute(
            f"""
            {_MINE}, ended AS (
                {_UNBELIEVE} WHERE closed_by_id = mine.id AND upper_inf(recorded) RETURNING version.*
            )
            INSERT INTO registry_unitversion ({_VERSION_COLUMNS})
            SELECT kernel_new_id(), unit_id, level, code, kind, name, parent_id, province_id, latitude,
                   longitude, fold, sort_key, daterange(lower(valid), NULL), opened_by_id, NULL
              FROM ended RETURNING unit_id
            """,
            params,
        )
        standing = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            f"""
            {_MINE}
            UPDATE registry_succession AS edge SET recorded = {_UNTIL_NOW}
              FROM mine WHERE edge.event_id = mine.id AND upper_inf(edge.recorded)
            """,
            params,
        )
        edges = cursor.rowcount
        cursor.execute(
            f"UPDATE registry_unitevent SET recorded = {_UNTIL_NOW} "
            "WHERE reorganisation_id = %(reorganisation)s AND upper_inf(recorded)",
            params,
        )
        events = cursor.rowcount
    return UnitWriteReport(ended=_digest(standing), opened=opened, successions=edges, events=events)


_MINE = (
    "WITH mine AS MATERIALIZED (SELECT id FROM registry_unitevent"
    " WHERE reorganisation_id = %(reorganisation)s AND upper_inf(recorded))"
)
_UNTIL_NOW = "tstzrange(lower(recorded), greatest(lower(recorded), kernel_clock_now()))"
_UNBELIEVE = f"UPDATE registry_unitversion AS version SET recorded = {_UNTIL_NOW} FROM mine"
_BELIEVED_UNITS = (
    "SELECT unit_id AS id FROM registry_unitversion WHERE upper_inf(recorded) AND {mine} IN "
    "(SELECT id FROM registry_unitevent WHERE reorganisation_id = %s AND upper_inf(recorded))"
)


def _refuse_built_upon(params: dict[str, Any]) -> None:
    """Nothing later may have closed what this one opened, or stand under a unit that it formed."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            {_MINE}, opened AS MATERIALIZED (
                SELECT version.unit_id, version.closed_by_id FROM registry_unitversion AS version
                  JOIN mine ON version.opened_by_id = mine.id WHERE upper_inf(recorded)
            ), formed AS MATERIALIZED (
                SELECT unit_id FROM opened EXCEPT
                SELECT version.unit_id FROM registry_unitversion AS version
                  JOIN mine ON version.closed_by_id = mine.id WHERE upper_inf(recorded)
            )
            SELECT DISTINCT reorganisation.key FROM registry_reorganisation AS reorganisation
              JOIN registry_unitevent AS event ON event.reorganisation_id = reorganisation.id
             WHERE event.id IN (
                SELECT closed_by_id FROM opened WHERE closed_by_id IS NOT NULL
                UNION ALL
                SELECT version.opened_by_id FROM registry_unitversion AS version
                 WHERE upper_inf(version.recorded)
                   AND (version.parent_id IN (SELECT unit_id FROM formed)
                        OR version.province_id IN (SELECT unit_id FROM formed))
                   AND version.opened_by_id NOT IN (SELECT id FROM mine)
             ) ORDER BY reorganisation.key LIMIT 10
            """,
            params,
        )
        later = [row[0] for row in cursor.fetchall()]
    if later:
        raise NotWithdrawable(
            _("Không hoàn tác được: biến động sau đó dựa trên lần sắp xếp này (%(later)s).")
            % {"later": ", ".join(later)},
            kept=_("Sổ đăng ký giữ nguyên."),
            todo=_("Hoàn tác các lần sắp xếp sau trước."),
            details={"later": later},
        )
