"""What a cut-over does to everything that exists."""

from __future__ import annotations

from datetime import timedelta

import pytest

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.registry.models import (
    Agency,
    AgencyCode,
    AgencySuccession,
    AgencyVersion,
    Appointment,
    Desk,
    Holding,
    Person,
    SiteUse,
)
from haicap.registry.replay import believed_events, differences, fold_events
from haicap.registry.service import stored_state
from haicap.registry.standing import standing
from haicap.reorganisation.models import LedgerRow, PlanState, Run
from haicap.reorganisation.plan.model import Staffing
from haicap.reorganisation.tests.factories import (
    AFTER,
    BEFORE,
    EFFECTIVE,
    FIELD,
    RESOLUTION,
    World,
    committee,
    cut,
    danang_plan,
    hatinh_plan,
    holder_of,
    ids_of,
    organ,
    receive,
)
from haicap.systems.onestop import policy
from haicap.systems.onestop.errors import DossierNotFound
from haicap.systems.onestop.models import Dossier, DossierStep, Status
from haicap.systems.onestop.queries import custody_chain
from haicap.systems.onestop.service import advance_dossier

#: dossier → who holds its desk on the first morning: a commune, or a department of the province
HOLDERS = {
    "whole": "20194",
    "waiting": "20194",
    "result": "20501",
    "continued": "20203",
    "moved_unit": "20500",
    "by_village": "20200",
    "by_address": "20200",
    "undecided": "20194",
    "district_place": "20194",
    "district_divided": "20194",
    "district_nowhere": "20194",
    "district_living": "20500",
    "island": "20333",
    "elsewhere": "18001",
    "department": "Xây dựng",
    "district_field": "Nội vụ",
    "district_procedure": "Tài chính",
}
FINISHED = ("done", "divided_done", "district_done")


def after(code: str) -> Agency:
    """Who acts for this code in the new order: a commune's committee, or a department of Đà Nẵng."""
    return committee(code, EFFECTIVE) if code.isdigit() else organ("48", "so", code, EFFECTIVE)


def code_of(agency: Agency) -> str:
    found = standing(agency.id, clock.today())
    assert found is not None
    return found.code


def line(system: str, record: str) -> LedgerRow:
    run = Run.objects.filter(kind="cut_over").latest("started_at")
    return LedgerRow.objects.get(run=run, system=system, record=record)


def test_dossier__cut_over__lies_with_its_successor(world: World) -> None:
    was = {dossier.pk: dossier for dossier in Dossier.objects.all()}

    cut(danang_plan())

    with clock.at(AFTER):
        assert {name: holder_of(world.dossiers[name]) for name in HOLDERS} == {
            name: after(code).id for name, code in HOLDERS.items()
        }
    now = {dossier.pk: dossier for dossier in Dossier.objects.all()}
    assert now.keys() == was.keys()
    moved = {world.dossiers[name] for name in ("by_village", "by_address", "district_procedure")}
    for pk, dossier in now.items():
        assert (dossier.code, dossier.due_at, dossier.status) == (
            was[pk].code,
            was[pk].due_at,
            was[pk].status,
        )
        assert (dossier.desk_id != was[pk].desk_id) == (pk in moved)
    assert set(DossierStep.objects.filter(action="place").values_list("dossier_id", flat=True)) == moved
    dossiers = line("onestop", "dossier")
    assert (dossiers.before, dossiers.frozen) == (19, 3)
    # a divided unit's and the districts' drawers for a divided place or for nowhere wait for a person
    assert dossiers.undecided == 3
    assert dossiers.carried == 13


def test_dossier__cut_over__new_holder_works_on_old_one_does_not(world: World) -> None:
    old = committee("20195")
    cut(danang_plan())
    with clock.at(AFTER):

        def official(agency: Agency) -> Actor:
            return Actor(
                "Cán bộ", agency_ids=frozenset({agency.id}), permissions=frozenset(policy.PERMISSIONS)
            )

        with pytest.raises(DossierNotFound):
            advance_dossier(official(old), world.dossiers["whole"], Status.PROCESSING)
        advance_dossier(official(after("20194")), world.dossiers["whole"], Status.PROCESSING)


def test_dossier__cut_over__custody_chain_tells_all_of_it(world: World) -> None:
    olds = {
        name: committee("20195" if name == "whole" else "20197").id
        for name in ("whole", "by_village", "undecided")
    }
    cut(danang_plan())
    with clock.at(AFTER):
        chain = custody_chain(world.dossier("whole"))
        assert [station.agency_id for station in chain] == [olds["whole"], after("20194").id]
        assert chain[1].resolution == RESOLUTION
        assert chain[0].ends_at == chain[1].begins_at
        village = custody_chain(world.dossier("by_village"))
        assert [station.agency_id for station in village] == [olds["by_village"], after("20200").id]
        undecided = custody_chain(world.dossier("undecided"))
        assert [(station.agency_id, station.interim) for station in undecided] == [
            (olds["undecided"], False),
            (after("20194").id, True),
        ]


def test_people__cut_over__keep_their_post_or_wait_or_are_appointed(world: World) -> None:
    def holder(code: str, kind: str, title: str) -> Person:
        return Person.objects.get(
            appointments__post__desk__founder=organ(code, kind), appointments__post__title_id=title,
            appointments__post__number=1,
        )  # fmt: skip

    head, deputy = holder("20195", "ubnd", "chu_tich"), holder("20195", "ubnd", "pho_chu_tich")
    clerk = holder("20195", "ubnd", "chuyen_vien")
    stays = holder("20203", "ubnd", "chu_tich")
    plan = danang_plan(
        staffing=(
            Staffing("20194", "ubnd", "", "chu_tich", head.id),
            Staffing("20194", "ubnd", "", "pho_chu_tich", deputy.id),
        )
    )

    cut(plan)

    new = Appointment.objects.get(person=head, run_id__isnull=False)
    assert new.post.desk.founder_id == after("20194").id
    assert new.decision == RESOLUTION
    assert Appointment.objects.filter(person=head).count() == 2
    with clock.at(AFTER):
        desk = Appointment.objects.get(person=clerk).post.desk
        assert (
            Holding.objects.filter(desk=desk, begins_at__lte=clock.now()).latest("begins_at").agency_id
            == after("20194").id
        )
        desk = Appointment.objects.get(person=head, run_id__isnull=True).post.desk
        assert (
            Holding.objects.filter(desk=desk, begins_at__lte=clock.now()).latest("begins_at").agency_id
            is None
        )
        desk = Appointment.objects.get(person=stays).post.desk
        assert (
            Holding.objects.filter(desk=desk, begins_at__lte=clock.now()).latest("begins_at").agency_id
            == after("20203").id
        )
    people = line("registry", "appointment")
    assert people.closed == 2
    assert people.undecided > 0
    assert people.created == 2
    assert people.before == people.carried + people.closed + people.undecided


def test_code__cut_over__closes_and_is_never_issued_again(world: World) -> None:
    old = {
        code: code_of(committee(code))
        for code in ("48", "49", "490", "20194", "20195", "20203", "20500", "42")
    }
    issued = set(AgencyCode.objects.values_list("code", flat=True))
    council = code_of(organ("48", "hdnd"))

    cut(danang_plan())

    with clock.at(AFTER):
        assert code_of(after("48")) == old["48"] == "H17"
        assert code_of(organ("48", "hdnd", on=EFFECTIVE)) == council == "K17"
        assert AgencyCode.objects.get(code="H47").closed_on == EFFECTIVE
        fresh = {code_of(after(code)) for code in ("20194", "20200", "20203", "20333", "20500", "20501")}
        assert len(fresh) == 6
        assert not fresh & issued
        assert all(code.startswith("H17.") and code.count(".") == 1 for code in fresh)
        assert code_of(committee("42")) == old["42"] == "H27"
    closed = set(AgencyCode.objects.filter(closed_on=EFFECTIVE).values_list("code", flat=True))
    assert {old[code] for code in ("49", "490", "20194", "20195", "20203", "20500")} <= closed
    assert not fresh & closed


def test_site__cut_over__seat_goes_to_the_new_agencies_surplus_is_frozen(world: World) -> None:
    cut(danang_plan())

    def seat(agency: Agency) -> object:
        return SiteUse.objects.filter(agency=agency, withdrawn_at=None).latest("begins_on").site_id

    assert seat(after("20194")) == world.sites["20194"].pk
    assert seat(after("48")) == world.sites["48"].pk
    assert seat(after("20501")) == world.sites["20502"].pk
    sites = line("registry", "site")
    assert sites.before == 9
    assert sites.frozen == 5  # of 49, 490, 20195, 20197 and 20501
    assert sites.carried == 4


def test_agency__cut_over__living_unit_is_renamed_and_gets_the_new_organs(world: World) -> None:
    committee_, party = committee("20203"), organ("20203", "dang_uy")

    cut(danang_plan())

    with clock.at(AFTER):
        assert standing(committee_.id, clock.today()).name == "Ủy ban nhân dân phường Hòa Xuân"
        assert standing(party.id, clock.today()).name == "Đảng ủy phường Hòa Xuân"
        unit = ids_of(["20203"], EFFECTIVE)["20203"]
        organs = set(Agency.objects.filter(unit_id=unit).values_list("kind", "slot"))
    assert ("tt_pvhcc", "") in organs
    assert ("phong", "Kinh tế, Hạ tầng và Đô thị") in organs
    assert ("van_phong", "") in organs
    division = Agency.objects.get(unit_id=unit, kind="tt_pvhcc")
    assert AgencyVersion.objects.get(agency=division).parent_id == committee_.id
    with clock.at(AFTER):
        assert code_of(division).startswith(code_of(committee_) + ".")


def test_agency__cut_over__successions_are_recorded(world: World) -> None:
    cut(danang_plan())

    pairs = set(AgencySuccession.objects.values_list("predecessor_id", "successor_id", "part"))
    assert (committee("20195").id, after("20194").id, False) in pairs
    assert (committee("20197").id, after("20194").id, True) in pairs
    assert (committee("20197").id, after("20200").id, True) in pairs
    assert (committee("490").id, after("48").id, False) in pairs
    assert (committee("498").id, after("20333").id, False) in pairs
    assert (organ("49", "so", "Y tế").id, after("Y tế").id, False) in pairs


def test_unit__cut_over__replay_of_events_equals_the_stored_state(world: World) -> None:
    cut(danang_plan())
    cut(hatinh_plan())

    for day in (EFFECTIVE - timedelta(days=1), EFFECTIVE):
        assert differences(fold_events(believed_events(), day), stored_state(day)) == []


def test_provinces__cut_over__one_after_another_on_the_same_day(world: World) -> None:
    cut(hatinh_plan())
    old = holder_of(world.dossiers["elsewhere"], AFTER)
    cut(danang_plan())

    with clock.at(AFTER):
        assert holder_of(world.dossiers["elsewhere"]) == old == after("18001").id
        assert holder_of(world.dossiers["whole"]) == after("20194").id
        assert code_of(committee("42")) == "H27"


def test_plan__cut_over__is_done_and_tells_its_figures(world: World) -> None:
    row = cut(danang_plan())

    assert row.state == PlanState.DONE
    run = Run.objects.get(plan=row, kind="cut_over")
    assert run.cut_at == danang_plan().effective_at
    assert run.undo_until - run.started_at == pytest.approx(timedelta(days=5), abs=timedelta(minutes=1))
    assert all(LedgerRow.objects.filter(run=run).values_list("balanced", flat=True))
    assert LedgerRow.objects.filter(run=run).count() == 10


def test_drawer__opened_after_the_effective_instant__is_carried_too(world: World) -> None:
    """A cut-over that runs late: work went on at the old agencies meanwhile, also in drawers set up since."""
    late = receive(committee("490"), place="20195", field="dat-dai")  # before
    with clock.at(AFTER):
        later = receive(committee("491"), place="20203", field="xay-dung")
        cut(danang_plan())
    with clock.at(AFTER + timedelta(hours=1)):
        assert holder_of(late.pk) == after("20194").id
        assert holder_of(later.pk) == after("20203").id


def test_drawer__opened_between_cut_over_and_effective_instant__is_not_left_behind(world: World) -> None:
    """A cut-over on the eve: the old agencies work on until midnight, and may set up drawers."""
    cut(danang_plan())
    with clock.at(BEFORE + timedelta(hours=1)):
        place = receive(committee("490"), place="20195", field="dat-dai")
        given = receive(committee("491"), place="20203", field=FIELD)
        nowhere = receive(committee("503"), field="xay-dung")
    with clock.at(AFTER):
        assert holder_of(place.pk) == after("20194").id
        assert holder_of(given.pk) == after("Nội vụ").id
        assert holder_of(nowhere.pk) == after("20501").id


def test_desk__cut_over__nothing_is_held_by_an_agency_that_ended(world: World) -> None:
    cut(danang_plan())
    with clock.at(AFTER):
        ended = {
            agency.id
            for agency in Agency.objects.all()
            if not (found := standing(agency.id, clock.today())) or not found.lives
        }
        for desk in Desk.objects.all():
            holding = Holding.objects.filter(desk=desk, begins_at__lte=clock.now()).latest("begins_at")
            assert holding.agency_id not in ended
            if desk.kind == "work":
                assert holding.agency_id is not None
