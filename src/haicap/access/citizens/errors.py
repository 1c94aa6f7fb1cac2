"""Errors of citizens' sign-in."""

from __future__ import annotations

from haicap.kernel.errors import BadInput, Conflict, HaicapError, NotAllowed, Unavailable


class SignInFailed(HaicapError):
    """ACC-501: what came back from the identity provider cannot be trusted (state, nonce, token)."""

    code = "ACC-501"
    http_status = 401


class ProviderSilent(Unavailable):
    """ACC-502: the identity provider does not answer, or answers nonsense."""

    code = "ACC-502"


class BadClaims(BadInput):
    """ACC-503: what the identity provider says about the person cannot be used."""

    code = "ACC-503"


class NumberTaken(Conflict):
    """ACC-504: the personal number belongs to a citizen known under another VNeID account."""

    code = "ACC-504"


class CitizenLocked(NotAllowed):
    """ACC-505: the citizen's account is locked."""

    code = "ACC-505"


class ConsentMissing(BadInput):
    """ACC-506: without this consent there is no account."""

    code = "ACC-506"


class SignInExpired(Conflict):
    """ACC-507: too long between VNeID's answer and the person's; or the answer was used already."""

    code = "ACC-507"
