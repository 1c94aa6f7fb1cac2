"""What the tests of people share: the small province, and actors of its administrators."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from haicap.access.hats import actor_for
from haicap.access.tests import accounts
from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.registry.models import Appointment
from haicap.registry.tests.places import NOW, Places, make_places

SignIn = Callable[..., Client]


@pytest.fixture
def places(db: None) -> Iterator[Places]:
    """The merged province, with agencies and people, on 16/7/2025 at 9:30."""
    with clock.at(NOW):
        yield make_places()


def actor_at(places: Places, code: str, title: str, kind: str = "ubnd", slot: str = "") -> Actor:
    """The actor of a title, with an account."""
    appointment = places.appointment(code, title, kind, slot)
    account = accounts.account_of(appointment)
    actor = actor_for(appointment)
    assert actor is not None
    from dataclasses import replace

    return replace(actor, account_id=account.pk)


@pytest.fixture
def xa(places: Places) -> Actor:
    """The administrator of the ward Hải Châu."""
    return actor_at(places, "20194", "quan_tri_xa", "van_phong")


@pytest.fixture
def tinh(places: Places) -> Actor:
    """The administrator of the province."""
    return actor_at(places, "48", "quan_tri_tinh", "so", "Khoa học và Công nghệ")


@pytest.fixture
def sign_in(places: Places) -> SignIn:
    """A client in a hat: sign_in("20194", "quan_tri_xa", "van_phong")."""

    def put_on(code: str, title: str, kind: str = "ubnd", slot: str = "") -> Client:
        client = Client(headers={"host": "127.0.0.1"})
        accounts.sign_in(client, places.appointment(code, title, kind, slot))
        return client

    return put_on


def person_at(places: Places, code: str, title: str, kind: str = "ubnd", slot: str = "") -> Appointment:
    """The appointment, with its person, of the first holder of a title."""
    found: Appointment = Appointment.objects.select_related("person").get(
        pk=places.appointment(code, title, kind, slot)
    )
    return found
