"""Errors of access."""

from __future__ import annotations

from haicap.kernel.errors import NotAllowed


class AccessDenied(NotAllowed):
    """ACC-403: the hat worn does not permit this."""

    code = "ACC-403"
