"""Accounts of a demonstration: for everybody, and one to sign in with for each title; never on real data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)

from haicap.access.demonstration import (
    NoAuthenticator,
    NotADemonstration,
    NotAKey,
    NotLoopback,
    code_of_key,
    make_accounts,
    new_password,
    note_address,
    present_code,
    sign_ins,
)
from haicap.access.first_admin import (
    AdministratorExists,
    BadName,
    NoSuchProvince,
    make_first_administrator,
)
from haicap.access.models import Account, OneTimeLink
from haicap.access.titles import RULES
from haicap.kernel import clock, journal
from haicap.kernel.actor import SYSTEM
from haicap.kernel.models import JournalEntry
from haicap.registry.models import Deployment, Person
from haicap.registry.tests.places import NOW, Places, make_places


@pytest.fixture
def places(db: None) -> Iterator[Places]:
    with clock.at(NOW):
        yield make_places()


def deploy_for_real() -> None:
    with journal.act(SYSTEM, "test.deploy") as act:
        Deployment.objects.update(demonstration=False)
        act.changed("registry.deployment", None, None, {"demonstration": False})


def test_make_accounts__everybody_with_a_post__one_that_nobody_can_sign_in_with(places: Places) -> None:
    made = make_accounts()
    assert made == Person.objects.count() == Account.objects.count() > 50
    assert not any(account.has_usable_password() for account in Account.objects.all()[:50])
    assert all(re.fullmatch(r"[a-z]+\.[a-z]+[0-9]*", one.username) for one in Account.objects.all())
    assert make_accounts() == 0


def test_sign_ins__first_time__each_title_once_with_a_password_that_is_told_and_not_kept(
    places: Places,
) -> None:
    make_accounts()
    found = sign_ins()
    assert {one.title for one in found} == {rule.hat for rule in RULES if rule.hat}
    assert len({one.username for one in found}) == len({one.password for one in found}) == len(found)
    for one in found:
        account = Account.objects.get(username=one.username)
        assert account.check_password(one.password)
        assert account.must_change_password
        assert account.password.startswith("argon2")
    told = "".join(str(entry.after) for entry in JournalEntry.objects.all())
    assert not any(one.password in told for one in found)
    assert {one.title for one in found if one.second_factor} >= {"Quản trị tỉnh", "Quản trị cấp xã"}


def test_sign_ins__second_time__names_only_until_new_ones_are_asked_for(places: Places) -> None:
    make_accounts()
    first = sign_ins()
    again = sign_ins()
    assert [one.username for one in again] == [one.username for one in first]
    assert {one.password for one in again} == {""}
    renewed = sign_ins(renew=True)
    for old, new in zip(first, renewed, strict=True):
        account = Account.objects.get(username=old.username)
        assert not account.check_password(old.password)
        assert account.check_password(new.password)


def test_new_password__is_long_and_of_plain_letters() -> None:
    assert re.fullmatch(r"([a-km-z2-9]{4}-){3}[a-km-z2-9]{4}", new_password())
    assert len({new_password() for _number in range(100)}) == 100


def test_present_code__enrolled__is_what_its_authenticator_shows(places: Places, data_folder: Path) -> None:
    make_accounts()
    account = Account.objects.all()[0]
    secret = generate_totp_secret()
    with journal.act(SYSTEM, "test.enrol") as act:
        TOTP.activate(account, secret)
        act.changed("test.factor", account.pk, None, {})
    before = codes_now(secret)
    shown = {present_code(account.username), code_of_key(secret.lower())}
    assert shown <= before | codes_now(secret)  # the code may change in between


def codes_now(secret: str) -> set[str]:
    return {format_hotp_value(hotp_value(secret, count)) for count in yield_hotp_counters_from_time()}


def test_present_code__nothing_enrolled_or_no_key__says_so(places: Places, data_folder: Path) -> None:
    with pytest.raises(NoAuthenticator, match="chưa có ứng dụng xác thực"):
        present_code("khong.co")
    with pytest.raises(NotAKey):
        code_of_key("không phải mã chữ!")


def test_demonstration__real_data__every_part_refuses(places: Places) -> None:
    make_accounts()
    deploy_for_real()
    for attempt in (make_accounts, sign_ins, lambda: present_code("a.b"), lambda: code_of_key("ABCDABCD")):
        with pytest.raises(NotADemonstration) as refused:
            attempt()
        assert refused.value.code == "ACC-601"
    assert not any(account.has_usable_password() for account in Account.objects.all()[:50])


@pytest.fixture
def data_folder(settings: Any, tmp_path: Path) -> Path:
    """A deployment of its own, only for this machine."""
    settings.DATA_FOLDER = tmp_path
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]
    settings.HAICAP_BASE_URL, settings.HAICAP_PROXIES = "", []
    return tmp_path


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "localhost", "::1", "[::1]"])
def test_code__served_on_loopback__is_given(places: Places, data_folder: Path, host: str) -> None:
    assert len(code_of_key("ABCDABCDABCDABCD")) == 6  # nothing serves yet
    note_address(host)
    assert len(code_of_key("ABCDABCDABCDABCD")) == 6


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.5", "haicap.danang.gov.vn", "localhost.evil.example"]
)
def test_code__served_to_other_machines__refuses(places: Places, data_folder: Path, host: str) -> None:
    note_address(host)
    for attempt in (lambda: present_code("a.b"), lambda: code_of_key("ABCDABCD")):
        with pytest.raises(NotLoopback) as refused:
            attempt()
        assert (refused.value.code, refused.value.http_status) == ("ACC-605", 403)
    note_address("127.0.0.1")
    assert code_of_key("ABCDABCDABCDABCD")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALLOWED_HOSTS", ["127.0.0.1", "*"]),
        ("ALLOWED_HOSTS", [".danang.gov.vn"]),
        ("HAICAP_BASE_URL", "https://haicap.danang.gov.vn/"),
        ("HAICAP_PROXIES", ["127.0.0.1/32"]),
    ],
)
def test_code__settings_that_speak_for_other_machines__refuses(
    places: Places, data_folder: Path, settings: Any, name: str, value: object
) -> None:
    setattr(settings, name, value)
    with pytest.raises(NotLoopback):
        code_of_key("ABCDABCDABCDABCD")


def test_code__real_data_on_loopback__refuses(places: Places, data_folder: Path) -> None:
    deploy_for_real()
    note_address("127.0.0.1")
    with pytest.raises(NotADemonstration):
        code_of_key("ABCDABCDABCDABCD")


@pytest.fixture
def empty_country(db: None) -> Iterator[Places]:
    with clock.at(NOW):
        yield make_places(people=False, demonstration=False)


def test_first_administrator__none_yet__is_made_with_a_link_and_only_once(empty_country: Places) -> None:
    made = make_first_administrator(SYSTEM, "48", " nguyễn  Thị An ".title(), "an@danang.gov.vn")
    assert made.username == "an.nt"
    assert "Quản trị tỉnh" in made.title
    assert "/tai-khoan/lien-ket/" in made.path
    assert not Account.objects.get(username="an.nt").has_usable_password()
    assert OneTimeLink.objects.filter(account__username="an.nt", used_at__isnull=True).count() == 1
    with pytest.raises(AdministratorExists, match="Đã có quản trị tỉnh"):
        make_first_administrator(SYSTEM, "48", "Trần Văn Hòa")
    assert Person.objects.count() == 1


@pytest.mark.parametrize(
    ("province", "name", "error"),
    [("99", "Trần Văn Hòa", NoSuchProvince), ("20194", "Trần Văn Hòa", NoSuchProvince), ("48", " ", BadName)],
)
def test_first_administrator__wrong_words__nothing_is_made(
    empty_country: Places, province: str, name: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        make_first_administrator(SYSTEM, province, name)
    assert not Account.objects.exists()
    assert not Person.objects.exists()
