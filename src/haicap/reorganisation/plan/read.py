"""Reading a plan file (YAML) into values, with the line of every thing, and every problem of form named at once."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import yaml
from django.utils.translation import gettext as _

from haicap.kernel.errors import BadInput
from haicap.kernel.text import nfc
from haicap.reorganisation.plan.model import (
    UNDO_WINDOW_DAYS,
    Abolition,
    Division,
    Legal,
    Part,
    Plan,
    Staffing,
    Transfer,
    UnitPlan,
)
from haicap.reorganisation.plan.problems import Problem, refuse

MAXIMUM_BYTES = 20_000_000
#: a plan has five levels; the composer of YAML calls itself for each and ends the process when they are too many
MAXIMUM_DEPTH = 20
VERSION = "1"
_CODE = re.compile(r"^[0-9]{2}$|^[0-9]{3}$|^[0-9]{5}$")
_LEVELS = {2: "province", 3: "district", 5: "commune"}
#: what no database and no page can show: control characters but line breaks and tabs, halves of pairs
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def read_plan(content: str | bytes) -> Plan:
    """The plan of a file's content.

    Raises BadInput REO-001 (not UTF-8), REO-002 (not YAML, with its line), REO-003 (aliases or too large), and
    REO-010 with every problem of form in `details["problems"]`: unknown keys, missing values, dates, codes.
    """
    root = _compose(_decode(content))
    reader = _Reader()
    plan = reader.plan(root)
    refuse(reader.problems, "REO-010", _("Tệp kế hoạch có %(count)d chỗ sai dạng."))
    assert plan is not None  # a plan without problems of form was built
    return plan


def _decode(content: str | bytes) -> str:
    size = len(content)
    if size > MAXIMUM_BYTES:
        raise BadInput(
            _("Tệp kế hoạch lớn hơn %(size)d MB.") % {"size": MAXIMUM_BYTES // 1_000_000},
            code="REO-003",
            todo=_("Chia kế hoạch theo từng tỉnh."),
        )
    if isinstance(content, str):
        return nfc(content)
    try:
        return nfc(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BadInput(
            _("Tệp kế hoạch không phải UTF-8 (byte thứ %(at)d).") % {"at": error.start + 1},
            code="REO-001",
            todo=_("Lưu lại tệp với bảng mã UTF-8 rồi nạp lại."),
        ) from None


def _compose(text: str) -> yaml.Node:
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    try:
        depth = 0
        for event in yaml.parse(text, Loader=loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAXIMUM_DEPTH:
                raise BadInput(
                    _("Tệp kế hoạch lồng quá %(depth)d tầng.") % {"depth": MAXIMUM_DEPTH},
                    code="REO-003",
                    todo=_("Viết theo mẫu của «haicap reorganise plan»."),
                )
            if isinstance(event, yaml.AliasEvent):
                raise BadInput(
                    _("Kế hoạch không dùng bí danh YAML (dấu *)."),
                    code="REO-003",
                    where=_("dòng %(line)d") % {"line": event.start_mark.line + 1 if event.start_mark else 0},
                    todo=_("Viết rõ nội dung ở từng chỗ."),
                )
        node = yaml.compose(text, Loader=loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise BadInput(
            _("Tệp kế hoạch không đúng cú pháp YAML: %(why)s.")
            % {"why": getattr(error, "problem", None) or str(error).splitlines()[0]},
            code="REO-002",
            where=_("dòng %(line)d, cột %(column)d") % {"line": mark.line + 1, "column": mark.column + 1}
            if mark
            else "",
            todo=_("Sửa dòng đó; thụt lề bằng dấu cách, không dùng phím Tab."),
        ) from None
    if node is None:
        raise BadInput(
            _("Tệp kế hoạch trống."), code="REO-002", todo=_("Tạo kế hoạch bằng «haicap reorganise plan».")
        )
    return node


@dataclass(slots=True)
class _Reader:
    """Walks the nodes; notes problems instead of stopping at the first."""

    problems: list[Problem] = field(default_factory=list)

    def plan(self, root: yaml.Node) -> Plan | None:
        keys = {
            "haicap_plan", "key", "title", "effective", "province", "legal_basis", "units", "abolished",
            "transfers", "divisions", "staffing", "boundaries", "undo_window_days", "registry_revision",
        }  # fmt: skip
        top = self.mapping(
            root, keys, needed={"key", "title", "effective", "province", "legal_basis", "units"}
        )
        if top is None:
            return None
        if "haicap_plan" in top and self.text(top["haicap_plan"], 10) != VERSION:
            self.problem(
                top["haicap_plan"],
                _("Tệp theo mẫu khác với mẫu %(version)s mà hệ thống này đọc được") % {"version": VERSION},
                _("Lập lại kế hoạch bằng «haicap reorganise plan»"),
            )
        effective = self.day(top.get("effective"), "effective")
        province = self.code(top.get("province"), {2})
        plan = Plan(
            key=self.words(top, "key", 60),
            title=self.words(top, "title", 500),
            effective_on=effective or date.min,
            province=province,
            legal=tuple(self.legal(node) for node in self.items(top.get("legal_basis"))),
            units=tuple(self.unit(node) for node in self.items(top.get("units"))),
            abolished=tuple(self.abolition(node) for node in self.items(top.get("abolished"))),
            transfers=tuple(self.transfer(node) for node in self.items(top.get("transfers"))),
            divisions=tuple(self.division(node) for node in self.items(top.get("divisions"))),
            staffing=tuple(self.staffing(top.get("staffing"))),
            boundaries=self.text(top.get("boundaries"), 300),
            undo_window_days=self.number(top.get("undo_window_days"), UNDO_WINDOW_DAYS, 0, 60) or 0,
            registry_revision=self.number(top.get("registry_revision"), None, 0, 2**62),
            lines={key: node.start_mark.line + 1 for key, node in top.items()},
        )
        return plan

    # --- the parts of a plan ---

    def legal(self, node: yaml.Node) -> Legal:
        fields = self.mapping(node, {"number", "dated", "issued_by", "title"}, needed={"number"}) or {}
        return Legal(
            number=self.words(fields, "number", 60),
            dated=self.day(fields.get("dated"), "dated") if "dated" in fields else None,
            issued_by=self.text(fields.get("issued_by"), 200),
            title=self.text(fields.get("title"), 500),
            line=_line(node),
        )

    def unit(self, node: yaml.Node) -> UnitPlan:
        keys = {
            "form", "kind", "name", "parent", "from", "resolution", "note", "point", "seat", "agency_code", "leave_out",
        }  # fmt: skip
        fields = self.mapping(node, keys, needed={"form", "kind", "name", "from"}) or {}
        code = self.code(fields.get("form"))
        latitude, longitude = self.point(fields.get("point"))
        return UnitPlan(
            code=code,
            level=_LEVELS.get(len(code), ""),
            kind=self.words(fields, "kind", 32),
            name=self.words(fields, "name", 200),
            parent=self.code(fields["parent"], {2, 3}) if "parent" in fields else None,
            predecessors=tuple(self.part(item) for item in self.items(fields.get("from"))),
            resolution=self.text(fields.get("resolution"), 60),
            note=self.text(fields.get("note"), 5000),
            latitude=latitude,
            longitude=longitude,
            seat=self.code(fields["seat"]) if "seat" in fields else "",
            agency_code=self.text(fields.get("agency_code"), 200),
            leave_out=tuple(self.text(item, 20) for item in self.items(fields.get("leave_out"))),
            line=_line(node),
        )

    def part(self, node: yaml.Node) -> Part:
        if isinstance(node, yaml.ScalarNode):
            return Part(self.code(node), False, _line(node))
        fields = self.mapping(node, {"part"}, needed={"part"}) or {}
        return Part(self.code(fields.get("part")), True, _line(node))

    def abolition(self, node: yaml.Node) -> Abolition:
        fields = self.mapping(node, {"unit", "interim", "resolution"}, needed={"unit"}) or {}
        return Abolition(
            code=self.code(fields.get("unit")),
            interim=self.code(fields["interim"]) if "interim" in fields else "",
            resolution=self.text(fields.get("resolution"), 60),
            line=_line(node),
        )

    def transfer(self, node: yaml.Node) -> Transfer:
        fields = self.mapping(node, {"to", "fields", "procedures"}, needed={"to"}) or {}
        return Transfer(
            to=self.text(fields.get("to"), 100),
            fields=tuple(self.text(item, 40) for item in self.items(fields.get("fields"))),
            procedures=tuple(self.text(item, 20) for item in self.items(fields.get("procedures"))),
            line=_line(node),
        )

    def division(self, node: yaml.Node) -> Division:
        fields = (
            self.mapping(node, {"unit", "interim", "villages", "addresses"}, needed={"unit", "interim"}) or {}
        )
        return Division(
            code=self.code(fields.get("unit")),
            interim=self.code(fields.get("interim")),
            villages=tuple(self.pairs(fields.get("villages"))),
            addresses=tuple(self.pairs(fields.get("addresses"))),
            line=_line(node),
        )

    def staffing(self, node: yaml.Node | None) -> Iterator[Staffing]:
        keys = {"unit", "organ", "slot", "title", "person", "name"}
        for item in self.items(node):
            fields = self.mapping(item, keys, needed={"unit", "organ", "title", "person"}) or {}
            person = self.text(fields.get("person"), 36)
            try:
                person_id = uuid.UUID(person)
            except ValueError:
                self.problem(item, _("«person» phải là mã định danh (UUID) của một người trong sổ đăng ký"))
                continue
            yield Staffing(
                unit=self.code(fields.get("unit")),
                kind=self.text(fields.get("organ"), 20),
                slot=self.text(fields.get("slot"), 100),
                title=self.text(fields.get("title"), 30),
                person_id=person_id,
                person_name=self.text(fields.get("name"), 200),
                line=_line(item),
            )

    # --- nodes ---

    def problem(self, node: yaml.Node | None, message: str, fix: str = "") -> None:
        self.problems.append(Problem("REO-010", message, fix=fix, line=_line(node) if node else 0))

    def mapping(
        self, node: yaml.Node | None, allowed: set[str], needed: set[str]
    ) -> dict[str, yaml.Node] | None:
        if not isinstance(node, yaml.MappingNode):
            self.problem(node, _("Chỗ này phải là các cặp «khóa: giá trị»"))
            return None
        found: dict[str, yaml.Node] = {}
        for key_node, value in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else "?"
            if key not in allowed:
                self.problem(
                    key_node,
                    _("Không có mục nào tên là «%(key)s» ở đây") % {"key": key},
                    _("Các mục được dùng: %(keys)s") % {"keys": ", ".join(sorted(allowed))},
                )
            elif key in found:
                self.problem(key_node, _("Mục «%(key)s» viết hai lần") % {"key": key})
            else:
                found[key] = value
        for key in sorted(needed - found.keys()):
            self.problem(node, _("Thiếu mục «%(key)s»") % {"key": key})
        return found

    def items(self, node: yaml.Node | None) -> list[yaml.Node]:
        if node is None or (isinstance(node, yaml.ScalarNode) and node.value in ("", "~", "null")):
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.problem(node, _("Chỗ này phải là một danh sách"))
            return []
        items: list[yaml.Node] = node.value
        return items

    def text(self, node: yaml.Node | None, longest: int) -> str:
        if node is None:
            return ""
        if not isinstance(node, yaml.ScalarNode):
            self.problem(node, _("Chỗ này phải là chữ hoặc số"))
            return ""
        value = str(node.value).strip()
        if not value.isprintable() and _NOT_TEXT.search(value):
            self.problem(node, _("Có ký tự điều khiển hoặc ký tự hỏng"), _("Xóa ký tự đó và gõ lại"))
            return ""
        if len(value) > longest:
            self.problem(node, _("Dài quá %(longest)d ký tự") % {"longest": longest})
            return value[:longest]
        return value

    def words(self, fields: Mapping[str, yaml.Node], key: str, longest: int) -> str:
        """A text that may not be empty; a missing key was named already."""
        value = self.text(fields.get(key), longest)
        if key in fields and not value:
            self.problem(fields[key], _("Mục «%(key)s» chưa được điền") % {"key": key})
        return value

    def code(self, node: yaml.Node | None, lengths: set[int] | None = None) -> str:
        if node is None:
            return ""
        value = self.text(node, 36)
        if not _CODE.match(value) or (lengths and len(value) not in lengths):
            self.problem(
                node,
                _("«%(value)s» không phải mã đơn vị") % {"value": value},
                _('Mã tỉnh 2 chữ số, mã huyện 3, mã xã 5, viết trong dấu nháy: "20194"'),
            )
        return value

    def day(self, node: yaml.Node | None, name: str) -> date | None:
        value = self.text(node, 40)
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.problem(
                node,
                _("«%(name)s» không phải ngày: %(value)s") % {"name": name, "value": value or "—"},
                _("Viết năm-tháng-ngày, ví dụ 2025-07-01"),
            )
            return None

    def number(self, node: yaml.Node | None, default: int | None, least: int, most: int) -> int | None:
        if node is None:
            return default
        value = self.text(node, 20)
        if not (value.isascii() and value.isdigit()) or not least <= int(value) <= most:
            self.problem(
                node, _("Chỗ này phải là số từ %(least)d đến %(most)d") % {"least": least, "most": most}
            )
            return default
        return int(value)

    def point(self, node: yaml.Node | None) -> tuple[float | None, float | None]:
        values = [self.text(item, 30) for item in self.items(node)]
        if not values:
            return None, None
        try:
            latitude, longitude = (float(value) for value in values)
        except ValueError:
            self.problem(node, _("«point» là [vĩ độ, kinh độ], ví dụ [16.05, 108.2]"))
            return None, None
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            self.problem(node, _("Tọa độ nằm ngoài mặt đất"))
            return None, None
        return latitude, longitude

    def pairs(self, node: yaml.Node | None) -> Iterator[tuple[str, str]]:
        if node is None:
            return
        if not isinstance(node, yaml.MappingNode):
            self.problem(node, _("Chỗ này phải là các cặp «thôn: mã đơn vị mới»"))
            return
        for key, value in node.value:
            yield self.text(key, 200), self.code(value)


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
