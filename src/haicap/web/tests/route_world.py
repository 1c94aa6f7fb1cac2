"""What the route matrix walks in: a province with a holder of every row of titles.csv, and objects of each agency.

For every visitor there is an "own" object of each kind (of the visitor's agency, or the visitor's own) and an "other"
one, of the commune next door or of somebody else. `ask` says with which values an address is asked, and which form
would be granted to who may.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from allauth.idp.oidc.models import Client as Relying
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from psycopg.types.range import Range

from haicap.access import hats
from haicap.access.accounts import make_account
from haicap.access.models import (
    Account,
    ApplicationConsent,
    Consent,
    Delegation,
    LinkPurpose,
    PeopleImport,
)
from haicap.access.oidc.tests import flows
from haicap.access.people import lists
from haicap.access.people import queries as people
from haicap.access.people.service import add_post, close_post
from haicap.access.personal_data import rights
from haicap.access.personal_data.tests.conftest import a_citizen
from haicap.access.scim import tokens
from haicap.access.sign_in import service as sign_in
from haicap.access.tests import accounts
from haicap.access.titles import RULES, Rule
from haicap.kernel import clock, journal
from haicap.kernel.actor import ANONYMOUS, SYSTEM, Actor
from haicap.kernel.models import OutboxMessage
from haicap.kernel.outbox import OutboxState
from haicap.kernel.text import fold, name_parts, person_sort_key
from haicap.registry.desks import desk_for
from haicap.registry.models import Agency, Appointment, DeskKind, Person, Post, Unit
from haicap.registry.tests.places import Places, make_places
from haicap.reorganisation import service as plans
from haicap.reorganisation.models import LedgerRow, Plan, RequestState, Run, RunKind, RunRequest, RunState
from haicap.reorganisation.plan.model import Abolition, Division, Legal, UnitPlan
from haicap.reorganisation.plan.model import Part as PlanPart
from haicap.reorganisation.plan.model import Plan as PlanValues
from haicap.reorganisation.plan.write import write_plan
from haicap.systems.onestop.counters import service as counters
from haicap.systems.onestop.models import Booking, Dossier, Status, Ticket
from haicap.systems.onestop.models import Counter as Seat
from haicap.systems.onestop.tests.factories import Office as Counter
from haicap.systems.onestop.tests.factories import make_dossier

HERE, NEXT_DOOR, FAR = "20194", "20196", "20458"
NOBODY = uuid.UUID("01900000-0000-7000-8000-000000000000")
LATER = dt.date(2025, 10, 1)
#: no two people of this world have the same name, and no page has these words for another reason
SECRET = (
    "Bùi",
    "Khuất",
    "Lường",
    "Mạc",
    "Nghiêm",
    "Ông",
    "Phí",
    "Quách",
    "Sầm",
    "Tăng",
    "Ưng",
    "Vi",
    "Xa",
    "Yên",
)


@dataclass(slots=True)
class Office:
    """An agency with a colleague in it, a free post, and dossiers on its desk."""

    agency_id: uuid.UUID
    unit_id: uuid.UUID
    appointment: Appointment
    account: Account
    dossier: Dossier
    closed: Dossier
    mate: Person
    free: Post
    counter: Seat
    ticket: Ticket
    booking: Booking
    delegation: Delegation | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody else's page may name."""
        return (self.appointment.person.full_name, self.dossier.applicant_name, self.closed.applicant_name)


@dataclass(slots=True)
class Visitor:
    """Somebody at the door: a row of titles.csv, the actor that it makes, a browser, and what is the own."""

    label: str
    actor: Actor
    client: Client
    rule: Rule | None = None
    account: Account | None = None
    appointment_id: uuid.UUID | None = None
    office: Office | None = None
    mine: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Project:
    """A plan with a run, its ledger, and a request."""

    plan: Plan
    units: frozenset[uuid.UUID]
    run: Run
    request: RunRequest


@dataclass(frozen=True, slots=True)
class Ask:
    """How a route is asked, and what the object is: whose, of which agency and unit, what its page tells.

    `before` makes what only this one request meets.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    query: str = ""
    form: Mapping[str, Any] = field(default_factory=dict)
    agency_id: uuid.UUID | None = None
    unit_id: uuid.UUID | None = None
    holder: uuid.UUID | None = None
    units: frozenset[uuid.UUID] = frozenset()
    secrets: tuple[str, ...] = ()
    before: Callable[[], object] = lambda: None


@dataclass(slots=True)
class World:
    """Everything there is."""

    places: Places
    visitors: list[Visitor]
    next_door: Office
    offices: dict[uuid.UUID, Office]
    here_plan: Project
    far_plan: Project
    done_plan: Project
    things: dict[str, Any]

    def visitor(self, label: str) -> Visitor:
        """The visitor of this label."""
        return next(each for each in self.visitors if each.label == label)


# --- building
def build() -> World:
    """The whole world; by the clock of `places.NOW`."""
    places = make_places()
    offices: dict[uuid.UUID, Office] = {}
    next_door = _office(places.agency(NEXT_DOOR, "van_phong"), 0)
    offices[next_door.agency_id] = next_door
    visitors = [_holder(places, rule, offices) for rule in RULES]
    visitors += _without_a_post()
    stranger = make_account(SYSTEM, _person("Lạ Hoắc Vô Danh"))
    things = _things(stranger, offices, next_door)
    for visitor in visitors:
        if visitor.account is not None:
            _give_own(visitor, visitor.account, things)
    return World(places, visitors, next_door, offices, *_projects(places), things)


def _person(name: str, number: str = "") -> Person:
    family, middle, given = name_parts(name)
    with journal.act(SYSTEM, "test.person") as act:
        person = Person.objects.create(
            family_name=family, middle_name=middle, given_name=given, full_name=name,
            fold=fold(name), sort_key=person_sort_key(name), personal_number=number,
        )  # fmt: skip
        act.changed("registry.person", person.pk, None, {"full_name": name})
    return person


def _seat(agency_id: uuid.UUID, title: str, person: Person) -> Appointment:
    """A new post of a title at an agency, held by this person."""
    agency = Agency.objects.get(pk=agency_id)
    desk = desk_for(agency, actor=SYSTEM, kind=DeskKind.WORK)
    with journal.act(SYSTEM, "test.seat") as act:
        number = Post.objects.filter(desk=desk, title_id=title).count() + 1
        post = Post.objects.create(desk=desk, title_id=title, number=number)
        row = Appointment.objects.create(
            person=person, post=post, valid=Range(dt.date(2025, 7, 1), None, "[)"), decision="QĐ-1"
        )
        act.changed("registry.appointment", row.pk, None, {"title": title})
    return row


def _office(agency_id: uuid.UUID, number: int) -> Office:
    agency = Agency.objects.select_related("unit").get(pk=agency_id)
    name = SECRET[number]
    appointment = _seat(agency_id, "chuyen_vien", _person(f"{name} Kín Tiếng"))
    mate = _seat(agency_id, "chuyen_vien", _person(f"{name} Đồng Sự"))
    account = make_account(SYSTEM, appointment.person)
    free = add_post(SYSTEM, agency_id, "chuyen_vien")
    van_thu = add_post(SYSTEM, agency_id, "van_thu")
    del van_thu
    desk = desk_for(agency, actor=SYSTEM, kind=DeskKind.WORK)
    counter = Counter(Unit.objects.get(pk=agency.unit_id), agency, f"H48.{number}", desk)
    return Office(
        agency_id,
        agency.unit_id,
        appointment,
        account,
        make_dossier(counter, applicant=f"{name} Nộp Đơn"),
        make_dossier(counter, Status.RETURNED, applicant=f"{name} Xong Việc"),
        mate.person,
        free,
        *_at_counters(desk.pk, name),
    )


def _at_counters(desk_id: uuid.UUID, name: str) -> tuple[Seat, Ticket, Booking]:
    """A counter that nobody sits at, a number, and somebody who booked a time today."""
    begins = clock.now().replace(hour=14, minute=0, second=0, microsecond=0)
    return (
        counters.set_up_counter(SYSTEM, desk_id, 1),
        counters.draw_ticket(desk_id),
        counters.book(desk_id, begins, f"{name} Hẹn Giờ", actor=SYSTEM),
    )


def _holder(places: Places, rule: Rule, offices: dict[uuid.UUID, Office]) -> Visitor:
    """A holder of a post to which this row of the table applies, and not an earlier one."""
    code = "48" if rule.level == "province" else HERE
    title = _other_title() if rule.title == "*" else rule.title
    kinds = [rule.kind] if rule.kind != "*" else ["van_phong", "so", "tt_pvhcc", "phong", "ubnd"]
    assert places.established is not None
    unit = places.units[code]
    agencies = {key[1:]: agency for key, agency in places.established.by_place.items() if key[0] == unit}
    tried = [agency for kind in kinds for (each, _slot), agency in sorted(agencies.items()) if each == kind]
    person = _person(
        f"Người Thử {rule.title.replace('_', ' ')} {rule.level} {rule.kind}".replace("*", "bất kỳ")
    )
    appointment = _seat(tried[0], title, person)
    hat = hats.held("appointment.id = %(id)s", {"id": appointment.pk})[0]
    assert hat.rule == rule, (rule, hat)
    if hat.agency_id not in offices:
        offices[hat.agency_id] = _office(hat.agency_id, len(offices))
    client = Client(headers={"host": "127.0.0.1"})
    account = accounts.give_password(accounts.sign_in(client, appointment.pk))
    _sign_in_again(client, account, appointment.pk)
    actor = replace(hats.actor_in(hat), account_id=account.pk)
    label = f"{rule.title} {rule.level} {rule.kind}"
    return Visitor(label, actor, client, rule, account, appointment.pk, offices[hat.agency_id])


def _other_title() -> str:
    """A title that no row of the table names."""
    from haicap.registry.models import Title

    named = {rule.title for rule in RULES}
    return str(Title.objects.exclude(code__in=named).order_by("code").values_list("code", flat=True)[0])


def _sign_in_again(client: Client, account: Account, appointment_id: uuid.UUID | None) -> None:
    """With a password that was typed a moment ago: setting one ends the session that was there."""
    if appointment_id is not None:
        accounts.sign_in(client, appointment_id)
    else:
        client.force_login(account)
    session = client.session
    session["account_authentication_methods_user"] = str(account.pk)
    session["account_authentication_methods"] = [{"method": "password", "at": _real_time()}]
    session.save()


def _real_time() -> float:
    """The library reckons how old a proof is by the real clock."""
    return (clock.now() - clock.current_shift()).timestamp()


def _without_a_post() -> list[Visitor]:
    """Nobody, an official without a post, a citizen."""
    found = [Visitor("anonymous", ANONYMOUS, Client(headers={"host": "127.0.0.1"}))]
    for label, account in (
        ("without post", make_account(SYSTEM, _person("Không Chức Vụ"))),
        ("citizen", a_citizen()),
    ):
        client = Client(headers={"host": "127.0.0.1"})
        accounts.give_password(account)
        _sign_in_again(client, account, None)
        found.append(Visitor(label, account.as_actor(), client, None, account))
    return found


def _things(stranger: Account, offices: dict[uuid.UUID, Office], next_door: Office) -> dict[str, Any]:
    """What belongs to no agency, and what is somebody else's."""
    party = flows.register()
    request = rights.ask(a_citizen("048195009999", "kin", "Kín Yêu Cầu"), "rectify", "Sửa tên")
    with journal.act(SYSTEM, "test.message") as act:
        message = OutboxMessage.objects.create(
            topic="test.matrix", key="1", payload={}, state=OutboxState.DEAD
        )
        act.changed("kernel.outbox", message.pk, None, {"topic": "test.matrix"})
    things: dict[str, Any] = {
        "party": party,
        "data request": request,
        "message": message,
        "token": tokens.make_token(SYSTEM, "thư mục").token,
        "link": sign_in.issue_link(SYSTEM, next_door.account, LinkPurpose.FIRST),
        "stranger": stranger,
    }
    for office in offices.values():
        office.delegation = _delegation(office.appointment, office.mate, stranger)
    stranger_things: dict[str, Any] = {}
    visitor = Visitor("stranger", stranger.as_actor(), Client(), None, stranger, mine=stranger_things)
    _give_own(visitor, stranger, things)
    things["strange"] = stranger_things
    return things


def _delegation(appointment: Appointment, delegate: Person, maker: Account) -> Delegation:
    """One that begins in ten days: it changes nobody's hats today."""
    begins = clock.now() + dt.timedelta(days=10)
    with journal.act(SYSTEM, "test.delegation") as act:
        row = Delegation.objects.create(
            appointment=appointment, delegate=delegate, made_by=maker, reason="đi công tác",
            during=Range(begins, begins + dt.timedelta(days=3), "[)"),
        )  # fmt: skip
        act.changed("access.delegation", row.pk, None, {"reason": "test"})
    return row


def _give_own(visitor: Visitor, account: Account, things: dict[str, Any]) -> None:
    """Another session, a key, a consent, an application that knows it, a list, a delegation."""
    store = SessionStore()
    store.create()
    with journal.act(SYSTEM, "test.own") as act:
        visitor.mine["session"] = UserSession.objects.create(
            user=account, session_key=store.session_key, ip="127.0.0.1", user_agent="thử"
        )
        visitor.mine["consent"] = Consent.objects.filter(
            account=account, purpose="notify"
        ).first() or Consent.objects.create(
            account=account, purpose="notify", version="1", given_at=clock.now()
        )
        if "party" in things:
            relying = Relying.objects.get(pk=things["party"].client_id)
            ApplicationConsent.objects.create(
                client=relying, account=account, scopes="openid", given_at=clock.now()
            )
        visitor.mine["list"], visitor.mine["entered"] = (
            _import(account, visitor.office),
            _import(account, visitor.office, entered=True),
        )
        act.changed("test.own", account.pk, None, {"account": account.username})
    if account.person is not None:
        office = visitor.office
        giver = office.appointment if office else _seat_anywhere()
        visitor.mine["delegation"] = _delegation(giver, account.person, account)


def _seat_anywhere() -> Appointment:
    row = Appointment.objects.select_related("person").order_by("id").first()
    assert row is not None
    return row


def _import(account: Account, office: Office | None, *, entered: bool = False) -> PeopleImport:
    """A list that was read in; `entered`: with one account that nobody has used."""
    made = PeopleImport.objects.create(
        made_by=account,
        file_name="danh-sach.csv",
        digest="0" * 64,
        rows=lists.read_list(_list_content(office)),
        add_posts=True,
    )
    if entered:
        new = make_account(SYSTEM, _person(f"Mới Nhập {made.pk}"))
        made.rows, made.applied_at = [], clock.now()
        made.report = [
            {"line": 2, "name": "", "problem": "", "fix": "", "code": "", "new_person": True, "new_appointment": True,
             "new_account": True, "account": str(new.pk), "person": str(new.person_id)}
        ]  # fmt: skip
        made.save()
    return made


def _projects(places: Places) -> tuple[Project, Project, Project]:
    """A plan that touches the visitors' commune, one that does not, and one that was carried out there."""
    here = (
        UnitPlan(
            HERE,
            "commune",
            "phuong",
            "Hải Châu",
            "48",
            (PlanPart(HERE), PlanPart(NEXT_DOOR, True)),
            seat=HERE,
        ),
        UnitPlan(NEXT_DOOR, "commune", "phuong", "Hòa Cường", "48", (PlanPart(NEXT_DOOR, True),)),
    )
    first = _plan(
        "2025-10-01/kin-mot", "Phương án Kín Một", here,
        abolished=(Abolition(FAR, HERE),), divisions=(Division(NEXT_DOOR, HERE),),
    )  # fmt: skip
    far = (UnitPlan(FAR, "commune", "xa", "A Vương", "48", (PlanPart(FAR),)),)
    second = _plan("2025-10-01/kin-hai", "Phương án Kín Hai", far)
    third = _plan("2025-10-01/kin-ba", "Phương án Kín Ba", here, divisions=(Division(NEXT_DOOR, HERE),))
    near = frozenset({places.units[HERE], places.units[NEXT_DOOR]})
    return (
        _project(first, near | {places.units[FAR]}, RunKind.REHEARSAL),
        _project(second, frozenset({places.units[FAR]}), RunKind.REHEARSAL),
        _project(third, near, RunKind.CUT_OVER),
    )


def _plan(key: str, title: str, units: tuple[UnitPlan, ...], **more: Any) -> Plan:
    values = PlanValues(
        key=key, title=title, effective_on=LATER, province="48", units=units,
        legal=(Legal("9/NQ-UBTVQH15", dt.date(2025, 7, 10)),), **more,
    )  # fmt: skip
    plans.save_plan(SYSTEM, write_plan(replace(values, undo_window_days=29)))
    return plans.save_plan(SYSTEM, write_plan(values))


def _project(plan: Plan, units: frozenset[uuid.UUID], kind: RunKind) -> Project:
    now = clock.now()
    with journal.act(SYSTEM, "test.run") as act:
        run = Run.objects.create(
            plan=plan, kind=kind, state=RunState.DONE, actor=f"Kín {plan.title}", started_at=now, ended_at=now,
            text_number=2, cut_at=now, read_only_s=1, total_s=2, undo_until=now + dt.timedelta(days=5),
        )  # fmt: skip
        LedgerRow.objects.create(
            run=run, position=0, system="onestop", record="dossier", label="Hồ sơ", before=1, carried=1, frozen=0,
            closed=0, undecided=0, after=1, created=0, balanced=True,
            digests={"before": "1", "carried": "1", "frozen": "0", "closed": "0", "undecided": "0", "after": "1"},
        )  # fmt: skip
        request = RunRequest.objects.create(
            plan=plan, kind=kind, actor={"label": "x"}, state=RequestState.DONE, asked_at=now, run=run
        )
        if kind == RunKind.CUT_OVER:
            Plan.objects.filter(pk=plan.pk).update(state="done")
        act.changed("reorganisation.run", run.pk, None, {"kind": kind})
    return Project(plan, units, run, request)


# --- asking
Maker = Callable[[World, Visitor, bool], Ask]


def _office_of(world: World, visitor: Visitor, own: bool) -> Office:
    return visitor.office if own and visitor.office is not None else world.next_door


def _at(office: Office, **more: Any) -> Ask:
    return Ask(
        agency_id=office.agency_id,
        unit_id=office.unit_id,
        holder=office.account.pk,
        secrets=office.secrets,
        **more,
    )


def _of_office(
    values: Callable[[Office], Mapping[str, Any]] = lambda office: {},
    form: Callable[[Office], Mapping[str, Any]] = lambda office: {},
    query: Callable[[Office], str] = lambda office: "",
    secrets: Callable[[Office], tuple[str, ...]] | None = None,
) -> Maker:
    """An object of the visitor's own office, or of that next door."""

    def make(world: World, visitor: Visitor, own: bool) -> Ask:
        office = _office_of(world, visitor, own)
        ask = _at(office, values=values(office), form=form(office), query=query(office))
        return replace(ask, secrets=secrets(office)) if secrets else ask

    return make


def _person_of(office: Office) -> dict[str, Any]:
    return {"person_id": office.appointment.person_id}


def _name_only(office: Office) -> tuple[str, ...]:
    return (office.appointment.person.full_name,)


def _applicant(office: Office) -> tuple[str, ...]:
    return (office.dossier.applicant_name,)


def _desk_of(office: Office) -> dict[str, Any]:
    return {"desk_id": office.counter.desk_id}


def _booked(office: Office) -> tuple[str, ...]:
    return (office.booking.name,)


def _own(name: str, argument: str = "", key: str = "pk", form: Mapping[str, Any] | None = None) -> Maker:
    """Something that belongs to the visitor, or to a stranger."""

    def make(world: World, visitor: Visitor, own: bool) -> Ask:
        mine = own and name in visitor.mine
        thing = visitor.mine[name] if mine else world.things["strange"][name]
        holder = visitor.account.pk if mine and visitor.account else world.things["stranger"].pk
        values = {argument: getattr(thing, key)} if argument else {}
        return Ask(values, form=form or {}, holder=holder)

    return make


def _plain(values: Mapping[str, Any] | None = None, form: Any = None, query: str = "") -> Maker:
    """No object: the same for everybody."""

    def make(world: World, visitor: Visitor, own: bool) -> Ask:
        given = form(world, visitor) if callable(form) else form
        return Ask(values or {}, query=query, form=given or {})

    return make


def _project_of(
    values: Callable[[Project], Mapping[str, Any]] = lambda project: {},
    form: Callable[[Project], Mapping[str, Any]] = lambda project: {},
    query: Callable[[Project], str] = lambda project: "",
    *,
    done: bool = False,
) -> Maker:
    """The plan that touches the visitors' commune, or the one far away."""

    def make(world: World, visitor: Visitor, own: bool) -> Ask:
        project = (world.done_plan if done else world.here_plan) if own else world.far_plan
        return Ask(
            values(project), query(project), form(project), units=project.units, secrets=(project.plan.title,)
        )

    return make


def _key(project: Project) -> dict[str, Any]:
    return {"key": project.plan.key}


def _edit(form: Mapping[str, Any], **values: Any) -> Maker:
    """A form of the plan's editor, made from its second text."""
    return _project_of(
        lambda project: {"key": project.plan.key, **values}, lambda project: {"ban": "2", **form}
    )


def _closed_post(world: World, visitor: Visitor, own: bool) -> Ask:
    """The free post of an office, closed."""
    office = _office_of(world, visitor, own)

    def close() -> None:
        close_post(SYSTEM, office.free.pk, dt.date(2025, 7, 16))

    ask = _at(office, values={"post_id": office.free.pk}, before=close)
    return replace(ask, secrets=_name_only(office))


def _lent(world: World, visitor: Visitor, own: bool) -> Ask:
    """The visitor's own post where that may be lent, else a colleague's; or one next door."""
    office = _office_of(world, visitor, own)
    form = {
        "delegate": str(office.mate.pk), "begins_on": "20/07/2025", "ends_on": "22/07/2025", "reason": "đi họp",
    }  # fmt: skip
    if own and visitor.actor.may("access.delegate"):
        assert visitor.account is not None
        ask = _at(office, values={"appointment_id": visitor.appointment_id}, form=form)
        return replace(ask, holder=visitor.account.pk, secrets=())
    return _at(office, values={"appointment_id": office.appointment.pk}, form=form)


def _revoked(world: World, visitor: Visitor, own: bool) -> Ask:
    """A delegation that the visitor received; a colleague's; or one next door."""
    if own and "delegation" in visitor.mine and visitor.account is not None:
        return Ask({"delegation_id": visitor.mine["delegation"].pk}, holder=visitor.account.pk)
    office = _office_of(world, visitor, own)
    assert office.delegation is not None
    return _at(office, values={"delegation_id": office.delegation.pk})


def _list_content(office: Office | None) -> bytes:
    """A list of one new person, for a post at this office, with an account to be made."""
    agency = people.agency_of(SYSTEM, office.agency_id).code if office else ""
    values = dict.fromkeys(lists.TEMPLATE, "") | {
        "Họ và tên": "Lê Thị Mới Toanh",
        "Số định danh": "048195007777",
        "Cơ quan": agency,
        "Chức danh": "Chuyên viên",
    }
    return (";".join(values) + "\n" + ";".join(values.values()) + "\n").encode()


def _list_file(world: World, visitor: Visitor) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("ds.csv", _list_content(visitor.office))}


def _account_form(world: World, visitor: Visitor) -> dict[str, Any]:
    return {"login": world.visitor("chuyen_vien * *").account.username, "password": accounts.PASSWORD}  # type: ignore[union-attr]


def _hat(world: World, visitor: Visitor) -> dict[str, Any]:
    return {"chuc-danh": str(visitor.appointment_id)}


NEW_PASSWORD = "Mot-mat-khau-moi-2025"
RELYING = {
    "name": "Phần mềm mới", "redirect_uris": "https://app.example.vn/callback", "scopes": ["profile"],
}  # fmt: skip


def _new_plan(world: World, visitor: Visitor) -> dict[str, Any]:
    text = world.far_plan.plan.texts.order_by("-number")[0].text.replace("kin-hai", "kin-bon")
    return {"tep": SimpleUploadedFile("moi.yaml", text.encode())}


def _changed_text(project: Project) -> dict[str, Any]:
    text = project.plan.texts.order_by("-number")[0].text
    return {"ban": "2", "noi-dung": text.replace("Phương án Kín", "Phương án Sửa")}


def _seat_form(world: World, visitor: Visitor, own: bool) -> Ask:
    form = {"ban": "2", "ghe": "ubnd||chu_tich|0", "nguoi": str(world.next_door.mate.pk)}
    return Ask(
        {"key": world.here_plan.plan.key, "code": HERE}, form=form, secrets=(world.here_plan.plan.title,)
    )


def _thing(name: str, argument: str, form: Mapping[str, Any] | None = None, key: str = "pk") -> Maker:
    def make(world: World, visitor: Visitor, own: bool) -> Ask:
        return Ask({argument: getattr(world.things[name], key)}, form=form or {})

    return make


def _forget(world: World, visitor: Visitor, own: bool) -> Ask:
    """An application that knows the visitor; one that does not."""
    knows = own and visitor.account is not None
    client = world.things["party"].client_id if knows else "khong-co"
    holder = visitor.account.pk if knows and visitor.account else NOBODY
    return Ask(form={"ung-dung": client}, holder=holder)


def _whose(world: World, visitor: Visitor, own: bool) -> Ask:
    """A page about oneself: it names nobody else."""
    return Ask(secrets=world.next_door.secrets, holder=NOBODY)


def _key_of(form: Mapping[str, Any]) -> Maker:
    """A passkey that exists for this one request."""

    def make(world: World, visitor: Visitor, own: bool) -> Ask:
        owner = visitor.account if own and visitor.account else world.things["stranger"]

        def register() -> None:
            data = {"name": "Khóa của tôi", "credential": {}}
            Authenticator.objects.create(pk=KEY, user=owner, type=Authenticator.Type.WEBAUTHN, data=data)

        return Ask({"pk": KEY}, form=form, holder=owner.pk, before=register)

    return make


KEY = 900_001
COMMUNE = {"code": HERE}
PERSON_FORM = {"family_name": "Lê", "middle_name": "Thị", "given_name": "Mới"}
CHAIR_FORM = {"title": "chuyen_vien", "begins_on": "20/07/2025", "decision": "QĐ-9"}
DELEGATED = {"reason": "đi họp"}

MAKERS: dict[str, Maker] = {
    "onestop:catalogue-procedure": _plain({"procedure_id": NOBODY}),
    "onestop:catalogue-withdraw": _plain({"batch": NOBODY}),
    "onestop:catalogue-import": _plain({"run_id": NOBODY}),
    "onestop:catalogue-progress": _plain({"run_id": NOBODY}),
    "onestop:catalogue-accept": _plain({"run_id": NOBODY}),
    "onestop:catalogue-decide": _plain({"run_id": NOBODY}),
    "language": _plain(form={"language": "en"}),
    "units:province": _plain({"code": "48"}),
    "units:province-fold": _plain({"code": "48", "new_code": HERE}),
    "units:province-csv": _plain({"code": "48"}),
    "units:province-xlsx": _plain({"code": "48"}),
    "units:unit": _plain(COMMUNE),
    "api:get_code": _plain(COMMUNE),
    "api:get_history": _plain(COMMUNE),
    "api:get_unit": _plain(COMMUNE),
    "api:get_unit_successions": _plain(COMMUNE),
    "work": _of_office(secrets=_applicant),
    "search": _of_office(
        query=lambda office: f"q={office.appointment.person.full_name}", secrets=lambda office: ()
    ),
    "search-hints": _of_office(query=lambda office: f"q={office.dossier.applicant_name}", secrets=lambda office: ()),
    "account_login": _plain(form=_account_form),
    "sign-in": _plain(form=_account_form),
    "account_change_password": _plain(
        form={"oldpassword": accounts.PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    ),
    "account_reauthenticate": _plain(form={"password": accounts.PASSWORD}),
    "choose-hat": _plain(form=_hat),
    "end-session": _own("session", "session_id"),
    "use-link": lambda world, visitor, own: Ask(
        {"secret": world.things["link"]}, form={"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    ),
    "mfa_edit_webauthn": _key_of({"name": "Khóa khác"}),
    "mfa_remove_webauthn": _key_of({}),
    "sign-in-log": _whose,
    "usersessions_list": _whose,
    "openid_connect_callback": _plain({"provider_id": "vneid"}),
    "openid_connect_login": _plain({"provider_id": "vneid"}),
    "my-data": lambda world, visitor, own: replace(
        _whose(world, visitor, own), form={"loai": "rectify", "noi-dung": "Sửa ngày sinh"}
    ),
    "my-copy": _whose,
    "my-readings": _whose,
    "withdraw-consent": _own("consent", "consent_id"),
    "data-request": _thing(
        "data request", "request_id", {"quyet-dinh": "done", "ly-do": "Đã sửa", "can-cu": "Luật"}
    ),
    "people:list": _of_office(query=lambda office: f"tim={office.appointment.person.family_name}", secrets=_name_only),
    "people:export": _of_office(values=lambda office: {"form": "csv"}, secrets=_name_only),
    "people:agency": _of_office(lambda office: {"agency_id": office.agency_id}, secrets=_name_only),
    "people:person": _of_office(_person_of, secrets=_name_only),
    "people:create": _of_office(
        form=lambda office: PERSON_FORM | CHAIR_FORM, query=lambda office: f"co-quan={office.agency_id}",
        secrets=_name_only,
    ),
    "people:edit": _of_office(_person_of, lambda office: PERSON_FORM, secrets=_name_only),
    "people:appoint": lambda world, visitor, own: replace(
        _at(_office_of(world, visitor, own)),
        values={"person_id": _office_of(world, visitor, own).mate.pk},
        query=f"co-quan={_office_of(world, visitor, own).agency_id}",
        form=CHAIR_FORM | {"title": "van_thu"},
        secrets=(),
    ),
    "people:end": _of_office(
        lambda office: {"appointment_id": office.appointment.pk}, lambda office: {"ends_on": "20/07/2025"},
        secrets=_name_only,
    ),
    "people:add-post": _of_office(
        lambda office: {"agency_id": office.agency_id}, lambda office: {"chuc-danh": "chuyen_vien"}, secrets=_name_only
    ),
    "people:close-post": _of_office(
        lambda office: {"post_id": office.free.pk}, lambda office: {"closes_on": "20/07/2025"}, secrets=_name_only
    ),
    "people:reopen-post": _closed_post,
    "people:account": _of_office(_person_of, lambda office: {"viec": "khoa"}, secrets=_name_only),
    "people:import": _plain(form=_list_file),
    "people:import-preview": _own("list", "import_id", form={"nhap": "dong-dung"}),
    "people:import-report": _own("list", "import_id"),
    "people:import-slips": _own("entered", "import_id"),
    "people:delegations": _of_office(secrets=lambda office: (office.mate.full_name,)),
    "people:lend": _lent,
    "people:revoke": _revoked,
    "sso-application": _thing("party", "application_id", RELYING, key="application_id"),
    "sso-application-add": _plain(form=RELYING),
    "sso-application-close": _thing("party", "application_id", {"ly-do": "hết dùng"}, key="application_id"),
    "sso-application-secret": _thing("party", "application_id", key="application_id"),
    "sso-keys": _plain(form={"viec": "thay"}),
    "sso-mine": _whose,
    "sso-forget": _forget,
    "scim": _plain({"path": "/Users"}),
    "scim-tokens": _plain(form={"name": "thư mục mới", "days": "30"}),
    "scim-token-revoke": _thing("token", "token_id"),
    "outbox-decide": _thing("message", "message_id", {"viec": "bo", "ly-do": "không cần nữa"}),
    "onestop:sync-add": _plain(
        form={"code": "truc", "name": "Trục tỉnh", "kind": "national", "endpoint": "https://truc.vidu.vn"}
    ),
    "onestop:sync-partner": _plain({"partner": "khong-co"}),
    "onestop:sync-progress": _plain({"partner": "khong-co"}),
    "onestop:sync-history": _plain({"partner": "khong-co", "code": "H48-260302-0001"}),
    "onestop:sync-names": _plain({"partner": "khong-co"}),
    "onestop:sync-settings": _plain({"partner": "khong-co"}),
    "onestop:sync-replay": _plain({"partner": "khong-co"}),
    "onestop:sync-act": _plain({"partner": "khong-co"}),
    "onestop:sync-decide-names": _plain({"partner": "khong-co"}),
    "onestop:sync-file": _plain({"token": "khong-co"}),
    "onestop:payment-notice": _plain({"partner": "khong-co"}),
    "onestop:payment-return": _plain({"partner": "khong-co"}),
    **{
        f"onestop:route{name}": _plain({"code": "khong-co", **more})
        for name, more in (
            ("", {}),
            ("-bpmn", {"number": 1}),
            ("-act", {}),
            ("-copy", {}),
            ("-move", {}),
            ("-edit", {}),
            ("-step", {"key": "khong-co"}),
        )
    },
    "onestop:counters-bookings": _of_office(secrets=_booked),
    "onestop:counters-set-up": _of_office(
        form=lambda office: {"noi": str(office.counter.desk_id), "so": "77"}, secrets=_booked
    ),
    "onestop:counter-act": _of_office(lambda office: {"counter_id": office.counter.pk}, lambda office: {"viec": "mo"}),
    "onestop:counter-retire": _of_office(lambda office: {"counter_id": office.counter.pk}),
    "onestop:kiosk-set-up": _of_office(_desk_of),
    "onestop:kiosk": _of_office(_desk_of, secrets=_booked),
    "onestop:board": _of_office(_desk_of, secrets=_booked),
    "onestop:board-now": _of_office(_desk_of, secrets=_booked),
    "onestop:board-say": _of_office(
        lambda office: {**_desk_of(office), "ticket_id": office.ticket.pk}, secrets=_booked
    ),
    "onestop:ticket": _of_office(lambda office: {"ticket_id": office.ticket.pk}, secrets=_booked),
    "onestop:waits": _of_office(secrets=_booked),
    "onestop:worklist": _of_office(secrets=_applicant),
    "onestop:export": _of_office(secrets=_applicant),
    "onestop:register": _of_office(
        lambda office: {"agency_id": office.agency_id, "year": 2025},
        secrets=lambda office: (office.closed.applicant_name,),
    ),
    "onestop:dossier": _of_office(lambda office: {"code": office.dossier.code}, secrets=_applicant),
    "onestop:step": _of_office(
        lambda office: {"code": office.dossier.code},
        lambda office: {"dang": str(int(Status.PROCESSING)), "den": str(int(Status.PROCESSED))},
        secrets=_applicant,
    ),
    "onestop:bulk-step": _of_office(
        form=lambda office: {"ho-so": [str(office.dossier.pk)], "den": str(int(Status.PROCESSED))}, secrets=_applicant
    ),
    "onestop:procedure": _plain({"code": "9.999999"}),
    "onestop:eligible": _plain({"code": "9.999999"}),
    "onestop:begin": _plain({"code": "9.999999"}),
    **{
        f"onestop:{name}": _plain({"key": "k" * 46})
        for name in (
            "draft", "draft-place", "draft-person", "draft-papers", "draft-delivery", "draft-preview", "draft-drop",
            "handed-in", "own-dossier", "own-receipt", "own-supplement", "own-withdraw", "own-rate", "own-complain",
        )
    },
    "onestop:draft-form": _plain({"key": "k" * 46, "part": "tre"}),
    "onestop:draft-file": _plain({"key": "k" * 46, "file_id": NOBODY}),
    "onestop:own-letter": _plain({"key": "k" * 46, "letter_id": NOBODY}),
    "onestop:own-result": _plain({"key": "k" * 46, "result_id": NOBODY}),
    "onestop:book": _plain({"unit_id": NOBODY}),
    "onestop:booked": _plain({"code": "22222222"}),
    "onestop:incoming": _of_office(secrets=_applicant),
    "onestop:incoming-look": _of_office(lambda office: {"code": office.dossier.code}, secrets=_applicant),
    "onestop:incoming-paper": _of_office(lambda office: {"code": office.dossier.code, "paper_id": NOBODY}),
    "onestop:complaint": _plain({"complaint_id": NOBODY}),
    "onestop:track": _of_office(query=lambda office: f"ma={office.dossier.code}", secrets=_applicant),
    "onestop:letters": _of_office(lambda office: {"code": office.dossier.code}, secrets=_applicant),
    "onestop:issue-letter": _of_office(lambda office: {"code": office.dossier.code, "form": 6}, secrets=_applicant),
    "onestop:print-letters": _of_office(
        form=lambda office: {"ho-so": [str(office.dossier.pk)], "mau": "1"}, secrets=_applicant
    ),
    "onestop:register-pdf": _of_office(
        lambda office: {"agency_id": office.agency_id, "year": 2025}, secrets=_applicant
    ),
    "onestop:results": _of_office(
        lambda office: {"code": office.dossier.code},
        lambda office: {"ten": "Trích lục", "noi-dung": "Xác nhận."},
        secrets=_applicant,
    ),
    **{
        f"onestop:{name}": _plain({argument: NOBODY})
        for name, argument in (
            ("letter-pdf", "letter_id"),
            ("revoke-certificate", "certificate_id"),
            ("draft-pdf", "draft_id"),
            ("sign-draft", "draft_id"),
            ("issue-draft", "draft_id"),
            ("drop-draft", "draft_id"),
            ("result-pdf", "result_id"),
            ("revoke-result", "result_id"),
        )
    },
    "onestop:certificates": _of_office(
        form=lambda office: {"co-quan": str(office.agency_id), "cua": "co-quan"}, secrets=lambda office: ()
    ),
    "onestop:check-result": _plain({"check_code": "7KQ4-XM2P-9TRB"}),
    "api:list_dossiers": _of_office(secrets=_applicant),
    "api:get_dossier": _of_office(lambda office: {"code": office.dossier.code}, secrets=_applicant),
    "api:track_dossier": _of_office(lambda office: {"code": office.dossier.code}, secrets=_applicant),
    "reorganisation:plans": _project_of(),
    "reorganisation:plan": _project_of(_key),
    "reorganisation:ledger": _project_of(done=True),
    "reorganisation:run-ledger": _project_of(lambda project: {"run_id": project.run.pk}),
    "reorganisation:report": _project_of(lambda project: {"run_id": project.run.pk}),
    "reorganisation:run": _project_of(lambda project: {"run_id": project.run.pk}),
    "reorganisation:request": _project_of(lambda project: {"request_id": project.request.pk}),
    "reorganisation:progress": _project_of(lambda project: {"request_id": project.request.pk}),
    "api:plans": _project_of(),
    "api:runs": _project_of(),
    "api:ledger": _project_of(query=lambda project: f"run={project.run.pk}"),
    "reorganisation:upload": _plain(form=_new_plan),
    "reorganisation:check": lambda world, visitor, own: Ask(_key(world.far_plan), secrets=(world.far_plan.plan.title,)),
    "reorganisation:ask": _project_of(
        lambda project: {"key": project.plan.key, "kind": "chuyen-doi"}, lambda project: {"khoa": project.plan.key}
    ),
    "reorganisation:sign-off": lambda world, visitor, own: Ask(
        {"run_id": world.done_plan.run.pk},
        form={"khoa": world.done_plan.plan.key, "so": "1/BC"},
        units=world.done_plan.units,
        secrets=(world.done_plan.plan.title,),
    ),
    "reorganisation:text": _project_of(_key, _changed_text),
    "reorganisation:history": _project_of(_key),
    "reorganisation:version": _edit({}, number=1),
    "reorganisation:units": _project_of(_key),
    "reorganisation:unit": _edit(
        {"code": HERE, "kind": "phuong", "name": "Hải Châu Mới", "parent": "48", "cu-0": HERE, "cu-1": NEXT_DOOR,
         "phan-1": "on", "seat": HERE, "agency_code": "", "note": ""}, code=HERE
    ),
    "reorganisation:new-unit": _edit(
        {"code": "20999", "kind": "xa", "name": "Mới Tinh", "parent": "48", "cu-0": FAR, "seat": "",
         "agency_code": "", "note": ""}
    ),
    "reorganisation:divide": _edit({"cu": FAR, "nhan": [HERE, NEXT_DOOR], "tam-giu": HERE}),
    "reorganisation:seats": _edit({f"tru-so-{HERE}": NEXT_DOOR}),
    "reorganisation:divisions": _edit({f"tam-giu-{FAR}": NEXT_DOOR}),
    "reorganisation:division": _edit({"tam-giu": HERE, "thon": f"Tổ 3 = {NEXT_DOOR}", "dia-chi": ""}, code=NEXT_DOOR),
    "reorganisation:transfers": _edit({"linh-vuc-0": "ho-tich"}),
    "reorganisation:staffing": _project_of(_key),
    "reorganisation:staffing-unit": _seat_form,
    "reorganisation:staffing-upload": _edit({}),
    "reorganisation:staffing-download": _project_of(_key),
    "reorganisation:staffing-propose": _edit({}),
    "reorganisation:staffing-find": _project_of(_key, query=lambda project: "ten=Bùi"),
    "reorganisation:rules": _of_office(lambda office: {"code": HERE}, secrets=lambda office: ()),
    "reorganisation:undecided": _of_office(
        form=lambda office: {"don-vi": HERE, "ve": NEXT_DOOR}, secrets=lambda office: ()
    ),
    "reorganisation:decisions": _of_office(form=lambda office: {"quyet-dinh": str(NOBODY)}, secrets=lambda office: ()),
}  # fmt: skip


def ask(world: World, name: str, visitor: Visitor, *, own: bool) -> Ask:
    """How this visitor asks a route for an own object, or for another's."""
    maker = MAKERS.get(name)
    return maker(world, visitor, own) if maker else Ask()
