"""Use-cases of the one-stop shop (một cửa): the only way in which dossiers change.

Each checks permission, runs in one transaction with one act of the journal, and adds to the step history.
During the read-only moment of a cut-over they wait at the table lock and then see the world after it: a step
is either before or after, never half.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg
from django.db import OperationalError, connection
from django.db.models import F
from django.utils.translation import gettext as _

from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.contract import number_subject
from haicap.kernel.text import clean, fold
from haicap.registry.desks import desk_for, holders_at
from haicap.registry.models import Agency, Desk, DeskKind, Level, Unit
from haicap.registry.standing import Standing, standing
from haicap.systems.onestop import catalogue, deadlines, policy
from haicap.systems.onestop.errors import (
    AgencyEnded,
    AgencyWithoutCode,
    BadApplication,
    BeingCarried,
    DeskNotOpen,
    DossierChanged,
    DossierNotFound,
    ReasonMissing,
    StatusMayNotFollow,
)
from haicap.systems.onestop.models import (
    FINISHED,
    IN_FLIGHT,
    Dossier,
    DossierDetail,
    DossierStep,
    Status,
    TimeLimit,
)
from haicap.systems.onestop.numbering import dossier_code, next_numbers
from haicap.systems.onestop.processing import routed
from haicap.systems.onestop.sync import tickets as sync
from haicap.systems.onestop.transitions import WAITING, may_follow, next_statuses

#: how long a step waits for a cut-over's read-only moment before it gives up with a clear word
WAIT_FOR_CUT_OVER_MS = 15_000
#: steps that must say why (forms 02, 03 and 05 of TT 03/2025/TT-VPCP carry the reason)
NEEDS_REASON = frozenset({Status.REFUSED, Status.SUPPLEMENT, Status.STOPPED, Status.WITHDRAWN})
_NUMBER = re.compile(r"[0-9]{12}|[0-9]{9}")
#: at most so many dossiers in one bulk step
BULK_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Application:
    """Nội dung nộp: what an applicant hands in. `working_days` overrides the procedure's time limit `limit`.

    `applicant_number` is the personal number (12 digits, or 9 of an old card); only its digest is kept.
    """

    procedure_code: str
    applicant_name: str
    field: str = ""
    place: Unit | None = None
    village: str = ""
    address: str = ""
    latitude: float | None = None
    longitude: float | None = None
    working_days: int | None = None
    applicant_number: str = ""
    limit: TimeLimit | None = None


def receive_dossier(
    actor: Actor,
    application: Application,
    *,
    receiving_agency: Agency,
    competent_agency: Agency | None = None,
    helping_agency: Agency | None = None,
    registered_only: bool = False,
) -> Dossier:
    """Tiếp nhận hồ sơ: give it a code and an appointment, and put it in the competent agency's drawer.

    `competent_agency` defaults to the receiving one. `registered_only`: handed in online, not yet looked at;
    it has a code but no appointment. Raises ReceptionNotAllowed, AgencyEnded (names the successors),
    AgencyWithoutCode, BadApplication; nothing is written then.
    """
    policy.check_reception(actor, receiving_agency.id)
    return _new_dossier(
        actor,
        application,
        receiving_agency,
        competent_agency or receiving_agency,
        helping_agency,
        registered_only=registered_only,
    )


def register_dossier(
    actor: Actor, application: Application, *, agency: Agency, competent_agency: Agency | None = None
) -> Dossier:
    """Đăng ký hồ sơ trực tuyến: what anybody hands in, not yet looked at (status 1, a code, no appointment).

    Raises as `receive_dossier` does, but asks for no permission: the door is open to all.
    """
    return _new_dossier(actor, application, agency, competent_agency or agency, None, registered_only=True)


def _new_dossier(
    actor: Actor,
    application: Application,
    receiving_agency: Agency,
    competent_agency: Agency,
    helping_agency: Agency | None,
    *,
    registered_only: bool,
) -> Dossier:
    checked = _checked(application)
    with journal.act(actor, "onestop.receive_dossier") as act:
        wait_for_cut_over()
        now = clock.now()
        receiver = _living(receiving_agency.id, now)
        competent = _living(competent_agency.id, now)
        if receiver.code_id is None:
            raise AgencyWithoutCode(
                _("%(agency)s chưa có mã định danh điện tử đang dùng, nên không cấp được mã hồ sơ.")
                % {"agency": receiver.name},
                kept=_("Chưa có hồ sơ nào được ghi."),
                todo=_("Hãy đề nghị quản trị tỉnh cấp mã định danh cho cơ quan."),
            )
        desk = _drawer(actor, competent, checked)
        (number,) = next_numbers(receiver.code_id, now.date())
        dossier = Dossier.objects.create(
            code=dossier_code(receiver.code, now.date(), number),
            procedure_code=checked.procedure_code,
            field=checked.field,
            desk=desk,
            receiving_agency_id=receiver.agency_id,
            competent_agency_id=competent.agency_id,
            helping_agency=helping_agency,
            applicant_name=checked.applicant_name,
            applicant_fold=fold(checked.applicant_name),
            applicant_subject=number_subject(checked.applicant_number) if checked.applicant_number else "",
            place=checked.place,
            village=checked.village,
            address=checked.address,
            latitude=checked.latitude,
            longitude=checked.longitude,
            status=Status.REGISTERED if registered_only else Status.RECEIVED,
            received_at=now,
            due_at=None if registered_only else _appointment(checked, now, competent.agency_id),
        )
        _add_steps(actor, [dossier], "receive", now, [receiver.agency_id])
        act.changed("onestop.dossier", dossier.id, None, _summary(dossier))
        if not registered_only:
            routed.begin(act, actor, dossier, now, competent.agency_id)
    return dossier


def advance_dossier(
    actor: Actor, dossier: uuid.UUID, to: Status, *, note: str = "", expected: Status | None = None
) -> Dossier:
    """Chuyển trạng thái: one step along the transition table. See `advance_dossiers`."""
    return advance_dossiers(actor, [dossier], to, note=note, expected=expected)[0]


def advance_dossiers(
    actor: Actor,
    dossiers: Collection[uuid.UUID],
    to: Status,
    *,
    note: str = "",
    expected: Status | None = None,
) -> list[Dossier]:
    """Take every one of the dossiers to status `to`, or none of them.

    `expected` is the status that the person saw. Coming back from waiting (supplement, payment, stopped) the
    appointment moves by the working time that passed meanwhile (standards §5). A dossier on a route goes on by
    its tasks (`processing`); here it waits, comes back, or is given up. Raises DossierNotFound, StepNotAllowed,
    DossierChanged, StatusMayNotFollow, ReasonMissing, GoesByRoute.
    """
    return _advance(actor, dossiers, to, note=note, expected=expected)


def advance_by_route(
    actor: Actor, dossiers: Collection[uuid.UUID], to: Status, *, note: str = ""
) -> list[Dossier]:
    """As `advance_dossiers`, for `processing` alone: the task that led here gave the right, and opens what follows."""
    return _advance(actor, dossiers, to, note=note, by_route=True)


def _advance(
    actor: Actor,
    dossiers: Collection[uuid.UUID],
    to: Status,
    *,
    note: str,
    expected: Status | None = None,
    by_route: bool = False,
) -> list[Dossier]:
    permission = {Status.RETURNED: policy.RETURN, Status.RECEIVED: policy.RECEIVE}.get(to, policy.ADVANCE)
    reason = _reason(note, needed=to in NEEDS_REASON)

    def take(dossier: Dossier, now: datetime, holder_id: uuid.UUID) -> None:
        before = Status(dossier.status)
        if not may_follow(before, to):
            raise may_not_follow(dossier, before, to)
        if before in WAITING and to not in WAITING and dossier.due_at is not None:
            dossier.due_at = deadlines.extended(dossier.due_at, _waiting_since(dossier), now, holder_id)
        if to in (Status.RECEIVED, Status.PROCESSING) and dossier.due_at is None:
            dossier.due_at = _due_of_accepted(dossier, now, holder_id)
        if to not in FINISHED:
            dossier.finished_at = None
        elif dossier.finished_at is None:
            dossier.finished_at = now
        dossier.status = to
        if to == Status.SUPPLEMENT:
            _count_supplement(dossier.id)

    return _step(
        actor,
        dossiers,
        permission=permission,
        action="return_result" if to == Status.RETURNED else "advance",
        note=reason,
        expected=expected,
        change=take,
        fields=("status", "due_at", "finished_at"),
        by_route=by_route,
        moves_status=True,
    )


def _count_supplement(dossier_id: uuid.UUID) -> None:
    """More than one request for papers counts as late (standards §5)."""
    asked = DossierDetail.objects.filter(pk=dossier_id).update(supplements=F("supplements") + 1)
    if not asked:
        DossierDetail.objects.create(dossier_id=dossier_id, supplements=1)


def return_result(actor: Actor, dossier: uuid.UUID, *, to_whom: str = "") -> Dossier:
    """Trả kết quả: hand the result out and close the dossier; `to_whom` where somebody else came for it."""
    return return_results(actor, [dossier], to_whom=to_whom)[0]


def return_results(actor: Actor, dossiers: Collection[uuid.UUID], *, to_whom: str = "") -> list[Dossier]:
    """Hand several results out, all or none. Raises as `advance_dossiers` does."""
    note = _("Người nhận: %(name)s") % {"name": clean(to_whom)} if clean(to_whom) else ""
    return advance_dossiers(actor, dossiers, Status.RETURNED, note=note, expected=Status.PROCESSED)


def move_dossier(actor: Actor, dossier: uuid.UUID, desk: Desk, reason: str) -> Dossier:
    """Chuyển bàn: put the dossier on another desk. See `move_dossiers`."""
    return move_dossiers(actor, [dossier], desk, reason)[0]


def move_dossiers(actor: Actor, dossiers: Collection[uuid.UUID], desk: Desk, reason: str) -> list[Dossier]:
    """Put dossiers in flight on another desk, all or none; number, appointment and history stay.

    Raises DeskNotOpen where nobody holds that desk, it carries no records, or a dossier lies there already;
    else as `advance_dossiers` does.
    """
    why = _reason(reason, needed=True)

    def put(dossier: Dossier, now: datetime, holder_id: uuid.UUID) -> None:
        if dossier.status not in IN_FLIGHT:
            raise may_not_follow(dossier, Status(dossier.status), Status(dossier.status))
        if (
            dossier.desk_id == desk.id
            or desk.kind != DeskKind.WORK
            or not holders_at([desk.id], now).get(desk.id)
        ):
            raise DeskNotOpen(
                _("Không chuyển được hồ sơ %(code)s đến bàn này.") % {"code": dossier.code},
                kept=_("Các hồ sơ vẫn nằm ở bàn cũ."),
                todo=_("Hãy chọn một bàn khác, đang có cơ quan phụ trách."),
                details={"dossier": dossier.code, "desk": str(desk.id)},
            )
        dossier.desk = desk

    return _step(
        actor, dossiers, permission=policy.MOVE, action="move", note=why, change=put, fields=("desk",)
    )


def _step(
    actor: Actor,
    ids: Collection[uuid.UUID],
    *,
    permission: str,
    action: str,
    note: str,
    change: Callable[[Dossier, datetime, uuid.UUID], None],
    fields: Sequence[str],
    expected: Status | None = None,
    by_route: bool = False,
    moves_status: bool = False,
) -> list[Dossier]:
    """Lock, check, change and record: what every step of dossiers in flight has in common."""
    if not 0 < len(set(ids)) <= BULK_LIMIT:
        raise BadApplication(
            _("Mỗi lần xử lý được từ 1 đến %(limit)s hồ sơ.") % {"limit": BULK_LIMIT},
            kept=_("Các hồ sơ vẫn như cũ."),
            todo=_("Hãy chọn lại hồ sơ."),
        )
    with journal.act(actor, f"onestop.{action}_dossier", reason=note) as act:
        wait_for_cut_over()
        now = clock.now()
        reach = Dossier.objects.all() if by_route else Dossier.objects.visible_to(actor)
        found = list(reach.filter(id__in=set(ids)).order_by("id").select_for_update())
        if len(found) != len(set(ids)):
            raise not_found()
        holders = holders_at([dossier.desk_id for dossier in found], now)
        if not by_route:
            policy.check_step(actor, permission, [holders.get(dossier.desk_id) for dossier in found])
        before = [_summary(dossier) for dossier in found]
        statuses = {dossier.id: Status(dossier.status) for dossier in found}
        acting = [holders[dossier.desk_id] or dossier.competent_agency_id for dossier in found]
        for dossier, holder_id in zip(found, acting, strict=True):
            _check_unchanged(dossier, expected)
            change(dossier, now, holder_id)
        Dossier.objects.bulk_update(found, fields)
        _add_steps(actor, found, action, now, acting, note)
        for dossier, was in zip(found, before, strict=True):
            act.changed("onestop.dossier", dossier.id, was, _summary(dossier))
        if moves_status and not by_route:
            working = {dossier.id: agency for dossier, agency in zip(found, acting, strict=True)}
            _tell_route(act, actor, found, statuses, now, working)
    return found


def _tell_route(
    act: journal.Act,
    actor: Actor,
    dossiers: Sequence[Dossier],
    before: dict[uuid.UUID, Status],
    now: datetime,
    holders: dict[uuid.UUID, uuid.UUID],
) -> None:
    """A dossier accepted online begins its route; those on one hold, go on or end."""
    routed.follow(act, actor, dossiers, before, now, holders)
    for dossier in dossiers:
        if before[dossier.id] == Status.REGISTERED and dossier.status == Status.RECEIVED:
            routed.begin(act, actor, dossier, now, holders[dossier.id])


def not_found() -> DossierNotFound:
    """The error for a dossier that is not there or may not be seen: outsiders cannot tell the two apart."""
    return DossierNotFound(
        _("Không tìm thấy hồ sơ, hoặc hồ sơ không thuộc cơ quan bạn."),
        todo=_("Hãy kiểm tra lại mã hồ sơ trên giấy hẹn."),
    )


def wait_for_cut_over() -> None:
    """Take the writers' table lock first: all that is read afterwards is from after a running cut-over.

    Its carrier closes the table to writers for its short moment; everyday work never waits here.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [str(WAIT_FOR_CUT_OVER_MS)])
            cursor.execute("LOCK TABLE onestop_dossier IN ROW EXCLUSIVE MODE")
            cursor.execute("SELECT set_config('lock_timeout', '0', true)")
    except OperationalError as error:
        if not isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
            raise
        raise BeingCarried(
            _("Hệ thống đang chuyển đổi dữ liệu, chưa ghi được bước này."),
            kept=_("Hồ sơ vẫn như cũ."),
            todo=_("Hãy thử lại sau một phút."),
        ) from error


def _checked(application: Application) -> Application:
    """The application with clean text; raises BadApplication naming the first field that cannot be used."""
    known = catalogue.procedure(application.procedure_code)
    cleaned = Application(
        procedure_code=clean(application.procedure_code),
        applicant_name=clean(application.applicant_name),
        field=clean(application.field) or (known.field if known is not None else ""),
        place=application.place,
        village=clean(application.village),
        address=clean(application.address),
        latitude=application.latitude,
        longitude=application.longitude,
        working_days=application.working_days,
        applicant_number=clean(application.applicant_number),
        limit=application.limit,
    )
    limits = {"procedure_code": 20, "applicant_name": 200, "field": 40, "village": 100, "address": 300}
    for name, limit in limits.items():
        if len(getattr(cleaned, name)) > limit:
            raise _bad(name, _("Dài quá %(limit)s ký tự.") % {"limit": limit})
    for name in ("procedure_code", "applicant_name"):
        if not getattr(cleaned, name):
            raise _bad(name, _("Chưa được điền."))
    if cleaned.applicant_number and not _NUMBER.fullmatch(cleaned.applicant_number):
        raise _bad("applicant_number", _("Số định danh phải có 12 chữ số (hoặc 9 chữ số của chứng minh cũ)."))
    if (cleaned.latitude is None) != (cleaned.longitude is None):
        raise _bad("latitude", _("Tọa độ cần cả vĩ độ và kinh độ."))
    if cleaned.latitude is not None and not (
        -90 <= cleaned.latitude <= 90 and -180 <= (cleaned.longitude or 0) <= 180
    ):
        raise _bad("latitude", _("Tọa độ nằm ngoài phạm vi."))
    if cleaned.working_days is not None and not 0 <= cleaned.working_days <= 400:
        raise _bad("working_days", _("Thời hạn giải quyết phải từ 0 đến 400 ngày làm việc."))
    return cleaned


def _bad(field: str, message: str) -> BadApplication:
    return BadApplication(
        message,
        where=field,
        kept=_("Chưa có hồ sơ nào được ghi."),
        todo=_("Hãy sửa lại rồi tiếp nhận."),
    )


def _living(agency_id: uuid.UUID, now: datetime) -> Standing:
    """The agency's standing today; raises AgencyEnded, naming who took over, where it lives no longer."""
    found = standing(agency_id, now.date())
    if found is None or not found.lives:
        heirs = found.successors if found is not None else ()
        names = ", ".join(heir.name for heir in heirs[:5])
        raise AgencyEnded(
            _("%(agency)s không còn hoạt động.") % {"agency": found.name if found is not None else "—"},
            kept=_("Chưa có hồ sơ nào được ghi."),
            todo=_("Hãy nộp đến cơ quan kế thừa: %(names)s.") % {"names": names}
            if names
            else _("Hãy hỏi quản trị tỉnh xem cơ quan nào kế thừa."),
            details={"successors": [{"id": str(heir.agency_id), "name": heir.name} for heir in heirs]},
        )
    return found


def _drawer(actor: Actor, competent: Standing, application: Application) -> Desk:
    """Where work for the agency lies: districts by place and field, departments by field, communes in one.

    Drawers are cut so that a later cut-over can give each whole drawer to one successor.
    """
    agency = Agency.objects.get(pk=competent.agency_id)
    if competent.level == Level.DISTRICT:
        return desk_for(agency, application.place, application.field, actor=actor)
    if competent.level == Level.PROVINCE:
        return desk_for(agency, None, application.field, actor=actor)
    return desk_for(agency, actor=actor)


def _time_limit(procedure_code: str) -> int:
    known = catalogue.procedure(procedure_code)
    return known.days if known is not None else deadlines.DEFAULT_DAYS


def _appointment(application: Application, received_at: datetime, agency_id: uuid.UUID) -> datetime:
    days = application.working_days
    if days is None and application.limit is not None:
        published = deadlines.due_by(application.limit, received_at, agency_id)
        if published is not None:
            return published
    return deadlines.appointment(
        received_at, _time_limit(application.procedure_code) if days is None else days, agency_id
    )


def _due_of_accepted(dossier: Dossier, now: datetime, holder_id: uuid.UUID) -> datetime:
    """The appointment of what was handed in online: by the version that the applicant saw, where it says a time."""
    detail = DossierDetail.objects.filter(pk=dossier.pk).select_related("procedure_version").first()
    if detail is not None and detail.procedure_version is not None:
        version = detail.procedure_version
        published = deadlines.due_at(version, detail.channel, detail.case, now, holder_id)
        if published is not None:
            return published
    return deadlines.appointment(now, _time_limit(dossier.procedure_code), holder_id)


def _waiting_since(dossier: Dossier) -> datetime:
    """When the clock of a waiting dossier stopped: the first of its latest unbroken run of waiting steps."""
    since = dossier.received_at
    for status, at in dossier.steps.order_by("-at", "-id").values_list("status", "at")[:100]:
        if status not in WAITING:
            break
        since = at
    return since


def _check_unchanged(dossier: Dossier, expected: Status | None) -> None:
    if expected is None or dossier.status == expected:
        return
    raise DossierChanged(
        _("Hồ sơ %(code)s vừa được người khác xử lý: nay là «%(status)s».")
        % {"code": dossier.code, "status": Status(dossier.status).label},
        kept=_("Bước vừa rồi của bạn chưa được ghi."),
        todo=_("Hãy xem lại hồ sơ rồi quyết định."),
        details={"dossier": dossier.code, "status": dossier.status},
    )


def may_not_follow(dossier: Dossier, before: Status, to: Status) -> StatusMayNotFollow:
    """The error for a status that may not follow; it names those that may."""
    allowed = next_statuses(before)
    return StatusMayNotFollow(
        _("Hồ sơ %(code)s đang ở «%(before)s», không chuyển sang «%(to)s» được.")
        % {"code": dossier.code, "before": before.label, "to": to.label},
        kept=_("Hồ sơ vẫn như cũ."),
        todo=_("Bước tiếp theo có thể là: %(names)s.")
        % {"names": ", ".join(str(status.label) for status in allowed)}
        if allowed
        else _("Hồ sơ đã kết thúc, không còn bước tiếp theo."),
        details={"dossier": dossier.code, "status": int(before), "allowed": [int(s) for s in allowed]},
    )


def checked_reason(text: str) -> str:
    """The reason of an act that must give one, cleaned. Raises ReasonMissing (ONE-206)."""
    return _reason(text, needed=True)


def _reason(text: str, *, needed: bool) -> str:
    reason = clean(text)
    if needed and not reason:
        raise ReasonMissing(
            _("Bước này cần nêu lý do."),
            where="note",
            kept=_("Hồ sơ vẫn như cũ."),
            todo=_("Hãy viết lý do để người dân và đồng nghiệp cùng hiểu."),
        )
    return reason[:2000]


def _add_steps(
    actor: Actor,
    dossiers: Sequence[Dossier],
    action: str,
    now: datetime,
    agencies: Sequence[uuid.UUID],
    note: str = "",
) -> None:
    """Append one step to the history of each dossier, as it stands now."""
    DossierStep.objects.bulk_create(
        DossierStep(
            dossier=dossier,
            at=now,
            desk_id=dossier.desk_id,
            agency_id=agency_id,
            actor=actor.label[:200],
            action=action,
            status=dossier.status,
            note=note,
        )
        for dossier, agency_id in zip(dossiers, agencies, strict=True)
    )
    sync.promise([dossier.id for dossier in dossiers])


def _summary(dossier: Dossier) -> dict[str, object]:
    """What the journal keeps of a dossier: no personal data beyond what finds it again."""
    return {
        "code": dossier.code,
        "procedure_code": dossier.procedure_code,
        "desk": str(dossier.desk_id),
        "status": int(dossier.status),
        "due_at": dossier.due_at.isoformat() if dossier.due_at is not None else None,
        "finished_at": dossier.finished_at.isoformat() if dossier.finished_at is not None else None,
    }
