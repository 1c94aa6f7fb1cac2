"""Whether the people of an agency can sign in: accounts, first sign-ins, second factors of administrators."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from allauth.mfa.models import Authenticator
from django.db import connection
from django.utils.translation import gettext as _

from haicap.access.models import Outcome
from haicap.access.titles import rule_for
from haicap.kernel import clock
from haicap.kernel.contract import Evidence, ReadinessCheck, permissions

# Everybody with a post today at desks of these agencies: has an account, has signed in since the agency began to hold
# the desk in its present form (its first day), has a second factor.
_PEOPLE = """
SELECT holding.agency_id, post.title_id, agency.kind, unit.level,
       account.id IS NOT NULL AND account.is_active,
       EXISTS (SELECT FROM access_signinevent event
                WHERE event.account_id = account.id AND event.outcome = %(signed_in)s AND event.method <> %(drill)s
                  AND event.at >= begun.at),
       EXISTS (SELECT FROM mfa_authenticator factor
                WHERE factor.user_id = account.id AND factor.type = ANY (%(factors)s::text[]))
  FROM registry_agency agency
  JOIN registry_unit unit ON unit.id = agency.unit_id
  JOIN LATERAL (
      SELECT min(begins_on)::timestamp AT TIME ZONE 'Asia/Ho_Chi_Minh' AS at FROM registry_agencyversion
       WHERE agency_id = agency.id AND withdrawn_at IS NULL
  ) begun ON true
  JOIN (SELECT DISTINCT desk_id, agency_id AS candidate FROM registry_holding
         WHERE agency_id = ANY (%(agencies)s::uuid[])) ever ON ever.candidate = agency.id
  JOIN LATERAL (
      SELECT agency_id FROM registry_holding
       WHERE desk_id = ever.desk_id AND begins_at <= kernel_clock_now() ORDER BY begins_at DESC LIMIT 1
  ) holding ON holding.agency_id = agency.id
  JOIN registry_post post ON post.desk_id = ever.desk_id
  JOIN registry_appointment ap ON ap.post_id = post.id AND upper_inf(ap.recorded) AND ap.valid @> %(today)s::date
  LEFT JOIN access_account account ON account.person_id = ap.person_id
 WHERE agency.id = ANY (%(agencies)s::uuid[])
"""
#: how a drill names itself in the sign-in log
DRILL = "drill"


class PeopleCanSignIn(ReadinessCheck):
    """Mọi người đăng nhập được: counts of filled posts, so that who holds two posts counts for both."""

    system: ClassVar[str] = "access"
    name: ClassVar[str] = "people_can_sign_in"
    label: ClassVar[str] = "Cán bộ, công chức đăng nhập được"

    def ask(self, agency_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, tuple[Evidence, ...]]:
        """Three pieces of evidence for each agency; one query for all."""
        params: dict[str, Any] = {
            "agencies": list(agency_ids),
            "today": clock.today(),
            "signed_in": Outcome.SIGNED_IN.value,
            "drill": DRILL,
            "factors": [Authenticator.Type.TOTP.value, Authenticator.Type.WEBAUTHN.value],
        }
        delicate = {code for code, permission in permissions().items() if permission.delicate}
        counts = {agency: [0] * 5 for agency in agency_ids}
        with connection.cursor() as cursor:
            cursor.execute(_PEOPLE, params)
            for agency, title, kind, level, has_account, has_signed_in, has_factor in cursor.fetchall():
                count = counts[agency]
                count[0] += 1
                count[1] += has_account
                count[2] += has_signed_in
                if rule_for(title, level, kind).permissions & delicate:
                    count[3] += 1
                    count[4] += has_factor
        return {agency: _evidence(*count) for agency, count in counts.items()}


def _evidence(
    people: int, accounts: int, signed_in: int, delicate: int, factors: int
) -> tuple[Evidence, ...]:
    return (
        Evidence(
            "accounts",
            _("Người giữ chức danh có tài khoản đang mở"),
            accounts,
            people,
            _("Cấp tài khoản cho người còn thiếu."),
        ),
        Evidence(
            "signed_in",
            _("Đã đăng nhập từ ngày cơ quan bắt đầu hoạt động"),
            signed_in,
            people,
            _("Nhắc người chưa đăng nhập; phát lại phiếu nếu liên kết hết hạn."),
        ),
        Evidence(
            "second_factors",
            _("Người có quyền hệ trọng đã bật xác thực lớp hai"),
            factors,
            delicate,
            _("Hướng dẫn bật ứng dụng xác thực ở lần đăng nhập tới."),
        ),
    )


READINESS: tuple[type[ReadinessCheck], ...] = (PeopleCanSignIn,)
