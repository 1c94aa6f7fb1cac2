"""The own dossier: seen by its owner alone, supplemented, withdrawn, rated once, complained of."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from haicap.access.models import Account
from haicap.access.personal_data.tests.conftest import a_citizen
from haicap.kernel import clock, files, journal
from haicap.kernel.actor import SYSTEM
from haicap.registry.models import Agency
from haicap.systems.onestop import service
from haicap.systems.onestop.models import (
    ComplaintState,
    Dossier,
    DossierComplaint,
    DossierRating,
    Result,
    Status,
)
from haicap.systems.onestop.online import afterwards
from haicap.systems.onestop.online.tests.conftest import begin, fill, hand_in, pdf, upload
from haicap.systems.onestop.tests.factories import NOW, Town, official


@pytest.fixture
def own(town: Town, phone: Client) -> tuple[Client, str, Dossier]:
    """A dossier that was handed in from this telephone, and the address of its own page."""
    draft = begin(phone, town)
    fill(phone, draft)
    hand_in(phone, draft)
    return phone, f"/ho-so-cua-toi/{draft.split('/')[2]}/", Dossier.objects.get()


def _advance(town: Town, dossier: Dossier, *statuses: Status) -> None:
    for status in statuses:
        service.advance_dossier(
            official(town.commune), dossier.pk, status, note="Thiếu giấy chứng sinh bản chính"
        )


def test_own_dossier__without_link_or_sign_in__is_not_found(
    town: Town, own: tuple[Client, str, Dossier], citizen: tuple[Client, Account]
) -> None:
    _phone, address, dossier = own
    stranger = Client(headers={"host": "127.0.0.1"})
    key = address.split("/")[2]
    stolen = key[:-1] + ("A" if key[-1] != "A" else "B")
    for client in (stranger, citizen[0]):
        for guess in (dossier.code, stolen, "x" * 46, str(dossier.draft.pk), str(dossier.pk)):
            answer = client.get(f"/ho-so-cua-toi/{guess}/")
            assert answer.status_code == 404, guess
            assert dossier.applicant_name not in answer.content.decode()


def test_own_dossier__of_another_citizen__is_not_found(town: Town, citizen: tuple[Client, Account]) -> None:
    client, _account = citizen
    draft = begin(client, town)
    fill(client, draft)
    hand_in(client, draft)
    dossier = Dossier.objects.get()
    other = Client(headers={"host": "127.0.0.1"})
    other.force_login(a_citizen("048195009999", "kin", "Kẻ Tò Mò"))
    assert other.get(f"/ho-so-cua-toi/{dossier.code}/").status_code == 404
    assert other.get(draft).status_code == 404
    assert dossier.code not in other.get("/ho-so-cua-toi/").content.decode()
    assert client.get(f"/ho-so-cua-toi/{dossier.code}/").status_code == 200


def test_guesses__from_one_place__are_slowed_down(town: Town, own: tuple[Client, str, Dossier]) -> None:
    phone, address, _dossier = own
    stranger = Client(headers={"host": "127.0.0.1"})
    answers = [stranger.get(f"/ho-so-cua-toi/{'x' * 46}/").status_code for _number in range(32)]
    assert answers[:30] == [404] * 30
    assert answers[-1] == 429
    with clock.shifted(timedelta(hours=2)):
        assert phone.get(address).status_code == 200


def test_supplement__after_reception__lets_the_clock_run_again(
    town: Town, own: tuple[Client, str, Dossier]
) -> None:
    phone, address, dossier = own
    _advance(town, dossier, Status.RECEIVED, Status.SUPPLEMENT)
    assert "Thiếu giấy chứng sinh" in phone.get(f"{address}bo-sung/").content.decode()
    answer = phone.post(f"{address}bo-sung/", {"tep": upload("ban-chinh.pdf"), "noi-dung": "Đã xin lại"})
    assert answer.status_code == 302
    dossier.refresh_from_db()
    assert dossier.status == Status.PROCESSING
    assert [paper.file_name for paper in dossier.papers.filter(round=1)] == ["ban-chinh.pdf", ""]


def test_supplement__before_reception__waits_for_the_official(
    town: Town, own: tuple[Client, str, Dossier]
) -> None:
    phone, address, dossier = own
    _advance(town, dossier, Status.SUPPLEMENT)
    with clock.shifted(timedelta(minutes=5)):
        assert phone.post(f"{address}bo-sung/", {"tep": upload()}).status_code == 302
        dossier.refresh_from_db()
        assert dossier.status == Status.SUPPLEMENT
        assert afterwards.waits_for_look(dossier)
        assert "Bạn đã gửi phần bổ sung" in phone.get(address).content.decode()


def test_supplement__that_nobody_asked_for__is_refused(own: tuple[Client, str, Dossier]) -> None:
    phone, address, dossier = own
    assert phone.post(f"{address}bo-sung/", {"tep": upload()}).status_code == 409
    assert not dossier.papers.filter(round=1).exists()


def test_withdraw__needs_a_reason__and_ends_the_dossier(own: tuple[Client, str, Dossier]) -> None:
    phone, address, dossier = own
    assert phone.post(f"{address}rut/", {"ly-do": " "}).status_code == 400
    assert phone.post(f"{address}rut/", {"ly-do": "Nộp nhầm xã"}).status_code == 302
    dossier.refresh_from_db()
    assert dossier.status == Status.WITHDRAWN
    assert phone.post(f"{address}rut/", {"ly-do": "Lần nữa"}).status_code == 409


def test_rating__once_and_after_the_end(town: Town, own: tuple[Client, str, Dossier]) -> None:
    phone, address, dossier = own
    assert phone.post(f"{address}danh-gia/", {"muc": "5"}).status_code == 409
    phone.post(f"{address}rut/", {"ly-do": "Nộp nhầm"})
    assert phone.post(f"{address}danh-gia/", {"muc": "9"}).status_code == 400
    assert phone.post(f"{address}danh-gia/", {"muc": "4", "noi-dung": "Nhanh"}).status_code == 302
    assert phone.post(f"{address}danh-gia/", {"muc": "1"}).status_code == 409
    assert [rating.stars for rating in DossierRating.objects.filter(dossier=dossier)] == [4]


def test_complaint__has_its_last_days__and_is_answered_by_who_holds_the_dossier(
    town: Town, own: tuple[Client, str, Dossier]
) -> None:
    phone, address, _dossier = own
    assert phone.post(f"{address}phan-anh/", {"noi-dung": ""}).status_code == 400
    assert phone.post(f"{address}phan-anh/", {"noi-dung": "Chậm quá\n<b>hai tuần</b>"}).status_code == 302
    found = DossierComplaint.objects.get()
    # 2, 5 and 15 working days from Monday 2/3/2026 at 9:00
    local = [
        at.astimezone(clock.ZONE).date().isoformat()
        for at in (found.refuse_by, found.ask_by, found.answer_by)
    ]
    assert local == ["2026-03-04", "2026-03-09", "2026-03-23"]
    page = phone.get(f"{address}phan-anh/").content.decode()
    assert "&lt;b&gt;hai tuần" in page
    asked = afterwards.decide_complaint(official(town.commune), found.pk, ComplaintState.ASKED, "Việc nào ạ?")
    assert asked.state == ComplaintState.ASKED
    phone.post(f"{address}phan-anh/", {"noi-dung": "Khai sinh", "phan-anh": str(found.pk)})
    answered = afterwards.decide_complaint(
        official(town.commune), found.pk, ComplaintState.ANSWERED, "Xin lỗi bà."
    )
    assert answered.publish_by is not None
    assert "Xin lỗi bà." in phone.get(f"{address}phan-anh/").content.decode()


def test_result__is_downloaded_by_the_owner_alone(town: Town, own: tuple[Client, str, Dossier]) -> None:
    phone, address, dossier = own
    _advance(town, dossier, Status.RECEIVED, Status.PROCESSING, Status.PROCESSED)
    content = pdf()
    with journal.act(SYSTEM, "test.issue") as act:
        result = Result.objects.create(
            dossier=dossier,
            name="Giấy khai sinh",
            issued_by=Agency.objects.get(pk=town.commune.agency.pk),
            issued_at=NOW,
            file=files.put(content, "application/pdf", "kq.pdf"),
            check_code="AAAA-BBBB-CCCC",
        )
        act.changed("onestop.result", result.pk, None, {"name": result.name})
    assert "Giấy khai sinh" in phone.get(address).content.decode()
    answer = phone.get(f"{address}ket-qua/{result.pk}/")
    assert b"".join(answer.streaming_content) == content  # type: ignore[attr-defined]
    assert (
        Client(headers={"host": "127.0.0.1"})
        .get(f"/ho-so-cua-toi/{dossier.code}/ket-qua/{result.pk}/")
        .status_code
        == 404
    )


def test_receipt__as_pdf__bears_the_code(own: tuple[Client, str, Dossier]) -> None:
    phone, address, _dossier = own
    answer = phone.get(f"{address}bien-nhan.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    assert {"private", "no-store"} <= set(answer["Cache-Control"].split(", "))
