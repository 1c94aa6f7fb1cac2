"""A small province at a moment, and people with passwords."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from haicap.access.models import Account
from haicap.access.tests import accounts
from haicap.kernel import clock
from haicap.registry.tests.places import NOW, Places, make_places

Owner = Callable[..., Account]
SPECIALIST = ("20194", "cong_chuc_mot_cua", "tt_pvhcc")
ADMINISTRATOR = ("20194", "quan_tri_xa", "van_phong")


@pytest.fixture
def places(db: None) -> Iterator[Places]:
    with clock.at(NOW):
        cache.clear()
        yield make_places()


@pytest.fixture
def owner(places: Places) -> Owner:
    """The account of who holds an appointment, with the tests' password: owner("20194", "chu_tich")."""

    def of(code: str = SPECIALIST[0], title: str = SPECIALIST[1], kind: str = SPECIALIST[2]) -> Account:
        return accounts.give_password(accounts.account_of(places.appointment(code, title, kind)))

    return of


@pytest.fixture
def browser() -> Client:
    return Client(headers={"host": "127.0.0.1"})


def sign_in(
    client: Client, name: str, password: str = accounts.PASSWORD, address: str = "127.0.0.1", **data: str
) -> object:
    """Send the sign-in form; the answer."""
    return client.post("/dang-nhap/", {"login": name, "password": password, **data}, REMOTE_ADDR=address)


def is_in(client: Client) -> bool:
    """Whether the browser is signed in."""
    return "_auth_user_id" in client.session
