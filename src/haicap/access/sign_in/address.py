"""Địa chỉ máy khách: where a request comes from, and what its browser calls itself."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

#: said of a request whose address is not known (a socket without one)
UNKNOWN = "0.0.0.0"

_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def client_address(request: HttpRequest) -> str:
    """The client's address: of the connection, or what a proxy of ours says (`HAICAP_PROXIES`, nobody else's word).

    `X-Forwarded-For` is read from the right: the first address that is not one of our proxies' counts, so that
    what a client writes into the header itself is never believed.
    """
    address = _parsed(request.META.get("REMOTE_ADDR", ""))
    if address is None:
        return UNKNOWN
    chain = request.headers.get("x-forwarded-for", "").split(",")
    while _is_proxy(address) and chain:
        further = _parsed(chain.pop())
        if further is None:
            break
        address = further
    return str(address)


def place_of(address: str) -> str:
    """What of an address stands for one client: IPv4 whole, IPv6 its /64 (a household has as many as it likes)."""
    parsed = _parsed(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((parsed, 64), strict=False))
    return address


def device_label(user_agent: str) -> str:
    """ "Firefox trên Windows": a browser's own words made short."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if browser and system:
        return _("%(browser)s trên %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Thiết bị không rõ")


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    mapped = getattr(found, "ipv4_mapped", None)
    return mapped or found


def _is_proxy(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    return any(address in ipaddress.ip_network(net) for net in settings.HAICAP_PROXIES)
