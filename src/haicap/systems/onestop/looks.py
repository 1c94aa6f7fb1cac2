"""Looks at applicants' data: noted where a page, the API or an export shows them (ADR 0013)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from django.http import HttpRequest

from haicap.access.personal_data.service import Purpose, note_reading, record_subject
from haicap.kernel.actor import Actor
from haicap.systems.onestop import queries
from haicap.systems.onestop.models import Dossier

#: rows of an export whose looks are noted by one INSERT
NOTED_AT_ONCE = 500


def subject_of(one: Dossier) -> str:
    """Whose data a dossier shows: by number where it is known, else whoever this dossier is about."""
    return one.applicant_subject or record_subject("dossier", one.id)


def note_look(request: HttpRequest, actor: Actor, one: Dossier) -> None:
    """One dossier was opened."""
    note_reading(
        actor,
        subject_of(one),
        system="onestop",
        record="dossier",
        record_id=one.id,
        purpose=Purpose.HANDLE,
        correlation_id=getattr(request, "correlation_id", None),
    )


def noted(request: HttpRequest, actor: Actor, rows: Iterator[queries.Row]) -> Iterator[queries.Row]:
    """The rows of an export, each noted before it leaves; one INSERT a batch."""
    while batch := list(islice(rows, NOTED_AT_ONCE)):
        note_reading(
            actor,
            [(subject_of(row.dossier), row.dossier.id) for row in batch],
            system="onestop",
            record="dossier",
            purpose=Purpose.REPORT,
            correlation_id=getattr(request, "correlation_id", None),
        )
        yield from batch
