"""What the one-stop shop's tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from haicap.kernel import clock
from haicap.systems.onestop.tests.factories import NOW, Town, make_town


@pytest.fixture
def town(db: None) -> Iterator[Town]:
    """A small province, on Monday 2/3/2026 at 9:00."""
    with clock.at(NOW):
        yield make_town()
