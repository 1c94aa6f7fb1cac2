"""Errors of signing in."""

from __future__ import annotations

from haicap.kernel.errors import NotAllowed, NotFound


class PickerClosed(NotAllowed):
    """ACC-001: the demonstration sign-in is closed here: real data, or not this very machine."""

    code = "ACC-001"


class NoSuchHat(NotFound):
    """ACC-002: this appointment does not stand today."""

    code = "ACC-002"
