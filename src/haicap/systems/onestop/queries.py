"""Reads of the one-stop shop: worklists, single dossiers, custody chains, registers, public tracking.

Every list starts from what the actor may see (`DossierQuerySet`); the number of queries never depends on the
number of rows.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db import connection
from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, When

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.text import clean, fold
from haicap.registry.desks import holders_at
from haicap.registry.models import AgencyVersion, Kind, UnitVersion
from haicap.systems.onestop import catalogue, deadlines, policy
from haicap.systems.onestop.filters import PAGE_ROWS, Filters, Mark, Sort, Urgency
from haicap.systems.onestop.models import FINISHED, Dossier, DossierQuerySet, DossierStep, Status
from haicap.systems.onestop.numbering import CODE_FORM
from haicap.systems.onestop.service import not_found
from haicap.systems.onestop.transitions import WAITING

#: an export ends here; who needs more narrows the filter
EXPORT_ROWS = 20_000
#: dossiers due within so many days from now are «sắp đến hạn»
SOON = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Row:
    """Một dòng danh sách: a dossier with its words: urgency, the place as it was called at reception."""

    dossier: Dossier
    urgency: Urgency
    place: str


@dataclass(frozen=True, slots=True)
class Page:
    """Một trang danh sách: at most 50 rows; `after` goes on from the last one, None at the end."""

    rows: tuple[Row, ...]
    after: Mark | None


@dataclass(frozen=True, slots=True)
class Station:
    """Một chặng của hồ sơ: an agency that held it, named as it was called then, from when to when.

    `why` says what brought it there: a reception, a move's reason, or the resolution of a cut-over.
    `interim`: held only until a person has decided. `ends_at` None: until now.
    """

    agency_id: uuid.UUID | None
    agency: str
    begins_at: datetime
    ends_at: datetime | None
    why: str
    resolution: str
    interim: bool


@dataclass(frozen=True, slots=True)
class Tracking:
    """Tra cứu công khai: what anybody with the code may know; nothing about the person."""

    code: str
    procedure_code: str
    status: Status
    urgency: Urgency
    received_at: datetime
    due_at: datetime | None
    finished_at: datetime | None
    agency: str
    before: tuple[int, ...] = ()


def worklist(actor: Actor, filters: Filters, rows: int = PAGE_ROWS) -> Page:
    """A page of the actor's worklist: dossiers in flight on desks their agencies hold now.

    Sorted by appointment (those without one last) or by latest reception; ties by id. Raises ListNotAllowed.
    Two queries, a third where the dated rows end within the page.
    """
    policy.check_list(actor)
    now = clock.now()
    found = _slice(_filtered(Dossier.objects.all(), actor, filters, now), actor, filters, rows + 1)
    shown = found[:rows]
    after = None
    if len(found) > rows:
        last = shown[-1]
        after = Mark(last.due_at, last.id)
    return Page(_rows(shown, now), after)


def export(actor: Actor, filters: Filters) -> Iterator[Row]:
    """All rows of the actor's worklist under these filters, at most `EXPORT_ROWS`, streamed.

    Raises ExportNotAllowed at once, before anything is read.
    """
    policy.check_export(actor)
    now = clock.now()
    base = _filtered(Dossier.objects.on_my_desks(actor), actor, filters, now)
    order = ("-id",) if filters.sort is Sort.RECEIVED else (F("due_at").asc(nulls_last=True), "id")
    ordered = base.order_by(*order)[:EXPORT_ROWS]
    return _in_batches(ordered, now)


def counts(actor: Actor) -> dict[Urgency, int]:
    """How many dossiers of the actor's worklist stand how to their appointment. One query."""
    policy.check_list(actor)
    now = clock.now()
    when = [When(_urgent(urgency, now), then=number) for number, urgency in enumerate(Urgency)]
    counted = (
        Dossier.objects.on_my_desks(actor)
        .order_by()
        .values(urgency=Case(*when, output_field=IntegerField()))
        .annotate(many=Count("*"))
        .values_list("urgency", "many")
    )
    found = dict(counted)
    return {urgency: found.get(number, 0) for number, urgency in enumerate(Urgency)}


def fields_at_work(actor: Actor) -> list[str]:
    """The fields (lĩnh vực) met in the actor's worklist, for the filter's list."""
    policy.check_list(actor)
    if actor.sees_all:
        return sorted(catalogue.FIELDS)
    return sorted(
        set(Dossier.objects.on_my_desks(actor).order_by().values_list("field", flat=True).distinct()) - {""}
    )


def dossier_by_code(actor: Actor, code: str) -> Dossier:
    """The dossier that bears this code, with its place and agencies. Raises DossierNotFound."""
    found = (
        Dossier.objects.visible_to(actor)
        .filter(code=clean(code).upper())
        .select_related("desk", "receiving_agency", "competent_agency", "helping_agency")
        .first()
    )
    if found is None:
        raise not_found()
    return found


def steps(dossier: Dossier) -> list[DossierStep]:
    """The step history, oldest first."""
    return list(dossier.steps.order_by("at", "id"))


def search(actor: Actor, text: str, limit: int = 10) -> list[Dossier]:
    """Dossiers of the actor by code (its beginning or its end) or by the applicant's name in any spelling."""
    wanted = clean(text)[:100]
    if len(wanted) < 2:
        return []
    mine = Dossier.objects.visible_to(actor)
    if CODE_FORM.match(wanted.upper()):
        return list(mine.filter(code=wanted.upper())[:limit])
    return list(
        Dossier.objects.on_my_desks(actor).filter(_text(actor, wanted)).order_by("due_at", "id")[:limit]
    )


def track(code: str) -> Tracking | None:
    """What anybody who knows the code may know: state, dates, which agency holds it; None where unknown."""
    wanted = clean(code).upper()
    if not CODE_FORM.match(wanted):
        return None
    dossier = Dossier.objects.filter(code=wanted).first()
    if dossier is None:
        return None
    now = clock.now()
    holder = holders_at([dossier.desk_id], now).get(dossier.desk_id)
    agency = dossier.competent_agency_id if dossier.status in FINISHED else holder
    return Tracking(
        code=dossier.code,
        procedure_code=dossier.procedure_code,
        status=Status(dossier.status),
        urgency=urgency_of(dossier, now),
        received_at=dossier.received_at,
        due_at=dossier.due_at,
        finished_at=dossier.finished_at,
        agency=agency_names([agency], now.date()).get(agency, "") if agency is not None else "",
        before=tuple(dossier.steps.order_by("at", "id").values_list("status", flat=True)[:200]),
    )


def register(actor: Actor, agency_id: uuid.UUID, year: int) -> QuerySet[Dossier]:
    """Sổ theo dõi hồ sơ: the closed dossiers that an agency received in a year, by time of reception.

    Frozen registers of agencies that ended are readable by their successors; others see none.
    """
    return (
        Dossier.objects.in_my_registers(actor)
        .filter(
            receiving_agency_id=agency_id,
            received_at__gte=datetime(year, 1, 1, tzinfo=clock.ZONE),
            received_at__lt=datetime(year + 1, 1, 1, tzinfo=clock.ZONE),
        )
        .order_by("received_at", "id")
    )


def registers(actor: Actor) -> list[tuple[uuid.UUID, str, int, int]]:
    """Registers the actor may read: (agency, its last name, year, closed dossiers), newest first."""
    policy.check_list(actor)
    counted = (
        Dossier.objects.in_my_registers(actor)
        .order_by()
        .values_list("receiving_agency_id", "received_at__year")
        .annotate(many=Count("*"))
    )
    found = list(counted[:2000])
    names = agency_names({agency for agency, _year, _many in found}, clock.today())
    return sorted(
        ((agency, names.get(agency, ""), year, many) for agency, year, many in found),
        key=lambda row: (-row[2], row[1]),
    )


_CHAIN_SQL = """
    WITH moves AS (
        -- where the dossier lay: a row whenever its desk changed
        SELECT desk_id, at, note, action
        FROM (
            SELECT desk_id, at, id, note, action,
                   desk_id IS DISTINCT FROM lag(desk_id) OVER (ORDER BY at, id) AS moved
            FROM onestop_dossierstep WHERE dossier_id = %(dossier)s
        ) step
        WHERE moved
    ), lain AS (
        SELECT desk_id, at AS begins_at, lead(at) OVER (ORDER BY at) AS ends_at, note, action FROM moves
    ), held AS (
        -- who held those desks meanwhile
        SELECT greatest(lain.begins_at, holding.begins_at) AS begins_at,
               least(lain.ends_at, holding.ends_at) AS ends_at,
               holding.agency_id, holding.before_id, holding.interim,
               CASE WHEN holding.begins_at <= lain.begins_at THEN lain.action ELSE 'carry' END AS action,
               CASE WHEN holding.begins_at <= lain.begins_at THEN lain.note ELSE '' END AS note
        FROM lain
        JOIN LATERAL (
            SELECT agency_id, begins_at, interim,
                   lead(begins_at) OVER (ORDER BY begins_at) AS ends_at,
                   lag(agency_id) OVER (ORDER BY begins_at) AS before_id
            FROM registry_holding
            WHERE desk_id = lain.desk_id AND begins_at <= %(now)s
        ) holding ON (lain.ends_at IS NULL OR holding.begins_at < lain.ends_at)
                 AND (holding.ends_at IS NULL OR holding.ends_at > lain.begins_at)
    )
    SELECT held.agency_id, version.name, held.begins_at, held.ends_at, held.action, held.note, held.interim,
           resolution.number
    FROM held
    LEFT JOIN LATERAL (
        SELECT found.name FROM registry_agencyversion found
        WHERE found.agency_id = held.agency_id AND found.withdrawn_at IS NULL
        ORDER BY found.begins_on <= (held.begins_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date DESC,
                 abs(found.begins_on - (held.begins_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date)
        LIMIT 1
    ) version ON true
    LEFT JOIN LATERAL (
        -- the legal basis of a carried desk: what ended the unit of the agency that held it before
        SELECT act.number
        FROM registry_agency agency
        JOIN registry_unitversion ended ON ended.unit_id = agency.unit_id AND upper_inf(ended.recorded)
        JOIN registry_unitevent event ON event.id = ended.closed_by_id
        JOIN registry_resolution act ON act.id = event.resolution_id
        WHERE held.action = 'carry' AND agency.id = held.before_id
          AND upper(ended.valid) <= (held.begins_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date + 1
        ORDER BY upper(ended.valid) DESC LIMIT 1
    ) resolution ON true
    ORDER BY held.begins_at, held.ends_at NULLS LAST
"""


def custody_chain(dossier: Dossier) -> list[Station]:
    """Hành trình hồ sơ: every agency that held the dossier, in order, without a gap. One query.

    The dossier's own moves joined with the holdings of the desks where it lay: a cut-over re-holds desks and
    writes nothing on the dossier, and still stands here, with the resolution that it stood on.
    """
    with connection.cursor() as cursor:
        cursor.execute(_CHAIN_SQL, {"dossier": dossier.id, "now": clock.now()})
        rows = cursor.fetchall()
    return [
        Station(
            agency_id=agency_id,
            agency=name or "",
            begins_at=begins_at.astimezone(clock.ZONE),
            ends_at=ends_at.astimezone(clock.ZONE) if ends_at is not None else None,
            why=note or action,
            resolution=number or "",
            interim=interim,
        )
        for agency_id, name, begins_at, ends_at, action, note, interim, number in rows
    ]


def urgency_of(dossier: Dossier, now: datetime) -> Urgency:
    """How the dossier stands to its appointment; twin of `_urgent` in SQL (a test holds them together)."""
    if dossier.status == Status.REGISTERED:
        return Urgency.NEW
    if dossier.status in WAITING:
        return Urgency.WAITING
    if dossier.status in FINISHED:
        return Urgency.READY
    if dossier.due_at is None:
        return Urgency.LATER
    if dossier.due_at < now:
        return Urgency.OVERDUE
    if dossier.due_at < deadlines.midnight_after(now):
        return Urgency.TODAY
    return Urgency.SOON if dossier.due_at < deadlines.midnight_after(now) + SOON else Urgency.LATER


def _urgent(urgency: Urgency, now: datetime) -> Q:
    tonight = deadlines.midnight_after(now)
    working = Q(status__in=[Status.RECEIVED, Status.PROCESSING])
    return {
        Urgency.NEW: Q(status=Status.REGISTERED),
        Urgency.WAITING: Q(status__in=list(WAITING)),
        Urgency.READY: Q(status__in=FINISHED),
        Urgency.OVERDUE: working & Q(due_at__lt=now),
        Urgency.TODAY: working & Q(due_at__gte=now, due_at__lt=tonight),
        Urgency.SOON: working & Q(due_at__gte=tonight, due_at__lt=tonight + SOON),
        Urgency.LATER: working & (Q(due_at__gte=tonight + SOON) | Q(due_at__isnull=True)),
    }[urgency]


def _filtered(base: DossierQuerySet, actor: Actor, filters: Filters, now: datetime) -> DossierQuerySet:
    if filters.urgency is not None:
        base = base.filter(_urgent(filters.urgency, now))
    if filters.status is not None:
        base = base.filter(status=filters.status)
    if filters.field:
        base = base.filter(field=filters.field)
    if filters.text:
        base = base.filter(_text(actor, filters.text))
    return base


def _text(actor: Actor, text: str) -> Q:
    """By code or applicant. Who sees a whole province searches from the beginning, so that indexes serve."""
    folded, code = fold(text), text.upper()
    if actor.sees_all:
        return Q(code__startswith=code) | Q(applicant_fold__startswith=folded)
    return Q(code__contains=code) | Q(applicant_fold__contains=folded)


def _slice(base: DossierQuerySet, actor: Actor, filters: Filters, rows: int) -> list[Dossier]:
    """At most `rows` dossiers after the mark, in order; `(due_at, id)` of the last row is the next mark."""
    mark = filters.after
    if filters.sort is Sort.RECEIVED:
        older = base if mark is None else base.filter(id__lt=mark.dossier_id)
        return older.first_on_my_desks(actor, ("-id",), rows)
    found: list[Dossier] = []
    if mark is None or mark.value is not None:
        dated = base.filter(due_at__isnull=False)
        if mark is not None:
            dated = dated.filter(
                Q(due_at__gte=mark.value),
                Q(due_at__gt=mark.value) | Q(id__gt=mark.dossier_id),
            )
        if filters.urgency is Urgency.LATER:
            # said once more without its «or undated», so that the index serves
            dated = dated.filter(due_at__gte=deadlines.midnight_after(clock.now()) + SOON)
        found = dated.first_on_my_desks(actor, ("due_at", "id"), rows)
    if len(found) < rows:
        undated = base.filter(due_at__isnull=True)
        if mark is not None and mark.value is None:
            undated = undated.filter(id__gt=mark.dossier_id)
        found += undated.first_on_my_desks(actor, ("due_at", "id"), rows - len(found))
    return found


def _rows(dossiers: Sequence[Dossier], now: datetime) -> tuple[Row, ...]:
    places = place_names(dossiers)
    return tuple(Row(dossier, urgency_of(dossier, now), places.get(dossier.id, "")) for dossier in dossiers)


def _in_batches(ordered: QuerySet[Dossier], now: datetime, size: int = 1000) -> Iterator[Row]:
    batch: list[Dossier] = []
    for dossier in ordered.iterator(chunk_size=size):
        batch.append(dossier)
        if len(batch) == size:
            yield from _rows(batch, now)
            batch = []
    yield from _rows(batch, now)


def place_names(dossiers: Sequence[Dossier]) -> dict[uuid.UUID, str]:
    """Dossier id → its place as it was called on the day of reception ("Phường Hòa An"). One query."""
    units = {dossier.place_id for dossier in dossiers if dossier.place_id is not None}
    versions: dict[uuid.UUID, list[tuple[date, str]]] = {}
    for unit_id, valid, kind, name in (
        UnitVersion.objects.filter(unit_id__in=units, recorded__upper_inf=True)
        .order_by("valid")
        .values_list("unit_id", "valid", "kind", "name")
    ):
        word = str(Kind(kind).label)
        versions.setdefault(unit_id, []).append(
            (valid.lower or date.min, f"{word[0].upper()}{word[1:]} {name}")
        )
    return {
        dossier.id: _as_of(versions[dossier.place_id], dossier.received_at.astimezone(clock.ZONE).date())
        for dossier in dossiers
        if dossier.place_id in versions
    }


def agency_names(agencies: Iterable[uuid.UUID | None], on: date) -> dict[uuid.UUID | None, str]:
    """Agency id → its name on a day, or its nearest one where it had none then. One query."""
    versions: dict[uuid.UUID | None, list[tuple[date, str]]] = {}
    wanted = {agency for agency in agencies if agency is not None}
    for agency_id, begins_on, name in (
        AgencyVersion.objects.filter(agency_id__in=wanted, withdrawn_at__isnull=True)
        .order_by("begins_on")
        .values_list("agency_id", "begins_on", "name")
    ):
        versions.setdefault(agency_id, []).append((begins_on, name))
    return {agency: _as_of(found, on) for agency, found in versions.items()}


def _as_of(versions: Sequence[tuple[date, str]], on: date) -> str:
    """The name in force on a day; the first one for days before all of them."""
    name = versions[0][1]
    for begins_on, later in versions:
        if begins_on <= on:
            name = later
    return name
