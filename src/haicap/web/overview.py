"""What the three doors show first: figures, each from the app that owns it; nothing is made up here."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from haicap.kernel import clock, outbox
from haicap.kernel.actor import Actor
from haicap.registry import pages, queries
from haicap.registry.errors import NoSuchUnit, RegistryEmpty
from haicap.registry.models import Deployment
from haicap.registry.queries import UnitView
from haicap.reorganisation.models import LedgerRow, Run, RunKind, RunState
from haicap.systems.onestop import queries as onestop
from haicap.systems.onestop.filters import Filters, Urgency

#: tone of a tile by how dossiers stand to their appointment
TONES = {
    Urgency.OVERDUE: "late",
    Urgency.TODAY: "waiting",
    Urgency.SOON: "waiting",
    Urgency.READY: "good",
}


def address(view: str, query: str = "") -> str:
    """The address of a view, or nothing while its app has no such page."""
    try:
        return reverse(view) + query
    except NoReverseMatch:
        return ""


# --- citizens
@dataclass(frozen=True, slots=True)
class Centre:
    """Trung tâm phục vụ hành chính công: a service centre and where it sits."""

    name: str
    unit_code: str
    address: str


_CENTRES = """
SELECT version.name, unit.code, coalesce(nullif(site.address, ''), site.name, '')
  FROM registry_agency AS agency
  JOIN registry_unitversion AS unit ON unit.unit_id = agency.unit_id AND upper_inf(unit.recorded)
   AND unit.valid @> %(day)s::date
  JOIN LATERAL (
      SELECT name, closed FROM registry_agencyversion
       WHERE agency_id = agency.id AND withdrawn_at IS NULL AND begins_on <= %(day)s
       ORDER BY begins_on DESC LIMIT 1
  ) AS version ON NOT version.closed
  LEFT JOIN LATERAL (
      SELECT site_id FROM registry_siteuse
       WHERE agency_id = agency.id AND withdrawn_at IS NULL AND begins_on <= %(day)s
       ORDER BY begins_on DESC LIMIT 1
  ) AS seat ON true
  LEFT JOIN registry_site AS site ON site.id = seat.site_id
 WHERE agency.kind = 'tt_pvhcc' AND unit.province_id = %(province)s
 ORDER BY unit.level DESC, unit.sort_key LIMIT 300
"""


def service_centres(province_id: uuid.UUID, day: date) -> list[Centre]:
    """The service centres of a province on a day, the province's own first; at most 300."""
    with connection.cursor() as cursor:
        cursor.execute(_CENTRES, {"day": day, "province": province_id})
        return [Centre(*row) for row in cursor.fetchall()]


def start_page() -> dict[str, Any]:
    """What happened here: numbers before and after, the picture, service centres; empty where unknown."""
    today = clock.today()
    try:
        country = queries.counts(today)
    except RegistryEmpty as problem:
        return {"problem": problem}
    result: dict[str, Any] = {"country": country, "day": today}
    deployment = Deployment.objects.filter(pk=1).first()
    if deployment is None or deployment.province_id is None:
        return result
    province = province_now(deployment.province_id, today)
    if province is None:
        return result
    result |= {"province": province, "now": queries.counts(today, province.code)}
    result |= _what_happened(province, today)
    result["centres"] = service_centres(province.unit_id, today)
    return result


def province_now(province_id: uuid.UUID, today: date) -> UnitView | None:
    """The province that a deployment serves today: the one it was set up for, or what that one became."""
    try:
        return queries.unit_at(province_id, today)
    except NoSuchUnit:
        heirs = [one for one in pages.became([province_id], today)[province_id] if not one.part]
        return queries.unit_at(heirs[0].unit_id, today) if heirs else None


def _what_happened(province: UnitView, today: date) -> dict[str, Any]:
    """The greatest reorganisation of this province up to today, and what its ledger says of dossiers."""
    known = [one for one in pages.milestones(province.unit_id) if one.day <= today]
    if not known:
        return {}
    greatest = max(known, key=lambda one: (one.edges, one.day))
    run = last_cut_over()
    dossiers = None
    if run is not None:
        dossiers = LedgerRow.objects.filter(run=run, system="onestop").order_by("position").first()
    return {
        "milestone": greatest,
        "before": pages.counts_before(province, greatest.day),
        "after": queries.counts(greatest.day, province.code),
        "picture": (picture := pages.province_picture(province, greatest.day)),
        "acts": ", ".join(sorted({ribbon.why for ribbon in picture.ribbons} | {greatest.resolutions} - {""})),
        "run": run,
        "dossiers": dossiers,
    }


def last_cut_over() -> Run | None:
    """The last cut-over that stands."""
    return (
        Run.objects.filter(kind=RunKind.CUT_OVER, state=RunState.DONE)
        .exclude(undone_by__state=RunState.DONE)
        .order_by("-started_at")
        .first()
    )


# --- officials and leaders
@dataclass(frozen=True, slots=True)
class Tile:
    """A figure with its name, its tone and where it leads."""

    name: str
    number: int
    tone: str
    href: str


def dossier_tiles(actor: Actor) -> list[Tile]:
    """How many dossiers of the actor's worklist stand how to their appointment. One query."""
    counts = onestop.counts(actor)
    return [
        Tile(
            urgency.label,
            counts[urgency],
            TONES.get(urgency, "") if counts[urgency] else "",
            address("onestop:worklist", f"?gap={urgency.value}"),
        )
        for urgency in Urgency
    ]


def first_dossiers(actor: Actor, rows: int = 8) -> tuple[onestop.Row, ...]:
    """The most urgent dossiers of the actor's worklist."""
    return onestop.worklist(actor, Filters(), rows).rows


def outbox_tile() -> Tile:
    """Việc không gửi được ra ngoài: how many wait for a person."""
    dead = outbox.counts()[outbox.OutboxState.DEAD]
    return Tile(_("Không gửi được ra ngoài"), dead, "late" if dead else "", address("outbox"))


@dataclass(frozen=True, slots=True)
class AgencyLoad:
    """An agency with what lies on its desks: in flight, overdue, and the oldest appointment that passed."""

    agency_id: uuid.UUID
    name: str
    in_flight: int
    overdue: int
    oldest_due: date | None

    @property
    def share(self) -> float:
        """Overdue ones among those in flight, 0 to 1."""
        return self.overdue / self.in_flight if self.in_flight else 0.0


# Overdue as the worklist counts it: at work (2, 4) with an appointment that passed.
_LOADS = """
WITH holder AS (
    SELECT DISTINCT ON (desk_id) desk_id, agency_id FROM registry_holding
     WHERE begins_at <= kernel_clock_now() ORDER BY desk_id, begins_at DESC
), load AS (
    SELECT holder.agency_id, sum(lain.many) AS many, sum(lain.late) AS late, min(lain.oldest) AS oldest
      FROM (
          SELECT desk_id, count(*) AS many,
                 count(*) FILTER (WHERE status IN (2, 4) AND due_at < %(now)s) AS late,
                 min(due_at) FILTER (WHERE status IN (2, 4)) AS oldest
            FROM onestop_dossier WHERE status IN (1, 2, 4, 5, 6, 8, 9) GROUP BY desk_id
      ) AS lain JOIN holder USING (desk_id)
     WHERE %(all)s OR holder.agency_id = ANY(%(agencies)s::uuid[])
     GROUP BY 1
)
SELECT load.agency_id, coalesce(version.name, ''), load.many, load.late,
       (load.oldest AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
  FROM load
  LEFT JOIN LATERAL (
      SELECT name FROM registry_agencyversion
       WHERE agency_id = load.agency_id AND withdrawn_at IS NULL AND begins_on <= %(today)s
       ORDER BY begins_on DESC LIMIT 1
  ) AS version ON true
 WHERE load.late > 0
 ORDER BY load.late DESC, load.many DESC, version.name LIMIT %(limit)s
"""


def agencies_late(actor: Actor, limit: int = 15) -> list[AgencyLoad]:
    """Cơ quan có hồ sơ quá hạn: those that the actor may see, the most burdened first. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            _LOADS,
            {
                "now": clock.now(),
                "today": clock.today(),
                "all": actor.sees_all,
                "agencies": list(actor.agency_ids),
                "limit": limit,
            },
        )
        return [AgencyLoad(*row) for row in cursor.fetchall()]


def recent_runs(limit: int = 5) -> list[Run]:
    """The latest rehearsals, cut-overs and undos."""
    return list(Run.objects.select_related("plan").order_by("-started_at")[:limit])


def ledger_of(run: Run | None) -> list[LedgerRow]:
    """The ledger of a run, in the engine's order."""
    return list(LedgerRow.objects.filter(run=run).order_by("position")) if run else []
