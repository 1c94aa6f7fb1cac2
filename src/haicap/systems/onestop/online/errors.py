"""What can go wrong online; codes ONE-8xx."""

from __future__ import annotations

from haicap.kernel.errors import BadInput, Conflict, HaicapError, NotAllowed, NotFound


class DraftNotFound(NotFound):
    """There is no such draft or own dossier, or it is somebody else's: the two are not told apart."""

    code = "ONE-801"


class DraftClosed(Conflict):
    """The draft was handed in, or has expired."""

    code = "ONE-802"


class NotOnline(Conflict):
    """The procedure is not handed in online, or nobody at this place decides it."""

    code = "ONE-803"


class SignInNeeded(NotAllowed):
    """This procedure is handed in with a proven identity only."""

    code = "ONE-804"


class NotComplete(BadInput):
    """A part of the draft is missing or no longer right."""

    code = "ONE-805"


class ConsentNeeded(BadInput):
    """Without the consent to process it there is no dossier."""

    code = "ONE-806"


class TooManyFiles(BadInput):
    """More files, or more bytes together, than a draft holds."""

    code = "ONE-807"


class NotNow(Conflict):
    """As the dossier stands now, this cannot be done with it."""

    code = "ONE-808"


class BadWords(BadInput):
    """What was written is missing or too long."""

    code = "ONE-809"


class TooManyLookups(HaicapError):
    """Too many wrong codes or links from one place."""

    code = "ONE-810"
    http_status = 429


class BadForm(BadInput):
    """The schema of a form is none that can be drawn."""

    code = "ONE-811"
