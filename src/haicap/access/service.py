"""Who acts: from an appointment (bổ nhiệm) to the kernel's Actor; the demonstration sign-in."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from haicap.access.errors import NoSuchHat, PickerClosed
from haicap.access.titles import ALL, RULES, UNIT, Rule, rule_for
from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.registry.models import Deployment

#: a request with one of these came through another machine or program: the visitor may sit anywhere
FORWARDING_HEADERS = (
    "HTTP_FORWARDED",
    "HTTP_VIA",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REAL_IP",
    "HTTP_X_CLIENT_IP",
    "HTTP_CLIENT_IP",
    "HTTP_CF_CONNECTING_IP",
    "HTTP_TRUE_CLIENT_IP",
)
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Seat:
    """A person in a post today: the post, its title, and the agency that holds the post's desk now."""

    appointment_id: uuid.UUID
    person_id: uuid.UUID
    person: str
    post_id: uuid.UUID
    title: str
    title_name: str
    rank: int
    agency_id: uuid.UUID
    agency: str
    kind: str
    unit_id: uuid.UUID
    unit: str
    unit_code: str
    level: str

    @property
    def rule(self) -> Rule:
        """What this title may do."""
        return rule_for(self.title, self.level, self.kind)


# An appointment counts today; its post sits at a desk; who holds the desk now has the post.
_SEATS = """
SELECT appointment.id, person.id, person.full_name, post.id, title.code, title.name, title.rank,
       agency.id, coalesce(version.name, ''), agency.kind, agency.unit_id,
       coalesce(unit.name, ''), coalesce(unit.code, ''), level.level
  FROM registry_appointment AS appointment
  JOIN registry_person AS person ON person.id = appointment.person_id
  JOIN registry_post AS post ON post.id = appointment.post_id
  JOIN registry_title AS title ON title.code = post.title_id
  JOIN LATERAL (
      SELECT agency_id FROM registry_holding
       WHERE desk_id = post.desk_id AND begins_at <= kernel_clock_now()
       ORDER BY begins_at DESC LIMIT 1
  ) AS holding ON holding.agency_id IS NOT NULL
  JOIN registry_agency AS agency ON agency.id = holding.agency_id
  JOIN registry_unit AS level ON level.id = agency.unit_id
  LEFT JOIN LATERAL (
      SELECT name FROM registry_agencyversion
       WHERE agency_id = agency.id AND withdrawn_at IS NULL AND begins_on <= %(today)s
       ORDER BY begins_on DESC LIMIT 1
  ) AS version ON true
  LEFT JOIN LATERAL (
      SELECT name, code FROM registry_unitversion
       WHERE unit_id = agency.unit_id AND upper_inf(recorded) AND lower(valid) <= %(today)s
       ORDER BY lower(valid) DESC LIMIT 1
  ) AS unit ON true
 WHERE upper_inf(appointment.recorded) AND appointment.valid @> %(today)s::date AND {where}
"""


def _seats(where: str, params: Mapping[str, Any], tail: str = "") -> list[Seat]:
    with connection.cursor() as cursor:
        cursor.execute(_SEATS.format(where=where) + tail, {"today": clock.today(), **params})
        return [Seat(*row) for row in cursor.fetchall()]


def actor_for(appointment_id: uuid.UUID) -> Actor | None:
    """The actor of an appointment that stands today; None when it ended, or its post's desk was closed."""
    seats = _seats("appointment.id = %(id)s", {"id": appointment_id})
    return _actor(seats[0]) if seats else None


def _actor(seat: Seat) -> Actor:
    rule = seat.rule
    agencies = {seat.agency_id}
    if rule.reach == UNIT:
        agencies |= _agencies_below(seat)
    return Actor(
        label=seat.person,
        person_id=seat.person_id,
        post_id=seat.post_id,
        title=f"{seat.title_name}, {seat.agency}",
        agency_ids=frozenset(agencies),
        unit_ids=frozenset({seat.unit_id}),
        permissions=rule.permissions,
        sees_all=rule.reach == ALL,
    )


def _agencies_below(seat: Seat) -> set[uuid.UUID]:
    """The agencies of the same unit that stand under the same committee, today."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH standing AS (
                SELECT DISTINCT ON (agency.id) agency.id, version.parent_id, version.closed
                  FROM registry_agency AS agency
                  JOIN registry_agencyversion AS version ON version.agency_id = agency.id
                 WHERE agency.unit_id = %(unit)s AND version.withdrawn_at IS NULL
                   AND version.begins_on <= %(today)s
                 ORDER BY agency.id, version.begins_on DESC
            ), head AS (
                SELECT coalesce(parent_id, id) AS id FROM standing WHERE id = %(agency)s
            )
            SELECT standing.id FROM standing, head
             WHERE NOT closed AND (standing.id = head.id OR standing.parent_id = head.id)
            """,
            {"unit": seat.unit_id, "agency": seat.agency_id, "today": clock.today()},
        )
        return {row[0] for row in cursor.fetchall()}


# --- the demonstration sign-in
def is_demonstration() -> bool:
    """Whether this deployment's data are a demonstration."""
    return Deployment.objects.filter(demonstration=True).exists()


def comes_from_this_machine(meta: Mapping[str, object]) -> bool:
    """Whether a request (its WSGI `META`) was made on this very machine, with nothing in between.

    The peer's address must be a loopback address, the host asked for a name of this machine (a page of
    another site cannot reach us by a name that leads here), and no header may tell of a proxy: behind one,
    every visitor comes from 127.0.0.1. Such headers can only close the door, never open it.
    """
    if any(meta.get(name) for name in FORWARDING_HEADERS):
        return False
    try:
        if not ipaddress.ip_address(str(meta.get("REMOTE_ADDR", ""))).is_loopback:
            return False
    except ValueError:
        return False
    host = str(meta.get("HTTP_HOST", meta.get("SERVER_NAME", ""))).lower()
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name in _LOCAL_NAMES


def require_open(meta: Mapping[str, object]) -> None:
    """Raises PickerClosed (ACC-001) unless the data are a demonstration, used on this machine."""
    if not is_demonstration():
        raise PickerClosed(
            _("Dữ liệu ở đây là thật: không có đăng nhập trình diễn."),
            todo=_("Dùng tài khoản của bạn khi phần tài khoản được bật."),
        )
    if not comes_from_this_machine(meta):
        raise PickerClosed(
            _("Đăng nhập trình diễn chỉ mở trên chính máy đang chạy hệ thống."),
            todo=_("Mở http://127.0.0.1 trên máy ấy, không qua máy chủ trung gian."),
        )


@dataclass(frozen=True, slots=True)
class Hat:
    """One choice of the sign-in page."""

    name: str
    level: str
    seat: Seat


@dataclass(frozen=True, slots=True)
class Place:
    """A commune whose people can be chosen."""

    unit_id: uuid.UUID
    code: str
    name: str


_PLACES = """
SELECT DISTINCT agency.unit_id, unit.code, unit.kind, unit.name, unit.sort_key
  FROM registry_agency AS agency
  JOIN registry_unitversion AS unit ON unit.unit_id = agency.unit_id AND upper_inf(unit.recorded)
   AND unit.valid @> %s::date
 WHERE unit.level = 'commune'
 ORDER BY unit.sort_key LIMIT 500
"""


def places() -> list[Place]:
    """The communes of today that have agencies, in the order of their names; at most 500."""
    from haicap.registry.queries.units import titled

    with connection.cursor() as cursor:
        cursor.execute(_PLACES, [clock.today()])
        return [Place(unit, code, titled(kind, name)) for unit, code, kind, name, _key in cursor.fetchall()]


_LEVELS = ("commune", "district", "province")
#: where dossiers are worked on comes first: these people have something to show
_KINDS = ("tt_pvhcc", "ubnd", "phong", "van_phong", "so", "hdnd", "dang_uy", "mttq", "cong_an", "quan_su")


def hats(unit_id: uuid.UUID | None) -> list[Hat]:
    """One seat per hat of the table: those of this commune first, then of districts and of the province."""
    titles = sorted({rule.title for rule in RULES if rule.hat})
    seats = _seats(
        "title.code = ANY(%(titles)s) AND (level.level <> 'commune' OR agency.unit_id = %(unit)s)",
        {"titles": titles, "unit": unit_id, "kinds": list(_KINDS)},
        " ORDER BY title.rank, array_position(%(kinds)s::text[], agency.kind::text), unit.code, version.name,"
        " post.number, person.full_name LIMIT 20000",
    )
    chosen: dict[tuple[str, str], Hat] = {}
    for seat in seats:
        rule = seat.rule
        if rule.hat:
            chosen.setdefault((rule.hat, seat.level), Hat(rule.hat, seat.level, seat))
    order = {rule.hat: number for number, rule in enumerate(RULES)}
    return sorted(chosen.values(), key=lambda hat: (_LEVELS.index(hat.level), order[hat.name]))


def sign_in_demonstration(appointment_id: uuid.UUID, meta: Mapping[str, object]) -> Actor:
    """Đăng nhập trình diễn: put on a hat; journalled. Raises PickerClosed (ACC-001), NoSuchHat (ACC-002)."""
    require_open(meta)
    actor = actor_for(appointment_id)
    if actor is None:
        raise NoSuchHat(
            _("Chức danh này hôm nay không còn ai giữ."),
            kept=_("Bạn vẫn ở trạng thái cũ."),
            todo=_("Chọn một chức danh khác."),
        )
    with journal.act(actor, "access.sign_in_demonstration", reason=_("Đăng nhập trình diễn")) as act:
        act.changed("registry.appointment", appointment_id, None, {"title": actor.title})
    return actor
