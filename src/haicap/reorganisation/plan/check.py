"""Checking a plan against the registry (kiểm tra kế hoạch): every problem named, with its line and its fix.

Codes of problems: REO-020 dates and bases, REO-021 fates, REO-022 new units, REO-023 names and codes, REO-024 agency
codes, REO-025 divided units and districts, REO-026 staffing, REO-027 transfers, REO-028 what the registry refuses,
REO-029 agencies set up too late.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from django.db.models import Min
from django.utils.translation import gettext as _

from haicap.kernel.errors import HaicapError
from haicap.kernel.text import fold
from haicap.registry.country import BASE_DATE
from haicap.registry.establishment import CodeIssuer, issuer_from_database, template_for
from haicap.registry.establishment.codes import CODE_FORM, CODE_LENGTH
from haicap.registry.models import Agency, AgencyKind, CodeHolding, Kind, Person, Revision, Title
from haicap.registry.service import UnitChanges, UnitState, changes_of, state_before
from haicap.reorganisation.plan.model import Plan, UnitPlan
from haicap.reorganisation.plan.problems import Problem
from haicap.reorganisation.plan.specs import specs_of_plan

KINDS_BY_LEVEL = {
    "province": {Kind.TINH, Kind.THANH_PHO},
    "district": {
        Kind.QUAN, Kind.HUYEN, Kind.THI_XA, Kind.THANH_PHO_THUOC_TINH, Kind.THANH_PHO_THUOC_THANH_PHO,
    },
    "commune": {Kind.XA, Kind.PHUONG, Kind.THI_TRAN, Kind.DAC_KHU},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CheckReport:
    """Kết quả kiểm tra: the problems found, what the plan does in numbers, and the registry's revision it met."""

    problems: tuple[Problem, ...]
    revision: int
    changes: UnitChanges | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing stops a cut-over (warnings do not)."""
        return all(problem.warning for problem in self.problems)

    def numbers(self) -> dict[str, int]:
        """What the plan does: units formed, living on changed, ended."""
        if self.changes is None:
            return {"opened": 0, "changed": 0, "ended": 0}
        return {
            "opened": len(self.changes.opens),
            "changed": len(self.changes.changes),
            "ended": len(self.changes.closes),
        }


def registry_revision() -> int:
    """The revision now of what a plan is checked against: units, agencies, codes, seats."""
    return Revision.objects.values_list("number", flat=True).get(pk=1)


def staff_revision() -> int:
    """The revision now of posts and appointments: it makes no plan old, its staffing is checked again at the cut."""
    return Revision.objects.values_list("staff", flat=True).get(pk=1)


def check_staffing(plan: Plan, state: dict[uuid.UUID, UnitState]) -> tuple[Problem, ...]:
    """What stops the staffing of a plan, by people, posts and titles as they stand; reads only."""
    if not plan.staffing:
        return ()
    problems = _Checker(plan, state, issuer_from_database(), staffing_required=False).staffing()
    return tuple(problem for problem in problems if not problem.warning)


def check_plan(plan: Plan, *, staffing_required: bool = False) -> CheckReport:
    """Every problem of the plan against the registry as it stands; reads only."""
    revision = registry_revision()
    if plan.effective_on <= BASE_DATE:
        return CheckReport((_before_the_base(plan),), revision)
    state = state_before(plan.effective_on)
    checker = _Checker(plan, state, issuer_from_database(), staffing_required)
    problems = list(checker.problems(revision))
    changes: UnitChanges | None = None
    if not any(not problem.warning and problem.code in _STRUCTURE for problem in problems):
        formations, abolished = specs_of_plan(plan)
        try:
            changes = changes_of(state, plan.effective_on, formations, abolished)
            problems.extend(_set_up_too_late(plan, state, changes))
        except HaicapError as error:
            texts = error.details.get("problems") or [str(error.message)]
            problems.extend(Problem("REO-028", str(text)) for text in texts)
    ordered = sorted(problems, key=lambda problem: (problem.warning, problem.line, problem.code))
    return CheckReport(tuple(ordered), revision, changes)


def _before_the_base(plan: Plan) -> Problem:
    """The one problem of a plan whose day the registry knows nothing of: there is nothing to check it against."""
    return Problem(
        "REO-020",
        _("Ngày hiệu lực %(day)s không sau trạng thái gốc của sổ đăng ký (%(base)s)")
        % {"day": _day(plan.effective_on), "base": _day(BASE_DATE)},
        _("Chọn ngày từ %(first)s trở đi") % {"first": _day(BASE_DATE + timedelta(days=1))},
        plan.lines.get("effective", 0),
    )


def _set_up_too_late(
    plan: Plan, state: dict[uuid.UUID, UnitState], changes: UnitChanges
) -> Iterator[Problem]:
    """Units whose agencies exist only from the effective day on: there is nothing that could be carried that day."""
    touched = {item.unit_id for item in changes.closes} | {item.state.unit_id for item in changes.changes}
    late = (
        Agency.objects.filter(unit_id__in=touched, versions__withdrawn_at=None)
        .annotate(first=Min("versions__begins_on"))
        .filter(first__gte=plan.effective_on)
        .values_list("unit_id", flat=True)
    )
    lines = {part.code: part.line for unit in plan.units for part in unit.predecessors}
    for unit in sorted((state[unit_id] for unit_id in set(late)), key=lambda unit: unit.code):
        yield Problem(
            "REO-029",
            _("Cơ quan của %(code)s %(name)s chỉ được lập từ ngày hiệu lực trở đi, không có gì để chuyển")
            % {"code": unit.code, "name": unit.name},
            _("Lập cơ quan của đơn vị cũ từ một ngày trước %(day)s, hoặc lùi ngày hiệu lực")
            % {"day": _day(plan.effective_on)},
            lines.get(unit.code, 0),
        )


_STRUCTURE = {"REO-020", "REO-021", "REO-022", "REO-023"}


class _Checker:
    """One plan against one state; every method yields the problems of its subject."""

    def __init__(
        self, plan: Plan, state: dict[uuid.UUID, UnitState], issuer: CodeIssuer, staffing_required: bool
    ) -> None:
        self.plan = plan
        self.staffing_required = staffing_required
        self.issuer = issuer
        self.state = state
        self.by_code = {unit.code: unit for unit in state.values()}
        self.formed = {unit.code: unit for unit in plan.units}
        self.successors: dict[str, list[tuple[str, bool, int]]] = defaultdict(list)
        for unit in plan.units:
            for part in unit.predecessors:
                self.successors[part.code].append((unit.code, part.part, part.line or unit.line))

    def problems(self, revision: int) -> Iterator[Problem]:
        yield from self._dates(revision)
        yield from self._predecessors()
        yield from self._fates()
        yield from self._parents()
        yield from self._names_and_codes()
        yield from self._agency_codes()
        yield from self._divisions()
        yield from self._districts()
        yield from self._transfers()
        yield from self.staffing()

    # --- dates and legal bases ---

    def _dates(self, revision: int) -> Iterator[Problem]:
        plan = self.plan
        line = plan.lines.get("effective", 0)
        if not plan.legal:
            yield Problem("REO-020", _("Kế hoạch không nêu căn cứ pháp lý"), _("Thêm mục legal_basis"), line)
        for legal in plan.legal:
            if legal.dated is not None and legal.dated > plan.effective_on:
                yield Problem(
                    "REO-020",
                    _("%(number)s ban hành %(dated)s, sau ngày hiệu lực")
                    % {"number": legal.number, "dated": _day(legal.dated)},
                    _("Xem lại ngày ban hành hoặc ngày hiệu lực"),
                    legal.line,
                )
        numbers = {legal.number for legal in plan.legal}
        for unit in plan.units:
            if unit.resolution and unit.resolution not in numbers:
                yield Problem(
                    "REO-020",
                    _("%(code)s viện dẫn %(number)s, văn bản này không có trong legal_basis")
                    % {"code": unit.code, "number": unit.resolution},
                    _("Thêm văn bản đó vào legal_basis"),
                    unit.line,
                )
        if plan.registry_revision is not None and plan.registry_revision != revision:
            yield Problem(
                "REO-020",
                _("Kế hoạch lập trên sổ đăng ký số %(old)d, nay là số %(new)d")
                % {"old": plan.registry_revision, "new": revision},
                _("Xem lại các thay đổi, rồi lưu kế hoạch với registry_revision: %(new)d")
                % {"new": revision},
                plan.lines.get("registry_revision", 0),
                warning=True,
            )

    # --- every unit before has exactly one fate ---

    def _predecessors(self) -> Iterator[Problem]:
        for unit in self.plan.units:
            if unit.kind not in KINDS_BY_LEVEL.get(unit.level, set()):
                yield Problem(
                    "REO-022",
                    _("%(code)s: không có loại «%(kind)s» ở cấp này")
                    % {"code": unit.code, "kind": unit.kind},
                    _("Các loại: %(kinds)s")
                    % {"kinds": ", ".join(sorted(KINDS_BY_LEVEL.get(unit.level, set())))},
                    unit.line,
                )
            if not unit.predecessors:
                yield Problem(
                    "REO-022",
                    _("%(code)s %(name)s không hình thành từ đơn vị nào")
                    % {"code": unit.code, "name": unit.name},
                    _("Ghi các đơn vị cũ ở mục from"),
                    unit.line,
                )
            doubled = [
                code for code, times in Counter(part.code for part in unit.predecessors).items() if times > 1
            ]
            for code in doubled:
                yield Problem(
                    "REO-021",
                    _("%(code)s nêu hai lần trong %(unit)s") % {"code": code, "unit": unit.code},
                    _("Bỏ một chỗ"),
                    unit.line,
                )
            for part in unit.predecessors:
                known = self.by_code.get(part.code)
                if known is None:
                    yield Problem(
                        "REO-021",
                        _("Không có đơn vị mang mã %(code)s vào ngày %(day)s")
                        % {"code": part.code, "day": _day(self.plan.effective_on - timedelta(days=1))},
                        self._did_you_mean(part.code),
                        part.line or unit.line,
                    )
                elif known.level != unit.level and not self._island_district(known, unit):
                    yield Problem(
                        "REO-021",
                        _("%(code)s %(name)s không cùng cấp với %(unit)s")
                        % {"code": part.code, "name": known.name, "unit": unit.code},
                        _("Đơn vị chỉ hình thành từ các đơn vị cùng cấp"),
                        part.line or unit.line,
                    )

    def _island_district(self, known: UnitState, unit: UnitPlan) -> bool:
        """Whether a district without communes becomes a commune: how island districts became đặc khu."""
        return (
            known.level == "district"
            and unit.level == "commune"
            and not any(other.parent_id == known.unit_id for other in self.state.values())
        )

    def _did_you_mean(self, code: str) -> str:
        close = [known for known in self.by_code if len(known) == len(code) and known[:-1] == code[:-1]]
        if not close:
            return _("Tra mã ở trang Đơn vị hoặc bằng «haicap units search»")
        return _("Có phải: %(codes)s") % {
            "codes": ", ".join(f"{known} {self.by_code[known].name}" for known in sorted(close)[:3])
        }

    def _fates(self) -> Iterator[Problem]:
        abolished = {item.code: item for item in self.plan.abolished}
        for code, successors in self.successors.items():
            whole = [entry for entry in successors if not entry[1]]
            line = successors[-1][2]
            name = self.by_code[code].name if code in self.by_code else code
            if code in abolished:
                yield Problem(
                    "REO-021",
                    _("%(code)s %(name)s vừa có đơn vị kế thừa vừa ở mục abolished")
                    % {"code": code, "name": name},
                    _("Bỏ khỏi một trong hai mục"),
                    abolished[code].line or line,
                )
            if whole and len(successors) > 1:
                yield Problem(
                    "REO-021",
                    _("%(code)s %(name)s nhập nguyên vẹn vào %(whole)s mà còn ở %(others)s")
                    % {
                        "code": code,
                        "name": name,
                        "whole": whole[0][0],
                        "others": ", ".join(entry[0] for entry in successors if entry is not whole[0]),
                    },
                    _('Một đơn vị chỉ có một số phận: ghi {part: "%(code)s"} ở mọi nơi, hoặc chỉ một nơi')
                    % {"code": code},
                    line,
                )
            if not whole and len(successors) == 1:
                yield Problem(
                    "REO-021",
                    _("%(code)s %(name)s chỉ có một phần vào %(to)s; phần còn lại chưa biết đi đâu")
                    % {"code": code, "name": name, "to": successors[0][0]},
                    _("Ghi đơn vị nhận phần còn lại, hoặc bỏ chữ part"),
                    line,
                )
        for code, times in Counter(item.code for item in self.plan.abolished).items():
            if times > 1:
                yield Problem(
                    "REO-021", _("%(code)s nêu hai lần ở mục abolished") % {"code": code}, _("Bỏ một chỗ"),
                    abolished[code].line,
                )  # fmt: skip
        for item in self.plan.abolished:
            if item.code not in self.by_code:
                yield Problem(
                    "REO-021",
                    _("Không có đơn vị mang mã %(code)s để kết thúc") % {"code": item.code},
                    self._did_you_mean(item.code),
                    item.line,
                )
        yield from self._forgotten(abolished.keys() | self.successors.keys())

    def _forgotten(self, mentioned: set[str]) -> Iterator[Problem]:
        """Units that the plan does not mention although their superior ends."""
        ended = {self.by_code[code].unit_id for code in mentioned if code in self.by_code}
        for unit in sorted(self.state.values(), key=lambda unit: unit.code):
            if unit.code in mentioned:
                continue
            if unit.parent_id in ended and self._ends(unit.parent_id):
                superior = self.state[unit.parent_id]
                yield Problem(
                    "REO-021",
                    _("%(code)s %(name)s chưa có số phận: cấp trên %(superior)s kết thúc")
                    % {"code": unit.code, "name": unit.name, "superior": superior.name},
                    _("Thêm vào from của một đơn vị mới, hoặc ghi form với cấp trên mới"),
                )

    def _ends(self, unit_id: uuid.UUID | None) -> bool:
        if unit_id is None:
            return False
        code = self.state[unit_id].code
        successors = self.successors.get(code, [])
        if len(successors) == 1 and not successors[0][1]:
            heir = self.formed[successors[0][0]]
            return len(heir.predecessors) > 1 or heir.level != self.state[unit_id].level
        return True

    # --- new units ---

    def _parents(self) -> Iterator[Problem]:
        for unit in self.plan.units:
            if unit.level == "province":
                if unit.parent:
                    yield Problem(
                        "REO-022", _("%(code)s là cấp tỉnh, không có cấp trên") % {"code": unit.code},
                        _("Bỏ mục parent"), unit.line,
                    )  # fmt: skip
                continue
            if not unit.parent:
                yield Problem(
                    "REO-022", _("%(code)s %(name)s thiếu cấp trên") % {"code": unit.code, "name": unit.name},
                    _("Ghi mã cấp trên ở mục parent"), unit.line,
                )  # fmt: skip
            elif unit.parent == unit.code or len(unit.parent) >= len(unit.code):
                yield Problem(
                    "REO-022",
                    _("%(code)s không thể ở dưới %(parent)s: cấp trên phải cao hơn một cấp")
                    % {"code": unit.code, "parent": unit.parent},
                    _("Xã ở dưới huyện hoặc tỉnh, huyện ở dưới tỉnh"),
                    unit.line,
                )
            elif not self._exists_after(unit.parent):
                yield Problem(
                    "REO-022",
                    _("%(code)s ở dưới %(parent)s, đơn vị này không có từ ngày hiệu lực")
                    % {"code": unit.code, "parent": unit.parent},
                    _("Thêm đơn vị cấp trên vào kế hoạch hoặc ghi mã khác"),
                    unit.line,
                )

    def _exists_after(self, code: str) -> bool:
        if code in self.formed:
            return True
        if any(item.code == code for item in self.plan.abolished) or code in self.successors:
            return False
        return code in self.by_code

    def _names_and_codes(self) -> Iterator[Problem]:
        seen: dict[str, UnitPlan] = {}
        for unit in self.plan.units:
            if unit.code in seen:
                yield Problem(
                    "REO-023",
                    _("Mã %(code)s cấp cho cả %(one)s và %(other)s")
                    % {"code": unit.code, "one": seen[unit.code].name, "other": unit.name},
                    _("Mỗi đơn vị một mã"),
                    unit.line,
                )
            seen[unit.code] = unit
            holder = self.by_code.get(unit.code)
            if holder is not None and unit.code not in self.successors and not self._abolished(unit.code):
                yield Problem(
                    "REO-023",
                    _("Mã %(code)s đang thuộc %(name)s, đơn vị này không kết thúc")
                    % {"code": unit.code, "name": holder.name},
                    _("Dùng mã khác"),
                    unit.line,
                )
            if not unit.name:
                yield Problem(
                    "REO-023",
                    _("%(code)s không có tên") % {"code": unit.code},
                    _("Ghi tên ở mục name"),
                    unit.line,
                )
        yield from self._same_names()

    def _same_names(self) -> Iterator[Problem]:
        siblings: dict[tuple[str, str, str], list[UnitPlan]] = defaultdict(list)
        for unit in self.plan.units:
            siblings[(unit.parent or "", unit.kind, fold(unit.name))].append(unit)
        yield from self._names_of_standing(siblings)
        for (parent, _kind, _name), units in siblings.items():
            exact = Counter(unit.name for unit in units)
            for unit in units[1:]:
                yield Problem(
                    "REO-023",
                    _("%(code)s %(name)s trùng tên với %(other)s trong cùng cấp trên %(parent)s")
                    % {"code": unit.code, "name": unit.name, "other": units[0].code, "parent": parent},
                    _("Đặt tên khác; tên chỉ khác dấu được phép nhưng dễ nhầm"),
                    unit.line,
                    warning=exact[unit.name] == 1,
                )

    def _names_of_standing(
        self, siblings: Mapping[tuple[str, str, str], list[UnitPlan]]
    ) -> Iterator[Problem]:
        """Units of the plan that bear the name of a sibling which the plan leaves as it is."""
        for other in self.state.values():
            if other.code in self.successors or self._abolished(other.code):
                continue
            parent = self.state[other.parent_id].code if other.parent_id in self.state else ""
            for unit in siblings.get((parent, other.kind, fold(other.name)), ()):
                yield Problem(
                    "REO-023",
                    _("%(code)s %(name)s trùng tên với %(other)s trong cùng cấp trên %(parent)s")
                    % {"code": unit.code, "name": unit.name, "other": other.code, "parent": parent},
                    _("Đặt tên khác; tên chỉ khác dấu được phép nhưng dễ nhầm"),
                    unit.line,
                    warning=other.name != unit.name,
                )

    def _abolished(self, code: str) -> bool:
        return any(item.code == code for item in self.plan.abolished)

    def _agency_codes(self) -> Iterator[Problem]:
        seen: dict[str, UnitPlan] = {}
        for unit in self.plan.units:
            code = unit.agency_code
            if not code:
                continue
            if len(code) > CODE_LENGTH or not CODE_FORM.match(code):
                yield Problem(
                    "REO-024",
                    _("Mã định danh «%(code)s» của %(unit)s không đúng dạng (%(length)d ký tự)")
                    % {"code": code[:50], "unit": unit.code, "length": len(code)},
                    _("Một chữ cái và hai chữ số, rồi các nhóm ngăn bởi dấu chấm; dài nhất 35 ký tự"),
                    unit.line,
                )
            elif self.issuer.was_issued(code) and not self._keeps(unit, code):
                yield Problem(
                    "REO-024",
                    _("Mã định danh %(code)s đã từng được cấp") % {"code": code},
                    _("Mã đã cấp không cấp lại: chọn mã khác hoặc bỏ mục agency_code"),
                    unit.line,
                )
            elif code in seen:
                yield Problem(
                    "REO-024",
                    _("Mã định danh %(code)s cấp cho cả %(one)s và %(other)s")
                    % {"code": code, "one": seen[code].code, "other": unit.code},
                    _("Mỗi cơ quan một mã"),
                    unit.line,
                )
            seen[code] = unit
        for unit in self.plan.units:
            if unit.seat and unit.seat not in {part.code for part in unit.predecessors}:
                yield Problem(
                    "REO-024",
                    _("Trụ sở của %(unit)s lấy từ %(seat)s, đơn vị này không phải đơn vị cũ của nó")
                    % {"unit": unit.code, "seat": unit.seat},
                    _("Chọn một trong: %(codes)s")
                    % {"codes": ", ".join(part.code for part in unit.predecessors)},
                    unit.line,
                )
            for kind in unit.leave_out:
                if kind not in AgencyKind.values:
                    yield Problem(
                        "REO-024",
                        _("%(unit)s: không có loại cơ quan «%(kind)s»") % {"unit": unit.code, "kind": kind},
                        _("Các loại: %(kinds)s") % {"kinds": ", ".join(AgencyKind.values)},
                        unit.line,
                    )

    def _keeps(self, unit: UnitPlan, code: str) -> bool:
        """Whether a province keeps this code: that of the merged one whose name it bears."""
        namesakes = {
            self.by_code[part.code].unit_id
            for part in unit.predecessors
            if part.code in self.by_code and self.by_code[part.code].name == unit.name
        }
        return (
            unit.level == "province"
            and CodeHolding.objects.filter(
                code__code=code, code__closed_on=None, agency__unit_id__in=namesakes, withdrawn_at=None
            ).exists()
        )

    # --- divided units, districts, authority ---

    def _divisions(self) -> Iterator[Problem]:
        rules = {division.code: division for division in self.plan.divisions}
        for code, successors in self.successors.items():
            targets = {entry[0] for entry in successors}
            if len(targets) < 2:
                continue
            division = rules.get(code)
            if division is None:
                yield Problem(
                    "REO-025",
                    _("%(code)s %(name)s bị chia cho %(to)s mà chưa có đơn vị tạm giữ hồ sơ")
                    % {
                        "code": code,
                        "name": self.by_code[code].name if code in self.by_code else "",
                        "to": ", ".join(sorted(targets)),
                    },
                    _("Thêm vào divisions: unit, interim và quy tắc nếu có"),
                    successors[0][2],
                )
                continue
            named = {division.interim, *(to for _text, to in (*division.villages, *division.addresses))}
            for wrong in sorted(named - targets):
                yield Problem(
                    "REO-025",
                    _("%(wrong)s không phải đơn vị nhận phần nào của %(code)s")
                    % {"wrong": wrong, "code": code},
                    _("Chọn một trong: %(codes)s") % {"codes": ", ".join(sorted(targets))},
                    division.line,
                )
        for division in self.plan.divisions:
            if rules[division.code] is not division:
                yield Problem(
                    "REO-025",
                    _("%(code)s nêu hai lần ở mục divisions") % {"code": division.code},
                    _("Gộp các quy tắc vào một chỗ"),
                    division.line,
                )
        for code, division in rules.items():
            if len({entry[0] for entry in self.successors.get(code, [])}) < 2:
                yield Problem(
                    "REO-025",
                    _("%(code)s có quy tắc phân định nhưng không bị chia") % {"code": code},
                    _("Bỏ mục này hoặc sửa from của các đơn vị"),
                    division.line,
                )

    def _districts(self) -> Iterator[Problem]:
        for item in self.plan.abolished:
            if item.code not in self.by_code:
                continue
            if not item.interim:
                yield Problem(
                    "REO-025",
                    _("%(code)s %(name)s kết thúc mà chưa có xã, phường tạm giữ việc chưa phân định")
                    % {"code": item.code, "name": self.by_code[item.code].name},
                    _("Ghi mã ở mục interim"),
                    item.line,
                )
            elif len(item.interim) != len("20194"):
                yield Problem(
                    "REO-025",
                    _("%(interim)s (tạm giữ việc của %(code)s) không phải xã, phường, đặc khu")
                    % {"interim": item.interim, "code": item.code},
                    _("Ghi mã một xã, phường mới"),
                    item.line,
                )
            elif not self._exists_after(item.interim):
                yield Problem(
                    "REO-025",
                    _("%(interim)s (tạm giữ việc của %(code)s) không có từ ngày hiệu lực")
                    % {"interim": item.interim, "code": item.code},
                    _("Ghi mã một xã, phường mới"),
                    item.line,
                )

    def _transfers(self) -> Iterator[Problem]:
        departments = {
            template.slot
            for template in template_for("province", Kind.TINH, self.plan.effective_on)
            if template.kind == AgencyKind.DEPARTMENT
        }
        fields: dict[str, str] = {}
        for transfer in self.plan.transfers:
            if transfer.to not in departments:
                yield Problem(
                    "REO-027",
                    _("Không có Sở «%(to)s»") % {"to": transfer.to},
                    _("Các sở: %(names)s") % {"names": ", ".join(sorted(departments))},
                    transfer.line,
                )
            for name in (*transfer.fields, *transfer.procedures):
                if name in fields and fields[name] != transfer.to:
                    yield Problem(
                        "REO-027",
                        _("«%(name)s» chuyển cho cả %(one)s và %(other)s")
                        % {"name": name, "one": fields[name], "other": transfer.to},
                        _("Mỗi lĩnh vực, thủ tục một nơi"),
                        transfer.line,
                    )
                elif name in fields:
                    yield Problem(
                        "REO-027",
                        _("«%(name)s» nêu hai lần ở mục transfers") % {"name": name},
                        _("Bỏ một chỗ"),
                        transfer.line,
                    )
                fields[name] = transfer.to

    # --- staffing ---

    def staffing(self) -> Iterator[Problem]:
        rows = self.plan.staffing
        singular = set(Title.objects.filter(singular=True).values_list("code", flat=True))
        known_titles = set(Title.objects.values_list("code", flat=True))
        people = set(
            Person.objects.filter(id__in={row.person_id for row in rows}).values_list("id", flat=True)
        )
        filled: Counter[tuple[str, str, str, str]] = Counter()
        seated: set[tuple[str, str, str, str, uuid.UUID]] = set()
        for row in rows:
            unit = self.formed.get(row.unit)
            seats = _seats(unit, self.plan.effective_on) if unit else {}
            place = (row.kind, row.slot, row.title)
            if unit is None:
                yield Problem(
                    "REO-026", _("Bố trí người về %(unit)s, đơn vị này không có trong kế hoạch") % {"unit": row.unit},
                    _("Sửa mã đơn vị"), row.line,
                )  # fmt: skip
            elif row.title not in known_titles or place not in seats:
                yield Problem(
                    "REO-026",
                    _("%(unit)s không có chức danh %(title)s ở %(organ)s %(slot)s")
                    % {"unit": row.unit, "title": row.title, "organ": row.kind, "slot": row.slot},
                    _("Xem mẫu tổ chức bộ máy của loại đơn vị này"),
                    row.line,
                )
            else:
                filled[(row.unit, *place)] += 1
                if filled[(row.unit, *place)] == seats[place] + 1:
                    yield Problem(
                        "REO-026",
                        _("%(unit)s: quá số ghế %(title)s ở %(organ)s (%(seats)d)")
                        % {"unit": row.unit, "title": row.title, "organ": row.kind, "seats": seats[place]},
                        _("Một chức danh duy nhất chỉ một người")
                        if row.title in singular
                        else _("Bỏ bớt người"),
                        row.line,
                    )
            if (row.unit, *place, row.person_id) in seated:
                yield Problem(
                    "REO-026",
                    _("%(unit)s: %(name)s được bố trí hai lần vào chức danh %(title)s ở %(organ)s")
                    % {
                        "unit": row.unit,
                        "name": row.person_name or row.person_id,
                        "title": row.title,
                        "organ": row.kind,
                    },
                    _("Bỏ một chỗ"),
                    row.line,
                )
            seated.add((row.unit, *place, row.person_id))
            if unit is not None and place in seats and self._stands(unit, row.kind):
                yield Problem(
                    "REO-026",
                    _("%(unit)s không thay đổi bộ máy: người đang giữ chức danh %(title)s vẫn giữ")
                    % {"unit": row.unit, "title": row.title},
                    _(
                        "Bổ nhiệm ở đơn vị đó theo thủ tục thường; dòng này chỉ có tác dụng với cơ quan mới lập"
                    ),
                    row.line,
                    warning=True,
                )
            if row.person_id not in people:
                yield Problem(
                    "REO-026",
                    _("Không có người mang định danh %(person)s (%(name)s) trong sổ đăng ký")
                    % {"person": row.person_id, "name": row.person_name},
                    _("Lập lại danh sách từ sổ đăng ký"),
                    row.line,
                )
        yield from self._vacancies(filled)

    def _vacancies(self, filled: Counter[tuple[str, str, str, str]]) -> Iterator[Problem]:
        """Heads of committees that nobody was named for."""
        vacant = [
            unit
            for unit in self.plan.units
            if AgencyKind.COMMITTEE not in unit.leave_out
            and not self._lives_on(unit)
            and not filled[(unit.code, AgencyKind.COMMITTEE.value, "", "chu_tich")]
        ]
        if not vacant:
            return
        if self.plan.staffing or self.staffing_required:
            for unit in vacant:
                yield Problem(
                    "REO-026",
                    _("%(code)s %(name)s chưa có Chủ tịch Ủy ban nhân dân")
                    % {"code": unit.code, "name": unit.name},
                    _("Thêm vào staffing"),
                    unit.line,
                    warning=not self.staffing_required,
                )
        else:
            yield Problem(
                "REO-026",
                _("Kế hoạch chưa bố trí nhân sự (%(count)d đơn vị)") % {"count": len(vacant)},
                _("Nạp danh sách CSV hoặc dùng «haicap reorganise staff»"),
                self.plan.lines.get("staffing", 0),
                warning=True,
            )

    def _stands(self, unit: UnitPlan, kind: str) -> bool:
        """Whether the unit lives on with an organ of this kind: its people stay, staffing fills new organs only."""
        return self._lives_on(unit) and (unit.predecessors[0].code, kind) in self._standing_organs

    @cached_property
    def _standing_organs(self) -> set[tuple[str, str]]:
        """(code of the unit, kind) of the organs that units which live on have already."""
        units = {
            self.by_code[unit.predecessors[0].code].unit_id: unit.predecessors[0].code
            for unit in self.plan.units
            if self._lives_on(unit) and unit.predecessors[0].code in self.by_code
        }
        found = Agency.objects.filter(unit_id__in=units, versions__withdrawn_at=None).distinct()
        return {(units[unit_id], kind) for unit_id, kind in found.values_list("unit_id", "kind")}

    def _lives_on(self, unit: UnitPlan) -> bool:
        if len(unit.predecessors) != 1 or unit.predecessors[0].part:
            return False
        if len(unit.predecessors[0].code) != len(unit.code):
            return False  # an island district that becomes a commune is formed anew
        return len(self.successors[unit.predecessors[0].code]) == 1


def _seats(unit: UnitPlan, on: date) -> dict[tuple[str, str, str], int]:
    """(organ, slot, title) → number of posts that the template gives a unit."""
    return {
        (template.kind.value, template.slot, post.title): post.count
        for template in template_for(unit.level, unit.kind, on)
        if template.kind not in unit.leave_out
        for post in template.posts
    }


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"
