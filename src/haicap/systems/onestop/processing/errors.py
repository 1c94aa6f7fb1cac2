"""What can go wrong with tasks, in words for people; codes ONE-90x."""

from __future__ import annotations

from haicap.kernel.errors import BadInput, Conflict, NotAllowed, NotFound


class TaskNotFound(NotFound):
    """There is no such task, or it is asked of another title or agency: the two are not told apart."""

    code = "ONE-901"


class TaskTaken(Conflict):
    """A colleague has taken the task and still bears its title."""

    code = "ONE-902"


class TaskClosed(Conflict):
    """The task was completed meanwhile; the error says by whom and how."""

    code = "ONE-903"


class OutcomeUnknown(BadInput):
    """The step does not have this outcome."""

    code = "ONE-904"


class DossierWaits(Conflict):
    """The clock of the dossier stands still (statuses 5, 6, 8): its step goes on when it comes back."""

    code = "ONE-905"


class AssignNotAllowed(NotAllowed):
    """The actor does not hand out tasks at the agency that holds the desk."""

    code = "ONE-906"


class NotABearer(Conflict):
    """The person does not bear the title of the step (nor a deputy's) at the agency."""

    code = "ONE-907"


class NobodyToAsk(Conflict):
    """An agency that the step consults does not exist here today."""

    code = "ONE-908"


class GoesByRoute(Conflict):
    """The dossier is on a route: this status follows from a step only."""

    code = "ONE-909"


class ReasonNeeded(BadInput):
    """This outcome needs a reason."""

    code = "ONE-910"


class NothingAsked(Conflict):
    """No consultation of the dossier is open."""

    code = "ONE-911"


class SupplementAgain(Conflict):
    """Papers were asked for once already: a second time counts as late, and must be meant."""

    code = "ONE-912"


class PaperNotFound(NotFound):
    """There is no such paper in the dossier, or it has no file."""

    code = "ONE-913"
