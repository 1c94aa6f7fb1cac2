"""What can go wrong at reception; codes ONE-6xx."""

from __future__ import annotations

from haicap.kernel.errors import BadInput, Conflict, NotAllowed, NotFound, Unavailable


class BadIdentity(BadInput):
    """The personal number, tax code or card cannot be real."""

    code = "ONE-601"


class ProcedureNotInForce(Conflict):
    """The procedure is not, or no longer, in force on the day of reception."""

    code = "ONE-602"


class LimitNotKnown(BadInput):
    """The published text states no time limit: the official has to say one."""

    code = "ONE-603"


class PapersMissing(BadInput):
    """Papers that this procedure asks for were not handed in."""

    code = "ONE-604"


class SubmissionTaken(NotAllowed):
    """The key of this submission belongs to somebody else's dossier."""

    code = "ONE-605"


class FileRefused(BadInput):
    """A file is of a kind that is not taken, is broken, or would blow up when opened."""

    code = "ONE-606"


class FileInfected(BadInput):
    """The scanner found a virus in the file."""

    code = "ONE-607"


class ScannerSilent(Unavailable):
    """The virus scanner that the deployment names does not answer: nothing is taken unscanned."""

    code = "ONE-608"


class TooManyFiles(BadInput):
    """The files of one dossier together are beyond the limit, or the one file is."""

    code = "ONE-609"


class BadEntry(BadInput):
    """What was typed at the counter cannot be used."""

    code = "ONE-610"


class UndoTooLate(Conflict):
    """The dossier or the entry can no longer be taken back here."""

    code = "ONE-611"


class EntryNotFound(NotFound):
    """There is no such entry in the book, or it is another agency's."""

    code = "ONE-612"


class NumbersFull(Conflict):
    """The book of this year has used all its numbers."""

    code = "ONE-613"
