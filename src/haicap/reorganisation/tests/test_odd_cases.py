"""Countries that are not tidy, reorganisations upon reorganisations, clocks that are early or late."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from haicap.kernel import clock
from haicap.kernel.actor import SYSTEM
from haicap.kernel.errors import BadInput, Conflict
from haicap.registry.establishment import establish
from haicap.registry.models import Agency, AgencyVersion, Holding
from haicap.registry.replay import believed_events, differences, fold_events
from haicap.registry.service import stored_state
from haicap.registry.standing import standing
from haicap.reorganisation import service
from haicap.reorganisation.models import LedgerRow, Run
from haicap.reorganisation.plan.check import check_plan
from haicap.reorganisation.plan.model import Abolition, Division, Legal
from haicap.reorganisation.tests.factories import (
    AFTER,
    BEFORE,
    EFFECTIVE,
    World,
    assert_same,
    beliefs,
    committee,
    cut,
    danang_plan,
    fingerprint,
    form,
    give_sites,
    hatinh_plan,
    holder_of,
    ids_of,
    load,
    organ,
    ready,
    receive,
    set_up,
)
from haicap.systems.onestop.models import Dossier
from haicap.systems.onestop.queries import custody_chain

NEXT_YEAR = date(2026, 4, 30)
IN_2026 = datetime(2026, 4, 29, 15, 0, tzinfo=clock.ZONE)


def later_plan(**changes: object):
    """A reorganisation of 30/4/2026 in Đà Nẵng: kinds and names only."""
    return danang_plan(
        **{
            "key": "2026-04-30/48",
            "effective_on": NEXT_YEAR,
            "legal": (Legal("388/NQ-UBTVQH15", date(2026, 4, 4)),),
            "units": (
                form("48", "tinh", "Đà Nẵng", None, "48"),
                form("20200", "phuong", "Hòa Bắc", "48", "20200"),
            ),
            "abolished": (),
            "transfers": (),
            "divisions": (),
            **changes,
        }
    )


def line_of(record: str) -> LedgerRow:
    run = Run.objects.filter(kind="cut_over", state="done").latest("started_at")
    return LedgerRow.objects.get(run=run, record=record)


# --- one after another through the years ---


def test_kinds_of_2026__after_2025__names_follow_and_nothing_else_moves(world: World) -> None:
    cut(danang_plan())
    with clock.at(IN_2026):
        holders = {pk: holder_of(pk) for pk in Dossier.objects.values_list("pk", flat=True)}
        row = cut(later_plan())
    with clock.at(IN_2026 + timedelta(days=1)):
        assert {pk: holder_of(pk) for pk in holders} == holders

        def name(kind: str, slot: str = "", code: str = "20200") -> str:
            found = standing(organ(code, kind, slot, NEXT_YEAR).id, clock.today())
            assert found is not None
            assert found.lives
            return found.name

        assert name("ubnd") == "Ủy ban nhân dân phường Hòa Bắc"
        assert name("phong", "Kinh tế") == "Phòng Kinh tế, Hạ tầng và Đô thị phường Hòa Bắc"
        assert name("ubnd", code="48") == "Ủy ban nhân dân tỉnh Đà Nẵng"
        assert name("dang_uy", code="48") == "Tỉnh ủy Đà Nẵng"
        assert name("so", "Y tế", code="48") == "Sở Y tế tỉnh Đà Nẵng"
        dossiers = line_of("dossier")
        assert dossiers.carried + dossiers.undecided + dossiers.frozen == dossiers.before > 0
        service.undo_cut_over(SYSTEM, row, "thử")
    for day in (EFFECTIVE, NEXT_YEAR - timedelta(days=1), NEXT_YEAR):
        assert differences(fold_events(believed_events(), day), stored_state(day)) == []


def test_undecided_of_2025__interim_holder_merges_in_2026__stays_undecided(world: World) -> None:
    cut(danang_plan())
    with clock.at(IN_2026):
        was = beliefs()
        row = cut(
            later_plan(units=(form("20194", "phuong", "Hải Châu", "48", "20194", "20203", seat="20203"),))
        )
    with clock.at(IN_2026 + timedelta(days=1)):
        heir = committee("20194", NEXT_YEAR).id
        for name, interim in (
            ("undecided", True),
            ("district_nowhere", True),
            ("whole", False),
            ("continued", False),
        ):
            assert holder_of(world.dossiers[name]) == heir
            latest = Holding.objects.filter(desk=world.dossier(name).desk).latest("begins_at")
            assert latest.interim == interim, name
        assert line_of("dossier").undecided == 3
        chain = [station.interim for station in custody_chain(world.dossier("undecided"))]
        assert chain == [False, True, True]
        service.undo_cut_over(SYSTEM, row, "thử")
        assert_same(was, beliefs())


def test_interim_holder_of_2025__divided_in_2026__rules_are_asked_again(world: World) -> None:
    cut(danang_plan())
    with clock.at(IN_2026):
        cut(
            later_plan(
                units=(
                    form("20194", "phuong", "Hải Châu", "48", "~20194"),
                    form("20196", "phuong", "Thạch Thang", "48", "~20194"),
                ),
                divisions=(Division("20194", "20194", villages=(("Tổ 9", "20196"),)),),
            )
        )
    with clock.at(IN_2026 + timedelta(days=1)):
        assert holder_of(world.dossiers["undecided"]) == committee("20196", NEXT_YEAR).id
        assert holder_of(world.dossiers["whole"]) == committee("20194", NEXT_YEAR).id
        assert line_of("dossier").undecided > 0


# --- countries that are not tidy ---


def test_units__without_agencies__are_carried_as_units_alone(transactional_db: None, afternoon: None) -> None:
    """Another province's units are in the registry, its offices are not: only Đà Nẵng works with this house."""
    load()
    set_up(["48", "490", "20194", "20195", "20203"])
    dossier = receive(committee("20195"))
    was = beliefs()

    row = cut(danang_plan())

    with clock.at(AFTER):
        assert holder_of(dossier.pk) == committee("20194", EFFECTIVE).id
        found = standing(committee("20501", EFFECTIVE).id, clock.today())
        assert found is not None
        assert found.lives
        undone = service.undo_cut_over(SYSTEM, row, "thử")
    assert undone.reports
    assert_same(was, beliefs())


def test_interim__without_agencies__is_said_and_nothing_changed(
    transactional_db: None, afternoon: None
) -> None:
    load()
    set_up(["42", "436", "18001", "18002"])  # not 18003, which lives on and shall hold the district's work
    receive(committee("436"))
    row = ready(hatinh_plan())
    was = fingerprint()
    with pytest.raises(Conflict) as refused:
        service.cut_over(SYSTEM, row)
    assert refused.value.code == "REO-052"
    assert "Thạch Hà" in str(refused.value)
    assert fingerprint() == was
    cut(hatinh_plan(abolished=(Abolition("436", "18001"),)))


def test_committee__left_out__is_said_and_nothing_changed(world: World) -> None:
    plan = hatinh_plan(
        units=(
            form("18001", "xa", "Thạch Lạc", "42", "18001", "18002", leave_out=("ubnd",)),
            form("18003", "xa", "Thạch Hà", "42", "18003"),
        )
    )
    was = beliefs()
    with pytest.raises(Conflict) as refused:
        service.rehearse(SYSTEM, ready(plan))
    assert refused.value.code == "REO-052"
    assert_same(was, beliefs())


def test_organ__left_out__its_work_goes_to_the_committee(world: World) -> None:
    cut(
        hatinh_plan(
            units=(
                form("18001", "xa", "Thạch Lạc", "42", "18001", "18002", leave_out=("quan_su", "tt_pvhcc")),
                form("18003", "xa", "Thạch Hà", "42", "18003"),
            )
        )
    )
    units = ids_of(["18001"], EFFECTIVE)
    assert not Agency.objects.filter(unit_id=units["18001"], kind__in=("quan_su", "tt_pvhcc")).exists()
    assert line_of("desk").balanced


def test_agencies__set_up_too_late__are_said_by_the_check(transactional_db: None, afternoon: None) -> None:
    """Offices that exist only from the effective day on cannot be carried on that day."""
    load()
    set_up(["42", "436"])
    with clock.at(AFTER):
        establish(ids_of(["18001", "18002"]).values(), EFFECTIVE, SYSTEM)
        report = check_plan(hatinh_plan())
    assert not report.passed
    assert any("18001" in problem.message for problem in report.problems)


def test_seats__only_some_units_have_sites(transactional_db: None, afternoon: None) -> None:
    load()
    set_up()
    give_sites(["20195"])
    cut(danang_plan())
    sites = line_of("site")
    assert (sites.before, sites.carried, sites.frozen) == (1, 0, 1)


# --- rules by boundary ---


def square(west: float, east: float) -> dict[str, object]:
    ring = [[west, 16.0], [east, 16.0], [east, 16.2], [west, 16.2], [west, 16.0]]
    return {"type": "Polygon", "coordinates": [ring]}


def test_boundaries__place_records_by_their_point(world: World, tmp_path: Path) -> None:
    path = tmp_path / "ranh-gioi.geojson"
    features = [
        {"type": "Feature", "properties": {"code": code}, "geometry": square(west, east)}
        for code, west, east in (("20194", 108.2, 108.3), ("20200", 108.0, 108.2))
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    east = receive(committee("20197"), latitude=16.1, longitude=108.25)
    west = receive(committee("20197"), latitude=16.1, longitude=108.1)
    border = receive(committee("20197"), latitude=16.1, longitude=108.2)
    outside = receive(committee("20197"), latitude=20.0, longitude=108.1)
    village_first = receive(committee("20197"), latitude=16.1, longitude=108.25, village="tổ 1")

    cut(danang_plan(boundaries=str(path)))

    with clock.at(AFTER):
        homes = {committee(code, EFFECTIVE).id: code for code in ("20194", "20200")}
        found = {one.pk: homes[holder_of(one.pk)] for one in (east, west, border, outside, village_first)}
        assert list(found.values()) == ["20194", "20200", "20194", "20194", "20200"]
        desks = {one: Dossier.objects.get(pk=one.pk).desk_id for one in (east, border, outside)}
        assert desks[border] == border.desk_id  # on the line: nobody guesses
        assert desks[outside] == outside.desk_id
        assert desks[east] != east.desk_id


@pytest.mark.parametrize("content", [None, "", "[]", '{"features": [{}]}', "\x00\x01"])
def test_boundaries__file_that_cannot_be_used__is_said(
    world: World, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "ranh-gioi.geojson"
    if content is not None:
        path.write_text(content)
    row = ready(danang_plan(boundaries=str(path)))
    was = fingerprint()
    with pytest.raises(BadInput) as refused:
        service.cut_over(SYSTEM, row)
    assert refused.value.code == "REG-401"
    assert fingerprint() == was


# --- clocks ---


def test_late_cut_over__custody_chain_has_no_gap_and_no_step_backwards(world: World) -> None:
    with clock.at(AFTER):
        late = receive(committee("20197"), village="Tổ 1")
        cut(danang_plan())
    with clock.at(AFTER + timedelta(hours=1)):
        chain = custody_chain(Dossier.objects.get(pk=late.pk))
        assert chain[-1].agency_id == committee("20200", EFFECTIVE).id
        for earlier, following in pairwise(chain):
            assert earlier.ends_at == following.begins_at
        assert all(station.ends_at is None or station.ends_at >= station.begins_at for station in chain)


@pytest.mark.parametrize("days", [0, 40, 400])
def test_cut_over__long_before_or_after_its_day__carries_all_the_same(world: World, days: int) -> None:
    with clock.at(BEFORE + timedelta(days=days)):
        row = cut(danang_plan())
        latest = row.runs.get(kind="cut_over")
        assert latest.undo_until > clock.now()
    with clock.at(max(AFTER, BEFORE + timedelta(days=days, hours=1))):
        assert holder_of(world.dossiers["whole"]) == committee("20194", EFFECTIVE).id
        service.undo_cut_over(SYSTEM, row, "thử")
        assert holder_of(world.dossiers["whole"]) == committee("20195").id


def test_undo__clock_set_back_meanwhile__still_gives_back(world: World) -> None:
    with clock.at(AFTER + timedelta(days=3)):
        row = cut(danang_plan())
        new = receive(committee("20194", EFFECTIVE))
    with clock.at(BEFORE):
        service.undo_cut_over(SYSTEM, row, "thử")
    with clock.at(AFTER + timedelta(days=4)):
        assert holder_of(world.dossiers["whole"]) == committee("20195").id
        assert holder_of(new.pk) == committee("20194").id
    assert not AgencyVersion.objects.filter(run_id__isnull=False, withdrawn_at=None).exists()


def test_commune__moves_to_a_district_outside_the_plan__is_numbered_there(world: World) -> None:
    plan = danang_plan(
        key="2025-07-01/xa", units=(form("18001", "xa", "Thạch Lạc", "491", "18001"),),
        abolished=(), transfers=(), divisions=(),
    )  # fmt: skip
    cut(plan)
    with clock.at(AFTER):
        new = standing(committee("18001").id, clock.today())
        above = standing(committee("491").id, clock.today())
        assert new is not None
        assert above is not None
        assert new.code.rpartition(".")[0] == above.code
