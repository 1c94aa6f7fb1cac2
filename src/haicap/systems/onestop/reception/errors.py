"""What can go wrong at reception; codes ONE-6xx."""

from __future__ import annotations

from haicap.kernel.errors import BadInput, Conflict, NotAllowed


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
