"""What the tests of pages share: a small province, a moment, a signed-in visitor, a browser."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections
from django.test import Client

from haicap.access.tests import accounts
from haicap.kernel import clock
from haicap.registry.tests.places import NOW, Places, make_places

if TYPE_CHECKING:
    from haicap.web.tests.browser import Eyes

SignIn = Callable[..., Client]


@pytest.fixture
def places(db: None) -> Iterator[Places]:
    """The merged province, with agencies and people, on 16/7/2025 at 9:30."""
    with clock.at(NOW):
        yield make_places()


@pytest.fixture
def sign_in(places: Places) -> SignIn:
    """A client in a hat: sign_in("20194", "chu_tich") → Client."""

    def put_on(code: str, title: str, kind: str = "ubnd", slot: str = "") -> Client:
        client = Client(headers={"host": "127.0.0.1"})
        appointment = places.appointment(code, title, kind, slot)
        accounts.sign_in(client, appointment)
        return client

    return put_on


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One Chromium for the tests of a module; skipped where there is none.

    Not for the whole session: its event loop would go on running in this thread, and tests of other modules
    that wait for asynchronous work could not.
    """
    from haicap.web.tests.browser import launch

    # Playwright's loop runs in this thread: Django must not take it for an async view
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    # While that loop runs, Django's connections of this thread are others than before and after (asgiref keeps
    # them apart). What is left open on the other side would hinder copying a database, or be found cut off later.
    connections.close_all()
    with launch() as browser:
        yield browser
        connections.close_all()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def eyes(chromium: Any, live_server: Any) -> Iterator[Eyes]:
    """A browser on a live server with the small province, by the deployment's shifted clock."""
    from haicap.web.tests.browser import Eyes

    clock.set_deployment_shift(NOW - clock.now())
    places = make_places()
    eyes = Eyes(chromium, live_server.url, places)
    yield eyes
    eyes.close()
    clock.set_deployment_shift(timedelta(0))
