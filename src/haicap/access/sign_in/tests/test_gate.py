"""The gate: who must prove a second factor or change the password reaches nothing else, by any address."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from psycopg.types.range import Range

from haicap.access.models import Account, Delegation
from haicap.access.sign_in import gate, second_factor
from haicap.access.sign_in.tests.conftest import ADMINISTRATOR, Owner
from haicap.access.tests import accounts
from haicap.kernel import journal
from haicap.kernel.actor import SYSTEM
from haicap.registry.tests.places import NOW, Places

SAMPLES = {"uuid": str(uuid.UUID(int=7)), "int": "7", "slug": "a-b", "str": "a", "path": "a/b"}


def walk(patterns: list[Any], before: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every view of the site with an address that leads to it."""
    for one in patterns:
        if isinstance(one, URLResolver):
            yield from walk(one.url_patterns, before + sample(one))
        else:
            yield before + sample(one), one


def sample(pattern: Any) -> str:
    text = str(pattern.pattern)
    if hasattr(pattern.pattern, "_route"):
        return re.sub(r"<(?:(\w+):)?\w+>", lambda found: SAMPLES.get(found[1] or "str", "a"), text)
    text = re.sub(r"\(\?P<\w+>\[0-9\][^)]*\)", "7", text)
    text = re.sub(r"\(\?P<\w+>(\w+)\)", r"\1", text)
    text = re.sub(r"\(\?P<\w+>[^)]*\)", "a", text)
    return re.sub(r"[\^$?\\]|\\Z", "", text)


@pytest.fixture
def administrator(places: Places) -> Account:
    return accounts.account_of(places.appointment(*ADMINISTRATOR))


@pytest.fixture
def without(administrator: Account, browser: Client) -> Client:
    """An administrator's session that proved a password only."""
    browser.force_login(administrator)
    return browser


def is_stopped(answer: Any, way_out: str) -> bool:
    if answer.status_code == 403:
        return answer.headers.get("HX-Redirect", "").startswith(way_out) or b"ACC-11" in answer.content
    return bool(answer.status_code == 302 and answer["Location"].startswith(way_out))


@pytest.mark.parametrize("method", ["get", "post", "put", "delete"])
def test_gate__every_address__stopped_without_a_second_factor(without: Client, method: str) -> None:
    seen, escaped = 0, []
    for path, _pattern in walk(get_resolver().url_patterns):
        address = "/" + path
        try:
            name = resolve(address).view_name
        except Exception:
            continue
        if name in gate.SECOND_FACTOR_VIEWS:
            continue
        seen += 1
        answer = getattr(without, method)(address)
        if not is_stopped(answer, "/tai-khoan/lop-hai/"):
            escaped.append((address, name, answer.status_code))
    assert escaped == []
    assert seen > 80


def test_gate__open_views__are_few_and_known() -> None:
    every = {
        resolve("/" + path).view_name
        for path, _pattern in walk(get_resolver().url_patterns)
        if is_known(path)
    }
    assert every | {"account_login", "account_logout"} >= gate.SECOND_FACTOR_VIEWS | gate.PASSWORD_VIEWS


def is_known(path: str) -> bool:
    try:
        resolve("/" + path)
    except Exception:
        return False
    return True


@pytest.mark.parametrize(
    "odd", ["//lam-viec/", "/lam-viec/%2e%2e/tai-khoan/lop-hai/", "/LAM-VIEC/", "/lam-viec"]
)
def test_gate__odd_addresses__show_nothing(without: Client, odd: str) -> None:
    answer = without.get(odd)
    assert answer.status_code in (301, 302, 404)
    assert b"hc-rail" not in answer.content or answer.status_code == 404


def test_gate__api__json_with_a_code(without: Client) -> None:
    answer = without.get("/api/v1/units/20194")
    assert answer.status_code == 403
    assert answer.json()["code"] == "ACC-110"


def test_gate__htmx__told_where_to_go(without: Client) -> None:
    answer = without.get("/lam-viec/", headers={"hx-request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (403, "/tai-khoan/lop-hai/")


def test_gate__signing_out__always_possible(without: Client, administrator: Account) -> None:
    assert without.post("/dang-xuat/").status_code == 302
    assert "_auth_user_id" not in without.session
    administrator.must_change_password = True
    administrator.save()
    without.force_login(administrator)
    assert without.post("/dang-xuat/").status_code == 302
    assert "_auth_user_id" not in without.session


def test_gate__password_must_change__first_of_all_and_everywhere(
    without: Client, administrator: Account
) -> None:
    administrator.must_change_password = True
    administrator.save()
    escaped = []
    for path, _pattern in walk(get_resolver().url_patterns):
        if not is_known(path) or resolve("/" + path).view_name in gate.PASSWORD_VIEWS:
            continue
        answer = without.get("/" + path)
        if not is_stopped(answer, "/tai-khoan/mat-khau/"):
            escaped.append(path)
    assert escaped == []


def test_gate__plain_hat__nothing_asked(owner: Owner, browser: Client) -> None:
    browser.force_login(owner())
    assert browser.get("/lam-viec/").status_code == 200


def test_gate__factor_enrolled_in_another_session__this_one_must_prove_it(
    without: Client, administrator: Account
) -> None:
    accounts.enrol_totp(administrator)
    assert without.get("/lam-viec/").status_code == 302
    answer = without.get("/tai-khoan/lop-hai/")
    assert answer["Location"].startswith("/tai-khoan/xac-thuc/xac-nhan/")
    assert without.get("/tai-khoan/xac-thuc/ung-dung/").status_code == 302


def test_gate__proof_of_another_account__does_not_count(without: Client) -> None:
    session = without.session
    session[second_factor.PROVED_KEY] = str(uuid.uuid4())
    session.save()
    assert is_stopped(without.get("/lam-viec/"), "/tai-khoan/lop-hai/")


def test_gate__delicate_hat_beside_a_plain_one__counts_whatever_is_worn(
    places: Places, without: Client, administrator: Account
) -> None:
    delegation = Delegation(
        appointment_id=places.appointment("20194", "cong_chuc_mot_cua", "tt_pvhcc"),
        delegate=administrator.person,
        during=Range(NOW - timedelta(days=1), NOW + timedelta(days=1), "[)"),
        reason="nghỉ phép",
        made_by=administrator,
    )
    with journal.act(SYSTEM, "test.delegate") as act:
        delegation.save()
        act.changed("access.delegation", delegation.pk, None, {"reason": delegation.reason})
    session = without.session
    session["hat"] = f"uq:{delegation.pk}"
    session.save()
    assert is_stopped(without.get("/lam-viec/"), "/tai-khoan/lop-hai/")
