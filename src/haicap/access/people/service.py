"""Quản trị người dùng: people, posts, appointments and accounts, as delegated administration allows.

Every use-case asks who may (`policy`), finds the person or post only within the actor's scope (else
NoSuchPerson, as if it were not there), writes in one journalled transaction and never overwrites an appointment.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import IntegrityError, connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from psycopg.types.range import Range

from haicap.access.accounts import make_account
from haicap.access.models import Account, LinkPurpose, SignInEvent
from haicap.access.models.sign_in import Outcome
from haicap.access.people import following, policy, queries
from haicap.access.people.errors import (
    BadAppointment,
    EmailTaken,
    ListMoved,
    NumberTaken,
    PostHeld,
    PostNotOpen,
    PostTaken,
)
from haicap.access.people.policy import Held
from haicap.access.people.queries import AgencyRow, PostRow, Step, administered_agencies, people_of, person_of
from haicap.access.people.values import PersonValues, clean_day, clean_decision, clean_email
from haicap.access.sign_in import service as sign_in
from haicap.kernel import journal
from haicap.kernel.actor import Actor
from haicap.registry.desks import desk_for
from haicap.registry.models import Agency, Appointment, Desk, DeskKind, Person, Post, Title

__all__ = [
    "Chair",
    "add_post",
    "administered_agencies",
    "appoint",
    "close_post",
    "create_person",
    "edit_person",
    "end_appointment",
    "give_account",
    "give_link",
    "people_of",
    "person_of",
    "remove_second_factors",
    "reopen_post",
    "set_email",
    "set_locked",
]


@dataclass(frozen=True, slots=True)
class Chair:
    """Nơi bổ nhiệm: a title at an agency, from a day on, by a decision."""

    agency_id: uuid.UUID
    title: str
    begins_on: dt.date
    decision: str = ""


# --- people
def create_person(actor: Actor, values: PersonValues, chair: Chair | None = None) -> Person:
    """Thêm người: a person, and its first post. A commune's administrator always gives a post with it.

    Whose number is known already with the same name is that person: it gets the post and nothing is doubled.
    Raises NotAdministrator (ACC-202), NumberTaken (ACC-207), BadAppointment (ACC-214) and what `appoint` raises.
    """
    policy.require(actor, policy.MANAGE_PEOPLE)
    if chair is None and not policy.administers_all(actor):
        raise BadAppointment(
            _("Người mới cần một chức danh tại cơ quan bạn quản trị."),
            kept=_("Chưa có gì được ghi."),
            todo=_("Chọn cơ quan, chức danh và ngày nhận."),
            where="title",
        )
    with journal.act(actor, "access.create_person") as act, _one_number(values.personal_number):
        person = _known(actor, values)
        if person is None:
            person = Person.objects.create(**values.columns())
            act.changed("registry.person", person.id, None, _told(person))
        if chair is not None:
            _appoint(actor, person, chair)
    return person


def _known(actor: Actor, values: PersonValues) -> Person | None:
    """The person of this number; a name that does not agree is refused without saying whose it is."""
    if not values.personal_number:
        return None
    found = Person.objects.filter(personal_number=values.personal_number).first()
    if found is not None and found.fold != values.columns()["fold"]:
        raise _number_taken()
    return found


def _number_taken() -> NumberTaken:
    return NumberTaken(
        _("Số định danh này đã ghi cho người mang họ tên khác."),
        kept=_("Chưa có gì được ghi."),
        todo=_("So lại với thẻ căn cước; nếu đúng, đề nghị quản trị tỉnh kiểm tra."),
        where="personal_number",
    )


@contextmanager
def _one_number(number: str) -> Iterator[None]:
    """Two who enter the same number at once: the second is told so."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if number and "registry_person_number_once" in str(error):
            raise _number_taken() from None
        raise


def _told(person: Person) -> dict[str, object]:
    """What the journal keeps of a person: its search keys follow from the name."""
    return journal.values(
        person, "family_name", "middle_name", "given_name", "full_name", "personal_number", "email", "phone"
    )


def edit_person(actor: Actor, person_id: uuid.UUID, values: PersonValues) -> Person:
    """Sửa lý lịch: names, number, e-mail, telephone; the account's e-mail follows the person's.

    Raises NoSuchPerson (ACC-201), NotAdministrator (ACC-202), WorksElsewhere (ACC-209), NumberTaken (ACC-207),
    EmailTaken (ACC-208).
    """
    with journal.act(actor, "access.edit_person") as act, _one_number(values.personal_number):
        person = _managed(actor, person_id)
        _require_within(actor, person.id)
        before = _told(person)
        for name, value in values.columns().items():
            setattr(person, name, value)
        if values.personal_number and (
            Person.objects.filter(personal_number=values.personal_number).exclude(pk=person.pk).exists()
        ):
            raise _number_taken()
        person.save()
        was, now = journal.difference(before, _told(person))
        act.changed("registry.person", person.id, was, now)
        account = Account.objects.filter(person=person).first()
        if account is not None and "email" in now:
            _write_email(account, values.email)
    return person


def _managed(actor: Actor, person_id: uuid.UUID) -> Person:
    """The person, locked for writing, if the actor looks after it."""
    policy.require(actor, policy.MANAGE_PEOPLE)
    person_of(actor, person_id, managing=True)
    return Person.objects.select_for_update(no_key=True).get(pk=person_id)


def posts_that_count(person_id: uuid.UUID) -> list[Held]:
    """What somebody who signed in as this person could wear: own posts, also later ones, and delegations."""
    return [held for _person, held in queries.held_by([person_id])]


def _require_within(actor: Actor, person_id: uuid.UUID) -> None:
    policy.require_within(actor, posts_that_count(person_id))


# --- appointments
def appoint(
    actor: Actor,
    person_id: uuid.UUID,
    agency_id: uuid.UUID,
    title: str,
    begins_on: dt.date,
    decision: str = "",
) -> Appointment:
    """Bổ nhiệm: the person holds a free post of this title at the agency from a day on, by a decision.

    Raises NoSuchPerson (ACC-201) for a person or agency that the actor does not look after, TitleNotGiven
    (ACC-203), NotToOneself (ACC-204), PostTaken (ACC-205), BadAppointment (ACC-214).
    """
    with journal.act(actor, "access.appoint_person", resolution=clean_decision(decision)):
        person = _managed(actor, person_id)
        return _appoint(actor, person, Chair(agency_id, title, begins_on, decision))


def _appoint(actor: Actor, person: Person, chair: Chair) -> Appointment:
    policy.require_other(actor, person.id)
    agency = queries.agency_of(actor, chair.agency_id, managing=True)
    title = _title(chair.title)
    policy.require_give(actor, Held(title.code, title.name, agency.level, agency.kind, agency.unit_id))
    begins_on = clean_day(chair.begins_on, "begins_on")
    decision = clean_decision(chair.decision)
    with journal.act(actor, "access.appoint_person", resolution=decision) as act:
        post = _free_post(agency, title, begins_on, person.id)
        try:
            with transaction.atomic():
                row = Appointment.objects.create(
                    person=person, post_id=post, valid=Range(begins_on, None, "[)"), decision=decision
                )
        except IntegrityError as error:
            if "registry_post_one_holder" not in str(error):
                raise
            raise _taken(agency, title) from None
        act.changed("registry.appointment", row.id, None, _appointment_told(row))
    return row


def _title(code: str) -> Title:
    title = Title.objects.filter(code=code).first()
    if title is None:
        raise BadAppointment(
            _("Không có chức danh «%(title)s».") % {"title": code[:40]},
            kept=_("Chưa có gì được ghi."),
            todo=_("Chọn chức danh trong danh mục."),
            where="title",
        )
    return title


def _free_post(agency: AgencyRow, title: Title, begins_on: dt.date, person_id: uuid.UUID) -> uuid.UUID:
    """A post of this title that nobody holds from that day on; locked, so that two appointments do not race."""
    posts = [
        post.id for post in queries.posts_at(agency.id) if post.title == title.code and post.closed_on is None
    ]
    locked = set(
        Post.objects.select_for_update()
        .filter(id__in=posts, closed_on__isnull=True)
        .order_by("id")
        .values_list("id", flat=True)
    )
    standing = Appointment.objects.filter(
        post_id__in=locked, recorded__upper_inf=True, valid__overlap=Range(begins_on, None, "[)")
    )
    held = dict(standing.values_list("post_id", "person_id"))
    if person_id in held.values():
        raise BadAppointment(
            _("Người này đã giữ chức danh %(title)s tại %(agency)s.")
            % {"title": title.name, "agency": agency.name},
            kept=_("Bổ nhiệm đã ghi giữ nguyên."),
            todo=_("Xem quá trình công tác của người này."),
            where="title",
        )
    free = [post for post in posts if post in locked and post not in held]
    if not free:
        raise _taken(agency, title)
    return free[0]


def _taken(agency: AgencyRow, title: Title) -> PostTaken:
    return PostTaken(
        _("%(agency)s không còn ghế %(title)s trống vào ngày ấy.")
        % {"agency": agency.name, "title": title.name},
        kept=_("Chưa có gì được ghi."),
        todo=_("Kết thúc bổ nhiệm của người đang giữ, hoặc thêm một ghế."),
        where="title",
    )


def _appointment_told(row: Appointment) -> dict[str, object]:
    return journal.values(row, "person_id", "post_id", "valid", "decision")


# The row that was believed is closed and another says what is believed now: both stay readable.
_CLOSE = """
UPDATE registry_appointment
   SET recorded = tstzrange(lower(recorded), greatest(lower(recorded), kernel_clock_now()))
 WHERE id = %s AND upper_inf(recorded)
"""


def end_appointment(
    actor: Actor, appointment_id: uuid.UUID, ends_on: dt.date, decision: str = ""
) -> Appointment | None:
    """Thôi giữ chức danh: from the day `ends_on` on the person does not hold the post; both states stay readable.

    Ending on the day of its beginning takes the appointment back: None. Delegations of the post end with it.
    Raises NoSuchPerson (ACC-201), TitleNotGiven (ACC-203), BadAppointment (ACC-214).
    """
    policy.require(actor, policy.MANAGE_PEOPLE)
    decision = clean_decision(decision)
    ends_on = clean_day(ends_on, "ends_on")
    with journal.act(actor, "access.end_appointment", resolution=decision) as act:
        step = queries.step_of(appointment_id)
        _require_own_place(actor, step)
        policy.require_give(actor, step.held())
        old = Appointment.objects.select_for_update().get(pk=appointment_id)
        _require_end(old, ends_on)
        with connection.cursor() as cursor:
            cursor.execute(_CLOSE, [old.id])
        new = None
        if ends_on > old.valid.lower:
            new = Appointment.objects.create(
                person_id=old.person_id,
                post_id=old.post_id,
                valid=Range(old.valid.lower, ends_on, "[)"),
                decision=old.decision,
                run_id=old.run_id,
            )
        following.follow_appointment(act, old.id, new.id if new else None, ends_on)
        act.changed(
            "registry.appointment",
            new.id if new else old.id,
            _appointment_told(old),
            _appointment_told(new) if new else None,
        )
    return new


def _require_own_place(actor: Actor, step: Step) -> None:
    """An appointment elsewhere is as if it were not there."""
    if step.agency_id is None or not policy.administers_unit(actor, step.unit_id):
        raise queries.no_such()


def _require_end(old: Appointment, ends_on: dt.date) -> None:
    if old.recorded.isempty or old.recorded.upper is not None:
        raise ListMoved(
            _("Bổ nhiệm này vừa được người khác sửa."),
            kept=_("Bản mới giữ nguyên."),
            todo=_("Mở lại trang của người này."),
        )
    if ends_on < old.valid.lower or (old.valid.upper is not None and ends_on >= old.valid.upper):
        raise BadAppointment(
            _("Ngày thôi giữ phải từ %(first)s đến trước ngày đã ghi kết thúc.")
            % {"first": f"{old.valid.lower:%d/%m/%Y}"},
            kept=_("Bổ nhiệm giữ nguyên."),
            todo=_("Xem lại ngày."),
            where="ends_on",
        )


def add_post(actor: Actor, agency_id: uuid.UUID, title: str) -> Post:
    """Thêm ghế: one more post of a title at an agency. Titles with one holder an agency have one post.

    Raises NoSuchPerson (ACC-201), TitleNotGiven (ACC-203), BadAppointment (ACC-214).
    """
    policy.require(actor, policy.MANAGE_PEOPLE)
    agency = queries.agency_of(actor, agency_id, managing=True)
    found = _title(title)
    policy.require_give(actor, Held(found.code, found.name, agency.level, agency.kind, agency.unit_id))
    with journal.act(actor, "access.add_post") as act:
        kind = DeskKind.LEADERSHIP if found.leads else DeskKind.WORK
        desk = desk_for(Agency.objects.get(pk=agency.id), actor=actor, kind=kind)
        Desk.objects.select_for_update().get(pk=desk.pk)
        if found.singular and _open_posts(agency, found.code):
            raise _one_only(agency, found.name)
        last = Post.objects.filter(desk=desk, title=found).aggregate(last=Max("number"))["last"] or 0
        post = Post.objects.create(desk=desk, title=found, number=last + 1)
        act.changed("registry.post", post.id, None, journal.values(post))
    return post


def _open_posts(agency: AgencyRow, title: str) -> list[PostRow]:
    """Posts of a title that an agency has, also those that close on a day to come."""
    return [post for post in queries.posts_at(agency.id) if post.title == title and post.state != "closed"]


def _one_only(agency: AgencyRow, title: str) -> BadAppointment:
    return BadAppointment(
        _("%(agency)s chỉ có một ghế %(title)s.") % {"agency": agency.name, "title": title},
        kept=_("Chưa có gì được ghi."),
        todo=_("Kết thúc bổ nhiệm của người đang giữ trước."),
        where="title",
    )


def close_post(
    actor: Actor, post_id: uuid.UUID, closes_on: dt.date, decision: str = "", *, end_holders: bool = False
) -> Post:
    """Đóng ghế: from the day `closes_on` on nobody holds the post; its history stays readable.

    `end_holders`: whoever holds it then, or would later, ceases to on that day; else a held post is refused.
    Raises NoSuchPerson (ACC-201), TitleNotGiven (ACC-203), NotToOneself (ACC-204), BadPerson (ACC-206) for the day,
    PostHeld (ACC-218), PostNotOpen (ACC-219).
    """
    policy.require(actor, policy.MANAGE_PEOPLE)
    decision = clean_decision(decision)
    closes_on = clean_day(closes_on, "closes_on")
    with journal.act(actor, "access.close_post", resolution=decision) as act:
        post, row = _managed_post(actor, post_id)
        if row.closed_on is not None:
            raise PostNotOpen(
                _("Ghế này đã ghi đóng từ %(day)s.") % {"day": f"{row.closed_on:%d/%m/%Y}"},
                kept=_("Ngày đã ghi giữ nguyên."),
                todo=_("Muốn đổi ngày: mở lại ghế rồi đóng."),
            )
        for step in _beyond(post, closes_on):
            policy.require_other(actor, step.person_id)
            if not end_holders:
                raise _held(step, _("Đánh dấu cho người ấy thôi giữ từ ngày đóng, hoặc chọn ngày khác."))
            end_appointment(actor, step.appointment_id, max(closes_on, step.begins_on), decision)
        row.closed_on = closes_on
        row.save(update_fields=["closed_on"])
        act.changed("registry.post", row.id, {"closed_on": None}, {"closed_on": closes_on})
    return row


def _managed_post(actor: Actor, post_id: uuid.UUID) -> tuple[PostRow, Post]:
    """A post that the actor looks after and whose title it may give, locked for writing."""
    post, agency = queries.post_of(actor, post_id)
    policy.require_give(actor, Held(post.title, post.title_name, agency.level, agency.kind, agency.unit_id))
    return post, Post.objects.select_for_update().get(pk=post.id)


def _beyond(post: PostRow, closes_on: dt.date) -> list[Step]:
    """Appointments that would outlive the post. Raises PostHeld (ACC-218) for what is history already."""
    beyond = [
        step
        for step in queries.spells_of_post(post.id)
        if step.ends_on is None or step.ends_on > max(closes_on, step.begins_on)
    ]
    for step in beyond:
        if step.state == "past":
            raise _held(step, _("Chọn ngày đóng từ ngày người ấy thôi giữ trở đi."))
    return beyond


def _held(step: Step, todo: str) -> PostHeld:
    until = _("đến trước %(day)s") % {"day": f"{step.ends_on:%d/%m/%Y}"} if step.ends_on else _("không hạn")
    return PostHeld(
        _("%(person)s giữ ghế này từ %(first)s, %(until)s.")
        % {"person": step.person, "first": f"{step.begins_on:%d/%m/%Y}", "until": until},
        kept=_("Ghế và bổ nhiệm giữ nguyên."),
        todo=todo,
        where="closes_on",
    )


def reopen_post(actor: Actor, post_id: uuid.UUID) -> Post:
    """Mở lại ghế: the post may be held again; who held it before does not come back by it.

    Raises NoSuchPerson (ACC-201), TitleNotGiven (ACC-203), BadAppointment (ACC-214) where the agency has another post
    of a title with one holder, PostNotOpen (ACC-219).
    """
    policy.require(actor, policy.MANAGE_PEOPLE)
    with journal.act(actor, "access.reopen_post") as act:
        post, row = _managed_post(actor, post_id)
        if row.closed_on is None:
            raise PostNotOpen(
                _("Ghế này đang mở."), kept=_("Không có gì thay đổi."), todo=_("Không cần làm gì thêm.")
            )
        agency = queries.agency_of(actor, post.agency_id, managing=True)
        if post.singular and any(each.id != post.id for each in _open_posts(agency, post.title)):
            raise _one_only(agency, post.title_name)
        was, row.closed_on = row.closed_on, None
        row.save(update_fields=["closed_on"])
        act.changed("registry.post", row.id, {"closed_on": was}, {"closed_on": None})
    return row


# --- accounts
def give_account(actor: Actor, person_id: uuid.UUID) -> Account:
    """Cấp tài khoản: one for life. Raises NoSuchPerson (ACC-201), WorksElsewhere (ACC-209), HasAccount (ACC-010)."""
    with journal.act(actor, "access.give_account"):
        person = _whose_account(actor, person_id)
        email = person.email.lower()
        if email and Account.objects.filter(email=email).exists():
            email = ""
        return make_account(actor, person, email=email)


def _whose_account(actor: Actor, person_id: uuid.UUID) -> Person:
    """The person whose account the actor may open, lock or give a link to."""
    policy.require(actor, policy.MANAGE_ACCOUNTS)
    person = _managed(actor, person_id)
    policy.require_other(actor, person.id)
    _require_within(actor, person.id)
    return person


def account_of(actor: Actor, person_id: uuid.UUID) -> Account:
    """The account of a person whom the actor may look after, locked for writing. Raises as `give_account`."""
    person = _whose_account(actor, person_id)
    account = Account.objects.select_for_update().filter(person=person).first()
    if account is None:
        raise queries.no_such()
    return account


def set_locked(actor: Actor, person_id: uuid.UUID, locked: bool, reason: str = "") -> Account:
    """Khóa, mở tài khoản: a locked account keeps everything and cannot sign in; its sessions count no more.

    Raises as `give_account`, and NotToOneself (ACC-204).
    """
    action = "access.lock_account" if locked else "access.unlock_account"
    with journal.act(actor, action, reason=reason[:500]):
        account = account_of(actor, person_id)
        account.is_active = not locked
        account.save()
    return account


def set_email(actor: Actor, person_id: uuid.UUID, email: str) -> Account:
    """Thư công vụ of an account and its person. Raises as `give_account`, EmailTaken (ACC-208)."""
    address = clean_email(email)
    with journal.act(actor, "access.set_email") as act:
        account = account_of(actor, person_id)
        person = Person.objects.get(pk=person_id)
        act.changed("registry.person", person.id, {"email": person.email}, {"email": address})
        person.email = address
        person.save(update_fields=["email"])
        _write_email(account, address)
    return account


def _write_email(account: Account, email: str) -> None:
    taken = EmailTaken(
        _("Thư công vụ này đã gắn với tài khoản khác."),
        kept=_("Chưa có gì được ghi."),
        todo=_("Ghi địa chỉ khác, hoặc để trống."),
        where="email",
    )
    if email and Account.objects.filter(email=email).exclude(pk=account.pk).exists():
        raise taken
    account.email = email
    try:
        with transaction.atomic():
            account.save()
    except IntegrityError as error:
        if "access_account_email_once" in str(error):
            raise taken from None
        raise


def purpose_for(account: Account) -> LinkPurpose:
    """Why an account gets a link: for its first sign-in, or because the password was lost."""
    signed_in = SignInEvent.objects.filter(account=account, outcome=Outcome.SIGNED_IN).exists()
    return LinkPurpose.RESET if signed_in or account.has_usable_password() else LinkPurpose.FIRST


def give_link(actor: Actor, person_id: uuid.UUID) -> tuple[Account, str]:
    """Cấp liên kết một lần: the account and the secret by which its owner sets a password; told once, never kept.

    Raises as `give_account`, and AccountLocked (ACC-104).
    """
    with journal.act(actor, "access.give_link"):
        account = account_of(actor, person_id)
        return account, sign_in.issue_link(actor, account, purpose_for(account))


def remove_second_factors(actor: Actor, person_id: uuid.UUID) -> int:
    """Gỡ xác thực lớp hai of who lost the device: all factors go, all sessions end. Raises as `give_account`."""
    with journal.act(actor, "access.remove_second_factors"):
        return sign_in.remove_second_factors(actor, account_of(actor, person_id))
