"""What a system does to prove that it works at an agency: a real transaction, whose traces are undone."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from haicap.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class DrillStep:
    """Bước diễn tập: what was tried, whether it went as it must, how long it took, what was seen."""

    name: str
    passed: bool
    seconds: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class DrillResult:
    """Kết quả diễn tập of one agency: its steps, and whether everything that the drill made is gone again."""

    system: str
    name: str
    agency_id: uuid.UUID
    steps: tuple[DrillStep, ...]
    cleaned: bool

    @property
    def passed(self) -> bool:
        """Whether there was a step, every step passed, and nothing remains."""
        return bool(self.steps) and self.cleaned and all(step.passed for step in self.steps)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "system": self.system,
            "drill": self.name,
            "agency": str(self.agency_id),
            "passed": self.passed,
            "cleaned": self.cleaned,
            "steps": [
                {"name": s.name, "passed": s.passed, "seconds": round(s.seconds, 3), "note": s.note}
                for s in self.steps
            ],
        }


class Drill(ABC):
    """Diễn tập: one transaction that people do here every day; `drill.py` lists them in `DRILLS`.

    `run` goes the way that people go (the real pages, the real use-cases), undoes its traces and leaves the journal
    and the append-only logs alone, where it names itself as a drill. A step that fails is a result, not an exception.
    """

    system: ClassVar[str]
    name: ClassVar[str]
    label: ClassVar[str]

    @abstractmethod
    def run(self, actor: Actor, agency_id: uuid.UUID) -> DrillResult:
        """Do it at this agency, on behalf of `actor`; raises where the drill may not be held at all."""
