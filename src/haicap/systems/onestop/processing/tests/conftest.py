"""What the tests of tasks share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from haicap.kernel import clock
from haicap.registry.tests.places import NOW
from haicap.systems.onestop.processing.tests.factories import Commune, make_commune


@pytest.fixture
def commune(db: None) -> Iterator[Commune]:
    """A commune with a route, on a Wednesday morning."""
    with clock.at(NOW):
        yield make_commune()
