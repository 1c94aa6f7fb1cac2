"""One-time links: told once, used once, by their owner only; and the slips on paper."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import typst
from django.test import Client

from haicap.access.models import Account, LinkPurpose, OneTimeLink, Outcome, SignInEvent
from haicap.access.sign_in import service
from haicap.access.sign_in.errors import AccountLocked, LinkUsed
from haicap.access.sign_in.tests.conftest import ADMINISTRATOR, Owner, is_in, sign_in
from haicap.access.tests import accounts
from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.registry.tests.places import Places

NEW = "Cau-dai-de-nho-1"


@pytest.fixture
def account(places: Places) -> Account:
    return accounts.account_of(places.appointment("20194", "cong_chuc_mot_cua", "tt_pvhcc"))


def page(secret: str) -> str:
    return f"/tai-khoan/lien-ket/{secret}/"


def set_password(client: Client, secret: str, password: str = NEW) -> object:
    return client.post(page(secret), {"password1": password, "password2": password})


def test_link__used__owner_signs_in_with_the_new_password(account: Account, browser: Client) -> None:
    secret = service.issue_link(SYSTEM, account, LinkPurpose.FIRST)
    assert account.username in browser.get(page(secret)).content.decode()
    answer = set_password(browser, secret)
    assert answer["Location"] == "/dang-nhap/"  # type: ignore[index]
    assert not is_in(browser)
    sign_in(browser, account.username, NEW)
    assert is_in(browser)
    assert SignInEvent.objects.filter(account=account, outcome=Outcome.PASSWORD, method="link").exists()


def test_link__kept__as_a_digest_only(account: Account) -> None:
    secret = service.issue_link(SYSTEM, account, LinkPurpose.FIRST)
    link = OneTimeLink.objects.get()
    assert secret not in str(link.__dict__)
    assert len(link.digest) == 64
    assert len(secret) >= 43
    told = str([entry.__dict__ for entry in journal.entries().entries])
    assert secret not in told
    assert link.digest not in told


def test_link__only_looked_at__not_used_up(account: Account, browser: Client) -> None:
    secret = service.issue_link(SYSTEM, account, LinkPurpose.FIRST)
    for _time in range(3):
        assert browser.get(page(secret)).status_code == 200
        assert browser.head(page(secret)).status_code == 200
    assert OneTimeLink.objects.get().used_at is None


def test_link__used_twice__refused_and_the_first_password_stays(account: Account, browser: Client) -> None:
    secret = service.issue_link(SYSTEM, account, LinkPurpose.FIRST)
    set_password(browser, secret)
    answer = set_password(browser, secret, "Mat-khau-cua-ke-khac")
    assert answer.status_code == 409  # type: ignore[attr-defined]
    assert "ACC-102" in answer.content.decode()  # type: ignore[attr-defined]
    assert browser.get(page(secret)).status_code == 409
    account.refresh_from_db()
    assert account.check_password(NEW)


@pytest.mark.django_db(transaction=True)
def test_link__used_by_two_at_once__one_wins() -> None:
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    from haicap.registry.tests.places import NOW, make_places

    with clock.at(NOW):
        places = make_places()
        account = accounts.account_of(places.appointment("20194", "chu_tich"))
        secret = service.issue_link(SYSTEM, account, LinkPurpose.RESET)

    def use(number: int) -> bool:
        try:
            with clock.at(NOW):
                service.use_link(secret, f"Mat-khau-thu-{number}")
            return True
        except LinkUsed:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(use, range(4))) == 1


@pytest.mark.parametrize(("purpose", "hours"), [(LinkPurpose.FIRST, 72), (LinkPurpose.RESET, 2)])
def test_link__too_late__refused(account: Account, browser: Client, purpose: LinkPurpose, hours: int) -> None:
    secret = service.issue_link(SYSTEM, account, purpose)
    with clock.shifted(timedelta(hours=hours, minutes=-1)):
        assert browser.get(page(secret)).status_code == 200
    with clock.shifted(timedelta(hours=hours, minutes=1)):
        answer = set_password(browser, secret)
    assert "ACC-103" in answer.content.decode()  # type: ignore[attr-defined]


def test_link__newer_one_issued__earlier_ends(account: Account, browser: Client) -> None:
    earlier = service.issue_link(SYSTEM, account, LinkPurpose.FIRST)
    later = service.issue_link(SYSTEM, account, LinkPurpose.RESET)
    assert "ACC-103" in browser.get(page(earlier)).content.decode()
    assert browser.get(page(later)).status_code == 200


@pytest.mark.parametrize("secret", ["a", "x" * 43, "%00", "é" * 20, "a" * 3000])
def test_link__guessed__refused(account: Account, browser: Client, secret: str) -> None:
    service.issue_link(SYSTEM, account, LinkPurpose.FIRST)
    assert browser.get(page(secret)).status_code in (400, 404)


def test_link__locked_account__neither_issued_nor_used(account: Account, browser: Client) -> None:
    secret = service.issue_link(SYSTEM, account, LinkPurpose.FIRST)
    account.is_active = False
    account.save()
    assert "ACC-104" in set_password(browser, secret).content.decode()  # type: ignore[attr-defined]
    with pytest.raises(AccountLocked):
        service.issue_link(SYSTEM, account, LinkPurpose.RESET)


@pytest.mark.parametrize("weak", ["ngan", "1234567890", "password123"])
def test_link__weak_password__refused_and_not_used_up(account: Account, browser: Client, weak: str) -> None:
    secret = service.issue_link(SYSTEM, account, LinkPurpose.FIRST)
    assert set_password(browser, secret, weak).status_code == 200  # type: ignore[attr-defined]
    assert OneTimeLink.objects.get().used_at is None


def test_link__reset__ends_sessions_and_does_not_pass_the_second_factor(
    places: Places, browser: Client
) -> None:
    account = accounts.account_of(places.appointment(*ADMINISTRATOR))
    signed_in = Client(headers={"host": "127.0.0.1"})
    accounts.sign_in(signed_in, places.appointment(*ADMINISTRATOR))
    secret = service.issue_link(SYSTEM, account, LinkPurpose.RESET)
    set_password(browser, secret)
    assert signed_in.get("/tai-khoan/").status_code == 302
    answer = sign_in(browser, account.username, NEW)
    assert answer["Location"].startswith("/dang-nhap/lop-hai/")  # type: ignore[index]
    assert not is_in(browser)


def test_link__page_of_another_site__refused(account: Account) -> None:
    secret = service.issue_link(SYSTEM, account, LinkPurpose.FIRST)
    browser = Client(enforce_csrf_checks=True, headers={"host": "127.0.0.1"})
    assert set_password(browser, secret).status_code == 403  # type: ignore[attr-defined]


def test_links__of_many__few_queries(places: Places, django_assert_max_num_queries: object) -> None:
    many = [
        accounts.account_of(places.appointment(code, "chu_tich"))
        for code in ("20194", "20196", "20197")
        if code in places.units
    ]
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        secrets = service.issue_links(SYSTEM, many, LinkPurpose.FIRST)
    assert [service.open_link(secret).account_id for secret in secrets] == [account.pk for account in many]


def test_slips__five_accounts__two_pages_with_name_and_user_name(owner: Owner, places: Places) -> None:
    account = owner()
    secret = service.issue_link(SYSTEM, account, LinkPurpose.FIRST)
    slip = service.slip_of(account, secret, "https://haicap.danang.gov.vn")
    assert slip.address == f"https://haicap.danang.gov.vn/tai-khoan/lien-ket/{secret}/"
    assert "Trung tâm Phục vụ hành chính công" in slip.agency
    data = service.slip_pdf([slip] * 5)
    assert data.startswith(b"%PDF-")
    values = json.dumps(service.slip_values([slip] * 5))
    pages = typst.compile(
        str(service.TEMPLATE), root=str(service.TEMPLATE.parent), sys_inputs={"values": values}, format="svg"
    )
    assert len(pages) == 2


def test_slip__markup_in_a_name__stays_text(owner: Owner) -> None:
    slip = service.Slip('#read("/etc/passwd") *x*', "$ a $", "an.nt", "https://x/", "")
    assert service.slip_pdf([slip]).startswith(b"%PDF-")
