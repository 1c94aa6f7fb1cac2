"""Reads of reconciliation: partners, totals by state and age, what failed and why, the history of a dossier."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count, Prefetch, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.systems.onestop.models import (
    Dossier,
    DossierSync,
    NameKind,
    OnlinePayment,
    Partner,
    PartnerKind,
    PaymentState,
    SyncEvent,
    SyncKind,
    SyncRun,
    SyncState,
)
from haicap.systems.onestop.sync import access, names

#: ages of what waits: (key, words, younger than)
AGES = (
    ("hour", gettext_lazy("dưới 1 giờ"), timedelta(hours=1)),
    ("day", gettext_lazy("dưới 1 ngày"), timedelta(days=1)),
    ("week", gettext_lazy("dưới 1 tuần"), timedelta(days=7)),
    ("older", gettext_lazy("từ 1 tuần"), None),
)
OPEN_STATES = (SyncState.TO_SEND, SyncState.SENT, SyncState.RECEIVED, SyncState.FAILED)
PAGE_ROWS = 50
EVENTS_SHOWN = 200

_TOTALS = """
    SELECT partner_id, state,
           CASE WHEN wanted_at > %(hour)s THEN 'hour' WHEN wanted_at > %(day)s THEN 'day'
                WHEN wanted_at > %(week)s THEN 'week' ELSE 'older' END AS age,
           count(*), min(wanted_at)
    FROM onestop_dossiersync
    WHERE partner_id = ANY (%(partners)s) AND state IN ('to_send', 'sent', 'received', 'failed')
    GROUP BY 1, 2, 3
"""
_ACKNOWLEDGED = """
    SELECT partner_id, count(*) FROM onestop_dossiersync
    WHERE partner_id = ANY (%s) AND state = 'acknowledged' AND acknowledged_at > %s GROUP BY partner_id
"""


@dataclass(frozen=True, slots=True)
class Totals:
    """Tổng hợp của một hệ thống ngoài: what is open by (state, age), what was acknowledged in 24 hours."""

    partner: Partner
    open: dict[tuple[str, str], int]
    acknowledged: int
    oldest: datetime | None

    def of(self, state: str) -> int:
        """How many are in this state."""
        return sum(count for (one, _age), count in self.open.items() if one == state)

    @property
    def failed(self) -> int:
        """How many failed."""
        return self.of(SyncState.FAILED)

    @property
    def waiting(self) -> int:
        """How many are not told yet."""
        return self.of(SyncState.TO_SEND) + self.of(SyncState.SENT)

    @property
    def received(self) -> int:
        """How many the partner has, and has not acknowledged."""
        return self.of(SyncState.RECEIVED)

    @property
    def table(self) -> list[tuple[str, list[int], int]]:
        """Rows of (state in words, counts by age, sum)."""
        rows = []
        for state in OPEN_STATES:
            counts = [self.open.get((state.value, key), 0) for key, _words, _limit in AGES]
            rows.append((str(state.label), counts, sum(counts)))
        return rows


@dataclass(frozen=True, slots=True)
class Told:
    """Một hệ thống ngoài trên trang hồ sơ: how far it knows of the dossier; no reason, no person."""

    partner: str
    state: SyncState
    since: datetime
    steps_waiting: int

    @property
    def tone(self) -> str:
        """The tone of its tag."""
        return TONES[self.state]


TONES = {
    SyncState.TO_SEND: "waiting",
    SyncState.SENT: "waiting",
    SyncState.RECEIVED: "info",
    SyncState.ACKNOWLEDGED: "good",
    SyncState.FAILED: "late",
    SyncState.VOID: "",
}


def partners(actor: Actor) -> list[Totals]:
    """Every partner that is not closed, with its totals. Raises SyncNotAllowed (ONE-510). Three queries."""
    access.check_see(actor)
    return _totals(list(Partner.objects.filter(closed_at__isnull=True).order_by("kind", "name")[:200]))


def totals(actor: Actor, partner: Partner) -> Totals:
    """The totals of one partner. Raises SyncNotAllowed (ONE-510)."""
    access.check_see(actor)
    return _totals([partner])[0]


def _totals(found: Sequence[Partner]) -> list[Totals]:
    now = clock.now()
    ids = [one.pk for one in found]
    limits = {key: now - limit for key, _words, limit in AGES if limit is not None}
    counts: dict[uuid.UUID, dict[tuple[str, str], int]] = {one: {} for one in ids}
    oldest: dict[uuid.UUID, datetime] = {}
    with connection.cursor() as cursor:
        cursor.execute(_TOTALS, {"partners": ids, **limits})
        for partner_id, state, age, count, first in cursor.fetchall():
            counts[partner_id][state, age] = count
            if state in (SyncState.TO_SEND, SyncState.SENT):
                oldest[partner_id] = min(first, oldest.get(partner_id, first))
        cursor.execute(_ACKNOWLEDGED, [ids, now - timedelta(days=1)])
        acknowledged = dict(cursor.fetchall())
    return [Totals(one, counts[one.pk], acknowledged.get(one.pk, 0), oldest.get(one.pk)) for one in found]


def reasons(actor: Actor, partner: Partner) -> list[tuple[str, str, int]]:
    """(reason code, its words, how many) of what failed, the commonest first. Raises SyncNotAllowed."""
    access.check_see(actor)
    found = (
        DossierSync.objects.filter(partner=partner, state=SyncState.FAILED)
        .values_list("reason")
        .annotate(many=Count("id"))
        .order_by("-many", "reason")[:50]
    )
    return [(code, reason_words(code), many) for code, many in found]


def objects_of(actor: Actor, partner: Partner, state: SyncState, reason: str = "") -> QuerySet[DossierSync]:
    """The objects of a partner in a state (of one reason), the longest waiting first. Raises SyncNotAllowed."""
    access.check_see(actor)
    found = DossierSync.objects.filter(partner=partner, state=state)
    if state == SyncState.ACKNOWLEDGED:  # there are millions: those of the last day
        found = found.filter(acknowledged_at__gt=clock.now() - timedelta(days=1))
        return found.select_related("dossier", "step").order_by("-acknowledged_at", "id")
    if reason:
        found = found.filter(reason=reason)
    return found.select_related("dossier", "step").order_by("wanted_at", "id")


def history(actor: Actor, partner: Partner, code: str) -> tuple[Dossier, list[DossierSync]] | None:
    """A dossier's objects for a partner, each with its history in `events`; None where it was never noted.

    Raises SyncNotAllowed (ONE-510). Shows no applicant: codes, states, the partner's words.
    """
    access.check_see(actor)
    events = SyncEvent.objects.order_by("at", "id")
    rows = list(
        DossierSync.objects.filter(partner=partner, dossier__code=code)
        .select_related("dossier", "step")
        .prefetch_related(Prefetch("events", queryset=events))
        .order_by("kind", "step__at", "id")[:EVENTS_SHOWN]
    )
    return (rows[0].dossier, rows) if rows else None


def panel(dossier_id: uuid.UUID) -> list[Told]:
    """What partners know of a dossier, for who sees the dossier (the caller has checked). One query."""
    found: dict[uuid.UUID, list[DossierSync]] = {}
    rows = (
        DossierSync.objects.filter(dossier_id=dossier_id, partner__closed_at__isnull=True)
        .exclude(state=SyncState.VOID)
        .select_related("partner")
        .order_by("partner__name", "kind")
    )
    for row in rows:
        found.setdefault(row.partner_id, []).append(row)
    return [
        Told(
            rows_[0].partner.name,
            SyncState(rows_[0].state),
            rows_[0].changed_at,
            sum(
                1
                for row in rows_
                if row.kind == SyncKind.PROGRESS and row.state in (SyncState.TO_SEND, SyncState.SENT)
            ),
        )
        for rows_ in found.values()
    ]


def running(actor: Actor, partner: Partner) -> SyncRun | None:
    """The run of a partner that is going on, else the last one. Raises SyncNotAllowed (ONE-510)."""
    access.check_see(actor)
    return (
        SyncRun.objects.filter(partner=partner).select_related("partner").order_by("-began_at", "-id").first()
    )


def name_counts(actor: Actor, partner: Partner) -> list[tuple[NameKind, int]]:
    """How many of our names of each kind the partner does not know. Raises SyncNotAllowed (ONE-510)."""
    access.check_see(actor)
    return [(kind, names.count_mismatches(partner, kind)) for kind in NameKind]


def surplus_payments(actor: Actor, limit: int = 50) -> list[OnlinePayment]:
    """Payments that came in twice, for whoever gives the money back. Raises SyncNotAllowed (ONE-510)."""
    access.check_see(actor)
    return list(
        OnlinePayment.objects.filter(state=PaymentState.SURPLUS)
        .select_related("dossier", "partner")
        .order_by("-paid_at")[:limit]
    )


def health() -> tuple[datetime | None, int]:
    """Since when the oldest untold object has waited, and how many failed, over all partners that are switched on."""
    found = _totals(
        list(Partner.objects.filter(kind=PartnerKind.NATIONAL, enabled=True, closed_at__isnull=True)[:200])
    )
    oldest = [one.oldest for one in found if one.oldest is not None]
    return (min(oldest) if oldest else None), sum(one.failed for one in found)


def reason_words(code: str) -> str:
    """A reason in words: ours by name, the partner's by its code."""
    known = {
        "FORM": _("thiếu hoặc sai dữ liệu theo mẫu chuẩn"),
        "CODE": _("mã hồ sơ không theo mẫu của bên nhận"),
        "SILENT": _("bên nhận không trả lời"),
        "DEAD": _("tiến trình gửi bị ngắt nhiều lần"),
        "LOST": _("bên nhận báo đã nhận nhưng không có"),
    }
    return known.get(code) or _("bên nhận từ chối, mã %(code)s") % {"code": code}
