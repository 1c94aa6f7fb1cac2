"""Reads of people, posts and accounts. Every question starts from what the actor may see."""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from haicap.access.people.errors import NoSuchPerson
from haicap.access.people.policy import MANAGE_PEOPLE, Held, Scope, administers_all, require, scope_of
from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.text import fold
from haicap.registry.held import HOLDING_OF_POST, LATEST_OF_EVER, VERSION_TODAY
from haicap.registry.models import AgencyKind

PAGE_ROWS = 50
#: a list that is taken away as a file
MOST_EXPORTED = 20_000
MOST_AGENCIES = 100
MOST_POSTS = 500
MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class AgencyRow:
    """Cơ quan that lives today, as forms and lists name it."""

    id: uuid.UUID
    name: str
    kind: str
    unit_id: uuid.UUID
    level: str
    unit_code: str
    code: str

    @property
    def kind_name(self) -> str:
        """ "Ủy ban nhân dân"."""
        return str(AgencyKind(self.kind).label)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of people is narrowed to; `after` is the last row of the page before."""

    text: str = ""
    agency_id: uuid.UUID | None = None
    agency: str = ""
    title: str = ""
    without_account: bool = False
    unassigned: bool = False
    after: tuple[bytes, uuid.UUID] | None = None

    @property
    def narrowed(self) -> bool:
        """Whether any filter is set."""
        words = self.text or self.agency or self.title
        return bool(words or self.agency_id or self.without_account or self.unassigned)


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Một người trong danh sách: posts of today as (title, agency), and the account."""

    id: uuid.UUID
    name: str
    number: str
    email: str
    phone: str
    account_id: uuid.UUID | None
    username: str
    is_active: bool
    posts: tuple[tuple[str, str], ...]
    sort_key: bytes

    @property
    def cursor(self) -> str:
        """What the next page is asked with."""
        return base64.urlsafe_b64encode(self.id.bytes + self.sort_key).decode().rstrip("=")


def read_cursor(text: str) -> tuple[bytes, uuid.UUID] | None:
    """The row that `PersonRow.cursor` names; None for anything else."""
    try:
        raw = base64.urlsafe_b64decode(text[:2000] + "=" * (-len(text) % 4))
        return (raw[16:], uuid.UUID(bytes=raw[:16])) if len(raw) >= 16 else None
    except (binascii.Error, ValueError):
        return None


# --- agencies
_AGENCIES = f"""
SELECT agency.id, version.name, agency.kind, agency.unit_id, unit.level, unit.code, coalesce(code.code, '')
  FROM registry_agency AS agency
  JOIN LATERAL {VERSION_TODAY} ON NOT version.closed
  JOIN LATERAL (
      SELECT level, code FROM registry_unitversion
       WHERE unit_id = agency.unit_id AND upper_inf(recorded) AND valid @> %(today)s::date LIMIT 1
  ) AS unit ON true
  LEFT JOIN LATERAL (
      SELECT code.code FROM registry_codeholding held JOIN registry_agencycode code ON code.id = held.code_id
       WHERE held.agency_id = agency.id AND held.withdrawn_at IS NULL AND held.begins_on <= %(today)s
         AND (code.closed_on IS NULL OR code.closed_on > %(today)s)
       ORDER BY held.begins_on DESC LIMIT 1
  ) AS code ON true
 WHERE (%(everything)s OR agency.unit_id = ANY(%(units)s::uuid[]) OR agency.id = ANY(%(agencies)s::uuid[]))
   AND (%(id)s::uuid IS NULL OR agency.id = %(id)s::uuid)
   AND (%(pattern)s = '' OR ' ' || version.fold || ' ' || unit.code LIKE %(pattern)s)
 ORDER BY length(unit.code), unit.code, agency.kind <> 'ubnd', version.fold, agency.id
 LIMIT %(limit)s
"""


def _pattern(text: str) -> str:
    """A LIKE pattern: every word begins a word of the folded name, in this order."""
    words = fold(text[:100]).replace("%", "").replace("_", " ").replace("\\", " ").split()
    return "".join(f"% {word}" for word in words) + "%" if words else ""


def _agencies(
    scope: Scope, text: str = "", agency_id: uuid.UUID | None = None, limit: int = MOST_AGENCIES
) -> list[AgencyRow]:
    params: dict[str, Any] = {
        "today": clock.today(),
        "everything": scope.everything,
        "units": list(scope.unit_ids),
        "agencies": list(scope.agency_ids),
        "id": agency_id,
        "pattern": _pattern(text),
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_AGENCIES, params)
        return [AgencyRow(*row) for row in cursor.fetchall()]


def administered_agencies(actor: Actor, text: str = "", *, limit: int = MOST_AGENCIES) -> list[AgencyRow]:
    """Cơ quan mình quản trị: living agencies of the actor's own unit, of all units for the province's; one query.

    Nothing for who does not look after people. `text` narrows by name or unit code.
    """
    if not actor.may(MANAGE_PEOPLE):
        return []
    return _agencies(scope_of(actor), text, limit=limit)


def visible_agencies(actor: Actor, text: str = "", *, limit: int = MOST_AGENCIES) -> list[AgencyRow]:
    """Agencies whose people the actor sees; `text` narrows by name, in any spelling, or unit code."""
    return _agencies(scope_of(actor), text, limit=limit)


def agency_of(actor: Actor, agency_id: uuid.UUID, *, managing: bool = False) -> AgencyRow:
    """A living agency that the actor sees (`managing`: looks after). Raises NoSuchPerson (ACC-201)."""
    scope = scope_of(actor)
    found = _agencies(scope, agency_id=agency_id, limit=1) if scope.manages or not managing else []
    if not found:
        raise no_such()
    return found[0]


def no_such() -> NoSuchPerson:
    """The error for what is not there and for what lies outside: they look the same."""
    return NoSuchPerson(
        _("Không có người, chức danh hay cơ quan này trong phạm vi của bạn."),
        kept=_("Chưa có gì thay đổi."),
        todo=_("Tìm trong danh sách người của cơ quan; nếu ở nơi khác, hãy nhờ quản trị tỉnh."),
    )


# --- people
# The desks that agencies of the scope hold now: narrowed by the index on agency, then by the latest holding.
_DESKS = """
WITH desks AS MATERIALIZED (
    SELECT ever.desk_id, latest.agency_id, agency.unit_id
      FROM (
        SELECT DISTINCT held.desk_id FROM registry_agency AS agency
          JOIN registry_holding AS held ON held.agency_id = agency.id
         WHERE agency.unit_id = ANY(%(units)s::uuid[]) OR agency.id = ANY(%(agencies)s::uuid[])
      ) AS ever
      JOIN LATERAL (
        SELECT agency_id FROM registry_holding
         WHERE desk_id = ever.desk_id AND begins_at <= kernel_clock_now() ORDER BY begins_at DESC LIMIT 1
      ) AS latest ON latest.agency_id IS NOT NULL
      JOIN registry_agency AS agency ON agency.id = latest.agency_id
     WHERE agency.unit_id = ANY(%(units)s::uuid[]) OR agency.id = ANY(%(agencies)s::uuid[])
), places AS MATERIALIZED (
    SELECT appointment.person_id, appointment.valid
      FROM desks JOIN registry_post AS post ON post.desk_id = desks.desk_id
      JOIN registry_appointment AS appointment ON appointment.post_id = post.id AND upper_inf(appointment.recorded)
)
"""
_STANDING = "(upper_inf({0}.valid) OR upper({0}.valid) > %(today)s)"
# Who once worked here and holds nothing anywhere now is still looked after here; who went elsewhere is not.
_OF_UNITS = (
    _DESKS
    + f"""
, mine AS MATERIALIZED (
    SELECT person_id FROM places GROUP BY person_id
    HAVING bool_or({_STANDING.format("places")}) OR NOT EXISTS (
        SELECT FROM registry_appointment AS other
         WHERE other.person_id = places.person_id AND upper_inf(other.recorded) AND {_STANDING.format("other")}
    )
)
"""
)
_COLLEAGUES = (
    _DESKS
    + ", mine AS MATERIALIZED (SELECT DISTINCT person_id FROM places WHERE valid @> %(today)s::date"
    + " UNION SELECT %(self)s::uuid WHERE %(self)s::uuid IS NOT NULL)"
)
_POSTS_NOW = f"""
    SELECT post.title_id, holding.agency_id, title.name AS title, title.rank,
           coalesce(version.name, '') AS agency, ' ' || version.fold AS place
      FROM registry_appointment AS appointment
      JOIN registry_post AS post ON post.id = appointment.post_id
      JOIN registry_title AS title ON title.code = post.title_id
      JOIN LATERAL {HOLDING_OF_POST} ON true
      JOIN registry_agency AS agency ON agency.id = holding.agency_id
      LEFT JOIN LATERAL {VERSION_TODAY} ON true
     WHERE appointment.person_id = person.id AND upper_inf(appointment.recorded)
       AND appointment.valid @> %(today)s::date
"""
_PEOPLE = """
{scope}
SELECT person.id, person.full_name, person.personal_number, person.email, person.phone,
       account.id, coalesce(account.username, ''), coalesce(account.is_active, false),
       ARRAY(SELECT now.title || E'\\x1f' || now.agency FROM ({posts}) AS now ORDER BY now.rank, now.title),
       person.sort_key
  FROM registry_person AS person
  LEFT JOIN access_account AS account ON account.person_id = person.id
 WHERE {where}
 ORDER BY person.sort_key, person.id
 LIMIT %(limit)s
"""


def _people_sql(scope: Scope, filters: Filters, person_id: uuid.UUID | None) -> str:
    where = ["true"]
    if person_id is not None:
        where.append("person.id = %(person)s")
    if _pattern(filters.text):
        where.append("' ' || person.fold LIKE %(pattern)s")
    if filters.agency_id or filters.title or _pattern(filters.agency):
        narrowed = ["true"]
        if _pattern(filters.agency):
            narrowed.append("at.place LIKE %(agency_pattern)s")
        if filters.agency_id:
            narrowed.append("at.agency_id = %(agency)s")
        if filters.title:
            narrowed.append("at.title_id = %(title)s")
        where.append(f"EXISTS (SELECT FROM ({_POSTS_NOW}) AS at WHERE {' AND '.join(narrowed)})")
    if filters.unassigned:
        where.append(f"NOT EXISTS ({_POSTS_NOW})")
    if filters.without_account:
        where.append("account.id IS NULL")
    if filters.after is not None:
        where.append("(person.sort_key, person.id) > (%(after_key)s, %(after_id)s)")
    head = "" if scope.everything else _OF_UNITS if scope.manages else _COLLEAGUES
    if not scope.everything:
        # found once, then looked up by key: whatever the planner believes of tables that an import has just filled
        where.append("person.id = ANY (ARRAY(SELECT person_id FROM mine))")
    return _PEOPLE.format(scope=head, posts=_POSTS_NOW, where=" AND ".join(where))


def _people(
    scope: Scope, filters: Filters, limit: int, person_id: uuid.UUID | None = None
) -> list[PersonRow]:
    after_key, after_id = filters.after or (b"", None)
    params: dict[str, Any] = {
        "today": clock.today(),
        "units": list(scope.unit_ids),
        "agencies": list(scope.agency_ids),
        "self": scope.person_id,
        "person": person_id,
        "pattern": _pattern(filters.text),
        "agency": filters.agency_id,
        "agency_pattern": _pattern(filters.agency),
        "title": filters.title,
        "after_key": after_key,
        "after_id": after_id,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_people_sql(scope, filters, person_id), params)
        return [_row(row) for row in cursor.fetchall()]


def _row(row: Sequence[Any]) -> PersonRow:
    posts = tuple((title, agency) for title, _sep, agency in (each.partition("\x1f") for each in row[8]))
    return PersonRow(*(*row[:8], posts, bytes(row[9])))


def people_of(
    actor: Actor, filters: Filters | None = None, *, limit: int = PAGE_ROWS
) -> tuple[list[PersonRow], str]:
    """Người của cơ quan: whom the actor may see, by given name, and the cursor of the next page ("" at the end).

    Starts from the permission; one query, whatever the number of people. Nobody but the actor itself for who may
    not see colleagues.
    """
    found = _people(scope_of(actor), filters or Filters(), limit + 1)
    return found[:limit], found[limit - 1].cursor if len(found) > limit else ""


def person_of(actor: Actor, person_id: uuid.UUID, *, managing: bool = False) -> PersonRow:
    """One person whom the actor may see (`managing`: looks after). Raises NoSuchPerson (ACC-201): one query."""
    scope = scope_of(actor)
    found = _people(scope, Filters(), 1, person_id) if scope.manages or not managing else []
    if not found:
        raise no_such()
    return found[0]


# --- posts held
@dataclass(frozen=True, slots=True)
class Step:
    """Một lần giữ chức danh: an appointment as it is believed now, with the post's place today."""

    appointment_id: uuid.UUID
    person_id: uuid.UUID
    person: str
    post_id: uuid.UUID
    title: str
    title_name: str
    number: int
    agency_id: uuid.UUID | None
    agency: str
    kind: str
    unit_id: uuid.UUID | None
    level: str
    begins_on: date
    ends_on: date | None
    decision: str

    def held(self) -> Held:
        """What the rules look at."""
        return Held(self.title, self.title_name, self.level, self.kind, self.unit_id)

    @property
    def state(self) -> str:
        """ "now", "later" or "past"."""
        today = clock.today()
        if self.begins_on > today:
            return "later"
        return "now" if self.ends_on is None or self.ends_on > today else "past"


# Where a desk is closed, the agency that set it up is named; its posts are held no longer.
_STEPS = f"""
SELECT appointment.id, person.id, person.full_name, post.id, title.code, title.name, post.number,
       agency.id, coalesce(version.name, ''), agency.kind, agency.unit_id, unit.level,
       lower(appointment.valid), upper(appointment.valid), appointment.decision
  FROM registry_appointment AS appointment
  JOIN registry_person AS person ON person.id = appointment.person_id
  JOIN registry_post AS post ON post.id = appointment.post_id
  JOIN registry_title AS title ON title.code = post.title_id
  JOIN registry_desk AS desk ON desk.id = post.desk_id
  JOIN LATERAL {HOLDING_OF_POST} ON true
  JOIN registry_agency AS agency ON agency.id = coalesce(holding.agency_id, desk.founder_id)
  JOIN registry_unit AS unit ON unit.id = agency.unit_id
  LEFT JOIN LATERAL {VERSION_TODAY} ON true
 WHERE upper_inf(appointment.recorded) AND {{where}}
 ORDER BY {{order}}
 LIMIT %(limit)s
"""


def _steps(where: str, order: str, params: dict[str, Any]) -> list[Step]:
    with connection.cursor() as cursor:
        cursor.execute(
            _STEPS.format(where=where, order=order), {"today": clock.today(), "limit": MOST_STEPS, **params}
        )
        return [Step(*row) for row in cursor.fetchall()]


def career_of(person_id: uuid.UUID) -> list[Step]:
    """Quá trình: every believed appointment of a person, the latest first. The caller has checked who asks."""
    return _steps(
        "appointment.person_id = %(person)s", "lower(appointment.valid) DESC", {"person": person_id}
    )


def standing_posts(person_id: uuid.UUID) -> list[Step]:
    """What a person holds today or will hold; posts of closed desks do not count."""
    return _steps(
        f"appointment.person_id = %(person)s AND {_STANDING.format('appointment')}"
        " AND holding.agency_id IS NOT NULL",
        "title.rank",
        {"person": person_id},
    )


_LENT = """appointment.id IN (
    SELECT appointment_id FROM access_delegation
     WHERE delegate_id = ANY(%(people)s) AND revoked_at IS NULL AND upper(during) > kernel_clock_now()
)"""


def held_by(people: Collection[uuid.UUID]) -> list[tuple[uuid.UUID, Held]]:
    """What each of many people holds, will hold, or was lent: for the bounds of administration. Three queries."""
    params: dict[str, Any] = {"people": list(people), "limit": 100_000}
    own = _steps(
        f"appointment.person_id = ANY(%(people)s) AND {_STANDING.format('appointment')}"
        " AND holding.agency_id IS NOT NULL",
        "1",
        params,
    )
    lent = {step.appointment_id: step.held() for step in _steps(_LENT, "1", params)}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT delegate_id, appointment_id FROM access_delegation"
            " WHERE delegate_id = ANY(%(people)s) AND revoked_at IS NULL AND upper(during) > kernel_clock_now()",
            params,
        )
        received = [(person, lent[row]) for person, row in cursor.fetchall() if row in lent]
    return [(step.person_id, step.held()) for step in own] + received


def step_of(appointment_id: uuid.UUID) -> Step:
    """A believed appointment. Raises NoSuchPerson (ACC-201)."""
    found = _steps("appointment.id = %(id)s", "1", {"id": appointment_id})
    if not found:
        raise no_such()
    return found[0]


def history_of_agency(agency_id: uuid.UUID, title: str = "") -> list[Step]:
    """Who held which post of an agency, by rank, the latest first."""
    return _steps(
        "holding.agency_id = %(agency)s AND (%(title)s = '' OR title.code = %(title)s)",
        "title.rank, title.code, post.number, lower(appointment.valid) DESC",
        {"agency": agency_id, "title": title},
    )


@dataclass(frozen=True, slots=True)
class PostRow:
    """Một ghế: a post of an agency and who holds it today."""

    id: uuid.UUID
    title: str
    title_name: str
    number: int
    singular: bool
    holder_id: uuid.UUID | None
    holder: str
    closed_on: date | None
    agency_id: uuid.UUID

    @property
    def state(self) -> str:
        """ "open", "closing" (on a day to come) or "closed"."""
        if self.closed_on is None:
            return "open"
        return "closed" if self.closed_on <= clock.today() else "closing"


_POSTS = f"""
SELECT post.id, title.code, title.name, post.number, title.singular, holder.id, coalesce(holder.full_name, ''),
       post.closed_on, latest.agency_id
  FROM registry_holding AS ever
  JOIN LATERAL {LATEST_OF_EVER}
  JOIN registry_agency AS agency ON agency.id = latest.agency_id
  JOIN registry_post AS post ON post.desk_id = ever.desk_id
  JOIN registry_title AS title ON title.code = post.title_id
  LEFT JOIN registry_appointment AS appointment
    ON appointment.post_id = post.id AND upper_inf(appointment.recorded) AND appointment.valid @> %(today)s::date
  LEFT JOIN registry_person AS holder ON holder.id = appointment.person_id
 WHERE {{where}}
 ORDER BY title.rank, title.code, post.number, post.id LIMIT %(limit)s
"""


def _posts(where: str, params: dict[str, Any]) -> list[PostRow]:
    with connection.cursor() as cursor:
        cursor.execute(_POSTS.format(where=where), {"today": clock.today(), "limit": MOST_POSTS, **params})
        return [PostRow(*row) for row in cursor.fetchall()]


def posts_at(agency_id: uuid.UUID) -> list[PostRow]:
    """The posts at the desks that an agency holds now, by rank, with who holds them today; also closed ones."""
    return _posts("ever.agency_id = %(agency)s", {"agency": agency_id})


def post_of(actor: Actor, post_id: uuid.UUID) -> tuple[PostRow, AgencyRow]:
    """A post at an agency that the actor looks after, and the agency. Raises NoSuchPerson (ACC-201)."""
    scope = scope_of(actor)
    params = {"post": post_id, "everything": scope.everything, "units": list(scope.unit_ids)}
    where = "post.id = %(post)s AND (%(everything)s OR agency.unit_id = ANY(%(units)s::uuid[]))"
    found = _posts(where, params) if scope.manages else []
    if not found:
        raise no_such()
    return found[0], agency_of(actor, found[0].agency_id, managing=True)


def spells_of_post(post_id: uuid.UUID) -> list[Step]:
    """Who held, holds and will hold a post, the latest first. The caller has checked who asks."""
    return _steps("appointment.post_id = %(post)s", "lower(appointment.valid) DESC", {"post": post_id})


def export(actor: Actor, filters: Filters) -> list[PersonRow]:
    """The list of people as a file takes it: at most `MOST_EXPORTED`. Raises NotAdministrator (ACC-202)."""
    require(actor, MANAGE_PEOPLE)
    return _people(scope_of(actor), filters, MOST_EXPORTED)


__all__ = [
    "AgencyRow",
    "Filters",
    "PersonRow",
    "PostRow",
    "Step",
    "administered_agencies",
    "administers_all",
    "agency_of",
    "career_of",
    "export",
    "history_of_agency",
    "no_such",
    "people_of",
    "person_of",
    "post_of",
    "posts_at",
    "read_cursor",
    "spells_of_post",
    "standing_posts",
    "step_of",
    "visible_agencies",
]
