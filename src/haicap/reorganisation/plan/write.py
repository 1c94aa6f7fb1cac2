"""Writing a plan as a readable file (YAML); `read_plan(write_plan(p))` gives `p` back."""

from __future__ import annotations

from typing import Any

import yaml

from haicap.reorganisation.plan.model import Division, Plan, Staffing, Transfer, UnitPlan

HEAD = """\
# Kế hoạch sắp xếp đơn vị hành chính. Sửa được bằng tay hoặc trên trang /dieu-hanh/sap-xep/.
# - units: mỗi đơn vị từ ngày hiệu lực, hình thành từ (from) những đơn vị nào; {part: "mã"} là một phần.
# - abolished: đơn vị kết thúc không có đơn vị kế thừa; interim giữ phần việc chưa phân định.
# - transfers: lĩnh vực hoặc thủ tục của cấp huyện chuyển về sở nào; còn lại về xã nơi phát sinh.
# - divisions: đơn vị bị chia; hồ sơ theo thôn, địa chỉ, tọa độ; còn lại chờ phân định.
# - staffing: ai giữ chức danh nào sau chuyển đổi.
"""


def write_plan(plan: Plan) -> str:
    """The plan as YAML text, in the order in which a person reads it."""
    content: dict[str, Any] = {
        "haicap_plan": 1,
        "key": plan.key,
        "title": plan.title,
        "effective": plan.effective_on,
        "province": _quoted(plan.province),
        "undo_window_days": plan.undo_window_days,
    }
    if plan.registry_revision is not None:
        content["registry_revision"] = plan.registry_revision
    if plan.boundaries:
        content["boundaries"] = plan.boundaries
    content["legal_basis"] = [
        _slim(number=legal.number, dated=legal.dated, issued_by=legal.issued_by, title=legal.title)
        for legal in plan.legal
    ]
    content["units"] = [_unit(unit) for unit in plan.units]
    if plan.abolished:
        content["abolished"] = [
            _Line(
                _slim(
                    unit=_quoted(item.code),
                    interim=_quoted(item.interim) if item.interim else None,
                    resolution=item.resolution,
                )
            )
            for item in plan.abolished
        ]
    if plan.transfers:
        content["transfers"] = [_transfer(item) for item in plan.transfers]
    if plan.divisions:
        content["divisions"] = [_division(item) for item in plan.divisions]
    if plan.staffing:
        content["staffing"] = [_staffing(item) for item in plan.staffing]
    return HEAD + yaml.dump(
        # one thing a line, however long: names are not broken, and what changed is seen line by line
        content,
        Dumper=_Dumper,
        allow_unicode=True,
        sort_keys=False,
        width=10_000,
        default_flow_style=False,
    )


class _Quoted(str):
    """A code: always written in quotes, so that no reader takes it for a number."""


class _Line(dict):  # type: ignore[type-arg]
    """A mapping on one line."""


class _Row(list):  # type: ignore[type-arg]
    """A list on one line."""


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        return super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Dumper.add_representer(
    _Quoted, lambda dumper, value: dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style='"')
)
_Dumper.add_representer(
    _Line,
    lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=True),
)
_Dumper.add_representer(
    _Row, lambda dumper, value: dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)
)


def _quoted(code: str) -> _Quoted:
    return _Quoted(code)


def _slim(**values: Any) -> dict[str, Any]:
    """The values that say something; `from` is always shown, also where a person has yet to fill it in."""
    return {key: value for key, value in values.items() if key == "from" or value not in (None, "", [], {})}


def _unit(unit: UnitPlan) -> dict[str, Any]:
    return _slim(
        form=_quoted(unit.code),
        kind=unit.kind,
        name=_Quoted(unit.name),
        parent=_quoted(unit.parent) if unit.parent else None,
        **{
            "from": _Row(
                [
                    _Line({"part": _quoted(part.code)}) if part.part else _quoted(part.code)
                    for part in unit.predecessors
                ]
            )
        },
        resolution=unit.resolution,
        point=_Row([unit.latitude, unit.longitude]) if unit.latitude is not None else None,
        seat=_quoted(unit.seat) if unit.seat else None,
        agency_code=_quoted(unit.agency_code) if unit.agency_code else None,
        leave_out=_Row(unit.leave_out) if unit.leave_out else None,
        note=unit.note,
    )


def _transfer(transfer: Transfer) -> dict[str, Any]:
    return _slim(
        to=transfer.to,
        fields=_Row([_quoted(item) for item in transfer.fields]) if transfer.fields else None,
        procedures=_Row([_quoted(item) for item in transfer.procedures]) if transfer.procedures else None,
    )


def _division(division: Division) -> dict[str, Any]:
    return _slim(
        unit=_quoted(division.code),
        interim=_quoted(division.interim),
        villages={_Quoted(text): _quoted(code) for text, code in division.villages},
        addresses={_Quoted(text): _quoted(code) for text, code in division.addresses},
    )


def _staffing(staffing: Staffing) -> dict[str, Any]:
    return _Line(
        _slim(
            unit=_quoted(staffing.unit),
            organ=staffing.kind,
            slot=_Quoted(staffing.slot) if staffing.slot else None,
            title=staffing.title,
            person=str(staffing.person_id),
            name=_Quoted(staffing.person_name) if staffing.person_name else None,
        )
    )
