"""Sessions: listed, ended, idle; new devices; what ends with a password or a lock."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client

from haicap.access.models import Account, KnownDevice, Outcome, SignInEvent
from haicap.access.sign_in import sessions
from haicap.access.sign_in.tests.conftest import ADMINISTRATOR, Owner, is_in, sign_in
from haicap.access.tests import accounts
from haicap.kernel import clock, outbox
from haicap.registry.tests.places import Places


def fresh(agent: str = "Mozilla/5.0 (Windows NT 10.0) Firefox/128.0") -> Client:
    return Client(headers={"host": "127.0.0.1", "user-agent": agent})


def outcomes(account: Account) -> list[str]:
    return list(SignInEvent.objects.filter(account=account).order_by("pk").values_list("outcome", flat=True))


@pytest.fixture
def account(owner: Owner) -> Account:
    return owner()


def test_sessions__two_browsers__both_listed_with_device_and_address(
    account: Account, browser: Client
) -> None:
    sign_in(browser, account.username)
    sign_in(fresh(), account.username, address="203.0.113.7")
    page = browser.get("/tai-khoan/phien/").content.decode()
    assert "Firefox trên Windows" in page
    assert "203.0.113.7" in page
    assert "phiên này" in page


def test_session__ended_by_its_owner__over_at_once(account: Account, browser: Client) -> None:
    other = fresh()
    sign_in(browser, account.username)
    sign_in(other, account.username)
    shown = sessions.sessions_of(account, browser.session.session_key)
    assert [one.is_current for one in shown] == [True, False]
    browser.post(f"/tai-khoan/phien/{shown[1].id}/")
    assert other.get("/tai-khoan/").status_code == 302
    assert is_in(browser)
    assert outcomes(account)[-1] == Outcome.ENDED


def test_session__of_another_account__cannot_be_ended(
    owner: Owner, account: Account, browser: Client
) -> None:
    other, victim = fresh(), owner("20194", "chu_tich", "ubnd")
    sign_in(browser, account.username)
    sign_in(other, victim.username)
    number = sessions.sessions_of(victim)[0].id
    assert browser.post(f"/tai-khoan/phien/{number}/").status_code == 404
    assert is_in(other)


def test_sessions__end_all_others__only_this_one_stays(account: Account, browser: Client) -> None:
    others = [fresh() for _number in range(3)]
    for client in [browser, *others]:
        sign_in(client, account.username)
    browser.post("/tai-khoan/phien/tat-ca/")
    assert is_in(browser)
    assert not any(is_in(client) for client in others)


def test_sessions__password_changed__others_end(account: Account, browser: Client) -> None:
    other = fresh()
    sign_in(browser, account.username)
    sign_in(other, account.username)
    key = other.session.session_key
    browser.post(
        "/tai-khoan/mat-khau/",
        {"oldpassword": accounts.PASSWORD, "password1": "Cau-dai-de-nho-1", "password2": "Cau-dai-de-nho-1"},
    )
    assert is_in(browser)
    assert browser.get("/tai-khoan/").status_code == 200
    assert not Session.objects.filter(session_key=key).exists()


def test_sessions__account_locked__all_end(
    account: Account, browser: Client, django_capture_on_commit_callbacks: object
) -> None:
    sign_in(browser, account.username)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        account.is_active = False
        account.save()
    assert browser.get("/tai-khoan/").status_code == 302
    assert not Session.objects.exists()
    assert sessions.sessions_of(account) == []


def test_session__idle_longer_than_eight_hours__over_and_told(account: Account, browser: Client) -> None:
    sign_in(browser, account.username)
    browser.get("/tai-khoan/")
    with clock.shifted(timedelta(hours=7, minutes=59)):
        assert browser.get("/tai-khoan/").status_code == 200
    with clock.shifted(timedelta(hours=16, minutes=1)):
        answer = browser.get("/tai-khoan/", follow=True)
    assert "lâu không dùng" in answer.content.decode()
    assert not is_in(browser)
    event = SignInEvent.objects.filter(account=account).latest("pk")
    assert (event.outcome, event.method) == (Outcome.SIGNED_OUT, "idle")


def test_session__delicate_hat__half_an_hour(places: Places, browser: Client) -> None:
    accounts.sign_in(browser, places.appointment(*ADMINISTRATOR))
    assert browser.get("/lam-viec/").status_code == 200
    with clock.shifted(timedelta(minutes=29)):
        assert browser.get("/lam-viec/").status_code == 200
    with clock.shifted(timedelta(minutes=60)):
        browser.get("/lam-viec/")
    assert not is_in(browser)


def test_session__idle__public_page_is_shown_to_a_visitor(account: Account, browser: Client) -> None:
    sign_in(browser, account.username)
    with clock.shifted(timedelta(hours=9)):
        answer = browser.get("/")
    assert answer.status_code == 200
    assert account.get_full_name() not in answer.content.decode()


def test_session__many_requests_in_a_minute__written_once(account: Account, browser: Client) -> None:
    sign_in(browser, account.username)
    mark = browser.session[sessions.SEEN_KEY]
    for _time in range(3):
        browser.get("/tai-khoan/")
    assert browser.session[sessions.SEEN_KEY] == mark
    with clock.shifted(timedelta(seconds=61)):
        browser.get("/tai-khoan/")
    assert browser.session[sessions.SEEN_KEY] > mark


def test_device__first_of_all__no_warning(account: Account, browser: Client) -> None:
    sign_in(browser, account.username)
    assert KnownDevice.objects.filter(account=account).count() == 1
    assert Outcome.NEW_DEVICE not in outcomes(account)
    assert browser.cookies["haicap_device"]["httponly"]


def test_device__known_again__no_warning(account: Account, browser: Client) -> None:
    for _time in range(2):
        sign_in(browser, account.username)
        browser.post("/dang-xuat/")
    assert KnownDevice.objects.filter(account=account).count() == 1


def test_device__new__other_sessions_are_told_once_and_a_letter_goes_out(
    account: Account, browser: Client
) -> None:
    account.email = "mot.cua@haivan.danang.gov.vn"
    account.save()
    sign_in(browser, account.username)
    stranger = fresh()
    sign_in(stranger, account.username, address="198.51.100.9")
    assert Outcome.NEW_DEVICE in outcomes(account)
    assert "vừa đăng nhập từ thiết bị lạ" not in stranger.get("/tai-khoan/").content.decode()
    first = browser.get("/tai-khoan/").content.decode()
    assert "198.51.100.9" in first
    assert "vừa đăng nhập từ thiết bị lạ" in first
    assert "vừa đăng nhập từ thiết bị lạ" not in browser.get("/tai-khoan/").content.decode()
    message = outbox.OutboxMessage.objects.get(topic="access.send_letter")
    outbox.deliver(message.pk)
    assert mail.outbox[0].to == [account.email]
    assert "198.51.100.9" in mail.outbox[0].body


def test_device__two_accounts_at_one_pc__both_know_it(
    owner: Owner, account: Account, browser: Client
) -> None:
    second = owner("20194", "chu_tich", "ubnd")
    for who in (account, second):
        sign_in(browser, who.username)
        browser.post("/dang-xuat/")
    assert KnownDevice.objects.values("digest").distinct().count() == 1


def test_device__secret__kept_as_a_digest(account: Account, browser: Client) -> None:
    sign_in(browser, account.username)
    assert browser.cookies["haicap_device"].value not in str(KnownDevice.objects.get().__dict__)
