"""Whatever a commune's administrator tries, in any order, nobody may do more than that level may give."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from haicap.access.hats import hats_of
from haicap.access.models import Account
from haicap.access.people import delegations, lists, policy, queries, service
from haicap.access.people.values import person_values
from haicap.kernel.actor import Actor
from haicap.kernel.errors import HaicapError
from haicap.registry.establishment.templates import TITLES
from haicap.registry.models import Appointment
from haicap.registry.tests.places import NOW, Places

DEEDS = ("add_post", "appoint", "end", "create", "import", "lend", "account", "link", "edit")
steps = st.lists(
    st.tuples(
        st.sampled_from(DEEDS),
        st.integers(0, 200),
        st.integers(0, 200),
        st.sampled_from([code for code, *_rest in TITLES]),
        st.integers(-40, 40),
    ),
    max_size=12,
)


def _may(person: Any) -> frozenset[str]:
    return frozenset().union(*(hat.rule.permissions for hat in hats_of(person)))


def _try(actor: Actor, people: list[Any], agencies: list[Any], step: tuple[str, int, int, str, int]) -> None:
    deed, who, where, title, days = step
    person, agency = people[who % len(people)], agencies[where % len(agencies)]
    day = NOW.date() + timedelta(days=days)
    values = person_values({"full_name": "Người Thử", "personal_number": f"048190{who:06d}"})
    rows = Appointment.objects.filter(recorded__upper_inf=True, person=person).values_list("id", flat=True)
    if deed == "add_post":
        service.add_post(actor, agency, title)
    elif deed == "appoint":
        service.appoint(actor, person, agency, title, day)
    elif deed == "create":
        service.create_person(actor, values, service.Chair(agency, title, day))
    elif deed == "edit":
        service.edit_person(actor, person, values)
    elif deed == "import":
        row = {"line": "2", "name": "Người Thử", "number": f"048190{who:06d}", "title": title}
        row |= {"agency": queries.agency_of(actor, agency).name, "from": f"{min(day, NOW.date()):%d/%m/%Y}"}
        lists.apply_list(actor, [row], add_posts=True)
    elif deed == "account":
        service.give_account(actor, person)
    elif deed == "link":
        service.give_link(actor, person)
    for row in rows:
        if deed == "end":
            service.end_appointment(actor, row, day)
        if deed == "lend":
            delegate = people[where % len(people)]
            begins, ends = NOW - timedelta(hours=1), NOW + timedelta(days=5)
            delegations.delegate(actor, row, delegate, begins, ends, "thử")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_commune_administrator__any_deeds__nobody_exceeds_the_allowed_set(
    places: Places, xa: Actor, steps: list[tuple[str, int, int, str, int]]
) -> None:
    with (
        connection.cursor() as cursor
    ):  # thousands of questions: not planned by what an earlier test left behind
        cursor.execute("ANALYZE")
    people = sorted({row.person_id for row in Appointment.objects.all()})
    agencies = [key for key, _title in places.appointments]
    before = {person: _may(person) for person in people}
    accounts = set(Account.objects.values_list("pk", flat=True))
    with transaction.atomic():
        for step in steps:
            with contextlib.suppress(HaicapError):
                _try(xa, people, agencies, step)
        for person in {row.person_id for row in Appointment.objects.all()} - {xa.person_id}:
            assert _may(person) <= before.get(person, frozenset()) | policy.COMMUNE_MAY_GIVE
        assert xa.person_id is not None
        assert _may(xa.person_id) <= before[xa.person_id]
        for account in Account.objects.exclude(pk__in=accounts).exclude(person__in=people):
            assert account.person_id is not None
            assert _may(account.person_id) <= policy.COMMUNE_MAY_GIVE
        transaction.set_rollback(True)
