"""Taking a cut-over back: the world is believed as before, what was done since is kept and said."""

from __future__ import annotations

from datetime import timedelta

import pytest

from haicap.kernel import clock
from haicap.kernel.actor import SYSTEM, Actor
from haicap.kernel.errors import BadInput, Conflict
from haicap.registry import desks
from haicap.registry.models import AgencyCode, Holding
from haicap.registry.replay import believed_events, differences, fold_events
from haicap.registry.service import stored_state
from haicap.registry.standing import standing
from haicap.reorganisation import service
from haicap.reorganisation.models import PlanState
from haicap.reorganisation.tests.factories import (
    AFTER,
    EFFECTIVE,
    RETURNED,
    World,
    assert_same,
    beliefs,
    committee,
    cut,
    danang_plan,
    form,
    hatinh_plan,
    holder_of,
    organ,
    ready,
    receive,
)
from haicap.systems.onestop.models import Status
from haicap.systems.onestop.service import advance_dossier, return_result


def undo(plan: object, why: str = "Theo chỉ đạo của Ban Chỉ đạo") -> object:
    return service.undo_cut_over(SYSTEM, plan, why)


def test_undo__on_the_eve__is_the_identity(world: World) -> None:
    """Cut over before the effective day and taken back before it."""
    was = beliefs()
    row = cut(danang_plan())
    assert beliefs()["units"] != was["units"]
    undo(row)
    assert_same(was, beliefs())


def test_undo__on_the_first_morning__is_the_identity(world: World) -> None:
    was = beliefs()
    row = cut(danang_plan())
    with clock.at(AFTER):
        undo(row)
        assert_same(was, beliefs())
        assert_same(was, beliefs(clock.now()))
    for day in (EFFECTIVE - timedelta(days=1), EFFECTIVE):
        assert differences(fold_events(believed_events(), day), stored_state(day)) == []


def test_undo__cut_undo_cut_undo__is_the_identity_each_time(world: World) -> None:
    was = beliefs()
    row = cut(danang_plan())
    once = beliefs()
    undo(row)
    assert_same(was, beliefs())
    row = cut(danang_plan())
    twice = beliefs()
    assert {name: len(rows) for name, rows in once.items()} == {
        name: len(rows) for name, rows in twice.items()
    }
    undo(row)
    assert_same(was, beliefs())


def test_undo__cut_undo_cut__the_second_time_in_the_new_order(world: World) -> None:
    was = beliefs()
    row = cut(danang_plan())
    with clock.at(AFTER):
        undo(row)
    with clock.at(AFTER + timedelta(hours=2)):
        row = cut(danang_plan())
    with clock.at(AFTER + timedelta(hours=3)):
        assert holder_of(world.dossiers["whole"]) == committee("20194", EFFECTIVE).id
        assert holder_of(world.dossiers["by_village"]) == committee("20200", EFFECTIVE).id
        undo(row)
        assert_same(was, beliefs())


def test_undo__another_plan_afterwards__carries_the_same_desks(world: World) -> None:
    """The undone plan is given up; another one, with another key, carries the units that it gave back."""
    row = cut(danang_plan())
    undo(row)
    cut(danang_plan(key="2025-07-01/48-moi"))
    with clock.at(AFTER):
        assert holder_of(world.dossiers["whole"]) == committee("20194", EFFECTIVE).id


def test_undo__codes__are_closed_for_good(world: World) -> None:
    row = cut(danang_plan())
    first = set(AgencyCode.objects.filter(opened_on=EFFECTIVE).values_list("code", flat=True))
    undo(row)
    cut(danang_plan())
    again = set(AgencyCode.objects.filter(opened_on=EFFECTIVE, closed_on=None).values_list("code", flat=True))
    assert first
    assert again
    assert not first & again


def test_undo__living_unit__keeps_the_desks_of_its_renamed_agencies(world: World) -> None:
    row = cut(danang_plan())
    with clock.at(AFTER):
        undo(row)
        assert holder_of(world.dossiers["continued"]) == committee("20203").id


def test_undo__work_done_since__is_kept_and_said(world: World) -> None:
    row = cut(danang_plan())
    heir = committee("20194", EFFECTIVE)
    living = committee("20203", EFFECTIVE)
    with clock.at(AFTER):
        new = receive(heir)
        at_centre = receive(organ("20203", "tt_pvhcc", on=EFFECTIVE))
        at_living = receive(living)
        advance_dossier(SYSTEM, world.dossiers["whole"], Status.PROCESSING)
        return_result(SYSTEM, world.dossiers["result"])
        for status in RETURNED:
            advance_dossier(SYSTEM, world.dossiers["by_village"], status)
        report = undo(row)

    with clock.at(AFTER + timedelta(hours=1)):
        # the new commune's dossier lies with who held that seat before, the living unit's with the unit itself
        assert holder_of(new.pk) == committee("20194").id
        assert holder_of(at_centre.pk) == living.id
        assert holder_of(at_living.pk) == living.id
        assert holder_of(world.dossiers["whole"]) == committee("20195").id
        assert world.dossier("whole").status == Status.PROCESSING
        assert world.dossier("result").status == Status.RETURNED
        # finished by the new commune: stays where it was finished, and its history with it
        assert world.dossier("by_village").status == Status.RETURNED
        assert holder_of(world.dossiers["by_address"]) == committee("20197").id
        for name in ("whole", "by_address"):
            advance_dossier(SYSTEM, world.dossiers[name], Status.SUPPLEMENT, note="bổ sung")
    told = {(one.system, one.record): one for one in report.reports}["onestop", "dossier"]
    assert told.restored == 2  # by_address, district_procedure
    assert told.kept == 3
    assert len(told.problems) == 2


def test_undo__drawers_set_up_since__go_back_too(world: World) -> None:
    row = cut(danang_plan())
    with clock.at(AFTER):
        department = organ("48", "so", "Xây dựng", EFFECTIVE)
        new = receive(department, field="xay-dung")
        undo(row)
        assert holder_of(new.pk) in {organ("48", "so", "Xây dựng").id, organ("49", "so", "Xây dựng").id}


def test_undo__then_cut_again__carries_what_the_first_attempt_took_in(world: World) -> None:
    row = cut(danang_plan())
    with clock.at(AFTER):
        new = receive(committee("20194", EFFECTIVE))
        undo(row)
    with clock.at(AFTER + timedelta(hours=1)):
        cut(danang_plan())
    with clock.at(AFTER + timedelta(hours=2)):
        assert holder_of(new.pk) == committee("20194", EFFECTIVE).id


def test_undo__desk_given_to_another_since__is_said(world: World) -> None:
    row = cut(danang_plan())
    with clock.at(AFTER):
        desk = world.dossier("whole").desk
        desks.hold(desk, organ("20194", "van_phong", on=EFFECTIVE), clock.now(), actor=SYSTEM)
    with clock.at(AFTER + timedelta(hours=1)):
        report = undo(row)
        told = {(one.system, one.record): one for one in report.reports}["registry", "desk"]
        assert told.problems
        assert holder_of(world.dossiers["whole"]) == committee("20195").id


def test_undo__outside_its_window__is_refused(world: World) -> None:
    row = cut(danang_plan(undo_window_days=1))
    was = beliefs()
    with clock.at(AFTER + timedelta(days=1)), pytest.raises(Conflict) as refused:
        undo(row)
    assert refused.value.code == "REO-044"
    assert_same(was, beliefs())


def test_undo__without_a_cut_over_or_twice__is_refused(world: World) -> None:
    row = ready(danang_plan())
    with pytest.raises(Conflict) as refused:
        undo(row)
    assert refused.value.code == "REO-043"
    row = cut(danang_plan())
    undo(row)
    row.refresh_from_db()
    assert row.state == PlanState.UNDONE
    with pytest.raises(Conflict) as refused:
        undo(row)
    assert refused.value.code == "REO-043"


def test_undo__without_a_reason__is_refused(world: World) -> None:
    row = cut(danang_plan())
    with pytest.raises(BadInput) as refused:
        undo(row, "  ")
    assert refused.value.code == "REO-045"


def test_undo__built_upon__is_refused_and_everything_stays(world: World) -> None:
    row = cut(danang_plan())
    with clock.at(AFTER + timedelta(days=2)):
        later = danang_plan(
            key="2025-07-03/48",
            effective_on=EFFECTIVE + timedelta(days=2),
            units=(form("20200", "phuong", "Hòa Bắc", "48", "20200"),),
            abolished=(), transfers=(), divisions=(),
        )  # fmt: skip
        cut(later)
        was = beliefs()
        with pytest.raises(Conflict) as refused:
            undo(row)
        assert refused.value.code == "REG-013"
        assert_same(was, beliefs())


def test_undo__of_one_province__leaves_the_other(world: World) -> None:
    was = beliefs()
    first, second = cut(danang_plan()), cut(hatinh_plan())
    undo(first)
    undo(second)
    assert_same(was, beliefs())


def test_undo__by_who_may_cut_over__needs_no_other_permission(world: World) -> None:
    boss = Actor(
        "Quản trị",
        permissions=frozenset({"reorganisation.plan", "reorganisation.rehearse", "reorganisation.cut_over"}),
    )
    row = ready(danang_plan(), boss)
    service.cut_over(boss, row)
    row.refresh_from_db()
    service.undo_cut_over(boss, row, "thử")


def test_undo__new_agencies__live_no_longer(world: World) -> None:
    row = cut(danang_plan())
    with clock.at(AFTER):
        new = committee("20194", EFFECTIVE)
        undo(row)
        found = standing(new.id, clock.today())
        assert found is not None
        assert not found.lives
        assert (
            not Holding.objects.filter(desk__founder=new, desk__kind="leadership")
            .latest("begins_at")
            .agency_id
        )
