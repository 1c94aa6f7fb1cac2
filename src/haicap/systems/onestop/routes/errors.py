"""What can go wrong with routes, in words for people; codes ONE-31x to ONE-33x."""

from __future__ import annotations

from haicap.kernel.errors import BadInput, Conflict, NotAllowed, NotFound


class RoutesNotAllowed(NotAllowed):
    """The actor does not configure routes."""

    code = "ONE-310"


class BadDefinition(BadInput):
    """The description of a route cannot be read; `where` names the place."""

    code = "ONE-311"


class RouteNotFound(NotFound):
    """There is no such route, version or step."""

    code = "ONE-312"


class BadRoute(BadInput):
    """A route's code, name or note cannot be used."""

    code = "ONE-313"


class RouteExists(Conflict):
    """Another route bears this code."""

    code = "ONE-314"


class NotADraft(Conflict):
    """A published version never changes: a new draft is made of it."""

    code = "ONE-315"


class RouteHasErrors(Conflict):
    """The route cannot be published: its validation found errors, all of them in `details`."""

    code = "ONE-316"


class NothingToRetire(Conflict):
    """The version is a draft, or retired already."""

    code = "ONE-317"


class BadAssignment(BadInput):
    """A bulk assignment that names no procedure, too many, or a day that has gone."""

    code = "ONE-318"


class NothingToUndo(Conflict):
    """The assignment or the move has been undone already, or does not exist."""

    code = "ONE-319"


class BadMapping(BadInput):
    """A mapping of steps that leaves running dossiers without a step, or names steps that do not exist."""

    code = "ONE-320"


class BadBpmn(BadInput):
    """A BPMN file that cannot become a route; every reason is in `details`."""

    code = "ONE-321"


class DraftChanged(Conflict):
    """Somebody else changed the draft since the page was opened."""

    code = "ONE-322"
