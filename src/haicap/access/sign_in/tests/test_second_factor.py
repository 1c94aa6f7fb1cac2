"""TOTP, recovery codes, and what an account that must have them cannot get rid of."""

from __future__ import annotations

import json
import re
from contextlib import nullcontext

import pytest
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.test import Client
from fido2.utils import websafe_encode

from haicap.access.models import Account, Outcome, SignInEvent
from haicap.access.sign_in import service, throttle
from haicap.access.sign_in.tests.conftest import ADMINISTRATOR, Owner, is_in, sign_in
from haicap.access.tests import accounts
from haicap.kernel import clock
from haicap.kernel.actor import SYSTEM

CODE_PAGE = "/dang-nhap/lop-hai/"
ACTIVATE = "/tai-khoan/xac-thuc/ung-dung/"


@pytest.fixture
def administrator(owner: Owner) -> Account:
    return owner(*ADMINISTRATOR)


def wrong(secret: str) -> str:
    """A code of six digits that is right in no period that counts."""
    right = {accounts.totp_code(secret, step) for step in (-1, 0, 1)}
    return next(code for code in ("000000", "111111", "222222", "333333") if code not in right)


def enrol(client: Client, account: Account, django_capture: object) -> tuple[str, list[str]]:
    """Sign in and enrol by the pages; the secret and the recovery codes."""
    sign_in(client, account.username)
    page = client.get(ACTIVATE).content.decode()
    secret = re.search(r'id="hc-secret">([A-Z2-7]+)<', page)
    assert secret is not None
    assert "data:image/svg+xml" in page
    with django_capture(execute=True):  # type: ignore[operator]
        answer = client.post(ACTIVATE, {"code": accounts.totp_code(secret[1])})
    assert answer.status_code == 302, answer.content.decode()
    codes = re.findall(r"<li><code>(\d+)</code>", client.get(answer["Location"]).content.decode())
    return secret[1], codes


@pytest.mark.django_db(transaction=True)
def test_administrator__first_sign_in__enrols_sees_codes_once_and_works(
    administrator: Account, browser: Client
) -> None:
    _secret, codes = enrol(browser, administrator, lambda execute: nullcontext())
    assert len(set(codes)) == 10
    assert browser.get("/lam-viec/").status_code == 200
    again = browser.get("/tai-khoan/xac-thuc/ma-du-phong/").content.decode()
    assert not any(code in again for code in codes)


def test_secret__stored__encrypted(
    administrator: Account, browser: Client, django_capture_on_commit_callbacks: object
) -> None:
    secret, codes = enrol(browser, administrator, django_capture_on_commit_callbacks)
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert not any(code in stored for code in codes)


def test_administrator__next_sign_in__needs_a_code(
    administrator: Account, browser: Client, django_capture_on_commit_callbacks: object
) -> None:
    secret = accounts.totp_secret(administrator)
    assert sign_in(browser, administrator.username)["Location"].startswith(CODE_PAGE)  # type: ignore[index]
    assert not is_in(browser)
    assert browser.get("/tai-khoan/").status_code == 302
    assert "không đúng" in browser.post(CODE_PAGE, {"code": wrong(secret)}).content.decode()
    browser.post(CODE_PAGE, {"code": accounts.totp_code(secret)})
    assert is_in(browser)
    assert browser.get("/lam-viec/").status_code == 200
    told = list(
        SignInEvent.objects.filter(account=administrator).order_by("pk").values_list("outcome", "method")
    )
    assert told == [(Outcome.SECOND_FACTOR, ""), (Outcome.SIGNED_IN, "password+totp")]


def test_code__used_twice__refused_the_second_time(administrator: Account, browser: Client) -> None:
    secret = accounts.totp_secret(administrator)
    code = accounts.totp_code(secret)
    sign_in(browser, administrator.username)
    browser.post(CODE_PAGE, {"code": code})
    assert is_in(browser)
    thief = Client(headers={"host": "127.0.0.1"})
    sign_in(thief, administrator.username)
    thief.post(CODE_PAGE, {"code": code})
    assert not is_in(thief)


def test_code__used_twice_while_the_librarys_memory_is_over__still_refused(
    administrator: Account, browser: Client
) -> None:
    from django.core.cache import cache

    secret = accounts.totp_secret(administrator)
    code = accounts.totp_code(secret, 1)
    sign_in(browser, administrator.username)
    browser.post(CODE_PAGE, {"code": code})
    cache.delete(f"allauth.mfa.totp.used?user={administrator.pk}&code={code}")
    thief = Client(headers={"host": "127.0.0.1"})
    sign_in(thief, administrator.username)
    thief.post(CODE_PAGE, {"code": code})
    assert not is_in(thief)


def test_recovery_code__used_twice__refused_the_second_time(
    administrator: Account, browser: Client, django_capture_on_commit_callbacks: object
) -> None:
    _secret, codes = enrol(browser, administrator, django_capture_on_commit_callbacks)
    browser.post("/dang-xuat/")
    sign_in(browser, administrator.username)
    browser.post(CODE_PAGE, {"code": codes[0]})
    assert is_in(browser)
    assert browser.get("/lam-viec/").status_code == 200
    browser.post("/dang-xuat/")
    sign_in(browser, administrator.username)
    browser.post(CODE_PAGE, {"code": codes[0]})
    assert not is_in(browser)
    browser.post(CODE_PAGE, {"code": codes[1]})
    assert is_in(browser)


def test_codes__guessed__slowed_down_whatever_the_address(administrator: Account) -> None:
    secret = accounts.totp_secret(administrator)
    text = ""
    for number in range(21):
        thief = Client(headers={"host": "127.0.0.1"})
        address = f"198.51.100.{number}"
        sign_in(thief, administrator.username, address=address)
        text = thief.post(CODE_PAGE, {"code": wrong(secret)}, REMOTE_ADDR=address).content.decode()
    assert "Thử nhiều lần quá" in text


def test_codes__guessed_at_one_place__slowed_down(administrator: Account, browser: Client) -> None:
    secret = accounts.totp_secret(administrator)
    sign_in(browser, administrator.username)
    for _time in range(throttle.FREE):
        browser.post(CODE_PAGE, {"code": wrong(secret)})
    answer = browser.post(CODE_PAGE, {"code": accounts.totp_code(secret)})
    assert "Thử nhiều lần quá" in answer.content.decode()
    assert not is_in(browser)


def test_code_page__without_a_password_before__leads_to_sign_in(places: object, browser: Client) -> None:
    assert browser.get(CODE_PAGE)["Location"].startswith("/dang-nhap/")
    assert browser.post(CODE_PAGE, {"code": "123456"})["Location"].startswith("/dang-nhap/")


def test_administrator__turns_off_the_only_factor__refused(administrator: Account, browser: Client) -> None:
    secret = accounts.totp_secret(administrator)
    sign_in(browser, administrator.username)
    browser.post(CODE_PAGE, {"code": accounts.totp_code(secret)})
    answer = browser.post("/tai-khoan/xac-thuc/ung-dung/tat/")
    assert "bắt buộc" in answer.content.decode()
    assert Authenticator.objects.filter(user=administrator, type="totp").exists()


def test_specialist__turns_factor_on_and_off_again(
    owner: Owner, browser: Client, django_capture_on_commit_callbacks: object
) -> None:
    account = owner()
    enrol(browser, account, django_capture_on_commit_callbacks)
    assert browser.post("/tai-khoan/xac-thuc/ung-dung/tat/").status_code == 302
    assert not Authenticator.objects.filter(user=account).exists()


def test_factors__removed_by_an_administrator__owner_starts_again(
    administrator: Account, browser: Client
) -> None:
    accounts.enrol_totp(administrator)
    browser.force_login(administrator)
    assert service.remove_second_factors(SYSTEM, administrator) == 1
    sign_in(browser, administrator.username)
    assert browser.get("/lam-viec/")["Location"].startswith("/tai-khoan/lop-hai/")


def test_own_factor__old_sign_in__asks_for_the_password_again(owner: Owner, browser: Client) -> None:
    account = owner()
    sign_in(browser, account.username)
    session = browser.session
    records = session["account_authentication_methods"]
    session["account_authentication_methods"] = [{**record, "at": record["at"] - 400} for record in records]
    session.save()
    answer = browser.get(ACTIVATE)
    assert answer["Location"].startswith("/tai-khoan/xac-nhan/")
    answer = browser.post(answer["Location"], {"password": accounts.PASSWORD, "next": ACTIVATE})
    assert answer["Location"] == ACTIVATE
    assert browser.get(ACTIVATE).status_code == 200


BROKEN = [
    "",
    "x",
    "[]",
    "5",
    "null",
    "{}",
    '{"id": 1}',
    '{"response": []}',
    '{"response": {"userHandle": "AAAA"}}',
]


@pytest.mark.parametrize("credential", BROKEN)
def test_passkey__broken_answer_of_the_browser__refused_calmly(
    owner: Owner, browser: Client, credential: str
) -> None:
    account = owner()
    browser.get("/dang-nhap/khoa/", headers={"accept": "application/json"})
    assert browser.post("/dang-nhap/khoa/", {"credential": credential}).status_code in (200, 302)
    assert not is_in(browser)
    sign_in(browser, account.username)
    page = "/tai-khoan/xac-thuc/khoa/them/"
    browser.get(page)
    assert browser.post(page, {"name": "a", "credential": credential}).status_code == 200
    assert not Authenticator.objects.filter(user=account).exists()


@pytest.mark.parametrize("credential", BROKEN)
def test_passkey__broken_answer_as_second_factor__refused_calmly(
    administrator: Account, browser: Client, credential: str
) -> None:
    accounts.enrol_totp(administrator)
    sign_in(browser, administrator.username)
    browser.get(CODE_PAGE)
    assert browser.post(CODE_PAGE, {"credential": credential}).status_code == 200
    assert not is_in(browser)


PASSKEY_DOOR = "/dang-nhap/khoa/"


def answer_of(account: Account) -> str:
    """An answer of a passkey that says it is this account's; its signature is nobody's."""
    handle = websafe_encode(user_pk_to_url_str(account).encode())
    client = {"type": "webauthn.get", "challenge": "AAAA", "origin": "https://127.0.0.1"}
    return json.dumps(
        {
            "id": websafe_encode(b"key"),
            "rawId": websafe_encode(b"key"),
            "type": "public-key",
            "response": {
                "clientDataJSON": websafe_encode(json.dumps(client).encode()),
                "authenticatorData": websafe_encode(bytes(32) + b"\x05" + bytes(4)),
                "signature": websafe_encode(b"sign"),
                "userHandle": handle,
            },
            "clientExtensionResults": {},
        }
    )


def test_passkey_sign_in__refused__kept_in_the_log_of_whom_it_named(owner: Owner, browser: Client) -> None:
    account = owner()
    browser.get(PASSKEY_DOOR, headers={"accept": "application/json"})
    browser.post(PASSKEY_DOOR, {"credential": answer_of(account)})
    assert not is_in(browser)
    event = SignInEvent.objects.get(outcome=Outcome.REFUSED)
    assert (event.account, event.method, event.ip) == (account, "webauthn", "127.0.0.1")
    browser.post(PASSKEY_DOOR, {"credential": '{"id": 1}'})
    assert SignInEvent.objects.filter(outcome=Outcome.REFUSED, account=None, method="webauthn").count() == 1


def test_passkey_sign_in__often_refused__waits_where_it_comes_from_and_locks_nobody_out(
    owner: Owner, browser: Client
) -> None:
    account = owner()
    for _number in range(throttle.FREE + 2):
        browser.post(PASSKEY_DOOR, {"credential": answer_of(account)}, REMOTE_ADDR="198.51.100.7")
    events = SignInEvent.objects.filter(account=account, method="webauthn")
    assert events.filter(outcome=Outcome.REFUSED).count() == throttle.FREE
    assert events.filter(outcome=Outcome.THROTTLED).count() == 2
    page = browser.get("/dang-nhap/").content.decode()
    assert "Thử nhiều lần quá" in page
    elsewhere = Client(headers={"host": "127.0.0.1"})
    elsewhere.post(PASSKEY_DOOR, {"credential": answer_of(account)}, REMOTE_ADDR="203.0.113.9")
    assert events.filter(outcome=Outcome.REFUSED, ip="203.0.113.9").count() == 1
    sign_in(elsewhere, account.username, address="198.51.100.7")
    assert is_in(elsewhere)


def test_passkey_as_second_factor__wrong__kept_in_the_log_and_slowed_down(
    administrator: Account, browser: Client
) -> None:
    accounts.enrol_totp(administrator)
    sign_in(browser, administrator.username)
    browser.get(CODE_PAGE)
    for _number in range(throttle.FREE + 1):
        browser.post(CODE_PAGE, {"credential": answer_of(administrator)})
    events = SignInEvent.objects.filter(account=administrator, method="webauthn")
    assert events.filter(outcome=Outcome.SECOND_FACTOR).count() == throttle.FREE
    assert events.filter(outcome=Outcome.THROTTLED).count() == 1
    assert not is_in(browser)


def test_factor__added_and_used__by_the_clock_of_the_house(administrator: Account, browser: Client) -> None:
    factor = accounts.enrol_totp(administrator)
    sign_in(browser, administrator.username)
    browser.post(CODE_PAGE, {"code": accounts.totp_code(accounts.totp_secret(administrator))})
    assert is_in(browser)
    factor.refresh_from_db()
    assert {factor.created_at.date(), factor.last_used_at.date()} == {clock.now().date()}
