"""The three doors and the places behind each: the left rail.

To add a place: one line in `PLACES`. A place whose address does not exist (its app is not installed) or for
which the actor lacks the permission is not shown. At most seven are shown.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from haicap.kernel.actor import Actor

MOST_PLACES = 7


@dataclass(frozen=True, slots=True)
class Door:
    """Cửa vào: citizens, officials or those who steer; `prefix` begins the addresses behind it."""

    key: str
    prefix: str
    name: str | Promise


CITIZEN = Door("citizen", "/", _("Người dân"))
OFFICIAL = Door("official", "/lam-viec/", _("Làm việc"))
LEADER = Door("leader", "/dieu-hanh/", _("Điều hành"))
DOORS = (CITIZEN, OFFICIAL, LEADER)


@dataclass(frozen=True, slots=True)
class Place:
    """Một mục của thanh bên: a name, a URL name, and the permission without which it is not shown."""

    name: str | Promise
    view: str
    permission: str = ""


@dataclass(frozen=True, slots=True)
class ShownPlace:
    """A place as a template shows it."""

    name: str | Promise
    url: str
    current: bool


PLACES: dict[str, tuple[Place, ...]] = {
    "citizen": (
        Place(_("Trang chủ"), "start"),
        Place(_("Tra cứu xã, phường"), "units:search"),
        Place(_("Tra cứu hồ sơ"), "onestop:track"),
        Place(_("Trang của tôi"), "citizen"),
    ),
    "official": (
        Place(_("Việc của tôi"), "work"),
        Place(_("Người của cơ quan"), "people:list", "access.see_people"),
        Place(_("Hồ sơ"), "onestop:worklist"),
        Place(_("Chờ phân định"), "reorganisation:undecided"),
        Place(_("Sắp xếp đơn vị"), "reorganisation:plans", "reorganisation.see"),
        Place(_("Đơn vị hành chính"), "units:search"),
    ),
    "leader": (
        Place(_("Tổng quan"), "lead"),
        Place(_("Sắp xếp đơn vị"), "reorganisation:plans", "reorganisation.see"),
        Place(_("Bảng đối soát"), "reorganisation:ledger", "reorganisation.see"),
        Place(_("Chờ phân định"), "reorganisation:undecided"),
        Place(_("Đơn vị hành chính"), "units:search"),
        Place(_("Tồn đọng gửi ra ngoài"), "outbox"),
        Place(_("Lượt xem dữ liệu cá nhân"), "readings", "access.see_readings"),
    ),
}


def door_of(path: str, actor: Actor) -> Door:
    """The door of an address; shared addresses (/don-vi/, /tim/) belong to the door of the actor's post."""
    if path.startswith(LEADER.prefix):
        return LEADER
    if path.startswith(OFFICIAL.prefix):
        return OFFICIAL
    if path == CITIZEN.prefix or actor.post_id is None:
        return CITIZEN
    return LEADER if actor.may("command.steer") else OFFICIAL


def places_for(door: Door, path: str, actor: Actor) -> list[ShownPlace]:
    """The places of a door that this actor may see; the one that this page lies under is `current`."""
    found: list[tuple[Place, str]] = []
    for place in PLACES[door.key]:
        if place.permission and not actor.may(place.permission):
            continue
        try:
            found.append((place, reverse(place.view)))
        except NoReverseMatch:
            continue
    under = [url for _place, url in found if path == url or (url not in _HOMES and path.startswith(url))]
    current = max(under, key=len, default=None)
    return [ShownPlace(place.name, url, url == current) for place, url in found[:MOST_PLACES]]


_HOMES = frozenset(door.prefix for door in DOORS)
