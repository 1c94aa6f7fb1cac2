"""Closing a post: whom it ends, what refuses it, whose posts one may close, opening it again, the pages."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from psycopg.types.range import Range

from haicap.access.hats import hats_of
from haicap.access.people import lists, queries, service
from haicap.access.people.errors import (
    BadAppointment,
    BadPerson,
    NoSuchPerson,
    NotAdministrator,
    NotToOneself,
    PostHeld,
    PostNotOpen,
    PostTaken,
    TitleNotGiven,
)
from haicap.access.people.tests.conftest import SignIn, actor_at, person_at
from haicap.access.people.tests.test_lists import HEAD, _row
from haicap.kernel import journal
from haicap.kernel.actor import SYSTEM, Actor
from haicap.kernel.models import JournalEntry
from haicap.registry.models import Appointment, Post
from haicap.registry.tests.places import NOW, Places

DIVISION = "Văn hóa - Xã hội"
TODAY = NOW.date()
XA = ("20194", "quan_tri_xa", "van_phong")


def _held(places: Places, code: str = "20194") -> Appointment:
    """The specialist of a division, in a chair."""
    return person_at(places, code, "chuyen_vien", "phong", DIVISION)


def _post(row: Appointment) -> Post:
    return Post.objects.get(pk=row.post_id)


def _empty(places: Places, actor: Actor) -> Post:
    """The only free chair of a specialist of the division: the others are closed."""
    free = [
        each.id
        for each in queries.posts_at(places.agency("20194", "phong", DIVISION))
        if each.title == "chuyen_vien" and not each.holder
    ]
    for post_id in free[1:]:
        service.close_post(actor, post_id, TODAY)
    return Post.objects.get(pk=free[0])


def test_close_post__empty__nobody_gets_it_and_it_is_journalled(places: Places, xa: Actor) -> None:
    post = _empty(places, xa)
    service.close_post(xa, post.id, TODAY, "7/QĐ-UBND")
    assert _post_state(post) == TODAY
    entry = JournalEntry.objects.get(action="access.close_post", record="registry.post", record_id=post.id)
    assert entry.after == {"closed_on": TODAY.isoformat()}
    person = person_at(places, "20194", "van_thu", "van_phong").person_id
    with pytest.raises(PostTaken):
        service.appoint(xa, person, places.agency("20194", "phong", DIVISION), "chuyen_vien", TODAY)


def _post_state(post: Post) -> dt.date | None:
    return Post.objects.values_list("closed_on", flat=True).get(pk=post.pk)


def test_close_post__held__refused_and_names_the_holder(places: Places, xa: Actor) -> None:
    row = _held(places)
    with pytest.raises(PostHeld) as caught:
        service.close_post(xa, row.post_id, TODAY)
    assert row.person.full_name in str(caught.value.message)
    assert caught.value.where == "closes_on"
    assert _post(row).closed_on is None
    assert len(hats_of(row.person_id)) == 1


@pytest.mark.parametrize("days", [0, 10])
def test_close_post__held_and_asked_to_end__ends_on_that_day(places: Places, xa: Actor, days: int) -> None:
    row, day = _held(places), TODAY + dt.timedelta(days=days)
    service.close_post(xa, row.post_id, day, "8/QĐ", end_holders=True)
    assert Appointment.objects.get(post=row.post_id, recorded__upper_inf=True).valid.upper == day
    assert len(hats_of(row.person_id)) == (1 if days else 0)
    assert _post(row).closed_on == day


def test_close_post__holder_to_come__taken_back(places: Places, xa: Actor) -> None:
    post = _empty(places, xa)
    person = person_at(places, "20194", "van_thu", "van_phong").person_id
    agency = places.agency("20194", "phong", DIVISION)
    service.appoint(xa, person, agency, "chuyen_vien", TODAY + dt.timedelta(days=20))
    with pytest.raises(PostHeld):
        service.close_post(xa, post.id, TODAY + dt.timedelta(days=5))
    service.close_post(xa, post.id, TODAY + dt.timedelta(days=5), end_holders=True)
    assert not Appointment.objects.filter(post=post, recorded__upper_inf=True).exists()


def test_close_post__before_somebody_ceased__refused(places: Places, xa: Actor) -> None:
    """What was, was: a post is not closed under who held it."""
    row = _held(places)
    service.end_appointment(xa, row.id, TODAY)
    with pytest.raises(PostHeld):
        service.close_post(xa, row.post_id, TODAY - dt.timedelta(days=3), end_holders=True)
    service.close_post(xa, row.post_id, TODAY)


def test_close_post__far_day_or_twice__refused(places: Places, xa: Actor) -> None:
    post = _empty(places, xa)
    with pytest.raises(BadPerson):
        service.close_post(xa, post.id, dt.date(2205, 7, 1))
    service.close_post(xa, post.id, TODAY)
    with pytest.raises(PostNotOpen):
        service.close_post(xa, post.id, TODAY)


def test_close_post__another_commune_s__not_found(places: Places, xa: Actor) -> None:
    row = _held(places, "20196")
    for post_id in (row.post_id, uuid.uuid4()):
        with pytest.raises(NoSuchPerson):
            service.close_post(xa, post_id, TODAY, end_holders=True)
        with pytest.raises(NoSuchPerson):
            service.reopen_post(xa, post_id)
    assert _post(row).closed_on is None


@pytest.mark.parametrize("who", [("20194", "chu_tich"), ("20194", "chuyen_vien", "phong", DIVISION)])
def test_close_post__not_an_administrator__refused(places: Places, who: tuple[str, ...]) -> None:
    row = _held(places)
    with pytest.raises(NotAdministrator):
        service.close_post(actor_at(places, *who), row.post_id, TODAY, end_holders=True)
    assert _post(row).closed_on is None


def test_close_post__title_of_the_province__only_by_the_province(
    places: Places, xa: Actor, tinh: Actor
) -> None:
    agency = places.agency("20194", "van_phong")
    post = service.add_post(tinh, agency, "quan_tri_xa")
    with pytest.raises(TitleNotGiven):
        service.close_post(xa, post.id, TODAY)
    service.close_post(tinh, post.id, TODAY)


def test_close_post__one_s_own__refused(places: Places, tinh: Actor) -> None:
    own = Appointment.objects.get(pk=places.appointment("48", "quan_tri_tinh", "so", "Khoa học và Công nghệ"))
    with pytest.raises(NotToOneself):
        service.close_post(tinh, own.post_id, TODAY, end_holders=True)
    assert _post(own).closed_on is None


def test_reopen_post__may_be_held_again(places: Places, xa: Actor) -> None:
    row = _held(places)
    service.close_post(xa, row.post_id, TODAY, end_holders=True)
    service.reopen_post(xa, row.post_id)
    assert hats_of(row.person_id) == []
    service.appoint(xa, row.person_id, places.agency("20194", "phong", DIVISION), "chuyen_vien", TODAY)
    with pytest.raises(PostNotOpen):
        service.reopen_post(xa, row.post_id)


def test_reopen_post__title_with_one_holder__not_beside_another(places: Places, tinh: Actor) -> None:
    head = person_at(places, "20194", "truong_phong", "phong", DIVISION)
    agency = places.agency("20194", "phong", DIVISION)
    service.close_post(tinh, head.post_id, TODAY, end_holders=True)
    service.add_post(tinh, agency, "truong_phong")
    with pytest.raises(BadAppointment):
        service.reopen_post(tinh, head.post_id)


def test_posts__database__refuses_a_holder_of_a_closed_post(places: Places, xa: Actor) -> None:
    row = _held(places)
    service.close_post(xa, row.post_id, TODAY, end_holders=True)
    with (
        pytest.raises(IntegrityError, match="nobody holds a post"),
        transaction.atomic(),
        journal.act(SYSTEM, "test.appoint"),
    ):
        Appointment.objects.create(person=row.person, post_id=row.post_id, valid=Range(TODAY, None, "[)"))
    other = person_at(places, "20194", "truong_phong", "phong", DIVISION)
    with (
        pytest.raises(IntegrityError, match="is not closed"),
        transaction.atomic(),
        journal.act(SYSTEM, "test.close"),
    ):
        Post.objects.filter(pk=other.post_id).update(closed_on=TODAY)


def test_plan_list__closed_post__is_not_filled(places: Places, xa: Actor) -> None:
    post = _empty(places, xa)
    service.close_post(xa, post.id, TODAY)
    agency = next(
        each.name
        for each in queries.administered_agencies(xa)
        if each.id == places.agency("20194", "phong", DIVISION)
    )
    rows = lists.read_list((HEAD + _row(1, agency=agency)).encode())
    assert [row.code for row in lists.plan_list(xa, rows).bad] == ["ACC-205"]
    assert lists.plan_list(xa, rows, add_posts=True).counts()["posts"] == 1


def test_pages__close_with_its_holder_and_open_again(places: Places, sign_in: SignIn) -> None:
    client, row = sign_in(*XA), _held(places)
    agency = reverse("people:agency", args=[places.agency("20194", "phong", DIVISION)])
    address = reverse("people:close-post", args=[row.post_id])
    assert address in client.get(agency).content.decode()
    asked = client.get(address).content.decode()
    assert row.person.full_name in asked
    assert 'name="end_holders"' in asked
    refused = client.post(address, {"closes_on": "16/07/2025"})
    assert refused.status_code == 200
    assert "giữ ghế này từ" in refused.content.decode()
    assert _post(row).closed_on is None
    done = client.post(address, {"closes_on": "16/07/2025", "decision": "9/QĐ", "end_holders": "on"})
    assert done.headers["Location"] == agency
    assert "đóng từ 16/07/2025" in client.get(agency).content.decode()
    client.post(reverse("people:reopen-post", args=[row.post_id]))
    assert _post(row).closed_on is None


@pytest.mark.parametrize("name", ["close-post", "reopen-post"])
def test_pages__post_of_another_commune__not_found(places: Places, sign_in: SignIn, name: str) -> None:
    row = _held(places, "20196")
    given = {"closes_on": "16/07/2025", "end_holders": "on"}
    answer = sign_in(*XA).post(reverse(f"people:{name}", args=[row.post_id]), given)
    assert answer.status_code == 404
    assert row.person.full_name not in answer.content.decode()
    assert _post(row).closed_on is None


@pytest.mark.parametrize("name", ["close-post", "reopen-post"])
def test_pages__post_by_who_is_no_administrator__refused(places: Places, sign_in: SignIn, name: str) -> None:
    row = _held(places)
    given = {"closes_on": "16/07/2025", "end_holders": "on"}
    answer = sign_in("20194", "chu_tich").post(reverse(f"people:{name}", args=[row.post_id]), given)
    assert answer.status_code == 403
    assert _post(row).closed_on is None
