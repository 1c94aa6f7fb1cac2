"""My account, hats, the own log: what is shown, and to whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from psycopg.types.range import Range

from haicap.access.models import Account, Delegation, Outcome, SignInEvent
from haicap.access.sign_in.tests.conftest import Owner, sign_in
from haicap.kernel import journal
from haicap.kernel.actor import SYSTEM
from haicap.registry.tests.places import NOW, Places


@pytest.fixture
def account(owner: Owner) -> Account:
    return owner()


@pytest.fixture
def two_hats(places: Places, account: Account) -> str:
    """The key of a second hat, by delegation."""
    delegation = Delegation(
        appointment_id=places.appointment("20194", "chuyen_vien", "phong", "Văn hóa - Xã hội"),
        delegate=account.person,
        during=Range(NOW - timedelta(days=1), NOW + timedelta(days=1), "[)"),
        reason="nghỉ phép",
        made_by=account,
    )
    with journal.act(SYSTEM, "test.delegate") as act:
        delegation.save()
        act.changed("access.delegation", delegation.pk, None, {"reason": delegation.reason})
    return f"uq:{delegation.pk}"


@pytest.mark.parametrize(
    "path",
    [
        "/tai-khoan/",
        "/tai-khoan/chuc-danh/",
        "/tai-khoan/nhat-ky/",
        "/tai-khoan/phien/",
        "/tai-khoan/mat-khau/",
        "/tai-khoan/xac-thuc/",
        "/tai-khoan/xac-thuc/ung-dung/",
        "/tai-khoan/xac-thuc/khoa/",
        "/tai-khoan/xac-thuc/khoa/them/",
        "/dang-xuat/",
    ],
)
def test_own_pages__in_vietnamese_with_one_heading_and_not_for_visitors(
    account: Account, browser: Client, path: str
) -> None:
    assert browser.get(path).status_code == 302
    sign_in(browser, account.username)
    answer = browser.get(path)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert text.count("<h1") == 1
    assert not any(
        word in text for word in ("Sign In", "Password", "Authenticator code", "Recovery", "Two-Factor")
    )
    assert "no-store" in answer.headers.get("Cache-Control", "no-store")


def test_account__shown__who_hat_and_header_link(account: Account, browser: Client) -> None:
    sign_in(browser, account.username)
    text = browser.get("/tai-khoan/").content.decode()
    assert account.get_full_name() in text
    assert account.username in text
    assert "Công chức một cửa, Trung tâm Phục vụ hành chính công" in text
    assert 'href="/tai-khoan/"' in text
    assert "Đổi chức danh" not in text


def test_hats__two__chosen_on_the_page_and_named_in_the_header(
    account: Account, two_hats: str, browser: Client
) -> None:
    sign_in(browser, account.username)
    page = browser.get("/tai-khoan/chuc-danh/").content.decode()
    assert page.count('type="radio"') == page.count("<option value") == 2
    browser.post("/tai-khoan/chuc-danh/", {"chuc-danh": two_hats})
    text = browser.get("/tai-khoan/").content.decode()
    assert "Đổi chức danh" in text
    assert browser.session["hat"] == two_hats


def test_hats__of_somebody_else__not_put_on(places: Places, account: Account, browser: Client) -> None:
    sign_in(browser, account.username)
    stranger = str(places.appointment("48", "chu_tich"))
    answer = browser.post("/tai-khoan/chuc-danh/", {"chuc-danh": stranger}, follow=True)
    assert "không còn là của bạn" in answer.content.decode()
    assert browser.session.get("hat") != stranger


def test_log__many_entries__paged_and_only_the_own(owner: Owner, account: Account, browser: Client) -> None:
    other = owner("20194", "chu_tich", "ubnd")
    SignInEvent.objects.bulk_create(
        [
            SignInEvent(account=who, username=who.username, outcome=Outcome.REFUSED, ip=ip)
            for who, ip in [(account, "203.0.113.7")] * 60 + [(other, "198.51.100.9")] * 3
        ]
    )
    sign_in(browser, account.username)
    first = browser.get("/tai-khoan/nhat-ky/").content.decode()
    assert first.count("203.0.113.7") == 49
    assert "198.51.100.9" not in first
    assert browser.get("/tai-khoan/nhat-ky/?trang=2").content.decode().count("203.0.113.7") == 11
    assert browser.get("/tai-khoan/nhat-ky/?trang=x").status_code == 200


def test_person_without_a_post__still_has_an_account_page(
    places: Places, account: Account, browser: Client
) -> None:
    from datetime import date

    from haicap.registry.models import Appointment

    with journal.act(SYSTEM, "test.end") as act:
        appointment = Appointment.objects.get(person=account.person)
        Appointment.objects.filter(pk=appointment.pk).update(
            valid=Range(date(2025, 6, 1), date(2025, 7, 1), "[)")
        )
        act.changed("registry.appointment", appointment.pk, None, {"valid": "ended"})
    sign_in(browser, account.username)
    answer = browser.get("/tai-khoan/vao/", follow=True)
    assert "chưa giữ chức danh nào" in answer.content.decode()


def test_sign_in_page__without_vneid__no_link(places: object, browser: Client) -> None:
    assert "VNeID" not in browser.get("/dang-nhap/").content.decode()


def test_sign_in_page__vneid_configured__link(places: object, browser: Client, settings: object) -> None:
    settings.HAICAP_VNEID = {  # type: ignore[attr-defined]
        "server_url": "https://vneid.example",
        "client_id": "haicap",
        "client_secret": "x",
        "scope": "openid profile",
    }
    text = browser.get("/dang-nhap/").content.decode()
    assert "VNeID" in text
    assert "/cong-dan/vneid/" in text


def test_account_without_a_password__change_of_password__told(account: Account, browser: Client) -> None:
    account.set_unusable_password()
    account.save()
    browser.force_login(account)
    answer = browser.get("/tai-khoan/mat-khau/", follow=True)
    assert "không dùng mật khẩu" in answer.content.decode()
