"""Slowing down: guesses wait, and nobody can keep an owner out from elsewhere."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from haicap.access.models import Outcome, SignInEvent
from haicap.access.models.sign_in import Throttle
from haicap.access.sign_in import throttle
from haicap.access.sign_in.tests.conftest import Owner, is_in, sign_in
from haicap.kernel import clock

HERE, THERE = "203.0.113.7", "198.51.100.9"
TOO_OFTEN = "Thử nhiều lần quá"


def guess(name: str, times: int, address: str = THERE) -> str:
    """Guess from a browser that nobody knows; what the last page says."""
    text = ""
    for number in range(times):
        stranger = Client(headers={"host": "127.0.0.1"})
        text = sign_in(stranger, name, f"doan-mat-khau-{number}", address).content.decode()  # type: ignore[attr-defined]
    return text


def test_guesses__more_than_free__wait_even_with_the_right_password(owner: Owner, browser: Client) -> None:
    account = owner()
    assert TOO_OFTEN not in guess(account.username, throttle.FREE)
    assert TOO_OFTEN in guess(account.username, 1)
    sign_in(browser, account.username, address=THERE)
    assert not is_in(browser)
    assert SignInEvent.objects.filter(account=account, outcome=Outcome.THROTTLED).count() == 2


def test_guesses__after_the_wait__owner_gets_in(owner: Owner, browser: Client) -> None:
    account = owner()
    guess(account.username, throttle.FREE + 1)
    with clock.shifted(timedelta(seconds=6)):
        sign_in(browser, account.username, address=THERE)
    assert is_in(browser)


def test_guesses__again_and_again__wait_doubles_up_to_a_quarter_of_an_hour(places: object) -> None:
    one = throttle.counter("test")
    moment, waits = timedelta(0), []
    for _attempt in range(throttle.FREE + 12):
        with clock.shifted(moment):
            assert throttle.take([one])
            until = throttle.waits_until([one])
            wait = until - clock.now() if until else timedelta(0)
        waits.append(round(wait.total_seconds()))
        moment += wait + timedelta(seconds=1)
    assert waits[: throttle.FREE + 3] == [0, 0, 0, 0, 5, 10, 20, 40]
    assert max(waits) == 900


def test_counter__waiting__takes_nothing(places: object) -> None:
    one = throttle.counter("test")
    for _attempt in range(throttle.FREE):
        assert throttle.take([one])
    assert not throttle.take([one])
    assert Throttle.objects.get(key=one.key).failures == throttle.FREE


def test_counter__an_hour_of_quiet__forgotten(places: object) -> None:
    one = throttle.counter("test")
    for _attempt in range(throttle.FREE):
        throttle.take([one])
    with clock.shifted(timedelta(hours=1, seconds=1)):
        assert throttle.take([one])
    assert Throttle.objects.get(key=one.key).failures == 1


def test_counters__one_of_two_waits__the_other_is_given_back(places: object) -> None:
    free, full = throttle.counter("free"), throttle.counter("full", free=1)
    assert throttle.take([full])
    assert not throttle.take([free, full])
    assert Throttle.objects.get(key=free.key).failures == 0


def test_owner__attacked_from_elsewhere__signs_in_from_a_known_device(owner: Owner, browser: Client) -> None:
    account = owner()
    sign_in(browser, account.username, address=HERE)
    browser.post("/dang-xuat/")
    guess(account.username, 12)
    sign_in(browser, account.username, address=HERE)
    assert is_in(browser)


def test_owner__attacked_from_the_same_office__signs_in_from_a_known_device(
    owner: Owner, browser: Client
) -> None:
    account = owner()
    sign_in(browser, account.username, address=HERE)
    browser.post("/dang-xuat/")
    guess(account.username, 12, HERE)
    for number in range(throttle.FREE_OF_ADDRESS + 2):
        guess(f"ten.bua{number}", 1, HERE)
    sign_in(browser, account.username, address=HERE)
    assert is_in(browser)


def test_owner__attacked_from_many_addresses__signs_in_from_a_new_device(
    owner: Owner, browser: Client
) -> None:
    account = owner()
    for number in range(20):
        guess(account.username, 2, f"198.51.100.{number}")
    sign_in(browser, account.username, address=HERE)
    assert is_in(browser)


def test_attacker__cookie_of_own_invention__is_no_known_device(owner: Owner) -> None:
    account = owner()
    for number in range(throttle.FREE + 2):
        stranger = Client(headers={"host": "127.0.0.1"})
        stranger.cookies["haicap_device"] = f"{number:043d}"
        answer = sign_in(stranger, account.username, "doan-mo-ma-thoi", THERE)
    assert TOO_OFTEN in answer.content.decode()  # type: ignore[attr-defined]


def test_attacker__own_sign_in_between__does_not_clear_the_counter_of_another(
    owner: Owner, browser: Client
) -> None:
    account, accomplice = owner(), owner("20194", "chu_tich", "ubnd")
    guess(account.username, throttle.FREE)
    sign_in(browser, accomplice.username, address=THERE)
    assert TOO_OFTEN in guess(account.username, 1)


def test_attacker__user_name_and_mail_of_one_account__count_together(owner: Owner) -> None:
    account = owner()
    account.email = "mot.cua@haivan.danang.gov.vn"
    account.save()
    guess(account.username, 3)
    guess(account.email, 2)
    assert TOO_OFTEN in guess(account.username, 1)


def test_names__that_do_not_exist__wait_alike(places: object) -> None:
    assert TOO_OFTEN in guess("khong.co.ai", throttle.FREE + 1)


def test_spraying__many_names_from_one_address__slowed_down(places: object) -> None:
    text = ""
    for number in range(throttle.FREE_OF_ADDRESS + 1):
        text = guess(f"ten.bua{number}", 1)
    assert TOO_OFTEN in text
    assert TOO_OFTEN not in guess("ten.khac", 1, HERE)


def test_ipv6__addresses_of_one_household__count_together(places: object) -> None:
    text = ""
    for number in range(throttle.FREE + 1):
        text = guess("khong.co.ai", 1, f"2001:db8:1:2::{number}")
    assert TOO_OFTEN in text


@pytest.mark.django_db(transaction=True)
def test_attempts__many_at_once__no_more_than_free_get_through() -> None:
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    one = throttle.counter("at once")

    def attempt(_number: int) -> bool:
        try:
            return throttle.take([one])
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(40))) == throttle.FREE


def test_counters__long_quiet__swept_away(places: object) -> None:
    throttle.take([throttle.counter("old")])
    with clock.shifted(timedelta(days=2)):
        throttle.take([throttle.counter("new")])
        assert Throttle.objects.count() == 1
