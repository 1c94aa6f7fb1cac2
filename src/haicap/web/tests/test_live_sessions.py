"""Live sessions through a cut-over: the next request has exactly the new rights; after an undo the old ones again."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from psycopg.types.range import Range

from haicap.access.demonstration import make_accounts
from haicap.access.middleware import SESSION_KEY
from haicap.access.models import Account, Delegation
from haicap.access.service import actor_for_account
from haicap.access.tests.accounts import sign_in
from haicap.access.titles import UNIT, rule_for
from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM, Actor
from haicap.registry.models import Appointment, Post
from haicap.reorganisation import service
from haicap.reorganisation.plan.model import Staffing
from haicap.reorganisation.tests.factories import (
    EFFECTIVE,
    World,
    committee,
    cut,
    danang_plan,
    organ,
)
from haicap.reorganisation.tests.hats import demonstrate

#: minutes before and after the new order begins: nobody is signed out for being idle in between
LATE = datetime(2025, 6, 30, 23, 55, tzinfo=clock.ZONE)
SOON = datetime(2025, 7, 1, 0, 5, tzinfo=clock.ZONE)


@pytest.fixture
def accounts(world: World) -> Iterator[World]:
    demonstrate()
    make_accounts()
    with clock.at(LATE):
        yield world


def holding(code: str, title: str) -> Appointment:
    """Who holds the first post of a title at a committee."""
    return Appointment.objects.select_related("person").get(
        post__desk__founder=committee(code), post__title_id=title, post__number=1, recorded__upper_inf=True
    )


def browser(appointment: Appointment) -> Client:
    client = Client(headers={"host": "127.0.0.1"})
    sign_in(client, appointment.pk)
    return client


def request_of(client: Client, path: str = "/lam-viec/") -> Actor:
    """The actor of the very next request; the page must answer."""
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.wsgi_request.actor


def as_seen(client: Client) -> tuple[frozenset[uuid.UUID], frozenset[str], uuid.UUID | None]:
    actor = request_of(client)
    return actor.agency_ids, actor.permissions, actor.post_id


def test_specialist__desk_held_again__works_for_the_new_commune_and_back(accounts: World) -> None:
    """Nobody signs in again: the cookie is the same before, after and after the undo."""
    clerk = holding("20195", "chuyen_vien")
    client = browser(clerk)
    old = as_seen(client)
    assert committee("20195").id in old[0]
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value

    plan = cut(danang_plan())
    with clock.at(SOON):
        agencies, _permissions, post = as_seen(client)
        assert committee("20194", EFFECTIVE).id in agencies
        assert not agencies & {committee(code).id for code in ("20194", "20195", "490")}
        assert post == clerk.post_id
        page = client.get(f"/lam-viec/ho-so/{accounts.dossier('whole').code}/")
        assert page.status_code == 200
        service.undo_cut_over(SYSTEM, plan, "thử")
        assert as_seen(client) == old
    assert client.cookies[settings.SESSION_COOKIE_NAME].value == cookie


def test_leader__new_post__has_the_rights_of_that_post_only(accounts: World) -> None:
    head = holding("20195", "chu_tich")
    client = browser(head)
    assert request_of(client).may("command.steer")
    plan = cut(danang_plan(staffing=(Staffing("20194", "ubnd", "", "pho_chu_tich", head.person_id),)))
    with clock.at(SOON):
        actor = request_of(client)
        assert committee("20194", EFFECTIVE).id in actor.agency_ids
        assert "Phó Chủ tịch" in actor.title
        assert actor.permissions == rule_for("pho_chu_tich", "commune", "ubnd").permissions
        assert committee("20195").id not in actor.agency_ids
        service.undo_cut_over(SYSTEM, plan, "thử")
        assert "Phó" not in request_of(client).title
        assert committee("20195").id in request_of(client).agency_ids


def test_leader__no_new_post__waits_and_is_told_what_to_do(accounts: World) -> None:
    head = holding("20195", "chu_tich")
    client = browser(head)
    plan = cut(danang_plan())
    with clock.at(SOON):
        for path in ("/lam-viec/", "/dieu-hanh/"):
            answer = client.get(path)
            html = answer.content.decode()
            assert answer.status_code == 200
            assert "Bạn đang chờ phân công" in html
            assert "Chức danh gần nhất: Chủ tịch, Ủy ban nhân dân phường Thạch Thang" in html
            actor = answer.wsgi_request.actor
            assert (actor.agency_ids, actor.permissions, actor.sees_all) == (frozenset(), frozenset(), False)
        assert client.get("/tai-khoan/").status_code == 200
        assert accounts.dossier("whole").code not in client.get("/lam-viec/ho-so/").content.decode()
        assert client.get(f"/lam-viec/ho-so/{accounts.dossier('whole').code}/").status_code in (403, 404)
        service.undo_cut_over(SYSTEM, plan, "thử")
        assert "chờ phân công" not in client.get("/lam-viec/").content.decode()
        assert request_of(client).may("command.steer")


def test_leader__no_new_post__is_told_the_names_of_administrators(accounts: World) -> None:
    head = holding("20195", "chu_tich")
    client = browser(head)
    clerk = holding("20194", "chuyen_vien")
    cut(danang_plan(staffing=(Staffing("20194", "van_phong", "", "quan_tri_xa", clerk.person_id),)))
    with clock.at(SOON):
        assert f"{clerk.person.full_name} (Quản trị cấp xã" in client.get("/lam-viec/").content.decode()


def test_two_posts__the_chosen_hat_ends__the_other_is_worn_at_once(accounts: World) -> None:
    head, clerk = holding("20195", "chu_tich"), holding("20203", "van_thu")
    with journal.act(SYSTEM, "test.second_post") as act:
        post = Post.objects.create(desk=clerk.post.desk, title_id="chuyen_vien", number=99)
        second = Appointment.objects.create(person=head.person, post=post, valid=Range(clock.today(), None))
        act.changed("registry.appointment", second.pk, None, {"post": post.pk})
    client = browser(head)
    assert request_of(client).post_id == head.post_id
    plan = cut(danang_plan())
    with clock.at(SOON):
        actor = request_of(client)
        assert actor.post_id == second.post_id
        assert committee("20203", EFFECTIVE).id in actor.agency_ids
        assert client.session[SESSION_KEY] == str(head.pk), "the choice is kept for an undo"
        service.undo_cut_over(SYSTEM, plan, "thử")
        assert request_of(client).post_id == head.post_id


def test_delegate__post_of_the_delegator_ends__acts_for_nobody_any_more(accounts: World) -> None:
    clerk, head = holding("20195", "van_thu"), holding("20195", "chu_tich")
    with journal.act(SYSTEM, "test.delegate") as act:
        lent = Delegation.objects.create(
            appointment=head,
            delegate=clerk.person,
            during=Range(clock.now() - timedelta(hours=1), clock.now() + timedelta(days=30)),
            reason="Đi công tác",
            made_by=Account.objects.get(person=head.person),
        )
        act.changed("access.delegation", lent.pk, None, {"reason": lent.reason})
    client = browser(clerk)
    session = client.session
    session[SESSION_KEY] = f"uq:{lent.pk}"
    session.save()
    assert request_of(client).for_person_id == head.person_id
    plan = cut(danang_plan())
    with clock.at(SOON):
        actor = request_of(client)
        assert actor.for_person_id is None
        assert actor.post_id == clerk.post_id
        assert not actor.may("command.steer")
        service.undo_cut_over(SYSTEM, plan, "thử")
        assert request_of(client).for_person_id == head.person_id


# What everybody may work for, straight from the rows of the registry: as a person would read them, not as `hats` does.
_APPOINTMENTS = """
    SELECT ap.id, ap.person_id, post.title_id, post.desk_id FROM registry_appointment ap
    JOIN registry_post post ON post.id = ap.post_id
    WHERE upper_inf(ap.recorded) AND ap.valid @> %s::date
"""
_HOLDINGS = "SELECT desk_id, agency_id FROM registry_holding WHERE begins_at <= %s ORDER BY begins_at"
_AGENCIES = """
    SELECT agency.id, agency.unit_id, agency.kind, unit.level, version.parent_id, version.closed
    FROM registry_agency agency JOIN registry_unit unit ON unit.id = agency.unit_id
    JOIN registry_agencyversion version ON version.agency_id = agency.id
    WHERE version.withdrawn_at IS NULL AND version.begins_on <= %s ORDER BY version.begins_on
"""


def recomputed() -> dict[uuid.UUID, dict[uuid.UUID, frozenset[uuid.UUID]]]:
    """Person → appointment → agencies, from the rows."""
    with connection.cursor() as cursor:
        cursor.execute(_HOLDINGS, [clock.now()])
        holder = dict(cursor.fetchall())
        cursor.execute(_AGENCIES, [clock.today()])
        agencies = {row[0]: row[1:] for row in cursor.fetchall()}
        cursor.execute(_APPOINTMENTS, [clock.today()])
        appointments = cursor.fetchall()
    found: dict[uuid.UUID, dict[uuid.UUID, frozenset[uuid.UUID]]] = {}
    for appointment, person, title, desk in appointments:
        agency = holder.get(desk)
        if agency is None:
            continue
        unit, kind, level, parent, _closed = agencies[agency]
        reach = {agency}
        if rule_for(title, level, kind).reach == UNIT:
            top = parent or agency
            reach |= {
                one
                for one, (its_unit, _kind, _level, its_parent, closed) in agencies.items()
                if its_unit == unit and not closed and (one == top or its_parent == top)
            }
        found.setdefault(person, {})[appointment] = frozenset(reach)
    return found


def assert_exactly_these_rights() -> int:
    """Every person in every hat works for just what the rows say, and who has none for nothing; how many people."""
    expected = recomputed()
    accounts = list(Account.objects.select_related("person").filter(person__isnull=False))
    for account in accounts:
        mine = expected.get(account.person_id, {})
        if not mine:
            nobody = actor_for_account(account, "")
            assert nobody == replace(account.as_actor()), account.username
            continue
        for appointment, agencies in mine.items():
            actor = actor_for_account(account, str(appointment))
            assert actor.agency_ids == agencies, (account.username, actor.title)
        assert actor_for_account(account, str(uuid.uuid4())).agency_ids in set(mine.values())
    return len(accounts)


def test_everybody__before_after_and_undone__has_exactly_what_the_rows_say(accounts: World) -> None:
    assert assert_exactly_these_rights() > 50
    before = recomputed()
    staff = (Staffing("20194", "ubnd", "", "chu_tich", holding("20194", "chu_tich").person_id),)
    plan = cut(danang_plan(staffing=staff))
    with clock.at(SOON):
        assert_exactly_these_rights()
        assert recomputed() != before
        service.undo_cut_over(SYSTEM, plan, "thử")
        assert_exactly_these_rights()
        assert recomputed() == before
    assert organ("20194", "ubnd").id in {
        one for mine in before.values() for two in mine.values() for one in two
    }
