"""Desks: finding the drawer for a piece of work, and who holds it when.

A desk's holder at an instant is its latest `Holding` that has begun by then (`registry.models.desk`).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from django.db import connection
from django.utils.translation import gettext as _

from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.errors import Conflict
from haicap.registry.held import HELD_DESKS_SQL
from haicap.registry.models import Agency, Desk, DeskKind, Holding, Unit


class DeskHeldByAnother(Conflict):
    """The drawer exists, but another agency holds it now."""

    code = "REG-501"


class HoldingOutOfOrder(Conflict):
    """A holding may only begin after the desk's latest one: history is added to, not rewritten."""

    code = "REG-502"


def holder_now(desk: Desk | uuid.UUID) -> Agency | None:
    """The agency that holds the desk now; None where it is closed or was never held."""
    holding = (
        Holding.objects.filter(desk_id=_id(desk), begins_at__lte=clock.now())
        .select_related("agency")
        .order_by("-begins_at")
        .first()
    )
    return holding.agency if holding is not None else None


def holders_at(desks: Collection[uuid.UUID], at: datetime) -> dict[uuid.UUID, uuid.UUID | None]:
    """Desk id → the agency that holds it at `at`, None where it is closed; never-held desks are left out."""
    latest = (
        Holding.objects.filter(desk_id__in=set(desks), begins_at__lte=at)
        .order_by("desk_id", "-begins_at")
        .distinct("desk_id")
        .values_list("desk_id", "agency_id")
    )
    return dict(latest)


def desks_held_by(agency: Agency | uuid.UUID, at: datetime | None = None) -> list[uuid.UUID]:
    """The ids of the desks that the agency holds at `at` (default now), in no order. One query."""
    agency_id = _id(agency)
    with connection.cursor() as cursor:
        cursor.execute(
            HELD_DESKS_SQL.replace("kernel_clock_now()", "%s"), [[agency_id], at or clock.now(), [agency_id]]
        )
        return [desk_id for (desk_id,) in cursor.fetchall()]


def desk_for(
    agency: Agency,
    place: Unit | None = None,
    field: str = "",
    *,
    actor: Actor,
    kind: DeskKind = DeskKind.WORK,
) -> Desk:
    """The drawer of `agency` for work from `place` in `field`; where new, made and held by it from now on.

    Two callers at once get the same drawer. Raises DeskHeldByAnother where the agency set this drawer up and
    another agency holds it now (its work was transferred).
    """
    place_id = place.id if place is not None else None
    key = {"founder_id": agency.id, "kind": kind, "place_id": place_id, "field": field}
    found = Desk.objects.filter(**key).first()
    if found is None:
        found = _open_desk(actor, key)
    holder = holder_now(found)
    if holder is None or holder.id != agency.id:
        raise DeskHeldByAnother(
            _("Ngăn hồ sơ này không còn do cơ quan phụ trách."),
            kept=_("Chưa có gì được ghi."),
            todo=_("Hãy chuyển việc đến cơ quan đang phụ trách ngăn hồ sơ."),
            details={"desk": str(found.id), "holder": str(holder.id) if holder is not None else None},
        )
    return found


def hold(
    desk: Desk,
    agency: Agency | None,
    at: datetime,
    *,
    actor: Actor,
    reason: str = "",
    interim: bool = False,
    run_id: uuid.UUID | None = None,
) -> Holding:
    """From `at` on `agency` holds the desk (None closes it).

    Raises HoldingOutOfOrder where the desk has a holding that begins at `at` or later.
    """
    with journal.act(actor, "registry.hold_desk", reason=reason) as act:
        Desk.objects.select_for_update().get(pk=desk.pk)
        latest = Holding.objects.filter(desk=desk).order_by("-begins_at").first()
        if latest is not None and latest.begins_at >= at:
            raise HoldingOutOfOrder(
                _("Bàn đã được giao từ %(since)s, không thể giao lại từ một thời điểm trước đó.")
                % {"since": latest.begins_at.astimezone(clock.ZONE).strftime("%H:%M %d/%m/%Y")},
                kept=_("Người phụ trách bàn vẫn như cũ."),
                todo=_("Hãy chọn thời điểm sau lần giao gần nhất."),
            )
        holding = Holding.objects.create(
            desk=desk, agency=agency, begins_at=at, interim=interim, run_id=run_id
        )
        act.changed(
            "registry.holding",
            holding.id,
            {"agency": _text(latest.agency_id)} if latest is not None else None,
            {"desk": str(desk.id), "agency": _text(holding.agency_id), "begins_at": at.isoformat()},
        )
    return holding


# Between a cut-over on the eve and its effective instant an agency that is about to end may still set up drawers: they
# go where its other drawers go: to the department for a field that is transferred, else to the successor of the place,
# else to whoever takes the agency's own desk.
_FOLLOW_THE_AGENCY = """
    INSERT INTO registry_holding (id, desk_id, begins_at, agency_id, interim, run_id)
    SELECT kernel_new_id(), d.id, own.begins_at, coalesce(field.agency_id, place.agency_id, own.agency_id),
           field.agency_id IS NULL AND place.agency_id IS NULL AND own.interim, own.run_id
    FROM registry_desk d
    JOIN LATERAL (
        SELECT h.begins_at, h.agency_id, h.interim, h.run_id
        FROM registry_desk sibling JOIN registry_holding h ON h.desk_id = sibling.id
        WHERE sibling.founder_id = d.founder_id AND sibling.kind = d.kind AND sibling.id <> d.id
          AND h.begins_at > %(now)s AND h.agency_id IS DISTINCT FROM d.founder_id
        ORDER BY sibling.place_id IS NOT NULL, sibling.field <> '', h.begins_at LIMIT 1
    ) own ON true
    LEFT JOIN LATERAL (
        SELECT h.agency_id FROM registry_desk same
        JOIN registry_holding h ON h.desk_id = same.id AND h.run_id = own.run_id
        JOIN registry_agency taker ON taker.id = h.agency_id AND taker.kind = 'so'
        WHERE d.field <> '' AND same.field = d.field LIMIT 1
    ) field ON true
    LEFT JOIN LATERAL (
        SELECT coalesce(heir.successor_id, local.id) AS agency_id FROM registry_agency local
        LEFT JOIN registry_agencysuccession heir
            ON heir.predecessor_id = local.id AND heir.run_id = own.run_id AND heir.withdrawn_at IS NULL
        WHERE local.unit_id = d.place_id AND local.kind = 'ubnd' AND NOT coalesce(heir.part, false) LIMIT 1
    ) place ON true
    WHERE d.id = %(desk)s
"""


def _open_desk(actor: Actor, key: dict[str, object]) -> Desk:
    """Insert the drawer and its first holding; wait for, and take, that of a concurrent caller."""
    with journal.act(actor, "registry.open_desk") as act:
        Desk.objects.bulk_create([Desk(**key)], ignore_conflicts=True)
        desk = Desk.objects.select_for_update().get(**key)
        if not desk.holdings.exists():
            now = clock.now()
            Holding.objects.create(desk=desk, agency_id=desk.founder_id, begins_at=now)
            with connection.cursor() as cursor:
                cursor.execute(_FOLLOW_THE_AGENCY, {"desk": desk.pk, "now": now})
            act.changed(
                "registry.desk",
                desk.id,
                None,
                {
                    "founder": str(desk.founder_id),
                    "kind": desk.kind,
                    "place": _text(desk.place_id),
                    "field": desk.field,
                },
            )
    return desk


def _id(thing: Agency | Desk | uuid.UUID) -> uuid.UUID:
    return thing if isinstance(thing, uuid.UUID) else thing.id


def _text(identity: uuid.UUID | None) -> str | None:
    return str(identity) if identity is not None else None
