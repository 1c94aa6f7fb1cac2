"""Whether the one-stop shop of an agency is ready to open: from the system itself where it can know."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

from django.db import connection
from django.utils.translation import gettext as _

from haicap.kernel import clock
from haicap.kernel.contract import Evidence, ReadinessCheck
from haicap.systems.onestop import catalogue
from haicap.systems.onestop.catalogue import Configured
from haicap.systems.onestop.counters import queries
from haicap.systems.onestop.models import OpeningItem

#: a drill proves for so long that a dossier goes from door to door
DRILL_COUNTS = timedelta(days=30)
DRILL_ACTION = "onestop.drill_dossier"

# For each agency: its level; statements; certificates that sign today (its seal, and somebody's own); whether its last
# drill passed lately. Several agencies, one query.
_FOUND = """
SELECT agency.id, unit.level,
       EXISTS (SELECT FROM onestop_openingstatement said WHERE said.agency_id = agency.id
                AND said.item = %(fee_account)s AND said.withdrawn_at IS NULL),
       EXISTS (SELECT FROM onestop_openingstatement said WHERE said.agency_id = agency.id
                AND said.item = %(stamp)s AND said.withdrawn_at IS NULL),
       EXISTS (SELECT FROM onestop_signingcertificate cert WHERE cert.agency_id = agency.id AND cert.person_id IS NULL
                AND cert.revoked_at IS NULL AND %(now)s BETWEEN cert.begins_at AND cert.ends_at),
       EXISTS (SELECT FROM onestop_signingcertificate cert WHERE cert.agency_id = agency.id
                AND cert.person_id IS NOT NULL
                AND cert.revoked_at IS NULL AND %(now)s BETWEEN cert.begins_at AND cert.ends_at),
       coalesce((SELECT (entry.after ->> 'passed')::boolean FROM kernel_journal entry
                  WHERE entry.record = 'onestop.drill' AND entry.record_id = agency.id
                    AND entry.action = %(drill)s AND entry.at >= %(since)s
                  ORDER BY entry.at DESC LIMIT 1), false)
  FROM registry_agency agency
  JOIN registry_unit unit ON unit.id = agency.unit_id
 WHERE agency.id = ANY (%(agencies)s::uuid[])
"""


class DossiersCanBeTaken(ReadinessCheck):
    """Bộ phận một cửa mở cửa được: procedures, fee account, stamp, signatures, counters, and a drill that passed."""

    system: ClassVar[str] = "onestop"
    name: ClassVar[str] = "dossiers_can_be_taken"
    label: ClassVar[str] = "Bộ phận một cửa mở cửa được"

    def ask(self, agency_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, tuple[Evidence, ...]]:
        """Six pieces of evidence for each agency; one query, two for counters, one a level for the catalogue."""
        now = clock.now()
        params: dict[str, Any] = {
            "agencies": list(agency_ids),
            "now": now,
            "since": now - DRILL_COUNTS,
            "drill": DRILL_ACTION,
            "fee_account": OpeningItem.FEE_ACCOUNT.value,
            "stamp": OpeningItem.STAMP.value,
        }
        with connection.cursor() as cursor:
            cursor.execute(_FOUND, params)
            rows = cursor.fetchall()
        levels = {level: catalogue.configured(level) for level in {row[1] for row in rows}}
        staffed = queries.counters_staffed(agency_ids)
        return {row[0]: _evidence(levels[row[1]], *staffed.get(row[0], (0, 0)), *row[2:]) for row in rows}


def _evidence(
    configured: Configured,
    staffed: int,
    counters: int,
    fee_account: bool,
    stamp: bool,
    seal: bool,
    signer: bool,
    drilled: bool,
) -> tuple[Evidence, ...]:
    return (
        Evidence(
            "procedures",
            _("Thủ tục đã công bố có đủ quy trình, thời hạn, thẩm quyền"),
            configured.configured,
            max(configured.published, 1),
            _("Công bố thủ tục rồi gán quy trình ở trang «Danh mục thủ tục»."),
        ),
        Evidence(
            "fee_account",
            _("Tài khoản thu phí, lệ phí"),
            int(fee_account),
            1,
            _("Mở tài khoản rồi xác nhận ở trang «Điều kiện mở cửa»."),
        ),
        Evidence(
            "stamp",
            _("Con dấu"),
            int(stamp),
            1,
            _("Nhận con dấu rồi xác nhận ở trang «Điều kiện mở cửa»."),
        ),
        Evidence(
            "signatures",
            _("Chứng thư chữ ký số của cơ quan và của người ký"),
            int(seal) + int(signer),
            2,
            _("Nộp chứng thư ở trang «Chữ ký số»."),
        ),
        Evidence(
            "counters",
            _("Quầy có người ngồi"),
            staffed,
            max(counters, 1),
            _("Lập quầy và mở quầy ở trang «Quầy»."),
        ),
        Evidence(
            "drill",
            _("Hồ sơ thử đi trọn từ tiếp nhận đến trả kết quả trong 30 ngày qua"),
            int(drilled),
            1,
            _("Chạy diễn tập: haicap drill onestop --unit MÃ."),
        ),
    )


READINESS: tuple[type[ReadinessCheck], ...] = (DossiersCanBeTaken,)
