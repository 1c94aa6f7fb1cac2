"""What can go wrong with results: ONE-431 to ONE-439."""

from __future__ import annotations

from haicap.kernel.errors import BadInput, Conflict, NotAllowed, NotFound


class ResultNotAllowed(NotAllowed):
    """The actor may not do this with results, or does not work for the agency that may."""

    code = "ONE-431"


class ResultDoesNotFit(Conflict):
    """The dossier is not being worked on, or the draft is closed."""

    code = "ONE-432"


class ResultUnsigned(Conflict):
    """A result without any signature is not issued."""

    code = "ONE-433"


class BadResult(BadInput):
    """What a result is to say cannot be used."""

    code = "ONE-434"


class ResultNotFound(NotFound):
    """There is no such result or draft, or the actor may not see it."""

    code = "ONE-435"


class ResultRevoked(Conflict):
    """The result was withdrawn, or is no longer valid."""

    code = "ONE-436"


class ResultOfAnother(Conflict):
    """The result is about somebody else than the applicant."""

    code = "ONE-437"


class TooManyTries(Conflict):
    """Too many wrong tries to download: wait."""

    code = "ONE-438"
    http_status = 429
