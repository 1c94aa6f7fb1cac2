"""Receiving dossiers: codes, drawers, appointments, and who is refused."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from haicap.kernel import clock, journal
from haicap.kernel.actor import ANONYMOUS, SYSTEM
from haicap.kernel.models import JournalEntry
from haicap.registry.models import AgencyCode, CodeHolding, Desk
from haicap.systems.onestop import policy, service
from haicap.systems.onestop.errors import (
    AgencyEnded,
    AgencyWithoutCode,
    BadApplication,
    CodeExhausted,
    ReceptionNotAllowed,
)
from haicap.systems.onestop.models import Dossier, DossierNumber, Status
from haicap.systems.onestop.service import Application
from haicap.systems.onestop.tests.factories import NOW, Town, end_agency, official

BIRTH = Application(procedure_code="1.001193", applicant_name="Nguyễn  Văn Đức ")


def test_dossier__receive__gets_code_desk_step_and_appointment(town: Town) -> None:
    dossier = service.receive_dossier(official(town.commune), BIRTH, receiving_agency=town.commune.agency)

    assert dossier.code == "H91.20.1-260302-0001"
    assert dossier.applicant_name == "Nguyễn Văn Đức"
    assert dossier.applicant_fold == "nguyen van duc"
    assert dossier.field == "ho-tich"
    assert dossier.desk_id == town.commune.desk.id
    assert dossier.status == Status.RECEIVED
    # one working day from Monday 9:00
    assert dossier.due_at is not None
    assert abs(dossier.due_at - dossier.received_at - timedelta(days=1)) < timedelta(seconds=1)
    step = dossier.steps.get()
    assert (step.action, step.status, step.agency_id) == ("receive", Status.RECEIVED, town.commune.agency.id)


def test_dossier__receive__is_journalled_without_the_applicant(town: Town) -> None:
    actor = official(town.commune)
    dossier = service.receive_dossier(actor, BIRTH, receiving_agency=town.commune.agency)

    entry = JournalEntry.objects.get(record="onestop.dossier", record_id=dossier.id)
    assert entry.action == "onestop.receive_dossier"
    assert entry.actor_label == actor.label
    assert entry.after["code"] == dossier.code
    assert "Đức" not in str(entry.after)


def test_dossier__receive__numbers_without_gap_by_agency_and_day(town: Town) -> None:
    actor = official(town.commune, town.neighbour)
    codes = [
        service.receive_dossier(actor, BIRTH, receiving_agency=office.agency).code
        for office in (town.commune, town.commune, town.neighbour, town.commune)
    ]
    with clock.shifted(timedelta(days=1)):
        codes.append(service.receive_dossier(actor, BIRTH, receiving_agency=town.commune.agency).code)

    assert codes == [
        "H91.20.1-260302-0001",
        "H91.20.1-260302-0002",
        "H91.20.2-260302-0001",
        "H91.20.1-260302-0003",
        "H91.20.1-260303-0001",
    ]


def test_dossier__receive__refused_reception_takes_no_number(town: Town) -> None:
    actor = official(town.commune)
    with pytest.raises(BadApplication):
        service.receive_dossier(
            actor,
            Application("1.001193", "Nguyễn Văn Đức", latitude=16.0),
            receiving_agency=town.commune.agency,
        )
    dossier = service.receive_dossier(actor, BIRTH, receiving_agency=town.commune.agency)
    assert dossier.code.endswith("-0001")


def test_dossier__receive__sequence_ends_at_seven_digits(town: Town) -> None:
    code = AgencyCode.objects.get(code=town.commune.code)
    with journal.act(SYSTEM, "test.fill_numbers") as act:
        DossierNumber.objects.create(code=code, day=NOW.date(), last=9_999_999)
        act.changed("onestop.number", None, None, {"last": 9_999_999})
    with pytest.raises(CodeExhausted):
        service.receive_dossier(official(town.commune), BIRTH, receiving_agency=town.commune.agency)
    assert not Dossier.objects.exists()


def test_dossier__receive__same_day_procedure_after_three_is_due_next_working_day(town: Town) -> None:
    copy = Application("2.000815", "Lê Thị Hoa")
    actor = official(town.commune)
    at_nine = service.receive_dossier(actor, copy, receiving_agency=town.commune.agency)
    with clock.at(datetime(2026, 3, 6, 15, 30, tzinfo=clock.ZONE)):  # a Friday
        late = service.receive_dossier(actor, copy, receiving_agency=town.commune.agency)

    assert at_nine.due_at == datetime(2026, 3, 2, 17, 0, tzinfo=clock.ZONE)
    assert late.due_at == datetime(2026, 3, 9, 17, 0, tzinfo=clock.ZONE)


def test_dossier__receive__registered_online_has_no_appointment_yet(town: Town) -> None:
    actor = official(town.commune)
    dossier = service.receive_dossier(
        actor, BIRTH, receiving_agency=town.commune.agency, registered_only=True
    )
    assert (dossier.status, dossier.due_at) == (Status.REGISTERED, None)

    received = service.advance_dossier(actor, dossier.id, Status.RECEIVED)
    assert received.due_at is not None


def test_dossier__receive__district_keeps_a_drawer_per_place_and_field(town: Town) -> None:
    actor = official(town.district)
    shop = Application("1.001612", "Hộ kinh doanh Lan", place=town.commune.unit)
    first = service.receive_dossier(actor, shop, receiving_agency=town.district.agency)
    again = service.receive_dossier(actor, shop, receiving_agency=town.district.agency)
    elsewhere = service.receive_dossier(
        actor,
        Application("1.001612", "Hộ kinh doanh Mai", place=town.neighbour.unit),
        receiving_agency=town.district.agency,
    )

    assert first.desk_id == again.desk_id != elsewhere.desk_id
    assert first.desk.place_id == town.commune.unit.id
    assert first.desk.field == "ho-kinh-doanh"
    assert Desk.objects.filter(founder=town.district.agency).count() == 3


def test_dossier__receive__elsewhere_than_the_competent_agency(town: Town) -> None:
    dossier = service.receive_dossier(
        official(town.neighbour),
        BIRTH,
        receiving_agency=town.neighbour.agency,
        competent_agency=town.commune.agency,
        helping_agency=town.district.agency,
    )
    assert dossier.code.startswith("H91.20.2-")
    assert dossier.desk_id == town.commune.desk.id
    assert dossier.helping_agency_id == town.district.agency.id


@pytest.mark.parametrize("actor_of", ["stranger", "without_permission", "anonymous"])
def test_dossier__receive__wrong_person_is_refused(town: Town, actor_of: str) -> None:
    actor = {
        "stranger": official(town.neighbour),
        "without_permission": official(town.commune, may=(policy.ADVANCE,)),
        "anonymous": ANONYMOUS,
    }[actor_of]
    with pytest.raises(ReceptionNotAllowed):
        service.receive_dossier(actor, BIRTH, receiving_agency=town.commune.agency)
    assert not Dossier.objects.exists()


def test_dossier__receive__agency_without_open_code_is_refused(town: Town) -> None:
    with journal.act(SYSTEM, "test.close_code") as act:
        AgencyCode.objects.filter(code=town.commune.code).update(closed_on=date(2026, 3, 1))
        act.changed("registry.code", None, None, {"closed_on": "2026-03-01"})
    with pytest.raises(AgencyWithoutCode):
        service.receive_dossier(official(town.commune), BIRTH, receiving_agency=town.commune.agency)


def test_dossier__receive__code_that_went_to_another_agency_does_not_count(town: Town) -> None:
    with journal.act(SYSTEM, "test.give_code") as act:
        code = AgencyCode.objects.get(code=town.commune.code)
        CodeHolding.objects.create(code=code, agency=town.neighbour.agency, begins_on=date(2026, 1, 1))
        act.changed("registry.code", None, None, {"holder": "neighbour"})
    with pytest.raises(AgencyWithoutCode):
        service.receive_dossier(official(town.commune), BIRTH, receiving_agency=town.commune.agency)


def test_dossier__receive__ended_agency_names_its_successors(town: Town) -> None:
    end_agency(town.commune, [town.neighbour], date(2026, 3, 1))
    with pytest.raises(AgencyEnded) as refused:
        service.receive_dossier(official(town.commune), BIRTH, receiving_agency=town.commune.agency)
    assert "Ủy ban nhân dân xã Mỹ An" in str(refused.value.todo)
    assert refused.value.details["successors"][0]["id"] == str(town.neighbour.agency.id)


@pytest.mark.parametrize(
    ("application", "field"),
    [
        (Application("", "Nguyễn Văn Đức"), "procedure_code"),
        (Application("1.001193", "   "), "applicant_name"),
        (Application("1.001193", "A" * 201), "applicant_name"),
        (Application("1.001193", "Đức", latitude=16.0), "latitude"),
        (Application("1.001193", "Đức", latitude=160.0, longitude=108.0), "latitude"),
        (Application("1.001193", "Đức", working_days=-1), "working_days"),
    ],
)
def test_dossier__receive__bad_application_names_the_field(
    town: Town, application: Application, field: str
) -> None:
    with pytest.raises(BadApplication) as refused:
        service.receive_dossier(official(town.commune), application, receiving_agency=town.commune.agency)
    assert refused.value.where == field
    assert not Dossier.objects.exists()
