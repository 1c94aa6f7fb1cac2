"""What a system says about its records when units change."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar

from haicap.kernel.contract.digest import LedgerLine


@dataclass(frozen=True, slots=True)
class Cut:
    """A cut-over (chuyển đổi) as a carrier sees it.

    The facts of the plan lie in temporary tables of the open transaction, which carriers join and never write:

    - `cut_unit (unit_id, fate, divided, successor_id)`: every unit of the plan that was valid before; fate is
      'ended' or 'continued'; `successor_id` is null where the unit is divided or has none.
    - `cut_succession (predecessor_id, successor_id, part)`: unit to unit.
    - `cut_agency (agency_id, fate, successor_id, divided)`: every agency of those units; fate is 'ended' or
      'kept'; `successor_id` is the agency that takes over, the interim holder (`divided`) where a person
      has yet to decide, the agency itself where it is kept; null where nothing takes over.
    - `cut_desk (desk_id, fate, agency_id)`: every desk that an agency of `cut_agency` holds; fate is 'kept',
      'carried', 'undecided' or 'closed'; `agency_id` holds it afterwards.

    `effective_on` is the day of the law, `effective_at` its first instant, `at` the instant from which the new
    holders hold, `now` the instant of the cut-over by the kernel's clock. `progress(done, total)` may be called.
    """

    run_id: uuid.UUID
    plan_id: uuid.UUID
    effective_on: date
    effective_at: datetime
    at: datetime
    now: datetime
    resolution: str
    rules: dict[uuid.UUID, Any] = field(default_factory=dict)
    progress: Callable[[int, int], None] = lambda done, total: None


@dataclass(frozen=True, slots=True)
class Undo:
    """An undo (hoàn tác) as a carrier sees it: the run that is taken back, and when."""

    run_id: uuid.UUID
    plan_id: uuid.UUID
    cut_at: datetime
    now: datetime
    progress: Callable[[int, int], None] = lambda done, total: None


@dataclass(frozen=True, slots=True)
class UndoReport:
    """What an undo gave back, kept as done since, and could not give back; each problem in plain Vietnamese."""

    system: str
    record: str
    label: str
    restored: int
    kept: int = 0
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UndecidedItem:
    """Hồ sơ chờ phân định: a record that lies with an interim holder, and what it says of its place.

    `mark` orders the list and lets it go on after an item; `since` when it came in, `due_at` its appointment,
    `note` what it is about. Coordinates in degrees, WGS 84.
    """

    id: uuid.UUID
    desk_id: uuid.UUID
    code: str
    label: str
    mark: tuple[str, ...]
    note: str = ""
    since: datetime | None = None
    due_at: datetime | None = None
    village: str = ""
    address: str = ""
    latitude: float | None = None
    longitude: float | None = None
    place_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Placing:
    """A decision as a carrier sees it: of which cut-over, who decides, how ("decision" or a rule) and why."""

    run_id: uuid.UUID
    actor: str
    how: str
    reason: str
    at: datetime
    agency_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class PlacedRecord:
    """A record that was moved by a decision."""

    id: uuid.UUID
    from_desk: uuid.UUID
    to_desk: uuid.UUID


class Carrier(ABC):
    """Quy tắc chuyển tiếp: what becomes of one class of record when units change.

    The order of the engine: `stage` of every carrier (no lock is held, long work belongs here), then in one
    short moment: the tables of `locks` are closed to writers, `begin` counts what there is, `carry` moves it
    by set-based SQL, `finish` counts what is there and returns the ledger line. An exception or an
    unbalanced line aborts everything. `order` sorts carriers: units 10, agencies 20, codes 30, sites 40,
    desks 50, posts 60, systems 100.

    An undo goes in reverse order: `stage_undo` of every carrier, `undo` of those without locks, the registry's
    units; then in one short moment the lock, and `undo` of those with locks.
    """

    system: ClassVar[str]
    record: ClassVar[str]
    label: ClassVar[str]
    order: ClassVar[int] = 100
    #: database tables this carrier answers for (the meta-test holds every table with a unit, agency or desk here)
    tables: ClassVar[tuple[str, ...]]
    #: tables that writers may not touch during the read-only moment; empty for what only the registry writes
    locks: ClassVar[tuple[str, ...]] = ()

    def stage(self, cut: Cut) -> None:
        """Prepare before any lock is taken: evaluate rules, fill temporary tables. Default: nothing."""
        return None

    @abstractmethod
    def begin(self, cut: Cut) -> None:
        """Count what there is, under the lock; keep the result on a temporary table or on `self`."""

    @abstractmethod
    def carry(self, cut: Cut) -> None:
        """Move the records by set-based SQL."""

    @abstractmethod
    def finish(self, cut: Cut) -> LedgerLine:
        """Count what is there now and return the ledger line."""

    def stage_undo(self, undo: Undo) -> None:
        """Prepare an undo before any lock is taken; the registry still is as the cut-over left it. Default: nothing."""
        return None

    @abstractmethod
    def undo(self, undo: Undo) -> UndoReport:
        """Give back what `carry` moved; keep what was done since; say what could not be given back."""

    # --- what lies outside the database

    def follow(self, run_id: uuid.UUID, *, undone: bool) -> None:
        """Do outside what the cut-over (or, `undone`, the undo) of this run asks for: DNS, mail, partners.

        Called by a worker after the commit, at least once: it must be idempotent. Any exception is tried again
        later. Default: nothing.
        """
        return None

    # --- records of divided units that wait for a person

    def undecided_counts(self, desk_ids: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, int]:
        """How many records in flight lie on each of these desks; one query. Default: none."""
        return {}

    def undecided(
        self,
        desk_ids: Sequence[uuid.UUID],
        *,
        ids: Sequence[uuid.UUID] = (),
        after: tuple[str, ...] = (),
        limit: int = 50,
        villages: Sequence[str] = (),
        text: str = "",
    ) -> list[UndecidedItem]:
        """Records in flight on these desks with their evidence, in the order of `UndecidedItem.mark`, after `after`.

        `ids`, `villages` (as written) and `text` (code or name, any spelling) narrow. One query. Default: none.
        """
        return []

    def undecided_villages(self, desk_ids: Sequence[uuid.UUID]) -> list[tuple[str, int]]:
        """The villages that these records name with their numbers, most first; one query. Default: none."""
        return []

    def place(
        self,
        ids: Sequence[uuid.UUID],
        from_desks: Sequence[uuid.UUID],
        to_desk: uuid.UUID,
        *,
        decision: Placing,
    ) -> list[PlacedRecord]:
        """Phân định: move those of the records that still lie on `from_desks` and are still in flight to a desk.

        Keeps number, due date and history, writes the record's own step and a `registry_carriedmove` of
        `decision.run_id`, so that an undo gives it back. Part of the caller's transaction and journal act.
        """
        return []

    def take_back(self, placed: Sequence[PlacedRecord], *, decision: Placing) -> list[PlacedRecord]:
        """Give placed records back to the desks they came from, where nobody went on with them; which ones."""
        return []
