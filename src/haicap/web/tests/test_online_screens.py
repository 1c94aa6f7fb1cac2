"""A citizen on a telephone finds «khai sinh», fills, uploads, hands in, tracks; the centre accepts; axe-core."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from haicap.kernel import clock
from haicap.kernel.actor import SYSTEM
from haicap.registry.desks import holders_at
from haicap.systems.onestop.catalogue import starter
from haicap.systems.onestop.models import Dossier, Status
from haicap.systems.onestop.online.tests.conftest import APPLICANT, BIRTH_FORM, pdf
from haicap.web import assets
from haicap.web.tests.browser import Eyes

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not assets.is_current(), reason="assets are not built"),
]


@pytest.fixture
def phone(eyes: Eyes) -> Eyes:
    """A telephone on which nobody signed in, with the everyday procedures."""
    starter.load(SYSTEM)
    eyes.page.set_viewport_size({"width": 360, "height": 800})
    return eyes


def _look(eyes: Eyes, name: str) -> None:
    """What axe-core finds, and the page at three widths."""
    assert eyes.axe() == [], name
    assert eyes.page.locator("h1").count() == 1
    path = urlsplit(eyes.page.url)
    eyes.shots(f"online-{name}", f"{path.path}?{path.query}" if path.query else path.path)
    eyes.page.set_viewport_size({"width": 360, "height": 800})


def _fill(eyes: Eyes, values: dict[str, str]) -> None:
    for name, value in values.items():
        field = eyes.page.locator(f'[name="{name}"]').first
        kind = field.get_attribute("type")
        if kind in ("radio", "checkbox"):
            eyes.page.locator(f'[name="{name}"][value="{value}"]').check(force=True)
        else:
            field.fill(value)


def _on(eyes: Eyes) -> None:
    with eyes.page.expect_navigation():
        eyes.page.get_by_role("button", name="Lưu và tiếp tục").click()


def test_citizen__from_the_search_to_tracking(phone: Eyes, tmp_path: Path) -> None:
    page = phone.page
    phone.open("/thu-tuc/")
    _look(phone, "find")
    page.fill("#q", "khai sinh")
    page.locator("main").get_by_role("button", name="Tìm").click()
    _look(phone, "found")
    page.get_by_role("link", name="Đăng ký khai sinh", exact=True).click()
    _look(phone, "procedure")
    page.get_by_role("link", name="Bắt đầu nộp trực tuyến").click()
    page.locator("#hoi-0-khong").check(force=True)
    page.locator("#hoi-1").check(force=True)
    page.get_by_role("button", name="Tiếp tục").click()
    assert phone.axe() == []
    page.get_by_role("link", name="Tiếp tục").click()
    _look(phone, "begin")
    page.select_option("#noi-nop", label="Phường Hải Châu")
    page.get_by_role("button", name="Tiếp tục").click()
    _look(phone, "draft")
    page.get_by_role("link", name="Tiếp: Người nộp hồ sơ").click()
    _on(phone)  # nothing filled in: the summary says what, and leads there
    assert "Hãy điền «Số điện thoại»" in page.locator(".govuk-error-summary").inner_text()
    assert phone.axe() == []
    page.locator(".govuk-error-summary a").last.click()
    assert page.evaluate("document.activeElement.id") == "f-nguoi_nop-dien_thoai"
    _fill(phone, APPLICANT)
    _on(phone)
    for part, form in BIRTH_FORM.items():
        assert page.url.endswith(f"/to-khai/{part}/"), page.inner_text("main")
        if part in ("tre", "cha"):
            _look(phone, f"form-{part}")
        _fill(phone, form | ({"f.tre.ngay_sinh": "10/07/2025"} if part == "tre" else {}))
        _on(phone)
    paper = tmp_path / "giay-chung-sinh.pdf"
    paper.write_bytes(pdf())
    page.set_input_files("#tep-1", str(paper))
    page.get_by_role("button", name="Tải lên, ở lại trang này").click()
    assert "giay-chung-sinh.pdf" in page.content()
    _look(phone, "papers")
    page.get_by_role("button", name="Tải lên và tiếp tục").click()
    page.locator('[name="f.nhan_ket_qua.cach"][value="1"]').check(force=True)
    _on(phone)
    page.get_by_role("link", name="Xem lại và nộp").click()
    _look(phone, "preview")
    assert not page.locator("#muc-dich-process").is_checked()
    page.locator("#muc-dich-process").check(force=True)
    page.get_by_role("button", name="Nộp hồ sơ").click()
    page.wait_for_url("**/da-nop/")
    _look(phone, "receipt")
    dossier = Dossier.objects.get()
    assert dossier.status == Status.REGISTERED
    assert dossier.code in page.inner_text("main")
    page.get_by_role("link", name="Mở trang hồ sơ").click()
    _look(phone, "own")
    page.get_by_role("link", name="Phản ánh, kiến nghị").click()
    _look(phone, "complain")
    phone.open(f"/tra-cuu/?ma={dossier.code}")
    assert "đang chờ cán bộ một cửa xem" in page.inner_text("main")
    assert dossier.applicant_name not in page.content()
    _look(phone, "track")
    _officials(phone, dossier)


def _officials(eyes: Eyes, dossier: Dossier) -> None:
    """The other side: the ward's official accepts, and the citizen's page says so."""
    citizen = eyes.page.url
    eyes.sign_in(eyes.places.appointment("20194", "cong_chuc_mot_cua", "tt_pvhcc"))
    eyes.open("/lam-viec/nop-truc-tuyen/")
    _look(eyes, "incoming")
    eyes.open(f"/lam-viec/nop-truc-tuyen/{dossier.code}/")
    _look(eyes, "look")
    eyes.page.get_by_role("button", name="Tiếp nhận").click()
    eyes.page.wait_for_url("**/nop-truc-tuyen/")
    dossier.refresh_from_db()
    assert dossier.status == Status.RECEIVED
    assert dossier.due_at is not None
    assert holders_at([dossier.desk_id], clock.now())[dossier.desk_id] == eyes.places.agency("20194")
    assert [letter.form for letter in dossier.letters.all()] == [1]
    eyes.open("/lam-viec/phan-anh/")
    assert eyes.axe() == []
    eyes.open("/dat-lich/")
    _look(eyes, "book")
    assert citizen
    assert [text for text in eyes.complaints if "400" not in text] == []
