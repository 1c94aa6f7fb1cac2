"""What can go wrong at the counters; codes ONE-7xx."""

from __future__ import annotations

from haicap.kernel.errors import BadInput, Conflict, HaicapError, NotAllowed, NotFound, Unavailable


class CounterNotAllowed(NotAllowed):
    """The actor does not run counters at this desk."""

    code = "ONE-701"


class CounterNotFound(NotFound):
    """There is no such counter, ticket or booking, or the actor may not see it."""

    code = "ONE-702"


class CounterTaken(Conflict):
    """Somebody else sits at this counter, or the actor sits at another one."""

    code = "ONE-703"


class CounterBusy(Conflict):
    """The person before is still at the counter."""

    code = "ONE-704"


class TicketMoved(Conflict):
    """The ticket is no longer in the state that the screen showed."""

    code = "ONE-705"


class TimeFull(Conflict):
    """All seats of that time are taken."""

    code = "ONE-706"


class BadTime(BadInput):
    """No such time can be booked: outside working hours, past, or too far ahead."""

    code = "ONE-707"


class CounterClosed(Conflict):
    """The counter must be opened first."""

    code = "ONE-708"


class NumbersUsedUp(Conflict):
    """The desk has given out all numbers of the day."""

    code = "ONE-709"


class TooMany(HaicapError):
    """One network or one telephone number asks for more than people need."""

    code = "ONE-710"
    http_status = 429


class DeskClosed(Conflict):
    """Nobody works there at this hour: no numbers are given out."""

    code = "ONE-711"


class NoVoice(Unavailable):
    """This server has no Vietnamese voice."""

    code = "ONE-712"
