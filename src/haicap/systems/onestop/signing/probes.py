"""Am I well right now: certificates that end soon are told of before a result cannot be signed."""

from __future__ import annotations

from typing import ClassVar

from django.utils.translation import gettext as _

from haicap.kernel import clock
from haicap.kernel.contract import Health, Probe, ProbeResult
from haicap.systems.onestop.signing.queries import WARN_BEFORE, expiring


class CertificatesLast(Probe):
    """Chứng thư còn hạn: no certificate in use ends within the days that renewing it takes."""

    system: ClassVar[str] = "onestop"
    name: ClassVar[str] = "certificates_last"
    label: ClassVar[str] = "Chứng thư chữ ký số còn hạn"

    def ask(self) -> ProbeResult:
        """DEGRADED where some end soon; the value is how many."""
        count = expiring(clock.now() + WARN_BEFORE).count()
        words = _("%(count)s chứng thư chữ ký số hết hạn trong %(days)s ngày tới.") % {
            "count": count,
            "days": WARN_BEFORE.days,
        }
        return ProbeResult(Health.DEGRADED if count else Health.WELL, words, count, "")
