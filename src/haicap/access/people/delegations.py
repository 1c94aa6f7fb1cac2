"""Ủy quyền: for a time another wears the hat of one's post.

A holder lends its own post to a colleague of the same unit for at most `MOST_DAYS`; administrators may record it
for others. What was lent is not lent on; the hats of administrators, auditors and technicians are never lent.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _
from psycopg.types.range import Range

from haicap.access.models import Delegation
from haicap.access.people import policy, queries
from haicap.access.people.errors import BadDelegation, NotDelegable
from haicap.access.people.queries import Step
from haicap.access.people.values import clean_decision
from haicap.kernel import clock, journal
from haicap.kernel.actor import Actor
from haicap.kernel.text import clean
from haicap.registry.held import HOLDING_OF_POST, LATEST_OF_EVER, VERSION_TODAY

MOST_DAYS = 90
MOST_ROWS = 200
#: so long ahead a delegation may begin
AHEAD_DAYS = 90


@dataclass(frozen=True, slots=True)
class DelegationRow:
    """Một ủy quyền as a list shows it."""

    id: uuid.UUID
    appointment_id: uuid.UUID
    holder_id: uuid.UUID
    holder: str
    delegate_id: uuid.UUID
    delegate: str
    title: str
    agency: str
    unit_id: uuid.UUID
    begins_at: dt.datetime
    ends_at: dt.datetime
    reason: str
    decision: str
    revoked_at: dt.datetime | None
    stands: bool

    @property
    def state(self) -> str:
        """ "now", "later", "past" or "revoked"."""
        if self.revoked_at is not None:
            return "revoked"
        now = clock.now()
        if self.ends_at <= now or not self.stands:
            return "past"
        return "later" if self.begins_at > now else "now"


_ROWS = f"""
SELECT delegation.id, appointment.id, holder.id, holder.full_name, delegate.id, delegate.full_name, title.name,
       coalesce(version.name, ''), agency.unit_id, lower(delegation.during), upper(delegation.during),
       delegation.reason, delegation.decision, delegation.revoked_at, upper_inf(appointment.recorded)
  FROM access_delegation AS delegation
  JOIN registry_appointment AS appointment ON appointment.id = delegation.appointment_id
  JOIN registry_person AS holder ON holder.id = appointment.person_id
  JOIN registry_person AS delegate ON delegate.id = delegation.delegate_id
  JOIN registry_post AS post ON post.id = appointment.post_id
  JOIN registry_title AS title ON title.code = post.title_id
  JOIN registry_desk AS desk ON desk.id = post.desk_id
  JOIN LATERAL {HOLDING_OF_POST} ON true
  JOIN registry_agency AS agency ON agency.id = coalesce(holding.agency_id, desk.founder_id)
  LEFT JOIN LATERAL {VERSION_TODAY} ON true
 WHERE {{where}} AND (%(id)s::uuid IS NULL OR delegation.id = %(id)s::uuid)
 ORDER BY lower(delegation.during) DESC, delegation.id LIMIT %(limit)s
"""
_MINE = "(holder.id = %(person)s::uuid OR delegate.id = %(person)s::uuid)"


def delegations_of(actor: Actor, delegation_id: uuid.UUID | None = None) -> list[DelegationRow]:
    """Ủy quyền mà người dùng thấy: given and received; administrators also those of their units. One query."""
    scope = policy.scope_of(actor)
    where = _MINE
    if actor.may(policy.MANAGE_DELEGATIONS):
        where = "true" if scope.everything else f"({_MINE} OR agency.unit_id = ANY(%(units)s::uuid[]))"
    params = {
        "today": clock.today(),
        "person": actor.for_person_id or actor.person_id,
        "units": list(scope.unit_ids),
        "id": delegation_id,
        "limit": MOST_ROWS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ROWS.format(where=where), params)
        return [DelegationRow(*row) for row in cursor.fetchall()]


def posts_to_lend(actor: Actor) -> list[Step]:
    """The actor's own posts that may be lent."""
    if not actor.may(policy.DELEGATE) or actor.person_id is None or actor.for_person_id is not None:
        return []
    return [
        step
        for step in queries.standing_posts(actor.person_id)
        if policy.may_be_delegated(step.title, step.level, step.kind)
    ]


_COLLEAGUES_OF_UNIT = f"""
SELECT DISTINCT ON (person.sort_key, person.id) person.id, person.full_name, title.name
  FROM registry_agency AS agency
  JOIN registry_holding AS ever ON ever.agency_id = agency.id
  JOIN LATERAL {LATEST_OF_EVER}
  JOIN registry_post AS post ON post.desk_id = ever.desk_id
  JOIN registry_title AS title ON title.code = post.title_id
  JOIN registry_appointment AS appointment ON appointment.post_id = post.id
   AND upper_inf(appointment.recorded) AND appointment.valid @> %(today)s::date
  JOIN registry_person AS person ON person.id = appointment.person_id
 WHERE agency.unit_id = %(unit)s AND person.id <> %(holder)s
   AND (%(person)s::uuid IS NULL OR person.id = %(person)s::uuid)
 ORDER BY person.sort_key, person.id, title.rank LIMIT %(limit)s
"""


def colleagues_for(step: Step, person_id: uuid.UUID | None = None) -> list[tuple[uuid.UUID, str, str]]:
    """Who may receive this post: people in posts of the same unit today, without its holder."""
    params = {
        "today": clock.today(),
        "unit": step.unit_id,
        "holder": step.person_id,
        "person": person_id,
        "limit": 1_000,
    }
    with connection.cursor() as cursor:
        cursor.execute(_COLLEAGUES_OF_UNIT, params)
        return list(cursor.fetchall())


def lendable(actor: Actor, appointment_id: uuid.UUID) -> Step:
    """The post that the actor may lend: its own, or one that it records for. Raises NoSuchPerson, NotDelegable."""
    step = queries.step_of(appointment_id)
    own = step.person_id == actor.person_id and actor.may(policy.DELEGATE) and actor.for_person_id is None
    recorded = actor.may(policy.MANAGE_DELEGATIONS) and policy.administers_unit(actor, step.unit_id)
    if not own and not recorded:
        raise queries.no_such()
    if recorded and not own:
        policy.require_give(actor, step.held())
    if not policy.may_be_delegated(step.title, step.level, step.kind):
        raise NotDelegable(
            _("Chức danh «%(title)s» không ủy quyền được.") % {"title": step.title_name},
            kept=_("Chưa có gì được ghi."),
            todo=_("Đề nghị quản trị tỉnh bổ nhiệm thêm người."),
        )
    if step.state == "past" or step.agency_id is None:
        raise queries.no_such()
    return step


def delegate(
    actor: Actor,
    appointment_id: uuid.UUID,
    delegate_id: uuid.UUID,
    begins_at: dt.datetime,
    ends_at: dt.datetime,
    reason: str,
    decision: str = "",
) -> Delegation:
    """Ủy quyền chức danh from `begins_at` until `ends_at` (excluded), to a colleague of the same unit.

    Raises NoSuchPerson (ACC-201), TitleNotGiven (ACC-203), BadDelegation (ACC-210), NotDelegable (ACC-211).
    """
    step = lendable(actor, appointment_id)
    policy_reason = clean(reason)[:500]
    _check_time(begins_at, ends_at)
    if not policy_reason:
        raise _bad("reason", _("Ủy quyền cần lý do."), _("Ghi vì sao ủy quyền, ví dụ «đi công tác»."))
    if delegate_id == step.person_id or not colleagues_for(step, delegate_id):
        raise _bad(
            "delegate",
            _("Người nhận ủy quyền phải đang giữ một chức danh ở cùng đơn vị."),
            _("Chọn một người khác trong danh sách."),
        )
    if step.person_id != actor.person_id:
        policy.require_other(actor, delegate_id)  # an administrator lends nobody's post to itself
    if actor.account_id is None:
        raise NotDelegable(_("Ủy quyền phải do một người đăng nhập ghi."), kept=_("Chưa có gì được ghi."))
    with journal.act(actor, "access.delegate_post", reason=policy_reason, resolution=decision[:100]) as act:
        try:
            with transaction.atomic():
                row = Delegation.objects.create(
                    appointment_id=step.appointment_id,
                    delegate_id=delegate_id,
                    during=Range(begins_at, ends_at, "[)"),
                    reason=policy_reason,
                    decision=clean_decision(decision),
                    made_by_id=actor.account_id,
                )
        except IntegrityError as error:
            if "access_delegation_one_at_a_time" not in str(error):
                raise
            raise _bad(
                "begins_on",
                _("Người này đã nhận ủy quyền chức danh ấy trong thời gian trùng."),
                _("Thu hồi ủy quyền cũ trước, hoặc chọn thời gian khác."),
            ) from None
        act.changed("access.delegation", row.id, None, journal.values(row))
    return row


def _bad(field: str, message: str, todo: str) -> BadDelegation:
    return BadDelegation(message, where=field, kept=_("Chưa có gì được ghi."), todo=todo)


def _check_time(begins_at: dt.datetime, ends_at: dt.datetime) -> None:
    now = clock.now()
    if ends_at <= begins_at or ends_at <= now:
        raise _bad("ends_on", _("Ủy quyền phải kết thúc sau khi bắt đầu."), _("Xem lại ngày đến."))
    if ends_at - begins_at > dt.timedelta(days=MOST_DAYS):
        raise _bad(
            "ends_on",
            _("Ủy quyền dài nhất %(days)d ngày.") % {"days": MOST_DAYS},
            _("Chọn ngày đến sớm hơn; hết hạn có thể ủy quyền lại."),
        )
    if begins_at < now - dt.timedelta(days=1) or begins_at > now + dt.timedelta(days=AHEAD_DAYS):
        raise _bad("begins_on", _("Ngày bắt đầu không dùng được."), _("Chọn từ hôm nay đến 90 ngày tới."))


def revoke(actor: Actor, delegation_id: uuid.UUID, reason: str = "") -> None:
    """Thu hồi ủy quyền: it counts no more at once. By its holder, its delegate (who gives it back), administrators.

    Raises NoSuchPerson (ACC-201), BadDelegation (ACC-210) for one that is over.
    """
    found = delegations_of(actor, delegation_id)
    if not found or actor.for_person_id is not None:
        raise queries.no_such()
    with journal.act(actor, "access.revoke_delegation", reason=clean(reason)[:500]) as act:
        row = Delegation.objects.select_for_update().get(pk=delegation_id)
        if row.revoked_at is not None or row.during.upper <= clock.now():
            raise _bad("", _("Ủy quyền này đã kết thúc."), _("Không cần làm gì thêm."))
        row.revoked_at = clock.now()
        row.save(update_fields=["revoked_at"])
        act.changed("access.delegation", row.id, {"revoked_at": None}, {"revoked_at": row.revoked_at})
