"""Every address of the site × every title, own and others' agency: who gets in is what `routes.ROUTES` says.

The table is beside this file. A route that is not in it fails the first test, which prints the line to add.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.urls.resolvers import URLResolver

from haicap.access import hats
from haicap.access.accounts import make_account
from haicap.access.tests import accounts
from haicap.access.titles import RULES
from haicap.kernel import journal
from haicap.kernel.actor import ANONYMOUS, SYSTEM, Actor
from haicap.kernel.contract import permissions
from haicap.kernel.models import JournalEntry
from haicap.kernel.text import fold, person_sort_key
from haicap.registry.models import Appointment, Person
from haicap.registry.tests.places import Places
from haicap.web.tests.routes import ROUTES

NOBODY = uuid.UUID("01900000-0000-7000-8000-000000000000")
WORDS = ("public", "door", "signed in", "post", "owner", "token")
ALLOWED, TO_SIGN_IN, FORBIDDEN, MISSING, REFUSED = "allowed", "to sign-in", "forbidden", "missing", "refused"


def walk(resolver: URLResolver, spaces: tuple[str, ...] = ()) -> Iterator[tuple[str, URLPattern]]:
    """Every pattern below a resolver, with its full name."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield ":".join((*spaces, pattern.name or f"?{pattern.pattern}")), pattern
        else:
            yield from walk(pattern, (*spaces, pattern.namespace) if pattern.namespace else spaces)


def names() -> list[str]:
    """The name of every route, once."""
    return sorted({name for name, _pattern in walk(get_resolver())})


@dataclass(frozen=True)
class Visitor:
    """Somebody at the door: the title's row, the actor it makes, a browser."""

    label: str
    actor: Actor
    client: Client


def test_routes__every_one__is_in_the_table() -> None:
    missing = [name for name in names() if name not in ROUTES]
    lines = "\n".join(f'    "{name}": "<permission, or {" / ".join(WORDS)}>",' for name in missing)
    assert not missing, f"add to src/haicap/web/tests/routes.py, in ROUTES:\n{lines}"


def test_routes__every_need__is_a_word_or_a_permission() -> None:
    known = {*WORDS, *permissions()}
    wrong = {name: need for name, need in ROUTES.items() if not _codes(need) <= known}
    assert not wrong, f"unknown needs in ROUTES: {wrong}"


@pytest.fixture
def visitors(places: Places) -> list[Visitor]:
    """One holder of each row of titles.csv with a hat that the province has, an anonymous one, one without post."""
    found: dict[str, Visitor] = {}
    for _place, appointment in sorted(places.appointments.items(), key=lambda item: str(item[1])):
        hat = hats.held("appointment.id = %(id)s", {"id": appointment})[0]
        if hat.rule.hat and hat.rule.hat not in found:
            client = Client(headers={"host": "127.0.0.1"})
            accounts.sign_in(client, appointment)
            found[hat.rule.hat] = Visitor(hat.rule.hat, hats.actor_in(hat), client)
    without = Client(headers={"host": "127.0.0.1"})
    without.force_login(make_account(SYSTEM, _person_without_post()))
    return [
        *found.values(),
        Visitor("anonymous", ANONYMOUS, Client(headers={"host": "127.0.0.1"})),
        Visitor("without post", Actor(label="x", person_id=NOBODY), without),
    ]


def _person_without_post() -> Person:
    name = "Không Chức"
    with journal.act(SYSTEM, "test.person") as act:
        person = Person.objects.create(
            family_name="Không",
            given_name="Chức",
            full_name=name,
            fold=fold(name),
            sort_key=person_sort_key(name),
        )
        act.changed("registry.person", person.pk, None, {"full_name": name})
    return person


def test_titles__every_row_with_a_hat__is_walked(visitors: list[Visitor]) -> None:
    assert {rule.hat for rule in RULES if rule.hat} <= {visitor.label for visitor in visitors}


def arguments(pattern: URLPattern, places: Places, *, own: bool) -> dict[str, Any]:
    """Values for a pattern: of the commune 20194 ("own") or of 20196."""
    code = "20194" if own else "20196"
    appointment = Appointment.objects.get(pk=places.appointment(code, "chu_tich"))
    known = {
        "agency_id": places.agency(code),
        "person_id": appointment.person_id,
        "appointment_id": appointment.pk,
        "code": code,
        "form": "csv",
        "kind": "rehearse",
        "provider_id": "vneid",
        "path": "/Users",
        "year": 2025,
    }
    wanted = pattern.pattern.regex.groupindex
    converters = pattern.pattern.converters
    filler = {name: 1 if type(one).__name__ == "IntConverter" else NOBODY for name, one in converters.items()}
    return {name: known.get(name, filler.get(name, "x")) for name in wanted}


def outcome(client: Client, address: str) -> str:
    """What a GET, or where that is no method of it an empty POST, comes to; its writes are taken back.

    A POST that left no journal entry changed nothing: it was refused, however politely it was answered.
    """
    posted = changed = False
    with transaction.atomic():
        answer = client.get(address)
        if answer.status_code == 405:
            before, posted = JournalEntry.objects.count(), True
            answer = client.post(address)
            changed = JournalEntry.objects.count() != before
        transaction.set_rollback(True)
    to = answer.headers.get("Location", "")
    if answer.status_code in (302, 303) and to.startswith(("/dang-nhap/", "/tai-khoan/lop-hai/")):
        return TO_SIGN_IN
    if answer.status_code in (401, 403):
        return FORBIDDEN
    if answer.status_code == 404:
        return MISSING
    if 400 <= answer.status_code < 500:
        return REFUSED
    if posted and not changed and answer.status_code in (302, 303):
        return REFUSED
    assert answer.status_code < 500, (address, answer.status_code)
    return ALLOWED


def _codes(need: str) -> set[str]:
    return set(need.removesuffix("@agency").removesuffix("+all").split("|"))


def allowed_outcomes(need: str, actor: Actor, agency: uuid.UUID) -> set[str]:
    """What may come of it: who may not never gets in; who may is never forbidden nor sent to the sign-in page.

    Who may can still miss a thing that does not exist, or be told that the form is incomplete.
    """
    anonymous, inside, outside = (
        actor is ANONYMOUS,
        {ALLOWED, MISSING, REFUSED},
        {FORBIDDEN, MISSING, REFUSED},
    )
    if need == "token":
        return outside
    if need == "public":
        return inside
    if need == "door":
        return inside | {FORBIDDEN}
    if anonymous:
        return outside | {TO_SIGN_IN}
    if need == "owner":
        return inside | {FORBIDDEN}
    if need == "signed in":
        return inside
    if need == "post":
        return inside if actor.agency_ids else outside
    may = any(actor.may(code) for code in _codes(need)) and (actor.sees_all or not need.endswith("+all"))
    if need.endswith("@agency") and may and agency not in actor.agency_ids and not actor.sees_all:
        may = False
    return inside if may else outside


def test_routes__every_one_by_every_title_at_own_and_other_agency__as_the_table_says(
    places: Places, visitors: list[Visitor]
) -> None:
    wrong: list[str] = []
    seen: set[str] = set()
    for name, pattern in walk(get_resolver()):
        if name in seen or name not in ROUTES:
            continue
        seen.add(name)
        need = ROUTES[name]
        for own in (True, False) if need.endswith("@agency") else (True,):
            address = reverse(name, kwargs=arguments(pattern, places, own=own))
            agency = places.agency("20194" if own else "20196")
            for visitor in visitors:
                came = outcome(visitor.client, address)
                if came not in allowed_outcomes(need, visitor.actor, agency):
                    wrong.append(f"{name} ({need}) {address}: {visitor.label} is {came}")
    assert not wrong, "\n".join(wrong)
