"""The demonstration sign-in: open only for demonstration data and only on this very machine."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from django.test import Client

from haicap.access import service
from haicap.access.middleware import SESSION_KEY
from haicap.kernel import clock
from haicap.kernel.models import JournalEntry
from haicap.registry.models import Deployment
from haicap.registry.tests.places import NOW, Places, make_places


@pytest.fixture
def places(db: None) -> Iterator[Places]:
    with clock.at(NOW):
        yield make_places()


@pytest.fixture
def visitor() -> Client:
    return Client(headers={"host": "127.0.0.1"})


def choose(visitor: Client, appointment: uuid.UUID, **extra: str) -> int:
    return visitor.post("/dang-nhap/", {"bo-nhiem": str(appointment)}, **extra).status_code


def test_sign_in__choose_a_hat__acts_in_it_and_is_journalled(places: Places, visitor: Client) -> None:
    appointment = places.appointment("20194", "cong_chuc_mot_cua", "tt_pvhcc")
    assert choose(visitor, appointment) == 302
    page = visitor.get("/lam-viec/")
    assert "Công chức một cửa, Trung tâm Phục vụ hành chính công phường Hải Châu" in page.content.decode()
    entry = JournalEntry.objects.get(action="access.sign_in_demonstration")
    assert entry.record_id == appointment


def test_sign_in__chair__goes_to_the_leaders_door(places: Places, visitor: Client) -> None:
    answer = visitor.post("/dang-nhap/", {"bo-nhiem": str(places.appointment("48", "chu_tich"))})
    assert answer.headers["Location"] == "/dieu-hanh/"


def test_sign_out__signed_in__is_a_visitor_again(places: Places, visitor: Client) -> None:
    choose(visitor, places.appointment("48", "chu_tich"))
    assert visitor.get("/dang-xuat/").status_code == 405
    visitor.post("/dang-xuat/")
    assert SESSION_KEY not in visitor.session
    assert "Chưa đăng nhập" in visitor.get("/dieu-hanh/").content.decode()


def test_sign_in__real_data__refused(places: Places, visitor: Client) -> None:
    appointment = places.appointment("48", "chu_tich")
    Deployment.objects.update(demonstration=False)
    assert visitor.get("/dang-nhap/").status_code == 403
    assert choose(visitor, appointment) == 403
    assert SESSION_KEY not in visitor.session


def test_sign_in__data_become_real__the_session_ends(places: Places, visitor: Client) -> None:
    choose(visitor, places.appointment("48", "chu_tich"))
    Deployment.objects.update(demonstration=False)
    assert "Chưa đăng nhập" in visitor.get("/dieu-hanh/").content.decode()


@pytest.mark.parametrize(
    "meta",
    [
        {"REMOTE_ADDR": "192.168.1.20"},
        {"REMOTE_ADDR": "2001:db8::1"},
        {"REMOTE_ADDR": ""},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.7"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=127.0.0.1"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_REAL_IP": "127.0.0.1"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_VIA": "1.1 proxy"},
        {"REMOTE_ADDR": "203.0.113.7", "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"REMOTE_ADDR": "203.0.113.7", "HTTP_HOST": "127.0.0.1"},
    ],
    ids=lambda meta: " ".join(f"{key}={value}" for key, value in meta.items()),
)
def test_sign_in__not_on_this_machine__refused(places: Places, visitor: Client, meta: dict[str, str]) -> None:
    assert visitor.get("/dang-nhap/", **meta).status_code == 403
    assert choose(visitor, places.appointment("48", "chu_tich"), **meta) == 403
    assert SESSION_KEY not in visitor.session


def test_sign_in__session_carried_to_another_machine__is_a_visitor(places: Places, visitor: Client) -> None:
    choose(visitor, places.appointment("48", "chu_tich"))
    page = visitor.get("/dieu-hanh/", REMOTE_ADDR="192.168.1.20")
    assert "Chưa đăng nhập" in page.content.decode()


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("127.0.0.1:8000", True),
        ("localhost", True),
        ("[::1]:8000", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example:8000", False),
        ("", False),
    ],
)
def test_comes_from_this_machine__host_asked_for(host: str, is_local: bool) -> None:
    assert service.comes_from_this_machine({"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": host}) is is_local


@pytest.mark.parametrize("chosen", ["", "x", "01900000-0000-7000-8000-000000000000", "' OR 1=1 --"])
def test_sign_in__no_such_hat__refused_and_nothing_kept(places: Places, visitor: Client, chosen: str) -> None:
    answer = visitor.post("/dang-nhap/", {"bo-nhiem": chosen})
    assert answer.status_code == 404
    assert "ACC-002" in answer.content.decode()
    assert SESSION_KEY not in visitor.session


def test_sign_in__without_token__refused(places: Places) -> None:
    strict = Client(enforce_csrf_checks=True, headers={"host": "127.0.0.1"})
    assert choose(strict, places.appointment("48", "chu_tich")) == 403
    assert choose(strict, places.appointment("48", "chu_tich"), HTTP_ORIGIN="http://evil.example") == 403


def test_session__forged_cookie__is_a_visitor(places: Places, visitor: Client) -> None:
    choose(visitor, places.appointment("48", "chu_tich"))
    cookie = visitor.cookies["sessionid"]
    cookie.set("sessionid", cookie.value[:-3] + "AAA", cookie.value[:-3] + "AAA")
    assert "Chưa đăng nhập" in visitor.get("/dieu-hanh/").content.decode()


def test_session__cookie__is_for_this_site_and_not_for_scripts(places: Places, visitor: Client) -> None:
    choose(visitor, places.appointment("48", "chu_tich"))
    cookie = visitor.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
