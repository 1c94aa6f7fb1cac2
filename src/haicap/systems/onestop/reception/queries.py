"""What the counter shows: agencies that may receive, communes, what is known of an applicant, who decides where."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.contract import number_subject
from haicap.kernel.text import fold
from haicap.registry.models import Agency, Kind
from haicap.systems.onestop import catalogue
from haicap.systems.onestop.models import (
    Certification,
    Counter,
    Dossier,
    DossierDetail,
    ProcedureVersion,
    Ticket,
    TicketState,
)
from haicap.systems.onestop.reception.errors import EntryNotFound

MOST_EARLIER = 8
MOST_CASES = 60


@dataclass(frozen=True, slots=True)
class Receiver:
    """Cơ quan tiếp nhận: a living agency of the actor with an open code."""

    agency_id: uuid.UUID
    name: str
    kind: str
    unit_id: uuid.UUID
    code: str


@dataclass(frozen=True, slots=True)
class Place:
    """Xã, phường: a commune of the province today."""

    code: str
    unit_id: uuid.UUID
    name: str


_RECEIVERS = """
    SELECT agency.id, version.name, agency.kind, agency.unit_id, code.code
    FROM registry_agency agency
    JOIN LATERAL (
        SELECT name, closed FROM registry_agencyversion found
        WHERE found.agency_id = agency.id AND found.withdrawn_at IS NULL AND found.begins_on <= %(day)s
        ORDER BY found.begins_on DESC LIMIT 1
    ) version ON NOT version.closed
    JOIN LATERAL (
        SELECT held.code_id FROM registry_codeholding held
        WHERE held.agency_id = agency.id AND held.withdrawn_at IS NULL AND held.begins_on <= %(day)s
        ORDER BY held.begins_on DESC LIMIT 1
    ) held ON true
    JOIN registry_agencycode code ON code.id = held.code_id AND code.opened_on <= %(day)s
     AND (code.closed_on IS NULL OR code.closed_on > %(day)s)
    WHERE agency.id = ANY (%(agencies)s)
      AND EXISTS (
        SELECT 1 FROM registry_unitversion unit WHERE unit.unit_id = agency.unit_id AND upper_inf(unit.recorded)
        AND unit.valid @> %(day)s)
    ORDER BY array_position(ARRAY['ubnd', 'so', 'tt_pvhcc'], agency.kind::text), version.name
    LIMIT 50
"""
_PLACES = """
    SELECT commune.code, commune.unit_id, commune.kind, commune.name
    FROM registry_unitversion own
    JOIN registry_unitversion commune ON commune.province_id = own.province_id AND commune.level = 'commune'
     AND upper_inf(commune.recorded) AND commune.valid @> %(day)s
    WHERE own.unit_id = %(unit)s AND upper_inf(own.recorded) AND own.valid @> %(day)s
    ORDER BY commune.sort_key, commune.code LIMIT 500
"""


def receivers(actor: Actor) -> list[Receiver]:
    """The agencies for which the actor can receive today: the committee or department first. One query."""
    if not actor.agency_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_RECEIVERS, {"day": clock.today(), "agencies": list(actor.agency_ids)})
        return [Receiver(*row) for row in cursor.fetchall()]


def places(unit_id: uuid.UUID) -> list[Place]:
    """The communes of the unit's province today, in order of their names. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_PLACES, {"day": clock.today(), "unit": unit_id})
        return [
            Place(code, unit, f"{Kind(kind).label} {name}") for code, unit, kind, name in cursor.fetchall()
        ]


def place_in(address: str, among: Sequence[Place]) -> Place | None:
    """The one commune that an address names; None where it names none or several (names of before the merger)."""
    parts = {re.sub(r"^(xa|phuong|dac khu|p|x) ", "", fold(part)) for part in address.split(",")}
    found = [one for one in among if re.sub(r"^(xa|phuong|dac khu) ", "", fold(one.name)) in parts]
    return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class Known:
    """Điều đã biết về người nộp: earlier dossiers, and what was said last of who it is."""

    subject: str
    dossiers: tuple[tuple[Dossier, str], ...]
    name: str = ""
    address: str = ""
    phone: str = ""
    email: str = ""
    birth_date: date | None = None


def known_of(actor: Actor, number: str) -> Known:
    """What the actor's own agencies know of a person by number: dossiers that the actor may see. Two queries."""
    subject = number_subject(number)
    rows = list(
        Dossier.objects.visible_to(actor)
        .filter(applicant_subject=subject)
        .order_by("-received_at")[:MOST_EARLIER]
    )
    shown = tuple((one, catalogue.procedure_name(one.procedure_code)) for one in rows)
    if not rows:
        return Known(subject, ())
    last = rows[0]
    detail = DossierDetail.objects.filter(pk=last.pk).first()
    return Known(
        subject,
        shown,
        last.applicant_name,
        last.address,
        detail.phone if detail is not None else "",
        detail.email if detail is not None else "",
        detail.birth_date if detail is not None else None,
    )


def cases(version: ProcedureVersion, channel: int) -> list[str]:
    """The cases that limits and papers of a version tell apart."""
    of_papers = version.papers.exclude(case="").order_by("position").values_list("case", flat=True)
    found = dict.fromkeys([*catalogue.cases_of(version, channel), *(one[:300] for one in of_papers)])
    return list(found)[:MOST_CASES]


def version_of(text: str) -> ProcedureVersion | None:
    """The version of this id that may be asked for: believed now."""
    try:
        wanted = uuid.UUID(text)
    except ValueError:
        return None
    return (
        ProcedureVersion.objects.filter(pk=wanted, recorded__upper_inf=True)
        .select_related("procedure", "field")
        .first()
    )


def my_counter(actor: Actor) -> tuple[Counter, Ticket | None] | None:
    """The counter at which the actor sits, and who stands there."""
    if actor.person_id is None:
        return None
    counter = Counter.objects.filter(
        staffed_by_id=actor.person_id, opened_at__isnull=False, retired_at__isnull=True
    ).first()
    if counter is None:
        return None
    ticket = Ticket.objects.filter(
        counter=counter, state__in=[TicketState.CALLED, TicketState.SERVING]
    ).first()
    return counter, ticket


def entries_of(agency_id: uuid.UUID, day: date) -> QuerySet[Certification]:
    """The book of a day, the newest number first; to be paged by the caller."""
    return (
        Certification.objects.filter(agency_id=agency_id, certified_on=day)
        .select_related("dossier")
        .order_by("-year", "-number")
    )


def totals_of(agency_id: uuid.UUID, day: date) -> dict[str, int]:
    """Entries, copies, đồng and people of a day; what was struck out counts apart."""
    good = Q(voided_at__isnull=True)
    found = entries_of(agency_id, day).aggregate(
        entries=Count("id", filter=good),
        copies=Sum("copies", filter=good),
        fee=Sum("fee", filter=good),
        people=Count("dossier", filter=good, distinct=True),
        voided=Count("id", filter=~good),
    )
    return {name: int(value or 0) for name, value in found.items()}


def entries_between(
    actor: Actor, agency_id: uuid.UUID, year: int, first: int, last: int
) -> list[Certification]:
    """Entries of one of the actor's books by number, at most 200. Raises EntryNotFound (ONE-612)."""
    found = list(
        Certification.objects.filter(agency_id=agency_id, year=year, number__range=(first, last))
        .select_related("dossier")
        .order_by("number")[:200]
    )
    if agency_id not in actor.agency_ids or not found:
        raise EntryNotFound(_("Không có mục nào như vậy trong sổ."))
    return found


def agency(agency_id: uuid.UUID) -> Agency:
    """The agency's row."""
    return Agency.objects.get(pk=agency_id)
