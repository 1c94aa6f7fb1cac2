"""A small province with accounts, and a directory that asks by a token."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from haicap.access.scim import tokens
from haicap.access.tests.accounts import account_of
from haicap.kernel import clock
from haicap.kernel.actor import SYSTEM
from haicap.registry.tests.places import NOW, Places, make_places

Ask = Callable[..., HttpResponse]


@pytest.fixture
def places(db: None) -> Iterator[Places]:
    """The merged province on 16/7/2025, some of its people with accounts."""
    with clock.at(NOW):
        yield make_places()


@pytest.fixture
def accounts(places: Places) -> dict[str, Any]:
    """Three accounts: a chair, a specialist, a counter official of another commune."""
    return {
        "chair": account_of(places.appointment("20194", "chu_tich")),
        "specialist": account_of(places.appointment("20194", "chuyen_vien", "phong", "Văn hóa - Xã hội")),
        "counter": account_of(places.appointment("20196", "cong_chuc_mot_cua", "tt_pvhcc")),
    }


@pytest.fixture
def make_ask(places: Places) -> Callable[..., Ask]:
    """A directory: make_ask("mail", may_write=True) → ask("get", "/Users", …)."""

    def directory(name: str = "mail", *, may_write: bool = False) -> Ask:
        secret = tokens.make_token(SYSTEM, name, may_write=may_write).secret
        client = Client(headers={"host": "127.0.0.1", "authorization": f"Bearer {secret}"})

        def ask(method: str, path: str, body: Any = None, **extra: Any) -> HttpResponse:
            call = getattr(client, method)
            if body is None:
                return call(f"/scim/v2{path}", **extra)
            return call(f"/scim/v2{path}", json.dumps(body), content_type="application/scim+json", **extra)

        return ask

    return directory


@pytest.fixture
def ask(make_ask: Callable[..., Ask]) -> Ask:
    """A directory that may only read."""
    return make_ask()


@pytest.fixture
def write(make_ask: Callable[..., Ask]) -> Ask:
    """A directory that may write."""
    return make_ask("writer", may_write=True)
