"""Who saw what, and a person's rights over the own data; also what access answers to the contract."""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """`PERSONAL_DATA`, when asked: its module needs the tables, this package is imported before they are there."""
    if name == "PERSONAL_DATA":
        from haicap.access.personal_data.sources import PERSONAL_DATA

        return PERSONAL_DATA
    raise AttributeError(name)
