"""Acts: a named deed of somebody, its transaction and the entries it leaves."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, connection, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.translation import gettext as _
from psycopg.types.range import Range

from haicap.kernel.actor import Actor
from haicap.kernel.contract.digest import Digest
from haicap.kernel.ids import new_id
from haicap.kernel.journal.errors import BadAction, BadEntry, Unjournalled

#: an entry's `before` and `after` together; larger work journals counts and digests
LARGEST_ENTRY_BYTES = 256 * 1024
#: entries kept in memory before they are written
STREAM_AT = 500

_ACTION = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")

_COLUMNS = (
    "INSERT INTO kernel_journal (action, actor_label, actor_person_id, actor_post_id, reason, resolution,"
    " correlation_id, id, record, record_id, before, after)"
)
#: one entry, the common case, is planned in two thirds of the time without arrays
_INSERT_ONE = f"{_COLUMNS} VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
_INSERT_MANY = f"""{_COLUMNS}
SELECT %s, %s, %s, %s, %s, %s, %s, id, record, record_id, before::jsonb, after::jsonb
FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::text[], %s::text[])
    AS t (id, record, record_id, before, after)
"""

Values = Mapping[str, Any]


class JournalEncoder(DjangoJSONEncoder):
    """JSON for entries: what Django knows, and ranges, digests, bytes (hexadecimal) and sets (sorted)."""

    def default(self, o: Any) -> Any:
        """The JSON-ready form of a value; TypeError when there is none."""
        if isinstance(o, Range):
            if o.isempty:
                return "empty"
            lower, upper = (self._bound(bound) for bound in (o.lower, o.upper))
            return f"{'[' if o.lower_inc else '('}{lower},{upper}{']' if o.upper_inc else ')'}"
        if isinstance(o, Digest):
            return {"count": o.count, "digest": o.hex}
        if isinstance(o, bytes | bytearray | memoryview):
            return bytes(o).hex()
        if isinstance(o, set | frozenset):
            return sorted(o, key=str)
        return super().default(o)

    @staticmethod
    def _bound(bound: Any) -> str:
        if bound is None:
            return ""
        return str(bound.isoformat() if hasattr(bound, "isoformat") else bound)


class _Line(NamedTuple):
    """One entry that is not written yet."""

    id: uuid.UUID
    record: str
    record_id: uuid.UUID | None
    before: str | None
    after: str | None


@dataclass(eq=False)
class Act:
    """Hành vi: a named deed of an actor while it is being done; made by `act`, never directly."""

    actor: Actor
    action: str
    reason: str
    resolution: str
    correlation_id: uuid.UUID
    _connection: BaseDatabaseWrapper
    _savepoints: tuple[str | None, ...] = ()
    _lines: list[_Line] = field(default_factory=list)
    _ended: bool = False

    def changed(
        self, record: str, record_id: uuid.UUID | None, before: Values | None, after: Values | None
    ) -> None:
        """Append one entry: `record` is the class ("dossier"), `before` and `after` the fields that changed.

        `before` is None for what was made, `after` for what ended. Set-based work writes one entry a class,
        without `record_id`, with counts and digests. Raises BadEntry (KRN-203) when the values are not JSON,
        hold a NUL character or are larger than `LARGEST_ENTRY_BYTES`, or when the act has ended.
        """
        if self._ended:
            raise BadEntry(_("Hành vi «%(action)s» đã kết thúc") % {"action": self.action})
        line = _Line(
            new_id(),
            record,
            record_id,
            None if before is None else to_json(before),
            None if after is None else to_json(after),
        )
        if len(line.before or "") + len(line.after or "") > LARGEST_ENTRY_BYTES:
            raise BadEntry(
                _("Mục nhật ký của %(record)s quá lớn") % {"record": record},
                todo=_("Ghi số lượng và dấu vân (count, digest) thay cho từng dòng."),
            )
        if tuple(self._connection.savepoint_ids) != self._savepoints:
            # Inside an inner atomic block, which may yet be rolled back: the entry must go with it.
            self._write([line])
            return
        self._lines.append(line)
        if len(self._lines) >= STREAM_AT:
            self.flush()

    def flush(self) -> None:
        """Write the entries kept in memory; happens by itself at the end and every `STREAM_AT` entries."""
        if self._lines:
            self._write(self._lines)
            self._lines = []

    def _write(self, lines: list[_Line]) -> None:
        deed = [
            self.action,
            self.actor.label[:200],
            self.actor.person_id,
            self.actor.post_id,
            self.reason,
            self.resolution[:200],
            self.correlation_id,
        ]
        with self._connection.cursor() as cursor:
            if len(lines) == 1:
                cursor.execute(_INSERT_ONE, [*deed, *lines[0]])
            else:
                cursor.execute(_INSERT_MANY, [*deed, *map(list, zip(*lines, strict=True))])


_open: ContextVar[Act | None] = ContextVar("haicap_open_act", default=None)


def current() -> Act | None:
    """The innermost act of this thread's transaction, or None."""
    act_ = _open.get()
    if act_ is None or act_._connection is not _wrapper() or not act_._connection.in_atomic_block:
        return None
    return act_


@contextmanager
def act(
    actor: Actor,
    action: str,
    *,
    reason: str = "",
    resolution: str = "",
    correlation_id: uuid.UUID | None = None,
) -> Iterator[Act]:
    """Do something by name, in one transaction that keeps what was done and by whom.

    `action` is "system.verb_entity" ("onestop.receive_dossier"). An act inside an act joins its transaction
    and takes over correlation id, reason and resolution where it has none of its own; when it fails and the
    outer one goes on, its writes and its entries are gone together. Entries are written when the act ends.

    Raises BadAction (KRN-204), BadEntry (KRN-203), and Unjournalled (KRN-202) when a guarded table was
    written and nothing recorded: then nothing is kept.
    """
    if not _ACTION.fullmatch(action) or len(action) > 100:
        raise BadAction(_("«%(action)s» không có dạng hệ_thống.việc_làm") % {"action": action})
    outer = current()
    with _refusals_explained(action, outermost=outer is None), transaction.atomic():
        opened = Act(
            actor=actor,
            action=action,
            reason=reason or (outer.reason if outer else ""),
            resolution=resolution or (outer.resolution if outer else ""),
            correlation_id=correlation_id or (outer.correlation_id if outer else new_id()),
            _connection=_wrapper(),
            _savepoints=tuple(connection.savepoint_ids),
        )
        token = _open.set(opened)
        try:
            yield opened
            opened.flush()
        finally:
            opened._ended = True
            _open.reset(token)


def note(
    actor: Actor,
    action: str,
    *,
    after: Values | None = None,
    record: str = "",
    record_id: uuid.UUID | None = None,
    reason: str = "",
    resolution: str = "",
    correlation_id: uuid.UUID | None = None,
) -> None:
    """Journal a deed that changed no record (a look at personal data, an export, a migration's own work)."""
    with act(actor, action, reason=reason, resolution=resolution, correlation_id=correlation_id) as noted:
        noted.changed(record, record_id, None, after)


def values(instance: models.Model, *fields: str) -> dict[str, Any]:
    """The columns of a row as an entry keeps them; all of them, or those named (by field or column name)."""
    wanted = set(fields)
    return {
        column.attname: getattr(instance, column.attname)
        for column in instance._meta.concrete_fields
        if not wanted or wanted & {column.attname, column.name}
    }


def difference(before: Values, after: Values) -> tuple[dict[str, Any], dict[str, Any]]:
    """Only the fields whose values differ, from both sides, in the order of `after`."""
    names = [name for name in after if name not in before or before[name] != after[name]]
    names += [name for name in before if name not in after]
    return ({n: before[n] for n in names if n in before}, {n: after[n] for n in names if n in after})


def _wrapper() -> BaseDatabaseWrapper:
    """The connection of this thread itself, not Django's proxy for it."""
    wrapper: BaseDatabaseWrapper = transaction.get_connection()
    return wrapper


def to_json(given: Values) -> str:
    """Values as the JSON that journal and outbox keep; BadEntry (KRN-203) when they cannot be kept."""
    try:
        text = json.dumps(
            given, cls=JournalEncoder, ensure_ascii=False, allow_nan=False, separators=(",", ":")
        )
    except (TypeError, ValueError) as error:
        raise BadEntry(_("Giá trị không ghi được vào nhật ký: %(error)s") % {"error": error}) from error
    if "\\u0000" in text and any("\0" in piece for piece in _strings(json.loads(text))):
        raise BadEntry(_("Giá trị có ký tự NUL, không ghi được vào nhật ký"))
    return text


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        yield from _all_strings(value.values())
    elif isinstance(value, list):
        yield from _all_strings(value)


def _all_strings(found: Iterable[Any]) -> Iterator[str]:
    for value in found:
        yield from _strings(value)


@contextmanager
def _refusals_explained(action: str, *, outermost: bool) -> Iterator[None]:
    """Turn the database's refusal at commit into an error for people."""
    try:
        yield
    except IntegrityError as error:
        diagnosis = getattr(error.__cause__, "diag", None)
        if not outermost or getattr(diagnosis, "constraint_name", None) != "kernel_journal_settle":
            raise
        table = getattr(diagnosis, "table_name", "")
        raise Unjournalled(
            _("«%(action)s» đã ghi vào bảng %(table)s mà không ghi nhật ký")
            % {"action": action, "table": table},
            kept=_("Không có gì được lưu."),
            todo=_("Báo cho người phát triển: gọi act.changed(…) cho thay đổi này."),
            details={"action": action, "table": table},
        ) from error
