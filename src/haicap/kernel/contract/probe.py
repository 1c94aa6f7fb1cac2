"""What a system says about how it is right now."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Health(StrEnum):
    """Tình trạng: well, working with something wrong, or not working."""

    WELL = "well"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """Kết quả giám sát: the state in words for people, and the measured value with its unit."""

    health: Health
    message: str
    value: float
    unit: str


class Probe(ABC):
    """Điểm giám sát: one question to a running system; `probes.py` lists them in `PROBES`.

    `ask` reads only, is done within a second and raises nothing that it can say in a result.
    """

    system: ClassVar[str]
    name: ClassVar[str]
    label: ClassVar[str]

    @abstractmethod
    def ask(self) -> ProbeResult:
        """How it is now."""
