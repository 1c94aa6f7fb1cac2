"""Who looks after whom, and which titles may be given: the bounds of delegated administration.

A commune's administrator looks after the agencies of its own unit (committee, party, council, front, police,
military, divisions, centre) and of no other; the province's after all. An administrator gives only what its level
may give: nobody can be raised, neither the administrator nor a friend, beyond `COMMUNE_MAY_GIVE`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from haicap.access.people.errors import NotAdministrator, NotToOneself, TitleNotGiven, WorksElsewhere
from haicap.access.titles import ALL, rule_for
from haicap.kernel.actor import Actor

MANAGE_PEOPLE = "registry.manage_people"
MANAGE_ACCOUNTS = "access.manage_accounts"
IMPORT = "access.import_people"
DELEGATE = "access.delegate"
MANAGE_DELEGATIONS = "access.manage_delegations"
SEE = "access.see_people"

#: titles that only the province's administrator gives, whatever they may do
RESERVED = frozenset({"quan_tri_xa", "quan_tri_tinh", "kiem_toan", "ky_thuat"})
#: all that a title which a commune's administrator gives may be allowed to do
COMMUNE_MAY_GIVE = frozenset(
    {
        "access.delegate",
        "access.see_people",
        "command.steer",
        "onestop.advance_dossier",
        "onestop.assign_task",
        "onestop.export_dossiers",
        "onestop.manage_counters",
        "onestop.move_dossier",
        "onestop.receive_dossier",
        "onestop.return_result",
        "onestop.revoke_result",
        "onestop.seal_result",
        "onestop.sign_result",
        "reorganisation.decide",
        "reorganisation.see",
    }
)
#: titles with one of these are worn by their holder only
NEVER_DELEGATED = frozenset(
    {MANAGE_PEOPLE, MANAGE_ACCOUNTS, IMPORT, MANAGE_DELEGATIONS, "access.manage_applications"}
)


@dataclass(frozen=True, slots=True)
class Held:
    """A post that somebody holds or will hold: what the rules look at."""

    title: str
    title_name: str
    level: str
    kind: str
    unit_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class Scope:
    """Phạm vi: whom the actor may see. `manages`: people of the units, also without a post; else colleagues today."""

    everything: bool = False
    manages: bool = False
    unit_ids: frozenset[uuid.UUID] = frozenset()
    agency_ids: frozenset[uuid.UUID] = frozenset()
    person_id: uuid.UUID | None = None


def scope_of(actor: Actor) -> Scope:
    """Whom the actor may see: all, those of its units, its colleagues, or itself only."""
    if actor.is_system or (actor.sees_all and (actor.may(SEE) or actor.may(MANAGE_PEOPLE))):
        return Scope(everything=True, manages=actor.may(MANAGE_PEOPLE), person_id=actor.person_id)
    if actor.may(MANAGE_PEOPLE):
        return Scope(manages=True, unit_ids=actor.unit_ids, person_id=actor.person_id)
    if actor.may(SEE):
        return Scope(agency_ids=actor.agency_ids, person_id=actor.person_id)
    return Scope(person_id=actor.person_id)


def administers_all(actor: Actor) -> bool:
    """Whether the actor looks after the people of the whole province."""
    return actor.is_system or (actor.sees_all and actor.may(MANAGE_PEOPLE))


def administers_unit(actor: Actor, unit_id: uuid.UUID | None) -> bool:
    """Whether the actor looks after the agencies of this unit."""
    return administers_all(actor) or (actor.may(MANAGE_PEOPLE) and unit_id in actor.unit_ids)


def may_give(actor: Actor, title: str, level: str, kind: str) -> bool:
    """Whether the actor may give (and end) this title at an agency of this kind and level that it looks after."""
    if administers_all(actor):
        return True
    rule = rule_for(title, level, kind)
    return (
        actor.may(MANAGE_PEOPLE)
        and title not in RESERVED
        and rule.reach != ALL
        and rule.permissions <= COMMUNE_MAY_GIVE
    )


def may_be_delegated(title: str, level: str, kind: str) -> bool:
    """Whether a holder may let another wear this hat: not that of administrators, auditors, technicians."""
    return title not in RESERVED and not rule_for(title, level, kind).permissions & NEVER_DELEGATED


def require(actor: Actor, permission: str) -> None:
    """Raises NotAdministrator (ACC-202) unless the hat worn permits this."""
    if not actor.may(permission):
        raise NotAdministrator(
            _("Chức danh bạn đang dùng không có quyền làm việc này."),
            kept=_("Chưa có gì thay đổi."),
            todo=_("Chọn chức danh quản trị, hoặc nhờ quản trị của đơn vị."),
        )


def require_give(actor: Actor, held: Held) -> None:
    """Raises TitleNotGiven (ACC-203) unless the actor may give this title there."""
    if not may_give(actor, held.title, held.level, held.kind):
        raise TitleNotGiven(
            _("Chức danh «%(title)s» không do quản trị cấp xã giao hay thôi giao.")
            % {"title": held.title_name or held.title},
            kept=_("Chưa có gì thay đổi."),
            todo=_("Đề nghị quản trị tỉnh ghi bổ nhiệm này."),
        )


def require_other(actor: Actor, person_id: uuid.UUID) -> None:
    """Raises NotToOneself (ACC-204) where the person is the actor, or the one acted for."""
    if person_id in {actor.person_id, actor.for_person_id} - {None}:
        raise NotToOneself(
            _("Không ai tự giao chức danh hay tự sửa tài khoản của mình ở trang quản trị."),
            kept=_("Chưa có gì thay đổi."),
            todo=_("Nhờ một quản trị khác; mật khẩu của mình thì đổi ở trang «Tài khoản của tôi»."),
        )


def beyond(actor: Actor, posts: Iterable[Held]) -> bool:
    """Whether somebody with these posts holds what the actor could not give: then its account is not the actor's."""
    return any(
        not administers_unit(actor, held.unit_id) or not may_give(actor, held.title, held.level, held.kind)
        for held in posts
    )


def require_within(actor: Actor, posts: Iterable[Held]) -> None:
    """Raises WorksElsewhere (ACC-209): who could sign in as this person would be raised by it."""
    if beyond(actor, posts):
        raise WorksElsewhere(
            _("Người này còn giữ chức danh ở nơi khác hoặc chức danh do tỉnh giao."),
            kept=_("Hồ sơ và tài khoản giữ nguyên."),
            todo=_("Đề nghị quản trị tỉnh làm việc này."),
        )
