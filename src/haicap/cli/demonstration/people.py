"""Officials of a province: a person in nearly every post, sites, focal points; rows for COPY."""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from psycopg.types.range import Range

from haicap.cli.demonstration.dossiers import seeded_id
from haicap.cli.demonstration.names import NameMaker
from haicap.kernel.text import fold, person_sort_key
from haicap.registry.models import AgencyKind

PERSON_COLUMNS = (
    "id", "family_name", "middle_name", "given_name", "full_name", "fold", "sort_key", "personal_number",
    "email", "phone",
)  # fmt: skip
APPOINTMENT_COLUMNS = ("id", "person_id", "post_id", "valid", "decision")
FOCAL_COLUMNS = ("id", "agency_id", "person_id", "subject", "number", "valid")

VACANT = 0.03
#: one focal subject so far: the officers whom the IT department calls
IT_OFFICER = "cntt"
COUNTER_TITLES = ("cong_chuc_mot_cua",)
WORKING_TITLES = ("chuyen_vien", "cong_chuc_mot_cua", "van_thu")


@dataclass(slots=True)
class Officials:
    """Rows of people and appointments, and who works where under which title: (agency, title) → names."""

    people: list[tuple[object, ...]] = field(default_factory=list)
    appointments: list[tuple[object, ...]] = field(default_factory=list)
    focal_points: list[tuple[object, ...]] = field(default_factory=list)
    names: dict[tuple[uuid.UUID, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    ids: dict[tuple[uuid.UUID, str], list[str]] = field(default_factory=lambda: defaultdict(list))


def appoint(
    posts: Mapping[tuple[uuid.UUID, str], Sequence[uuid.UUID]], now: datetime, rng: random.Random
) -> Officials:
    """A person for every post but a few; nobody has a real number, address or telephone."""
    officials = Officials()
    maker = NameMaker(rng)
    everyone = maker.draw(sum(len(chairs) for chairs in posts.values()))
    for (agency, title), chairs in posts.items():
        for post in chairs:
            name = everyone.pop()
            if title in WORKING_TITLES and rng.random() < VACANT:
                continue
            person = seeded_id(now, rng)
            given = fold(name.given).replace(" ", "")
            email = f"{given}.{len(officials.people) + 1:05d}@vidu.example"
            officials.people.append(
                (
                    person, name.family, name.middle, name.given, name.full, fold(name.full),
                    person_sort_key(name.full), "", email, "",
                )
            )  # fmt: skip
            since = _appointed_on(now.date(), rng)
            officials.appointments.append(
                (seeded_id(now, rng), person, post, Range(since, None, "[)"), f"{rng.randint(1, 900)}/QĐ")
            )
            officials.names[agency, title].append(name.full)
            officials.ids[agency, title].append(person)
    return officials


def name_it_officers(
    officials: Officials,
    agencies: Mapping[tuple[uuid.UUID, str, str], uuid.UUID],
    communes: Sequence[uuid.UUID],
    now: datetime,
    rng: random.Random,
) -> None:
    """Two IT officers (đầu mối công nghệ thông tin) for every commune, among its committee's officials."""
    for unit in communes:
        agency = agencies.get((unit, AgencyKind.COMMITTEE, ""))
        if agency is None:
            continue
        chosen = [person for title in WORKING_TITLES for person in officials.ids[agency, title]][:2]
        since = Range(_appointed_on(now.date(), rng), None, "[)")
        officials.focal_points.extend(
            (seeded_id(now, rng), agency, person, IT_OFFICER, number, since)
            for number, person in enumerate(chosen, 1)
        )


def _appointed_on(today: date, rng: random.Random) -> date:
    """Some day in the four years of the present term."""
    return today - timedelta(days=rng.randint(60, 1450))
