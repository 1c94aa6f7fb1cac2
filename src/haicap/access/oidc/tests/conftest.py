"""A province, somebody who is signed in, an application."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from haicap.access.models import Account
from haicap.access.oidc.tests.flows import Party, register
from haicap.access.tests import accounts
from haicap.kernel import clock
from haicap.registry.tests.places import NOW, Places, make_places


@pytest.fixture
def places(db: None) -> Iterator[Places]:
    with clock.at(NOW):
        yield make_places()


@pytest.fixture
def party(places: Places) -> Party:
    return register()


@pytest.fixture
def browser(places: Places) -> Client:
    """An official of the service centre of a commune, signed in."""
    client = Client(headers={"host": "127.0.0.1"})
    accounts.sign_in(client, places.appointment("20194", "cong_chuc_mot_cua", "tt_pvhcc"))
    return client


@pytest.fixture
def account(browser: Client, places: Places) -> Account:
    return accounts.account_of(places.appointment("20194", "cong_chuc_mot_cua", "tt_pvhcc"))


@pytest.fixture
def administrator(places: Places) -> Client:
    """The province's administrator, signed in."""
    client = Client(headers={"host": "127.0.0.1"})
    for (_agency, title), appointment in places.appointments.items():
        if title == "quan_tri_tinh":
            accounts.sign_in(client, appointment)
            return client
    raise LookupError("the small province has no administrator")
