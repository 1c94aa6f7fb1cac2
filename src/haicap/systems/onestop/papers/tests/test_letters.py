"""Forms 01 to 07: issued by whom, kept word for word, one apology, names through a reorganisation, looks as text."""

from __future__ import annotations

import subprocess
import unicodedata
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.models import JournalEntry
from haicap.systems.onestop.models import Dossier, DossierDetail, DossierLetter, LetterForm, Status
from haicap.systems.onestop.papers import service
from haicap.systems.onestop.papers.errors import (
    ApologyGiven,
    BadLetter,
    LetterDoesNotFit,
    LetterNotAllowed,
    TooManySheets,
)
from haicap.systems.onestop.papers.tests.factories import LONG_NAME, hurting, ordinary
from haicap.systems.onestop.papers.values import Content
from haicap.systems.onestop.tests.factories import NOW, Town, end_agency, make_dossier, official

Browse = Callable[[Actor], Client]
SITE = "https://motcua.quanghoa.example.vn/"
#: (form, the status it belongs to)
FITTING = [
    (LetterForm.RECEIPT, Status.RECEIVED),
    (LetterForm.SUPPLEMENT, Status.SUPPLEMENT),
    (LetterForm.REFUSAL, Status.REFUSED),
    (LetterForm.APOLOGY, Status.PROCESSING),
    (LetterForm.STOP, Status.STOPPED),
    (LetterForm.CONTROL, Status.PROCESSED),
]


def text_of(pdf: bytes) -> str:
    """What pdftotext reads, in one line."""
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return " ".join(done.stdout.decode().replace("\u200b", "").split())


def pages_of(pdf: bytes) -> list[str]:
    """The size of every page as pdfinfo tells it."""
    done = subprocess.run(["pdfinfo", "-l", "99", "-"], input=pdf, capture_output=True, check=True)
    return [
        line.split(":")[1].strip()
        for line in done.stdout.decode().splitlines()
        if line.startswith("Page ") and " size:" in line
    ]


def _content(form: LetterForm) -> Content:
    new = clock.now() + timedelta(days=10) if form == LetterForm.APOLOGY else None
    return Content(
        reason="Chờ xác minh.", items=("Giấy chứng sinh",), new_due_at=new, signer="Phan Thị Quỳnh Như"
    )


@pytest.mark.parametrize(("form", "status"), FITTING)
def test_letter__every_form__says_its_words_on_a5(town: Town, form: LetterForm, status: Status) -> None:
    dossier = ordinary(town.commune, status)
    letter = service.issue_letter(official(town.commune), dossier.id, form, _content(form), site=SITE)
    pdf = service.letters_pdf([letter])
    text = text_of(pdf)
    for words in ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Hòa Phú, ngày 02 tháng 3 năm 2026", dossier.code):
        assert words in text
    assert "XÃ HÒA PHÚ" in text
    assert letter.number in text
    assert pages_of(pdf)[0].startswith("419.5")
    assert len(pdf) < 60_000
    assert JournalEntry.objects.filter(action="onestop.issue_letter", record_id=letter.pk).exists()


def test_letter__receipt__has_diacritics_from_nfd_and_a_code_that_reads(town: Town) -> None:
    zxingcpp = pytest.importorskip("zxingcpp")
    pillow = pytest.importorskip("PIL.Image")
    dossier = hurting(town.commune, papers=2)
    name = unicodedata.normalize("NFD", "Nguyễn Ngữ Ứớng Đỗ Ủy")
    Dossier.objects.filter(pk=dossier.pk).update(applicant_name=name)
    letter = service.issue_letter(official(town.commune), dossier.id, LetterForm.RECEIPT, site=SITE)
    pdf = service.letters_pdf([letter])
    assert unicodedata.normalize("NFC", name) in text_of(pdf)
    shot = subprocess.run(
        ["pdftoppm", "-r", "150", "-gray", "-singlefile", "-"], input=pdf, capture_output=True
    )
    import io

    (code,) = zxingcpp.read_barcodes(pillow.open(io.BytesIO(shot.stdout)))
    assert code.text == f"{SITE}tra-cuu/?ma={dossier.code}"


def test_letter__thirty_papers_and_long_names__flow_to_further_pages(town: Town) -> None:
    dossier = hurting(town.commune)
    letter = service.issue_letter(official(town.commune), dossier.id, LetterForm.RECEIPT, site=SITE)
    pdf = service.letters_pdf([letter], copies=2)
    text = text_of(pdf)
    assert len(pages_of(pdf)) >= 4
    assert "Trang 2" in text
    assert "30. Giấy tờ số 30" in text
    assert "Liên 1: giao người nộp hồ sơ" in text
    assert "Liên 2: lưu" in text
    assert LONG_NAME.split()[-1] in text


def test_letter__empty_dossier__has_places_to_write(town: Town) -> None:
    dossier = make_dossier(town.commune)
    letter = service.issue_letter(official(town.commune), dossier.id, LetterForm.RECEIPT)
    assert "Số điện thoại:" in text_of(service.letters_pdf([letter]))


def test_letter__supplement__takes_the_reason_of_the_step(town: Town) -> None:
    dossier = ordinary(town.commune, Status.SUPPLEMENT)
    letter = service.issue_letter(official(town.commune), dossier.id, LetterForm.SUPPLEMENT)
    assert letter.reason.startswith("Thiếu bản sao giấy chứng nhận kết hôn")


def test_letter__reprint__says_the_same_words_and_a_new_one_names_the_successor(town: Town) -> None:
    dossier = ordinary(town.commune)
    first = service.issue_letter(official(town.commune), dossier.id, LetterForm.RECEIPT, site=SITE)
    printed = text_of(service.letters_pdf([first]))
    with clock.shifted(timedelta(days=40)):
        end_agency(town.commune, [town.neighbour], date(2026, 4, 1))
    with clock.at(NOW + timedelta(days=45)):
        heir = official(town.neighbour)
        again = DossierLetter.objects.get(pk=first.pk)
        assert text_of(service.letters_pdf([again])) == printed
        second = service.issue_letter(heir, dossier.id, LetterForm.RECEIPT, site=SITE)
        text = text_of(service.letters_pdf([second]))
    assert "XÃ MỸ AN" in text
    assert "Ủy ban nhân dân xã Hòa Phú (nay là Ủy ban nhân dân xã Mỹ An)" in text
    assert second.number.endswith("/TNHS-2")


def test_apology__once__with_one_new_date_and_the_appointment_stays(town: Town) -> None:
    dossier = ordinary(town.commune)
    actor = official(town.commune)
    letter = service.issue_letter(actor, dossier.id, LetterForm.APOLOGY, _content(LetterForm.APOLOGY))
    assert DossierDetail.objects.get(pk=dossier.pk).promised_at == letter.new_due_at
    assert Dossier.objects.get(pk=dossier.pk).due_at == dossier.due_at
    with pytest.raises(ApologyGiven, match="ONE-403"):
        service.issue_letter(actor, dossier.id, LetterForm.APOLOGY, _content(LetterForm.APOLOGY))
    with pytest.raises(IntegrityError), transaction.atomic():
        DossierLetter.objects.create(
            dossier=dossier, form=LetterForm.APOLOGY, issued_at=clock.now(), issued_by="ai đó"
        )
    assert LetterForm.APOLOGY not in service.may_issue(actor, dossier, clock.now())


@pytest.mark.parametrize("days", [None, -1, 3])
def test_apology__without_a_later_date__refused(town: Town, days: int | None) -> None:
    dossier = ordinary(town.commune)  # due in five days
    new = None if days is None else clock.now() + timedelta(days=days)
    with pytest.raises(BadLetter):
        service.issue_letter(
            official(town.commune), dossier.id, LetterForm.APOLOGY, Content(reason="Chậm.", new_due_at=new)
        )


def test_letter__that_says_what_has_not_happened__refused(town: Town) -> None:
    dossier = ordinary(town.commune)
    with pytest.raises(LetterDoesNotFit, match="ONE-402"):
        service.issue_letter(
            official(town.commune), dossier.id, LetterForm.REFUSAL, Content(reason="Không đủ.")
        )


def test_letter__without_permission_or_of_another_agency__refused(town: Town) -> None:
    dossier = ordinary(town.commune)
    with pytest.raises(LetterNotAllowed, match="ONE-401"):
        service.issue_letter(official(town.commune, may=()), dossier.id, LetterForm.RECEIPT)
    with pytest.raises(service.not_found().__class__):
        service.issue_letter(official(town.neighbour), dossier.id, LetterForm.RECEIPT)


def test_letter__received_here_competent_there__counter_prints_its_receipt(town: Town) -> None:
    dossier = ordinary(town.commune, desk=town.neighbour.desk)
    letter = service.issue_letter(official(town.commune), dossier.id, LetterForm.RECEIPT)
    assert "Hòa Phú" in letter.values["date_line"]
    with pytest.raises(LetterNotAllowed):
        service.issue_letter(official(town.commune), dossier.id, LetterForm.CONTROL)


def test_bulk__ten_receipts__one_pdf_and_missing_ones_are_issued(town: Town) -> None:
    dossiers = [ordinary(town.commune) for _number in range(4)]
    actor = official(town.commune)
    kept = service.issue_letter(actor, dossiers[0].id, LetterForm.RECEIPT)
    pdf = service.bulk_pdf(actor, [one.id for one in dossiers], LetterForm.RECEIPT, copies=2)
    assert len(pages_of(pdf)) == 8
    assert DossierLetter.objects.filter(form=LetterForm.RECEIPT).count() == 4
    assert DossierLetter.objects.filter(dossier=dossiers[0]).get() == kept
    with pytest.raises(TooManySheets):
        service.letters_pdf([kept], copies=6)


def test_register__month__a4_across_with_repeated_heads(town: Town) -> None:
    for _number in range(3):
        ordinary(town.commune)
    hurting(town.commune, Status.RETURNED)
    pdf = service.register_pdf(
        official(town.commune), town.commune.agency.id, date(2026, 2, 1), date(2026, 3, 31)
    )
    text = text_of(pdf)
    assert pages_of(pdf)[0].startswith("841.89 x 595.27")
    assert "SỔ THEO DÕI HỒ SƠ" in text
    assert "Nguyễn Thị Ánh Tuyết" in text
    with pytest.raises(service.not_found().__class__):
        service.register_pdf(
            official(town.neighbour), town.commune.agency.id, date(2026, 2, 1), date(2026, 3, 31)
        )
