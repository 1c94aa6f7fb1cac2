"""The door in a real browser: passkeys by a virtual authenticator, axe-core, telephone width, keys only."""

from __future__ import annotations

from typing import Any

import pytest

from haicap.access.models import Account, SignInEvent
from haicap.access.tests import accounts
from haicap.registry.tests.places import Places
from haicap.web.tests.browser import AXE, Eyes

ADMINISTRATOR = ("20194", "quan_tri_xa", "van_phong")
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def with_password(places: Places, *post: str) -> Account:
    return accounts.give_password(accounts.account_of(places.appointment(*post)))


def enter(page: Any, base: str, account: Account) -> None:
    """Sign in by keys alone."""
    page.goto(base + "/dang-nhap/")
    page.get_by_label("Tên đăng nhập hoặc thư điện tử công vụ").focus()
    page.keyboard.type(account.username)
    page.keyboard.press("Tab")
    page.keyboard.type(accounts.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/dang-nhap/" not in url)


def plug_in(page: Any) -> Any:
    """A virtual authenticator with a resident key and user verification."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return devtools


def test_passkey__enrolled_at_the_gate__signs_in_without_a_password(eyes: Eyes) -> None:
    account = with_password(eyes.places, *ADMINISTRATOR)
    page, base = eyes.page, eyes.base.replace("127.0.0.1", "localhost")
    plug_in(page)
    enter(page, base, account)
    assert "/tai-khoan/lop-hai/" in page.url
    page.get_by_role("link", name="Dùng khóa truy cập").click()
    page.get_by_label("Đăng nhập chỉ bằng khóa này").check()
    page.get_by_role("button", name="Thêm khóa").click()
    page.wait_for_url("**/ma-du-phong/")
    assert page.locator("#hc-codes li").count() == 10
    page.get_by_role("link", name="Đã cất mã, tiếp tục").click()
    page.wait_for_url("**/lam-viec/")
    page.get_by_role("button", name="Đăng xuất").click()
    page.goto(base + "/dang-nhap/")
    page.get_by_role("button", name="Đăng nhập bằng khóa truy cập").click()
    page.wait_for_url("**/lam-viec/")
    assert SignInEvent.objects.filter(account=account, method="webauthn", outcome="in").count() == 1
    assert [text for text in eyes.complaints if "Content Security" in text] == []


def test_passkey__as_second_factor__after_the_password(eyes: Eyes) -> None:
    account = with_password(eyes.places, "20194", "cong_chuc_mot_cua", "tt_pvhcc")
    page, base = eyes.page, eyes.base.replace("127.0.0.1", "localhost")
    plug_in(page)
    enter(page, base, account)
    page.goto(base + "/tai-khoan/xac-thuc/khoa/them/")
    page.get_by_role("button", name="Thêm khóa").click()
    page.wait_for_url("**/ma-du-phong/")
    page.get_by_role("button", name="Đăng xuất").click()
    page.goto(base + "/dang-nhap/")
    page.get_by_label("Tên đăng nhập hoặc thư điện tử công vụ").fill(account.username)
    page.get_by_label("Mật khẩu").fill(accounts.PASSWORD)
    page.get_by_role("button", name="Đăng nhập", exact=True).click()
    page.wait_for_url("**/dang-nhap/lop-hai/")
    page.get_by_role("button", name="Dùng khóa truy cập").click()
    page.wait_for_url("**/lam-viec/")
    assert SignInEvent.objects.filter(account=account, method="password+webauthn").exists()


def test_pages__axe_and_telephone__nothing_wrong(eyes: Eyes) -> None:
    account = with_password(eyes.places, "20194", "cong_chuc_mot_cua", "tt_pvhcc")
    wrong: list[str] = []
    look(eyes, "dang-nhap", "/dang-nhap/", wrong)
    enter(eyes.page, eyes.base, account)
    for name, path in (
        ("tai-khoan", "/tai-khoan/"),
        ("chuc-danh", "/tai-khoan/chuc-danh/"),
        ("nhat-ky-dang-nhap", "/tai-khoan/nhat-ky/"),
        ("phien", "/tai-khoan/phien/"),
        ("mat-khau", "/tai-khoan/mat-khau/"),
        ("xac-thuc", "/tai-khoan/xac-thuc/"),
        ("ung-dung-xac-thuc", "/tai-khoan/xac-thuc/ung-dung/"),
        ("them-khoa", "/tai-khoan/xac-thuc/khoa/them/"),
        ("dang-xuat", "/dang-xuat/"),
    ):
        look(eyes, name, path, wrong)
    assert wrong == []


def look(eyes: Eyes, name: str, path: str, wrong: list[str]) -> None:
    eyes.shots(name, path)
    assert eyes.page.url.endswith(path), eyes.page.url
    if AXE.exists():
        wrong += [f"{path}: {complaint}" for complaint in eyes.axe()]
