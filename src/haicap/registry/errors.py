"""Errors of the registry of units: REG-001 to REG-049."""

from __future__ import annotations

from haicap.kernel.errors import BadInput, Conflict, NotFound


class BeforeBase(BadInput):
    """REG-001: the day lies before the base state; the registry says nothing about it."""

    code = "REG-001"


class NoSuchUnit(NotFound):
    """REG-002: no unit bears this code (or id) on this day."""

    code = "REG-002"


class RegistryEmpty(Conflict):
    """REG-003: the country has not been loaded."""

    code = "REG-003"


class BadRequest(BadInput):
    """REG-004: a level, kind, page or search text that cannot be used."""

    code = "REG-004"


class BadChanges(BadInput):
    """REG-010: a formation or change of units that cannot be: unknown code, two fates, orphans."""

    code = "REG-010"


class StateMoved(Conflict):
    """REG-011: a unit that is to change has ended, changes later or does not exist on that day."""

    code = "REG-011"


class AlreadyApplied(Conflict):
    """REG-012: this reorganisation has been applied and not been undone."""

    code = "REG-012"


class NotWithdrawable(Conflict):
    """REG-013: this reorganisation cannot be taken back: it is unknown, undone, the base, or built upon."""

    code = "REG-013"


class DifferentBase(Conflict):
    """REG-014: another base state has been loaded already."""

    code = "REG-014"
