"""Chờ phân định: what lies with interim holders of divided units, with its evidence and the units it may go to.

Who works for the interim holder sees what lies there; who sees the whole province sees all of it. Deciding
needs `reorganisation.decide` beside. The number of queries does not depend on the number of records.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.contract import Carrier, UndecidedItem, carriers
from haicap.kernel.errors import BadInput, NotAllowed, NotFound
from haicap.kernel.text import fold
from haicap.registry import queries as registry
from haicap.registry.models import Succession, UnitVersion
from haicap.registry.models.base import BELIEVED
from haicap.registry.snapshot import Snapshot

DECIDE = "reorganisation.decide"
PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class Candidate:
    """Nơi có thể nhận: a unit that stands today, and its committee."""

    unit_id: uuid.UUID
    code: str
    title: str


@dataclass(slots=True)
class Heap:
    """Phần việc chưa phân định của một đơn vị: what lies on its desks with the interim holder `agency_id`."""

    unit_id: uuid.UUID
    code: str
    title: str
    agency_id: uuid.UUID
    agency: str
    run_id: uuid.UUID
    desks: list[uuid.UUID] = field(default_factory=list)
    count: int = 0
    candidates: list[Candidate] = field(default_factory=list)

    def candidate(self, code: str) -> Candidate:
        """The candidate of a code. Raises BadInput (REO-071) for any other unit."""
        for each in self.candidates:
            if each.code == code:
                return each
        raise BadInput(
            _("%(code)s không nhận phần nào của %(unit)s.") % {"code": code[:20], "unit": self.title},
            code="REO-071",
            kept=_("Hồ sơ vẫn chờ phân định."),
            todo=_("Chọn một trong: %(units)s.")
            % {"units": ", ".join(f"{each.title} ({each.code})" for each in self.candidates[:12])},
        )


@dataclass(frozen=True, slots=True)
class Row:
    """Một dòng chờ phân định: the record with its evidence, where it lay, and the place it names."""

    system: str
    record: str
    record_label: str
    item: UndecidedItem
    heap: Heap
    place: str
    may_decide: bool
    hints: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """How a form names this row."""
        return f"{self.system}.{self.record}.{self.item.id}"

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        item = self.item
        return {
            "id": str(item.id),
            "system": self.system,
            "class": self.record,
            "code": item.code,
            "name": item.label,
            "unit": {"code": self.heap.code, "name": self.heap.title},
            "held_by": self.heap.agency,
            "village": item.village,
            "address": item.address,
            "latitude": item.latitude,
            "longitude": item.longitude,
            "place": self.place,
            "due_at": item.due_at.isoformat() if item.due_at else None,
            "candidates": [{"code": each.code, "name": each.title} for each in self.heap.candidates],
        }


@dataclass(frozen=True, slots=True)
class Page:
    """Một trang danh sách; `after` goes on from its last row, "" at the end."""

    rows: tuple[Row, ...]
    after: str


# --- what lies where
_INTERIM = """
    SELECT desk.id, held.agency_id, held.run_id, founder.unit_id
    FROM registry_desk desk
    JOIN LATERAL (
        SELECT agency_id, interim, run_id, begins_at FROM registry_holding
        WHERE desk_id = desk.id AND begins_at <= kernel_clock_now() ORDER BY begins_at DESC LIMIT 1
    ) held ON held.interim AND held.run_id IS NOT NULL
    JOIN LATERAL (
        SELECT agency_id FROM registry_holding
        WHERE desk_id = desk.id AND begins_at < held.begins_at AND agency_id IS NOT NULL
        ORDER BY begins_at DESC LIMIT 1
    ) was ON true
    JOIN registry_agency founder ON founder.id = was.agency_id
    WHERE desk.kind = 'work'
      AND desk.id IN (
          SELECT desk_id FROM registry_holding WHERE interim AND (%(all)s OR agency_id = ANY(%(agencies)s))
      )
      AND (%(all)s OR held.agency_id = ANY(%(agencies)s))
"""


def heaps(actor: Actor, *, with_candidates: bool = True) -> list[Heap]:
    """What waits for a decision and the actor may see, by unit; units with nothing left are left out.

    Raises NotAllowed (REO-403) for who works for no agency.
    """
    require_colleague(actor)
    found: dict[tuple[uuid.UUID, uuid.UUID], Heap] = {}
    with connection.cursor() as cursor:
        cursor.execute(_INTERIM, {"all": actor.sees_all, "agencies": list(actor.agency_ids)})
        for desk, agency, run, unit in cursor.fetchall():
            heap = found.setdefault((unit, agency), Heap(unit, "", "", agency, "", run))
            heap.desks.append(desk)
    counts: Counter[uuid.UUID] = Counter()
    every_desk = [desk for heap in found.values() for desk in heap.desks]
    if every_desk:
        for carrier in carriers():
            counts.update(carrier.undecided_counts(every_desk))
    left = [heap for heap in found.values() if any(counts[desk] for desk in heap.desks)]
    for heap in left:
        heap.count = sum(counts[desk] for desk in heap.desks)
        heap.desks = [desk for desk in heap.desks if counts[desk]]
    _name(left)
    if with_candidates:
        _find_candidates(left)
    return sorted(left, key=lambda heap: (-heap.count, heap.code))


def _name(found: Sequence[Heap]) -> None:
    """Name the units as they were last called, and the holders as they are called today."""
    known = registry.snapshot()
    names = _agency_names({heap.agency_id for heap in found}, clock.today())
    for heap in found:
        versions = known.versions_of(heap.unit_id)
        if versions:
            heap.code, heap.title = versions[-1].code, versions[-1].title
        heap.agency = names.get(heap.agency_id, "")


_AGENCY_NAMES = """
    SELECT DISTINCT ON (agency_id) agency_id, name FROM registry_agencyversion
    WHERE agency_id = ANY(%s) AND withdrawn_at IS NULL AND begins_on <= %s
    ORDER BY agency_id, begins_on DESC
"""


def _agency_names(agencies: Iterable[uuid.UUID], on: date) -> dict[uuid.UUID, str]:
    with connection.cursor() as cursor:
        cursor.execute(_AGENCY_NAMES, [list(agencies), on])
        return dict(cursor.fetchall())


def _find_candidates(found: Sequence[Heap]) -> None:
    """The units that took parts of each unit; for an abolished district those of its communes. Two queries."""
    known = registry.snapshot()
    ended = {
        heap.unit_id: versions[-1].ends for heap in found if (versions := known.versions_of(heap.unit_id))
    }
    below: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    children = UnitVersion.objects.filter(BELIEVED, parent_id__in=list(ended)).values_list(
        "unit_id", "parent_id", "valid"
    )
    for unit, parent, valid in children:
        if ended[parent] != date.max and valid.upper == ended[parent]:
            below[parent].add(unit)
    sources = {unit for heap in found for unit in (heap.unit_id, *below[heap.unit_id])}
    heirs: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    edges = Succession.objects.filter(BELIEVED, predecessor_id__in=sources, continues=False)
    for predecessor, successor in edges.values_list("predecessor_id", "successor_id"):
        heirs[predecessor].add(successor)
    continuing = Succession.objects.filter(BELIEVED, predecessor_id__in=sources, continues=True)
    for predecessor in continuing.values_list("predecessor_id", flat=True):
        heirs[predecessor].add(predecessor)
    today = clock.today()
    for heap in found:
        units = set(heirs[heap.unit_id])
        for child in below[heap.unit_id]:
            units |= heirs[child]
        heap.candidates = sorted(_candidates(known, units, today), key=lambda each: each.code)


def _candidates(known: Snapshot, units: Iterable[uuid.UUID], today: date) -> Iterator[Candidate]:
    for unit in units:
        version = known.by_unit(unit, today)
        if version is not None:
            yield Candidate(unit, version.code, version.title)


def heap_of(actor: Actor, code: str) -> Heap:
    """The heap of a unit by its (last) code. Raises NotFound (REO-072): also where the actor may not see it."""
    for heap in heaps(actor):
        if heap.code == code:
            return heap
    raise NotFound(
        _("Không có việc chờ phân định của đơn vị %(code)s.") % {"code": code[:20]},
        code="REO-072",
        todo=_("Xem danh sách các đơn vị còn việc chờ phân định."),
    )


def villages_of(heap: Heap) -> list[tuple[str, list[str], int]]:
    """Villages that the records name: (a spelling, all spellings of it, number), most first."""
    spellings: dict[str, list[str]] = defaultdict(list)
    numbers: Counter[str] = Counter()
    for carrier in carriers():
        for village, count in carrier.undecided_villages(heap.desks):
            spellings[fold(village)].append(village)
            numbers[fold(village)] += count
    return [(spellings[key][0], spellings[key], count) for key, count in numbers.most_common()]


# --- the list
def page(
    actor: Actor,
    found: Sequence[Heap],
    *,
    villages: Sequence[str] = (),
    text: str = "",
    after: str = "",
    rows: int = PAGE_ROWS,
) -> Page:
    """A page of what waits on these heaps' desks: one query a class of record that has any."""
    by_desk = {desk: heap for heap in found for desk in heap.desks}
    if not by_desk:
        return Page((), "")
    known = registry.snapshot()
    start, mark = _read_after(after)
    shown: list[Row] = []
    everyone = carriers()
    for number, carrier in enumerate(everyone):
        if number < start:
            continue
        wanted = rows + 1 - len(shown)
        items = carrier.undecided(
            list(by_desk),
            after=mark if number == start else (),
            limit=wanted,
            villages=villages,
            text=text.strip()[:100],
        )
        for item in items:
            shown.append(_row(actor, carrier, item, by_desk[item.desk_id], known))
            if len(shown) > rows:
                last = shown[rows - 1]
                at = [(each.system, each.record) for each in everyone].index((last.system, last.record))
                return Page(tuple(shown[:rows]), "~".join((str(at), *last.item.mark)))
    return Page(tuple(shown), "")


def _read_after(after: str) -> tuple[int, tuple[str, ...]]:
    """Where a page goes on; from the beginning for what cannot be read."""
    number, *mark = after.split("~")
    try:
        datetime.fromisoformat(mark[0])
        uuid.UUID(mark[1])
        return int(number), tuple(mark)
    except (ValueError, IndexError):
        return 0, ()


def _row(actor: Actor, carrier: Carrier, item: UndecidedItem, heap: Heap, known: Snapshot) -> Row:
    place = ""
    hints: list[str] = []
    if item.place_id is not None:
        versions = known.versions_of(item.place_id)
        place = versions[-1].title if versions else ""
    address = f" {fold(item.address)} "
    hints = [each.code for each in heap.candidates if f" {fold(each.title.split(' ', 1)[-1])} " in address]
    may = may_decide(actor, heap)
    return Row(carrier.system, carrier.record, carrier.label, item, heap, place, may, tuple(hints))


# --- who may
def require_colleague(actor: Actor) -> None:
    if not (actor.sees_all or actor.agency_ids):
        raise NotAllowed(
            _("Danh sách này chỉ dành cho cán bộ, công chức đang làm việc tại một cơ quan."),
            code="REO-403",
            todo=_("Hãy đăng nhập bằng chức danh của bạn."),
        )


def may_decide(actor: Actor, heap: Heap) -> bool:
    """Whether the actor may place what lies there: for the interim holder, or for the whole province."""
    return actor.may(DECIDE) and (actor.sees_all or heap.agency_id in actor.agency_ids)


def require_decide(actor: Actor, heap: Heap) -> None:
    if not may_decide(actor, heap):
        raise NotAllowed(
            _("Bạn không được phân định hồ sơ của %(unit)s.") % {"unit": heap.title},
            code="REO-403",
            kept=_("Hồ sơ vẫn chờ phân định."),
            todo=_("Người có quyền phân định của %(agency)s hoặc của tỉnh quyết định.")
            % {"agency": heap.agency},
        )
