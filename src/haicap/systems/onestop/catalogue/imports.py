"""Nhập danh mục: a file is read and compared first, a person decides row by row, then it is applied as a whole.

`read_file` writes nothing but the import's own rows; `apply` is one journalled transaction. A second import of the same
file changes nothing; a later one with changes makes versions that are valid from the day that was chosen.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import BinaryIO

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from psycopg.types.range import DateRange

from haicap.kernel import clock, files, journal
from haicap.kernel.actor import Actor
from haicap.kernel.models import StoredFile
from haicap.kernel.text import clean, fold
from haicap.registry.models.base import BELIEVED
from haicap.systems.onestop import policy
from haicap.systems.onestop.catalogue import competence, names, reading, starter, writer
from haicap.systems.onestop.catalogue.facts import Facts, completed, corrected, differences, facts_of
from haicap.systems.onestop.catalogue.queries import no_such
from haicap.systems.onestop.catalogue.reading import SourceRow
from haicap.systems.onestop.errors import BadCatalogue, CatalogueMoved
from haicap.systems.onestop.models import (
    CatalogueDefect,
    CatalogueImport,
    CatalogueRow,
    Fate,
    ImportState,
    ProcedureVersion,
)

#: where the national catalogue comes from; what another source said does not end by what this one lacks
NATIONAL = "dvcqg"
#: of a source's procedures so many (and this share) may end without a second look
FEW_ENDED, SHARE_ENDED = 20, 0.1
#: imports whose rows are kept to look at; of older ones only what was done is
KEPT = 20
FILES_MAX_BYTES = 100 * 1024 * 1024
BATCH = 200
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class _Known:
    """A procedure as the catalogue has it on the import's day."""

    procedure_id: uuid.UUID
    twin: int
    version: ProcedureVersion | None
    taken: bool = False


@dataclass(slots=True)
class _Pair:
    """A row of the file and the procedure that it speaks of."""

    row: SourceRow
    twin: int
    known: _Known | None


# --- asking for one
def begin(
    actor: Actor,
    file_name: str,
    *,
    begins_on: dt.date,
    complete: bool = True,
    source: str = NATIONAL,
    file: StoredFile | None = None,
) -> CatalogueImport:
    """Open an import; nothing is read yet. Raises CatalogueNotAllowed (ONE-212), BadCatalogue (ONE-211)."""
    policy.check_catalogue(actor)
    name = clean(source)[:40]
    if not name:
        raise BadCatalogue(_("Chưa ghi nguồn của danh mục."), where="source")
    older = list(CatalogueImport.objects.order_by("-asked_at", "-id").values_list("pk", flat=True)[KEPT:])
    over = (ImportState.APPLIED, ImportState.DROPPED, ImportState.FAILED)
    CatalogueRow.objects.filter(run__in=older, run__state__in=over).delete()
    return CatalogueImport.objects.create(
        file=file,
        file_name=clean(file_name)[:255],
        source=name,
        begins_on=begins_on,
        complete=complete,
        asked_at=clock.now(),
        asked_by=actor.label[:200],
        person_id=actor.person_id,
        post_id=actor.post_id,
    )


def keep_file(actor: Actor, content: bytes | BinaryIO, name: str) -> StoredFile:
    """Put an uploaded catalogue into the store; raises CatalogueNotAllowed and what the store raises."""
    policy.check_catalogue(actor)
    return files.put(content, name=name, max_bytes=FILES_MAX_BYTES)


# --- reading and comparing
def read_file(run: CatalogueImport, file: BinaryIO, progress: Progress | None = None) -> CatalogueImport:
    """Read the file, compare every row with the catalogue, and wait for a decision; nothing of it changes.

    Raises BadCatalogue (ONE-211); the import is then failed and says why.
    """
    try:
        run.digest = _digest(file)
        copies = reading.codes(file)
        run.total = sum(copies.values())
        run.save(update_fields=["digest", "total"])
        run.counts = {"revision": writer.revision()}
        _compare(run, file, copies, progress)
    except BadCatalogue as error:
        run.state, run.error, run.finished_at = ImportState.FAILED, str(error.message), clock.now()
        run.save(update_fields=["state", "error", "finished_at"])
        raise
    run.counts |= count_fates(run) | {"flags": _count_flags(run)}
    run.state, run.done = ImportState.READY, run.total
    run.save(update_fields=["state", "done", "counts"])
    return run


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


def _compare(run: CatalogueImport, file: BinaryIO, copies: Counter[str], progress: Progress | None) -> None:
    """Rows of one code of their own in batches; those that share a code together at the end, to tell the twins."""
    shared: dict[str, list[SourceRow]] = defaultdict(list)

    def single() -> Iterator[SourceRow]:
        for row in reading.rows(file):
            if row.facts is not None and copies[row.code] > 1 and len(shared[row.code]) < 1_000:
                shared[row.code].append(row)
            else:
                yield row

    for batch in writer.batches(single(), BATCH):
        _compare_batch(run, batch)
        run.done = min(run.total, run.done + len(batch))
        CatalogueImport.objects.filter(pk=run.pk).update(done=run.done)
        if progress is not None:
            progress(run.done, run.total)
    if shared:
        _compare_batch(run, [row for several in shared.values() for row in several])
    _compare_missing(run)


def _compare_batch(run: CatalogueImport, rows: Sequence[SourceRow]) -> None:
    pairs = _matched(run, [row for row in rows if row.facts is not None])
    made = [
        CatalogueRow(
            run=run, line=row.line, code=row.code, name=row.problem, fate=Fate.REFUSED, accepted=False
        )
        for row in rows
        if row.facts is None
    ]
    unlike = [pair for pair in pairs if not _same(run, pair)]
    present = facts_of([pair.known.version for pair in unlike if pair.known and pair.known.version])
    corrections = _corrections([pair.known.procedure_id for pair in unlike if pair.known])
    made += [_row(run, pair, present, corrections) for pair in pairs]
    CatalogueRow.objects.bulk_create(made)


def _same(run: CatalogueImport, pair: _Pair) -> bool:
    version = pair.known.version if pair.known else None
    return version is not None and (version.source, version.digest) == (run.source, pair.row.digest)


def _row(
    run: CatalogueImport,
    pair: _Pair,
    present: dict[uuid.UUID, Facts],
    corrections: dict[uuid.UUID, list[CatalogueDefect]],
) -> CatalogueRow:
    row, known, facts = pair.row, pair.known, pair.row.facts
    assert facts is not None
    made = CatalogueRow(
        run=run,
        line=row.line,
        code=row.code,
        twin=pair.twin,
        name=facts.name,
        procedure_id=known.procedure_id if known else None,
        digest=row.digest,
        fate=Fate.UNCHANGED,
        flags=[asdict(flag) for flag in row.flags],
    )
    if _same(run, pair):
        return made
    before = present.get(known.version.id) if known and known.version else None
    after = completed(facts, before)
    for defect in corrections.get(known.procedure_id, ()) if known else ():
        after = corrected(after, defect.kind, defect.value, defect.correction)
    made.differences = differences(before, after) if before is not None else []
    if before is not None and known and known.version and known.version.source != run.source:
        made.differences.append({"field": "source", "before": known.version.source, "after": run.source})
    made.fate = Fate.NEW if before is None else Fate.CHANGED if made.differences else Fate.UNCHANGED
    if made.fate != Fate.UNCHANGED:
        made.facts = after.as_json()
    return made


def _matched(run: CatalogueImport, rows: Sequence[SourceRow]) -> list[_Pair]:
    """Each row with the procedure that it speaks of: by digest, else by name, else in order, else a new twin."""
    known = _known(run, {row.code for row in rows})
    by_code: dict[str, list[SourceRow]] = defaultdict(list)
    for row in rows:
        by_code[row.code].append(row)
    pairs: list[_Pair] = []
    for code, several in by_code.items():
        pairs += _twins(several, known.get(code, []))
        if len(several) > 1:
            for row in several:
                row.flags.append(reading.Flag("duplicate_code", code))
    return sorted(pairs, key=lambda pair: pair.row.line)


def _twins(rows: Sequence[SourceRow], known: Sequence[_Known]) -> Iterator[_Pair]:
    left = list(rows)

    def same_digest(row: SourceRow, one: _Known) -> bool:
        return one.version is not None and one.version.digest == row.digest

    def same_name(row: SourceRow, one: _Known) -> bool:
        return one.version is not None and row.facts is not None and one.version.fold == fold(row.facts.name)

    for alike in (same_digest, same_name, lambda row, one: True):
        for row in list(left):
            found = next((one for one in known if not one.taken and alike(row, one)), None)
            if found is not None:
                found.taken = True
                left.remove(row)
                yield _Pair(row, found.twin, found)
    first_free = max((one.twin for one in known), default=-1) + 1
    for twin, row in enumerate(left, start=first_free):
        yield _Pair(row, twin, None)


def _known(run: CatalogueImport, codes: Collection[str]) -> dict[str, list[_Known]]:
    """The procedures of these codes, with the version that is believed for the import's day."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, code, twin FROM onestop_procedure WHERE code = ANY(%s)", [list(codes)])
        procedures = cursor.fetchall()
    versions = {
        version.procedure_id: version
        for version in ProcedureVersion.objects.filter(
            BELIEVED, procedure_id__in=[row[0] for row in procedures], valid__contains=run.begins_on
        ).select_related("field")
    }
    found: dict[str, list[_Known]] = defaultdict(list)
    for id_, code, twin in sorted(procedures, key=lambda row: (row[1], row[2])):
        found[code].append(_Known(id_, twin, versions.get(id_)))
    return found


def _corrections(procedures: Collection[uuid.UUID]) -> dict[uuid.UUID, list[CatalogueDefect]]:
    found: dict[uuid.UUID, list[CatalogueDefect]] = defaultdict(list)
    for defect in CatalogueDefect.objects.filter(procedure_id__in=procedures, settled_at__isnull=False):
        if defect.correction:
            found[defect.procedure_id].append(defect)
    return found


def _compare_missing(run: CatalogueImport) -> None:
    """What the source had and this file has not: it ends, unless that is more than anybody expects."""
    if not run.complete:
        return
    present = ProcedureVersion.objects.filter(
        BELIEVED, source=run.source, valid__contains=run.begins_on, valid__upper_inf=True
    )
    missing = present.exclude(
        procedure_id__in=CatalogueRow.objects.filter(run=run, procedure__isnull=False).values("procedure_id")
    ).select_related("procedure")
    few = max(FEW_ENDED, int(present.count() * SHARE_ENDED))
    accepted = missing.count() <= few
    for batch in writer.batches(missing.iterator(BATCH), BATCH):
        CatalogueRow.objects.bulk_create(
            CatalogueRow(
                run=run,
                code=one.procedure.code,
                twin=one.procedure.twin,
                name=one.name,
                procedure_id=one.procedure_id,
                fate=Fate.ENDED,
                accepted=accepted,
            )
            for one in batch
        )


def count_fates(run: CatalogueImport) -> dict[str, int]:
    """How many rows there are of each fate, and how many of those that change something are accepted."""
    counts: dict[str, int] = dict.fromkeys(Fate.values, 0) | {"accepted": 0}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT fate, count(*), count(*) FILTER (WHERE accepted AND fate IN ('new', 'changed', 'ended'))"
            " FROM onestop_cataloguerow WHERE run_id = %s GROUP BY fate",
            [run.pk],
        )
        for fate, number, accepted in cursor.fetchall():
            counts[fate] = number
            counts["accepted"] += accepted
    return counts


def _count_flags(run: CatalogueImport) -> dict[str, list[int]]:
    """Flags by kind: how many, in how many procedures."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT flag ->> 'kind', count(*), count(DISTINCT row.id) FROM onestop_cataloguerow row,"
            " jsonb_array_elements(row.flags) flag WHERE row.run_id = %s GROUP BY 1 ORDER BY 2 DESC",
            [run.pk],
        )
        return {kind: [flags, rows] for kind, flags, rows in cursor.fetchall()}


# --- deciding
def accept(
    actor: Actor, run_id: uuid.UUID, rows: Collection[uuid.UUID] | None, *, accepted: bool, fate: str = ""
) -> int:
    """Take rows over or leave them out: those named, or all of one fate. How many changed their mark.

    Raises CatalogueNotAllowed (ONE-212), NoSuchProcedure (ONE-213), CatalogueMoved (ONE-214).
    """
    policy.check_catalogue(actor)
    with transaction.atomic():
        run = _waiting(run_id)
        chosen = run.rows.filter(fate__in=[Fate.NEW, Fate.CHANGED, Fate.ENDED]).exclude(accepted=accepted)
        chosen = chosen.filter(fate=fate) if rows is None else chosen.filter(id__in=rows)
        changed = chosen.update(accepted=accepted)
        run.counts |= count_fates(run)
        run.save(update_fields=["counts"])
    return changed


def _waiting(run_id: uuid.UUID) -> CatalogueImport:
    run = CatalogueImport.objects.select_for_update().filter(pk=run_id).first()
    if run is None:
        raise no_such()
    if run.state not in (ImportState.READY, ImportState.APPLYING):
        raise CatalogueMoved(
            _("Lần nhập này không còn chờ duyệt (%(state)s).") % {"state": run.get_state_display()},
            kept=_("Danh mục giữ nguyên."),
            todo=_("Hãy mở lần nhập mới nhất."),
        )
    return run


def drop(actor: Actor, run_id: uuid.UUID) -> None:
    """Bỏ lần nhập: nothing of it is applied. Errors as `accept`."""
    policy.check_catalogue(actor)
    with journal.act(actor, "onestop.drop_catalogue_import") as act:
        run = _waiting(run_id)
        run.state, run.finished_at = ImportState.DROPPED, clock.now()
        run.save(update_fields=["state", "finished_at"])
        run.rows.update(facts=None)
        act.changed("onestop.catalogue_import", run.pk, {"state": "ready"}, {"state": "dropped"})


def apply(actor: Actor, run_id: uuid.UUID) -> CatalogueImport:
    """Áp dụng: the accepted rows become the catalogue, in one journalled transaction; all or nothing.

    Raises CatalogueNotAllowed (ONE-212), NoSuchProcedure (ONE-213), and CatalogueMoved (ONE-214) where it is not
    waiting any more or the catalogue changed since it was compared.
    """
    policy.check_catalogue(actor)
    began = time.monotonic()
    with journal.act(actor, "onestop.import_catalogue") as act:
        writer.lock()
        run = _waiting(run_id)
        if run.counts.get("revision") != writer.revision():
            raise CatalogueMoved(
                _("Danh mục đã thay đổi sau khi đọc tệp này."),
                kept=_("Danh mục giữ nguyên."),
                todo=_("Hãy nhập lại tệp để so với danh mục hiện tại."),
            )
        accepted = run.rows.filter(accepted=True)
        starter.write_competences(_name_procedures(run))
        stopped = list(
            accepted.filter(fate__in=[Fate.CHANGED, Fate.ENDED]).values_list("procedure_id", flat=True)
        )
        writer.end_versions(stopped, run.begins_on)
        written = _write(run)
        run.report = count_fates(run) | {
            "written": written,
            "ended": accepted.filter(fate=Fate.ENDED).count(),
            "defects": CatalogueDefect.objects.filter(gone_at__isnull=True, settled_at__isnull=True).count(),
            "flags": run.counts.get("flags", {}),
        }
        run.rows.update(facts=None)
        run.state, run.finished_at = ImportState.APPLIED, clock.now()
        run.report["seconds"] = round(time.monotonic() - began, 2)
        run.save(update_fields=["state", "finished_at", "report"])
        act.changed(
            "onestop.catalogue_import",
            run.pk,
            None,
            {"file": run.file_name, "digest": run.digest, "begins_on": run.begins_on, **run.report},
        )
    names.changed_here()
    return run


def _name_procedures(run: CatalogueImport) -> list[tuple[str, int]]:
    """New procedures get their identity; their codes and twins."""
    fresh = run.rows.filter(accepted=True, fate=Fate.NEW, procedure__isnull=True)
    keys = list(fresh.values_list("code", "twin"))
    writer.ensure_procedures(keys)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE onestop_cataloguerow row SET procedure_id = procedure.id FROM onestop_procedure procedure"
            " WHERE row.run_id = %s AND row.accepted AND row.fate = 'new' AND row.procedure_id IS NULL"
            " AND procedure.code = row.code AND procedure.twin = row.twin",
            [run.pk],
        )
    return keys


def _write(run: CatalogueImport) -> int:
    """The versions, defects and plain competences of the accepted rows, a batch at a time."""
    chosen = run.rows.filter(accepted=True, fate__in=[Fate.NEW, Fate.CHANGED]).order_by("line", "id")
    valid = DateRange(run.begins_on, None)
    written = 0
    for ids in writer.batches(list(chosen.values_list("id", flat=True))):
        rows = list(CatalogueRow.objects.filter(id__in=ids).order_by("line", "id"))
        versions = []
        for row in rows:
            assert row.procedure_id is not None
            assert row.facts is not None
            facts = Facts.from_json(row.facts)
            versions.append(writer.NewVersion(row.procedure_id, facts, valid, run.source, row.digest))
        writer.write_versions(versions)
        writer.write_defects([(row.procedure_id, row.flags) for row in rows if row.procedure_id])
        competence.derive([(one.procedure_id, one.facts.executors) for one in versions], run.begins_on)
        written += len(rows)
    return written


# --- in the background
def ask(actor: Actor, run_id: uuid.UUID, deed: str) -> None:
    """Have a job read the file of an import ("read") or apply it ("apply"); `carry_out` does it.

    Raises CatalogueNotAllowed (ONE-212), NoSuchProcedure (ONE-213), CatalogueMoved (ONE-214).
    """
    from haicap.systems.onestop.catalogue.tasks import carry_out as job  # it knows this module

    policy.check_catalogue(actor)
    with transaction.atomic():
        if deed == "apply":
            run = _waiting(run_id)
            if run.state == ImportState.APPLYING:
                return
            run.state, run.asked_by = ImportState.APPLYING, actor.label[:200]
            run.person_id, run.post_id = actor.person_id, actor.post_id
            run.save(update_fields=["state", "asked_by", "person_id", "post_id"])
        job.defer(run_id=str(run_id), deed=deed)


def carry_out(run_id: uuid.UUID, deed: str) -> None:
    """What a job does for an import that was asked for in the web: "read" or "apply"; its failure is kept."""
    run = CatalogueImport.objects.get(pk=run_id)
    actor = Actor(
        run.asked_by, person_id=run.person_id, post_id=run.post_id, permissions=frozenset({policy.CATALOGUE})
    )
    try:
        if deed == "read" and run.state == ImportState.READING:
            assert run.file is not None
            run.rows.all().delete()  # a worker may have died half way
            run.done = 0
            with files.open(run.file.digest) as file:
                read_file(run, file)
        elif deed == "apply" and run.state == ImportState.APPLYING:
            apply(actor, run_id)
    except Exception as error:
        message = getattr(error, "message", None) or _("Có lỗi khi xử lý tệp; danh mục giữ nguyên.")
        CatalogueImport.objects.filter(pk=run_id).exclude(state=ImportState.APPLIED).update(
            state=ImportState.FAILED, error=str(message), finished_at=clock.now()
        )
        if not hasattr(error, "code"):
            raise


def latest(limit: int = 50) -> list[CatalogueImport]:
    """The imports, newest first."""
    return list(CatalogueImport.objects.order_by("-asked_at", "-id")[:limit])


def run_by(run_id: uuid.UUID) -> CatalogueImport:
    """The import; raises NoSuchProcedure (ONE-213)."""
    run = CatalogueImport.objects.filter(pk=run_id).first()
    if run is None:
        raise no_such()
    return run


def changes(run: CatalogueImport, fate: str, text: str = "") -> QuerySet[CatalogueRow]:
    """The rows of one fate, in the order of the file; to be paged by the caller."""
    found = run.rows.filter(fate=fate).defer("facts").order_by("line", "code", "twin", "id")
    wanted = clean(text)[:100]
    return found.filter(Q(name__icontains=wanted) | Q(code__contains=wanted)) if wanted else found
