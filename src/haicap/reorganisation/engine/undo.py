"""Taking a cut-over back (hoàn tác): every carried record returns, what was done since is kept, the rest is said."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from haicap.kernel import clock, journal, outbox
from haicap.kernel.actor import Actor
from haicap.kernel.contract import Carrier, Undo, UndoReport, carriers
from haicap.registry.service import PERMISSION as CHANGE_UNITS
from haicap.registry.service import lock_registry, withdraw_reorganisation
from haicap.reorganisation.engine.cut import AT_ONCE, check_now, collector_at_rest, lock_writers
from haicap.reorganisation.engine.runs import Watch, finish_run
from haicap.reorganisation.models import Decision, Plan, PlanState, Run

STEPS = 6
OUTBOX_TOPIC = "reorganisation.undo"


@dataclass(frozen=True, slots=True)
class UndoOutcome:
    """What an undo gave back, per class of record."""

    run_id: object
    reports: tuple[UndoReport, ...]
    read_only_s: float
    total_s: float

    def as_list(self) -> list[dict[str, Any]]:
        """JSON-ready rows."""
        return [
            {
                "system": report.system,
                "class": report.record,
                "label": report.label,
                "restored": report.restored,
                "kept": report.kept,
                "problems": list(report.problems),
            }
            for report in self.reports
        ]


def perform_undo(run: Run, watch: Watch, actor: Actor, reason: str) -> UndoOutcome:
    """Take back the cut-over `run` in one transaction; raises what the registry or a carrier refuses."""
    with (
        collector_at_rest(),
        transaction.atomic(),
        journal.act(actor, "reorganisation.undo", reason=reason) as act,
    ):
        with watch.phase("read", _("Đọc sổ đăng ký")):
            lock_registry()
            now = clock.now()
            assert run.cut_at is not None  # a kept cut-over has both
            assert run.reorganisation_id is not None
            # Before the law's first instant (a cut-over made the evening before) an undo follows right upon it.
            undo = Undo(run.pk, run.plan_id, run.cut_at, max(now, run.cut_at + AT_ONCE))
        everyone = list(reversed(carriers()))
        busy = [carrier for carrier in everyone if carrier.locks]
        with watch.phase("stage", _("Trả lại bàn xử lý")):
            for carrier in everyone:
                carrier.stage_undo(undo)
        found: dict[tuple[str, str], UndoReport] = {}
        with watch.phase("carry", _("Trả lại nhân sự, trụ sở, mã, cơ quan")):
            _undo([carrier for carrier in everyone if not carrier.locks], undo, found)
        with watch.phase("units", _("Trả lại đơn vị hành chính")):
            units = withdraw_reorganisation(_may_withdraw(actor), run.reorganisation_id, reason)
            act.changed("reorganisation.plan", run.plan_id, {"state": "done"}, {"state": "undone"})
            check_now(act)
        with watch.phase("lock", _("Bắt đầu thời khắc chỉ đọc")):
            locked_at = lock_writers(busy)
        with watch.phase("records", _("Trả lại hồ sơ chuyển theo quy tắc")):
            _undo(busy, undo, found)
        unit = ("registry", "unit")
        if unit in found:
            found[unit] = replace(found[unit], restored=units.ended.count + units.changed.count)
        reports = [found[carrier.system, carrier.record] for carrier in reversed(everyone)]
        watch.read_only_s = time.monotonic() - locked_at
        outcome = UndoOutcome(watch.run_id, tuple(reports), watch.read_only_s, watch.total_s)
        act.changed("reorganisation.run", run.pk, {"state": "done"}, {"undo": outcome.as_list()})
        outbox.send(OUTBOX_TOPIC, {"run": str(run.pk), "undo": str(watch.run_id)}, key=f"undo:{run.pk}")
        watch.silent = True
        finish_run(watch.run_id, watch, undoes=run, report={"classes": outcome.as_list()})
        Plan.objects.filter(pk=run.plan_id).update(state=PlanState.UNDONE)
        # what people placed since went back with the rest (`CarriedMove`), so their decisions no longer stand
        Decision.objects.filter(run=run, taken_back_at__isnull=True).update(taken_back_at=now)
    return outcome


def _undo(which: list[Carrier], undo: Undo, found: dict[tuple[str, str], UndoReport]) -> None:
    for carrier in which:
        found[carrier.system, carrier.record] = carrier.undo(undo)


def _may_withdraw(actor: Actor) -> Actor:
    """Who may take a cut-over back may take back what it did to units, as the cut-over may do it to them."""
    return replace(actor, permissions=actor.permissions | {CHANGE_UNITS})
