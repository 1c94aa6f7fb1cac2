"""Delegated administration: whose people one sees, what one may write, and that nobody is raised."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from haicap.access.hats import hats_of
from haicap.access.models import Account
from haicap.access.people import policy, queries, service
from haicap.access.people.errors import (
    BadAppointment,
    BadPerson,
    EmailTaken,
    NoSuchPerson,
    NotAdministrator,
    NotToOneself,
    NumberTaken,
    PostTaken,
    TitleNotGiven,
    WorksElsewhere,
)
from haicap.access.people.queries import Filters
from haicap.access.people.service import Chair
from haicap.access.people.tests.conftest import actor_at, person_at
from haicap.access.people.values import clean_number, person_values
from haicap.access.titles import ALL, RULES
from haicap.kernel import clock
from haicap.kernel.actor import ANONYMOUS, SYSTEM, Actor
from haicap.kernel.models import JournalEntry
from haicap.registry.models import Appointment, Person
from haicap.registry.tests.places import NOW, Places

TODAY = NOW.date()
NUMBER = "048190000001"
DIVISION = "Văn hóa - Xã hội"


def _new(name: str = "Lê Thị Mới", number: str = NUMBER, email: str = "") -> object:
    return person_values({"full_name": name, "personal_number": number, "email": email})


def _specialist(places: Places, code: str = "20194") -> Chair:
    return Chair(places.agency(code, "phong", DIVISION), "chuyen_vien", TODAY, "12/QĐ-UBND")


# --- who is seen
def test_administered_agencies__commune__all_of_its_unit_and_no_other(places: Places, xa: Actor) -> None:
    found = queries.administered_agencies(xa)
    kinds = {row.kind for row in found}
    assert {row.unit_id for row in found} == {places.units["20194"]}
    assert {
        "ubnd",
        "dang_uy",
        "hdnd",
        "mttq",
        "cong_an",
        "quan_su",
        "van_phong",
        "phong",
        "tt_pvhcc",
    } <= kinds


def test_administered_agencies__province__all(places: Places, tinh: Actor) -> None:
    found = queries.administered_agencies(tinh, limit=1000)
    assert {places.units["20194"], places.units["20196"], places.units["48"]} <= {
        row.unit_id for row in found
    }
    by_name = queries.administered_agencies(tinh, "uy ban nhan dan phuong hai chau")
    assert by_name[0].id == places.agency("20194")


def test_administered_agencies__others__none(places: Places) -> None:
    assert queries.administered_agencies(actor_at(places, "20194", "chu_tich")) == []
    assert queries.administered_agencies(ANONYMOUS) == []


def test_people_of__commune__its_own_only(places: Places, xa: Actor) -> None:
    rows, after = queries.people_of(xa, limit=500)
    expected = {
        Appointment.objects.get(pk=row).person_id
        for (agency, _t), row in places.appointments.items()
        if agency in {a.id for a in queries.administered_agencies(xa)}
    }
    assert {row.id for row in rows} == expected
    assert after == ""


def test_people_of__pages__every_person_once(places: Places, tinh: Actor) -> None:
    seen: list[uuid.UUID] = []
    cursor = ""
    while True:
        rows, cursor = queries.people_of(tinh, Filters(after=queries.read_cursor(cursor)), limit=7)
        seen += [row.id for row in rows]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == Person.objects.count()


@pytest.mark.parametrize("text", ["nguyet", "NGUYỆT", "thi anh", "Nguyễn Thị Ánh"])
def test_people_of__search__any_spelling(places: Places, xa: Actor, text: str) -> None:
    rows, _after = queries.people_of(xa, Filters(text=text))
    assert rows
    assert {row.name for row in rows} == {"Nguyễn Thị Ánh Nguyệt"}


def test_people_of__filters__agency_title_account_unassigned(places: Places, xa: Actor) -> None:
    centre = places.agency("20194", "tt_pvhcc")
    rows, _after = queries.people_of(xa, Filters(agency_id=centre, title="cong_chuc_mot_cua"))
    assert [row.posts[0][0] for row in rows] == ["Công chức một cửa"]
    without, _after = queries.people_of(xa, Filters(without_account=True), limit=500)
    assert xa.person_id not in {row.id for row in without}
    assert without
    assert queries.people_of(xa, Filters(unassigned=True))[0] == []
    step = person_at(places, "20194", "chuyen_vien", "phong", DIVISION)
    service.end_appointment(xa, step.id, TODAY)
    assert [row.id for row in queries.people_of(xa, Filters(unassigned=True))[0]] == [step.person_id]


def test_people_of__who_went_to_another_commune__no_longer_seen(
    places: Places, xa: Actor, tinh: Actor
) -> None:
    step = person_at(places, "20194", "chuyen_vien", "phong", DIVISION)
    service.end_appointment(tinh, step.id, TODAY)
    other = places.agency("20196", "phong", DIVISION)
    service.add_post(tinh, other, "chuyen_vien")
    service.appoint(tinh, step.person_id, other, "chuyen_vien", TODAY)
    with pytest.raises(NoSuchPerson):
        queries.person_of(xa, step.person_id)


def test_people_of__specialist__colleagues_of_today_and_nobody_else(places: Places) -> None:
    actor = actor_at(places, "20194", "chuyen_vien", "phong", DIVISION)
    rows, _after = queries.people_of(actor)
    assert {agency for row in rows for _title, agency in row.posts} == {
        "Phòng Văn hóa - Xã hội phường Hải Châu"
    } or all(any("Văn hóa" in agency for _t, agency in row.posts) for row in rows)
    with pytest.raises(NoSuchPerson):
        queries.person_of(actor, actor.person_id or uuid.uuid4(), managing=True)


def test_people_of__citizen__nobody(places: Places) -> None:
    assert queries.people_of(ANONYMOUS) == ([], "")


def test_people_of__any_size__one_query(places: Places, xa: Actor, tinh: Actor) -> None:
    for actor in (xa, tinh):
        with CaptureQueriesContext(
            connection,
        ) as caught:
            queries.people_of(actor, Filters(text="nguyen"))
        assert len(caught) == 1


# --- entering people
def test_create_person__commune__person_and_post(places: Places, xa: Actor) -> None:
    chair = _specialist(places)
    service.add_post(xa, chair.agency_id, "chuyen_vien")
    person = service.create_person(xa, _new(), chair)
    assert [hat.title for hat in hats_of(person.id)] == ["chuyen_vien"]
    assert JournalEntry.objects.filter(action="access.create_person", record_id=person.id).exists()


def test_create_person__commune_without_a_post__refused(places: Places, xa: Actor) -> None:
    with pytest.raises(BadAppointment):
        service.create_person(xa, _new())
    assert not Person.objects.filter(personal_number=NUMBER).exists()


def test_create_person__not_an_administrator__refused(places: Places) -> None:
    with pytest.raises(NotAdministrator):
        service.create_person(actor_at(places, "20194", "chu_tich"), _new(), _specialist(places))


def test_create_person__agency_of_another_commune__not_found(places: Places, xa: Actor) -> None:
    before = Person.objects.count()
    with pytest.raises(NoSuchPerson):
        service.create_person(xa, _new(), _specialist(places, "20196"))
    assert Person.objects.count() == before


def test_create_person__known_number__same_person_or_refused(places: Places, xa: Actor, tinh: Actor) -> None:
    person = service.create_person(tinh, _new())
    chair = _specialist(places)
    service.add_post(xa, chair.agency_id, "chuyen_vien")
    with pytest.raises(NumberTaken):
        service.create_person(xa, _new("Người Khác Hẳn"), chair)
    assert service.create_person(xa, _new("LÊ THỊ MỚI"), chair).id == person.id
    assert Person.objects.filter(personal_number=NUMBER).count() == 1


@pytest.mark.parametrize(
    "name", ["=cmd|' /C calc'!A0", "+1", "@SUM(1)", "-1", "An 123", "<b>An</b>", "  ", "\t=1"]
)
def test_person_values__formula_or_signs__refused(name: str) -> None:
    with pytest.raises(BadPerson) as caught:
        person_values({"full_name": name})
    assert caught.value.where == "full_name"


@pytest.mark.parametrize(
    "number", ["48190000001", "123456789012", "048690000001", "04819000000a", "099190000001", "4,8E+10"]
)
def test_clean_number__impossible__refused(number: str) -> None:
    with pytest.raises(BadPerson), clock.at(NOW):
        clean_number(number)


def test_edit_person__own_people__changed_and_account_follows(places: Places, xa: Actor) -> None:
    step = person_at(places, "20194", "chuyen_vien", "phong", DIVISION)
    service.give_account(xa, step.person_id)
    service.edit_person(xa, step.person_id, _new(email="moi@haichau.vidu.vn"))
    assert Account.objects.get(person_id=step.person_id).email == "moi@haichau.vidu.vn"
    entry = JournalEntry.objects.get(action="access.edit_person", record="registry.person")
    assert entry.after["full_name"] == "Lê Thị Mới"


def test_edit_person__of_another_commune__not_found(places: Places, xa: Actor) -> None:
    step = person_at(places, "20196", "chuyen_vien", "phong", DIVISION)
    with pytest.raises(NoSuchPerson):
        service.edit_person(xa, step.person_id, _new())
    step.person.refresh_from_db()
    assert step.person.personal_number == ""


def test_edit_person__email_of_another_account__refused(places: Places, xa: Actor) -> None:
    one = person_at(places, "20194", "chuyen_vien", "phong", DIVISION)
    other = person_at(places, "20194", "van_thu", "van_phong")
    for step in (one, other):
        service.give_account(xa, step.person_id)
    service.set_email(xa, one.person_id, "chung@vidu.vn")
    with pytest.raises(EmailTaken):
        service.set_email(xa, other.person_id, "CHUNG@vidu.vn")


# --- appointments
def test_end_appointment__today__two_times_kept(places: Places, xa: Actor) -> None:
    step = person_at(places, "20194", "chuyen_vien", "phong", DIVISION)
    new = service.end_appointment(xa, step.id, TODAY, "9/QĐ")
    assert new is not None
    assert hats_of(step.person_id) == []
    step.refresh_from_db()
    assert step.recorded.isempty or step.recorded.upper is not None
    assert (step.valid.upper, new.valid.upper) == (None, TODAY)


def test_end_appointment__later__still_holds_and_post_is_free_from_then(places: Places, xa: Actor) -> None:
    step = person_at(places, "20194", "truong_phong", "phong", DIVISION)
    service.end_appointment(xa, step.id, TODAY + timedelta(days=10))
    assert len(hats_of(step.person_id)) == 1
    other = person_at(places, "20194", "van_thu", "van_phong")
    agency = places.agency("20194", "phong", DIVISION)
    with pytest.raises(PostTaken):
        service.appoint(xa, other.person_id, agency, "truong_phong", TODAY + timedelta(days=9))
    service.appoint(xa, other.person_id, agency, "truong_phong", TODAY + timedelta(days=10))


def test_end_appointment__on_its_first_day__taken_back(places: Places, xa: Actor) -> None:
    step = person_at(places, "20194", "chuyen_vien", "phong", DIVISION)
    assert service.end_appointment(xa, step.id, step.valid.lower) is None
    assert queries.career_of(step.person_id) == []


@pytest.mark.parametrize("days", [-400, -31])
def test_end_appointment__before_it_began__refused(places: Places, xa: Actor, days: int) -> None:
    step = person_at(places, "20194", "chuyen_vien", "phong", DIVISION)
    with pytest.raises(BadAppointment):
        service.end_appointment(xa, step.id, step.valid.lower + timedelta(days=days))


def test_end_appointment__elsewhere__not_found(places: Places, xa: Actor) -> None:
    step = person_at(places, "20196", "chuyen_vien", "phong", DIVISION)
    with pytest.raises(NoSuchPerson):
        service.end_appointment(xa, step.id, TODAY)
    step.refresh_from_db()
    assert step.recorded.upper is None


def test_appoint__post_held__refused(places: Places, xa: Actor) -> None:
    person = person_at(places, "20194", "van_thu", "van_phong").person_id
    with pytest.raises(PostTaken):
        service.appoint(xa, person, places.agency("20194"), "chu_tich", TODAY)


def test_appoint__twice__refused(places: Places, xa: Actor) -> None:
    person = person_at(places, "20194", "chuyen_vien", "phong", DIVISION).person_id
    with pytest.raises(BadAppointment):
        service.appoint(xa, person, places.agency("20194", "phong", DIVISION), "chuyen_vien", TODAY)


def test_appoint__far_day__refused(places: Places, xa: Actor) -> None:
    person = person_at(places, "20194", "van_thu", "van_phong").person_id
    with pytest.raises(BadPerson):
        service.appoint(
            xa, person, places.agency("20194", "phong", DIVISION), "chuyen_vien", date(2205, 7, 1)
        )


def test_add_post__singular_title__one_only(places: Places, xa: Actor) -> None:
    with pytest.raises(BadAppointment):
        service.add_post(xa, places.agency("20194"), "chu_tich")


# --- nobody is raised
@pytest.mark.parametrize("title", sorted(policy.RESERVED))
def test_appoint__reserved_title_by_a_commune__refused(places: Places, xa: Actor, title: str) -> None:
    person = person_at(places, "20194", "chuyen_vien", "phong", DIVISION).person_id
    agency = places.agency("20194", "van_phong")
    with pytest.raises(TitleNotGiven):
        service.add_post(xa, agency, title)
    with pytest.raises(TitleNotGiven):
        service.appoint(xa, person, agency, title, TODAY)
    assert len(hats_of(person)) == 1


def test_appoint__oneself__refused(places: Places, xa: Actor, tinh: Actor) -> None:
    for actor in (xa, tinh):
        assert actor.person_id is not None
        with pytest.raises((NotToOneself,)):
            service.appoint(
                actor, actor.person_id, places.agency("20194", "phong", DIVISION), "chuyen_vien", TODAY
            )


def test_appoint__province__gives_what_communes_may_not(places: Places, tinh: Actor) -> None:
    person = person_at(places, "20194", "chuyen_vien", "phong", DIVISION).person_id
    agency = places.agency("20194", "van_phong")
    service.add_post(tinh, agency, "quan_tri_xa")
    service.appoint(tinh, person, agency, "quan_tri_xa", TODAY)
    assert "quan_tri_xa" in {hat.title for hat in hats_of(person)}


def test_may_give__every_rule_of_the_table__within_the_commune_s_set(places: Places, xa: Actor) -> None:
    for rule in RULES:
        title = rule.title if rule.title != "*" else "bao_ve"
        if policy.may_give(xa, title, "commune", rule.kind if rule.kind != "*" else "ubnd"):
            assert rule.reach != ALL or rule.level == "province"


def test_may_give__titles_of_communes__all_but_the_reserved() -> None:
    """Whoever adds a permission to a bundle decides here as well whether a commune's administrator may give it."""
    beyond = {
        f"{rule.title}: {code}"
        for rule in RULES
        if rule.level in ("commune", "*") and rule.title not in policy.RESERVED
        for code in rule.permissions - policy.COMMUNE_MAY_GIVE
    }
    assert not beyond, "add to policy.COMMUNE_MAY_GIVE, or only the province gives these titles"


def test_give_link__fellow_administrator_of_the_commune__only_by_the_province(
    places: Places, xa: Actor, tinh: Actor
) -> None:
    person = person_at(places, "20194", "chuyen_vien", "phong", DIVISION).person_id
    agency = places.agency("20194", "van_phong")
    service.add_post(tinh, agency, "quan_tri_xa")
    service.appoint(tinh, person, agency, "quan_tri_xa", TODAY)
    with pytest.raises(WorksElsewhere):
        service.give_account(xa, person)
    service.give_account(tinh, person)
    with pytest.raises(WorksElsewhere):
        service.give_link(xa, person)


def test_give_link__person_drawn_in_from_the_province__refused(
    places: Places, xa: Actor, tinh: Actor
) -> None:
    """A commune gives the province's administrator a small post to get at the account: no."""
    assert tinh.person_id is not None
    service.edit_person(SYSTEM, tinh.person_id, _new("Quản Trị Viên"))
    chair = _specialist(places)
    service.add_post(xa, chair.agency_id, "chuyen_vien")
    person = service.create_person(xa, _new("Quản Trị Viên"), chair)
    assert person.id == tinh.person_id
    for deed in (service.give_link, service.give_account, service.remove_second_factors):
        with pytest.raises(WorksElsewhere):
            deed(xa, person.id)
    with pytest.raises(WorksElsewhere):
        service.set_email(xa, person.id, "ke.trom@vidu.vn")
    with pytest.raises(WorksElsewhere):
        service.edit_person(xa, person.id, _new("Quản Trị Viên", email="ke.trom@vidu.vn"))


# --- accounts
def test_give_account__lock__unlock(places: Places, xa: Actor) -> None:
    person = person_at(places, "20194", "chuyen_vien", "phong", DIVISION).person_id
    account = service.give_account(xa, person)
    assert not account.has_usable_password()
    assert not service.set_locked(xa, person, True, "nghỉ thai sản").is_active
    assert service.set_locked(xa, person, False).is_active


def test_set_locked__oneself__refused(places: Places, xa: Actor) -> None:
    assert xa.person_id is not None
    with pytest.raises(NotToOneself):
        service.set_locked(xa, xa.person_id, True)


def test_give_link__own_people__secret_once(places: Places, xa: Actor) -> None:
    person = person_at(places, "20194", "chuyen_vien", "phong", DIVISION).person_id
    service.give_account(xa, person)
    account, secret = service.give_link(xa, person)
    assert len(secret) > 30
    assert account.links.get().purpose == "first"


def test_account_deeds__person_of_another_commune__not_found(places: Places, xa: Actor) -> None:
    person = person_at(places, "20196", "chuyen_vien", "phong", DIVISION).person_id
    for deed in (service.give_account, service.give_link, service.remove_second_factors):
        with pytest.raises(NoSuchPerson):
            deed(xa, person)
    assert not Account.objects.filter(person=person).exists()
