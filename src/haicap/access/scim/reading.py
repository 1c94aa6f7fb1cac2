"""Reads people and agencies for directories: a page is a constant number of queries, however many stand in it."""

from __future__ import annotations

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection
from scim2_models import Extension, Meta, Reference, SearchRequest

from haicap.access.hats import Hat, held
from haicap.access.scim import filters
from haicap.access.scim.filters import EXACT, MOMENT, TRUTH, Column
from haicap.access.scim.schema import (
    Email,
    EnterpriseUser,
    FullGroup,
    FullUser,
    Member,
    Name,
    Post,
    UserGroup,
    VietnamGroup,
    VietnamUser,
)
from haicap.kernel import clock
from haicap.registry.former_codes import former_agency_codes, former_unit_codes
from haicap.registry.models import Appointment

#: members of all groups of a page together; a province has some thousands of people
MOST_MEMBERS = 50_000

# When something about a person's posts changed: recorded, begun or ended by law, or the desk given to another.
_POSTS_CHANGED = """
       (SELECT greatest(
            max(lower(appointment.recorded)), max(upper(appointment.recorded)),
            max(lower(appointment.valid)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh')
                FILTER (WHERE lower(appointment.valid) <= %(today)s),
            max(upper(appointment.valid)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh')
                FILTER (WHERE upper(appointment.valid) <= %(today)s))
          FROM registry_appointment AS appointment WHERE appointment.person_id = account.person_id),
       (SELECT max(holding.begins_at)
          FROM registry_appointment AS appointment
          JOIN registry_post AS post ON post.id = appointment.post_id
          JOIN registry_holding AS holding ON holding.desk_id = post.desk_id
           AND holding.begins_at <= kernel_clock_now()
         WHERE appointment.person_id = account.person_id AND upper_inf(appointment.recorded)
           AND appointment.valid @> %(today)s::date)
"""
_USERS = f"""
SELECT account.id, account.username, account.email, account.is_active, account.created_at, account.person_id,
       person.family_name, person.middle_name, person.given_name, person.full_name,
       EXISTS (SELECT FROM registry_appointment AS appointment
                WHERE appointment.person_id = account.person_id) AS is_known,
       link.external_id, link.employee_number, link.label, greatest(
       account.created_at,
       (SELECT max(entry.at) FROM kernel_journal AS entry
         WHERE entry.record_id IN (account.id, account.person_id)),
       {_POSTS_CHANGED}) AS modified
  FROM access_account AS account
  JOIN registry_person AS person ON person.id = account.person_id
  LEFT JOIN access_scimlink AS link ON link.account_id = account.id AND link.directory = %(directory)s
 WHERE account.kind = 'official' AND (link.removed_at IS NULL OR account.is_active)
"""
USER_COLUMNS: Mapping[str, Column] = {
    "id": Column("id::text", EXACT),
    "username": Column("username"),
    "externalid": Column("nullif(external_id, '')", EXACT),
    "displayname": Column("full_name"),
    "name.familyname": Column("family_name"),
    "name.middlename": Column("nullif(middle_name, '')"),
    "name.givenname": Column("given_name"),
    "active": Column("is_active", TRUTH),
    "emails.value": Column("nullif(email, '')"),
    "emails.type": Column("CASE WHEN email <> '' THEN 'work' END"),
    "meta.created": Column("created_at", MOMENT),
    "meta.lastmodified": Column("modified", MOMENT),
    "meta.resourcetype": Column("'User'::text", EXACT),
    "urn:haicap:scim:schemas:extension:vn:2.0:user:personid": Column(
        "CASE WHEN is_known THEN person_id::text END", EXACT
    ),
    "urn:haicap:scim:schemas:extension:vn:2.0:user:label": Column("nullif(label, '')"),
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user:employeenumber": Column(
        "nullif(employee_number, '')", EXACT
    ),
}

# Who holds a post today at a desk that an agency holds now, and has an account that this directory sees.
_MEMBERS = """
SELECT DISTINCT holding.agency_id AS group_id, account.id AS account_id
  FROM registry_appointment AS appointment
  JOIN registry_post AS post ON post.id = appointment.post_id
  JOIN LATERAL (
      SELECT agency_id FROM registry_holding
       WHERE desk_id = post.desk_id AND begins_at <= kernel_clock_now() ORDER BY begins_at DESC LIMIT 1
  ) AS holding ON true
  JOIN access_account AS account ON account.person_id = appointment.person_id
  LEFT JOIN access_scimlink AS link ON link.account_id = account.id AND link.directory = %(directory)s
 WHERE upper_inf(appointment.recorded) AND appointment.valid @> %(today)s::date
   AND (link.removed_at IS NULL OR account.is_active)
"""
_GROUP_MEMBERS = f"""
SELECT group_id, account_id FROM (
    {_MEMBERS}
       AND post.desk_id IN (SELECT desk_id FROM registry_holding WHERE agency_id = ANY(%(groups)s::uuid[]))
    UNION ALL
    SELECT member.group_id, member.account_id FROM access_scimmember AS member
      JOIN access_account AS account ON account.id = member.account_id
      LEFT JOIN access_scimlink AS link ON link.account_id = account.id AND link.directory = %(directory)s
     WHERE link.removed_at IS NULL OR account.is_active
) AS member WHERE group_id = ANY(%(groups)s::uuid[]) ORDER BY group_id, account_id LIMIT %(most)s
"""
# An agency changes when its name does, when a desk comes or goes, or when somebody is appointed or gets an account.
_GROUPS = """
SELECT agency.id, version.name AS display_name, NULL::text AS external_id, 'agency' AS source, '' AS label, agency.kind,
       agency.unit_id, unit.name AS unit, unit.code AS unit_code,
       lower(unit.valid)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh' AS created, greatest(
       version.begins_on::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh',
       (SELECT greatest(max(next.begins_at), max(lower(appointment.recorded)), max(upper(appointment.recorded)),
                max(account.created_at),
                max(lower(appointment.valid)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh')
                    FILTER (WHERE lower(appointment.valid) <= %(today)s),
                max(upper(appointment.valid)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh')
                    FILTER (WHERE upper(appointment.valid) <= %(today)s))
          FROM registry_holding AS holding
          JOIN registry_holding AS next ON next.desk_id = holding.desk_id
           AND next.begins_at <= kernel_clock_now()
          LEFT JOIN registry_post AS post ON post.desk_id = holding.desk_id
          LEFT JOIN registry_appointment AS appointment ON appointment.post_id = post.id
          LEFT JOIN access_account AS account ON account.person_id = appointment.person_id
         WHERE holding.agency_id = agency.id)) AS modified
  FROM registry_agency AS agency
  JOIN LATERAL (
      SELECT name, closed, begins_on FROM registry_agencyversion
       WHERE agency_id = agency.id AND withdrawn_at IS NULL AND begins_on <= %(today)s
       ORDER BY begins_on DESC LIMIT 1
  ) AS version ON NOT version.closed
  JOIN registry_unitversion AS unit ON unit.unit_id = agency.unit_id AND upper_inf(unit.recorded)
   AND unit.valid @> %(today)s::date
UNION ALL
SELECT id, display_name, external_id, NULL, label, '', NULL, NULL, NULL, made_at, changed_at
  FROM access_scimgroup WHERE directory = %(directory)s
"""
_ONE_GROUP = (
    "SELECT member.account_id::text FROM ("
    + _MEMBERS
    + " UNION ALL SELECT group_id, account_id FROM access_scimmember) AS member WHERE member.group_id = resource.id"
)
GROUP_COLUMNS: Mapping[str, Column] = {
    "id": Column("id::text", EXACT),
    "displayname": Column("display_name"),
    "externalid": Column("nullif(external_id, '')", EXACT),
    "members.value": Column("many.value", EXACT, many=_ONE_GROUP),
    "meta.created": Column("created", MOMENT),
    "meta.lastmodified": Column("modified", MOMENT),
    "meta.resourcetype": Column("'Group'::text", EXACT),
    "urn:haicap:scim:schemas:extension:vn:2.0:group:source": Column("source", EXACT),
    "urn:haicap:scim:schemas:extension:vn:2.0:group:label": Column("nullif(label, '')"),
    "urn:haicap:scim:schemas:extension:vn:2.0:group:kind": Column("nullif(kind, '')", EXACT),
    "urn:haicap:scim:schemas:extension:vn:2.0:group:unitcode": Column("unit_code", EXACT),
}

# The code that an agency bears today, as long as it is open.
_CODES = """
SELECT DISTINCT ON (holding.agency_id) holding.agency_id,
       CASE WHEN code.closed_on IS NULL OR code.closed_on > %(today)s THEN code.code END
  FROM registry_codeholding AS holding JOIN registry_agencycode AS code ON code.id = holding.code_id
 WHERE holding.agency_id = ANY(%(ids)s::uuid[]) AND holding.withdrawn_at IS NULL AND holding.begins_on <= %(today)s
 ORDER BY holding.agency_id, holding.begins_on DESC
"""
_OWN_GROUPS = """
SELECT member.account_id, own.id, own.display_name FROM access_scimmember AS member
  JOIN access_scimgroup AS own ON own.id = member.group_id AND own.directory = %(directory)s
 WHERE member.account_id = ANY(%(ids)s::uuid[]) ORDER BY own.id
"""

_KINDS: Mapping[str, tuple[str, Mapping[str, Column], Any, str]] = {
    "User": (_USERS, USER_COLUMNS, FullUser, "id"),
    # the directory's own groups first: they are few, and it knows them
    "Group": (_GROUPS, GROUP_COLUMNS, FullGroup, "(source IS NOT NULL), id"),
}
Row = dict[str, Any]


def search(
    kind: str, directory: str, request: SearchRequest[Any], offset: int, limit: int
) -> tuple[int, list[Any]]:
    """How many resources of a kind ("User", "Group") fit, and those of one page. Raises InvalidFilterException."""
    sql, columns, model, default = _KINDS[kind]
    where, values = filters.condition(model, columns, request.filter)
    params = {**_base(directory), **values, "offset": max(offset, 0), "limit": limit}
    source = f"FROM ({sql}) AS resource WHERE {where}"
    total = int(_rows(f"SELECT count(*) AS total {source}", params)[0]["total"])
    if limit <= 0 or offset >= total or offset + limit <= 0:
        return total, []
    ordered = filters.order(model, columns, request, default)
    rows = _rows(f"SELECT * {source} ORDER BY {ordered} LIMIT %(limit)s OFFSET %(offset)s", params)
    return total, _built(kind, directory, rows, request)


def get(kind: str, directory: str, resource_id: str) -> Any | None:
    """One resource as the directory sees it; None where there is none."""
    try:
        wanted = uuid.UUID(resource_id)
    except ValueError:
        return None
    params = {**_base(directory), "wanted": wanted}
    rows = _rows(f"SELECT * FROM ({_KINDS[kind][0]}) AS resource WHERE id = %(wanted)s", params)
    return _built(kind, directory, rows, None)[0] if rows else None


def visible(directory: str, accounts: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the accounts that the directory sees. One query."""
    params = {**_base(directory), "ids": list(accounts)}
    return {
        row[0]
        for row in _pairs(f"SELECT id FROM ({_USERS}) AS resource WHERE id = ANY(%(ids)s::uuid[])", params)
    }


def _built(kind: str, directory: str, rows: list[Row], request: SearchRequest[Any] | None) -> list[Any]:
    return _users(directory, rows) if kind == "User" else _groups(directory, rows, _wants_members(request))


def _base(directory: str) -> dict[str, Any]:
    return {"directory": directory, "today": clock.today()}


def _rows(sql: str, params: Mapping[str, Any]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _pairs(sql: str, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


# --- users --------------------------------------------------------------------------------------------


def _users(directory: str, rows: list[Row]) -> list[Any]:
    if not rows:
        return []
    persons = [row["person_id"] for row in rows]
    hats = held("appointment.person_id = ANY(%(persons)s::uuid[])", {"persons": persons}, " ORDER BY 7, 1")
    posts = _posts(hats)
    own: dict[uuid.UUID, list[UserGroup]] = defaultdict(list)
    for account_id, group_id, name in _pairs(
        _OWN_GROUPS, {"directory": directory, "ids": [row["id"] for row in rows]}
    ):
        own[account_id].append(_in_group(group_id, name))
    return [_user(row, posts.get(row["person_id"], []), own.get(row["id"], [])) for row in rows]


def _posts(hats: Sequence[Hat]) -> dict[uuid.UUID, list[Post]]:
    """The posts of each person, highest first. Four queries however many."""
    agencies, units = {hat.agency_id for hat in hats}, {hat.unit_id for hat in hats}
    codes, former, former_units = _codes(agencies), former_agency_codes(agencies), former_unit_codes(units)
    since = dict(
        Appointment.objects.filter(id__in={hat.appointment_id for hat in hats}).values_list("id", "valid")
    )
    found: dict[uuid.UUID, list[Post]] = defaultdict(list)
    for hat in hats:
        valid = since.get(hat.appointment_id)
        found[hat.person_id].append(
            Post(
                agency_id=str(hat.agency_id),
                agency=hat.agency or None,
                agency_code=codes.get(hat.agency_id),
                former_agency_codes=list(former.get(hat.agency_id, ())) or None,
                unit=hat.unit or None,
                unit_code=hat.unit_code or None,
                former_unit_codes=list(former_units.get(hat.unit_id, ())) or None,
                title=hat.title,
                title_name=hat.title_name,
                since=valid.lower.isoformat() if valid and valid.lower else None,
            )
        )
    return found


def _user(row: Row, posts: list[Post], own: list[UserGroup]) -> Any:
    first = posts[0] if posts else None
    agencies = {post.agency_id: post for post in posts}
    groups = [_in_group(agency, post.agency) for agency, post in agencies.items()] + own
    user = FullUser(
        id=str(row["id"]),
        external_id=row["external_id"] or None,
        user_name=row["username"],
        name=Name(
            family_name=row["family_name"] or None,
            middle_name=row["middle_name"] or None,
            given_name=row["given_name"],
        ),
        display_name=row["full_name"],
        title=first.title_name if first else None,
        active=row["is_active"],
        emails=[Email.model_construct(value=row["email"], type="work")] if row["email"] else None,
        groups=groups or None,
    )
    user[EnterpriseUser] = _told(
        EnterpriseUser(
            organization=first.unit if first else None,
            department=first.agency if first else None,
            employee_number=row["employee_number"] or None,
        )
    )
    user[VietnamUser] = _told(
        VietnamUser(
            person_id=str(row["person_id"]) if row["is_known"] else None,
            posts=posts or None,
            label=row["label"] or None,
        )
    )
    return _stamped(user, "User", row["created_at"], row["modified"])


def _in_group(group_id: Any, name: str | None) -> UserGroup:
    return UserGroup(value=str(group_id), ref=Reference(f"Groups/{group_id}"), display=name, type="direct")


# --- groups -------------------------------------------------------------------------------------------


def _wants_members(request: SearchRequest[Any] | None) -> bool:
    """Whether a page of groups shows members: they are many, and often not asked for."""
    if request is None:
        return True
    if request.attributes:
        return any("members" in str(path).lower() for path in request.attributes)
    return not any(str(path).lower().endswith("members") for path in request.excluded_attributes or ())


def _groups(directory: str, rows: list[Row], with_members: bool) -> list[Any]:
    agencies = {row["id"] for row in rows if row["source"]}
    codes, former = _codes(agencies), former_agency_codes(agencies)
    members: dict[uuid.UUID, list[Member]] = defaultdict(list)
    if with_members:
        params = {**_base(directory), "groups": [row["id"] for row in rows], "most": MOST_MEMBERS}
        for group_id, account_id in _pairs(_GROUP_MEMBERS, params):
            members[group_id].append(
                Member(value=str(account_id), ref=Reference(f"Users/{account_id}"), type="User")
            )
    built = []
    for row in rows:
        group = FullGroup(
            id=str(row["id"]),
            external_id=row["external_id"] or None,
            display_name=row["display_name"],
            members=members.get(row["id"]) or None,
        )
        group[VietnamGroup] = _told(
            VietnamGroup(
                source=row["source"],
                agency_code=codes.get(row["id"]),
                former_agency_codes=list(former.get(row["id"], ())) or None,
                kind=row["kind"] or None,
                unit=row["unit"],
                unit_code=row["unit_code"],
                label=row["label"] or None,
            )
        )
        built.append(_stamped(group, "Group", row["created"], row["modified"]))
    return built


def _codes(agencies: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    found = _pairs(_CODES, {"ids": list(agencies), "today": clock.today()})
    return {agency: code for agency, code in found if code}


def _told(extension: Extension) -> Extension | None:
    """The extension, if it says anything: one without any value is not there (RFC 7643 §2.5)."""
    return extension if any(getattr(extension, name) for name in type(extension).model_fields) else None


def _stamped(resource: Any, kind: str, created: Any, modified: Any) -> Any:
    """The resource with its meta; the version is a digest of what it says, so that it changes with any of it."""
    said = resource.model_dump_json(exclude_none=True)
    resource.meta = Meta(
        resource_type=kind,
        created=created,
        last_modified=max(created, modified or created),
        version=f'W/"{hashlib.sha256(said.encode()).hexdigest()[:24]}"',
    )
    return resource
