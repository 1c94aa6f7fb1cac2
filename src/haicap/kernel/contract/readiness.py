"""What a system says about whether an agency is ready to open."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Readiness(StrEnum):
    """Mức độ sẵn sàng: ready, on the way, or not begun."""

    READY = "ready"
    PARTLY = "partly"
    NOT_READY = "not_ready"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Minh chứng: `done` of `wanted` things, what they are in words, and what is to be done where some are missing."""

    name: str
    label: str
    done: int
    wanted: int
    todo: str = ""

    @property
    def readiness(self) -> Readiness:
        """READY where nothing is missing (also where nothing is wanted)."""
        if self.done >= self.wanted:
            return Readiness.READY
        return Readiness.PARTLY if self.done else Readiness.NOT_READY


def overall(evidence: Sequence[Evidence]) -> Readiness:
    """READY when all evidence is, NOT_READY when none of it is, else PARTLY."""
    states = {one.readiness for one in evidence}
    if states <= {Readiness.READY}:
        return Readiness.READY
    return Readiness.NOT_READY if states == {Readiness.NOT_READY} else Readiness.PARTLY


class ReadinessCheck(ABC):
    """Kiểm tra sẵn sàng: one question about agencies; `readiness.py` lists them in `READINESS`.

    `ask` reads only, and answers for all agencies at once: the board asks for every commune of a province.
    """

    system: ClassVar[str]
    name: ClassVar[str]
    label: ClassVar[str]

    @abstractmethod
    def ask(self, agency_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, tuple[Evidence, ...]]:
        """The evidence for each of these agencies; a bounded number of queries, however many they are."""
