"""Applicants' data: looks at dossiers are noted, the own dossiers are in the own copy, the law keeps them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from haicap.access.models import Reading
from haicap.access.personal_data.tests.conftest import NUMBER, a_citizen
from haicap.access.service import actor_for
from haicap.access.tests import accounts
from haicap.kernel import clock
from haicap.kernel.contract import DataSubject, number_subject
from haicap.registry.models import Agency
from haicap.registry.tests.places import NOW, Places, make_places
from haicap.systems.onestop.errors import BadApplication
from haicap.systems.onestop.models import Dossier
from haicap.systems.onestop.personal_data import DossierSource
from haicap.systems.onestop.service import Application, receive_dossier


@pytest.fixture
def places(db: None) -> Iterator[Places]:
    with clock.at(NOW):
        yield make_places()


def _receive(places: Places, number: str) -> Dossier:
    receiver = actor_for(places.appointment("20194", "cong_chuc_mot_cua", "tt_pvhcc"))
    assert receiver is not None
    application = Application("1.000001", "Nguyễn Thị Minh An", applicant_number=number, working_days=5)
    agency = Agency.objects.get(pk=places.agency("20194", "tt_pvhcc"))
    return receive_dossier(receiver, application, receiving_agency=agency)


def _signed_in(places: Places, title: str = "chu_tich", kind: str = "ubnd") -> Client:
    client = Client(headers={"host": "127.0.0.1"})
    accounts.sign_in(client, places.appointment("20194", title, kind))
    return client


def test_dossier_page__look__is_noted_for_the_applicant(places: Places) -> None:
    known, unknown = _receive(places, NUMBER), _receive(places, "")
    client = _signed_in(places)
    for one in (known, unknown):
        assert client.get(f"/lam-viec/ho-so/{one.code}/").status_code == 200
    subjects = {row.record_id: row.subject for row in Reading.objects.filter(purpose="handle")}
    assert subjects == {known.id: number_subject(NUMBER), unknown.id: f"dossier:{unknown.id}"}


def test_dossier_api__look__is_noted_as_on_the_page(places: Places) -> None:
    one = _receive(places, NUMBER)
    assert _signed_in(places).get(f"/api/v1/dossiers/{one.code}").status_code == 200
    assert Reading.objects.get().subject == number_subject(NUMBER)


def test_dossier_page__refused__nothing_is_noted(places: Places) -> None:
    one = _receive(places, NUMBER)
    client = Client(headers={"host": "127.0.0.1"})
    accounts.sign_in(client, places.appointment("20196", "chu_tich"))
    assert client.get(f"/lam-viec/ho-so/{one.code}/").status_code == 404
    assert not Reading.objects.exists()


def test_export__every_row__is_noted_once(places: Places) -> None:
    several = {_receive(places, number).id for number in (NUMBER, "", "")}
    answer = _signed_in(places).get("/lam-viec/ho-so/xuat.csv")
    assert answer.status_code == 200
    b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    rows = Reading.objects.filter(purpose="report")
    assert {row.record_id for row in rows} == several
    assert rows.count() == 3


def test_source__dossiers__by_number_never_by_name(places: Places) -> None:
    mine = _receive(places, NUMBER)
    _receive(places, "048195005678")
    _receive(places, "")
    account = a_citizen()
    subject = DataSubject(account.pk, account.get_full_name(), personal_number=NUMBER)
    source = DossierSource()
    assert [row["code"] for row in source.collect(subject)] == [mine.code]
    assert [(one.count, one.retained) for one in source.decide(subject)] == [(1, True), (0, True)]
    nameless = DataSubject(account.pk, account.get_full_name())
    assert list(source.collect(nameless)) == []


def test_dossier__personal_number__only_its_digest_is_kept(places: Places) -> None:
    one = _receive(places, NUMBER)
    assert one.applicant_subject == number_subject(NUMBER)
    assert NUMBER not in str(Dossier.objects.filter(pk=one.pk).values())


@pytest.mark.parametrize("number", ["12345", "04819500123x", "0481950012345"])
def test_receive__number_of_no_form__refused(places: Places, number: str) -> None:
    with pytest.raises(BadApplication):
        _receive(places, number)
    assert not Dossier.objects.exists()
