"""How the one-stop shop is right now."""

from __future__ import annotations

import time
from typing import ClassVar

from django.db import connection
from django.utils.translation import gettext as _

from haicap.kernel import clock
from haicap.kernel.actor import SYSTEM
from haicap.kernel.contract import Health, Probe, ProbeResult
from haicap.systems.onestop import queries
from haicap.systems.onestop.filters import Filters
from haicap.systems.onestop.models import IN_FLIGHT
from haicap.systems.onestop.signing.probes import CertificatesLast
from haicap.systems.onestop.sync import queries as sync

#: a worklist that takes longer than this is felt
SLOW_MS = 60.0
#: what waits longer for a partner is worth a look
SLOW_PARTNER_S = 3600.0

_UNHELD_SQL = """
    SELECT count(*) FROM onestop_dossier dossier
    JOIN (
        SELECT desk.id FROM registry_desk desk
        LEFT JOIN LATERAL (
            SELECT agency_id FROM registry_holding
            WHERE desk_id = desk.id AND begins_at <= kernel_clock_now()
            ORDER BY begins_at DESC LIMIT 1
        ) holder ON true
        WHERE holder.agency_id IS NULL
    ) unheld ON unheld.id = dossier.desk_id
    WHERE dossier.status = ANY (%s)
"""


class EveryDossierHeld(Probe):
    """Hồ sơ có người giữ: no dossier in flight lies on a desk that nobody holds."""

    system: ClassVar[str] = "onestop"
    name: ClassVar[str] = "every_dossier_held"
    label: ClassVar[str] = "Hồ sơ đang xử lý đều có cơ quan giữ"

    def ask(self) -> ProbeResult:
        """DOWN as soon as one dossier has no owner."""
        with connection.cursor() as cursor:
            cursor.execute(_UNHELD_SQL, [[int(status) for status in IN_FLIGHT]])
            (count,) = cursor.fetchone()
        if count:
            message = _("%(count)s hồ sơ đang xử lý nằm ở bàn không ai phụ trách.") % {"count": count}
            return ProbeResult(Health.DOWN, message, count, "dossiers")
        return ProbeResult(Health.WELL, _("Mọi hồ sơ đang xử lý đều có cơ quan giữ."), 0, "dossiers")


class WorklistAnswers(Probe):
    """Danh sách hồ sơ trả lời: how long the province's first page takes."""

    system: ClassVar[str] = "onestop"
    name: ClassVar[str] = "worklist_answers"
    label: ClassVar[str] = "Danh sách hồ sơ trả lời nhanh"

    def ask(self) -> ProbeResult:
        """DEGRADED where it is felt."""
        began = time.perf_counter()
        queries.worklist(SYSTEM, Filters())
        took_ms = (time.perf_counter() - began) * 1000
        health = Health.WELL if took_ms <= SLOW_MS else Health.DEGRADED
        message = _("Trang đầu danh sách hồ sơ mất %(ms)d mili giây.") % {"ms": round(took_ms)}
        return ProbeResult(health, message, took_ms, "ms")


class PartnersAreTold(Probe):
    """Liên thông thông suốt: nothing waits long for an outside system, and nothing failed."""

    system: ClassVar[str] = "onestop"
    name: ClassVar[str] = "partners_are_told"
    label: ClassVar[str] = "Hồ sơ được báo cho hệ thống ngoài"

    def ask(self) -> ProbeResult:
        """DEGRADED where something failed, or has waited more than an hour; the value is the oldest wait."""
        oldest, failed = sync.health()
        waited_s = (clock.now() - oldest).total_seconds() if oldest is not None else 0.0
        words = _("%(failed)s bản tin lỗi; chờ gửi lâu nhất %(minutes)s phút.") % {
            "failed": failed,
            "minutes": int(waited_s // 60),
        }
        health = Health.DEGRADED if failed or waited_s > SLOW_PARTNER_S else Health.WELL
        return ProbeResult(health, words, waited_s, "s")


PROBES: tuple[type[Probe], ...] = (EveryDossierHeld, WorklistAnswers, PartnersAreTold, CertificatesLast)
