"""Reads of reorganisations: plans with their next step, runs, ledgers; each list starts from what the actor may see."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import BooleanField, DateField, Exists, F, Func, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from haicap.kernel import clock
from haicap.kernel.actor import Actor
from haicap.kernel.errors import NotAllowed, NotFound
from haicap.registry.models import UnitVersion
from haicap.registry.models.base import BELIEVED
from haicap.reorganisation.engine.runs import is_alive
from haicap.reorganisation.models import LedgerRow, Plan, PlanState, PlanText, Run, RunKind, RunState
from haicap.reorganisation.plan.check import registry_revision

#: who may look at plans, runs and ledgers; with `reorganisation.see` who does not see the whole province may look at
#: what touches the own unit
PLAN, REHEARSE, CUT_OVER = "reorganisation.plan", "reorganisation.rehearse", "reorganisation.cut_over"
SEE = "reorganisation.see"
MOST_PLANS = 500
MOST_RUNS = 200


def may_see(actor: Actor) -> bool:
    """Whether the actor may look at plans: all of them, or those that touch its unit."""
    return may_see_all(actor) or (actor.may(SEE) and bool(actor.unit_ids))


def may_see_all(actor: Actor) -> bool:
    """Whether the actor may look at every plan: who makes them, rehearses or cuts over, who steers the province."""
    return any(actor.may(each) for each in (PLAN, REHEARSE, CUT_OVER)) or (actor.sees_all and actor.may(SEE))


def require_see(actor: Actor) -> None:
    """Raises NotAllowed (REO-403) for who may not look at plans."""
    if not may_see(actor):
        raise NotAllowed(
            _("Bạn không có quyền xem kế hoạch sắp xếp."),
            code="REO-403",
            todo=_("Dùng chức danh có quyền, hoặc hỏi người quản trị của tỉnh."),
        )


def plans_of(actor: Actor) -> QuerySet[Plan]:
    """The plans that the actor may see, the latest effective day first; none for others.

    At a unit: those that end, change or form it, drafts too, for its leaders prepare it.
    """
    plans = Plan.objects.order_by("-effective_on", "key")
    if may_see_all(actor):
        return plans
    if not may_see(actor):
        return plans.none()
    return plans.filter(
        Exists(_own_units(actor, OuterRef("effective_on"), OuterRef("codes_before"), BEFORE))
        | (
            Q(state=PlanState.DONE)
            & Exists(_own_units(actor, OuterRef("effective_on"), OuterRef("codes_after"), ON))
        )
    )


def _own_units(actor: Actor, day: OuterRef, codes: OuterRef, moment: str) -> QuerySet[UnitVersion]:
    """The actor's units among the `codes` of a plan, as they stand on its effective day or on the day before."""
    return UnitVersion.objects.filter(
        BELIEVED,
        Func(
            F("code"), codes, arg_joiner=" = ANY(", template="(%(expressions)s))", output_field=BooleanField()
        ),
        unit_id__in=actor.unit_ids,
        valid__contains=Func(day, template=moment, output_field=DateField()),
    )


BEFORE, ON = "(%(expressions)s - 1)", "(%(expressions)s)"


def own_codes(actor: Actor, plan: Plan) -> frozenset[str] | None:
    """By which codes a plan speaks of the actor's unit; None for who may see all of it."""
    if may_see_all(actor):
        return None
    day = plan.effective_on if plan.state == PlanState.DONE else plan.effective_on - timedelta(days=1)
    believed = UnitVersion.objects.filter(BELIEVED, unit_id__in=actor.unit_ids)
    standing = believed.filter(valid__contains=plan.effective_on - timedelta(days=1)) | believed.filter(
        valid__contains=day
    )
    return frozenset(standing.values_list("code", flat=True))


def plan_of(actor: Actor, key: str) -> Plan:
    """The plan of a key or id. Raises NotFound (REO-032): also where the actor may not see it."""
    plans = plans_of(actor)
    found = plans.filter(key=key).first()
    if found is None:
        try:
            found = plans.filter(pk=uuid.UUID(key)).first()
        except ValueError:
            found = None
    if found is None:
        raise NotFound(
            _("Không có kế hoạch nào mang khóa «%(key)s».") % {"key": key[:60]},
            code="REO-032",
            todo=_("Xem danh sách kế hoạch."),
        )
    return found


@dataclass(frozen=True, slots=True)
class NextStep:
    """Bước tiếp theo: what a plan waits for; `key` is check, rehearse, cut_over, ledger or none."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class PlanRow:
    """Một dòng danh sách kế hoạch: the plan, its latest text's number, its latest run, what comes next."""

    plan: Plan
    number: int
    latest: Run | None
    next: NextStep

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "key": self.plan.key,
            "title": self.plan.title,
            "province": self.plan.province_code,
            "effective": self.plan.effective_on.isoformat(),
            "state": self.plan.state,
            "text": self.number,
            "next": self.next.key,
            "latest_run": run_facts(self.latest) if self.latest else None,
        }


def list_plans(actor: Actor) -> list[PlanRow]:
    """Every plan the actor may see with its next step; four queries whatever their number."""
    plans = list(plans_of(actor)[:MOST_PLANS])
    ids = [plan.pk for plan in plans]
    numbers = dict(
        PlanText.objects.filter(plan_id__in=ids)
        .order_by("plan_id", "-number")
        .distinct("plan_id")
        .values_list("plan_id", "number")
    )
    latest = {
        run.plan_id: run
        for run in Run.objects.filter(plan_id__in=ids).order_by("plan_id", "-started_at").distinct("plan_id")
    }
    rehearsed = _rehearsed(ids)
    revision = registry_revision() if plans else 0
    return [
        PlanRow(
            plan,
            numbers.get(plan.pk, 0),
            latest.get(plan.pk),
            next_step(plan, numbers.get(plan.pk, 0), revision, rehearsed.get(plan.pk, 0)),
        )
        for plan in plans
    ]


def _rehearsed(plans: Iterable[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Plan → the number of the text that was last rehearsed to the end."""
    runs = Run.objects.filter(plan_id__in=list(plans), kind=RunKind.REHEARSAL, state=RunState.DONE)
    return dict(
        runs.order_by("plan_id", "-text_number").distinct("plan_id").values_list("plan_id", "text_number")
    )


def plan_row(actor: Actor, key: str) -> PlanRow:
    """One plan with its next step. Raises NotFound (REO-032)."""
    plan = plan_of(actor, key)
    number = plan.texts.order_by("-number").values_list("number", flat=True).first() or 0
    rehearsed = _rehearsed([plan.pk]).get(plan.pk, 0)
    latest = plan.runs.order_by("-started_at").first()
    return PlanRow(plan, number, latest, next_step(plan, number, registry_revision(), rehearsed))


def next_step(plan: Plan, number: int, revision: int, rehearsed: int) -> NextStep:
    """What a plan waits for: check → rehearse → cut over → ledger."""
    if plan.state == PlanState.DONE:
        return NextStep("ledger", _("Xem bảng đối soát"))
    if plan.checked_number != number or plan.checked_revision != revision:
        return NextStep("check", _("Kiểm tra kế hoạch"))
    if rehearsed != number:
        return NextStep("rehearse", _("Diễn tập chuyển đổi"))
    return NextStep("cut_over", _("Chuyển đổi"))


# --- runs and ledgers
def runs_of(actor: Actor, plan: Plan | None = None) -> list[Run]:
    """Runs the actor may see, latest first, of one plan or of all; at most `MOST_RUNS`."""
    runs = Run.objects.filter(plan__in=plans_of(actor)).select_related("plan").order_by("-started_at")
    if plan is not None:
        runs = runs.filter(plan=plan)
    return list(runs[:MOST_RUNS])


def run_of(actor: Actor, run_id: uuid.UUID) -> Run:
    """One run. Raises NotFound (REO-033): also where the actor may not see it."""
    found = Run.objects.filter(pk=run_id, plan__in=plans_of(actor)).select_related("plan", "undoes").first()
    if found is None:
        raise NotFound(
            _("Không có lượt chạy này."), code="REO-033", todo=_("Xem các lượt chạy ở trang kế hoạch.")
        )
    return found


def run_facts(run: Run) -> dict[str, Any]:
    """A run as JSON-ready values; a run whose process is gone is told as interrupted."""
    return {
        "run": str(run.pk),
        "plan": run.plan.key,
        "kind": run.kind,
        "state": state_of(run),
        "actor": run.actor,
        "text": run.text_number,
        "started_at": run.started_at.astimezone(clock.ZONE).isoformat(),
        "ended_at": run.ended_at.astimezone(clock.ZONE).isoformat() if run.ended_at else None,
        "phase": run.phase,
        "done": run.progress_done,
        "total": run.progress_total,
        "seconds": run.total_s,
        "read_only_s": run.read_only_s,
        "undo_until": run.undo_until.astimezone(clock.ZONE).isoformat() if run.undo_until else None,
        "phases": run.phases,
        "error": run.error,
    }


def state_of(run: Run) -> str:
    """The run's state; a running one whose process is gone counts as interrupted before anybody buried it."""
    if run.state == RunState.RUNNING and not is_alive():
        return str(RunState.INTERRUPTED)
    return str(run.state)


def ledger_run(actor: Actor, plan: Plan | None = None) -> Run:
    """The run whose ledger counts: the latest kept cut-over, else the latest rehearsal.

    Raises NotFound (REO-034) when there is no ledger yet.
    """
    runs = Run.objects.filter(plan__in=plans_of(actor), state=RunState.DONE).select_related("plan")
    if plan is not None:
        runs = runs.filter(plan=plan)
    kept = runs.filter(kind=RunKind.CUT_OVER, undone_by__isnull=True).order_by("-started_at").first()
    found = kept or runs.filter(kind=RunKind.REHEARSAL).order_by("-started_at").first()
    if found is None:
        raise NotFound(
            _("Chưa có bảng đối soát nào."),
            code="REO-034",
            todo=_("Chạy diễn tập hoặc chuyển đổi trước."),
        )
    return found


def ledger_rows(run: Run) -> list[LedgerRow]:
    """The lines of a run's ledger, in the order of the engine."""
    return list(LedgerRow.objects.filter(run=run).order_by("position"))


def ledger_dict(row: LedgerRow) -> dict[str, Any]:
    """A stored line as the same JSON-ready values as `LedgerLine.as_dict`."""
    return {
        "system": row.system,
        "class": row.record,
        "label": row.label,
        "before": row.before,
        "carried": row.carried,
        "frozen": row.frozen,
        "closed": row.closed,
        "undecided": row.undecided,
        "after": row.after,
        "created": row.created,
        "digests": row.digests,
        "balanced": row.balanced,
        "notes": row.notes,
    }
