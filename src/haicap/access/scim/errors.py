"""Errors of the SCIM service: for its page and its command. Its API answers with SCIM's own errors."""

from __future__ import annotations

from haicap.kernel.errors import BadInput, NotAllowed, NotFound


class NoSuchToken(NotFound):
    """ACC-410: there is no SCIM token of this id."""

    code = "ACC-410"


class TokensNotAllowed(NotAllowed):
    """ACC-411: the hat worn may not manage SCIM tokens."""

    code = "ACC-411"


class BadToken(BadInput):
    """ACC-412: a token cannot be made like this."""

    code = "ACC-412"
