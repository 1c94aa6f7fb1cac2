"""Giấy tờ phải nộp, seen from home: what the form replaces, what is uploaded, what is shown at the counter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from haicap.kernel.text import fold
from haicap.systems.onestop.models import ProcedureVersion, RequiredPaper


class Way(StrEnum):
    """How a paper comes."""

    FORM = "form"
    UPLOAD = "upload"
    SOMETIMES = "sometimes"
    SHOW = "show"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A paper of the published list; `number` is its place there."""

    number: int
    paper: RequiredPaper
    way: Way

    @property
    def uploads(self) -> bool:
        """Whether there is something to upload for it."""
        return self.way in (Way.UPLOAD, Way.SOMETIMES)


def wanted(version: ProcedureVersion) -> list[Wanted]:
    """The papers of a procedure in their published order, at most 100."""
    found = version.papers.order_by("position", "id")[:100]
    return [Wanted(number, paper, _way(paper)) for number, paper in enumerate(found)]


def _way(paper: RequiredPaper) -> Way:
    """The form is filled in here; identity papers are shown when coming, or proven by VNeID."""
    if paper.form:
        return Way.FORM
    if "de xuat trinh" in fold(paper.name):
        return Way.SHOW
    return Way.SOMETIMES if paper.case else Way.UPLOAD
