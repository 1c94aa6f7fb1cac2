"""Moving dossiers to another desk."""

from __future__ import annotations

from datetime import datetime

import pytest

from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.registry.desks import desk_for, hold
from haicap.registry.models import Desk, DeskKind, Holding
from haicap.systems.onestop import policy, queries, service
from haicap.systems.onestop.errors import (
    DeskNotOpen,
    DossierNotFound,
    ReasonMissing,
    StatusMayNotFollow,
    StepNotAllowed,
)
from haicap.systems.onestop.models import Status
from haicap.systems.onestop.tests.factories import Town, make_dossier, official


def test_dossier__move__keeps_number_and_appointment(town: Town) -> None:
    dossier = make_dossier(town.commune)
    target = desk_for(town.neighbour.agency, actor=SYSTEM)

    moved = service.move_dossier(official(town.commune), dossier.id, target, "thuộc địa bàn Mỹ An")

    assert (moved.code, moved.due_at, moved.status) == (dossier.code, dossier.due_at, dossier.status)
    assert moved.desk_id == target.id
    step = dossier.steps.latest("at")
    assert (step.action, step.note, step.desk_id) == ("move", "thuộc địa bàn Mỹ An", target.id)
    assert step.agency_id == town.commune.agency.id  # who moved it
    assert queries.dossier_by_code(official(town.neighbour), dossier.code).id == dossier.id


def test_dossier__move__needs_a_reason(town: Town) -> None:
    dossier = make_dossier(town.commune)
    with pytest.raises(ReasonMissing):
        service.move_dossier(official(town.commune), dossier.id, town.neighbour.desk, "")


def test_dossier__move__not_to_a_closed_leadership_or_its_own_desk(town: Town) -> None:
    dossier = make_dossier(town.commune)
    with journal.act(SYSTEM, "test.make_desks") as act:
        leadership = Desk.objects.create(founder=town.neighbour.agency, kind=DeskKind.LEADERSHIP)
        Holding.objects.create(desk=leadership, agency=town.neighbour.agency, begins_at=clock.now())
        act.changed("registry.desk", leadership.id, None, {})
    closed = desk_for(town.neighbour.agency, field="dat-dai", actor=SYSTEM)
    hold(closed, None, clock.now(), actor=SYSTEM, reason="đóng bàn")

    for desk in (leadership, closed, town.commune.desk):
        with pytest.raises(DeskNotOpen):
            service.move_dossier(official(town.commune), dossier.id, desk, "thử")


def test_dossier__move__closed_dossiers_stay(town: Town) -> None:
    dossier = make_dossier(town.commune, Status.RETURNED)
    with pytest.raises(StatusMayNotFollow):
        service.move_dossier(official(town.commune), dossier.id, town.neighbour.desk, "thử")


def test_dossier__move__wrong_person_is_refused(town: Town) -> None:
    dossier = make_dossier(town.commune)
    with pytest.raises(DossierNotFound):
        service.move_dossier(official(town.neighbour), dossier.id, town.neighbour.desk, "lấy về")
    with pytest.raises(StepNotAllowed):
        service.move_dossier(
            official(town.commune, may=(policy.ADVANCE,)), dossier.id, town.neighbour.desk, "thử"
        )


def test_desk__hold__history_is_added_to_not_rewritten(town: Town) -> None:
    from haicap.registry.desks import HoldingOutOfOrder, holder_now

    with pytest.raises(HoldingOutOfOrder):
        hold(
            town.commune.desk,
            town.neighbour.agency,
            datetime(2025, 1, 1, tzinfo=clock.ZONE),
            actor=SYSTEM,
        )
    holder = holder_now(town.commune.desk)
    assert holder is not None
    assert holder.id == town.commune.agency.id
