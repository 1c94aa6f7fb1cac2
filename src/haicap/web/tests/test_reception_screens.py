"""The counter in a real browser: a reception and ten certified copies by keyboard alone; three widths, axe-core."""

from __future__ import annotations

import pytest

from haicap.kernel.actor import SYSTEM
from haicap.systems.onestop.catalogue import starter
from haicap.systems.onestop.models import Certification, Dossier, DossierPaper, Status
from haicap.web import assets
from haicap.web.tests.browser import Eyes

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not assets.is_current(), reason="assets are not built"),
]

PAGE = "/lam-viec/tiep-nhan/"
COPIES = f"{PAGE}chung-thuc/"
CARD = "048199001234|201234567|Trần Thị Ánh Nguyệt|05031999|Nữ|K12/3 Lê Lợi, Hải Châu, Đà Nẵng|15082021"
LONG = "Công Tằng Tôn Nữ Hoàng Thị Diễm Quỳnh Khánh Ngọc Trường Giang Vĩnh Hằng Nghiêngnghiêngnghiêngnghiêng"


@pytest.fixture
def counter(eyes: Eyes) -> Eyes:
    """An official of a ward's centre, with the everyday procedures."""
    starter.load(SYSTEM)
    eyes.sign_in(eyes.places.appointment("20194", "cong_chuc_mot_cua", "tt_pvhcc"))
    return eyes


def _focus(eyes: Eyes) -> str:
    return str(eyes.page.evaluate("document.activeElement.id"))


def _await_focus(eyes: Eyes, name: str) -> None:
    eyes.page.wait_for_function("name => document.activeElement.id === name", arg=name)


def test_counter__one_person__by_keyboard_alone(counter: Eyes) -> None:
    page = counter.page
    counter.open(PAGE)
    _await_focus(counter, "quet")
    page.keyboard.insert_text(CARD)
    page.keyboard.press("Enter")
    _await_focus(counter, "thu-tuc")
    assert page.input_value("#ho-ten") == "Trần Thị Ánh Nguyệt"
    page.keyboard.type("dang ky khai tu")
    page.wait_for_selector("[data-choice]")
    page.keyboard.press("ArrowDown")
    assert "Đăng ký khai tử" in page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    _await_focus(counter, "truong-hop")
    page.reload()  # what was typed is still there
    assert page.input_value("#so") == "048199001234"
    for box in page.locator("[data-paper]").all():
        box.focus()
        page.keyboard.press("Space")
    with page.context.expect_page() as printed:
        page.keyboard.press("Control+Enter")
        page.wait_for_selector("#vua-xong")
    printed.value.close()
    _await_focus(counter, "quet")
    assert page.input_value("#so") == ""
    dossier = Dossier.objects.get()
    assert (dossier.status, dossier.applicant_name) == (Status.RECEIVED, "Trần Thị Ánh Nguyệt")
    assert DossierPaper.objects.filter(dossier=dossier).count() >= 2
    assert counter.axe() == []
    counter.shots("reception-done", f"{PAGE}?xong={dossier.code}")
    assert not counter.complaints


def test_copies__ten_people__by_keyboard_alone(counter: Eyes) -> None:
    page = counter.page
    counter.open(COPIES)
    for number in range(12):  # the last two rows are added by Enter
        assert _focus(counter) == f"ten-{number}"
        page.keyboard.type(f"Nguyen Van {number}")
        page.keyboard.press("Enter")
        if number == 3:
            page.keyboard.insert_text(CARD)
        page.keyboard.press("Enter")
        page.keyboard.type("Can cuoc")
        page.keyboard.press("Enter")
        page.keyboard.type("2")
        page.keyboard.press("Enter")
        page.keyboard.type("3")
        page.keyboard.press("Enter")
    assert page.inner_text("[data-all-fees]") == "144.000"
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("[data-worklist]")
    assert Certification.objects.count() == 12
    assert Dossier.objects.filter(status=Status.RETURNED).count() == 12
    assert Dossier.objects.filter(applicant_name="Trần Thị Ánh Nguyệt").exists()
    assert _focus(counter) == "ten-0"
    assert counter.axe() == []
    counter.shots("reception-copies-done", COPIES)
    assert not counter.complaints


def test_counter_pages__three_widths__fit_and_are_accessible(counter: Eyes) -> None:
    page = counter.page
    counter.shots("reception-empty", PAGE)
    assert counter.axe() == []
    counter.shots("reception-copies-empty", COPIES)
    assert counter.axe() == []
    counter.open(PAGE)
    page.fill("#ho-ten", LONG)
    page.fill("#dia-chi", LONG * 2)
    page.fill("#thu-tuc", "khai sinh")
    page.wait_for_selector("[data-choice]")
    assert counter.axe() == []
    page.locator("[data-choice]").first.click()
    page.wait_for_selector("[data-paper]")
    page.set_input_files(
        "#tep", {"name": f"{'rat-dai-' * 12}.png", "mimeType": "image/png", "buffer": _picture()}
    )
    page.wait_for_selector(".hc-counter__file")
    counter.shots("reception-filled", PAGE)
    assert counter.axe() == []
    counter.open(PAGE)  # a screenshot leaves styles behind
    page.set_input_files("#tep", {"name": "x.pdf", "mimeType": "application/pdf", "buffer": b"MZ" * 50})
    page.wait_for_selector("text=ONE-606")
    assert counter.axe() == []
    assert not counter.complaints


def _picture() -> bytes:
    return bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415478da63f8ffff3f0005fe02fe"
        "a7350781450000000049454e44ae426082"
    )
