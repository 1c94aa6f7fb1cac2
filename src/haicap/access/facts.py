"""What access gives the warehouse: accounts and sign-ins by day; counts only, nothing about people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import ClassVar

from django.db import connection

from haicap.kernel.clock import ZONE
from haicap.kernel.contract import FactSource

_BATCH = 2_000

# As of the end of each day: who held a post at a desk, and the agency that held that desk. `used`: signed in by then.
# Whether an account was locked on a past day is not kept with it, so a closed day does not change by that.
_ACCOUNTS = """
    SELECT day::date, holding.agency_id, post.title_id,
           CASE WHEN account.id IS NULL THEN 'none' WHEN first.at IS NULL THEN 'unused' ELSE 'used' END AS state,
           count(*)
    FROM generate_series(%(first)s::timestamp, %(last)s::timestamp, interval '1 day') AS days (day)
    JOIN registry_appointment ap ON upper_inf(ap.recorded) AND ap.valid @> day::date
    JOIN registry_post post ON post.id = ap.post_id
    JOIN LATERAL (
        SELECT agency_id FROM registry_holding
        WHERE desk_id = post.desk_id AND begins_at < (day + interval '1 day') AT TIME ZONE 'Asia/Ho_Chi_Minh'
        ORDER BY begins_at DESC LIMIT 1
    ) holding ON holding.agency_id IS NOT NULL
    LEFT JOIN access_account account ON account.person_id = ap.person_id
        AND account.created_at < (day + interval '1 day') AT TIME ZONE 'Asia/Ho_Chi_Minh'
    LEFT JOIN LATERAL (
        SELECT at FROM access_signinevent
        WHERE account_id = account.id AND outcome = 'in'
          AND at < (day + interval '1 day') AT TIME ZONE 'Asia/Ho_Chi_Minh' LIMIT 1
    ) first ON true
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""

_SIGN_INS = """
    SELECT (event.at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, coalesce(account.kind, 'unknown'), event.outcome,
           event.method, count(*), count(DISTINCT event.account_id)
    FROM access_signinevent event LEFT JOIN access_account account ON account.id = event.account_id
    WHERE event.at >= %(since)s AND event.at < %(until)s
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""


def _rows(sql: str, first: date, last: date) -> Iterator[Sequence[object]]:
    params = {
        "first": first,
        "last": last,
        "since": datetime.combine(first, time.min, tzinfo=ZONE),
        "until": datetime.combine(last + timedelta(days=1), time.min, tzinfo=ZONE),
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        while batch := cursor.fetchmany(_BATCH):
            yield from batch


class AccountDays(FactSource):
    """Tài khoản theo ngày: filled posts by agency, title and whether their holders have and use an account."""

    system: ClassVar[str] = "access"
    name: ClassVar[str] = "account_days"
    label: ClassVar[str] = "Tài khoản theo ngày, cơ quan, chức danh"
    columns: ClassVar[tuple[str, ...]] = ("day", "agency_id", "title", "state", "posts")

    def rows(self, first: date, last: date) -> Iterator[Sequence[object]]:
        """One row a day, agency, title and state ("none", "unused", "used"), in this order."""
        return _rows(_ACCOUNTS, first, last)


class SignInDays(FactSource):
    """Đăng nhập theo ngày: attempts by kind of account, outcome and method, and how many accounts made them."""

    system: ClassVar[str] = "access"
    name: ClassVar[str] = "sign_in_days"
    label: ClassVar[str] = "Lượt đăng nhập theo ngày"
    columns: ClassVar[tuple[str, ...]] = ("day", "kind", "outcome", "method", "events", "accounts")

    def rows(self, first: date, last: date) -> Iterator[Sequence[object]]:
        """One row a day, kind, outcome and method, in this order."""
        return _rows(_SIGN_INS, first, last)


FACTS: tuple[type[FactSource], ...] = (AccountDays, SignInDays)
