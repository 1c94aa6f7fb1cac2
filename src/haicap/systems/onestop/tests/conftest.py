"""What the one-stop shop's tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.test import Client

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.systems.onestop.tests.factories import NOW, Town, make_town


@pytest.fixture
def town(db: None) -> Iterator[Town]:
    """A small province, on Monday 2/3/2026 at 9:00."""
    with clock.at(NOW):
        yield make_town()


@pytest.fixture
def browse(monkeypatch: pytest.MonkeyPatch) -> Callable[[Actor], Client]:
    """A browser in which this actor is signed in; how an actor comes about is the access tests' matter."""

    def browser(actor: Actor) -> Client:
        monkeypatch.setattr("haicap.access.middleware._actor", lambda request, chosen: actor)
        client = Client(headers={"host": "127.0.0.1"})
        session = client.session
        session["appointment"] = "signed in"
        session.save()
        client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key or ""
        return client

    return browser
