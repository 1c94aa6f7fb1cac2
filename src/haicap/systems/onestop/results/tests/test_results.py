"""Results: prepared, signed by the person, sealed, issued, checked by anybody, used again, withdrawn."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from haicap.kernel import clock, files, journal
from haicap.kernel.actor import ANONYMOUS, SYSTEM, Actor
from haicap.kernel.contract import DataSubject, number_subject
from haicap.registry.models import Person
from haicap.systems.onestop import policy
from haicap.systems.onestop.models import (
    Dossier,
    DossierDetail,
    DossierPaper,
    Result,
    ResultDraft,
    SigningCertificate,
    Status,
)
from haicap.systems.onestop.personal_data import DetailSource, ResultSource
from haicap.systems.onestop.results import queries, service
from haicap.systems.onestop.results.errors import (
    BadResult,
    ResultDoesNotFit,
    ResultNotAllowed,
    ResultNotFound,
    ResultOfAnother,
    ResultRevoked,
    ResultUnsigned,
)
from haicap.systems.onestop.results.service import Preparation
from haicap.systems.onestop.signing import keys, pdf
from haicap.systems.onestop.signing import service as signing
from haicap.systems.onestop.signing.errors import PdfActive, PdfEncrypted, WrongPassphrase
from haicap.systems.onestop.signing.tests.factories import PASSPHRASE, authority, encrypted_pdf, plain_pdf
from haicap.systems.onestop.tests.factories import Town, end_agency, make_dossier, official

Browse = Callable[[Actor], Client]
NUMBER = "048193001234"
SITE = "https://motcua.quanghoa.example.vn"


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    keys.forget()
    yield
    keys.forget()


def dossier_of(
    town: Town, number: str = NUMBER, status: Status = Status.PROCESSING, phone: str = ""
) -> Dossier:
    """A dossier of somebody with a number."""
    made = make_dossier(town.commune, status, applicant="Lê Thị Bí Mật")
    with journal.act(SYSTEM, "test.number") as act:
        Dossier.objects.filter(pk=made.pk).update(applicant_subject=number_subject(number))
        DossierDetail.objects.create(dossier=made, phone=phone, applicant_number=number)
        act.changed("onestop.dossier", made.pk, None, {})
    return Dossier.objects.get(pk=made.pk)


def chairman(town: Town) -> tuple[Actor, SigningCertificate]:
    """Who signs at the first commune, with a certificate."""
    with journal.act(SYSTEM, "test.person") as act:
        person = Person.objects.create(
            family_name="Phan", given_name="Như", full_name="Phan Như", fold="phan nhu", sort_key=b"n"
        )
        act.changed("registry.person", person.pk, None, {})
    base = official(town.commune)
    actor = Actor(
        label="Phan Như", person_id=person.pk, agency_ids=base.agency_ids, permissions=base.permissions
    )
    row = signing.add_certificate(
        actor, town.commune.agency.id, authority().pkcs12("Phan Như"), PASSPHRASE, person_id=person.pk
    )
    return actor, row


def seal_of(town: Town) -> SigningCertificate:
    """The seal of the first commune."""
    content = authority().pkcs12("Ủy ban nhân dân xã Hòa Phú")
    return signing.add_certificate(official(town.commune), town.commune.agency.id, content, PASSPHRASE)


def issued(town: Town, dossier: Dossier, **more: Any) -> Result:
    """A result that the commune's seal is on."""
    actor = official(town.commune)
    seal = SigningCertificate.objects.filter(person__isnull=True).first() or seal_of(town)
    told = Preparation(**{"name": "Trích lục khai sinh", "content": plain_pdf(), **more})
    draft = service.prepare_result(actor, dossier.pk, told, site=SITE)
    return service.issue_result(actor, draft.pk, certificate_id=seal.pk, passphrase=PASSPHRASE)


def test_result__made_here__is_signed_sealed_and_issued(town: Town, tmp_path: Path) -> None:
    dossier = dossier_of(town)
    actor, own = chairman(town)
    told = Preparation(
        name="Giấy xác nhận tình trạng hôn nhân",
        number="12/XN-UBND",
        body=("Xác nhận bà Lê Thị Bí Mật hiện chưa đăng ký kết hôn với ai.",),
        signer="Phan Như",
        signer_title=("Chủ tịch",),
    )
    draft = service.prepare_result(official(town.commune), dossier.pk, told, site=SITE)
    (draft,) = service.sign_results(actor, [draft.pk], own.pk, PASSPHRASE)
    result = service.issue_result(
        official(town.commune), draft.pk, certificate_id=seal_of(town).pk, passphrase=PASSPHRASE
    )
    assert result.signers == ["Phan Như", "Ủy ban nhân dân xã Hòa Phú"]
    assert (result.number, result.subject) == ("12/XN-UBND", dossier.applicant_subject)
    content = files.read(result.file_id)
    path = tmp_path / "result.pdf"
    path.write_bytes(content)
    told_by = subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True).stdout
    assert told_by.count("Signature is Valid") == 2
    text = subprocess.run(["pdftotext", str(path), "-"], capture_output=True, text=True).stdout
    assert result.check_code in text
    assert "CHỦ TỊCH" in text
    _same_place_as_the_signer(content, draft)


def _same_place_as_the_signer(content: bytes, draft: ResultDraft) -> None:
    """The signature stands between title and name, where the document says."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    box = [
        float(one)
        for one in PdfFileReader(io.BytesIO(content)).embedded_regular_signatures[0].sig_field["/Rect"]
    ]
    assert (box[1] + box[3]) / 2 == pytest.approx(draft.sign_at["y"], abs=2)


def test_result__file_with_earlier_signatures__keeps_them_valid(town: Town) -> None:
    dossier = dossier_of(town)
    actor, own = chairman(town)
    before, _row = signing.sign_pdf(actor, plain_pdf(), own.pk, PASSPHRASE, agency_id=town.commune.agency.id)
    result = issued(town, dossier, content=before)
    content = files.read(result.file_id)
    assert content.startswith(before)
    assert [(one.who, one.intact, one.whole) for one in pdf.verify(content)] == [
        ("Phan Như", True, True),
        ("Ủy ban nhân dân xã Hòa Phú", True, True),
    ]


def test_result__unsigned_upload__bears_the_code_that_leads_to_its_check_page(town: Town) -> None:
    pillow, zxingcpp = pytest.importorskip("PIL.Image"), pytest.importorskip("zxingcpp")
    result = issued(town, dossier_of(town))
    command = ["pdftoppm", "-r", "200", "-gray", "-singlefile", "-"]
    shot = subprocess.run(command, input=files.read(result.file_id), capture_output=True)
    (code,) = zxingcpp.read_barcodes(pillow.open(io.BytesIO(shot.stdout)))
    assert code.text == f"{SITE}/kiem-tra/{result.check_code}/"


def test_result__without_a_signature__is_not_issued(town: Town) -> None:
    actor = official(town.commune)
    draft = service.prepare_result(actor, dossier_of(town).pk, Preparation(name="x", content=plain_pdf()))
    with pytest.raises(ResultUnsigned, match="ONE-433"):
        service.issue_result(actor, draft.pk)
    with pytest.raises(WrongPassphrase):
        service.issue_result(actor, draft.pk, certificate_id=seal_of(town).pk, passphrase="sai")
    assert ResultDraft.objects.get(pk=draft.pk).closed_at is None
    service.drop_draft(actor, draft.pk, "Lập nhầm")
    with pytest.raises(ResultDoesNotFit, match="ONE-432"):
        service.issue_result(actor, draft.pk)


def test_result__bad_files_and_words__refused(town: Town) -> None:
    dossier, actor = dossier_of(town), official(town.commune)
    with pytest.raises(PdfEncrypted):
        service.prepare_result(actor, dossier.pk, Preparation(name="x", content=encrypted_pdf()))
    for told in (Preparation(name=""), Preparation(name="x"), Preparation(name="x", body=("a",) * 999)):
        with pytest.raises(BadResult, match="ONE-434"):
            service.prepare_result(actor, dossier.pk, told)
    waiting = dossier_of(town, status=Status.SUPPLEMENT)
    with pytest.raises(ResultDoesNotFit):
        service.prepare_result(actor, waiting.pk, Preparation(name="x", body=("a",)))
    assert PdfActive.code == "ONE-413"


def test_result__others__neither_prepare_issue_see_nor_withdraw(town: Town) -> None:
    dossier = dossier_of(town)
    result = issued(town, dossier)
    stranger = official(town.neighbour)
    with pytest.raises(service.not_found().__class__):
        service.prepare_result(stranger, dossier.pk, Preparation(name="x", body=("a",)))
    with pytest.raises(ResultNotFound, match="ONE-435"):
        queries.result(stranger, result.pk)
    with pytest.raises(ResultNotFound):
        service.revoke_result(stranger, result.pk, "Vì sao")
    only = official(town.commune, may=(policy.ADVANCE,))
    draft = service.prepare_result(only, dossier.pk, Preparation(name="x", body=("a",)))
    with pytest.raises(ResultNotAllowed, match="ONE-431"):
        service.issue_result(only, draft.pk)
    with pytest.raises(ResultNotAllowed):
        service.revoke_result(only, result.pk, "Vì sao")


def test_result__held__is_offered_and_used_instead_of_asking_again(town: Town) -> None:
    first = issued(town, dossier_of(town), paper_code="KQ.G15.000312")
    issued(town, dossier_of(town, number="048193009999"))
    actor = official(town.neighbour, may=(policy.RECEIVE,))
    assert queries.held_results(actor, NUMBER, papers=["KQ.G15.000312"]) == [first]
    assert queries.held_results(actor, NUMBER, procedures=["1.001193"]) == [first]
    assert queries.held_results(actor, NUMBER, papers=["khac"]) == []
    assert queries.held_results(actor, "") == []
    with pytest.raises(ResultNotAllowed):
        queries.held_results(official(town.neighbour, may=()), NUMBER)
    later = dossier_of(town)
    paper = service.reuse_result(official(town.commune), later.pk, first.pk, name="Giấy khai sinh")
    assert DossierPaper.objects.get(pk=paper.pk).reused == first
    with pytest.raises(ResultOfAnother, match="ONE-437"):
        service.reuse_result(official(town.commune), dossier_of(town, number="048193009999").pk, first.pk)


def test_result__withdrawn_or_lapsed__is_not_offered_and_the_check_page_says_so(town: Town) -> None:
    result = issued(town, dossier_of(town), valid_until=date(2026, 4, 1))
    actor = official(town.commune)
    with clock.shifted(timedelta(days=60)):
        assert queries.held_results(actor, NUMBER) == []
        told = queries.check(result.check_code)
        assert told is not None
        assert told.lapsed
    service.revoke_result(actor, result.pk, "Cấp sai")
    assert queries.held_results(actor, NUMBER) == []
    with pytest.raises(ResultRevoked, match="ONE-436"):
        service.revoke_result(actor, result.pk, "Cấp sai")


def test_result__agency_that_ended__its_successor_withdraws(town: Town) -> None:
    result = issued(town, dossier_of(town))
    with clock.shifted(timedelta(days=40)):
        end_agency(town.commune, [town.neighbour], date(2026, 4, 1))
        told = queries.check(result.check_code)
        assert told is not None
        assert told.issued_by == "Ủy ban nhân dân xã Hòa Phú"
        with clock.shifted(timedelta(days=45)):
            assert service.revoke_result(official(town.neighbour), result.pk, "Cấp sai").revoked_at


def test_personal_data__results_and_details__are_told_and_kept(town: Town) -> None:
    result = issued(town, dossier_of(town, phone="0905123456"))
    subject = DataSubject(account_id=result.pk, label="x", personal_number=NUMBER)
    assert [row["check_code"] for row in ResultSource().collect(subject)] == [result.check_code]
    assert [row["phone"] for row in DetailSource().collect(subject)] == ["0905123456"]
    assert all(one.retained for one in ResultSource().decide(subject))
    nobody = DataSubject(account_id=result.pk, label="x")
    assert list(ResultSource().collect(nobody)) == list(DetailSource().collect(nobody)) == []


# --- pages


def test_pages__official__prepares_signs_and_issues(town: Town, browse: Browse) -> None:
    dossier = dossier_of(town)
    actor, own = chairman(town)
    seal = seal_of(town)
    client = browse(actor)
    page = f"/lam-viec/ho-so/{dossier.code}/ket-qua/"
    assert "Chưa có kết quả nào" in client.get(page).content.decode()
    bad = client.post(page, {"ten": "Trích lục", "tep": SimpleUploadedFile("a.pdf", encrypted_pdf())})
    assert bad.status_code == 400
    assert "ONE-412" in bad.content.decode()
    assert (
        client.post(page, {"ten": "Trích lục", "tep": SimpleUploadedFile("a.pdf", plain_pdf())}).status_code
        == 302
    )
    draft = ResultDraft.objects.get()
    step = f"/lam-viec/du-thao/{draft.pk}"
    wrong = client.post(f"{step}/ky/", {"chung-thu": str(own.pk), "mat-khau": "sai"})
    assert wrong.status_code == 403
    assert "ONE-417" in wrong.content.decode()
    assert "sai" not in wrong.content.decode().split("<main", 1)[1].split("mat-khau", 1)[1][:200]
    assert client.post(f"{step}/ky/", {"chung-thu": str(own.pk), "mat-khau": PASSPHRASE}).status_code == 302
    assert client.get(f"{step}.pdf")["Content-Type"] == "application/pdf"
    assert (
        client.post(f"{step}/phat-hanh/", {"chung-thu": str(seal.pk), "mat-khau": PASSPHRASE}).status_code
        == 302
    )
    result = Result.objects.get()
    assert client.get(f"/lam-viec/ket-qua/{result.pk}.pdf").content == files.read(result.file_id)
    assert result.check_code in client.get(page).content.decode()
    revoked = client.post(f"/lam-viec/ket-qua/{result.pk}/thu-hoi/", {"ly-do": "Cấp sai"}, follow=True)
    assert "đã thu hồi" in revoked.content.decode()
    certificates = client.get("/lam-viec/chung-thu/").content.decode()
    assert "còn hiệu lực" in certificates
    added = client.post(
        "/lam-viec/chung-thu/",
        {
            "co-quan": str(town.commune.agency.id),
            "cua": "toi",
            "tep": SimpleUploadedFile("k.p12", authority().pkcs12("Khóa mới")),
            "mat-khau": PASSPHRASE,
        },
    )
    assert added.status_code == 302
    new = SigningCertificate.objects.get(name="Khóa mới")
    assert client.post(f"/lam-viec/chung-thu/{new.pk}/ngung/", {"ly-do": "Thử"}).status_code == 302


def test_check_page__anybody__learns_who_signed_and_nothing_personal(town: Town, browse: Browse) -> None:
    result = issued(town, dossier_of(town))
    client = browse(ANONYMOUS)
    assert client.get("/kiem-tra/", {"ma": result.check_code.lower()}).status_code == 302
    page = f"/kiem-tra/{result.check_code}/"
    told = client.get(page).content.decode()
    assert "Ủy ban nhân dân xã Hòa Phú" in told
    assert "02/03/2026" in told
    for secret in ("Bí Mật", NUMBER, result.subject, result.dossier.code if result.dossier else ""):
        assert secret not in told
    same = client.post(page, {"tep": SimpleUploadedFile("a.pdf", files.read(result.file_id))})
    assert "chính là tệp đã phát hành" in same.content.decode()
    other = client.post(page, {"tep": SimpleUploadedFile("a.pdf", plain_pdf())})
    assert "Không phải tệp đã phát hành" in other.content.decode()
    assert client.get("/kiem-tra/AAAA-BBBB-CCCC/").status_code == 404


def test_download_page__applicant__by_code_and_number_or_telephone(town: Town, browse: Browse) -> None:
    dossier = dossier_of(town, status=Status.PROCESSED, phone="0905 123 456")
    result = issued(town, dossier)
    client = browse(ANONYMOUS)
    listed = client.post("/ket-qua/", {"ma": dossier.code, "so": NUMBER})
    assert "Trích lục khai sinh" in listed.content.decode()
    given = client.post("/ket-qua/", {"ma": dossier.code, "so": "+84905123456", "ket-qua": str(result.pk)})
    assert given.content == files.read(result.file_id)
    assert client.post("/ket-qua/", {"ma": dossier.code, "so": "3456"}).status_code == 404
    for _try in range(6):
        last = client.post("/ket-qua/", {"ma": dossier.code, "so": "048193000000"})
    assert last.status_code == 429
    assert "ONE-438" in last.content.decode()
