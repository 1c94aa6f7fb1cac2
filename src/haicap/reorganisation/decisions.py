"""Phân định: decisions of people about records of divided units: one, many or by a rule; and taking them back."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.contract import Carrier, PlacedRecord, Placing, UndecidedItem, carriers
from haicap.kernel.contract.digest import digest_of_ids
from haicap.kernel.errors import BadInput, Conflict, NotAllowed, NotFound
from haicap.kernel.text import fold
from haicap.registry.division import DivisionRules, Evidence, Placement
from haicap.registry.models import Agency, AgencyKind, Desk, DeskKind
from haicap.reorganisation.models import Decision
from haicap.reorganisation.undecided import (
    DECIDE,
    Candidate,
    Heap,
    heap_of,
    require_colleague,
    require_decide,
)

#: a person decides about so many records at once; a rule about any number, so many at a time
MOST_AT_ONCE = 1_000
BATCH = 2_000
#: up to so many records are journalled one by one, more by count and digest
JOURNALLED_SINGLY = 100


@dataclass(frozen=True, slots=True)
class Placed:
    """Kết quả phân định: how many were placed, and how many were gone already (decided, finished or moved on)."""

    count: int
    gone: int
    target: str

    @property
    def sentence(self) -> str:
        """For people."""
        text = _("Đã chuyển %(count)d hồ sơ về %(target)s.") % {"count": self.count, "target": self.target}
        if self.gone:
            text += " " + _("%(gone)d hồ sơ đã được người khác xử lý từ trước, giữ nguyên.") % {
                "gone": self.gone
            }
        return text


def decide(actor: Actor, heap_code: str, keys: Sequence[str], to: str, reason: str = "") -> Placed:
    """Phân định: place records (keys "system.record.id") of a divided unit with a successor's committee.

    `to` is the successor's code. Raises NotFound REO-072, NotAllowed REO-403, BadInput REO-070 (nothing or too
    much chosen), REO-071 (not a successor); what is gone meanwhile is told, the rest is done.
    """
    heap = heap_of(actor, heap_code)
    require_decide(actor, heap)
    target = heap.candidate(to)
    chosen = _chosen(keys)
    count = 0
    with journal.act(actor, "reorganisation.decide", reason=reason.strip()[:500]) as act:
        desk, agency = _desk_of(target)
        decision = _placing(actor, heap, agency, "decision", reason)
        for carrier in carriers():
            ids = chosen.get((carrier.system, carrier.record), [])
            if ids:
                count += _place(act, actor, carrier, heap, ids, desk, agency, decision)
        if count == 0:
            raise Conflict(
                _("Không còn hồ sơ nào trong số đã chọn chờ phân định."),
                code="REO-073",
                kept=_("Các hồ sơ giữ nguyên ở chỗ đang nằm."),
                todo=_("Tải lại danh sách."),
            )
    return Placed(count, sum(map(len, chosen.values())) - count, target.title)


def _chosen(keys: Sequence[str]) -> dict[tuple[str, str], list[uuid.UUID]]:
    chosen: dict[tuple[str, str], list[uuid.UUID]] = defaultdict(list)
    for key in dict.fromkeys(keys):
        try:
            system, record, identity = key.split(".")
            chosen[system, record].append(uuid.UUID(identity))
        except ValueError:
            raise BadInput(_("Không hiểu hồ sơ «%(key)s».") % {"key": key[:80]}, code="REO-070") from None
    if not 0 < sum(map(len, chosen.values())) <= MOST_AT_ONCE:
        raise BadInput(
            _("Mỗi lần phân định từ 1 đến %(most)d hồ sơ.") % {"most": MOST_AT_ONCE},
            code="REO-070",
            kept=_("Hồ sơ vẫn chờ phân định."),
            todo=_("Chọn lại trong danh sách."),
        )
    return chosen


def _desk_of(target: Candidate) -> tuple[Desk, uuid.UUID]:
    """The drawer for everything of the successor's committee, and who holds it now."""
    agency = Agency.objects.filter(unit_id=target.unit_id, kind=AgencyKind.COMMITTEE).first()
    desk = (
        Desk.objects.filter(founder=agency, kind=DeskKind.WORK, place__isnull=True, field="").first()
        if agency
        else None
    )
    if agency is None or desk is None:
        raise Conflict(
            _("%(unit)s chưa có bàn xử lý.") % {"unit": target.title},
            code="REO-074",
            kept=_("Hồ sơ vẫn chờ phân định."),
            todo=_("Báo quản trị tỉnh lập cơ quan cho đơn vị này."),
        )
    return desk, agency.pk


def _placing(actor: Actor, heap: Heap, agency: uuid.UUID, how: str, reason: str) -> Placing:
    return Placing(heap.run_id, actor.label, how, reason.strip() or _("phân định"), clock.now(), agency)


def _place(
    act: journal.Act,
    actor: Actor,
    carrier: Carrier,
    heap: Heap,
    ids: Sequence[uuid.UUID],
    desk: Desk,
    agency: uuid.UUID,
    decision: Placing,
) -> int:
    """Place records of one class, keep the decisions, journal them; how many were placed."""
    seen = {item.id: item for item in carrier.undecided(heap.desks, ids=ids, limit=len(ids))}
    placed = carrier.place(list(seen), heap.desks, desk.pk, decision=decision)
    _keep_decisions(actor, carrier, heap, placed, seen, agency, decision)
    record = f"{carrier.system}.{carrier.record}"
    if len(placed) <= JOURNALLED_SINGLY:
        for each in placed:
            act.changed(record, each.id, {"desk": str(each.from_desk)}, {"desk": str(each.to_desk)})
    else:
        digest = digest_of_ids(each.id for each in placed)
        act.changed(record, None, None, {"placed": digest, "desk": str(desk.pk), "how": decision.how})
    return len(placed)


def _keep_decisions(
    actor: Actor,
    carrier: Carrier,
    heap: Heap,
    placed: Sequence[PlacedRecord],
    seen: Mapping[uuid.UUID, UndecidedItem],
    agency: uuid.UUID,
    decision: Placing,
) -> None:
    Decision.objects.bulk_create(
        Decision(
            run_id=heap.run_id,
            system=carrier.system,
            record=carrier.record,
            record_id=each.id,
            from_desk_id=each.from_desk,
            to_desk_id=each.to_desk,
            agency_id=agency,
            actor=actor.label,
            reason=decision.reason[:500],
            evidence=_evidence(seen[each.id], heap, decision.how),
            decided_at=decision.at,
        )
        for each in placed
    )


def _evidence(item: UndecidedItem, heap: Heap, how: str) -> dict[str, Any]:
    """What was shown to the person."""
    return {
        "code": item.code,
        "name": item.label,
        "unit": heap.code,
        "how": how,
        "village": item.village,
        "address": item.address,
        "latitude": item.latitude,
        "longitude": item.longitude,
        "place": str(item.place_id) if item.place_id else None,
    }


# --- taking back
def decisions_of(actor: Actor, limit: int = 200) -> list[Decision]:
    """The latest decisions that the actor may see: of agencies they work for, or of all."""
    require_colleague(actor)
    found = Decision.objects.select_related("agency").order_by("-decided_at", "-id")
    if not actor.sees_all:
        held = _INTERIM_EVER
        found = found.extra(where=[held], params=[list(actor.agency_ids)])
    return list(found[:limit])


# Whose interim holding the record lay in when it was decided.
_INTERIM_EVER = """reorganisation_decision.from_desk_id IN (
    SELECT desk_id FROM registry_holding WHERE interim AND agency_id = ANY(%s))"""


def take_back(actor: Actor, decision_ids: Sequence[uuid.UUID], reason: str) -> int:
    """Rút lại quyết định phân định: the records wait again, where nobody has gone on with them; how many.

    Raises NotAllowed REO-403, NotFound REO-075, Conflict REO-076 (all were worked on since).
    """
    if not actor.may(DECIDE):
        raise NotAllowed(_("Bạn không được rút lại quyết định phân định."), code="REO-403")
    with journal.act(actor, "reorganisation.take_back_decision", reason=reason.strip()[:500]) as act:
        mine = decisions_of(actor, limit=MOST_AT_ONCE * 10) if not actor.sees_all else None
        standing = Decision.objects.select_for_update().filter(
            pk__in=decision_ids, taken_back_at__isnull=True
        )
        if mine is not None:
            standing = standing.filter(pk__in=[each.pk for each in mine])
        rows = list(standing)
        if not rows:
            raise NotFound(_("Không còn quyết định nào như vậy để rút lại."), code="REO-075")
        back = _give_back(act, actor, rows, reason)
        if not back:
            raise Conflict(
                _("Hồ sơ đã được xử lý tiếp ở nơi nhận, không rút lại được."),
                code="REO-076",
                kept=_("Quyết định phân định giữ nguyên."),
                todo=_("Nơi nhận chuyển hồ sơ đi bằng bước «Chuyển hồ sơ»."),
            )
    return back


def _give_back(act: journal.Act, actor: Actor, rows: Sequence[Decision], reason: str) -> int:
    back = 0
    now = clock.now()
    for carrier in carriers():
        runs: dict[uuid.UUID, list[Decision]] = defaultdict(list)
        for row in rows:
            if (row.system, row.record) == (carrier.system, carrier.record):
                runs[row.run_id].append(row)
        for run_id, theirs in runs.items():
            decision = Placing(run_id, actor.label, "take_back", reason.strip(), now)
            given = [PlacedRecord(row.record_id, row.from_desk_id, row.to_desk_id) for row in theirs]
            done = {each.id: each for each in carrier.take_back(given, decision=decision)}
            for row in theirs:
                each = done.get(row.record_id)
                if each is None:
                    continue
                Decision.objects.filter(pk=row.pk).update(taken_back_at=now)
                act.changed(
                    f"{row.system}.{row.record}",
                    row.record_id,
                    {"desk": str(each.to_desk)},
                    {"desk": str(each.from_desk)},
                )
            back += len(done)
    return back


# --- rules applied to what lies there
@dataclass(slots=True)
class RuleCount:
    """Một dòng xem trước: how many records a piece of a rule places, and where."""

    piece: str
    how: str
    target: Candidate
    count: int = 0


@dataclass(slots=True)
class RulePreview:
    """Xem trước khi áp dụng quy tắc: what would be placed by which piece, and what would still wait."""

    lines: list[RuleCount]
    rest: int

    @property
    def count(self) -> int:
        """How many records would be placed."""
        return sum(line.count for line in self.lines)


Pairs = Sequence[tuple[str, str]]


def preview_rules(actor: Actor, heap_code: str, villages: Pairs, addresses: Pairs = ()) -> RulePreview:
    """Xem trước: what rules (text, successor's code) would do to what lies there now; nothing is written."""
    heap = heap_of(actor, heap_code)
    rules, targets = _rules(heap, villages, addresses)
    lines: dict[tuple[str, str], RuleCount] = {}
    rest = 0
    for _carrier, _item, placement in _placements(heap, rules):
        if placement is None:
            rest += 1
            continue
        piece = fold(placement.evidence)
        line = lines.setdefault(
            (placement.how, piece), RuleCount(placement.evidence, placement.how, targets[placement.unit_id])
        )
        line.count += 1
    return RulePreview(sorted(lines.values(), key=lambda line: -line.count), rest)


def apply_rules(
    actor: Actor, heap_code: str, villages: Pairs, addresses: Pairs = (), reason: str = ""
) -> RulePreview:
    """Áp dụng quy tắc: place everything that the rules place; raises what `decide` raises."""
    heap = heap_of(actor, heap_code)
    require_decide(actor, heap)
    rules, targets = _rules(heap, villages, addresses)
    groups: dict[tuple[str, str, uuid.UUID, str], list[uuid.UUID]] = defaultdict(list)
    rest = 0
    for carrier, item, placement in _placements(heap, rules):
        if placement is None:
            rest += 1
        else:
            groups[carrier.system, carrier.record, placement.unit_id, placement.how].append(item.id)
    lines: dict[tuple[uuid.UUID, str], RuleCount] = {}
    by_class = {(carrier.system, carrier.record): carrier for carrier in carriers()}
    with journal.act(actor, "reorganisation.apply_rules", reason=reason.strip()[:500]) as act:
        for (system, record, unit, how), ids in groups.items():
            target = targets[unit]
            desk, agency = _desk_of(target)
            decision = _placing(actor, heap, agency, how, reason)
            line = lines.setdefault((unit, how), RuleCount(target.title, how, target))
            for at in range(0, len(ids), BATCH):
                batch = ids[at : at + BATCH]
                line.count += _place(
                    act, actor, by_class[system, record], heap, batch, desk, agency, decision
                )
        written = {
            "villages": [list(pair) for pair in villages],
            "addresses": [list(pair) for pair in addresses],
        }
        act.changed("reorganisation.rule", None, None, {"unit": heap.code, **written})
    return RulePreview(list(lines.values()), rest)


def _rules(heap: Heap, villages: Pairs, addresses: Pairs) -> tuple[DivisionRules, dict[uuid.UUID, Candidate]]:
    targets = {each.unit_id: each for each in heap.candidates}
    by_village = {fold(text): heap.candidate(code).unit_id for text, code in villages if fold(text)}
    by_address = [(fold(text), heap.candidate(code).unit_id) for text, code in addresses if fold(text)]
    if not by_village and not by_address:
        raise BadInput(
            _("Chưa có quy tắc nào để áp dụng."),
            code="REO-077",
            todo=_("Ghi mỗi dòng một thôn và mã đơn vị nhận, ví dụ: Thôn Phú Sơn = 20194."),
        )
    return DivisionRules(villages=by_village, addresses=by_address), targets


def _placements(
    heap: Heap, rules: DivisionRules
) -> Iterator[tuple[Carrier, UndecidedItem, Placement | None]]:
    """Everything on the heap's desks with what the rules say of it, in bounded batches."""
    for carrier in carriers():
        mark: tuple[str, ...] = ()
        while items := carrier.undecided(heap.desks, after=mark, limit=BATCH):
            mark = items[-1].mark
            for item in items:
                yield carrier, item, rules.place(_as_evidence(item))
            if len(items) < BATCH:
                break


def _as_evidence(item: UndecidedItem) -> Evidence:
    return Evidence(item.village, item.address, item.latitude, item.longitude, item.place_id)
