"""Writing the catalogue: versions with their parts, set-based, inside the act of whoever asks.

Nothing is overwritten: what is no longer believed keeps its row with `recorded` ended; what stops being valid on a day
is written again up to that day. Callers hold `lock()`, so that two imports never interleave.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb
from psycopg.types.range import DateRange

from haicap.kernel.database.copy import copy_rows
from haicap.kernel.ids import new_id
from haicap.kernel.text import clean, fold
from haicap.systems.onestop.catalogue.facts import Facts
from haicap.systems.onestop.catalogue.names import REVISION_SQL
from haicap.systems.onestop.models import OnlineLevel, ProcedureField

#: versions whose parts are in memory at once
BATCH = 500
_LOCK = 0x6F6E65_0001

_VERSION = (
    "id", "procedure_id", "valid", "name", "fold", "field_id", "kind", "levels", "audiences", "issued_by",
    "executors", "summary", "steps", "results", "legal_bases", "conditions", "form_schema", "online", "source",
    "digest",
)  # fmt: skip
_LIMIT = ("id", "version_id", "position", "channel", "case", "amount", "unit", "text")
_PAPER = ("id", "version_id", "position", "code", "case", "name", "originals", "copies", "form")
_FEE = ("id", "version_id", "position", "channel", "code", "name", "amount", "unit", "text")
_PARTS = (("onestop_timelimit", _LIMIT), ("onestop_requiredpaper", _PAPER), ("onestop_fee", _FEE))


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version to write."""

    procedure_id: uuid.UUID
    facts: Facts
    valid: DateRange
    source: str
    digest: str = ""


def lock() -> None:
    """Keep other writers of the catalogue out until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def revision() -> str:
    """What changes whenever a version is written: an import that was compared with another state is refused."""
    with connection.cursor() as cursor:
        cursor.execute(REVISION_SQL)
        return str(cursor.fetchone()[0])


def ensure_fields(names: Iterable[str]) -> dict[str, str]:
    """Codes of fields by name (any spelling); those that are not known yet are added."""
    known = {one.fold: one.code for one in ProcedureField.objects.all()}
    codes = set(known.values())
    made = []
    for name in dict.fromkeys(clean(each) for each in names):
        folded = fold(name)[:200]
        if folded in known:
            continue
        code = _field_code(folded, codes)
        known[folded] = code
        codes.add(code)
        made.append(ProcedureField(code=code, name=name[:200], fold=folded))
    ProcedureField.objects.bulk_create(made)
    return known


def _field_code(folded: str, taken: Collection[str]) -> str:
    """«ho-tich»; with some letters of a digest where it is too long or taken."""
    code = "-".join("".join(char if char.isascii() and char.isalnum() else " " for char in folded).split())
    if code and len(code) <= 40 and code not in taken:
        return code
    return f"{code[:33].rstrip('-')}-{hashlib.sha256(folded.encode()).hexdigest()[:6]}"


def ensure_procedures(keys: Collection[tuple[str, int]]) -> dict[tuple[str, int], uuid.UUID]:
    """Ids of procedures by code and twin; those that are not known yet are added."""
    columns = [list(column) for column in zip(*keys, strict=True)] or [[], []]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO onestop_procedure (id, code, twin) SELECT kernel_new_id(), code, twin"
            " FROM unnest(%s::text[], %s::int[]) AS given (code, twin) ON CONFLICT (code, twin) DO NOTHING",
            columns,
        )
        cursor.execute(
            "SELECT procedure.code, procedure.twin, procedure.id FROM onestop_procedure procedure"
            " JOIN unnest(%s::text[], %s::int[]) AS given (code, twin) USING (code, twin)",
            columns,
        )
        return {(code, twin): found for code, twin, found in cursor.fetchall()}


def end_versions(procedures: Collection[uuid.UUID], day: dt.date) -> int:
    """What is believed of these procedures from `day` on stops; up to that day it is written again. How many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE IF NOT EXISTS onestop_ending (old_id uuid PRIMARY KEY, new_id uuid) ON COMMIT DROP"
        )
        cursor.execute("DELETE FROM onestop_ending")
        cursor.execute(
            "INSERT INTO onestop_ending SELECT id, CASE WHEN coalesce(lower(valid) < %(day)s, true)"
            " THEN kernel_new_id() END FROM onestop_procedureversion"
            " WHERE procedure_id = ANY(%(ids)s) AND upper_inf(recorded) AND valid && daterange(%(day)s, NULL)",
            {"day": day, "ids": list(procedures)},
        )
        stopped = int(cursor.rowcount)
        cursor.execute(
            "UPDATE onestop_procedureversion version SET recorded = tstzrange(lower(recorded),"
            " greatest(lower(recorded), kernel_clock_now())) FROM onestop_ending WHERE version.id = old_id"
        )
        names = ", ".join(f"version.{name}" for name in _VERSION if name not in ("id", "valid"))
        plain = ", ".join(name for name in _VERSION if name not in ("id", "valid"))
        cursor.execute(
            f"INSERT INTO onestop_procedureversion (id, valid, {plain})"
            f" SELECT new_id, daterange(lower(version.valid), %s), {names}"
            " FROM onestop_ending JOIN onestop_procedureversion version ON version.id = old_id"
            " WHERE new_id IS NOT NULL",
            [day],
        )
        for table, columns in _PARTS:
            plain = ", ".join(f'"{name}"' for name in columns[2:])
            cursor.execute(
                f"INSERT INTO {table} (id, version_id, {plain}) SELECT kernel_new_id(), new_id, {plain}"
                f" FROM onestop_ending JOIN {table} part ON part.version_id = old_id WHERE new_id IS NOT NULL"
            )
    return stopped


def stop_believing(versions: Collection[uuid.UUID]) -> None:
    """These versions are no longer believed, for any day: others take their place."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE onestop_procedureversion SET recorded = tstzrange(lower(recorded),"
            " greatest(lower(recorded), kernel_clock_now())) WHERE id = ANY(%s) AND upper_inf(recorded)",
            [list(versions)],
        )


def write_versions(versions: Iterable[NewVersion]) -> list[uuid.UUID]:
    """Write versions with all their parts, a batch at a time by COPY; their ids in order."""
    made: list[uuid.UUID] = []
    for batch in batches(versions):
        fields = ensure_fields(one.facts.field for one in batch)
        ids = [new_id() for _one in batch]
        pairs = list(zip(ids, batch, strict=True))
        copy_rows("onestop_procedureversion", _VERSION, (_version(id_, one, fields) for id_, one in pairs))
        copy_rows("onestop_timelimit", _LIMIT, _limits(pairs))
        copy_rows("onestop_requiredpaper", _PAPER, _papers(pairs))
        copy_rows("onestop_fee", _FEE, _fees(pairs))
        made += ids
    return made


def batches(things: Iterable[Any], size: int = BATCH) -> Iterator[list[Any]]:
    """The things in lists of at most `size`."""
    batch: list[Any] = []
    for one in things:
        batch.append(one)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def _version(id_: uuid.UUID, one: NewVersion, fields: dict[str, str]) -> Sequence[object]:
    facts = one.facts
    return (
        id_, one.procedure_id, one.valid, facts.name, fold(facts.name)[:2_000],
        fields[fold(clean(facts.field))[:200]], facts.kind, facts.levels, Jsonb(facts.audiences), facts.issued_by,
        Jsonb(facts.executors), facts.summary or "", Jsonb(facts.steps), Jsonb(facts.results),
        Jsonb(facts.legal_bases), facts.conditions or "",
        None if facts.form_schema is None else Jsonb(facts.form_schema),
        int(OnlineLevel.NONE if facts.online is None else facts.online), one.source, one.digest,
    )  # fmt: skip


def _limits(pairs: list[tuple[uuid.UUID, NewVersion]]) -> Iterator[Sequence[object]]:
    for version_id, one in pairs:
        for at, limit in enumerate(one.facts.limits):
            yield new_id(), version_id, at, limit.channel, limit.case, limit.amount, limit.unit, limit.text


def _papers(pairs: list[tuple[uuid.UUID, NewVersion]]) -> Iterator[Sequence[object]]:
    for version_id, one in pairs:
        for at, paper in enumerate(one.facts.papers):
            yield (
                new_id(), version_id, at, paper.code, paper.case, paper.name, paper.originals, paper.copies,
                paper.form,
            )  # fmt: skip


def _fees(pairs: list[tuple[uuid.UUID, NewVersion]]) -> Iterator[Sequence[object]]:
    for version_id, one in pairs:
        for at, fee in enumerate(one.facts.fees):
            yield (
                new_id(), version_id, at, fee.channel, fee.code, fee.name[:300], fee.amount, fee.unit[:60],
                fee.text,
            )  # fmt: skip


def write_defects(rows: Sequence[tuple[uuid.UUID, Sequence[dict[str, Any]]]]) -> int:
    """The flags of procedures: new ones are added, those found again are no longer gone, missing ones gone."""
    flat = [(id_, flag) for id_, flags in rows for flag in flags]
    keys = [(id_, defect_key(flag["kind"], flag["detail"]), flag) for id_, flag in flat]
    unique = {(id_, key): flag for id_, key, flag in keys}
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE onestop_cataloguedefect SET gone_at = kernel_clock_now() WHERE procedure_id = ANY(%s)"
            " AND gone_at IS NULL",
            [[id_ for id_, _flags in rows]],
        )
        cursor.execute(
            "INSERT INTO onestop_cataloguedefect (id, procedure_id, key, kind, detail, value, found_at, settled_by,"
            " settlement, correction, note)"
            " SELECT kernel_new_id(), procedure, key, kind, detail, value::jsonb, kernel_clock_now(), '', '', '{}', ''"
            " FROM unnest(%s::uuid[], %s::text[], %s::text[], %s::text[], %s::text[])"
            " AS given (procedure, key, kind, detail, value)"
            " ON CONFLICT (procedure_id, key) DO UPDATE SET gone_at = NULL, value = excluded.value",
            [
                [id_ for id_, _key in unique],
                [key for _id, key in unique],
                [flag["kind"] for flag in unique.values()],
                [flag["detail"] for flag in unique.values()],
                [json.dumps(flag["value"], ensure_ascii=False) for flag in unique.values()],
            ],
        )
    return len(unique)


def defect_key(kind: str, detail: str) -> str:
    """What finds a defect of a procedure again in a later file."""
    return hashlib.sha256(f"{kind}\n{detail}".encode()).hexdigest()
