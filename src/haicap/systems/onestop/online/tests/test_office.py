"""The officials' side: what came in online is accepted, sent back or refused, each with its form."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from haicap.kernel.actor import Actor
from haicap.systems.onestop.models import Dossier, LetterForm, Status
from haicap.systems.onestop.online.tests.conftest import begin, fill, hand_in
from haicap.systems.onestop.tests.factories import Town, official

LIST = "/lam-viec/nop-truc-tuyen/"


@pytest.fixture
def waiting(town: Town, phone: Client) -> Dossier:
    """A dossier that was handed in a moment ago."""
    draft = begin(phone, town)
    fill(phone, draft)
    hand_in(phone, draft)
    return Dossier.objects.get()


def test_incoming__to_officials_of_the_commune__is_listed_and_read(
    town: Town, waiting: Dossier, browse: Callable[[Actor], Client]
) -> None:
    desk = browse(official(town.commune))
    assert waiting.code in desk.get(LIST).content.decode()
    page = desk.get(f"{LIST}{waiting.code}/").content.decode()
    assert "Trần Bảo Ngọc" in page
    paper = waiting.papers.get(file__isnull=False)
    answer = desk.get(f"{LIST}{waiting.code}/tep/{paper.pk}/")
    assert answer.status_code == 200
    assert "sandbox" in answer["Content-Security-Policy"]
    neighbour = browse(official(town.neighbour))
    assert waiting.code not in neighbour.get(LIST).content.decode()
    assert neighbour.get(f"{LIST}{waiting.code}/").status_code == 404
    assert neighbour.get(f"{LIST}{waiting.code}/tep/{paper.pk}/").status_code == 404


@pytest.mark.parametrize(
    ("step", "status", "form"),
    [
        ("nhan", Status.RECEIVED, LetterForm.RECEIPT),
        ("bo-sung", Status.SUPPLEMENT, LetterForm.SUPPLEMENT),
        ("tu-choi", Status.REFUSED, LetterForm.REFUSAL),
    ],
)
def test_incoming__decided__has_its_status_and_form(
    town: Town,
    waiting: Dossier,
    browse: Callable[[Actor], Client],
    step: str,
    status: Status,
    form: LetterForm,
) -> None:
    desk = browse(official(town.commune))
    given = {"viec": step, "dang": "1", "ly-do": "Thiếu giấy chứng sinh\nẢnh mờ"}
    assert desk.post(f"{LIST}{waiting.code}/", given).status_code == 302
    waiting.refresh_from_db()
    assert waiting.status == status
    assert [letter.form for letter in waiting.letters.all()] == [form]
    # a second official, who saw it as it was, is told
    assert desk.post(f"{LIST}{waiting.code}/", given).status_code == 409


def test_incoming__sent_back_without_a_reason__stays(
    town: Town, waiting: Dossier, browse: Callable[[Actor], Client]
) -> None:
    desk = browse(official(town.commune))
    assert desk.post(f"{LIST}{waiting.code}/", {"viec": "tu-choi", "dang": "1"}).status_code == 400
    waiting.refresh_from_db()
    assert waiting.status == Status.REGISTERED


def test_incoming__of_an_official_who_may_not__is_refused(
    town: Town, waiting: Dossier, browse: Callable[[Actor], Client]
) -> None:
    desk = browse(official(town.commune, may=()))
    assert desk.post(f"{LIST}{waiting.code}/", {"viec": "nhan", "dang": "1"}).status_code == 403
    assert not waiting.letters.exists()


def test_complaint__of_a_dossier_next_door__is_not_found(
    town: Town, waiting: Dossier, phone: Client, browse: Callable[[Actor], Client]
) -> None:
    from haicap.systems.onestop.online.visitors import key_for

    phone.post(f"/ho-so-cua-toi/{key_for(waiting.draft)}/phan-anh/", {"noi-dung": "Chậm"})
    found = waiting.complaints.get()
    desk = browse(official(town.commune))
    assert waiting.code in desk.get("/lam-viec/phan-anh/").content.decode()
    address = f"/lam-viec/phan-anh/{found.pk}/"
    assert desk.post(address, {"viec": "answered", "noi-dung": "Đã trả lời"}).status_code == 302
    assert desk.post(address, {"viec": "refused", "noi-dung": "Muộn"}).status_code == 409
    assert desk.post(address, {"viec": "published"}).status_code == 302
    neighbour = browse(official(town.neighbour))
    assert neighbour.get(address).status_code == 404
    assert waiting.code not in neighbour.get("/lam-viec/phan-anh/").content.decode()
