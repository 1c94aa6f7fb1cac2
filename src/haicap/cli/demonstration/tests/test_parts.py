"""The parts of the fill: names, identities, shares, addresses."""

from __future__ import annotations

import random
import uuid
from datetime import datetime

from haicap.cli.demonstration import dossiers, names, places, volumes
from haicap.kernel.clock import ZONE
from haicap.kernel.text import fold


def test_names__seed__gives_the_same_and_no_doubled_words() -> None:
    first = [name.full for name in names.NameMaker(random.Random(3)).draw(3000)]
    again = [name.full for name in names.NameMaker(random.Random(3)).draw(3000)]
    assert first == again
    share = sum(name.startswith("Nguyễn ") for name in first) / len(first)
    assert 0.3 < share < 0.42
    for name in first:
        assert dossiers._folded(name) == fold(name)


def test_ids__seeded__are_ordered_by_time_and_version_7() -> None:
    rng = random.Random(1)
    early = uuid.UUID(dossiers.seeded_id(datetime(2025, 1, 2, tzinfo=ZONE), rng))
    late = uuid.UUID(dossiers.seeded_id(datetime(2025, 6, 2, tzinfo=ZONE), rng))
    assert early.version == late.version == 7
    assert early < late


def test_volumes__apportion__sums_exactly() -> None:
    assert volumes.apportion(10, [1, 1, 1]) == [4, 3, 3]
    assert sum(volumes.apportion(59_999, [random.Random(5).random() for _ in range(280)])) == 59_999
    assert volumes.apportion(5, []) == []
    assert volumes.apportion(0, [1.0, 2.0]) == [0, 0]


def test_places__addresses__name_the_commune() -> None:
    rng = random.Random(2)
    place = places.Place(
        uuid.uuid4(),
        "1",
        "phuong",
        "Hòa An",
        uuid.uuid4(),
        "Quận Cẩm Lệ",
        "Thành phố Đà Nẵng",
        16.0,
        108.0,
        True,
        ("Tổ dân phố 1",),
    )
    assert "Phường Hòa An, Quận Cẩm Lệ" in places.address_in(place, "Tổ dân phố 1", rng)
    point = places.point_in(place, rng)
    assert point is not None
    assert abs(point[0] - 16.0) < 0.1
