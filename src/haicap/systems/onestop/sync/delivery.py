"""Telling a partner of one dossier: what waits for it goes out in order, and what came of each is kept.

A message of the outbox is a ticket for a pair (partner, dossier), never the content: what is told is what the dossier
is when the message goes out. The pair is locked, so that two tickets cannot overtake each other; nobody who takes a
step ever waits for a partner, since rows are only written when the last answer is in.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import F, Q
from django.utils.translation import gettext as _

from haicap.kernel import clock, outbox
from haicap.kernel.outbox import BackOff, Delivery, TryAgain
from haicap.systems.onestop.models import (
    Dossier,
    DossierSync,
    Partner,
    SyncEvent,
    SyncKind,
    SyncState,
)
from haicap.systems.onestop.sync import objects
from haicap.systems.onestop.sync.bundle import Bundle, bundle_of
from haicap.systems.onestop.sync.client import Client, Refused, Silent
from haicap.systems.onestop.sync.tickets import TOPIC

#: a day and a half of a partner's outage: 10 s, 40 s, 3 min, … 6 h
ATTEMPTS = 12
TIMEOUT_S = 120.0
#: objects of one dossier told in one go, and how long it may take; the rest follows with the next ticket
AT_ONCE = 20
ENOUGH_S = 45.0
OPEN = (SyncState.TO_SEND, SyncState.SENT)
#: our own reasons of a failure, beside the partner's codes
FORM, CODE, SILENT, DEAD, LOST = "FORM", "CODE", "SILENT", "DEAD", "LOST"
LONGEST_NOTE = 2000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of telling one object; `told`: it went out."""

    row: DossierSync
    state: SyncState
    reason: str = ""
    note: str = ""
    digest: str = ""
    told: bool = True


def deliver(delivery: Delivery) -> TryAgain | None:
    """Tell one partner what waits for it of one dossier; see the module."""
    partner = Partner.objects.filter(
        pk=delivery.payload["partner"], closed_at__isnull=True, enabled=True
    ).first()
    if partner is None:
        return None  # switched off: rows wait, and get new tickets when it is switched on
    dossier_id = uuid.UUID(delivery.payload["dossier"])
    _lock_pair(partner.pk, dossier_id)
    rows = _open_rows(partner, dossier_id)
    if not rows:
        return None
    outcomes, silent = _tell(partner, dossier_id, rows[:AT_ONCE], last=delivery.attempt >= ATTEMPTS)
    keep(outcomes)
    if silent is not None and delivery.attempt < ATTEMPTS:
        wait = BackOff(first_s=Client(partner).settings.first_wait_s).wait(delivery.attempt)
        return TryAgain(str(silent.message), wait.total_seconds())
    ended = any(one.row.kind == SyncKind.DOSSIER and one.state == SyncState.FAILED for one in outcomes)
    if silent is None and not ended and len(outcomes) < len(rows):
        outbox.send(TOPIC, delivery.payload, f"{delivery.key}+")
    return None


def _lock_pair(partner_id: uuid.UUID, dossier_id: uuid.UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('onestop.sync.' || %s || %s, 0))",
            [str(partner_id), str(dossier_id)],
        )


def _open_rows(partner: Partner, dossier_id: uuid.UUID) -> list[DossierSync]:
    """What waits for this partner of this dossier, the dossier first, then its steps in order; nothing after a
    dossier that failed: the partner would not know whose steps they are."""
    rows = list(
        DossierSync.objects.filter(Q(state__in=OPEN) | Q(kind=SyncKind.DOSSIER), partner=partner)
        .filter(dossier_id=dossier_id)
        .select_related("step")
        .order_by("kind", F("step__at").asc(nulls_first=True), "step_id", "id")[: AT_ONCE + 2]
    )
    if rows and rows[0].kind == SyncKind.DOSSIER and rows[0].state == SyncState.FAILED:
        return []
    return [row for row in rows if row.state in OPEN]


def _tell(
    partner: Partner, dossier_id: uuid.UUID, rows: list[DossierSync], *, last: bool
) -> tuple[list[Outcome], Silent | None]:
    """Tell the rows one after the other; ends where the partner is silent, or does not take the dossier itself."""
    try:
        client = Client(partner)
        bundle = bundle_of(partner, dossier_id, client.settings.file_url)
    except Dossier.DoesNotExist:
        return [Outcome(row, SyncState.VOID, told=False) for row in rows], None
    outcomes: list[Outcome] = []
    begun = time.monotonic()
    for row in rows:
        if time.monotonic() - begun > ENOUGH_S:
            break
        try:
            outcome = _tell_one(client, bundle, row)
        except Silent as silent:
            state = SyncState.SENT if silent.arrived else SyncState.TO_SEND
            reason = ""
            if last:
                state, reason = SyncState.FAILED, SILENT
            outcomes.append(Outcome(row, state, reason, str(silent.message), told=silent.arrived))
            return outcomes, silent
        outcomes.append(outcome)
        if row.kind == SyncKind.DOSSIER and outcome.state == SyncState.FAILED:
            break
    return outcomes, None


def _tell_one(client: Client, bundle: Bundle, row: DossierSync) -> Outcome:
    """Tell one object. Raises Silent."""
    to = client.settings
    content: Mapping[str, Any]
    if row.kind == SyncKind.DOSSIER:
        service, form = to.dossier_service, objects.DOSSIER
        content = objects.build_dossier(bundle, to)
    else:
        step = next((one for one in bundle.steps if one.pk == row.step_id), None)
        if step is None:
            return Outcome(
                row, SyncState.VOID, note=_("Bước này đã được gỡ khi hoàn tác sắp xếp."), told=False
            )
        service, form = to.progress_service, objects.PROGRESS
        content = objects.build_progress(bundle, step, to)
    found = digest_of(content)
    if row.digest == found and row.acknowledged_at and row.sent_at and row.acknowledged_at >= row.sent_at:
        note = _("Không có gì đổi so với lần gửi trước.")
        return Outcome(row, SyncState.ACKNOWLEDGED, note=note, digest=found, told=False)
    if wrong := _wrong(content, form, to.code_pattern):
        return Outcome(row, SyncState.FAILED, wrong[0], wrong[1], found, told=False)
    data: Any = [content] if to.data_as_list else content
    try:
        client.call(service, {to.data_key: data}, key=f"{row.pk}:{row.version}:{found[:16]}")
    except Refused as refused:
        if refused.answer_code == "LOGIN":  # nothing is wrong with the dossier
            raise Silent(str(refused.message), arrived=False) from refused
        return Outcome(row, SyncState.FAILED, refused.answer_code[:40], str(refused.message), found)
    return Outcome(row, SyncState.RECEIVED if to.check_service else SyncState.ACKNOWLEDGED, digest=found)


def _wrong(content: Mapping[str, Any], form: str, code_pattern: str) -> tuple[str, str] | None:
    """Why an object cannot go out: (reason, words), or nothing."""
    if not re.search(code_pattern, str(content["MaHoSo"])):
        return CODE, _("Mã hồ sơ %(code)s không theo mẫu của bên nhận.") % {"code": content["MaHoSo"]}
    found = objects.problems(form, content)
    return (FORM, "; ".join(found)[:LONGEST_NOTE]) if found else None


def digest_of(content: object) -> str:
    """The SHA-256 of an object, whatever the order of its names."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def keep(outcomes: Iterable[Outcome], actor: str = "") -> None:
    """Write what came of it, and the history. Where a step was taken meanwhile, the newer version goes on waiting."""
    now = clock.now()
    events = []
    for outcome in outcomes:
        row = outcome.row
        attempts = row.attempts + 1
        values: dict[str, Any] = {"attempts": attempts, "changed_at": now}
        if outcome.told:
            values |= {"sent_at": now, "sent_version": row.version}
        if outcome.digest and outcome.state != SyncState.FAILED:
            values["digest"] = outcome.digest
        if outcome.state == SyncState.ACKNOWLEDGED:
            values["acknowledged_at"] = now
        mine = DossierSync.objects.filter(pk=row.pk)
        note = outcome.note[:LONGEST_NOTE]
        error = note if outcome.state in (SyncState.FAILED, *OPEN) else ""
        told = {**values, "state": outcome.state, "reason": outcome.reason, "last_error": error}
        if not mine.filter(version=row.version).update(**told):
            values.pop("changed_at")
            values.pop("attempts")
            if values:
                mine.update(**values)
        events.append(
            SyncEvent(
                sync=row,
                at=now,
                state=outcome.state,
                version=row.version,
                attempt=attempts,
                reason=outcome.reason,
                note=note,
                digest=outcome.digest,
                actor=actor,
            )
        )
    SyncEvent.objects.bulk_create(events)
