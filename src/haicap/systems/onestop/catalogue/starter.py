"""Danh mục khởi đầu: everyday procedures that haicap brings along, so that communes can receive from the first hour.

Facts from the national catalogue (July 2026) and the laws that each row names, told in own, short words. Loading is
idempotent: what another source (the national catalogue, a person) has said since is left alone; a release that knows
better ends what the release before it said, from its own day on.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from typing import Any

from psycopg.types.range import DateRange

from haicap.kernel import journal
from haicap.kernel.actor import Actor
from haicap.kernel.text import fold
from haicap.registry.models.base import BELIEVED
from haicap.systems.onestop import policy
from haicap.systems.onestop.catalogue import competence, names, service, writer
from haicap.systems.onestop.catalogue.everyday import FIELDS, starter
from haicap.systems.onestop.catalogue.facts import Charge, Facts, Limit, Paper, digest_of
from haicap.systems.onestop.models import Procedure, ProcedureField, ProcedureVersion

SOURCE = "haicap"


def facts(row: Mapping[str, Any]) -> Facts:
    """A row of the starter catalogue as facts."""
    return Facts(
        name=row["name"],
        field=row["field"],
        kind="standard",
        levels=list(row["levels"]),
        audiences=list(row["audiences"]),
        issued_by=row["issued_by"],
        executors=list(row["executors"]),
        results=list(row["results"]),
        legal_bases=list(row["legal_bases"]),
        summary=row["summary"],
        conditions=row.get("conditions"),
        online=row["online"],
        limits=[Limit(**one) for one in row["limits"]],
        papers=[Paper(**one) for one in row["papers"]],
        fees=[Charge(**one) for one in row["fees"]],
    )


def load(actor: Actor) -> dict[str, int]:
    """Nạp danh mục khởi đầu: what is not there yet; how many procedures and competences were written.

    Raises CatalogueNotAllowed (ONE-212).
    """
    policy.check_catalogue(actor)
    rows = {row["code"]: row for row in starter()}
    with journal.act(actor, "onestop.load_starter_catalogue") as act:
        writer.lock()
        _ensure_field_codes()
        ids = writer.ensure_procedures([(code, 0) for code in rows])
        present = {
            version.procedure_id: version
            for version in ProcedureVersion.objects.filter(
                BELIEVED, procedure_id__in=ids.values(), valid__upper_inf=True
            )
        }
        fresh = []
        for (code, _twin), id_ in sorted(ids.items()):
            row, known = rows[code], present.get(id_)
            digest = digest_of(row)
            if known is not None and (known.source != SOURCE or known.digest == digest):
                continue
            begins_on = dt.date.fromisoformat(row["valid_from"])
            if known is not None:
                writer.end_versions([id_], begins_on)
            fresh.append(writer.NewVersion(id_, facts(row), DateRange(begins_on, None), SOURCE, digest))
        writer.write_versions(fresh)
        authorities = write_competences(list(ids))
        report = {"procedures": len(fresh), "competences": authorities, "shipped": len(rows)}
        act.changed("onestop.procedure_version", None, None, report)
    names.changed_here()
    return report


def announce_all(actor: Actor, decision: str) -> int:
    """Công bố the whole starter catalogue from its first day, those left out that are announced already; how many.

    For a demonstration: a real province announces what it does itself. Errors as `service.announce`.
    """
    rows = {row["code"]: dt.date.fromisoformat(row["valid_from"]) for row in starter()}
    known = Procedure.objects.filter(code__in=rows, twin=0, publications__isnull=True)
    chosen = list(known.values_list("id", flat=True))
    if chosen:
        service.announce(actor, chosen, decision=decision, begins_on=min(rows.values()))
    return len(chosen)


def write_competences(keys: Collection[tuple[str, int]] = ()) -> int:
    """The shipped competences of those procedures that are known, inside the caller's act; how many were added."""
    shipped = list(competence.shipped())
    wanted = {code for code, _twin in keys} or {one.code for one in shipped}
    ids: dict[str, uuid.UUID] = dict(
        Procedure.objects.filter(code__in=wanted, twin=0).values_list("code", "id")
    )
    return competence.write((ids[one.code], one) for one in shipped if one.code in ids)


def _ensure_field_codes() -> None:
    """The fields keep the codes that dossiers and desks were given under before there was a catalogue."""
    ProcedureField.objects.bulk_create(
        (ProcedureField(code=code, name=name, fold=fold(name)) for code, name in FIELDS.items()),
        ignore_conflicts=True,
    )
