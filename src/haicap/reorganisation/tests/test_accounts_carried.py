"""Accounts and delegations through a cut-over: carried with all they have, by the ledger and by the rows themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from psycopg.types.range import Range

from haicap.access.demonstration import make_accounts
from haicap.access.models import Account, Delegation
from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.registry.models import Appointment, Person
from haicap.reorganisation import service
from haicap.reorganisation.engine.cut import Unbalanced
from haicap.reorganisation.models import LedgerRow, Run
from haicap.reorganisation.plan.model import Staffing
from haicap.reorganisation.tests.factories import (
    AFTER,
    World,
    committee,
    cut,
    danang_plan,
    fingerprint,
    ready,
)
from haicap.reorganisation.tests.hats import demonstrate

KEPT = ("access_account", "access_delegation", "access_signinevent", "access_onetimelink")


@pytest.fixture
def accounts(world: World) -> World:
    demonstrate()
    assert make_accounts() > 50
    return world


def line(record: str) -> LedgerRow:
    run = Run.objects.filter(kind="cut_over").latest("started_at")
    return LedgerRow.objects.get(run=run, system="access", record=record)


def holder(code: str, title: str) -> Appointment:
    return Appointment.objects.select_related("person").get(
        post__desk__founder=committee(code), post__title_id=title, post__number=1
    )


def delegate(appointment: Appointment, person: Person, days: int = 30) -> Delegation:
    account = Account.objects.get(person=appointment.person)
    with journal.act(SYSTEM, "test.delegate") as act:
        made = Delegation.objects.create(
            appointment=appointment,
            delegate=person,
            during=Range(clock.now() - timedelta(hours=1), clock.now() + timedelta(days=days)),
            reason="Đi công tác",
            made_by=account,
        )
        act.changed("access.delegation", made.pk, None, {"reason": made.reason})
    return made


def test_account__cut_over__every_one_is_carried_or_waits_and_no_row_changes(accounts: World) -> None:
    was = fingerprint()
    cut(danang_plan())
    found = line("account")
    assert found.balanced
    assert found.before == found.after == found.carried + found.undecided > 50
    now = fingerprint()
    assert {table: now[table] for table in KEPT} == {table: was[table] for table in KEPT}


def test_account__cut_over__waits_just_when_its_person_has_no_hat(accounts: World) -> None:
    from haicap.access.hats import hats_of

    cut(danang_plan())
    with clock.at(AFTER):
        without = {
            account.pk
            for account in Account.objects.filter(person__isnull=False)
            if not hats_of(account.person_id)
        }
    assert without
    assert line("account").undecided == len(without)
    assert line("account").label == "Tài khoản cán bộ, công chức"
    assert "chờ phân công" in line("account").notes[0]


def test_account__leader_with_a_new_post__is_carried(accounts: World) -> None:
    cut(danang_plan())
    waiting = line("account").undecided
    service.undo_cut_over(SYSTEM, Run.objects.filter(kind="cut_over").latest("started_at").plan, "thử")
    leader = holder("20195", "chu_tich")
    cut(danang_plan(staffing=(Staffing("20194", "ubnd", "", "pho_chu_tich", leader.person_id),)))
    assert line("account").undecided == waiting - 1


def test_delegation__cut_over__closed_with_the_abolished_post_carried_with_the_others(
    accounts: World,
) -> None:
    someone = holder("20203", "van_thu").person
    delegate(holder("20195", "chu_tich"), someone)
    delegate(holder("20195", "van_thu"), someone)
    delegate(holder("20203", "chu_tich"), someone)
    cut(danang_plan())
    found = line("delegation")
    assert (found.before, found.carried, found.closed, found.after) == (3, 2, 1, 3)
    assert Delegation.objects.filter(revoked_at__isnull=True).count() == 3


def test_delegation__over_before_the_effective_day_or_revoked__is_not_counted(accounts: World) -> None:
    someone = holder("20203", "van_thu").person
    delegate(holder("20195", "van_thu"), someone, days=0.2)
    revoked = delegate(holder("20203", "chu_tich"), someone)
    with journal.act(SYSTEM, "test.revoke") as act:
        Delegation.objects.filter(pk=revoked.pk).update(revoked_at=clock.now())
        act.changed("access.delegation", revoked.pk, None, {"revoked": True})
    cut(danang_plan())
    assert line("delegation").before == 0


def test_account__written_during_the_cut_over__nothing_is_kept(
    accounts: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that touches an account is found by the database's own count, and the cut-over is refused."""
    from haicap.access.carrier import AccountCarrier

    def meddle(carrier: AccountCarrier, cut_: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE access_account SET is_active = false WHERE person_id IS NOT NULL")

    monkeypatch.setattr(AccountCarrier, "carry", meddle)
    row = ready(danang_plan())
    with pytest.raises(Unbalanced):
        service.cut_over(SYSTEM, row)
    assert not Account.objects.filter(is_active=False).exists()


def test_account__rehearsal_and_undo__leave_every_row_as_it_was(accounts: World) -> None:
    was = {table: fingerprint()[table] for table in KEPT}
    row = ready(danang_plan())
    assert service.rehearse(SYSTEM, row).balanced
    plan = cut(danang_plan())
    with clock.at(AFTER):
        outcome = service.undo_cut_over(SYSTEM, plan, "thử")
    assert {"account", "delegation"} <= {report.record for report in outcome.reports}
    assert {table: fingerprint()[table] for table in KEPT} == was
