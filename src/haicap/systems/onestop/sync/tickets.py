"""Tickets: the promise, in the transaction of a step, that partners will be told of it. Imports nothing of the rest."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db import connection

from haicap.kernel import outbox

TOPIC = "onestop.sync_dossier"

_WAITING = """
    SELECT sync.partner_id, sync.dossier_id, sync.version
    FROM onestop_dossiersync sync
    JOIN onestop_partner partner ON partner.id = sync.partner_id AND partner.enabled AND partner.closed_at IS NULL
    WHERE sync.kind = 'dossier' AND sync.dossier_id = ANY (%s) AND sync.state <> 'failed'
    ORDER BY sync.partner_id, sync.dossier_id
"""

_TOUCHED = """
    UPDATE onestop_dossiersync SET state = 'to_send', version = version + 1, attempts = 0, reason = '', last_error = '',
        changed_at = kernel_clock_now(),
        wanted_at = CASE WHEN state IN ('to_send', 'sent', 'failed') THEN wanted_at ELSE kernel_clock_now() END
    WHERE kind = 'dossier' AND dossier_id = ANY (%s) AND partner_id IN (
        SELECT id FROM onestop_partner WHERE closed_at IS NULL
    )
"""


def ticket_key(partner_id: uuid.UUID, dossier_id: uuid.UUID, version: int) -> str:
    """The key of the outbox message that tells this partner of this version of a dossier."""
    return f"{partner_id}:{dossier_id}:{version}"


def promise(dossiers: Collection[uuid.UUID]) -> int:
    """Give every partner a ticket for these dossiers, in the transaction of the step; how many.

    The trigger on steps has noted what is to be told. Where nobody calls this (a cut-over, set-based work), the
    minute's look for lost tickets does it.
    """
    if not dossiers:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [list(dossiers)])
        return give(cursor.fetchall())


def touch(dossiers: Collection[uuid.UUID]) -> int:
    """Tell partners again of dossiers that changed without a step (a fee paid, a paper or a result added).

    In the transaction of the change; how many tickets. Partners that were never told of a dossier are not told now.
    """
    if not dossiers:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_TOUCHED, [list(dossiers)])
    return promise(dossiers)


def give(found: Collection[tuple[uuid.UUID, uuid.UUID, int]]) -> int:
    """Give tickets for (partner, dossier, version); how many."""
    if not found:
        return 0
    messages = [
        (ticket_key(partner, dossier, version), {"partner": str(partner), "dossier": str(dossier)})
        for partner, dossier, version in found
    ]
    return len(outbox.send_many(TOPIC, messages))
