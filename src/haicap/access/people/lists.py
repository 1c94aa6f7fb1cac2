"""Nhập danh sách: people, posts and accounts from one table; previewed, then entered as a whole or not at all.

Set-based: a fixed number of statements reads what the rows touch, one COPY a table writes. A second run of the
same list finds everybody by number and post, and writes nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _
from psycopg.types.range import Range

from haicap.access.accounts import base_username, free_usernames
from haicap.access.models import Account, AccountKind, PeopleImport
from haicap.access.people import policy, queries
from haicap.access.people.errors import BadList, ListMoved, RowsRefused
from haicap.access.people.queries import AgencyRow
from haicap.access.people.values import PersonValues, clean_day, clean_decision, person_values
from haicap.kernel import clock, journal, tables
from haicap.kernel.actor import Actor
from haicap.kernel.contract.digest import digest_of
from haicap.kernel.database.copy import copy_rows
from haicap.kernel.errors import HaicapError
from haicap.kernel.ids import new_id
from haicap.kernel.text import clean, fold
from haicap.registry.desks import desk_for
from haicap.registry.held import LATEST_OF_EVER
from haicap.registry.models import Agency, DeskKind, Person, Title

HEADS: dict[str, tuple[str, ...]] = {
    "name": ("họ và tên", "họ tên"),
    "number": ("số định danh", "số định danh cá nhân", "số cccd", "cccd", "căn cước"),
    "email": ("thư công vụ", "thư điện tử", "email", "e-mail"),
    "phone": ("điện thoại", "số điện thoại"),
    "agency": ("cơ quan", "tên cơ quan", "mã cơ quan", "mã cơ quan hoặc tên cơ quan"),
    "title": ("chức danh", "chức vụ", "mã chức danh"),
    "decision": ("số quyết định", "quyết định"),
    "from": ("từ ngày", "ngày", "ngày nhận"),
}
#: the heads of the template, in order
TEMPLATE = (
    "Họ và tên", "Số định danh", "Thư công vụ", "Điện thoại", "Cơ quan", "Chức danh", "Số quyết định", "Từ ngày",
)  # fmt: skip
REQUIRED = {"name": "Họ và tên", "number": "Số định danh", "agency": "Cơ quan", "title": "Chức danh"}
MOST_AGENCIES = 20_000
#: rows from which on a list changes what the planner believes of the tables
ANALYZE_FROM = 200


@dataclass(slots=True)
class RowPlan:
    """Một dòng: what it says, what is wrong with it, and what entering it would do."""

    line: int
    name: str
    place: str = ""
    problem: str = ""
    code: str = ""
    fix: str = ""
    values: PersonValues | None = None
    agency: AgencyRow | None = None
    title: Title | None = None
    begins_on: dt.date | None = None
    decision: str = ""
    person_id: uuid.UUID | None = None
    new_person: bool = False
    appointed: bool = False
    post_id: uuid.UUID | None = None
    new_post: bool = False
    account_id: uuid.UUID | None = None
    new_account: bool = False

    @property
    def does_nothing(self) -> bool:
        """Whether everything that the row says is there already."""
        return not (self.problem or self.new_person or self.new_account) and self.appointed

    def refuse(self, message: object, fix: object = "", code: str = "ACC-215") -> None:
        """Mark the row as one that cannot be used; the first problem counts."""
        if not self.problem:
            self.problem, self.fix, self.code = str(message), str(fix), code

    def deeds(self) -> list[str]:
        """What entering the row does, for people."""
        if self.problem:
            return [self.problem]
        said = [_("người mới") if self.new_person else _("đã có người này")]
        if self.appointed:
            said.append(_("đã giữ chức danh này"))
        else:
            said.append(_("bổ nhiệm, thêm ghế") if self.new_post else _("bổ nhiệm"))
        said.append(_("cấp tài khoản") if self.new_account else _("đã có tài khoản"))
        return said

    def as_dict(self) -> dict[str, object]:
        """JSON-ready values."""
        return {
            "line": self.line,
            "name": self.name,
            "problem": self.problem,
            "fix": self.fix,
            "code": self.code,
            "new_person": self.new_person,
            "new_post": self.new_post,
            "new_appointment": not self.problem and not self.appointed,
            "new_account": self.new_account,
        }


@dataclass(slots=True)
class ListPlan:
    """Danh sách đã đối chiếu: a plan for each row."""

    rows: list[RowPlan] = field(default_factory=list)

    @property
    def good(self) -> list[RowPlan]:
        """Rows that can be entered."""
        return [row for row in self.rows if not row.problem]

    @property
    def bad(self) -> list[RowPlan]:
        """Rows that cannot."""
        return [row for row in self.rows if row.problem]

    def counts(self) -> dict[str, int]:
        """How much entering the good rows does."""
        good = self.good
        return {
            "rows": len(self.rows),
            "bad": len(self.rows) - len(good),
            "people": sum(row.new_person for row in good),
            "appointments": sum(not row.appointed for row in good),
            "posts": sum(row.new_post for row in good),
            "accounts": sum(row.new_account for row in good),
            "unchanged": sum(row.does_nothing for row in good),
        }


# --- reading
def read_list(content: bytes) -> list[dict[str, str]]:
    """The rows of a file, each with its "line". Raises BadList (ACC-212), UnreadableTable, TableTooLarge."""
    columns, lines = tables.read_table(content, HEADS)
    missing = [name for column, name in REQUIRED.items() if column not in columns]
    if missing or not lines:
        raise BadList(
            _("Danh sách thiếu cột: %(columns)s.") % {"columns": ", ".join(missing)}
            if missing
            else _("Danh sách không có dòng nào."),
            kept=_("Chưa có gì được ghi."),
            todo=_("Tải tệp mẫu và điền theo các cột của nó."),
        )
    return [{"line": str(line.number), **line.cells} for line in lines]


def _require(actor: Actor) -> None:
    for permission in (policy.IMPORT, policy.MANAGE_PEOPLE, policy.MANAGE_ACCOUNTS):
        policy.require(actor, permission)


def plan_list(actor: Actor, rows: Sequence[Mapping[str, str]], *, add_posts: bool = False) -> ListPlan:
    """Đối chiếu: what entering these rows would do, and why some cannot be. Writes nothing.

    `add_posts` sets up posts where an agency has too few. Raises NotAdministrator (ACC-202).
    """
    _require(actor)
    plan = ListPlan([_read_row(row) for row in rows])
    _find_places(actor, plan, rows)
    _find_people(actor, plan)
    _find_posts(actor, plan, add_posts)
    _find_accounts(actor, plan)
    return plan


def _read_row(row: Mapping[str, str]) -> RowPlan:
    made = RowPlan(int(row["line"]), clean(row["name"])[:200], f"{row['title']}, {row['agency']}"[:300])
    try:
        for column in ("number", "agency", "title"):
            if tables.looks_like_formula(row[column]):
                made.refuse(
                    _("Ô bắt đầu bằng dấu của công thức (= + - @)."), _("Ghi giá trị thay cho công thức.")
                )
        made.values = person_values(
            {
                "full_name": row["name"],
                "personal_number": row["number"],
                "email": row.get("email", ""),
                "phone": row.get("phone", ""),
            }
        )
        if not made.values.personal_number:
            made.refuse(_("Thiếu số định danh."), _("Ghi đủ 12 chữ số."))
        made.decision = clean_decision(row.get("decision", ""))
        made.begins_on = clean_day(row["from"]) if row.get("from") else clock.today()
    except HaicapError as error:
        made.refuse(error.message, error.todo, error.code)
    return made


def _find_places(actor: Actor, plan: ListPlan, rows: Sequence[Mapping[str, str]]) -> None:
    """The agency by code or name, the title by code or name; both as the actor may."""
    by_name: dict[str, list[AgencyRow]] = defaultdict(list)
    for agency in queries.administered_agencies(actor, limit=MOST_AGENCIES):
        by_name[fold(agency.name)].append(agency)
        if agency.code:
            by_name[fold(agency.code)].append(agency)
    titles = {fold(key): title for title in Title.objects.all() for key in (title.code, title.name)}
    for made, row in zip(plan.rows, rows, strict=True):
        agencies = by_name.get(fold(row["agency"]), [])
        made.title = titles.get(fold(row["title"]))
        if len(agencies) != 1:
            made.refuse(
                _("Không tìm thấy cơ quan «%(agency)s» trong phạm vi bạn quản trị.")
                % {"agency": row["agency"][:100]}
                if not agencies
                else _("Có nhiều cơ quan tên «%(agency)s».") % {"agency": row["agency"][:100]},
                _("Ghi đúng tên đầy đủ, hoặc mã định danh điện tử của cơ quan."),
                "ACC-201",
            )
            continue
        made.agency = agencies[0]
        if made.title is None:
            made.refuse(
                _("Không có chức danh «%(title)s».") % {"title": row["title"][:60]},
                _("Ghi tên chức danh như trong danh mục."),
                "ACC-214",
            )
        elif not policy.may_give(actor, made.title.code, made.agency.level, made.agency.kind):
            made.refuse(
                _("Chức danh «%(title)s» do quản trị tỉnh giao.") % {"title": made.title.name},
                _("Bỏ dòng này, hoặc đề nghị quản trị tỉnh nhập."),
                "ACC-203",
            )


def _find_people(actor: Actor, plan: ListPlan) -> None:
    """Known by number; one whose name differs is refused. Numbers twice for one post are refused."""
    numbers = {row.values.personal_number for row in plan.rows if row.values and row.values.personal_number}
    known = {
        person.personal_number: person
        for person in Person.objects.filter(personal_number__in=numbers).only("id", "personal_number", "fold")
    }
    fresh: dict[str, tuple[uuid.UUID, str]] = {}
    seen: dict[tuple[str, uuid.UUID, str], int] = {}
    for row in plan.good:
        assert row.values is not None
        assert row.agency is not None
        assert row.title is not None
        number, folded = row.values.personal_number, fold(row.values.full_name)
        person = known.get(number)
        first = seen.setdefault((number, row.agency.id, row.title.code), row.line)
        if first != row.line:
            row.refuse(_("Trùng với dòng %(line)d.") % {"line": first}, _("Bỏ một dòng."))
        elif (person is not None and person.fold != folded) or (
            number in fresh and fresh[number][1] != folded
        ):
            row.refuse(
                _("Số định danh này đã ghi cho người mang họ tên khác."),
                _("So lại với thẻ căn cước."),
                "ACC-207",
            )
        elif person is not None:
            row.person_id = person.id
            if person.id in {actor.person_id, actor.for_person_id}:
                row.refuse(_("Không ai tự giao chức danh cho mình."), _("Bỏ dòng này."), "ACC-204")
        else:
            row.new_person = number not in fresh
            row.person_id = fresh.setdefault(number, (new_id(), folded))[0]


_CHAIRS = f"""
SELECT latest.agency_id, post.title_id, post.id, appointment.person_id,
       upper(appointment.valid), post.closed_on IS NOT NULL
  FROM registry_holding AS ever
  JOIN LATERAL {LATEST_OF_EVER}
  JOIN registry_post AS post ON post.desk_id = ever.desk_id
  LEFT JOIN registry_appointment AS appointment
    ON appointment.post_id = post.id AND upper_inf(appointment.recorded)
 WHERE ever.agency_id = ANY(%s)
 ORDER BY post.number, post.id
"""


@dataclass(slots=True)
class _Chairs:
    """The posts of one title at an agency, as the rows of a list fill them one after the other."""

    #: who holds one of them, until when
    held: dict[uuid.UUID, list[tuple[uuid.UUID, dt.date | None]]] = field(default_factory=dict)
    #: posts without a holder to come, in order, and the first day on which each is free
    free: dict[uuid.UUID, dt.date] = field(default_factory=dict)
    #: how many there are, without those that close
    count: int = 0

    def of(self, person_id: uuid.UUID | None, day: dt.date) -> uuid.UUID | None:
        """The post that this person holds on that day or later."""
        spells = self.held.get(person_id, ()) if person_id is not None else ()
        return next((post for post, until in spells if until is None or until > day), None)

    def take(self, person_id: uuid.UUID, day: dt.date, new: bool) -> uuid.UUID | None:
        """A post that is free from that day on, or a `new` one; it is this person's then."""
        found = next((post for post, since in self.free.items() if since <= day), None)
        if found is not None:
            del self.free[found]
        elif new:
            found, self.count = new_id(), self.count + 1
        if found is not None:
            self.held.setdefault(person_id, []).append((found, None))
        return found


def _chairs_of(agencies: list[uuid.UUID]) -> dict[tuple[uuid.UUID, str], _Chairs]:
    """(agency, title) → its posts, in one query."""
    found: dict[tuple[uuid.UUID, str], _Chairs] = defaultdict(_Chairs)
    taken: set[uuid.UUID] = set()
    seen: set[uuid.UUID] = set()
    with connection.cursor() as cursor:
        cursor.execute(_CHAIRS, [agencies])
        for agency_id, title, post_id, person_id, until, closes in cursor.fetchall():
            chairs = found[agency_id, title]
            if post_id not in seen:
                seen.add(post_id)
                chairs.count += not closes
            if person_id is not None:
                chairs.held.setdefault(person_id, []).append((post_id, until))
            if closes or (person_id is not None and until is None):
                taken.add(post_id)
                chairs.free.pop(post_id, None)
            elif post_id not in taken:
                chairs.free[post_id] = max(chairs.free.get(post_id, dt.date.min), until or dt.date.min)
    return found


def _find_posts(actor: Actor, plan: ListPlan, add_posts: bool) -> None:
    """Who holds the post already; else a free one, else a new one where asked for."""
    posts = _chairs_of(list({row.agency.id for row in plan.good if row.agency}))
    for row in plan.good:
        assert row.agency is not None
        assert row.title is not None
        assert row.begins_on is not None
        chairs = posts[row.agency.id, row.title.code]
        row.post_id = chairs.of(row.person_id, row.begins_on)
        row.appointed = row.post_id is not None
        if row.appointed or row.person_id is None:
            continue
        new = add_posts and not (row.title.singular and chairs.count)
        before = chairs.count
        row.post_id = chairs.take(row.person_id, row.begins_on, new)
        row.new_post = chairs.count > before
        if row.post_id is None:
            row.refuse(
                _("Cơ quan này không còn ghế %(title)s trống.") % {"title": row.title.name},
                _("Kết thúc bổ nhiệm cũ, bỏ dòng này, hoặc chọn «thêm ghế khi thiếu»."),
                "ACC-205",
            )
            row.new_person = False
    _people_of_refused(plan)


def _people_of_refused(plan: ListPlan) -> None:
    """A new person is made by the first of its rows that stays."""
    first: set[uuid.UUID] = set()
    known = set(
        Person.objects.filter(id__in=[row.person_id for row in plan.good if row.person_id]).values_list(
            "id", flat=True
        )
    )
    for row in plan.good:
        assert row.person_id is not None
        row.new_person = row.person_id not in known and row.person_id not in first
        first.add(row.person_id)


def _find_accounts(actor: Actor, plan: ListPlan) -> None:
    """Who has an account; official e-mails are one account's only."""
    people = {row.person_id for row in plan.good}
    have = dict(Account.objects.filter(person__in=people).values_list("person_id", "id"))
    emails = {row.values.email for row in plan.good if row.values and row.values.email}
    taken = dict(Account.objects.filter(email__in=emails).values_list("email", "person_id"))
    elsewhere = beyond(actor, {person for person in people if person and person not in have})
    given: set[uuid.UUID] = set()
    for row in plan.good:
        assert row.values is not None
        assert row.person_id is not None
        email = row.values.email
        if email and taken.setdefault(email, row.person_id) != row.person_id:
            row.refuse(
                _("Thư công vụ «%(email)s» là của người khác.") % {"email": email},
                _("Ghi địa chỉ khác, hoặc để trống."),
                "ACC-208",
            )
            continue
        row.account_id = have.get(row.person_id)
        row.new_account = row.account_id is None and row.person_id not in given | elsewhere
        given.add(row.person_id)
    _people_of_refused(plan)


def beyond(actor: Actor, people: set[uuid.UUID]) -> set[uuid.UUID]:
    """Those of these people who hold, will hold or were lent what the actor could not give: their accounts are not
    the actor's to make or open.
    """
    if policy.administers_all(actor):
        return set()
    return {person for person, held in queries.held_by(people) if policy.beyond(actor, [held])}


# --- entering
def apply_list(
    actor: Actor, rows: Sequence[Mapping[str, str]], *, add_posts: bool = False, only_good: bool = False
) -> ListPlan:
    """Ghi danh sách: people, posts, appointments, accounts in one transaction, by sets.

    Raises RowsRefused (ACC-215) where rows are bad and not `only_good`, ListMoved (ACC-216) when somebody else
    wrote the same meanwhile; then nothing is written.
    """
    _require(actor)
    try:
        with journal.act(actor, "access.import_people") as act:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(hashtext('access.import_people'))")
            plan = plan_list(actor, rows, add_posts=add_posts)
            if plan.bad and not only_good:
                raise RowsRefused(
                    _("%(count)d dòng không dùng được.") % {"count": len(plan.bad)},
                    kept=_("Chưa có gì được ghi."),
                    todo=_("Sửa các dòng ấy, hoặc chọn chỉ nhập các dòng dùng được."),
                )
            with transaction.atomic():
                _write(actor, act, plan)
    except IntegrityError as error:
        if not any(name in str(error) for name in _CONTESTED):
            raise
        raise ListMoved(
            _("Dữ liệu vừa được người khác sửa trong lúc nhập."),
            kept=_("Chưa có gì được ghi."),
            todo=_("Xem trước lại rồi nhập."),
        ) from None
    return plan


_CONTESTED = (
    "registry_post_one_holder",
    "registry_person_number_once",
    "registry_post_once",
    "registry_post_open",
    "access_account",
)
_PERSON = (
    "id", "family_name", "middle_name", "given_name", "full_name", "fold", "sort_key", "personal_number",
    "email", "phone",
)  # fmt: skip
_ACCOUNT = (
    "id", "password", "username", "kind", "person_id", "email", "is_active", "must_change_password", "created_at",
)  # fmt: skip


def _write(actor: Actor, act: journal.Act, plan: ListPlan) -> None:
    people = []
    for row in plan.good:
        if row.new_person and row.values is not None:
            columns = row.values.columns()
            people.append((row.person_id, *(columns[name] for name in _PERSON[1:])))
    _copy(act, "registry.person", "registry_person", _PERSON, people)
    _copy(
        act,
        "registry.post",
        "registry_post",
        ("id", "desk_id", "title_id", "number"),
        _new_posts(actor, plan),
    )
    appointments = [
        (new_id(), row.person_id, row.post_id, Range(row.begins_on, None, "[)"), row.decision)
        for row in plan.good
        if not row.appointed
    ]
    names = ("id", "person_id", "post_id", "valid", "decision")
    _copy(act, "registry.appointment", "registry_appointment", names, appointments)
    _copy(act, "access.account", "access_account", _ACCOUNT, _new_accounts(plan))
    if (
        len(plan.good) >= ANALYZE_FROM
    ):  # else lists are planned for the tables as they were, until autovacuum comes
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE registry_person, registry_post, registry_appointment, access_account")


def _copy(
    act: journal.Act, record: str, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    """COPY and its one journal entry: how many, and the digest of their ids."""
    if rows:
        copy_rows(table, columns, rows)
        ids = [row[0] for row in rows]
        act.changed(
            record, None, None, {"made": digest_of(f"SELECT id FROM {table} WHERE id = ANY(%s)", [ids])}
        )


def _new_posts(actor: Actor, plan: ListPlan) -> list[tuple[object, ...]]:
    desks: dict[tuple[uuid.UUID, bool], uuid.UUID] = {}
    wanted = [row for row in plan.good if row.new_post]
    for row in wanted:
        assert row.agency is not None
        assert row.title is not None
        key = (row.agency.id, row.title.leads)
        if key not in desks:
            kind = DeskKind.LEADERSHIP if row.title.leads else DeskKind.WORK
            desks[key] = desk_for(Agency.objects.get(pk=row.agency.id), actor=actor, kind=kind).id
    last: dict[tuple[uuid.UUID, str], int] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT desk_id, title_id, max(number) FROM registry_post WHERE desk_id = ANY(%s) GROUP BY 1, 2",
            [list(desks.values())],
        )
        last.update({(desk, title): number for desk, title, number in cursor.fetchall()})
    made: list[tuple[object, ...]] = []
    for row in wanted:
        assert row.agency is not None
        assert row.title is not None
        desk = desks[row.agency.id, row.title.leads]
        number = last[desk, row.title.code] = last.get((desk, row.title.code), 0) + 1
        made.append((row.post_id, desk, row.title.code, number))
    return made


def _new_accounts(plan: ListPlan) -> list[tuple[object, ...]]:
    wanted = [row for row in plan.good if row.new_account]
    bases = [
        base_username(row.values.given_name, row.values.family_name, row.values.middle_name)
        for row in wanted
        if row.values
    ]
    now = clock.now()
    made: list[tuple[object, ...]] = []
    for row, username in zip(wanted, free_usernames(bases), strict=True):
        assert row.values is not None
        row.account_id = new_id()
        made.append(
            (
                row.account_id, make_password(None), username, AccountKind.OFFICIAL.value, row.person_id,
                row.values.email, True, False, now,
            )
        )  # fmt: skip
    return made


# --- kept between preview and entering
def keep(
    actor: Actor, rows: list[dict[str, str]], content: bytes, file_name: str, *, add_posts: bool
) -> PeopleImport:
    """Giữ danh sách để xem trước; earlier previews of the same person that were not entered are emptied."""
    _require(actor)
    waiting = PeopleImport.objects.filter(made_by_id=actor.account_id, applied_at__isnull=True)
    waiting.update(rows=[])
    PeopleImport.objects.filter(
        applied_at__isnull=True, made_at__lt=clock.now() - dt.timedelta(days=1)
    ).update(rows=[])
    return PeopleImport.objects.create(
        made_by_id=actor.account_id,
        file_name=clean(file_name)[:200],
        digest=hashlib.sha256(content).hexdigest(),
        rows=rows,
        add_posts=add_posts,
    )


def kept(actor: Actor, import_id: uuid.UUID) -> PeopleImport:
    """A list that the actor itself read in. Raises NoSuchPerson (ACC-201)."""
    _require(actor)
    found = PeopleImport.objects.filter(pk=import_id, made_by_id=actor.account_id).first()
    if found is None or actor.account_id is None:
        raise queries.no_such()
    return found


def apply_kept(actor: Actor, import_id: uuid.UUID, *, only_good: bool = False) -> PeopleImport:
    """Ghi danh sách đã xem trước, once; its rows are emptied and the report kept. Raises as `apply_list`."""
    with transaction.atomic():
        PeopleImport.objects.select_for_update().filter(pk=import_id).first()
        found = kept(actor, import_id)
        if found.applied_at is not None or not found.rows:
            raise ListMoved(
                _("Danh sách này đã được nhập hoặc đã bỏ."),
                kept=_("Không có gì được ghi thêm."),
                todo=_("Tải tệp lên lại để xem trước."),
            )
        plan = apply_list(actor, found.rows, add_posts=found.add_posts, only_good=only_good)
        found.applied_at, found.rows = clock.now(), []
        found.report = [
            {
                **row.as_dict(),
                "name": "",
                "account": str(row.account_id or ""),
                "person": str(row.person_id or ""),
            }
            for row in plan.rows
        ]
        found.save()
    return found


def accounts_made(actor: Actor, found: PeopleImport) -> list[Account]:
    """The accounts that a list made, unused yet, that the actor may open; in the order of its lines."""
    ids = [row["account"] for row in found.report if row["new_account"]]
    rows = {
        str(account.pk): account
        for account in Account.objects.filter(pk__in=ids, is_active=True).select_related("person")
    }
    elsewhere = beyond(actor, {account.person_id for account in rows.values() if account.person_id})
    waiting = [rows[key] for key in ids if key in rows and rows[key].person_id not in elsewhere]
    return [account for account in waiting if not account.has_usable_password()]
