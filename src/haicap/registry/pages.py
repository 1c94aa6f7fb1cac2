"""What the registry's pages show: history as boxes and ribbons, agencies of a unit, a province old → new.

Plain values for templates; the shell's tags draw them.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db import connection
from django.urls import reverse
from django.utils.translation import gettext as _

from haicap.registry import queries
from haicap.registry.models import AgencyKind, Succession
from haicap.registry.models.base import BELIEVED
from haicap.registry.queries import NamedUnit, SearchHit, Snapshot, SuccessionEdge, UnitHistory, UnitView
from haicap.registry.queries.units import titled

#: how much of a divided unit a part is drawn as: how large the part is, no source says
PART_SHARE = 0.5
#: how many rounds "what is it now" follows through later reorganisations
MOST_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Box:
    """A unit in a picture."""

    key: str
    name: str
    note: str = ""
    href: str = ""
    this: bool = False


@dataclass(frozen=True, slots=True)
class Ribbon:
    """What of a unit went where, in a picture; `why` names the legal act."""

    source: str
    target: str
    part: bool = False
    share: float = 1.0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """Columns of boxes, oldest first, and the ribbons between them."""

    columns: tuple[tuple[Box, ...], ...]
    ribbons: tuple[Ribbon, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing came before or after."""
        return not self.ribbons


def unit_href(code: str, day: date | None = None) -> str:
    """The address of a unit's page, as of a day when one is given."""
    address = reverse("units:unit", args=[code])
    return f"{address}?ngay={day:%d/%m/%Y}" if day else address


# --- the history of one unit
def history_picture(history: UnitHistory, subject: UnitView, generations: int = 1) -> Picture:
    """Predecessors → the unit → successors, so many generations each way."""
    boxes: dict[int, dict[str, Box]] = defaultdict(dict)
    middle = f"0:{history.unit_id}"
    boxes[0][middle] = Box(middle, subject.title, subject.code, this=True)
    ribbons: dict[tuple[str, str], Ribbon] = {}
    for edge in history.edges:
        if edge.generation == 0 or abs(edge.generation) > generations or edge.continues:
            continue
        left = edge.generation if edge.generation < 0 else edge.generation - 1
        day_before = edge.effective_on - timedelta(days=1)
        source = _place(boxes[left], left, edge.predecessor, day_before, history.unit_id)
        target = _place(boxes[left + 1], left + 1, edge.successor, edge.effective_on, history.unit_id)
        ribbons[source, target] = Ribbon(
            source, target, edge.part, PART_SHARE if edge.part else 1.0, edge.act.number
        )
    columns = tuple(tuple(boxes[order].values()) for order in sorted(boxes))
    return Picture(columns, tuple(ribbons.values()))


def _place(column: dict[str, Box], order: int, unit: NamedUnit, day: date, subject: uuid.UUID) -> str:
    key = f"{order}:{unit.unit_id}"
    if key not in column:
        this = unit.unit_id == subject
        href = "" if this else unit_href(unit.code, day)
        column[key] = Box(key, titled(unit.kind, unit.name), unit.code, href, this)
    return key


@dataclass(frozen=True, slots=True)
class Became:
    """What a unit is now: a successor that stands, the whole of it or a part."""

    unit_id: uuid.UUID
    code: str
    title: str
    above: str
    part: bool


def became(unit_ids: Collection[uuid.UUID], day: date) -> dict[uuid.UUID, list[Became]]:
    """For each unit that ended by `day`, the units that stand on `day` in its place; a few queries for all.

    A part stays a part through every later succession.
    """
    known = queries.snapshot()
    reached: dict[uuid.UUID, dict[uuid.UUID, bool]] = {unit: {unit: False} for unit in unit_ids}
    for _round in range(MOST_ROUNDS):
        ended = {unit for ends in reached.values() for unit in ends if known.by_unit(unit, day) is None}
        if not ended:
            break
        following = _followers(ended, day)
        if not following:
            break
        for start, ends in reached.items():
            reached[start] = _advance(ends, following)
    found: dict[uuid.UUID, list[Became]] = {}
    for start, ends in reached.items():
        standing = [_became(known, unit, part, day) for unit, part in ends.items() if unit != start]
        found[start] = sorted((one for one in standing if one), key=lambda one: (one.part, one.code))
    return found


def _followers(units: Collection[uuid.UUID], day: date) -> dict[uuid.UUID, list[tuple[uuid.UUID, bool]]]:
    following: dict[uuid.UUID, list[tuple[uuid.UUID, bool]]] = defaultdict(list)
    rows = Succession.objects.filter(
        BELIEVED, predecessor__in=units, effective_on__lte=day, continues=False
    ).values_list("predecessor_id", "successor_id", "part")
    for predecessor, successor, part in rows:
        following[predecessor].append((successor, part))
    return following


def _advance(
    ends: Mapping[uuid.UUID, bool], following: Mapping[uuid.UUID, Sequence[tuple[uuid.UUID, bool]]]
) -> dict[uuid.UUID, bool]:
    """One round further; whole only where every step on some way there was whole."""
    result: dict[uuid.UUID, bool] = {}
    for unit, part in ends.items():
        for successor, is_part in following.get(unit, [(unit, False)]):
            result[successor] = result.get(successor, True) and (part or is_part)
    return result


def _became(known: Snapshot, unit: uuid.UUID, part: bool, day: date) -> Became | None:
    version = known.by_unit(unit, day)
    if version is None:
        return None
    above = known.by_unit(version.province_id, day) if version.province_id != unit else None
    return Became(unit, version.code, version.title, above.title if above else "", part)


@dataclass(frozen=True, slots=True)
class Found:
    """A hit of the search with what it is now, where it no longer stands."""

    hit: SearchHit
    href: str
    last_day: date | None
    now: tuple[Became, ...] = ()


def found_units(text: str, day: date, limit: int = 20, province_code: str | None = None) -> list[Found]:
    """The search for people: units of all times in any spelling, each with what stands in its place on `day`.

    What stands on the day itself comes first among equals.
    """
    hits = queries.search(text, None, limit, province_code=province_code)
    known = queries.snapshot()
    gone = {hit.version.unit_id for hit in hits if known.by_unit(hit.version.unit_id, day) is None}
    now = became(gone, day) if gone else {}
    return [_found(hit, day, now) for hit in hits]


def _found(hit: SearchHit, day: date, now: Mapping[uuid.UUID, Sequence[Became]]) -> Found:
    version = hit.version
    if version.begins <= day < version.ends:
        return Found(hit, unit_href(version.code, day), None)
    shown_on = (
        max(version.begins, version.ends - timedelta(days=1)) if version.ends <= day else version.begins
    )
    last = version.ends - timedelta(days=1) if version.ends <= day else None
    return Found(hit, unit_href(version.code, shown_on), last, tuple(now.get(version.unit_id, ())))


# --- agencies
@dataclass(frozen=True, slots=True)
class AgencyRow:
    """An agency of a unit on a day: its name, code and seat then."""

    agency_id: uuid.UUID
    kind: str
    name: str
    parent: str
    code: str
    site: str
    address: str

    @property
    def kind_label(self) -> str:
        """The word of its kind."""
        return str(AgencyKind(self.kind).label)


# An agency lives as long as its unit, and no longer than its own versions say.
_AGENCIES = """
SELECT agency.id, agency.kind, version.name, coalesce(parent.name, ''), coalesce(code.code, ''),
       coalesce(site.name, ''), coalesce(site.address, '')
  FROM registry_agency AS agency
  JOIN LATERAL (
      SELECT name, closed, parent_id FROM registry_agencyversion
       WHERE agency_id = agency.id AND withdrawn_at IS NULL AND begins_on <= %(day)s
       ORDER BY begins_on DESC LIMIT 1
  ) AS version ON NOT version.closed
  LEFT JOIN LATERAL (
      SELECT name FROM registry_agencyversion
       WHERE agency_id = version.parent_id AND withdrawn_at IS NULL AND begins_on <= %(day)s
       ORDER BY begins_on DESC LIMIT 1
  ) AS parent ON true
  LEFT JOIN LATERAL (
      SELECT agencycode.code, holding.agency_id
        FROM registry_codeholding AS holding
        JOIN registry_agencycode AS agencycode ON agencycode.id = holding.code_id
       WHERE holding.agency_id = agency.id AND holding.withdrawn_at IS NULL AND holding.begins_on <= %(day)s
         AND (agencycode.closed_on IS NULL OR agencycode.closed_on > %(day)s)
       ORDER BY holding.begins_on DESC LIMIT 1
  ) AS code ON true
  LEFT JOIN LATERAL (
      SELECT site_id FROM registry_siteuse
       WHERE agency_id = agency.id AND withdrawn_at IS NULL AND begins_on <= %(day)s
       ORDER BY begins_on DESC LIMIT 1
  ) AS seat ON true
  LEFT JOIN registry_site AS site ON site.id = seat.site_id
 WHERE agency.unit_id = %(unit)s
   AND EXISTS (
       SELECT 1 FROM registry_unitversion
        WHERE unit_id = agency.unit_id AND upper_inf(recorded) AND valid @> %(day)s::date
   )
 ORDER BY code.code NULLS LAST, version.name
 LIMIT 500
"""


def agencies_of(unit_id: uuid.UUID, day: date) -> list[AgencyRow]:
    """Cơ quan của một đơn vị on a day, with codes and seats then; at most 500, one query."""
    with connection.cursor() as cursor:
        cursor.execute(_AGENCIES, {"unit": unit_id, "day": day})
        return [AgencyRow(*row) for row in cursor.fetchall()]


# --- a province, old → new
@dataclass(frozen=True, slots=True)
class Milestone:
    """A day on which communes of a province came or changed, and how many successions it has."""

    day: date
    edges: int
    resolutions: str


_MILESTONES = """
SELECT edge.effective_on, count(*), string_agg(DISTINCT act.number, ', ')
  FROM registry_succession AS edge
  JOIN registry_unitevent AS event ON event.id = edge.event_id
  LEFT JOIN registry_resolution AS act ON act.id = event.resolution_id
  JOIN registry_unitversion AS successor
    ON successor.unit_id = edge.successor_id AND upper_inf(successor.recorded)
   AND lower(successor.valid) = edge.effective_on
 WHERE upper_inf(edge.recorded) AND successor.province_id = %(province)s AND successor.level = 'commune'
 GROUP BY 1 ORDER BY 1
"""


def milestones(province_id: uuid.UUID) -> list[Milestone]:
    """Mốc sắp xếp của một tỉnh: the days on which its communes came about or changed, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_MILESTONES, {"province": province_id})
        return [Milestone(day, count, acts or "") for day, count, acts in cursor.fetchall()]


@dataclass(slots=True)
class Formed:
    """One new commune and what it was made of."""

    code: str
    title: str
    kind: str
    sort_key: bytes
    edges: list[SuccessionEdge] = field(default_factory=list)
    rest: dict[str, list[str]] = field(default_factory=dict)
    #: the district of each old commune, by its code; empty where it had none
    districts: dict[str, str] = field(default_factory=dict)

    @property
    def picture(self) -> Picture:
        """Old → this new commune."""
        target = f"new:{self.code}"
        day = self.edges[0].effective_on
        lefts = tuple(
            Box(
                f"old:{edge.predecessor_code}",
                titled(edge.predecessor_kind, edge.predecessor_name),
                self.districts.get(edge.predecessor_code, ""),
                unit_href(edge.predecessor_code, day - timedelta(days=1)),
            )
            for edge in self.edges
        )
        ribbons = tuple(
            Ribbon(
                f"old:{edge.predecessor_code}",
                target,
                edge.part,
                PART_SHARE if edge.part else 1.0,
                edge.resolution,
            )
            for edge in self.edges
        )
        return Picture(
            (lefts, (Box(target, self.title, self.code, unit_href(self.code, day), True),)), ribbons
        )

    @property
    def words(self) -> str:
        """What it was made of, in words: "Phường 9, Phường 7 (Quận 5); một phần Xã C (Huyện D)"."""
        by_district: dict[str, list[str]] = defaultdict(list)
        for edge in self.edges:
            name = titled(edge.predecessor_kind, edge.predecessor_name)
            district = self.districts.get(edge.predecessor_code, "")
            by_district[district].append(_("một phần %(unit)s") % {"unit": name} if edge.part else name)
        return "; ".join(
            ", ".join(names) + (f" ({district})" if district else "")
            for district, names in by_district.items()
        )

    @property
    def unchanged(self) -> bool:
        """Whether it is one whole old commune under the same name and kind."""
        return len(self.edges) == 1 and self.edges[0].continues


def edges_into(province_id: uuid.UUID, day: date) -> Iterator[SuccessionEdge]:
    """Every succession of `day` whose successor is a commune of this province, by codes."""
    before = day - timedelta(days=1)
    known = queries.snapshot()
    province = known.by_unit(province_id, day)
    if province is None:
        return
    for code in _old_provinces(known, province_id, day):
        for edge in queries.iter_successions(before, code, "commune"):
            if edge.successor_province_code == province.code and edge.effective_on == day:
                yield edge


def _old_provinces(known: Snapshot, province_id: uuid.UUID, day: date) -> list[str]:
    """Codes, on the day before, of the provinces whose communes went into this one."""
    before = day - timedelta(days=1)
    sources = set(
        Succession.objects.filter(BELIEVED, successor=province_id, effective_on=day).values_list(
            "predecessor_id", flat=True
        )
    ) | {province_id}
    versions = [known.by_unit(unit, before) for unit in sources]
    return sorted(version.code for version in versions if version)


def formed(edges: Iterable[SuccessionEdge]) -> list[Formed]:
    """Successions by new commune, in the order of names; with where the rest of each divided one went."""
    groups: dict[str, Formed] = {}
    goes: dict[str, list[tuple[str, str]]] = defaultdict(list)
    known = queries.snapshot()
    for edge in edges:
        group = groups.get(edge.successor_code)
        if group is None:
            version = known.by_unit(edge.successor_id, edge.effective_on)
            group = groups[edge.successor_code] = Formed(
                edge.successor_code,
                titled(edge.successor_kind, edge.successor_name),
                edge.successor_kind,
                version.sort_key if version else b"",
            )
        group.edges.append(edge)
        group.districts[edge.predecessor_code] = _district(known, edge)
        if edge.part:
            goes[edge.predecessor_code].append((edge.successor_code, group.title))
    for group in groups.values():
        for edge in group.edges:
            elsewhere = [title for code, title in goes[edge.predecessor_code] if code != group.code]
            if elsewhere:
                group.rest[titled(edge.predecessor_kind, edge.predecessor_name)] = elsewhere
    return sorted(groups.values(), key=lambda group: (group.sort_key, group.code))


def _district(known: Snapshot, edge: SuccessionEdge) -> str:
    before = edge.effective_on - timedelta(days=1)
    version = known.by_unit(edge.predecessor_id, before)
    if version is None or version.parent_id in (None, version.province_id):
        return ""
    district = known.by_unit(version.parent_id, before) if version.parent_id else None
    return district.title if district else ""


def province_picture(province: UnitView, day: date) -> Picture:
    """Old provinces → this one, on the day of a reorganisation."""
    known = queries.snapshot()
    before = day - timedelta(days=1)
    target = f"new:{province.code}"
    lefts, ribbons = [], []
    rows = (
        Succession.objects.filter(BELIEVED, successor=province.unit_id, effective_on=day)
        .select_related("event__resolution")
        .order_by("predecessor_id")
    )
    for row in rows:
        version = known.by_unit(row.predecessor_id, before)
        if version is None:
            continue
        key = f"old:{version.code}"
        lefts.append(Box(key, version.title, version.code, unit_href(version.code, before)))
        act = row.event.resolution
        ribbons.append(
            Ribbon(key, target, row.part, PART_SHARE if row.part else 1.0, act.number if act else "")
        )
    return Picture((tuple(lefts), (Box(target, province.title, province.code, "", True),)), tuple(ribbons))


def counts_before(province: UnitView, day: date) -> dict[str, int]:
    """Numbers of units, on the day before, of all the provinces that went into this one."""
    known = queries.snapshot()
    total: dict[str, int] = dict.fromkeys(queries.COUNT_KEYS, 0)
    before = day - timedelta(days=1)
    for code in _old_provinces(known, province.unit_id, day):
        for key, number in queries.counts(before, code).items():
            total[key] += number
    return total
