"""Half a year of dossiers at the counters of a province: pure, without database, repeatable.

The shape: volumes from `volumes`, procedures by their share, receptions in working hours with a morning peak,
two thirds closed and a third in flight. In-flight dossiers are drawn by share times duration (what takes long
is met more often on a desk), about one in eight of those at work is overdue, others wait for a supplement, a
payment or to be picked up.
"""

from __future__ import annotations

import random
import uuid
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cache

from haicap.cli.demonstration.names import NameMaker
from haicap.cli.demonstration.places import Place, address_in, point_in
from haicap.kernel.clock import ZONE
from haicap.kernel.text import fold
from haicap.systems.onestop.catalogue import Procedure
from haicap.systems.onestop.models import FINISHED, Status
from haicap.systems.onestop.numbering import dossier_code

DOSSIER_COLUMNS = (
    "id", "code", "procedure_code", "field", "desk_id", "receiving_agency_id", "competent_agency_id",
    "applicant_name", "applicant_fold", "place_id", "village", "address", "latitude", "longitude", "status",
    "received_at", "due_at", "finished_at",
)  # fmt: skip
STEP_COLUMNS = ("id", "dossier_id", "at", "desk_id", "agency_id", "actor", "action", "status", "note")

IN_FLIGHT_SHARE = 1 / 3
IN_FLIGHT_STATUS: tuple[tuple[Status, int], ...] = (
    (Status.REGISTERED, 4), (Status.RECEIVED, 14), (Status.PROCESSING, 48), (Status.SUPPLEMENT, 9),
    (Status.PAYMENT, 5), (Status.STOPPED, 2), (Status.PROCESSED, 18),
)  # fmt: skip
CLOSED_STATUS: tuple[tuple[Status, int], ...] = (
    (Status.RETURNED, 95),
    (Status.REFUSED, 3),
    (Status.WITHDRAWN, 2),
)
#: of the dossiers in flight, those whose time limit is over
OVERDUE = 0.12
WITHOUT_PLACE = 0.004
WITH_POINT = {True: 0.55, False: 0.2}  # by whether the commune is to be divided
WITHOUT_VILLAGE = 0.12

NOTES = {
    Status.SUPPLEMENT: (
        "Bổ sung bản sao giấy chứng nhận quyền sử dụng đất",
        "Bổ sung giấy tờ tùy thân của người được ủy quyền",
        "Tờ khai thiếu chữ ký, đề nghị ký lại",
        "Bổ sung sơ đồ vị trí thửa đất",
    ),
    Status.PAYMENT: ("Đề nghị nộp lệ phí theo thông báo", "Đề nghị thực hiện nghĩa vụ tài chính về đất đai"),
    Status.STOPPED: ("Tạm dừng chờ kết quả giải quyết tranh chấp", "Tạm dừng theo đề nghị của cơ quan thuế"),
    Status.REFUSED: ("Không thuộc thẩm quyền giải quyết", "Hồ sơ không đủ điều kiện theo quy định"),
    Status.WITHDRAWN: ("Công dân xin rút hồ sơ", "Công dân nộp lại theo thủ tục khác"),
}


@dataclass(frozen=True, slots=True)
class Counter:
    """Nơi tiếp nhận: an agency that receives, what may be handed in there, by whom it is worked on.

    `desk_of(place, field)` gives the drawer. `places` are the communes its applicants come from, with
    their `weights`.
    """

    receiving: uuid.UUID
    code_id: uuid.UUID
    code: str
    competent_of: Callable[[str], uuid.UUID]
    desk_of: Callable[[uuid.UUID | None, str], uuid.UUID]
    procedures: tuple[Procedure, ...]
    places: tuple[Place, ...]
    weights: tuple[float, ...]
    count: int
    receivers: tuple[str, ...]
    officials: tuple[str, ...]


@dataclass(slots=True)
class Harvest:
    """Rows for the tables, in the order of the `…_COLUMNS`; `numbers`: (code id, day) → last number given."""

    dossiers: list[tuple[object, ...]] = field(default_factory=list)
    steps: list[tuple[object, ...]] = field(default_factory=list)
    numbers: dict[tuple[uuid.UUID, date], int] = field(default_factory=dict)


class Days:
    """Ngày làm việc: the working days up to now, by index; and moments in their working hours."""

    def __init__(self, days: Sequence[date], now: datetime) -> None:
        self.days = list(days)
        self.now = now
        self.today = bisect_right(self.days, now.date()) - 1

    def moment(self, index: int, rng: random.Random) -> datetime:
        """A moment in the hours of the working day `index`, mornings busier; never after now."""
        day = self.days[max(0, min(index, self.today))]
        if rng.random() < 0.6:
            minutes = 450 + rng.triangular(0, 240, 60)  # from 07:30
        else:
            minutes = 810 + rng.triangular(0, 205, 70)  # from 13:30
        at = datetime.combine(day, time.min, tzinfo=ZONE) + timedelta(seconds=int(minutes * 60))
        return min(at, self.now - timedelta(seconds=rng.randint(30, 900)))


@dataclass(slots=True)
class _Draft:
    """One dossier before it has its number."""

    counter: Counter
    procedure: Procedure
    status: Status
    received_at: datetime
    due_at: datetime | None
    finished_at: datetime | None
    steps: list[tuple[datetime, str, Status, str, str]]


class Maker:
    """Makes the dossiers of every counter; the same random source makes the same dossiers."""

    def __init__(
        self, rng: random.Random, days: Days, appointment: Callable[[datetime, int], datetime]
    ) -> None:
        self._rng = rng
        self._days = days
        self._appointment = appointment
        self._names = NameMaker(rng)

    def harvest(self, counters: Iterable[Counter], done: Callable[[int], None]) -> Harvest:
        """All dossiers of the counters with their steps; numbers without a gap by agency code and day."""
        rows = Harvest()
        by_code: dict[uuid.UUID, list[_Draft]] = defaultdict(list)
        for counter in counters:
            by_code[counter.code_id].extend(self._drafts(counter))
        for code_id, drafts in by_code.items():
            drafts.sort(key=lambda draft: draft.received_at)
            names = self._names.draw(len(drafts))
            for draft, name in zip(drafts, names, strict=True):
                day = draft.received_at.date()
                number = rows.numbers.get((code_id, day), 0) + 1
                rows.numbers[code_id, day] = number
                self._rows(draft, number, name.full, rows)
            done(len(drafts))
        return rows

    def _drafts(self, counter: Counter) -> Iterator[_Draft]:
        rng = self._rng
        flying = round(counter.count * IN_FLIGHT_SHARE + rng.random() - 0.5)
        shares = [procedure.share for procedure in counter.procedures]
        heavy = [procedure.share * (procedure.days + 0.7) for procedure in counter.procedures]
        for procedure in rng.choices(counter.procedures, heavy, k=max(0, flying)):
            yield self._in_flight(counter, procedure)
        for procedure in rng.choices(counter.procedures, shares, k=counter.count - max(0, flying)):
            yield self._closed(counter, procedure)

    def _in_flight(self, counter: Counter, procedure: Procedure) -> _Draft:
        rng, days = self._rng, self._days
        statuses, weights = zip(*IN_FLIGHT_STATUS, strict=True)
        status = rng.choices(statuses, weights)[0]
        if status == Status.REGISTERED:
            age = 0
        elif rng.random() < OVERDUE:
            age = procedure.days + 1 + int(rng.random() ** 2 * (procedure.days + 2))
        else:
            age = int(rng.random() * procedure.days)
        received_at = days.moment(days.today - age, rng)
        draft = _Draft(counter, procedure, status, received_at, None, None, [])
        if status != Status.REGISTERED:
            draft.due_at = self._appointment(received_at, procedure.days)
        until = days.today - round(rng.random() * age / 2)
        self._walk(draft, [status], days.today - age, until)
        return draft

    def _closed(self, counter: Counter, procedure: Procedure) -> _Draft:
        rng, days = self._rng, self._days
        statuses, weights = zip(*CLOSED_STATUS, strict=True)
        status = rng.choices(statuses, weights)[0]
        last = days.today - 1
        index = min(int(last * (1 - rng.random() ** 1.3)), last)
        received_at = days.moment(index, rng)
        draft = _Draft(counter, procedure, status, received_at, None, None, [])
        draft.due_at = self._appointment(received_at, procedure.days)
        late = rng.random() < 0.04
        took = procedure.days * (rng.uniform(1.05, 1.6) if late else rng.uniform(0.2, 0.9))
        path = [Status.PROCESSED, Status.RETURNED] if status == Status.RETURNED else [status]
        if status == Status.RETURNED and rng.random() < 0.05:
            path = [Status.SUPPLEMENT, Status.PROCESSING, *path]
        self._walk(draft, path, index, min(days.today, index + round(took)))
        return draft

    def _walk(self, draft: _Draft, path: Sequence[Status], start: int, until: int) -> None:
        """Write the steps from reception on the working day `start` along `path` to the day `until`."""
        rng, days = self._rng, self._days
        counter = draft.counter
        at = draft.received_at
        first = Status.REGISTERED if draft.status == Status.REGISTERED else Status.RECEIVED
        draft.steps.append((at, "receive", first, rng.choice(counter.receivers), ""))
        if draft.status in (Status.REGISTERED, Status.RECEIVED):
            return
        official = rng.choice(counter.officials)
        if draft.status == Status.REFUSED:
            path = [Status.SUPPLEMENT, Status.REFUSED]
        elif draft.status != Status.PROCESSING:
            path = [Status.PROCESSING, *path]
        for number, status in enumerate(path, 1):
            moment = days.moment(round(start + (until - start) * number / len(path)), rng)
            # each later than the one before, none later than now: receptions lie at least 30 s back
            latest = days.now - timedelta(seconds=len(path) - number)
            at = min(max(at + timedelta(minutes=rng.randint(3, 40)), moment), latest)
            note = rng.choice(NOTES[status]) if status in NOTES else ""
            returned = status == Status.RETURNED
            who = rng.choice(counter.receivers) if returned else official
            draft.steps.append((at, "return_result" if returned else "advance", status, who, note))
            if status in FINISHED and draft.finished_at is None:
                draft.finished_at = at

    def _rows(self, draft: _Draft, number: int, applicant: str, rows: Harvest) -> None:
        rng, counter = self._rng, draft.counter
        place: Place | None = rng.choices(counter.places, counter.weights)[0]
        assert place is not None
        village = "" if rng.random() < WITHOUT_VILLAGE else rng.choice(place.villages)
        address = address_in(place, village or place.title, rng)
        point = point_in(place, rng) if rng.random() < WITH_POINT[place.divided] else None
        if rng.random() < WITHOUT_PLACE:
            place, village, point = None, "", None
        place_id = place.unit_id if place is not None else None
        desk = counter.desk_of(place_id, draft.procedure.field)
        competent = counter.competent_of(draft.procedure.field)
        dossier_id = seeded_id(draft.received_at, rng)
        rows.dossiers.append(
            (
                dossier_id, dossier_code(counter.code, draft.received_at.date(), number),
                draft.procedure.code, draft.procedure.field, desk, counter.receiving, competent,
                applicant, _folded(applicant), place_id, village, address,
                point[0] if point else None, point[1] if point else None, int(draft.status),
                draft.received_at, draft.due_at, draft.finished_at,
            )
        )  # fmt: skip
        for at, action, status, who, note in draft.steps:
            agency = counter.receiving if action == "receive" else competent
            rows.steps.append(
                (seeded_id(at, rng), dossier_id, at, desk, agency, who, action, int(status), note)
            )


def seeded_id(at: datetime, rng: random.Random) -> str:
    """A UUIDv7 of the instant `at` with random bits from `rng`: the same fill gives the same ids."""
    bits = rng.getrandbits(74)
    value = int(at.timestamp() * 1000) << 80 | 7 << 76 | (bits >> 62) << 64 | 2 << 62 | bits & (1 << 62) - 1
    return f"{value:032x}"


@cache
def _folded_word(word: str) -> str:
    return fold(word)


def _folded(name: str) -> str:
    """`fold(name)`, word by word from a memory: names are made of a few hundred words."""
    return " ".join(_folded_word(word) for word in name.split())
