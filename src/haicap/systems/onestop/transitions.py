"""Which status may follow which (bảng chuyển trạng thái): one explicit table, kept by the database too.

Codes are the national ones (TrangThaiHoSo, standards §5). The clock of a dossier stands still in `WAITING`.
The trigger `onestop_dossier_status_follows` (migration 0002) holds the same pairs; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping

from haicap.systems.onestop.models import Status

#: the applicant or an obstacle holds the case, not the agency: the deadline moves by the time spent here
WAITING: frozenset[Status] = frozenset({Status.SUPPLEMENT, Status.PAYMENT, Status.STOPPED})

TRANSITIONS: Mapping[Status, frozenset[Status]] = {
    Status.REGISTERED: frozenset(
        {Status.RECEIVED, Status.REFUSED, Status.SUPPLEMENT, Status.PAYMENT, Status.WITHDRAWN}
    ),
    Status.RECEIVED: frozenset(
        {Status.PROCESSING, Status.SUPPLEMENT, Status.PAYMENT, Status.WITHDRAWN, Status.STOPPED}
    ),
    Status.PROCESSING: frozenset(
        {Status.SUPPLEMENT, Status.PAYMENT, Status.WITHDRAWN, Status.STOPPED, Status.PROCESSED}
    ),
    Status.SUPPLEMENT: frozenset(
        {Status.RECEIVED, Status.PROCESSING, Status.REFUSED, Status.WITHDRAWN, Status.STOPPED}
    ),
    Status.PAYMENT: frozenset({Status.RECEIVED, Status.PROCESSING, Status.WITHDRAWN, Status.STOPPED}),
    Status.STOPPED: frozenset({Status.PROCESSING, Status.WITHDRAWN}),
    Status.PROCESSED: frozenset({Status.RETURNED, Status.PROCESSING}),
    Status.REFUSED: frozenset(),
    Status.WITHDRAWN: frozenset(),
    Status.RETURNED: frozenset(),
}


def may_follow(before: int, after: int) -> bool:
    """Whether a dossier in status `before` may go to status `after`; staying where it is is no transition."""
    return Status(after) in TRANSITIONS[Status(before)]


def next_statuses(status: int) -> list[Status]:
    """The statuses that may follow, by their national code."""
    return sorted(TRANSITIONS[Status(status)])
