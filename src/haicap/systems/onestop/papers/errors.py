"""What can go wrong with forms: ONE-401 to ONE-409."""

from __future__ import annotations

from haicap.kernel.errors import BadInput, Conflict, NotAllowed, NotFound


class LetterNotAllowed(NotAllowed):
    """The actor may not issue this form, or does not work for the agency that issues it."""

    code = "ONE-401"


class LetterDoesNotFit(Conflict):
    """The form says what has not happened: a refusal of a dossier that is being worked on."""

    code = "ONE-402"


class ApologyGiven(Conflict):
    """One apology with one new date was given already (standards §5)."""

    code = "ONE-403"


class BadLetter(BadInput):
    """What a form is to say cannot be used: no reason, a new date in the past."""

    code = "ONE-404"


class LetterNotFound(NotFound):
    """There is no such form, or the actor may not see its dossier."""

    code = "ONE-405"


class TooManySheets(BadInput):
    """More sheets than one print run takes."""

    code = "ONE-406"
