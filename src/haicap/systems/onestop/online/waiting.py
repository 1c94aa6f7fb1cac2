"""Chờ tiếp nhận: what was handed in online lies first where people look at it, then goes to who decides it.

Reception belongs to the service centre of the place, the decision to another agency. `take_in` puts a dossier into
the drawer of who decides; until it is accepted it lies on the centre's desk, and both moves stand in its history.
"""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext as _

from haicap.kernel.actor import SYSTEM, Actor
from haicap.registry.desks import desk_for
from haicap.registry.models import Agency, Desk
from haicap.systems.onestop import service
from haicap.systems.onestop.models import Dossier


def lay_at_reception(actor: Actor, dossier: Dossier, receiving: Agency) -> Dossier:
    """Put a dossier that was just handed in on the desk of who receives it; nothing where it lies there."""
    desk = desk_for(receiving, actor=actor)
    if desk.pk == dossier.desk_id:
        return dossier
    return service.move_dossier(_moving(actor), dossier.pk, desk, str(_("Chờ bộ phận một cửa xem")))


def hand_over(actor: Actor, dossier: Dossier) -> Dossier:
    """Give an accepted dossier to who decides: back into the drawer where it was put first, whoever holds that now."""
    first = dossier.steps.order_by("at", "id").first()
    now_at = Dossier.objects.values_list("desk_id", flat=True).get(pk=dossier.pk)
    if first is None or first.desk_id == now_at:
        return dossier
    drawer = Desk.objects.get(pk=first.desk_id)
    return service.move_dossier(
        _moving(actor), dossier.pk, drawer, str(_("Chuyển cơ quan có thẩm quyền giải quyết"))
    )


def _moving(actor: Actor) -> Actor:
    """The same actor, with the right to this one move: it follows from handing in, or from accepting."""
    return replace(
        SYSTEM,
        label=actor.label,
        person_id=actor.person_id,
        post_id=actor.post_id,
        account_id=actor.account_id,
    )
