"""The three doors and the places behind each: the left rail.

To add a place: one line in `PLACES`. A place whose address does not exist (its app is not installed) or for
which the actor lacks the permission is not shown. At most seven are shown; what belongs together is one place with
`parts`: it leads to the first part that the actor may see, and each page under it shows them all as tabs.
"""

from __future__ import annotations

from collections.abc import Iterable
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
    """Một mục của thanh bên: a name, a URL name, and the permission without which it is not shown.

    `permission` may name several, parted by "|": any of them is enough. `parts` take the place of a view.
    """

    name: str | Promise
    view: str = ""
    permission: str = ""
    parts: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownPlace:
    """A place as a template shows it."""

    name: str | Promise
    url: str
    current: bool


PLACES: dict[str, tuple[Place, ...]] = {
    "citizen": (
        Place(_("Trang chủ"), "start"),
        Place(_("Thủ tục, nộp hồ sơ"), "onestop:find"),
        Place(_("Tra cứu hồ sơ"), "onestop:track"),
        Place(_("Đặt lịch hẹn"), "onestop:book-choose"),
        Place(_("Thời gian chờ"), "onestop:waits"),
        Place(_("Tra cứu xã, phường"), "units:search"),
        Place(_("Trang của tôi"), "citizen"),
    ),
    "official": (
        Place(_("Việc của tôi"), "work"),
        Place(_("Người của cơ quan"), "people:list", "access.see_people"),
        Place(
            _("Hồ sơ"),
            parts=(
                Place(_("Việc theo quy trình"), "onestop:tasks"),
                Place(_("Hồ sơ trên bàn"), "onestop:worklist"),
                Place(_("Số liệu"), "onestop:figures"),
                Place(
                    _("Nộp trực tuyến"), "onestop:incoming", "onestop.receive_dossier|onestop.advance_dossier"
                ),
                Place(_("Phản ánh"), "onestop:complaints", "onestop.advance_dossier"),
                Place(_("Tiếp nhận"), "onestop:reception", "onestop.receive_dossier"),
                Place(_("Quầy"), "onestop:counters", "onestop.receive_dossier|onestop.manage_counters"),
                Place(_("Điều kiện mở cửa"), "onestop:opening", "onestop.manage_counters"),
                Place(_("Đối soát liên thông"), "onestop:sync", "onestop.replay_sync|onestop.manage_sync"),
            ),
        ),
        Place(
            _("Thủ tục"),
            parts=(
                Place(_("Danh mục thủ tục"), "onestop:catalogue"),
                Place(_("Quy trình điện tử"), "onestop:routes"),
                Place(_("Chỗ cần xử lý"), "onestop:catalogue-defects"),
                Place(_("Công bố"), "onestop:catalogue-announcements"),
                Place(_("Nhập danh mục"), "onestop:catalogue-imports", "onestop.manage_catalogue"),
            ),
        ),
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
        Place(
            _("Kết nối hệ thống khác"),
            parts=(
                Place(_("Tồn đọng gửi ra ngoài"), "outbox", "command.steer|kernel.manage_outbox"),
                Place(_("Ứng dụng đăng nhập"), "sso-applications", "access.manage_applications"),
                Place(_("Khóa ký"), "sso-keys", "access.manage_applications"),
                Place(_("Thư mục ngoài (SCIM)"), "scim-tokens", "access.manage_applications"),
            ),
        ),
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
    found = [(place.name, urls) for place in PLACES[door.key] if (urls := _urls(place, actor))]
    current = _current((url for _name, urls in found for url in urls), path)
    return [ShownPlace(name, urls[0], current in urls) for name, urls in found[:MOST_PLACES]]


def parts_for(door: Door, path: str, actor: Actor) -> list[ShownPlace]:
    """The parts of the place that this page lies under, as this actor may see them; none where it is all there is."""
    for place in PLACES[door.key]:
        shown = [(part.name, url) for part in place.parts for url in _urls(part, actor)]
        current = _current((url for _name, url in shown), path)
        if current is not None and len(shown) > 1:
            return [ShownPlace(name, url, url == current) for name, url in shown]
    return []


def _urls(place: Place, actor: Actor) -> list[str]:
    """Where a place leads: its own address, or those of its parts; none where the actor may see none of it."""
    if place.parts:
        return [url for part in place.parts for url in _urls(part, actor)]
    if place.permission and not any(actor.may(one) for one in place.permission.split("|")):
        return []
    try:
        return [reverse(place.view)]
    except NoReverseMatch:
        return []


def _current(urls: Iterable[str], path: str) -> str | None:
    """The longest of the addresses that the path lies under."""
    under = [url for url in urls if path == url or (url not in _HOMES and path.startswith(url))]
    return max(under, key=len, default=None)


_HOMES = frozenset(door.prefix for door in DOORS)
