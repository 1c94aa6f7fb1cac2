"""From the procedure's page to the receipt: once, whole or not at all, and only by its owner."""

from __future__ import annotations

import pytest
from django.core import mail
from django.test import Client

from haicap.access.models import Account
from haicap.kernel import outbox
from haicap.kernel.models import OutboxMessage
from haicap.systems.onestop.models import Dossier, DossierConsent, DraftFile, OnlineDraft, Status
from haicap.systems.onestop.online.tests.conftest import (
    APPLICANT,
    BIRTH_FORM,
    NUMBER,
    begin,
    fill,
    hand_in,
    upload,
)
from haicap.systems.onestop.tests.factories import Town


def test_dossier__handed_in_without_sign_in__is_registered_with_all_its_parts(
    town: Town, phone: Client
) -> None:
    draft = begin(phone, town)
    fill(phone, draft)
    preview = phone.get(f"{draft}xem-lai/").content.decode()
    assert "Trần Bảo Ngọc" in preview
    assert "20/02/2026" in preview
    assert hand_in(phone, draft).status_code == 302
    dossier = Dossier.objects.get()
    assert dossier.status == Status.REGISTERED
    assert dossier.due_at is None
    assert dossier.applicant_name == "Trần Văn Bình"
    assert dossier.competent_agency_id == town.commune.agency.pk
    detail = dossier.detail
    assert detail.form["tre"]["ngay_sinh"] == "2026-02-20"
    assert detail.form["cha"] == {"co_khai": "khong"}
    assert detail.applicant_number == NUMBER
    assert [paper.file_name for paper in dossier.papers.order_by("position")] == [
        "Tờ khai điện tử",
        "giay-chung-sinh.pdf",
    ]
    assert set(dossier.consents.values_list("purpose", "version")) == {
        ("process", "2025-1"),
        ("notify", "2025-1"),
    }
    # what was said is in the dossier alone
    kept = OnlineDraft.objects.get()
    assert (kept.form, kept.applicant, kept.dossier_id) == ({}, {}, dossier.pk)
    receipt = phone.get(f"{draft}da-nop/").content.decode()
    assert dossier.code in receipt
    assert "data:image/png" in receipt


def test_dossier__button_pressed_twice__is_one(town: Town, phone: Client) -> None:
    draft = begin(phone, town)
    fill(phone, draft)
    answers = [hand_in(phone, draft), hand_in(phone, draft)]
    assert [answer["Location"] for answer in answers] == [f"{draft}da-nop/"] * 2
    assert Dossier.objects.count() == 1


def test_dossier__crash_before_the_end__leaves_the_draft_and_nothing_else(
    town: Town, phone: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = begin(phone, town)
    fill(phone, draft)
    phone.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr(DossierConsent.objects, "bulk_create", _crash)
        assert hand_in(phone, draft).status_code == 500
    assert not Dossier.objects.exists()
    assert DraftFile.objects.count() == 1
    assert hand_in(phone, draft).status_code == 302
    assert Dossier.objects.count() == 1


def test_dossier__crash_of_the_receipt__is_kept(
    town: Town, phone: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = begin(phone, town)
    fill(phone, draft)
    assert hand_in(phone, draft).status_code == 302
    phone.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr("haicap.systems.onestop.online.letters.receipt", _crash)
        assert phone.get(f"{draft}da-nop/").status_code == 500
    assert Dossier.objects.get().code in phone.get(f"{draft}da-nop/").content.decode()


def test_dossier__without_consent__is_not_made(town: Town, phone: Client) -> None:
    draft = begin(phone, town)
    fill(phone, draft)
    answer = hand_in(phone, draft, "notify")
    assert answer.status_code == 400
    assert "ONE-806" in answer.content.decode()
    assert not Dossier.objects.exists()
    assert (
        " checked"
        not in phone.get(f"{draft}xem-lai/").content.decode().partition("muc-dich-process")[2][:200]
    )


def test_dossier__with_a_part_missing__is_not_made_and_the_part_is_named(town: Town, phone: Client) -> None:
    draft = begin(phone, town)
    fill(phone, draft)
    wrong = phone.post(f"{draft}to-khai/tre/", {**BIRTH_FORM["tre"], "f.tre.ngay_sinh": "01/01/2030"})
    assert wrong.status_code == 400
    assert "ngày đã qua" in wrong.content.decode()
    answer = hand_in(phone, draft)
    assert answer.status_code == 400
    assert "Trẻ được khai sinh" in answer.content.decode()
    assert not Dossier.objects.exists()
    # what was typed is still there
    assert "01/01/2030" in phone.get(f"{draft}to-khai/tre/").content.decode()


def test_dossier__of_who_signed_in__bears_name_and_number_of_vneid(
    town: Town, citizen: tuple[Client, Account]
) -> None:
    client, account = citizen
    draft = begin(client, town)
    forged = {**APPLICANT, "f.nguoi_nop.ho_ten": "Kẻ Khác", "f.nguoi_nop.so_dinh_danh": NUMBER}
    fill(client, draft, applicant=forged)
    hand_in(client, draft)
    dossier = Dossier.objects.get()
    assert dossier.applicant_name == account.citizen.full_name
    assert dossier.detail.applicant_number == account.citizen.personal_number
    assert dossier.detail.citizen_id == account.citizen.pk
    assert dossier.code in client.get("/ho-so-cua-toi/").content.decode()
    assert client.get(f"/ho-so-cua-toi/{dossier.code}/").status_code == 200


def test_procedure__that_needs_a_proven_identity__is_not_begun_without_sign_in(
    town: Town, phone: Client, citizen: tuple[Client, Account]
) -> None:
    answer = phone.post("/thu-tuc/1.000894/nop/", {"noi-nop": str(town.commune.unit.pk)})
    assert answer.status_code == 403, answer.content.decode()
    assert "ONE-804" in answer.content.decode()
    assert begin(citizen[0], town, "1.000894")


def test_receipt__by_mail__is_written_when_it_is_sent_and_the_outbox_names_nobody(
    town: Town, phone: Client
) -> None:
    draft = begin(phone, town)
    fill(phone, draft)
    hand_in(phone, draft)
    message = OutboxMessage.objects.get(topic="onestop.send_online_receipt")
    assert set(message.payload) == {"draft", "site"}
    outbox.deliver(message.pk)
    (letter,) = mail.outbox
    dossier = Dossier.objects.get()
    assert letter.to == ["binh@vidu.vn"]
    assert dossier.code in letter.subject
    assert f"http://127.0.0.1/ho-so-cua-toi/{draft.split('/')[2]}/" in letter.body
    ((name, content, kind),) = letter.attachments
    assert kind == "application/pdf"
    assert content.startswith(b"%PDF")
    assert dossier.code in name


def test_receipt__without_that_consent__is_not_mailed(town: Town, phone: Client) -> None:
    draft = begin(phone, town)
    fill(phone, draft)
    hand_in(phone, draft, "process")
    assert not OutboxMessage.objects.filter(topic="onestop.send_online_receipt").exists()


def test_fees__that_are_known__stand_in_the_dossier(town: Town, phone: Client) -> None:
    draft = begin(phone, town, "2.000635")
    phone.post(f"{draft}nguoi-nop/", APPLICANT)
    page = phone.get(f"{draft}xem-lai/").content.decode()
    assert "8.000" in page


def test_upload__twice_and_taken_away__is_counted(town: Town, phone: Client) -> None:
    draft = begin(phone, town)
    phone.post(f"{draft}giay-to/", {"tep-1": [upload("một.pdf"), upload("hai.pdf")]})
    assert DraftFile.objects.count() == 2
    one = DraftFile.objects.order_by("added_at").first()
    assert one is not None
    shown = phone.get(f"{draft}tep/{one.pk}/")
    assert shown["Content-Type"] == "application/pdf"
    phone.post(f"{draft}giay-to/", {"xoa": str(one.pk)})
    assert [file.file_name for file in DraftFile.objects.all()] == ["hai.pdf"]


def _crash(*args: object, **kwargs: object) -> None:
    raise RuntimeError("the lights went out")
