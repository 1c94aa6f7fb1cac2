"""Số liệu: read from the counted days, in one query for all groupings; what is in flight is counted as it stands.

Permission is in the query: who sees all reads the province; everybody else the agencies they work for, the committee
whose work those do, and the agencies that these took over from.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.registry.models import Title
from haicap.systems.onestop import catalogue, deadlines, policy
from haicap.systems.onestop.errors import BadFilter
from haicap.systems.onestop.models import Channel
from haicap.systems.onestop.models.queryset import HERITAGE_SQL, ORGANS
from haicap.systems.onestop.queries import agency_names

#: longest period of one look
MOST_DAYS = 400
MOST_LINES = 400

_OWN = f"""
    SELECT unnest(%s::uuid[])
    UNION SELECT committee.id FROM registry_agency organ
    JOIN registry_agency committee ON committee.unit_id = organ.unit_id AND committee.kind = 'ubnd'
    WHERE organ.id = ANY (%s::uuid[]) AND organ.kind IN {ORGANS}
"""
_DAYS = """
    SELECT grouping(field), grouping(channel), grouping(agency_id), grouping(day),
           field, channel, agency_id, day, sum(received)::bigint, sum(ended)::bigint, sum(late)::bigint
    FROM onestop_dossierday
    WHERE day >= %s AND day <= %s {mine}
    GROUP BY GROUPING SETS ((), (field), (channel), (agency_id), (day))
"""
_TITLES = """
    SELECT title_id, sum(done)::bigint, sum(late)::bigint FROM onestop_taskday
    WHERE day >= %s AND day <= %s {mine} GROUP BY title_id
"""
# by desk, from the index of worklists alone; then the desk's holder of today
_FLIGHT = """
    SELECT holder.agency_id, sum(lying.many)::bigint, sum(lying.today)::bigint, sum(lying.late)::bigint
    FROM (
        SELECT desk_id, count(*) AS many,
               count(*) FILTER (WHERE status IN (2, 4) AND due_at >= %(now)s AND due_at < %(tonight)s) AS today,
               count(*) FILTER (WHERE status IN (2, 4) AND due_at < %(now)s) AS late
        FROM onestop_dossier WHERE status IN (1, 2, 4, 5, 6, 8, 9) {mine} GROUP BY desk_id
    ) lying
    JOIN LATERAL (
        SELECT agency_id FROM registry_holding
        WHERE desk_id = lying.desk_id AND begins_at <= kernel_clock_now() ORDER BY begins_at DESC LIMIT 1
    ) holder ON true
    GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Line:
    """Một dòng số liệu: received, ended, of these late."""

    key: str
    name: str
    received: int
    ended: int
    late: int

    @property
    def on_time(self) -> int:
        """Ended by the appointment."""
        return self.ended - self.late

    @property
    def rate(self) -> float | None:
        """Tỷ lệ đúng hạn: the share of what ended that ended on time; None where nothing ended."""
        return self.on_time / self.ended if self.ended else None


@dataclass(frozen=True, slots=True)
class Flight:
    """Đang giải quyết: how many lie at an agency now, due today, past due."""

    agency_id: uuid.UUID | None
    name: str
    many: int
    today: int
    late: int


@dataclass(slots=True)
class Figures:
    """Số liệu của một kỳ."""

    first: date
    last: date
    all: Line
    fields: list[Line] = field(default_factory=list)
    channels: list[Line] = field(default_factory=list)
    agencies: list[Line] = field(default_factory=list)
    days: list[Line] = field(default_factory=list)
    titles: list[Line] = field(default_factory=list)
    flights: list[Flight] = field(default_factory=list)

    @property
    def in_flight(self) -> int:
        """Dossiers in flight now."""
        return sum(one.many for one in self.flights)

    @property
    def due_today(self) -> int:
        """Those due by tonight."""
        return sum(one.today for one in self.flights)

    @property
    def overdue(self) -> int:
        """Those past their appointment."""
        return sum(one.late for one in self.flights)


def scope(actor: Actor) -> list[uuid.UUID] | None:
    """The agencies whose days the actor may read; None for all. Raises ListNotAllowed."""
    policy.check_list(actor)
    if actor.sees_all:
        return None
    agencies = list(actor.agency_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            HERITAGE_SQL.replace("unnest(%s::uuid[])", f"own.* FROM ({_OWN}) own"), [agencies, agencies]
        )
        return [row[0] for row in cursor.fetchall()]


def figures(actor: Actor, first: date, last: date, agency: uuid.UUID | None = None) -> Figures:
    """The figures of some days, of all that the actor may read or of one agency of it. Five queries.

    Raises ListNotAllowed; BadFilter where the days are the wrong way round, or too many.
    """
    check_days(first, last)
    mine = _narrowed(scope(actor), agency)
    rows, titles, flights = _read(first, last, mine)
    today = clock.today()
    named = {row[6] for row in rows if row[6] is not None} | {row[0] for row in flights}
    names = agency_names(named, today)
    made = Figures(first, last, Line("", _("Tất cả"), 0, 0, 0))
    for by_field, by_channel, by_agency, by_day, code, channel, agency_id, day, *counts in rows:
        if not by_field:
            made.fields.append(Line(code, catalogue.field_name(code) or _("chưa rõ lĩnh vực"), *counts))
        elif not by_channel:
            made.channels.append(Line(str(channel), str(Channel(channel).label), *counts))
        elif not by_agency:
            made.agencies.append(Line(str(agency_id), names.get(agency_id, ""), *counts))
        elif not by_day:
            made.days.append(Line(day.isoformat(), f"{day:%d/%m/%Y}", *counts))
        elif counts[0] is not None:
            made.all = Line("", _("Tất cả"), *counts)
    words = dict(Title.objects.values_list("code", "name"))
    made.titles = [Line(code, words.get(code, code), 0, done, late) for code, done, late in titles]
    made.flights = sorted(
        (Flight(agency_id, names.get(agency_id, ""), *counts) for agency_id, *counts in flights),
        key=lambda one: (-one.late, -one.many, one.name),
    )[:MOST_LINES]
    for lines in (made.fields, made.channels, made.agencies, made.titles):
        lines.sort(key=lambda line: (-line.late, -line.received, -line.ended, line.name))
    made.days = _every_day(made.days, first, min(last, today))
    return made


def export(
    actor: Actor, first: date, last: date, agency: uuid.UUID | None = None
) -> Iterator[Sequence[object]]:
    """Every counted row of the days: day, agency, field, channel, received, ended, on time, late. Streamed."""
    check_days(first, last)
    mine = _narrowed(scope(actor), agency)
    sql, params = _mine("agency_id", mine)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT day, agency_id, field, channel, received, ended, late FROM onestop_dossierday"
            f" WHERE day >= %s AND day <= %s {sql} ORDER BY day, agency_id, field, channel",
            [first, last, *params],
        )
        names: dict[uuid.UUID | None, str] = {}
        while batch := cursor.fetchmany(2_000):
            unknown = {row[1] for row in batch} - set(names)
            if unknown:
                names |= agency_names(unknown, clock.today())
            for day, agency_id, code, channel, received, ended, late in batch:
                yield (
                    day,
                    names.get(agency_id, ""),
                    catalogue.field_name(code),
                    str(Channel(channel).label),
                    received,
                    ended,
                    ended - late,
                    late,
                )


def check_days(first: date, last: date) -> None:
    """Raises BadFilter where the days are the wrong way round, or more than a look covers."""
    if first > last or (last - first).days >= MOST_DAYS:
        raise BadFilter(
            _("Kỳ số liệu phải từ ngày trước đến ngày sau, nhiều nhất %(most)s ngày.") % {"most": MOST_DAYS},
            where="tu",
            todo=_("Hãy sửa lại hai ngày."),
        )


def _narrowed(mine: list[uuid.UUID] | None, agency: uuid.UUID | None) -> list[uuid.UUID] | None:
    """One agency of those that may be read; nothing where it is not among them."""
    if agency is None:
        return mine
    return [agency] if mine is None or agency in mine else []


def _mine(column: str, mine: list[uuid.UUID] | None) -> tuple[str, list[Any]]:
    return ("", []) if mine is None else (f"AND {column} = ANY (%s::uuid[])", [mine])


def _read(first: date, last: date, mine: list[uuid.UUID] | None) -> tuple[list, list, list]:  # type: ignore[type-arg]
    sql, params = _mine("agency_id", mine)
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(_DAYS.format(mine=sql), [first, last, *params])
        rows = cursor.fetchall()
        cursor.execute(_TITLES.format(mine=sql), [first, last, *params])
        titles = cursor.fetchall()
        held = (
            ""
            if mine is None
            else "AND desk_id IN (SELECT desk_id FROM registry_holding WHERE agency_id = ANY (%(mine)s::uuid[]))"
        )
        flight = _FLIGHT.format(mine=held)
        cursor.execute(flight, {"now": now, "tonight": deadlines.midnight_after(now), "mine": mine})
        flights = [row for row in cursor.fetchall() if mine is None or row[0] in mine]
    return rows, titles, flights


def _every_day(found: list[Line], first: date, last: date) -> list[Line]:
    """The days in order, with those on which nothing happened."""
    known = {line.key: line for line in found}
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [known.get(day.isoformat(), Line(day.isoformat(), f"{day:%d/%m/%Y}", 0, 0, 0)) for day in days]
