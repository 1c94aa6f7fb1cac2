"""Hồ sơ quá hạn: those whose applicants are owed an apology (form 04), and giving it to many at once.

TT 03/2025/TT-VPCP: one apology with the one new date; the appointment itself stays as it was.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.errors import HaicapError
from haicap.systems.onestop import deadlines, policy
from haicap.systems.onestop.models import Dossier, DossierLetter, LetterForm, Status
from haicap.systems.onestop.papers.service import issue_letter
from haicap.systems.onestop.papers.values import Content
from haicap.systems.onestop.processing import service
from haicap.systems.onestop.processing.worklist import Reach

#: dossiers on a page, and so in one go
MOST_LATE = 50
#: working days that the new date is away, unless the head says otherwise
PROPOSED_DAYS = 3


@dataclass(slots=True)
class Apologies:
    """Kết quả: letters that were issued, and dossiers where it was refused, with the reason."""

    issued: list[DossierLetter] = field(default_factory=list)
    refused: list[tuple[str, HaicapError]] = field(default_factory=list)


def waiting(mine: Reach, rows: int = MOST_LATE) -> list[Dossier]:
    """Dossiers on the actor's desks past their appointment, still worked on, without an apology; oldest first.

    Raises AssignNotAllowed: the head of an agency apologises. One query.
    """
    check(mine.actor)
    told = DossierLetter.objects.filter(dossier=OuterRef("pk"), form=LetterForm.APOLOGY)
    return list(
        Dossier.objects.in_flight()
        .filter(
            ~Exists(told),
            desk_id__in=mine.held,
            status__in=[Status.RECEIVED, Status.PROCESSING],
            due_at__lt=clock.now(),
        )
        .select_related("detail")
        .order_by("due_at", "id")[:rows]
    )


def proposed(now: datetime) -> datetime:
    """The new date that is offered: some working days from now."""
    return deadlines.appointment(now, PROPOSED_DAYS)


def apologise(
    actor: Actor, dossiers: Collection[uuid.UUID], content: Content, *, site: str = ""
) -> Apologies:
    """Xin lỗi hàng loạt: form 04 with the same reason and new date for each; those that cannot are told.

    Raises AssignNotAllowed.
    """
    check(actor)
    wanted = list(dict.fromkeys(dossiers))[:MOST_LATE]
    codes = dict(Dossier.objects.visible_to(actor).filter(pk__in=wanted).values_list("pk", "code"))
    made = Apologies()
    for one in wanted:
        try:
            made.issued.append(issue_letter(actor, one, LetterForm.APOLOGY, content, site=site))
        except HaicapError as error:
            made.refused.append((codes.get(one, _("hồ sơ không thấy")), error))
    return made


def check(actor: Actor) -> None:
    """Raises AssignNotAllowed unless the actor hands out work at an agency."""
    if not actor.may(policy.ASSIGN):
        raise service.assign_not_allowed()
