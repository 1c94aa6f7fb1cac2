"""What haicap brings along for handing in online: forms, questions of eligibility, life events. Data, not code.

A form of the catalogue (`ProcedureVersion.form_schema`) counts before the one shipped here; a procedure that has
neither gets the general one («Đơn đề nghị»).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from haicap.systems.onestop.models import OnlineLevel, ProcedureVersion
from haicap.systems.onestop.online import forms

DATA = Path(__file__).parent / "data"
GENERAL = "chung"


@dataclass(frozen=True, slots=True)
class Question:
    """Câu hỏi điều kiện: `wanted` is the answer ("yes", "no") with which one may go on; `otherwise` what to do else."""

    text: str
    wanted: str
    otherwise: str


@dataclass(frozen=True, slots=True)
class LifeEvent:
    """Sự kiện trong đời: what people come with, in their words, and the procedures that it leads to."""

    key: str
    name: str
    words: str
    codes: tuple[str, ...]


@cache
def shipped() -> dict[str, dict[str, Any]]:
    """The shipped forms by procedure code."""
    found = (json.loads(path.read_text(encoding="utf-8")) for path in sorted((DATA / "forms").glob("*.json")))
    return {one["code"]: one for one in found}


@cache
def life_events() -> tuple[LifeEvent, ...]:
    """The life events, as they are listed."""
    rows = json.loads((DATA / "life_events.json").read_text(encoding="utf-8"))
    return tuple(LifeEvent(row["key"], row["name"], row["words"], tuple(row["codes"])) for row in rows)


def life_event(key: str) -> LifeEvent | None:
    """One of them."""
    return next((event for event in life_events() if event.key == key), None)


def questions(code: str) -> tuple[Question, ...]:
    """What to ask before somebody begins."""
    told = shipped().get(code, {}).get("questions", [])
    return tuple(Question(one["text"], one["wanted"], one["otherwise"]) for one in told)


def form_of(version: ProcedureVersion) -> forms.Form:
    """Tờ khai of a procedure. Raises BadForm (ONE-811) where the catalogue's schema cannot be drawn."""
    if version.form_schema:
        return forms.parse(version.form_schema)
    return _shipped_form(version.procedure.code if version.procedure.code in shipped() else GENERAL)


def needs_sign_in(version: ProcedureVersion) -> bool:
    """Whether the applicant's identity must be proven before handing in."""
    told: Mapping[str, Any] = shipped().get(version.procedure.code) or shipped()[GENERAL]
    return bool(told["sign_in"] == "needed")


def is_online(version: ProcedureVersion) -> bool:
    """Whether something of the procedure can be done from home."""
    return bool(version.online != OnlineLevel.NONE)


@lru_cache(maxsize=200)
def _shipped_form(code: str) -> forms.Form:
    return forms.parse(shipped()[code]["schema"])
