"""What a system gives the warehouse."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from datetime import date
from typing import ClassVar


class FactSource(ABC):
    """Nguồn dữ liệu kho: one table of facts; `facts.py` lists them in `FACTS`.

    A row stands for a day and what `columns` name first (its grain); the numbers of a day do not depend on who
    asks or when, once the day is over, so that a day can be read again and replaced. No personal data.
    """

    system: ClassVar[str]
    name: ClassVar[str]
    label: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]

    @abstractmethod
    def rows(self, first: date, last: date) -> Iterator[Sequence[object]]:
        """The rows of the days from `first` to `last`, both included, in the order of `columns`."""
