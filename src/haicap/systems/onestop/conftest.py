"""What the one-stop shop's tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
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
        monkeypatch.setattr("haicap.access.middleware.actor_of", lambda request: actor)
        return Client(headers={"host": "127.0.0.1"})

    return browser
