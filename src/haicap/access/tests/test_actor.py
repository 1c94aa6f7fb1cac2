"""From an appointment to the actor: agencies, reach, and what ends a hat."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from psycopg.types.range import Range

from haicap.access import service
from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.registry.models import Appointment, Desk, Holding
from haicap.registry.tests.places import NOW, Places, make_places

#: SQL's clock stands still at the beginning of the test's transaction
AN_HOUR_AGO = NOW - timedelta(hours=1)


@pytest.fixture
def places(db: None) -> Iterator[Places]:
    with clock.at(NOW):
        yield make_places()


def test_actor_for__specialist_of_a_division__works_for_it_only(places: Places) -> None:
    division = "Văn hóa - Xã hội"
    actor = service.actor_for(places.appointment("20194", "chuyen_vien", "phong", division))
    assert actor is not None
    assert actor.agency_ids == {places.agency("20194", "phong", division)}


def test_actor_for__counter_official__answers_for_the_whole_commune(places: Places) -> None:
    appointment = places.appointment("20194", "cong_chuc_mot_cua", "tt_pvhcc")
    actor = service.actor_for(appointment)
    assert actor is not None
    assert {places.agency("20194", "tt_pvhcc"), places.agency("20194")} < actor.agency_ids
    assert places.agency("20196") not in actor.agency_ids
    assert actor.unit_ids == {places.units["20194"]}
    assert actor.may("onestop.receive_dossier")
    assert not actor.sees_all
    assert "Công chức một cửa, Trung tâm Phục vụ hành chính công" in actor.title


def test_actor_for__chair_of_a_commune__works_for_all_under_the_committee(places: Places) -> None:
    actor = service.actor_for(places.appointment("20194", "chu_tich"))
    assert actor is not None
    expected = {
        places.agency("20194"),
        places.agency("20194", "van_phong"),
        places.agency("20194", "tt_pvhcc"),
        places.agency("20194", "phong", "Kinh tế, Hạ tầng và Đô thị"),
        places.agency("20194", "phong", "Văn hóa - Xã hội"),
    }
    assert actor.agency_ids == expected
    assert places.agency("20194", "dang_uy") not in actor.agency_ids


def test_actor_for__chief_of_the_office__reaches_the_committee_above(places: Places) -> None:
    actor = service.actor_for(places.appointment("20194", "chanh_van_phong", "van_phong"))
    assert actor is not None
    assert places.agency("20194") in actor.agency_ids
    assert places.agency("20196") not in actor.agency_ids


def test_actor_for__chair_of_the_province__sees_all(places: Places) -> None:
    actor = service.actor_for(places.appointment("48", "chu_tich"))
    assert actor is not None
    assert actor.sees_all


def test_actor_for__desk_held_by_another_agency_now__the_hat_moves(places: Places) -> None:
    appointment = Appointment.objects.get(id=places.appointment("20194", "cong_chuc_mot_cua", "tt_pvhcc"))
    heir = places.agency("20196", "tt_pvhcc")
    with journal.act(SYSTEM, "test.re_hold") as act:
        Holding.objects.create(
            desk=Desk.objects.get(posts=appointment.post_id), agency_id=heir, begins_at=AN_HOUR_AGO
        )
        act.changed("registry.holding", None, None, {"agency": heir})
    actor = service.actor_for(appointment.id)
    assert actor is not None
    assert heir in actor.agency_ids
    assert places.agency("20194", "tt_pvhcc") not in actor.agency_ids


def test_actor_for__desk_closed__nobody(places: Places) -> None:
    appointment = Appointment.objects.get(id=places.appointment("20194", "chu_tich"))
    with journal.act(SYSTEM, "test.close") as act:
        Holding.objects.create(
            desk=Desk.objects.get(posts=appointment.post_id), agency=None, begins_at=AN_HOUR_AGO
        )
        act.changed("registry.holding", None, None, {"agency": None})
    assert service.actor_for(appointment.id) is None


@pytest.mark.parametrize(
    "valid",
    [
        Range(date(2025, 7, 1), NOW.date(), "[)"),
        Range(NOW.date() + timedelta(days=1), None, "[)"),
    ],
    ids=["ended today", "begins tomorrow"],
)
def test_actor_for__appointment_not_of_today__nobody(places: Places, valid: Range) -> None:
    old = places.appointment("20194", "chu_tich")
    with journal.act(SYSTEM, "test.shift") as act:
        Appointment.objects.filter(id=old).update(valid=valid)
        act.changed("registry.appointment", old, None, {"valid": valid})
    assert service.actor_for(old) is None


def test_actor_for__unknown__nobody(places: Places) -> None:
    assert service.actor_for(uuid.uuid4()) is None
