"""The cut-over itself: one transaction that carries everything, proves it, and is kept or not."""

from __future__ import annotations

import gc
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import OperationalError, connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from haicap.kernel import clock, journal, outbox
from haicap.kernel.actor import Actor
from haicap.kernel.contract import Carrier, Cut, LedgerLine, carriers
from haicap.kernel.errors import Conflict
from haicap.registry.establishment.service import write_rows
from haicap.registry.service import (
    UnitChanges,
    changes_of,
    ensure_resolutions,
    lock_registry,
    record_reorganisation,
    state_before,
    write_unit_changes,
)
from haicap.reorganisation.engine.agencies import establishment
from haicap.reorganisation.engine.consequences import write_consequences
from haicap.reorganisation.engine.desks import decide_desks, find_desks, find_late_desks, latest_holding
from haicap.reorganisation.engine.facts import Facts, facts_of
from haicap.reorganisation.engine.runs import Watch, finish_run
from haicap.reorganisation.engine.scope import write_scope
from haicap.reorganisation.models import LedgerRow, PlanState, Run
from haicap.reorganisation.models import Plan as PlanRow
from haicap.reorganisation.plan.check import check_staffing
from haicap.reorganisation.plan.model import Plan
from haicap.reorganisation.plan.problems import refuse
from haicap.reorganisation.plan.specs import acts_of, specs_of_plan

#: how long the cut-over waits for everyday writers to finish before it gives up, and how often it tries
LOCK_TIMEOUT_S = 5
#: the least time that a holding lasts: step rows of one desk begin at different instants
AT_ONCE = timedelta(microseconds=1)
STEPS = 11
OUTBOX_TOPIC = "reorganisation.cut_over"


class Unbalanced(Conflict):
    """The ledger does not balance: the cut-over was aborted (bảng đối soát không cân)."""

    code = "REO-050"


class StillBusy(Conflict):
    """Everyday work did not pause in time for the read-only moment (hệ thống đang bận)."""

    code = "REO-051"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a cut-over or rehearsal found: the ledger, its figures in seconds, and the reorganisation (if kept)."""

    run_id: uuid.UUID
    lines: tuple[LedgerLine, ...]
    read_only_s: float
    total_s: float
    phases: tuple[dict[str, object], ...]
    kept: bool

    @property
    def balanced(self) -> bool:
        """Whether every class of record balances."""
        return all(line.balanced for line in self.lines)


def perform(plan_row: PlanRow, plan: Plan, watch: Watch, actor: Actor, *, keep: bool) -> Outcome:
    """Carry the plan out in one transaction; commit when `keep`, else roll everything back.

    Raises Unbalanced (REO-050) when a class of record does not balance, StillBusy (REO-051) when the read-only
    moment could not begin, and whatever the registry or a carrier refuses; then nothing has changed.
    """
    with collector_at_rest(), transaction.atomic():
        lines, locked_at = _within(plan_row, plan, watch, actor, keep=keep)
        if not keep:
            transaction.set_rollback(True)
        begin = time.monotonic()
    ended = time.monotonic()
    watch.read_only_s = ended - locked_at
    if keep:
        watch.phases.append({"name": "commit", "label": _("Ghi nhận"), "seconds": round(ended - begin, 4)})
        _note_times(watch)
    else:
        _keep_rehearsal(watch, lines)
    return Outcome(watch.run_id, lines, watch.read_only_s, watch.total_s, tuple(watch.phases), kept=keep)


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Python's search for cyclic garbage waits: among a million rows being built it would take half of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _within(
    plan_row: PlanRow, plan: Plan, watch: Watch, actor: Actor, *, keep: bool
) -> tuple[tuple[LedgerLine, ...], float]:
    """Everything between begin and commit; returns the ledger and the instant at which writers were stopped."""
    action = "reorganisation.cut_over" if keep else "reorganisation.rehearse"
    with journal.act(actor, action, reason=plan.title, resolution=plan.resolution) as act:
        with watch.phase("read", _("Đọc sổ đăng ký")):
            revision = lock_registry()
            if keep:
                _refuse_stale(plan_row, revision)
            ids = ensure_resolutions(acts_of(plan))
            state = state_before(plan.effective_on)
            staffing = check_staffing(
                plan, state
            )  # appointments since the check made no revision of their own
            refuse(staffing, "REO-011", _("Kế hoạch có %(count)d vấn đề phải sửa trước khi chạy."))
            formations, abolished = specs_of_plan(plan, ids)
            changes = changes_of(state, plan.effective_on, formations, abolished)
            facts = facts_of(plan, changes, state)
        everyone = carriers()
        with watch.phase("scope", _("Tìm cơ quan và bàn xử lý liên quan")):
            write_scope(facts)
            cut = _cut(plan_row, plan, watch, facts)
            find_desks(cut.run_id)
        quiet = [carrier for carrier in everyone if not carrier.locks]
        busy = [carrier for carrier in everyone if carrier.locks]
        written = _written(busy)
        with watch.phase("count", _("Đếm trước")):
            for carrier in quiet:
                carrier.begin(cut)
        reorganisation_id = _write_registry(plan, facts, changes, ids, cut, watch)
        with watch.phase("stage", _("Phân định hồ sơ của đơn vị bị chia")):
            decide_desks()
            for carrier in everyone:
                carrier.stage(cut)
        lines: dict[tuple[str, str], LedgerLine] = {}
        with watch.phase("carry", _("Chuyển cơ quan, mã, trụ sở, nhân sự")):
            _carry(quiet, cut, lines)
        with watch.phase("constraints", _("Kiểm tra ràng buộc")):
            _check_constraints(act, plan, changes)
        with watch.phase("lock", _("Bắt đầu thời khắc chỉ đọc")):
            locked_at = lock_writers(busy)
        with watch.phase("desks", _("Giao bàn xử lý cho đơn vị mới")):
            find_late_desks(cut.run_id, len(facts.rows.desks))
            for carrier in busy:
                carrier.begin(cut)
            _refuse_early_writes(written, _written(busy))
            _carry(busy, cut, lines)
        ordered = tuple(lines[(carrier.system, carrier.record)] for carrier in everyone)
        with watch.phase("ledger", _("Đối soát")):
            _refuse_unbalanced(ordered)
            for line in ordered:
                act.changed(f"{line.system}.{line.record}", None, None, line.as_dict())
        if keep:
            _record(plan_row, plan, watch, cut, ordered, reorganisation_id, locked_at)
    return ordered, locked_at


def _refuse_stale(plan_row: PlanRow, revision: int) -> None:
    """Under the registry's lock: neither plan nor registry may have changed since the plan was found ready."""
    now = PlanRow.objects.select_for_update(no_key=True).get(pk=plan_row.pk)
    latest = now.texts.aggregate(number=Max("number"))["number"]
    if now.state != PlanState.DONE and (now.checked_revision, now.checked_number) == (revision, latest):
        return
    raise Conflict(
        _("Kế hoạch «%(key)s» hoặc sổ đăng ký vừa được người khác thay đổi.") % {"key": now.key},
        code="REO-041" if now.state == PlanState.DONE else "REO-042",
        kept=_("Chưa có gì chuyển."),
        todo=_("Kiểm tra lại kế hoạch rồi mới chuyển đổi."),
    )


def _cut(plan_row: PlanRow, plan: Plan, watch: Watch, facts: Facts) -> Cut:
    """The cut as carriers see it; its scope has been written."""
    now = clock.now()
    return Cut(
        run_id=watch.run_id,
        plan_id=plan_row.pk,
        effective_on=plan.effective_on,
        effective_at=plan.effective_at,
        at=_instant(plan, now),
        now=now,
        resolution=plan.resolution,
        rules=dict(facts.rules),
    )


def _instant(plan: Plan, now: datetime) -> datetime:
    """From when the new holders hold: the law's first instant; where a desk concerned was given to somebody then or
    later already (an undone cut-over, drawers set up because the cut-over is late), now and after all of these.
    """
    latest = latest_holding(plan.effective_at)
    return plan.effective_at if latest is None else max(now, latest + AT_ONCE)


def _write_registry(
    plan: Plan,
    facts: Facts,
    changes: UnitChanges,
    resolutions: dict[str, uuid.UUID],
    cut: Cut,
    watch: Watch,
) -> uuid.UUID:
    """Write units and the new agencies; returns the reorganisation's id."""
    with watch.phase("units", _("Ghi biến động đơn vị hành chính")):
        reorganisation = record_reorganisation(
            plan.key, plan.title, plan.effective_on, [resolutions[legal.number] for legal in plan.legal]
        )
        write_unit_changes(reorganisation.id, changes)
    with watch.phase("agencies", _("Thành lập cơ quan mới")):
        rows = establishment(facts, cut.at, cut.run_id)
        write_rows(rows, plan.effective_on, cut.run_id)
        write_consequences(facts)
    return reorganisation.id


def _carry(which: Iterable[Carrier], cut: Cut, lines: dict[tuple[str, str], LedgerLine]) -> None:
    chosen = list(which)
    for carrier in chosen:
        carrier.carry(cut)
    for carrier in chosen:
        lines[(carrier.system, carrier.record)] = carrier.finish(cut)


def lock_writers(busy: list[Carrier]) -> float:
    """Close the tables of everyday work to writers (readers go on); returns the instant, on the monotonic clock.

    The tables are locked in one statement in sorted order, so that two lockers cannot wait for each other.
    """
    tables = sorted({table for carrier in busy for table in carrier.locks})
    began = time.monotonic()
    if tables:
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'")
            try:
                cursor.execute(f"LOCK TABLE {', '.join(tables)} IN SHARE ROW EXCLUSIVE MODE")
            except OperationalError as error:
                raise StillBusy(
                    _("Sau %(seconds)d giây vẫn có người đang ghi, chưa bắt đầu được thời khắc chỉ đọc.")
                    % {"seconds": LOCK_TIMEOUT_S},
                    kept=_("Dữ liệu như trước; chưa có gì chuyển."),
                    todo=_("Chạy lại vào lúc vắng, hoặc tạm dừng các công việc nhập hàng loạt."),
                ) from error
            cursor.execute("SET LOCAL lock_timeout = 0")
    return began


def _written(busy: Iterable[Carrier]) -> dict[str, int]:
    """Locked table of a system → rows that this session has written to it, by PostgreSQL's own count.

    The desks, which the registry hands over before the lock, are proved by their own carrier.
    """
    tables = sorted({table for carrier in busy if carrier.system != "registry" for table in carrier.locks})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables "
            "WHERE relid = ANY (SELECT to_regclass(name) FROM unnest(%s::text[]) AS name)",
            [tables],
        )
        return dict(cursor.fetchall())


def _refuse_early_writes(before: dict[str, int], now: dict[str, int]) -> None:
    """What is written before it was counted would be in no ledger: records are counted as people left them."""
    early = sorted(table for table, rows in now.items() if rows != before.get(table, 0))
    if not early:
        return
    raise Unbalanced(
        _("Có bước chuyển tiếp đã ghi vào %(tables)s trước khi đếm.") % {"tables": ", ".join(early)},
        kept=_("Không có gì được chuyển: dữ liệu như trước khi chạy."),
        todo=_("Báo cho người phụ trách các hệ thống đó."),
        details={"lines": [], "tables": early},
    )


def _check_constraints(act: journal.Act, plan: Plan, changes: UnitChanges) -> None:
    """Let the database check now what it would check at the commit, so that no everyday writer waits for it.

    The journal's own rule is among those checks: the first entry of the act is written before.
    """
    act.changed(
        "reorganisation.plan",
        None,
        None,
        {
            "key": plan.key,
            "opened": len(changes.opens),
            "changed": len(changes.changes),
            "ended": len(changes.closes),
        },
    )
    check_now(act)


def check_now(act: journal.Act) -> None:
    """Let the database check every constraint that it would check at the commit; `act` has an entry already."""
    act.flush()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _refuse_unbalanced(lines: Iterable[LedgerLine]) -> None:
    wrong = [line for line in lines if not line.balanced]
    if not wrong:
        return
    raise Unbalanced(
        _("Bảng đối soát không cân ở: %(labels)s.") % {"labels": ", ".join(line.label for line in wrong)},
        kept=_("Không có gì được chuyển: dữ liệu như trước khi chạy."),
        todo=_("Xem số liệu kèm theo; báo cho người phụ trách hệ thống đó."),
        details={"lines": [line.as_dict() for line in wrong]},
    )


def _record(
    plan_row: PlanRow,
    plan: Plan,
    watch: Watch,
    cut: Cut,
    lines: tuple[LedgerLine, ...],
    reorganisation_id: uuid.UUID,
    locked_at: float,
) -> None:
    """Store the ledger and mark run and plan done, in the same transaction; tell the world by outbox."""
    watch.silent = True
    store_ledger(watch.run_id, lines)
    outbox.send(
        OUTBOX_TOPIC,
        {"run": str(watch.run_id), "key": plan.key, "effective_on": plan.effective_on.isoformat()},
        key=f"cut-over:{watch.run_id}",
    )
    watch.read_only_s = time.monotonic() - locked_at
    finish_run(
        watch.run_id,
        watch,
        cut_at=cut.at,
        reorganisation_id=reorganisation_id,
        undo_until=cut.now + timedelta(days=plan.undo_window_days),
    )
    PlanRow.objects.filter(pk=plan_row.pk).update(state=PlanState.DONE)


def store_ledger(run_id: uuid.UUID, lines: Iterable[LedgerLine]) -> None:
    """Write the lines of a run's ledger."""
    parts = ("before", "carried", "frozen", "closed", "undecided", "after", "created")
    LedgerRow.objects.bulk_create(
        LedgerRow(
            run_id=run_id,
            position=position,
            system=line.system,
            record=line.record,
            label=line.label,
            **{part: getattr(line, part).count for part in parts},
            digests={part: getattr(line, part).hex for part in parts},
            balanced=line.balanced,
            notes=list(line.notes),
        )
        for position, line in enumerate(lines)
    )


def _keep_rehearsal(watch: Watch, lines: Iterable[LedgerLine]) -> None:
    """After the rehearsal was rolled back: keep what it found."""
    with transaction.atomic():
        store_ledger(watch.run_id, lines)
        finish_run(watch.run_id, watch)


def _note_times(watch: Watch) -> None:
    """After the commit: the figures that only now are known, the commit's own time among them."""
    Run.objects.filter(pk=watch.run_id).update(
        phases=watch.phases, total_s=round(watch.total_s, 4), read_only_s=round(watch.read_only_s, 4)
    )
