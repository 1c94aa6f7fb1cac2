"""Every page of the door at three widths in a real browser, with axe-core; and the hat in the header by keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from psycopg.types.range import Range

from haicap.access.models import Account, Delegation, LinkPurpose
from haicap.access.sign_in import service
from haicap.access.tests import accounts
from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.registry.models import Appointment
from haicap.web.tests.browser import Eyes
from haicap.web.tests.test_sign_in_browser import ADMINISTRATOR, enter, plug_in, with_password

SPECIALIST = ("20194", "cong_chuc_mot_cua", "tt_pvhcc")
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


class Look:
    """Looks at pages and collects what is wrong."""

    def __init__(self, eyes: Eyes) -> None:
        self.eyes = eyes
        self.wrong: list[str] = []
        eyes.base = eyes.base.replace("127.0.0.1", "localhost")  # passkeys want a name

    def at(self, name: str, path: str, *, ends: str | None = None) -> None:
        """One page, by its address."""
        self.eyes.shots(f"cua-{name}", path)
        assert self.eyes.page.url.endswith(ends or path), f"{path} led to {self.eyes.page.url}"
        self.wrong += [f"{path}: {complaint}" for complaint in self.eyes.axe()]
        headings = self.eyes.page.locator("h1").count()
        if headings != 1:
            self.wrong.append(f"{path}: {headings} headings of the first rank")


@pytest.fixture
def look(eyes: Eyes) -> Look:
    return Look(eyes)


@pytest.fixture
def says_vneid_and_letters(settings: Any) -> None:
    settings.HAICAP_BASE_URL = "https://haicap.danang.gov.vn"
    settings.HAICAP_VNEID = {
        "server_url": "https://vneid.example",
        "client_id": "haicap",
        "client_secret": "x",
        "scope": "openid profile",
    }


def second_hat(account: Account, eyes: Eyes) -> str:
    """The key of another hat, by delegation."""
    now = clock.now()
    delegation = Delegation(
        appointment_id=eyes.places.appointment("20194", "chuyen_vien", "phong", "Văn hóa - Xã hội"),
        delegate=account.person,
        during=Range(now - timedelta(days=1), now + timedelta(days=1), "[)"),
        reason="nghỉ phép",
        made_by=account,
    )
    with journal.act(SYSTEM, "test.delegate") as act:
        delegation.save()
        act.changed("access.delegation", delegation.pk, None, {"reason": delegation.reason})
    return f"uq:{delegation.pk}"


def test_door__pages_of_a_visitor__nothing_wrong(look: Look, says_vneid_and_letters: None) -> None:
    account = accounts.account_of(look.eyes.places.appointment(*SPECIALIST))
    secret = service.issue_link(SYSTEM, account, LinkPurpose.FIRST)
    look.at("dang-nhap", "/dang-nhap/")
    look.at("quen-mat-khau", "/dang-nhap/quen-mat-khau/")
    look.at("quen-mat-khau-da-nhan", "/dang-nhap/quen-mat-khau/da-nhan/")
    look.at("dang-khoa", "/dang-nhap/dang-khoa/")
    look.at("lien-ket", service.link_path(secret))
    look.at("lien-ket-sai", service.link_path("khong-co"))
    look.at("vneid", "/cong-dan/vneid/")
    look.at("vneid-da-huy", "/cong-dan/vneid/da-huy/")
    look.at("vneid-tu-choi", "/cong-dan/vneid/tro-lai/?error=server_error&state=x")
    assert look.wrong == []


def test_door__letters_not_configured__said_on_a_whole_page(look: Look) -> None:
    look.at("quen-mat-khau-khong-thu", "/dang-nhap/quen-mat-khau/")
    assert look.wrong == []


def test_door__pages_of_an_official__nothing_wrong(look: Look) -> None:
    eyes = look.eyes
    account = with_password(eyes.places, *SPECIALIST)
    second_hat(account, eyes)
    enter(eyes.page, eyes.base, account)
    plug_in(eyes.page)
    look.at("ung-dung-xac-thuc", "/tai-khoan/xac-thuc/ung-dung/")
    eyes.open("/tai-khoan/xac-thuc/khoa/them/")
    eyes.page.get_by_role("button", name="Thêm khóa").click()
    eyes.page.wait_for_url("**/ma-du-phong/")
    eyes.page.screenshot(path=eyes.shots("cua-bo", "/tai-khoan/")[0].with_name("cua-ma-du-phong-lan-dau.png"))
    for name, path in (
        ("tai-khoan", "/tai-khoan/"),
        ("chuc-danh", "/tai-khoan/chuc-danh/"),
        ("nhat-ky", "/tai-khoan/nhat-ky/"),
        ("phien", "/tai-khoan/phien/"),
        ("mat-khau", "/tai-khoan/mat-khau/"),
        ("xac-thuc", "/tai-khoan/xac-thuc/"),
        ("khoa", "/tai-khoan/xac-thuc/khoa/"),
        ("them-khoa", "/tai-khoan/xac-thuc/khoa/them/"),
        ("ma-du-phong", "/tai-khoan/xac-thuc/ma-du-phong/"),
        ("ma-du-phong-moi", "/tai-khoan/xac-thuc/ma-du-phong/moi/"),
        ("xac-nhan-bang-khoa", "/tai-khoan/xac-thuc/khoa/xac-nhan/"),
        ("dang-xuat", "/dang-xuat/"),
    ):
        look.at(name, path)
    key = account.authenticator_set.get(type="webauthn").pk
    look.at("sua-khoa", f"/tai-khoan/xac-thuc/khoa/{key}/")
    look.at("go-khoa", f"/tai-khoan/xac-thuc/khoa/{key}/go/")
    assert look.wrong == []


def test_door__second_factor__nothing_wrong(look: Look) -> None:
    eyes = look.eyes
    account = with_password(eyes.places, *ADMINISTRATOR)
    enter(eyes.page, eyes.base, account)
    look.at("bat-lop-hai", "/tai-khoan/lop-hai/")
    eyes.page.context.clear_cookies()
    accounts.enrol_totp(account)
    eyes.open("/dang-nhap/")
    eyes.page.get_by_label("Tên đăng nhập hoặc thư điện tử công vụ").fill(account.username)
    eyes.page.get_by_label("Mật khẩu").fill(accounts.PASSWORD)
    eyes.page.get_by_role("button", name="Đăng nhập", exact=True).click()
    eyes.page.wait_for_url("**/dang-nhap/lop-hai/")
    look.at("lop-hai", "/dang-nhap/lop-hai/")
    eyes.page.get_by_label("Mã 6 số").fill("000000")
    eyes.page.get_by_role("button", name="Đăng nhập", exact=True).click()
    eyes.page.wait_for_load_state()
    look.wrong += eyes.axe()
    assert look.wrong == []


def test_door__waiting_for_a_post__nothing_wrong(look: Look) -> None:
    eyes = look.eyes
    account = with_password(eyes.places, *SPECIALIST)
    with journal.act(SYSTEM, "test.end") as act:
        held = Appointment.objects.get(person=account.person)
        held.valid = Range(held.valid.lower, clock.today(), "[)")
        held.save()
        act.changed("registry.appointment", held.pk, None, {"ended": True})
    enter(eyes.page, eyes.base, account)
    look.at("cho-phan-cong", "/lam-viec/")
    look.at("cho-phan-cong-tai-khoan", "/tai-khoan/")
    assert look.wrong == []


@pytest.mark.parametrize("width", [360, 1280])
def test_header__two_posts__hat_changed_by_keys_and_without_script(eyes: Eyes, width: int) -> None:
    account = with_password(eyes.places, *SPECIALIST)
    key = second_hat(account, eyes)
    eyes.sign_in(eyes.places.appointment(*SPECIALIST))
    page = eyes.page
    page.route("**/*.js", lambda route: route.abort())
    page.set_viewport_size({"width": width, "height": 800})
    eyes.open("/tai-khoan/")
    page.locator(".hc-hats > summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "hc-hat"
    page.screenshot(path=f"build/screens/cua-doi-chuc-danh-{width}.png")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.locator(".hc-hats form").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert eyes.axe() == []
    page.keyboard.press("ArrowDown")
    assert page.input_value("#hc-hat") == key
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/lam-viec/")
    assert "Chuyên viên" in page.locator(".hc-header__hat").inner_text()
