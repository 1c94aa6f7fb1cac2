"""The use-cases of a reorganisation: propose, save, check, rehearse, cut over, undo.

Permissions: `reorganisation.plan` to write and check plans, `reorganisation.rehearse` to rehearse,
`reorganisation.cut_over` to cut over and to undo.
"""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.errors import BadInput, Conflict, NotAllowed, NotFound
from haicap.reorganisation.engine import cut, undo
from haicap.reorganisation.engine.runs import Progress, running
from haicap.reorganisation.models import Plan, PlanState, PlanText, Run, RunKind, RunState
from haicap.reorganisation.plan.check import CheckReport, registry_revision
from haicap.reorganisation.plan.check import check_plan as check_values
from haicap.reorganisation.plan.model import Plan as PlanValues
from haicap.reorganisation.plan.problems import refuse
from haicap.reorganisation.plan.propose import propose_plan as propose_values
from haicap.reorganisation.plan.read import read_plan
from haicap.reorganisation.plan.write import write_plan

PLAN, REHEARSE, CUT_OVER = "reorganisation.plan", "reorganisation.rehearse", "reorganisation.cut_over"


def propose_plan(
    actor: Actor, province_code: str, effective_on: date, *, staffing: bool = True
) -> tuple[PlanValues, str]:
    """Lập kế hoạch: the proposed plan and its text; nothing is stored. Raises NotFound REO-030."""
    require(actor, PLAN)
    values = propose_values(province_code, effective_on, staffing=staffing)
    return values, write_plan(values)


def save_plan(actor: Actor, text: str | bytes, what: str = "", *, based_on: int | None = None) -> Plan:
    """Lưu kế hoạch: a new text of the plan with the file's `key` (made where it is new); form is checked first.

    `based_on` is the number of the text that was edited: raises Conflict REO-046 when there is a later one.
    Saving the same text again does nothing. Raises BadInput REO-001..010 for bad files, Conflict REO-041 when
    the plan was cut over already.
    """
    require(actor, PLAN)
    values = read_plan(text)
    content = text if isinstance(text, str) else text.decode("utf-8-sig")
    with journal.act(actor, "reorganisation.save_plan", reason=what, resolution=values.resolution) as act:
        plan, _made = Plan.objects.select_for_update().get_or_create(
            key=values.key,
            defaults={
                "title": values.title,
                "effective_on": values.effective_on,
                "province_code": values.province,
                "created_at": clock.now(),
            },
        )
        if plan.state == PlanState.DONE:
            raise Conflict(
                _("Kế hoạch «%(key)s» đã chuyển đổi, không sửa được nữa.") % {"key": plan.key},
                code="REO-041",
                kept=_("Kế hoạch giữ nguyên."),
                todo=_("Hoàn tác trước, hoặc lập kế hoạch khác với khóa khác."),
            )
        latest = plan.texts.order_by("-number").first()
        _refuse_outdated(latest, based_on)
        if latest is not None and latest.text == content:
            return plan
        number = latest.number + 1 if latest else 1
        PlanText.objects.create(
            plan=plan, number=number, text=content, author=actor.label, saved_at=clock.now(), what=what[:200]
        )
        plan.title, plan.effective_on, plan.province_code = values.title, values.effective_on, values.province
        plan.state, plan.checked_revision, plan.checked_number = PlanState.DRAFT, None, None
        plan.codes_before, plan.codes_after = values.codes_before, values.codes_after
        plan.save()
        act.changed(
            "reorganisation.plan",
            plan.pk,
            {"number": latest.number} if latest else None,
            {"number": number, "title": values.title, "units": len(values.units)},
        )
    return plan


def _refuse_outdated(latest: PlanText | None, based_on: int | None) -> None:
    """Two people at one plan: the second to save is told, and overwrites nothing."""
    if based_on is None or latest is None or latest.number == based_on:
        return
    raise Conflict(
        _("%(author)s đã lưu bản số %(number)d trong lúc bạn sửa.")
        % {"author": latest.author, "number": latest.number},
        code="REO-046",
        kept=_("Bản của người kia giữ nguyên; sửa đổi của bạn chưa được lưu."),
        todo=_("Mở lại kế hoạch, xem bản mới rồi sửa lại."),
        details={"latest": latest.number, "based_on": based_on},
    )


def latest_text(plan: Plan) -> PlanText:
    """The text of a plan that counts: the one saved last."""
    text = plan.texts.order_by("-number").first()
    if text is None:
        raise NotFound(_("Kế hoạch «%(key)s» chưa có nội dung.") % {"key": plan.key}, code="REO-031")
    return text


def check_plan(actor: Actor, plan: Plan) -> CheckReport:
    """Kiểm tra kế hoạch against the registry as it stands, and note on the plan that it passed, if it did.

    Raises Conflict REO-041 when the plan was carried out: the registry is past it.
    """
    require(actor, PLAN)
    if plan.state == PlanState.DONE:
        raise Conflict(
            _("Kế hoạch «%(key)s» đã chuyển đổi, không còn gì để kiểm tra.") % {"key": plan.key},
            code="REO-041",
            kept=_("Kế hoạch giữ nguyên."),
            todo=_("Xem bảng đối soát, hoặc hoàn tác trước."),
        )
    text = latest_text(plan)
    report = check_values(read_plan(text.text))
    if report.passed and plan.state in {PlanState.DRAFT, PlanState.CHECKED, PlanState.UNDONE}:
        with journal.act(actor, "reorganisation.check_plan") as act:
            Plan.objects.filter(pk=plan.pk).update(
                state=PlanState.CHECKED, checked_revision=report.revision, checked_number=text.number
            )
            act.changed(
                "reorganisation.plan", plan.pk, None, {"checked": text.number, "revision": report.revision}
            )
        plan.refresh_from_db()
    return report


def rehearse(actor: Actor, plan: Plan, progress: Progress | None = None) -> cut.Outcome:
    """Diễn tập chuyển đổi: the whole cut-over on live data without keeping it; its ledger and timings are kept."""
    require(actor, REHEARSE)
    values, number = _ready(plan)
    with running(plan.pk, RunKind.REHEARSAL, actor.label, number, cut.STEPS, progress) as watch:
        return cut.perform(plan, values, watch, actor, keep=False)


def cut_over(actor: Actor, plan: Plan, progress: Progress | None = None) -> cut.Outcome:
    """Chuyển đổi: carry the plan out in one transaction.

    Raises Conflict REO-041 (already done), REO-042 (not checked, or checked against an older registry),
    REO-040 (another run is alive), REO-050 (unbalanced), REO-051 (could not pause everyday work).
    """
    require(actor, CUT_OVER)
    values, number = _ready(plan)
    _refuse_unchecked(plan, number)
    with running(plan.pk, RunKind.CUT_OVER, actor.label, number, cut.STEPS, progress) as watch:
        return cut.perform(plan, values, watch, actor, keep=True)


def undo_cut_over(
    actor: Actor, plan: Plan, reason: str, progress: Progress | None = None
) -> undo.UndoOutcome:
    """Hoàn tác: take the plan's cut-over back, inside its window.

    Raises Conflict REO-043 (nothing to undo), REO-044 (the window is over); what the registry refuses because
    later changes build on it (REG-013).
    """
    require(actor, CUT_OVER)
    if not reason.strip():
        raise BadInput(
            _("Hoàn tác cần nêu lý do."), code="REO-045", todo=_("Ghi lý do, ví dụ số văn bản chỉ đạo.")
        )
    plan.refresh_from_db()
    run = last_cut_over(plan)
    if run is None or plan.state != PlanState.DONE:
        raise Conflict(
            _("Kế hoạch «%(key)s» chưa chuyển đổi, không có gì để hoàn tác.") % {"key": plan.key},
            code="REO-043",
            kept=_("Dữ liệu giữ nguyên."),
        )
    if run.undo_until is not None and clock.now() > run.undo_until:
        raise Conflict(
            _("Đã quá hạn hoàn tác (%(until)s).")
            % {"until": run.undo_until.astimezone(clock.ZONE).strftime("%H:%M %d/%m/%Y")},
            code="REO-044",
            kept=_("Dữ liệu giữ nguyên."),
            todo=_("Lập một kế hoạch sắp xếp mới để thay đổi."),
        )
    with running(plan.pk, RunKind.UNDO, actor.label, run.text_number, undo.STEPS, progress) as watch:
        return undo.perform_undo(run, watch, actor, reason)


def last_cut_over(plan: Plan) -> Run | None:
    """The plan's latest cut-over that was kept."""
    return (
        plan.runs.filter(kind=RunKind.CUT_OVER, state=RunState.DONE, undone_by__isnull=True)
        .order_by("-started_at")
        .first()
    )


def plan_by_key(key: str) -> Plan:
    """The plan with this key or id; raises NotFound REO-032."""
    found = Plan.objects.filter(key=key).first()
    if found is None:
        try:
            found = Plan.objects.filter(pk=uuid.UUID(key)).first()
        except ValueError:
            found = None
    if found is None:
        raise NotFound(
            _("Không có kế hoạch nào mang khóa «%(key)s».") % {"key": key},
            code="REO-032",
            todo=_("Xem danh sách bằng «haicap reorganise list»."),
        )
    return found


def _ready(plan: Plan) -> tuple[PlanValues, int]:
    """The plan's values, after a check against the registry of this moment; raises with every problem."""
    plan.refresh_from_db()
    if plan.state == PlanState.DONE:
        raise Conflict(
            _("Kế hoạch «%(key)s» đã chuyển đổi rồi.") % {"key": plan.key},
            code="REO-041",
            kept=_("Không có gì được chạy lại."),
            todo=_("Xem bảng đối soát của lần chuyển đổi đó."),
        )
    text = latest_text(plan)
    values = read_plan(text.text)
    report = check_values(values)
    refuse(report.problems, "REO-011", _("Kế hoạch có %(count)d vấn đề phải sửa trước khi chạy."))
    return values, text.number


def _refuse_unchecked(plan: Plan, number: int) -> None:
    if plan.checked_number != number:
        raise Conflict(
            _("Bản kế hoạch mới nhất (số %(number)d) chưa được kiểm tra.") % {"number": number},
            code="REO-042",
            kept=_("Chưa có gì chuyển."),
            todo=_("Chạy kiểm tra và diễn tập trước."),
        )
    now = registry_revision()
    if plan.checked_revision != now:
        raise Conflict(
            _("Kế hoạch được kiểm tra trên sổ đăng ký số %(old)s, nay sổ đã là số %(new)d.")
            % {"old": plan.checked_revision, "new": now},
            code="REO-042",
            kept=_("Chưa có gì chuyển."),
            todo=_("Kiểm tra lại, xem các thay đổi, rồi chuyển đổi."),
        )


def require(actor: Actor, permission: str) -> None:
    """Raises NotAllowed (REO-403) unless the actor holds the permission."""
    if not actor.may(permission):
        details: dict[str, Any] = {"permission": permission}
        raise NotAllowed(
            _("%(who)s không có quyền làm việc này với kế hoạch sắp xếp.") % {"who": actor.label},
            code="REO-403",
            kept=_("Chưa có gì thay đổi."),
            todo=_("Đề nghị quản trị tỉnh."),
            details=details,
        )
