"""Bố trí nhân sự: a staffing list from a CSV or Excel file, row by row, with every row that cannot be used named.

Columns (any order, Vietnamese or English heads): mã đơn vị, cơ quan, phòng, chức danh, and one or more of
định danh (UUID of the registry), số định danh (12 digits), email, họ tên. Whoever is named by name only must
be the only person of that name among those who hold a post in the units concerned, else in the registry.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db import connection
from django.utils.translation import gettext as _

from haicap.kernel import tables
from haicap.kernel.errors import BadInput
from haicap.kernel.text import fold, nfc
from haicap.registry.establishment import template_for
from haicap.registry.models import AgencyKind, Person, Title
from haicap.reorganisation.plan.model import Plan, Staffing, UnitPlan

MOST_BYTES = tables.MOST_BYTES
MOST_ROWS = 50_000

#: column → the heads it is known under, in any spelling
HEADS: dict[str, tuple[str, ...]] = {
    "unit": ("ma don vi", "don vi", "ma xa", "unit"),
    "organ": ("co quan", "loai co quan", "organ"),
    "slot": ("phong", "ten phong", "so", "slot"),
    "title": ("chuc danh", "chuc vu", "title"),
    "person": ("dinh danh", "ma nguoi", "person", "id"),
    "number": ("so dinh danh", "so dinh danh ca nhan", "cccd", "number"),
    "email": ("email", "thu dien tu"),
    "name": ("ho ten", "ho va ten", "name"),
}
_WHO = ("person", "number", "email", "name")


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Một dòng không dùng được: its number in the file (the head is line 1), what is wrong, the fix."""

    line: int
    message: str
    fix: str = ""

    def as_dict(self) -> dict[str, object]:
        """JSON-ready values."""
        return {"line": self.line, "message": self.message, "fix": self.fix}


@dataclass(frozen=True, slots=True)
class StaffingList:
    """Danh sách đã đọc: the rows that can be used and the problems of the others."""

    rows: tuple[Staffing, ...]
    problems: tuple[RowProblem, ...]

    def apply_to(self, plan: Plan, *, everything: bool = False) -> Plan:
        """The plan with these rows: they replace the same posts' rows (or, `everything`, all staffing).

        A person who is named here leaves the place that the plan gave them before.
        """
        if everything:
            return replace(plan, staffing=self.rows)
        places = {_place(row) for row in self.rows}
        people = {row.person_id for row in self.rows}
        kept = tuple(
            row for row in plan.staffing if _place(row) not in places and row.person_id not in people
        )
        order = {unit.code: number for number, unit in enumerate(plan.units)}
        merged = sorted((*kept, *self.rows), key=lambda row: order.get(row.unit, len(order)))
        return replace(plan, staffing=tuple(merged))


def _place(row: Staffing) -> tuple[str, str, str, str]:
    return row.unit, row.kind, row.slot, row.title


def read_staffing(content: bytes, plan: Plan) -> StaffingList:
    """Đọc danh sách nhân sự (CSV, Excel) for a plan.

    Raises UnreadableTable (KRN-085), TableTooLarge (KRN-086), BadInput REO-061 (a missing column, no row). What is
    wrong with single rows is told in `problems`; nothing is written.
    """
    columns, lines = tables.read_table(content, HEADS, most_rows=MOST_ROWS)
    _require_columns(columns)
    if not lines:
        raise BadInput(_("Danh sách chỉ có dòng tiêu đề."), code="REO-061", todo=_("Thêm ít nhất một dòng."))
    people = _People(plan, [line.cells for line in lines])
    organs = _Organs(plan)
    found: list[Staffing] = []
    problems: list[RowProblem] = []
    for line, row in ((each.number, each.cells) for each in lines):
        place = organs.place(line, row)
        who = people.find(line, row)
        if isinstance(place, RowProblem):
            problems.append(place)
        if isinstance(who, RowProblem):
            problems.append(who)
        if not isinstance(place, RowProblem) and not isinstance(who, RowProblem):
            unit, kind, slot, title = place
            found.append(Staffing(unit, kind, slot, title, who[0], who[1], line=line))
    problems.extend(_doubled(found, organs))
    wrong = {problem.line for problem in problems}
    kept = tuple(replace(row, line=0) for row in found if row.line not in wrong)
    return StaffingList(kept, tuple(sorted(problems, key=lambda problem: problem.line)))


# --- the file
def _require_columns(columns: Sequence[str]) -> None:
    names = {"unit": "mã đơn vị", "organ": "cơ quan", "title": "chức danh"}
    missing = [name for column, name in names.items() if column not in columns]
    if not any(column in columns for column in _WHO):
        missing.append("định danh, số định danh, email hoặc họ tên")
    if missing:
        raise BadInput(
            _("Danh sách thiếu cột: %(columns)s.") % {"columns": ", ".join(missing)},
            code="REO-061",
            where=_("dòng 1"),
            kept=_("Kế hoạch giữ nguyên."),
            todo=_("Dòng đầu ghi tên cột: mã đơn vị, cơ quan, phòng, chức danh, họ tên, email."),
        )


# --- where to
class _Organs:
    """The organs and posts that the plan's units will have."""

    def __init__(self, plan: Plan) -> None:
        self._units = {unit.code: unit for unit in plan.units}
        self._on = plan.effective_on
        self._seats: dict[str, dict[tuple[str, str, str], int]] = {}
        self._kinds = {fold(str(kind.label)): kind.value for kind in AgencyKind}
        self._kinds |= {fold(kind.value): kind.value for kind in AgencyKind}
        titles = list(Title.objects.values_list("code", "name"))
        self._titles = {fold(name): code for code, name in titles} | {fold(code): code for code, _n in titles}

    def seats(self, code: str) -> dict[tuple[str, str, str], int]:
        """(organ, slot, title) → number of posts of a unit of the plan."""
        if code not in self._seats:
            unit = self._units[code]
            self._seats[code] = seats_of(unit, self._on)
        return self._seats[code]

    def place(self, line: int, row: Mapping[str, str]) -> tuple[str, str, str, str] | RowProblem:
        code = row["unit"].strip("'\" ")
        if code not in self._units:
            return RowProblem(
                line,
                _("Đơn vị «%(code)s» không có trong kế hoạch") % {"code": code},
                _("Ghi mã 5 chữ số của xã, phường mới; trong Excel định dạng cột này là văn bản"),
            )
        kind = self._kinds.get(fold(row["organ"]))
        if kind is None:
            return RowProblem(
                line,
                _("Không có loại cơ quan «%(organ)s»") % {"organ": row["organ"]},
                _("Các loại: %(kinds)s") % {"kinds": ", ".join(str(each.label) for each in AgencyKind)},
            )
        title = self._titles.get(fold(row["title"]))
        if title is None:
            return RowProblem(
                line,
                _("Không có chức danh «%(title)s»") % {"title": row["title"]},
                _("Ghi tên chức danh như trong danh mục, ví dụ Chủ tịch, Trưởng phòng"),
            )
        slots = [slot for organ, slot, each in self.seats(code) if organ == kind and each == title]
        wanted = row.get("slot", "")
        slot = next((each for each in slots if fold(each) == fold(wanted)), None)
        if slot is None and len(slots) == 1 and not wanted:
            slot = slots[0]
        if slot is None:
            return RowProblem(
                line,
                _("%(code)s không có ghế %(title)s ở %(organ)s %(slot)s")
                % {"code": code, "title": row["title"], "organ": row["organ"], "slot": wanted},
                _("Phòng ở đây: %(slots)s") % {"slots": ", ".join(sorted(slots))}
                if any(slots)
                else _("Xem tổ chức bộ máy của đơn vị mới"),
            )
        return code, kind, slot, title


def seats_of(unit: UnitPlan, on: object) -> dict[tuple[str, str, str], int]:
    """(organ, slot, title) → number of posts that the template of its kind gives a unit of a plan."""
    return {
        (template.kind.value, template.slot, post.title): post.count
        for template in template_for(unit.level, unit.kind, on)  # type: ignore[arg-type]
        if template.kind not in unit.leave_out
        for post in template.posts
    }


def _doubled(rows: Sequence[Staffing], organs: _Organs) -> Iterable[RowProblem]:
    """One person twice; more people than posts."""
    first: dict[uuid.UUID, int] = {}
    filled: Counter[tuple[str, str, str, str]] = Counter()
    for row in rows:
        if row.person_id in first:
            yield RowProblem(
                row.line,
                _("%(name)s đã có ở dòng %(line)d") % {"name": row.person_name, "line": first[row.person_id]},
                _("Mỗi người một chỗ; bỏ một dòng"),
            )
            continue
        first[row.person_id] = row.line
        filled[_place(row)] += 1
        seats = organs.seats(row.unit)[(row.kind, row.slot, row.title)]
        if filled[_place(row)] > seats:
            yield RowProblem(
                row.line,
                _("%(unit)s chỉ có %(seats)d ghế cho chức danh này") % {"unit": row.unit, "seats": seats},
                _("Bỏ bớt người"),
            )


# --- who
_HOLDERS = """
    SELECT DISTINCT person.id, person.full_name, person.fold
    FROM registry_unitversion version
    JOIN registry_agency agency ON agency.unit_id = version.unit_id
    JOIN registry_desk desk ON desk.founder_id = agency.id
    JOIN registry_post post ON post.desk_id = desk.id
    JOIN registry_appointment appointment ON appointment.post_id = post.id AND upper_inf(appointment.recorded)
    JOIN registry_person person ON person.id = appointment.person_id
    WHERE version.code = ANY(%s) AND upper_inf(version.recorded) AND person.fold = ANY(%s)
"""


class _People:
    """Everybody whom the rows may mean, fetched in a few queries."""

    def __init__(self, plan: Plan, rows: Sequence[Mapping[str, str]]) -> None:
        ids = {value for row in rows if (value := _uuid(row.get("person", "")))}
        numbers = {row["number"] for row in rows if row.get("number")}
        emails = {row["email"].lower() for row in rows if row.get("email")}
        names = {fold(row["name"]) for row in rows if row.get("name")}
        known = Person.objects.filter(id__in=ids).values_list("id", "full_name")
        self._by_id: dict[uuid.UUID, str] = dict(known)
        self._by_number = {
            number: (key, name)
            for key, name, number in Person.objects.filter(personal_number__in=numbers - {""}).values_list(
                "id", "full_name", "personal_number"
            )
        }
        self._by_email: dict[str, list[tuple[uuid.UUID, str]]] = defaultdict(list)
        if emails:
            found = Person.objects.extra(where=["lower(email) = ANY(%s)"], params=[sorted(emails)])
            for key, name, email in found.values_list("id", "full_name", "email"):
                self._by_email[email.lower()].append((key, name))
        self._near: dict[str, list[tuple[uuid.UUID, str]]] = defaultdict(list)
        self._anywhere: dict[str, list[tuple[uuid.UUID, str]]] = defaultdict(list)
        self._read_names(plan, sorted(names))

    def _read_names(self, plan: Plan, names: list[str]) -> None:
        if not names:
            return
        codes = {part.code for unit in plan.units for part in unit.predecessors}
        codes |= {item.code for item in plan.abolished}
        with connection.cursor() as cursor:
            cursor.execute(_HOLDERS, [sorted(codes), names])
            for key, name, folded in cursor.fetchall():
                self._near[folded].append((key, name))
        everybody = Person.objects.filter(fold__in=names).values_list("id", "full_name", "fold")
        for key, name, folded in everybody[:MOST_ROWS]:
            self._anywhere[folded].append((key, name))

    def find(self, line: int, row: Mapping[str, str]) -> tuple[uuid.UUID, str] | RowProblem:
        """The person of a row: by id, number, email, then by name; the name, where given, must agree."""
        name = row.get("name", "")
        given = row.get("person", "")
        if given:
            key = _uuid(given)
            if key is None or key not in self._by_id:
                return _unknown(line, given)
            return self._agreeing(line, (key, self._by_id[key]), name)
        if row.get("number"):
            found = self._by_number.get(row["number"])
            return self._agreeing(line, found, name) if found else _unknown(line, row["number"])
        if row.get("email"):
            several = self._by_email.get(row["email"].lower(), [])
            if len(several) == 1:
                return self._agreeing(line, several[0], name)
            return _unknown(line, row["email"]) if not several else _ambiguous(line, row["email"], several)
        return self._by_name(line, name)

    def _agreeing(
        self, line: int, found: tuple[uuid.UUID, str], name: str
    ) -> tuple[uuid.UUID, str] | RowProblem:
        if name and fold(name) != fold(found[1]):
            return RowProblem(
                line,
                _("Định danh là của %(found)s, không phải %(name)s") % {"found": found[1], "name": name},
                _("Sửa định danh hoặc họ tên"),
            )
        return found

    def _by_name(self, line: int, name: str) -> tuple[uuid.UUID, str] | RowProblem:
        if not name:
            return RowProblem(line, _("Dòng này không nêu người nào"), _("Ghi họ tên, email hoặc định danh"))
        folded = fold(name)
        for found in (self._near.get(folded, []), self._anywhere.get(folded, [])):
            same = [each for each in found if each[1] == nfc(name)] or found
            if len(same) == 1:
                return same[0]
            if same:
                return _ambiguous(line, name, same)
        return _unknown(line, name)


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _unknown(line: int, who: str) -> RowProblem:
    return RowProblem(
        line,
        _("Không có «%(who)s» trong sổ đăng ký") % {"who": who},
        _("Kiểm tra lại họ tên, email, định danh"),
    )


def _ambiguous(line: int, who: str, found: Sequence[tuple[uuid.UUID, str]]) -> RowProblem:
    return RowProblem(
        line,
        _("Có %(count)d người «%(who)s»") % {"count": len(found), "who": who},
        _("Ghi thêm cột định danh: %(ids)s") % {"ids": ", ".join(str(key) for key, _name in found[:5])},
    )


# --- the file the other way round
def staffing_rows(plan: Plan) -> list[tuple[str, ...]]:
    """The plan's staffing as the rows of such a file, with its head: to be edited and imported again."""
    units = {unit.code: unit for unit in plan.units}
    kinds = {kind.value: str(kind.label) for kind in AgencyKind}
    titles = dict(Title.objects.values_list("code", "name"))
    head = ("mã đơn vị", "tên đơn vị", "cơ quan", "phòng", "chức danh", "họ tên", "định danh")
    return [
        head,
        *(
            (
                row.unit,
                units[row.unit].name if row.unit in units else "",
                kinds.get(row.kind, row.kind),
                row.slot,
                titles.get(row.title, row.title),
                row.person_name,
                str(row.person_id),
            )
            for row in plan.staffing
        ),
    ]
