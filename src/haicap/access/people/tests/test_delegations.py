"""Delegations: whom one may lend to, for how long, what is never lent, and how they end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from haicap.access.hats import Hat, actor_in, hats_of
from haicap.access.models import Account, Delegation
from haicap.access.people import delegations, service
from haicap.access.people.errors import BadDelegation, NoSuchPerson, NotDelegable, NotToOneself
from haicap.access.people.tests.conftest import actor_at, person_at
from haicap.access.tests.accounts import account_of
from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.registry.tests.places import NOW, Places

#: SQL's clock stands still at the beginning of the test's transaction
BEGINS = NOW - timedelta(hours=1)
WEEK = NOW + timedelta(days=7)


@pytest.fixture
def chair(places: Places) -> Actor:
    return actor_at(places, "20194", "chu_tich")


def _lend(chair: Actor, places: Places, deputy: str = "pho_chu_tich") -> Delegation:
    delegate = person_at(places, "20194", deputy).person_id
    own = places.appointment("20194", "chu_tich")
    return delegations.delegate(chair, own, delegate, BEGINS, WEEK, "đi công tác", "3/UQ")


def _lent(places: Places) -> list[Hat]:
    hats = hats_of(person_at(places, "20194", "pho_chu_tich").person_id)
    return [hat for hat in hats if hat.delegation_id]


def test_delegate__own_post__the_delegate_wears_the_hat(places: Places, chair: Actor) -> None:
    row = _lend(chair, places)
    assert [hat.delegation_id for hat in _lent(places)] == [row.id]
    assert [each.id for each in delegations.delegations_of(chair)] == [row.id]


def test_delegate__twice_at_once__refused(places: Places, chair: Actor) -> None:
    _lend(chair, places)
    with pytest.raises(BadDelegation):
        _lend(chair, places)


@pytest.mark.parametrize(
    ("begins", "ends"),
    [(BEGINS, NOW + timedelta(days=91)), (WEEK, BEGINS), (NOW - timedelta(days=3), WEEK)],
    ids=["longer than 90 days", "ends before it begins", "begins in the past"],
)
def test_delegate__bad_time__refused(places: Places, chair: Actor, begins: object, ends: object) -> None:
    own, delegate = (
        places.appointment("20194", "chu_tich"),
        person_at(places, "20194", "pho_chu_tich").person_id,
    )
    with pytest.raises(BadDelegation):
        delegations.delegate(chair, own, delegate, begins, ends, "bận")  # type: ignore[arg-type]


def test_delegate__to_another_commune_or_oneself__refused(places: Places, chair: Actor) -> None:
    own = places.appointment("20194", "chu_tich")
    for delegate in (person_at(places, "20196", "chu_tich").person_id, chair.person_id):
        assert delegate is not None
        with pytest.raises(BadDelegation):
            delegations.delegate(chair, own, delegate, BEGINS, WEEK, "bận")


def test_delegate__post_of_another__not_found(places: Places, chair: Actor) -> None:
    other = places.appointment("20196", "chu_tich")
    with pytest.raises(NoSuchPerson):
        delegations.delegate(
            chair, other, person_at(places, "20194", "pho_chu_tich").person_id, BEGINS, WEEK, "bận"
        )
    assert not Delegation.objects.exists()


def test_delegate__what_was_lent__not_lent_on(places: Places, chair: Actor) -> None:
    _lend(chair, places)
    account = account_of(places.appointment("20194", "pho_chu_tich"))
    wearing = actor_in(_lent(places)[0], Account.objects.get(pk=account.pk))
    assert wearing.may("access.delegate")
    third = person_at(places, "20194", "chanh_van_phong", "van_phong").person_id
    with pytest.raises(NoSuchPerson):
        delegations.delegate(wearing, places.appointment("20194", "chu_tich"), third, BEGINS, WEEK, "bận")
    assert delegations.posts_to_lend(wearing) == []


def test_delegate__administrator_s_hat__never(places: Places, tinh: Actor) -> None:
    own = places.appointment("20194", "quan_tri_xa", "van_phong")
    with pytest.raises(NotDelegable):
        delegations.delegate(tinh, own, person_at(places, "20194", "chu_tich").person_id, BEGINS, WEEK, "bận")


def test_delegate__recorded_by_the_administrator__not_to_itself(places: Places, xa: Actor) -> None:
    own = places.appointment("20194", "chu_tich")
    assert xa.person_id is not None
    with pytest.raises(NotToOneself):
        delegations.delegate(xa, own, xa.person_id, BEGINS, WEEK, "bận")
    deputy = person_at(places, "20194", "pho_chu_tich").person_id
    delegations.delegate(xa, own, deputy, BEGINS, WEEK, "ốm")
    assert len(_lent(places)) == 1


def test_revoke__by_holder__at_once_and_by_strangers_not(places: Places, chair: Actor) -> None:
    row = _lend(chair, places)
    with pytest.raises(NoSuchPerson):
        delegations.revoke(actor_at(places, "20196", "chu_tich"), row.id)
    delegations.revoke(chair, row.id)
    assert _lent(places) == []
    with pytest.raises(BadDelegation):
        delegations.revoke(chair, row.id)


def test_end_appointment__lent_post__delegation_follows_until_the_end(
    places: Places, chair: Actor, xa: Actor
) -> None:
    _lend(chair, places)
    ends_on = NOW.date() + timedelta(days=3)
    new = service.end_appointment(xa, places.appointment("20194", "chu_tich"), ends_on)
    assert new is not None
    live = Delegation.objects.get(revoked_at__isnull=True)
    assert (live.appointment_id, live.during.upper.astimezone(clock.ZONE).date()) == (new.id, ends_on)
