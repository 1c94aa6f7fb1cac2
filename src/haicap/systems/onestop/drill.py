"""Diễn tập một cửa: a dossier is received, processed by each title of its route, signed and returned; then undone.

Everything happens in one transaction that is rolled back, the number and the outbox included, so nothing leaves the
house and no number is burnt. Each step is taken by somebody who really bears the title there, through the use-cases
that the pages call: a title without a holder, a procedure without a limit, an agency without a code show themselves.
The digital signature itself is not made: passphrases are stored nowhere; that certificates are there says readiness.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import ClassVar

from django.db import transaction
from django.utils.translation import gettext as _

from haicap.access import hats
from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.contract import Drill, DrillResult, DrillStep
from haicap.kernel.text import fold
from haicap.registry.models import Agency
from haicap.systems.onestop import catalogue, policy
from haicap.systems.onestop.models import Dossier, DossierTask, ProcedureVersion, RouteChoice, Status
from haicap.systems.onestop.opening.errors import DrillNotAllowed, NothingToPlay
from haicap.systems.onestop.processing import service as processing
from haicap.systems.onestop.processing.engine import definition_of
from haicap.systems.onestop.readiness import DRILL_ACTION
from haicap.systems.onestop.reception.intake import Intake
from haicap.systems.onestop.reception.service import take_in
from haicap.systems.onestop.routes.choosing import choose
from haicap.systems.onestop.routes.definition import ONWARD, OutcomeKind
from haicap.systems.onestop.service import Application

APPLICANT = "Hồ sơ diễn tập"
#: a route has fewer steps; a ring in one must not keep a drill for ever
MOST_STEPS = 40


class _TakeBackError(Exception):
    """Ends the drill's transaction: everything in it is undone."""


class DossierDrill(Drill):
    """Một hồ sơ thử: tiếp nhận → xử lý → ký → trả kết quả."""

    system: ClassVar[str] = "onestop"
    name: ClassVar[str] = "dossier_from_door_to_door"
    label: ClassVar[str] = "Hồ sơ thử từ tiếp nhận đến trả kết quả"

    def run(self, actor: Actor, agency_id: uuid.UUID) -> DrillResult:
        """Reception, then a step for every task of the route. Raises DrillNotAllowed, NothingToPlay."""
        _check(actor, agency_id)
        agency = Agency.objects.select_related("unit").get(pk=agency_id)
        version = _procedure(agency.unit.level)
        before = _traces()
        steps: list[DrillStep] = []
        try:
            with transaction.atomic():
                _play(actor, agency, version, steps)
                raise _TakeBackError
        except _TakeBackError:
            pass
        result = DrillResult(self.system, self.name, agency_id, tuple(steps), _traces() == before)
        journal.note(
            actor,
            DRILL_ACTION,
            record="onestop.drill",
            record_id=agency_id,
            after={"passed": result.passed, "steps": len(steps), "procedure": version.procedure.code},
        )
        return result


def _check(actor: Actor, agency_id: uuid.UUID) -> None:
    if actor.is_system or (actor.may(policy.COUNTERS) and (actor.sees_all or agency_id in actor.agency_ids)):
        return
    raise DrillNotAllowed(
        _("Chức danh đang dùng không được tổ chức diễn tập một cửa ở cơ quan này."),
        kept=_("Không có gì thay đổi."),
        todo=_("Nhờ giám đốc trung tâm hoặc quản trị của xã."),
    )


def _procedure(level: str) -> ProcedureVersion:
    """The first procedure, by code, that this level decides by a route and whose text is in force today."""
    today = clock.today()
    chosen = RouteChoice.objects.filter(level=level, begins_on__lte=today, withdrawn_at__isnull=True)
    for procedure_id in chosen.order_by("procedure__code", "-begins_on").values_list(
        "procedure_id", flat=True
    )[:500]:
        version = catalogue.current(procedure_id, today)
        if version is not None and choose(procedure_id, level, today) is not None:
            return version
    raise NothingToPlay(
        _("Chưa thủ tục nào của cấp này được gán quy trình."),
        kept=_("Không có gì thay đổi."),
        todo=_("Gán quy trình ở trang «Quy trình điện tử» rồi diễn tập."),
    )


def _play(actor: Actor, agency: Agency, version: ProcedureVersion, steps: list[DrillStep]) -> None:
    """Receive and go the whole way; the first step that fails ends it."""
    made: list[Dossier] = []
    clerk = _clerk(agency)
    if not _timed(steps, _("Tiếp nhận"), lambda: _receive(made, clerk, agency, version)):
        return
    dossier = made[0]
    for _turn in range(MOST_STEPS):
        task = (
            DossierTask.objects.filter(dossier=dossier, closed_at__isnull=True).order_by("opened_at").first()
        )
        if task is None:
            break
        if not _timed(steps, task.name, lambda task=task: _do(task)):  # type: ignore[misc]
            return
    _timed(steps, _("Hồ sơ đã trả kết quả"), lambda: _must_be_returned(dossier))


def _clerk(agency: Agency) -> Actor | None:
    """Somebody who receives dossiers for this agency."""
    found = hats.held(
        "agency.unit_id = %(unit)s AND post.title_id = 'cong_chuc_mot_cua'",
        {"unit": agency.unit_id},
        " ORDER BY person.sort_key LIMIT 5",
    )
    return next(
        (one for one in map(hats.actor_in, found) if one.may(policy.RECEIVE) and agency.id in one.agency_ids),
        None,
    )


def _receive(made: list[Dossier], clerk: Actor | None, agency: Agency, version: ProcedureVersion) -> str:
    if clerk is None:
        raise NothingToPlay(_("Không có công chức một cửa nào tiếp nhận cho cơ quan này."))
    code = version.procedure.code
    application = Application(code, APPLICANT, place=agency.unit, working_days=_days(version))
    made.append(take_in(clerk, Intake(application, uuid.uuid4(), version=version), receiving_agency=agency))
    return f"{code} · {made[0].code} · {clerk.label}"


def _days(version: ProcedureVersion) -> int | None:
    """A limit where the published text states none: the drill is not about that."""
    limit = catalogue.limit_of(version, 1)
    return None if limit is not None and (limit.amount or limit.unit == "same_day") else 1


def _do(task: DossierTask) -> str:
    """Let a bearer of the task's title end it the way that goes on."""
    found = processing.bearers(task)
    if not found:
        raise NothingToPlay(_("Không ai giữ chức danh «%(title)s».") % {"title": task.title.name})
    doer = hats.actor_in(found[0])
    version_id = task.dossier.detail.route_version_id
    step = definition_of(version_id).step(task.step) if version_id is not None else None
    outcome = next(
        (
            each
            for each in (step.outcomes if step is not None else ())
            if each.kind in ONWARD and each.kind != OutcomeKind.REFUSE
        ),
        None,
    )
    if outcome is None:
        raise NothingToPlay(_("Bước này không có lối đi tiếp."))
    processing.complete_task(doer, task.id, outcome.key, note=_("diễn tập"))
    return f"{doer.label}: {outcome.label}"


def _must_be_returned(dossier: Dossier) -> str:
    dossier.refresh_from_db()
    if dossier.status != Status.RETURNED:
        raise NothingToPlay(_("Hồ sơ dừng ở «%(status)s».") % {"status": Status(dossier.status).label})
    return str(Status.RETURNED.label)


def _timed(steps: list[DrillStep], name: str, work: Callable[[], str]) -> bool:
    """Do a step in a savepoint of its own; whatever goes wrong is its result."""
    began = time.perf_counter()
    try:
        with transaction.atomic():
            note, passed = work(), True
    except Exception as error:  # a drill tells what went wrong, whatever it was
        note, passed = str(error) or type(error).__name__, False
    steps.append(DrillStep(name, passed, time.perf_counter() - began, note[:300]))
    return passed


def _traces() -> tuple[int, int]:
    """What a drill could leave behind: its dossiers and their numbers."""
    return (
        Dossier.objects.filter(applicant_fold=fold(APPLICANT)).count(),
        DossierTask.objects.filter(dossier__applicant_fold=fold(APPLICANT)).count(),
    )


DRILLS: tuple[type[Drill], ...] = (DossierDrill,)
