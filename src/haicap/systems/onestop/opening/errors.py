"""What can go wrong with statements about the opening; codes ONE-65x."""

from __future__ import annotations

from haicap.kernel.errors import BadInput, NotAllowed, NotFound


class OpeningNotAllowed(NotAllowed):
    """The actor may not speak for this agency."""

    code = "ONE-651"


class BadStatement(BadInput):
    """The statement says nothing that could be checked."""

    code = "ONE-652"


class DrillNotAllowed(NotAllowed):
    """The actor may not hold a drill at this agency."""

    code = "ONE-653"


class NothingToPlay(BadInput):
    """No procedure of this agency has a route, so no dossier can be played."""

    code = "ONE-654"


class NotOneOfMine(NotFound):
    """The agency is none of the actor's: whether there is one is not told."""

    code = "ONE-655"
