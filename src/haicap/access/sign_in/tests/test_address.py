"""Whose word counts about where a request comes from."""

from __future__ import annotations

import pytest
from django.test import RequestFactory, override_settings

from haicap.access.sign_in.address import client_address, device_label, place_of


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "10.9.9.9", "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.7, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("", "203.0.113.7", "0.0.0.0"),
        ("::ffff:203.0.113.7", "", "203.0.113.7"),
    ],
)
def test_address__proxies__believed_only_where_they_are_ours(
    remote: str, forwarded: str, address: str
) -> None:
    request = RequestFactory().get(
        "/", REMOTE_ADDR=remote, headers={"x-forwarded-for": forwarded} if forwarded else {}
    )
    with override_settings(HAICAP_PROXIES=["10.0.0.0/8"]):
        assert client_address(request) == address


def test_place__ipv6__its_network() -> None:
    assert place_of("2001:db8:1:2:3::4") == "2001:db8:1:2::/64"
    assert place_of("203.0.113.7") == "203.0.113.7"


@pytest.mark.parametrize(
    ("agent", "label"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/128.0", "Firefox trên Windows"),
        (
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36",
            "Chrome trên Android",
        ),
        ("", "Thiết bị không rõ"),
    ],
)
def test_device__label__few_words(agent: str, label: str) -> None:
    assert device_label(agent) == label
