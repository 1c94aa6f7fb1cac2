"""A small province, its officials signed in, and a citizen with a number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import pytest
from django.test import Client

from haicap.access.citizens.claims import Claims
from haicap.access.citizens.service import register_citizen
from haicap.access.models import Account
from haicap.access.tests import accounts
from haicap.kernel import clock
from haicap.registry.tests.places import NOW, Places, make_places

NUMBER = "048195001234"


@pytest.fixture
def places(db: None) -> Iterator[Places]:
    with clock.at(NOW):
        yield make_places()


@pytest.fixture
def official(places: Places) -> Callable[..., tuple[Client, Account]]:
    """A client in a hat, and its account: official("20194", "chu_tich")."""

    def put_on(code: str, title: str, kind: str = "ubnd", slot: str = "") -> tuple[Client, Account]:
        client = Client(headers={"host": "127.0.0.1"})
        return client, accounts.sign_in(client, places.appointment(code, title, kind, slot))

    return put_on


def a_citizen(number: str = NUMBER, subject: str = "an", name: str = "Nguyễn Thị Minh An") -> Account:
    born = date(1900 + 100 * (int(number[3]) // 2) + int(number[4:6]), 3, 2)
    claims = Claims("https://vneid.example", subject, "tech-1", "2", name, number, born)
    return register_citizen(claims, ["account", "notify"])


@pytest.fixture
def citizen(places: Places) -> tuple[Client, Account]:
    account = a_citizen()
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(account)
    return client, account
