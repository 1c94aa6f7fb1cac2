"""Thời hạn giải quyết of a version: which rule counts for a channel and a case. Never guessed: None asks a person."""

from __future__ import annotations

from collections.abc import Sequence

from haicap.kernel.text import fold
from haicap.systems.onestop.models import Channel, ProcedureVersion, TimeLimit


def limit_of(version: ProcedureVersion, channel: Channel | int | None, case: str = "") -> TimeLimit | None:
    """The time limit for a channel and a case, or None where the published ones leave it open.

    The channel's own limits count before those said for every channel; the case as it is written (accents, case and
    spacing aside) before those without a case. Several different limits and no case told: None.
    """
    found = list(version.limits.order_by("position"))
    own = [one for one in found if one.channel == channel] or [one for one in found if one.channel is None]
    wanted = fold(case)
    exact = [one for one in own if fold(one.case) == wanted] if wanted else []
    return (
        _agreed(exact) or _agreed([one for one in own if not one.case]) or (None if exact else _agreed(own))
    )


def _agreed(limits: Sequence[TimeLimit]) -> TimeLimit | None:
    """The one limit that all of these say."""
    said = {(one.unit, one.amount) for one in limits}
    return limits[0] if len(said) == 1 else None


def cases_of(version: ProcedureVersion, channel: Channel | int | None) -> list[str]:
    """The cases that a channel tells apart: what reception asks for where `limit_of` leaves it open."""
    found = list(version.limits.order_by("position"))
    own = [one for one in found if one.channel == channel] or [one for one in found if one.channel is None]
    return list(dict.fromkeys(one.case for one in own if one.case))
