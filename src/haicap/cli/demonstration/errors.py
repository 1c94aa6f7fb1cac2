"""What can go wrong when a demonstration is filled; codes CLI-5xx."""

from __future__ import annotations

from haicap.kernel.errors import BadInput, Conflict


class NotForRealData(Conflict):
    """This database serves a real province, or holds agencies that are not a demonstration's."""

    code = "CLI-501"


class OtherDemonstration(Conflict):
    """This database holds the demonstration of another province."""

    code = "CLI-502"


class NoSuchProvince(BadInput):
    """No province bears this code on 1/7/2025."""

    code = "CLI-503"


class BadScale(BadInput):
    """A scale that cannot be filled."""

    code = "CLI-504"


class LoadedTooLate(Conflict):
    """The country was loaded by a clock that stands after the demonstration's day."""

    code = "CLI-505"
