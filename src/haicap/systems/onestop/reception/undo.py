"""Hoàn tác tiếp nhận: right after receiving, while nobody has worked on it, the dossier is withdrawn with a reason."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.utils.translation import gettext as _

from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.registry.desks import holders_at
from haicap.systems.onestop import policy, service
from haicap.systems.onestop.models import Dossier, DossierTask, Status
from haicap.systems.onestop.processing import routed
from haicap.systems.onestop.reception.errors import UndoTooLate

#: afterwards it is withdrawn on the dossier's page, by who holds it
UNDO_WITHIN = timedelta(minutes=30)


def may_undo(actor: Actor, dossier: Dossier) -> bool:
    """Whether the actor's counter can take this reception back now."""
    return (
        actor.may(policy.RECEIVE)
        and dossier.receiving_agency_id in actor.agency_ids
        and dossier.status == Status.RECEIVED
        and clock.now() - dossier.received_at <= UNDO_WITHIN
        and not DossierTask.objects.filter(dossier=dossier, closed_at__isnull=False).exists()
        and not DossierTask.objects.filter(dossier=dossier, taken_by__isnull=False)
        .exclude(taken_by_id=actor.person_id)
        .exists()
    )


def undo_reception(actor: Actor, dossier_id: uuid.UUID, reason: str) -> Dossier:
    """Hoàn tác: «công dân yêu cầu rút», wherever the dossier lies; its code is not given again.

    Raises DossierNotFound, UndoTooLate (ONE-611), ReasonMissing (ONE-206), ReceptionNotAllowed.
    """
    why = service.checked_reason(reason)
    with journal.act(actor, "onestop.undo_reception", reason=why) as act:
        service.wait_for_cut_over()
        found = Dossier.objects.select_for_update().filter(pk=dossier_id).first()
        if found is None or found.receiving_agency_id not in actor.agency_ids:
            raise service.not_found()
        policy.check_reception(actor, found.receiving_agency_id)
        if not may_undo(actor, found):
            raise UndoTooLate(
                _("Hồ sơ %(code)s không hoàn tác được nữa: đã quá %(minutes)s phút hoặc đã có người xử lý.")
                % {"code": found.code, "minutes": int(UNDO_WITHIN.total_seconds() // 60)},
                kept=_("Hồ sơ vẫn như cũ."),
                todo=_("Hãy mở hồ sơ và chọn «Cho rút hồ sơ», hoặc nhờ cơ quan đang giữ hồ sơ."),
            )
        before = Status(found.status)
        (withdrawn,) = service.advance_by_route(actor, [found.id], Status.WITHDRAWN, note=why)
        now = clock.now()
        holder = holders_at([withdrawn.desk_id], now).get(withdrawn.desk_id) or withdrawn.competent_agency_id
        routed.follow(act, actor, [withdrawn], {found.id: before}, now, {found.id: holder})
        act.changed("onestop.dossier", found.id, {"status": int(before)}, {"status": int(withdrawn.status)})
    return withdrawn
