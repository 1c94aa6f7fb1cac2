"""A counter in a process of its own, to be killed: `python -m … KEY AGENCY TRACES before|after`.

It certifies copies for one applicant and stops for ever right before the transaction ends, or right after.
"""

from __future__ import annotations

import sys
import time
import uuid
from pathlib import Path


def main() -> None:
    """Certify, leave a trace, wait to be killed."""
    import django

    django.setup()
    from django.db import transaction

    from haicap.kernel import clock
    from haicap.kernel.actor import Actor
    from haicap.registry.models import Agency
    from haicap.systems.onestop import policy
    from haicap.systems.onestop.reception import copies
    from haicap.systems.onestop.tests.factories import NOW

    key, agency_id, traces, when = sys.argv[1:]
    agency = Agency.objects.get(pk=agency_id)
    actor = Actor(
        "Quầy bị tắt điện",
        uuid.uuid4(),
        agency_ids=frozenset({agency.id}),
        permissions=frozenset(policy.PERMISSIONS),
    )
    request = copies.CopyRequest(uuid.UUID(key), "Nguyễn Văn Mất Điện", (copies.CopiedPaper("Bằng", 2, 2),))
    with clock.at(NOW):
        with transaction.atomic():
            made = copies.certify(actor, request, agency=agency)
            if when == "before":
                _stop(Path(traces), made.dossier.code)
        _stop(Path(traces), made.dossier.code)


def _stop(traces: Path, said: str) -> None:
    traces.write_text(said)
    while True:
        time.sleep(0.05)


if __name__ == "__main__":
    main()
