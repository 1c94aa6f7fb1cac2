"""Errors of personal data pages."""

from __future__ import annotations

from haicap.kernel.errors import BadInput, Conflict, NotFound


class BadRequestText(BadInput):
    """ACC-511: a request about one's own data lacks what it needs."""

    code = "ACC-511"


class RequestWaits(Conflict):
    """ACC-512: such a request waits already, or too many copies were asked for today."""

    code = "ACC-512"


class NoSuchRequest(NotFound):
    """ACC-513: there is no such request, or not for this actor."""

    code = "ACC-513"


class BadDecision(BadInput):
    """ACC-514: a decision without reason or legal basis, or one that the law does not leave open."""

    code = "ACC-514"


class DecidedAlready(Conflict):
    """ACC-515: the request was decided before."""

    code = "ACC-515"


class OwnRequest(Conflict):
    """ACC-516: nobody decides on the own request."""

    code = "ACC-516"


class BadReadingFilter(BadInput):
    """ACC-517: a filter of the list of readings cannot be read."""

    code = "ACC-517"
