"""What access answers to the contract: readiness, drill, probes, facts; by real rows and the real pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from haicap.access import probes
from haicap.access.demonstration import make_accounts
from haicap.access.drill import DRILLS, NothingToDrill, SignInDrill
from haicap.access.errors import AccessDenied
from haicap.access.facts import FACTS, AccountDays, SignInDays
from haicap.access.models import Account, Outcome, SignInEvent
from haicap.access.probes import PROBES, LogoutMessages, SigningKeyValid
from haicap.access.readiness import READINESS, PeopleCanSignIn
from haicap.access.tests.accounts import account_of, enrol_totp
from haicap.kernel import clock, outbox
from haicap.kernel.actor import SYSTEM, Actor
from haicap.kernel.contract import Health, Readiness, overall
from haicap.kernel.models import JournalEntry
from haicap.registry.models import Appointment, Person, Post
from haicap.registry.tests.places import NOW, Places, make_places


@pytest.fixture
def places(db: None) -> Iterator[Places]:
    with clock.at(NOW):
        yield make_places()


def test_contract__each_question__is_answered() -> None:
    assert (PeopleCanSignIn,) == READINESS
    assert (SignInDrill,) == DRILLS
    assert {probe.name for probe in PROBES} == {"password_hashing", "signing_key_valid", "logout_messages"}
    assert (AccountDays, SignInDays) == FACTS


def test_readiness__step_by_step__counts_what_is_there(places: Places) -> None:
    office = places.agency("20194", "van_phong")
    other = places.agency("20196", "van_phong")

    def ask() -> dict[str, tuple[int, int]]:
        answer = PeopleCanSignIn().ask([office, other])
        assert set(answer) == {office, other}
        return {one.name: (one.done, one.wanted) for one in answer[office]}

    people = ask()["accounts"][1]
    assert ask() == {"accounts": (0, people), "signed_in": (0, people), "second_factors": (0, 1)}
    make_accounts()
    admin = account_of(places.appointment("20194", "quan_tri_xa", "van_phong"))
    SignInEvent.objects.create(account=admin, username=admin.username, outcome=Outcome.SIGNED_IN)
    assert ask() == {"accounts": (people, people), "signed_in": (1, people), "second_factors": (0, 1)}
    enrol_totp(admin)
    assert ask()["second_factors"] == (1, 1)
    assert overall(PeopleCanSignIn().ask([office])[office]) == Readiness.PARTLY


def test_readiness__sign_in_before_the_agency_began__does_not_count(places: Places) -> None:
    make_accounts()
    admin = account_of(places.appointment("20194", "quan_tri_xa", "van_phong"))
    for at in (NOW - timedelta(days=40), NOW - timedelta(days=15, hours=12)):
        SignInEvent.objects.create(account=admin, username=admin.username, outcome=Outcome.SIGNED_IN, at=at)
    office = places.agency("20194", "van_phong")
    found = {one.name: one.done for one in PeopleCanSignIn().ask([office])[office]}
    assert found["signed_in"] == 0


def test_drill__every_title_of_a_commune__in_and_out_and_nothing_remains(places: Places) -> None:
    was = Account.objects.count(), Person.objects.count(), Post.objects.count(), Appointment.objects.count()
    result = SignInDrill().run(SYSTEM, places.agency("20194"))
    assert result.passed, [(step.name, step.note) for step in result.steps if not step.passed]
    assert len(result.steps) > 10
    assert was == (
        Account.objects.count(),
        Person.objects.count(),
        Post.objects.count(),
        Appointment.objects.count(),
    )
    lines = SignInEvent.objects.all()
    assert {(line.method, line.account_id) for line in lines} == {("drill", None)}
    assert lines.count() == len(result.steps)
    assert JournalEntry.objects.filter(action="access.drill_sign_in").count() == 1


def test_drill__pages_that_let_anybody_in__fails_and_says_so(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    from haicap.access import drill

    monkeypatch.setattr(drill, "_is_in", lambda client: True)
    result = SignInDrill().run(SYSTEM, places.agency("20194"))
    assert not result.passed
    assert result.cleaned
    assert all("mật khẩu sai" in step.note for step in result.steps)


def test_drill__without_the_right_or_without_people__is_refused(places: Places) -> None:
    stranger = Actor(label="ai đó", permissions=frozenset({"access.manage_accounts"}))
    with pytest.raises(AccessDenied):
        SignInDrill().run(stranger, places.agency("20194"))
    with pytest.raises(NothingToDrill):
        SignInDrill().run(SYSTEM, places.units["20194"])


def test_probes__at_work__are_well(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "SLOW_MS", float("inf"))  # how busy the tests' machine is says nothing
    assert {(type(one).__name__, one.ask().health) for one in (probe() for probe in PROBES)} == {
        (probe.__name__, Health.WELL) for probe in PROBES
    }


def test_probe__signing_key_over__is_down(places: Places) -> None:
    from haicap.access.models import SigningKey
    from haicap.access.oidc import keys
    from haicap.kernel import journal

    keys.signing_key()
    assert SigningKeyValid().ask().health == Health.WELL
    with journal.act(SYSTEM, "test.end_key") as act:
        SigningKey.objects.update(ends_at=keys.real_now() + timedelta(days=1))
        act.changed("access.signing_key", None, None, {})
    assert SigningKeyValid().ask().health == Health.DEGRADED
    with journal.act(SYSTEM, "test.end_key") as act:
        SigningKey.objects.update(ends_at=keys.real_now() - timedelta(hours=1))
        act.changed("access.signing_key", None, None, {})
    assert SigningKeyValid().ask().health == Health.DOWN


def test_probe__logout_message_that_waits__is_told(places: Places) -> None:
    from django.db import transaction

    with transaction.atomic():
        outbox.send("access.tell_session_end", {"grant": "x"}, key="one")
    assert LogoutMessages().ask().health == Health.WELL
    with clock.at(NOW + timedelta(hours=1)):
        answer = LogoutMessages().ask()
    assert (answer.health, answer.value) == (Health.DEGRADED, 1)


def test_facts__accounts__by_agency_title_and_state(places: Places) -> None:
    agency = places.agency("20194", "van_phong")

    def of_day() -> set[tuple[object, ...]]:
        return {tuple(row[2:]) for row in AccountDays().rows(NOW.date(), NOW.date()) if row[1] == agency}

    assert ("quan_tri_xa", "none", 1) in of_day()
    make_accounts()
    assert ("quan_tri_xa", "unused", 1) in of_day()
    admin = account_of(places.appointment("20194", "quan_tri_xa", "van_phong"))
    SignInEvent.objects.create(account=admin, username=admin.username, outcome=Outcome.SIGNED_IN)
    assert ("quan_tri_xa", "used", 1) in of_day()
    yesterday = NOW.date() - timedelta(days=1)
    states = {row[3] for row in AccountDays().rows(yesterday, yesterday) if row[1] == agency}
    assert states == {"none"}, "a closed day stays as it was"


def test_facts__sign_ins__counts_without_names(places: Places) -> None:
    make_accounts()
    admin = account_of(places.appointment("20194", "quan_tri_xa", "van_phong"))
    for outcome in (Outcome.SIGNED_IN, Outcome.SIGNED_IN, Outcome.REFUSED):
        SignInEvent.objects.create(account=admin, username=admin.username, outcome=outcome, method="password")
    rows = [tuple(row) for row in SignInDays().rows(NOW.date(), NOW.date())]
    assert rows == [
        (NOW.date(), "official", "in", "password", 2, 1),
        (NOW.date(), "official", "refused", "password", 1, 1),
    ]
