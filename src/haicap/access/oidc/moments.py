"""The real time of the protocol: other systems check it against their own clocks, so a shifted clock does not count."""

from __future__ import annotations

from datetime import datetime

from haicap.kernel import clock


def real_now() -> datetime:
    """The present instant, whatever a drill or a demonstration makes of the deployment's clock."""
    return clock.now() - clock.current_shift()
