"""Thông tin cho ứng dụng: what other systems are told of an account now, by scope.

Computed anew at every sign-in, refresh and userinfo, from the posts that the person holds now: after a cut-over the
next refresh carries the new agency. Old and new codes stand side by side for a set time, so that a system which
has not renumbered yet finds its records.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import connection

from haicap.access.hats import Hat, hats_of
from haicap.access.models import Account
from haicap.kernel import clock
from haicap.registry.former_codes import former_agency_codes, former_unit_codes

SCOPES = ("openid", "profile", "email", "haicap")

# The code that an agency bears today, as it would be found on the list of codes: open, and nobody else's since.
_CODES = """
SELECT wanted.id, code.code
  FROM unnest(%(ids)s::uuid[]) AS wanted (id)
  JOIN LATERAL (
      SELECT code_id FROM registry_codeholding
       WHERE agency_id = wanted.id AND withdrawn_at IS NULL AND begins_on <= %(today)s
       ORDER BY begins_on DESC LIMIT 1
  ) AS holding ON true
  JOIN registry_agencycode AS code ON code.id = holding.code_id
 WHERE (code.closed_on IS NULL OR code.closed_on > %(today)s)
   AND NOT EXISTS (
       SELECT FROM registry_codeholding AS later
        WHERE later.code_id = code.id AND later.withdrawn_at IS NULL AND later.agency_id <> wanted.id
          AND later.begins_on <= %(today)s
          AND later.begins_on > (
              SELECT max(begins_on) FROM registry_codeholding
               WHERE code_id = code.id AND agency_id = wanted.id AND withdrawn_at IS NULL AND begins_on <= %(today)s
          )
   )
"""


def claims_of(account: Account, scopes: Iterable[str], hat_key: str = "") -> dict[str, Any]:
    """What an account is, for these scopes; `hat_key` names the hat worn at sign-in. At most four queries."""
    wanted = set(scopes)
    told: dict[str, Any] = {"sub": str(account.pk)}
    if "profile" in wanted:
        told |= _profile(account)
    if "email" in wanted and account.email:
        told |= {"email": account.email, "email_verified": True}
    if "haicap" in wanted:
        told |= _work(account, hat_key)
    return told


def _profile(account: Account) -> dict[str, Any]:
    told: dict[str, Any] = {"name": account.get_full_name(), "preferred_username": account.username}
    if account.person is not None:
        names = account.person
        told |= {"given_name": names.given_name, "family_name": names.family_name}
        if names.middle_name:
            told["middle_name"] = names.middle_name
    return told


def _work(account: Account, hat_key: str) -> dict[str, Any]:
    """Person and posts; an account without posts has no agency, one of a citizen no person either."""
    told: dict[str, Any] = {"account_kind": account.kind, "titles": [], "posts": []}
    if account.person_id is None:
        return told
    told["person_id"] = str(account.person_id)
    hats = hats_of(account.person_id)
    if not hats:
        return told
    worn = next((hat for hat in hats if hat.key == hat_key), hats[0])
    codes = agency_codes({hat.agency_id for hat in hats})
    days = settings.HAICAP_FORMER_CODES_DAYS
    return {
        **told,
        "titles": [hat.name for hat in hats],
        "posts": [_post(hat, codes) for hat in hats],
        "title": worn.title,
        "title_name": worn.title_name,
        "agency_id": str(worn.agency_id),
        "agency_code": codes.get(worn.agency_id, ""),
        "agency_name": worn.agency,
        "unit_id": str(worn.unit_id),
        "unit_code": worn.unit_code,
        "unit_name": worn.unit,
        "former_codes": list(former_agency_codes([worn.agency_id], within_days=days).get(worn.agency_id, ())),
        "former_unit_codes": list(former_unit_codes([worn.unit_id], within_days=days).get(worn.unit_id, ())),
    }


def _post(hat: Hat, codes: dict[uuid.UUID, str]) -> dict[str, Any]:
    return {
        "title": hat.title,
        "title_name": hat.title_name,
        "agency_id": str(hat.agency_id),
        "agency_code": codes.get(hat.agency_id, ""),
        "agency_name": hat.agency,
        "unit_code": hat.unit_code,
        "by_delegation": hat.delegation_id is not None,
    }


def agency_codes(agency_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Mã định danh điện tử of agencies today; those without one are missing. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_CODES, {"ids": list(agency_ids), "today": clock.today()})
        return dict(cursor.fetchall())
