"""Hats (chức danh đang dùng): what a person may act as today, from posts and delegations, to the kernel's Actor."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from haicap.access.models import Account
from haicap.access.titles import ALL, UNIT, Rule, rule_for
from haicap.kernel import clock
from haicap.kernel.actor import Actor

#: a person holds few posts; beyond this many hats the list of choices ends
MOST_HATS = 50


@dataclass(frozen=True, slots=True)
class Hat:
    """A hat: a post held today, or another's post by delegation (ủy quyền), and the agency that holds its desk."""

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
    delegation_id: uuid.UUID | None = None

    @property
    def key(self) -> str:
        """What a session keeps of the choice."""
        return f"uq:{self.delegation_id}" if self.delegation_id else str(self.appointment_id)

    @property
    def rule(self) -> Rule:
        """What this title may do."""
        return rule_for(self.title, self.level, self.kind)

    @property
    def name(self) -> str:
        """ "Chủ tịch, Ủy ban nhân dân phường Hải Vân", with whom one acts for."""
        name = f"{self.title_name}, {self.agency}"
        return (
            _("%(hat)s (thay %(person)s)") % {"hat": name, "person": self.person}
            if self.delegation_id
            else name
        )


# An appointment counts today; its post sits at a desk; who holds the desk now has the post.
_HATS = """
SELECT appointment.id, person.id, person.full_name, post.id, title.code, title.name, title.rank,
       agency.id, coalesce(version.name, ''), agency.kind, agency.unit_id,
       coalesce(unit.name, ''), coalesce(unit.code, ''), level.level, {delegation}
  FROM registry_appointment AS appointment
  JOIN registry_person AS person ON person.id = appointment.person_id
  JOIN registry_post AS post ON post.id = appointment.post_id
  JOIN registry_title AS title ON title.code = post.title_id
  {join}
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
_DELEGATED = """
  JOIN access_delegation AS delegation ON delegation.appointment_id = appointment.id
   AND delegation.revoked_at IS NULL AND delegation.during @> kernel_clock_now()
"""
_OF_PERSON = (
    _HATS.format(delegation="NULL::uuid", join="", where="appointment.person_id = %(person)s")
    + " UNION ALL "
    + _HATS.format(delegation="delegation.id", join=_DELEGATED, where="delegation.delegate_id = %(person)s")
    + " ORDER BY 15 NULLS FIRST, 7, 1 LIMIT %(limit)s"
)


def held(where: str, params: Mapping[str, Any], tail: str = "") -> list[Hat]:
    """Posts held today by a condition on the names of the query (SQL of this package only, values as `params`)."""
    sql = _HATS.format(delegation="NULL::uuid", join="", where=where) + tail
    with connection.cursor() as cursor:
        cursor.execute(sql, {"today": clock.today(), **params})
        return [Hat(*row) for row in cursor.fetchall()]


def hats_of(person_id: uuid.UUID) -> list[Hat]:
    """All hats of a person now: own posts by rank, then those by delegation; one query, at most `MOST_HATS`."""
    params: dict[str, Any] = {"today": clock.today(), "person": person_id, "limit": MOST_HATS}
    with connection.cursor() as cursor:
        cursor.execute(_OF_PERSON, params)
        return [Hat(*row) for row in cursor.fetchall()]


def actor_for(appointment_id: uuid.UUID) -> Actor | None:
    """The actor of an appointment that stands today; None when it ended, or its post's desk was closed."""
    found = held("appointment.id = %(id)s", {"id": appointment_id})
    return actor_in(found[0]) if found else None


def actor_for_account(account: Account, key: str = "") -> Actor:
    """The actor of an account in the hat that `key` names; else in the first hat; without hats only its owner."""
    return actor_among(account, hats_of_account(account), key)


def hats_of_account(account: Account) -> list[Hat]:
    """All hats of an account's person now; none for citizens and locked accounts."""
    if not account.is_active or account.person_id is None:
        return []
    return hats_of(account.person_id)


def actor_among(account: Account, found: list[Hat], key: str = "") -> Actor:
    """The actor of an account in that of its hats which `key` names; else in the first; without hats its owner."""
    if not found:
        return account.as_actor()
    hat = next((hat for hat in found if hat.key == key), found[0])
    return replace(actor_in(hat, account), account_id=account.pk)


def actor_in(hat: Hat, account: Account | None = None) -> Actor:
    """The actor that a hat makes of whoever wears it; `account` is the wearer's where that is another person."""
    rule = hat.rule
    agencies = {hat.agency_id}
    if rule.reach == UNIT:
        agencies |= _agencies_below(hat)
    label = hat.person
    person_id: uuid.UUID | None = hat.person_id
    for_person_id: uuid.UUID | None = None
    if hat.delegation_id is not None and account is not None:
        label, person_id, for_person_id = account.get_full_name(), account.person_id, hat.person_id
    return Actor(
        label=label,
        person_id=person_id,
        post_id=hat.post_id,
        title=hat.name,
        agency_ids=frozenset(agencies),
        unit_ids=frozenset({hat.unit_id}),
        permissions=rule.permissions,
        sees_all=rule.reach == ALL,
        for_person_id=for_person_id,
    )


def _agencies_below(hat: Hat) -> set[uuid.UUID]:
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
            {"unit": hat.unit_id, "agency": hat.agency_id, "today": clock.today()},
        )
        return {row[0] for row in cursor.fetchall()}
