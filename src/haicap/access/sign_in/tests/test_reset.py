"""Forgotten passwords: asked for by mail, by anybody for anybody, and of use to the owner only."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from psycopg.types.range import Range

from haicap.access.hats import hats_of_account
from haicap.access.models import Account, LinkPurpose, OneTimeLink, Outcome, SignInEvent
from haicap.access.sign_in import reset, service
from haicap.access.sign_in.tests.conftest import ADMINISTRATOR, Owner, is_in, sign_in
from haicap.access.tests import accounts
from haicap.kernel import clock, journal, outbox
from haicap.kernel.actor import SYSTEM
from haicap.registry.models import Appointment

PAGE, SENT = "/dang-nhap/quen-mat-khau/", "/dang-nhap/quen-mat-khau/da-nhan/"
NEW = "Cau-dai-de-nho-2"
SITE = "https://haicap.danang.gov.vn"


@pytest.fixture(autouse=True)
def sends_letters(settings: Any) -> None:
    settings.HAICAP_BASE_URL = SITE + "/"


@pytest.fixture
def account(owner: Owner) -> Account:
    return with_mail(owner(), "mot.cua@haivan.danang.gov.vn")


def with_mail(account: Account, address: str) -> Account:
    account.email = address
    account.save()
    return account


def ask(client: Client, name: str, address: str = "127.0.0.1", **more: Any) -> Any:
    """Send the form, and let the worker do its part."""
    answer = client.post(PAGE, {"login": name, **more}, REMOTE_ADDR=address)
    outbox.deliver_due()
    return answer


def link_in(letter: Any) -> str:
    """The path of the link in a letter."""
    found = re.search(rf"{SITE}(/tai-khoan/lien-ket/\S+/)", letter.body)
    assert found is not None, letter.body
    return found[1]


def use(client: Client, path: str, password: str = NEW) -> Any:
    return client.post(path, {"password1": password, "password2": password})


def test_reset__asked_by_mail_address__owner_sets_a_password_and_is_told(
    account: Account, browser: Client
) -> None:
    elsewhere = Client(headers={"host": "127.0.0.1"})
    sign_in(elsewhere, account.username)
    mail.outbox.clear()
    assert ask(browser, account.email.upper())["Location"] == SENT
    assert [letter.to for letter in mail.outbox] == [[account.email]]
    path = link_in(mail.outbox[0])
    assert account.username in browser.get(path).content.decode()
    assert use(browser, path)["Location"] == "/dang-nhap/"
    assert elsewhere.get("/tai-khoan/").status_code == 302  # signed out
    assert not is_in(browser)
    outbox.deliver_due()
    assert "vừa được đặt lại" in mail.outbox[-1].body
    assert mail.outbox[-1].to == [account.email]
    sign_in(browser, account.username, NEW)
    assert is_in(browser)
    events = SignInEvent.objects.filter(account=account)
    assert events.filter(outcome=Outcome.ASKED, method=reset.SENT, ip="127.0.0.1").count() == 1
    assert events.filter(outcome=Outcome.PASSWORD, method="mail").count() == 1


def test_reset__journalled__without_the_secret(account: Account, browser: Client) -> None:
    ask(browser, account.username)
    secret = link_in(mail.outbox[0]).split("/")[-2]
    told = str([entry.__dict__ for entry in journal.entries().entries])
    assert "access.issue_mail_link" in told
    assert secret not in told
    assert secret not in str(list(outbox_payloads()))


def outbox_payloads() -> list[Any]:
    from haicap.kernel.models.outbox import OutboxMessage

    return list(OutboxMessage.objects.values_list("payload", flat=True))


@pytest.mark.parametrize("name", ["khong.co", "khong.co@danang.gov.vn", "\x00", "é" * 250, "' OR 1=1 --"])
def test_reset__nobody_of_that_name__same_answer_same_queries_no_letter(
    account: Account, browser: Client, name: str
) -> None:
    browser.post(PAGE, {"login": "truoc"})  # a place that is counted for the first time sweeps old counters
    with CaptureQueriesContext(connection) as unknown:
        first = browser.post(PAGE, {"login": name})
    with CaptureQueriesContext(connection) as known:
        second = browser.post(PAGE, {"login": account.username})
    if name.strip("\x00"):
        assert (
            (first.status_code, first["Location"]) == (second.status_code, second["Location"]) == (302, SENT)
        )
        assert len(unknown) == len(known)
    outbox.deliver_due()
    assert len(mail.outbox) == 1
    assert mail.outbox[0].to == [account.email]


def test_reset__account_without_official_mail__no_letter_and_the_page_names_the_administrator(
    owner: Owner, browser: Client
) -> None:
    account = owner()
    assert account.email == ""
    answer = ask(browser, account.username)
    assert "hỏi người quản trị của đơn vị" in browser.get(answer["Location"]).content.decode()
    assert mail.outbox == []
    event = SignInEvent.objects.get(outcome=Outcome.ASKED)
    assert (event.account, event.method) == (account, reset.NO_MAIL)


def test_reset__link_used_twice__refused_and_the_first_password_stays(
    account: Account, browser: Client
) -> None:
    ask(browser, account.email)
    path = link_in(mail.outbox[0])
    use(browser, path)
    answer = use(browser, path, "Mat-khau-cua-ke-khac")
    assert (answer.status_code, "ACC-102" in answer.content.decode()) == (409, True)
    account.refresh_from_db()
    assert account.check_password(NEW)


def test_reset__link_too_late__refused_and_says_where_to_ask_again(account: Account, browser: Client) -> None:
    ask(browser, account.email)
    path = link_in(mail.outbox[0])
    with clock.shifted(timedelta(minutes=59)):
        assert browser.get(path).status_code == 200
    with clock.shifted(timedelta(minutes=61)):
        answer = use(browser, path)
    assert "ACC-103" in answer.content.decode()
    assert "Báo quên mật khẩu lần nữa" in answer.content.decode()


def test_reset__used__the_other_links_of_the_account_end(account: Account, browser: Client) -> None:
    ask(browser, account.email)
    with clock.shifted(reset.GAP + timedelta(minutes=1)):
        ask(browser, account.email)
        first, second = map(link_in, mail.outbox)
        use(browser, second)
        assert "ACC-103" in browser.get(first).content.decode()


def test_reset__asked_by_a_stranger__what_the_owner_holds_lives_on(account: Account, browser: Client) -> None:
    given = service.issue_link(SYSTEM, account, LinkPurpose.RESET)
    sign_in(browser, account.username)
    stranger = Client(headers={"host": "127.0.0.1"})
    for number in range(8):
        ask(stranger, account.email, f"198.51.100.{number}")
    assert len(mail.outbox) == 1  # one letter, however many ask, and its link is good
    assert browser.get("/tai-khoan/").status_code == 200
    assert browser.get(service.link_path(given)).status_code == 200
    assert browser.get(link_in(mail.outbox[0])).status_code == 200
    methods = SignInEvent.objects.filter(outcome=Outcome.ASKED).values_list("method", flat=True)
    assert sorted(methods) == sorted([reset.SENT] + 7 * [reset.SPARED])


def test_reset__link_used_and_forgotten_again__a_new_letter_at_once(
    account: Account, browser: Client
) -> None:
    ask(browser, account.email)
    use(browser, link_in(mail.outbox[0]))
    outbox.deliver_due()
    mail.outbox.clear()
    ask(browser, account.email)
    assert link_in(mail.outbox[0])


def test_reset__asked_often_from_one_place__waits_there_and_only_there(
    account: Account, browser: Client
) -> None:
    answers = [ask(browser, account.email, "198.51.100.7").status_code for _number in range(5)]
    assert answers == [302, 302, 302, 429, 429]
    page = ask(browser, account.email, "198.51.100.7").content.decode()
    assert "Thử nhiều lần quá" in page
    assert ask(browser, account.email, "203.0.113.9").status_code == 302
    assert SignInEvent.objects.filter(outcome=Outcome.THROTTLED, account=None).count() == 3


def test_reset__many_names_from_one_network__waits_but_a_known_browser_does_not(
    account: Account, browser: Client
) -> None:
    known = Client(headers={"host": "127.0.0.1"})
    sign_in(known, account.username, address="198.51.100.7")
    for number in range(reset.FREE_OF_PLACE):
        assert browser.post(PAGE, {"login": f"a{number}"}, REMOTE_ADDR="198.51.100.7").status_code == 302
    assert browser.post(PAGE, {"login": "b"}, REMOTE_ADDR="198.51.100.7").status_code == 429
    assert browser.post(PAGE, {"login": "b"}, REMOTE_ADDR="2001:db8::1").status_code == 302
    assert ask(known, account.email, "198.51.100.7").status_code == 302


def test_reset__wrong_passwords_before__owner_comes_in_at_once(account: Account, browser: Client) -> None:
    for _number in range(8):
        sign_in(browser, account.username, "sai")
    ask(browser, account.email)
    use(browser, link_in(mail.outbox[0]))
    sign_in(browser, account.username, NEW)
    assert is_in(browser)


def test_reset__delicate_title__second_factor_stays_and_is_asked_for(owner: Owner, browser: Client) -> None:
    administrator = with_mail(owner(*ADMINISTRATOR), "quan.tri@haivan.danang.gov.vn")
    factor = accounts.enrol_totp(administrator)
    ask(browser, administrator.email)
    use(browser, link_in(mail.outbox[0]))
    answer: Any = sign_in(browser, administrator.username, NEW)
    assert answer["Location"].startswith("/dang-nhap/lop-hai/")
    assert not is_in(browser)
    assert accounts.enrol_totp(administrator).pk == factor.pk


def test_reset__delicate_title_that_never_enrolled__mailbox_alone_opens_nothing(
    owner: Owner, browser: Client
) -> None:
    administrator = with_mail(owner(*ADMINISTRATOR), "quan.tri@haivan.danang.gov.vn")
    ask(browser, administrator.email)
    assert "hỏi người quản trị" in mail.outbox[0].body
    assert "/lien-ket/" not in mail.outbox[0].body
    assert not OneTimeLink.objects.exists()


def test_reset__locked_account__owner_is_told_by_mail_and_gets_no_link(
    account: Account, browser: Client
) -> None:
    account.is_active = False
    account.save()
    assert ask(browser, account.email)["Location"] == SENT
    ask(browser, account.email)
    assert len(mail.outbox) == 1
    assert "đang khóa" in mail.outbox[0].body
    assert not OneTimeLink.objects.exists()


def test_reset__locked_after_the_letter__link_refused(account: Account, browser: Client) -> None:
    ask(browser, account.email)
    account.is_active = False
    account.save()
    assert "ACC-104" in use(browser, link_in(mail.outbox[0])).content.decode()


def test_reset__unassigned__owner_comes_back_to_the_own_record(account: Account, browser: Client) -> None:
    today = clock.today()
    with journal.act(SYSTEM, "test.end") as act:
        for one in Appointment.objects.filter(person=account.person, recorded__upper_inf=True):
            one.valid = Range(one.valid.lower, today, "[)")
            one.save()
            act.changed("registry.appointment", one.pk, None, {"ended": True})
    ask(browser, account.email)
    use(browser, link_in(mail.outbox[0]))
    sign_in(browser, account.username, NEW)
    assert browser.get("/tai-khoan/").status_code == 200
    assert hats_of_account(account) == []


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:8000@evil.example", "localhost"])
def test_reset__forged_host__letter_keeps_the_deployments_own_address(
    account: Account, browser: Client, host: str
) -> None:
    browser.post(PAGE, {"login": account.email}, headers={"host": host, "x-forwarded-host": "evil.example"})
    outbox.deliver_due()
    for letter in mail.outbox:
        assert "evil" not in letter.body
        assert link_in(letter)
    assert len(mail.outbox) == (1 if host == "localhost" else 0)


@pytest.mark.parametrize("target", ["//evil.example/", "https://evil.example/", "/\\evil.example"])
def test_reset__address_to_go_on_to__never_followed(account: Account, browser: Client, target: str) -> None:
    answer = browser.post(f"{PAGE}?next={target}", {"login": account.email, "next": target})
    assert answer["Location"] == SENT
    outbox.deliver_due()
    path = link_in(mail.outbox[0])
    answer = browser.post(f"{path}?next={target}", {"password1": NEW, "password2": NEW, "next": target})
    assert answer["Location"] == "/dang-nhap/"


@pytest.mark.parametrize("backend", ["console", "dummy"])
def test_reset__mail_not_configured__said_clearly_and_nothing_promised(
    account: Account, browser: Client, settings: Any, backend: str
) -> None:
    settings.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
    page = browser.get(PAGE)
    assert page.status_code == 200
    assert "chưa gửi được thư" in page.content.decode()
    assert "<form method" not in page.content.decode().split("<main")[1].split("</main>")[0]
    assert browser.post(PAGE, {"login": account.email}).status_code == 503
    assert PAGE not in browser.get("/dang-nhap/").content.decode()
    assert outbox_payloads() == []


def test_reset__own_address_not_known__not_offered(account: Account, browser: Client, settings: Any) -> None:
    settings.HAICAP_BASE_URL = ""
    assert browser.post(PAGE, {"login": account.email}).status_code == 503


def test_reset__form_of_another_site__refused(account: Account) -> None:
    client = Client(enforce_csrf_checks=True, headers={"host": "127.0.0.1"})
    assert client.post(PAGE, {"login": account.email}).status_code == 403


def test_reset__offered__on_the_sign_in_page(browser: Client, places: object) -> None:
    assert f'href="{PAGE}"' in browser.get("/dang-nhap/").content.decode()
    text = browser.get(PAGE).content.decode()
    assert text.count("<h1") == 1
    assert browser.post(PAGE, {"login": " "}).status_code == 200
