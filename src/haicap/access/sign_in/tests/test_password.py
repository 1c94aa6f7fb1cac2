"""Signing in with a password: what is told, what is written, where one lands, what cannot be forged."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from haicap.access.models import Account, Outcome, SignInEvent
from haicap.access.sign_in.tests.conftest import Owner, is_in, sign_in
from haicap.access.tests import accounts


def outcomes(account: Account | None) -> list[tuple[str, str]]:
    return list(SignInEvent.objects.filter(account=account).order_by("pk").values_list("outcome", "method"))


def words(answer: object) -> str:
    """What the page says, without what differs at every answer."""
    text = answer.content.decode()  # type: ignore[attr-defined]
    text = re.sub(r'csrfmiddlewaretoken" value="[^"]+|X-CSRFToken": "[^"]+', "", text)
    return re.sub(r'name="login" value="[^"]*"', "", text)


def test_account__sign_in__by_user_name_in_any_case(owner: Owner, browser: Client) -> None:
    account = owner()
    answer = sign_in(browser, f"  {account.username.upper()} ")
    assert answer["Location"] == "/tai-khoan/vao/"  # type: ignore[index]
    assert is_in(browser)
    assert outcomes(account) == [(Outcome.SIGNED_IN, "password")]


def test_account__sign_in__by_official_mail(owner: Owner, browser: Client) -> None:
    account = owner()
    account.email = "mot.cua@haivan.danang.gov.vn"
    account.save()
    sign_in(browser, "Mot.Cua@haivan.danang.gov.vn")
    assert is_in(browser)


def test_account__wrong_password_or_no_such_account__same_words(owner: Owner, browser: Client) -> None:
    account = owner()
    wrong = sign_in(browser, account.username, "khong-phai-mat-khau")
    nobody = sign_in(browser, "khong.co.ai", "khong-phai-mat-khau")
    assert wrong.status_code == nobody.status_code == 200  # type: ignore[attr-defined]
    assert words(wrong) == words(nobody)
    assert "Tên đăng nhập hoặc mật khẩu không đúng." in words(wrong)
    assert outcomes(account) == [(Outcome.REFUSED, "password")]
    assert SignInEvent.objects.get(account=None).username == "khong.co.ai"


def test_account__never_set_a_password__same_words(places: object, owner: Owner, browser: Client) -> None:
    account = owner()
    account.set_unusable_password()
    account.save()
    answer = sign_in(browser, account.username)
    assert "Tên đăng nhập hoặc mật khẩu không đúng." in words(answer)


def test_account__locked__told_only_to_who_knows_the_password(owner: Owner, browser: Client) -> None:
    account = owner()
    account.is_active = False
    account.save()
    assert "Tên đăng nhập hoặc mật khẩu không đúng." in words(
        sign_in(browser, account.username, "sai-mat-khau")
    )
    answer = sign_in(browser, account.username)
    assert answer["Location"] == "/dang-nhap/dang-khoa/"  # type: ignore[index]
    assert "đang khóa" in browser.get("/dang-nhap/dang-khoa/").content.decode()
    assert not is_in(browser)
    assert outcomes(account)[-1][0] == Outcome.LOCKED


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "' OR 1=1 --", "<script>alert(1)</script>", "🙂", "  "])
def test_sign_in__odd_names__refused_calmly(places: object, browser: Client, name: str) -> None:
    answer = sign_in(browser, name, "mat-khau-nao-do")
    assert answer.status_code == 200  # type: ignore[attr-defined]
    assert "<script>alert" not in answer.content.decode()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "onward",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "http://127.0.0.1@evil.example/",
        " //evil.example",
        "/\t/evil.example",
    ],
)
def test_sign_in__next_to_another_host__not_followed(owner: Owner, browser: Client, onward: str) -> None:
    answer = sign_in(browser, owner().username, next=onward)
    assert answer["Location"] == "/tai-khoan/vao/"  # type: ignore[index]


def test_sign_in__next_on_this_host__followed(owner: Owner, browser: Client) -> None:
    answer = sign_in(browser, owner().username, next="/ho-so/?x=1")
    assert answer["Location"] == "/ho-so/?x=1"  # type: ignore[index]


@pytest.mark.parametrize("path", ["/tai-khoan/lop-hai/", "/dang-xuat/"])
def test_others__next_to_another_host__not_followed(owner: Owner, browser: Client, path: str) -> None:
    browser.force_login(owner())
    answer = browser.get(path, {"next": "//evil.example/"})
    if answer.status_code == 200:
        answer = browser.post(path, {"next": "//evil.example/"})
    assert "evil" not in answer["Location"]


def test_sign_in__page_of_another_site__refused(owner: Owner) -> None:
    browser = Client(enforce_csrf_checks=True, headers={"host": "127.0.0.1"})
    answer = sign_in(browser, owner().username)
    assert answer.status_code == 403  # type: ignore[attr-defined]
    assert not is_in(browser)


@pytest.mark.parametrize(
    "path",
    [
        "/dang-xuat/",
        "/tai-khoan/chuc-danh/",
        "/tai-khoan/mat-khau/",
        "/tai-khoan/phien/1/",
        "/tai-khoan/phien/tat-ca/",
        "/tai-khoan/xac-thuc/ung-dung/",
        "/tai-khoan/xac-thuc/ma-du-phong/moi/",
    ],
)
def test_own_pages__post_of_another_site__refused(owner: Owner, path: str) -> None:
    browser = Client(enforce_csrf_checks=True, headers={"host": "127.0.0.1"})
    browser.force_login(owner())
    assert browser.post(path, {}).status_code == 403
    assert is_in(browser)


def test_session__planted_before_sign_in__gets_another_key(owner: Owner, browser: Client) -> None:
    browser.get("/dang-nhap/")
    session = browser.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    browser.cookies["haicap_session"] = planted
    sign_in(browser, owner().username)
    assert is_in(browser)
    assert browser.session.session_key != planted
    thief = Client(headers={"host": "127.0.0.1"})
    thief.cookies["haicap_session"] = planted
    assert not is_in(thief)


def test_account__sign_out__written_and_over(owner: Owner, browser: Client) -> None:
    account = owner()
    sign_in(browser, account.username)
    browser.post("/dang-xuat/")
    assert not is_in(browser)
    assert [outcome for outcome, _method in outcomes(account)] == [Outcome.SIGNED_IN, Outcome.SIGNED_OUT]


def test_account__change_password__written_cleared_and_never_in_the_journal(
    owner: Owner, browser: Client
) -> None:
    account = owner()
    account.must_change_password = True
    account.save()
    sign_in(browser, account.username)
    answer = browser.post(
        "/tai-khoan/mat-khau/",
        {"oldpassword": accounts.PASSWORD, "password1": "Cau-dai-de-nho-1", "password2": "Cau-dai-de-nho-1"},
    )
    assert answer.status_code == 302, answer.content.decode()
    account.refresh_from_db()
    assert not account.must_change_password
    assert account.check_password("Cau-dai-de-nho-1")
    assert is_in(browser)
    assert (Outcome.PASSWORD, "") in outcomes(account)


@pytest.mark.parametrize(
    ("old", "new", "again"),
    [
        ("sai-mat-khau-cu", "Cau-dai-de-nho-1", "Cau-dai-de-nho-1"),
        (accounts.PASSWORD, "ngan", "ngan"),
        (accounts.PASSWORD, "1234567890123", "1234567890123"),
        (accounts.PASSWORD, "Cau-dai-de-nho-1", "Cau-dai-de-nho-2"),
        (accounts.PASSWORD, accounts.PASSWORD, accounts.PASSWORD),
    ],
    ids=["wrong old", "short", "digits", "not the same", "not new"],
)
def test_account__change_password__refused(
    owner: Owner, browser: Client, old: str, new: str, again: str
) -> None:
    account = owner()
    sign_in(browser, account.username)
    answer = browser.post("/tai-khoan/mat-khau/", {"oldpassword": old, "password1": new, "password2": again})
    assert answer.status_code == 200
    account.refresh_from_db()
    assert account.check_password(accounts.PASSWORD)


@pytest.mark.parametrize(
    "path",
    [
        "/tai-khoan/signup/",
        "/tai-khoan/email/",
        "/tai-khoan/password/reset/",
        "/accounts/signup/",
        "/tai-khoan/login/code/",
    ],
)
def test_library__pages_we_do_not_use__are_not_there(places: object, browser: Client, path: str) -> None:
    assert browser.get(path).status_code == 404
