"""Mã hồ sơ: gapless numbers for dossiers, under a lock that lasts until the end of the transaction.

Form `<agency code>-<yyMMdd>-<4 to 7 digits>` (standards §5: G09.20-260609-0092637).
"""

from __future__ import annotations

import re
import uuid
from datetime import date

from django.db import connection
from django.utils.translation import gettext as _

from haicap.systems.onestop.errors import CodeExhausted

#: what is accepted as a dossier code, whoever issued it
CODE_FORM = re.compile(r"^[A-Z0-9]+(?:\.[A-Z0-9]+)*-(?:\d{6}|\d{8})-\d{4,7}$")
LARGEST = 9_999_999


def next_numbers(code_id: uuid.UUID, day: date, count: int = 1) -> range:
    """The next `count` numbers under this agency code on this day; needs an open transaction.

    Concurrent receptions of one agency wait here for one another, others do not. Raises CodeExhausted.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO onestop_dossiernumber AS number (code_id, day, last)
            VALUES (%(code)s, %(day)s, %(count)s)
            ON CONFLICT (code_id, day) DO UPDATE SET last = number.last + %(count)s
            WHERE number.last + %(count)s <= %(largest)s
            RETURNING last
            """,
            {"code": code_id, "day": day, "count": count, "largest": LARGEST},
        )
        row = cursor.fetchone()
    if row is None:
        raise CodeExhausted(
            _("Hôm nay cơ quan này đã dùng hết số thứ tự hồ sơ."),
            kept=_("Chưa có hồ sơ nào được ghi."),
            todo=_("Hãy tiếp nhận vào ngày mai, hoặc xin cấp thêm mã định danh."),
        )
    return range(row[0] - count + 1, row[0] + 1)


def dossier_code(agency_code: str, day: date, number: int) -> str:
    """The dossier code: agency code, day as yyMMdd, number with at least four digits."""
    return f"{agency_code}-{day:%y%m%d}-{number:04d}"
