"""A route from BPMN 2.0 XML: our own files give back what was written, those of other tools are read for their sense.

What a route cannot be (sub-processes, scripts, several starts, inclusive gateways) is refused, with every reason at
once; what it does not need (annotations, messages, other tools' extensions) is left out and noted. DTDs and entities
are refused before anything is expanded.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.utils.translation import gettext as _

from haicap.kernel.text import clean, fold
from haicap.systems.onestop.models import Status, TaskKind
from haicap.systems.onestop.routes.bpmn.names import MODEL, OWN, model, own
from haicap.systems.onestop.routes.definition import (
    KEY_LENGTH,
    LABEL_LENGTH,
    MOST_HOURS,
    NAME_LENGTH,
    QUARTER,
    Definition,
    OutcomeKind,
    parse,
)
from haicap.systems.onestop.routes.errors import BadBpmn, BadDefinition

MOST_BYTES = 2 * 1024 * 1024
MOST_ELEMENTS = 20_000
#: gateways in a row that are followed
MOST_GATEWAYS = 20
#: nodes that are looked at on the ways from all tasks together
MOST_WALKED = 5_000

_TASKS = frozenset({"task", "userTask", "manualTask"})
_GATEWAYS = frozenset({"exclusiveGateway"})
_DROPPED = frozenset(
    {
        "textAnnotation",
        "association",
        "group",
        "dataObject",
        "dataObjectReference",
        "dataStoreReference",
        "documentation",
        "extensionElements",
        "laneSet",
        "sequenceFlow",
        "property",
        "ioSpecification",
        "boundaryEvent",
    }
)
_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:\d+(?:\.\d+)?S)?)?"
)
_NOT_A_KEY = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Imported:
    """Quy trình đọc được: its name, its steps, and what was left out or guessed."""

    name: str
    definition: Definition
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Reader:
    """What is known while a process is read."""

    process: ET.Element
    titles: Mapping[str, str]
    reasons: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    nodes: dict[str, ET.Element] = field(default_factory=dict)
    flows: dict[str, list[ET.Element]] = field(default_factory=dict)
    lanes: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    hours: dict[str, Decimal] = field(default_factory=dict)
    walked: int = 0


def read_bpmn(content: bytes, titles: Mapping[str, str]) -> Imported:
    """The route in a BPMN file; `titles` are the names of titles by code, by which lanes are understood.

    Raises BadBpmn with every reason in `details["reasons"]`.
    """
    root = _root(content)
    process = _process(root)
    reader = _Reader(process, titles)
    _note_foreign(root, reader)
    _index(reader)
    begin = _begin(reader)
    rows = _rows(reader, begin) if begin is not None and not reader.reasons else []
    if reader.reasons or not rows:
        raise _refused(reader.reasons or [_("tệp không có việc nào")])
    try:
        definition = parse({"steps": rows})
    except BadDefinition as error:
        raise _refused([f"{error.where}: {error.message}"]) from error
    name = clean(process.get("name") or process.get("id") or "")[:NAME_LENGTH]
    return Imported(name, definition, tuple(dict.fromkeys(reader.notes)))


def _refused(reasons: list[str]) -> BadBpmn:
    unique = list(dict.fromkeys(reasons))
    return BadBpmn(
        _("Tệp BPMN không thành quy trình được: %(why)s.") % {"why": "; ".join(unique[:5])},
        kept=_("Chưa có quy trình nào được ghi."),
        todo=_("Hãy sửa trong công cụ vẽ rồi nhập lại."),
        details={"reasons": unique},
    )


def _root(content: bytes) -> ET.Element:
    if len(content) > MOST_BYTES:
        raise _refused([_("tệp lớn hơn 2 MB")])
    try:
        root: ET.Element = fromstring(content, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except DefusedXmlException as error:
        raise _refused([_("tệp có DTD hoặc thực thể XML, không nhận")]) from error
    except (ET.ParseError, ValueError, LookupError) as error:
        raise _refused([_("tệp không phải XML đúng: %(why)s") % {"why": str(error)[:200]}]) from error
    if sum(1 for _element in root.iter()) > MOST_ELEMENTS:
        raise _refused([_("tệp có quá nhiều phần tử")])
    if root.tag != model("definitions"):
        raise _refused(
            [_("tệp không phải BPMN 2.0 (phần tử gốc là «%(tag)s»)") % {"tag": str(root.tag)[:100]}]
        )
    return root


def _process(root: ET.Element) -> ET.Element:
    found = [each for each in root.findall(model("process")) if len(each)]
    if len(found) != 1:
        raise _refused(
            [_("tệp phải có đúng một quy trình (process), ở đây có %(count)d") % {"count": len(found)}]
        )
    return found[0]


def _local(element: ET.Element) -> str:
    return element.tag.removeprefix(f"{{{MODEL}}}") if isinstance(element.tag, str) else ""


def _note_foreign(root: ET.Element, reader: _Reader) -> None:
    """Extensions of other tools are not kept."""
    foreign: Counter[str] = Counter()
    for element in root.iter(model("extensionElements")):
        for child in element:
            space = child.tag[1:].split("}")[0] if child.tag.startswith("{") else child.tag
            if space != OWN:
                foreign[space] += 1
    for space, count in sorted(foreign.items()):
        reader.notes.append(
            _("Bỏ %(count)d phần mở rộng của công cụ khác (%(space)s).")
            % {"count": count, "space": space[:100]}
        )
    if (
        root.find(model("collaboration")) is not None
        and root.find(f"{model('collaboration')}/{model('messageFlow')}") is not None
    ):
        reader.notes.append(_("Bỏ các luồng thông điệp giữa các bên."))


def _index(reader: _Reader) -> None:
    """Nodes, flows, lanes and timers; reasons for what a route cannot be."""
    for element in reader.process:
        kind = _local(element)
        if kind == "sequenceFlow":
            reader.flows.setdefault(element.get("sourceRef", ""), []).append(element)
        elif kind == "boundaryEvent":
            _timer(reader, element)
        elif kind in _TASKS | _GATEWAYS | {"startEvent", "endEvent", "parallelGateway"}:
            reader.nodes[element.get("id", "")] = element
        elif kind not in _DROPPED:
            reader.reasons.append(
                _("«%(name)s» là %(kind)s, quy trình không có loại này")
                % {"name": _name(element), "kind": kind or str(element.tag)[:60]}
            )
        elif kind in {"textAnnotation", "group", "dataObjectReference", "dataStoreReference"}:
            reader.notes.append(_("Bỏ chú thích và đối tượng dữ liệu."))
    for lane in reader.process.iter(model("lane")):
        if lane.find(model("childLaneSet")) is None:
            for reference in lane.findall(model("flowNodeRef")):
                reader.lanes[clean(reference.text or "")] = clean(lane.get("name", ""))
    for source, flows in reader.flows.items():
        for flow in flows:
            if flow.get("targetRef", "") not in reader.nodes or source not in reader.nodes:
                reader.reasons.append(
                    _("luồng «%(id)s» nối đến phần tử không có") % {"id": flow.get("id", "")[:60]}
                )


def _timer(reader: _Reader, event: ET.Element) -> None:
    duration = event.find(f"{model('timerEventDefinition')}/{model('timeDuration')}")
    hours = _duration(clean(duration.text or "")) if duration is not None else None
    if hours is None:
        reader.reasons.append(_("sự kiện «%(name)s» không phải thời hạn đọc được") % {"name": _name(event)})
        return
    reader.hours[event.get("attachedToRef", "")] = hours
    if reader.flows.get(event.get("id", "")):
        reader.notes.append(_("Bỏ đường đi khi hết giờ: nhắc và quá hạn là việc của hệ thống."))


def _duration(text: str) -> Decimal | None:
    """An ISO 8601 duration in working hours: a day is eight of them, a week five days."""
    found = _DURATION.fullmatch(text)
    if found is None or text in ("P", "PT"):
        return None
    part = {name: Decimal(value or 0) for name, value in found.groupdict().items()}
    hours = part["weeks"] * 40 + part["days"] * 8 + part["hours"] + part["minutes"] / 60
    rounded = (hours / QUARTER).quantize(Decimal(1), ROUND_HALF_UP) * QUARTER
    return rounded if rounded <= MOST_HOURS else None


def _begin(reader: _Reader) -> str | None:
    """The id of the node with which the route begins."""
    starts = [each for each in reader.nodes.values() if _local(each) == "startEvent"]
    if len(starts) != 1:
        reader.reasons.append(
            _("quy trình phải có đúng một điểm bắt đầu, ở đây có %(count)d") % {"count": len(starts)}
        )
        return None
    flows = reader.flows.get(starts[0].get("id", ""), [])
    if len(flows) != 1:
        reader.reasons.append(_("điểm bắt đầu phải dẫn đến đúng một việc"))
        return None
    target = flows[0].get("targetRef", "")
    node = reader.nodes.get(target)
    if node is None or _local(node) not in _TASKS | {"parallelGateway"}:
        reader.reasons.append(_("điểm bắt đầu phải dẫn thẳng đến một việc"))
        return None
    return target


def _rows(reader: _Reader, begin: str) -> list[dict[str, Any]]:
    """The steps as JSON, the first first, the others as they stand in the file."""
    inside = _consulted(reader)
    entries = [
        node
        for node, element in reader.nodes.items()
        if (_local(element) in _TASKS and node not in inside) or node in inside.values()
    ]
    if not entries:
        return []
    if begin not in entries:
        reader.reasons.append(_("điểm bắt đầu dẫn vào giữa một nhánh song song"))
        return []
    entries.remove(begin)
    entries.insert(0, begin)
    for node in entries:
        reader.keys[node] = _key(reader, node)
    rows = [
        _consultation(reader, node, inside)
        if _local(reader.nodes[node]) == "parallelGateway"
        else _step(reader, node, begin)
        for node in entries
    ]
    _settle_statuses(reader, rows)
    for row in rows:
        for outcome in row["outcomes"]:
            outcome.pop("_own", None)
        row.pop("_own", None)
    return rows


def _settle_statuses(reader: _Reader, rows: list[dict[str, Any]]) -> None:
    """What leads to handing out says «đã xử lý xong», where another tool's file says nothing."""
    kinds = {row["key"]: row["kind"] for row in rows}
    for row in rows:
        for outcome in row["outcomes"]:
            if outcome["_own"]:
                continue
            kind = outcome["kind"]
            if not outcome["to"]:
                outcome["status"] = int(Status.RETURNED)
            elif kind == OutcomeKind.SUPPLEMENT:
                outcome["status"] = int(Status.SUPPLEMENT)
            elif kinds.get(outcome["to"]) == TaskKind.RETURN and kind != OutcomeKind.BACK:
                outcome["status"] = int(Status.PROCESSED)
            else:
                outcome["status"] = int(Status.PROCESSING)


def _own_step(element: ET.Element) -> ET.Element | None:
    return element.find(f"{model('extensionElements')}/{own('step')}")


def _key(reader: _Reader, node: str) -> str:
    element = reader.nodes[node]
    mine = _own_step(element)
    if mine is not None:
        return mine.get("key", "")
    words = fold(_name(element)).replace("đ", "d")
    base = _NOT_A_KEY.sub("-", words).strip("-")[: KEY_LENGTH - 4].strip("-") or "buoc"
    taken = set(reader.keys.values())
    number, key = 2, base
    while key in taken:
        key, number = f"{base}-{number}", number + 1
    return key


def _name(element: ET.Element) -> str:
    return clean(element.get("name") or element.get("id") or "")[:NAME_LENGTH] or "—"


def _title(reader: _Reader, node: str) -> str:
    """The code of the title that a task's lane names."""
    lane = reader.lanes.get(node, "")
    wanted = fold(lane)
    for code, name in reader.titles.items():
        if wanted in (fold(name), fold(code), fold(code.replace("_", " "))):
            return code
    reader.notes.append(
        _("Làn «%(lane)s» không phải chức danh nào: hãy chọn chức danh cho bước «%(name)s».")
        % {"lane": lane or "—", "name": _name(reader.nodes[node])}
    )
    return ""


def _step(reader: _Reader, node: str, begin: str) -> dict[str, Any]:
    element = reader.nodes[node]
    mine = _own_step(element)
    if mine is not None:
        row = _own_values(mine)
    else:
        if node not in reader.hours:
            reader.notes.append(_("Bước «%(name)s» chưa có thời gian.") % {"name": _name(element)})
        row = {
            "key": reader.keys[node],
            "name": _name(element),
            "title": _title(reader, node),
            "hours": float(reader.hours.get(node, Decimal(0))),
        }
    ways = list(_ways(reader, node, []))
    if mine is None:
        row["kind"] = _guess_kind(_name(element), ways, first=node == begin)
    row["outcomes"] = [_outcome(reader, row, each, labels) for each, labels in ways]
    used: set[str] = set()
    for outcome in row["outcomes"]:
        base, number = outcome["key"], 2
        while outcome["key"] in used and not outcome["_own"]:
            outcome["key"], number = f"{base[: KEY_LENGTH - 4]}-{number}", number + 1
        used.add(outcome["key"])
    return row


def _own_values(mine: ET.Element) -> dict[str, Any]:
    return {name: mine.get(name, "") for name in ("key", "name", "kind", "title")} | {
        "hours": mine.get("hours", "0")
    }


def _ways(
    reader: _Reader, node: str, before: list[ET.Element]
) -> Iterator[tuple[ET.Element, list[ET.Element]]]:
    """Every (last flow, flows on the way) from a task to the next task, parallel gateway or end."""
    reader.walked += 1
    if len(before) > MOST_GATEWAYS or reader.walked > MOST_WALKED:
        if not reader.reasons:
            reader.reasons.append(_("các cổng rẽ nối vòng quanh nhau, hoặc quá nhiều đường rẽ"))
        return
    for flow in reader.flows.get(node, []):
        target = reader.nodes.get(flow.get("targetRef", ""))
        if target is None:
            continue
        if _local(target) in _GATEWAYS:
            yield from _ways(reader, target.get("id", ""), [*before, flow])
        else:
            yield flow, [*before, flow]


def _outcome(
    reader: _Reader, row: dict[str, Any], flow: ET.Element, flows: list[ET.Element]
) -> dict[str, Any]:
    target = flow.get("targetRef", "")
    to = reader.keys.get(target, "")
    if not to and _local(reader.nodes[target]) != "endEvent":
        reader.reasons.append(_("«%(name)s» dẫn vào giữa một nhánh song song") % {"name": row["name"]})
    mine = flow.find(f"{model('extensionElements')}/{own('outcome')}")
    if mine is not None:
        status = mine.get("status", "")
        return {
            "key": mine.get("key", ""),
            "kind": mine.get("kind", ""),
            "label": mine.get("label", ""),
            "to": to,
            "status": int(status) if status.isdecimal() and len(status) < 4 else 0,
            "_own": True,
        }
    label = " · ".join(name for each in flows if (name := clean(each.get("name", ""))))[:LABEL_LENGTH]
    kind = _guess_outcome(reader, row, label, target, to)
    return {
        "key": kind.value,
        "kind": kind.value,
        "label": label or str(kind.label),
        "to": to,
        "status": 4,
        "_own": False,
    }


_WORDS = (
    (("bo sung", "hoan thien"), OutcomeKind.SUPPLEMENT),
    (("tu choi", "khong dat", "khong du dieu kien"), OutcomeKind.REFUSE),
    (("tra lai", "lam lai", "quay lai"), OutcomeKind.BACK),
)


def _guess_outcome(reader: _Reader, row: dict[str, Any], label: str, target: str, to: str) -> OutcomeKind:
    words = _plain(label)
    for parts, kind in _WORDS:
        if any(part in words for part in parts):
            return kind
    if not to:
        return OutcomeKind.RETURN
    if _local(reader.nodes[target]) == "parallelGateway":
        return OutcomeKind.CONSULT
    order = list(reader.keys.values())
    if order.index(to) <= order.index(row["key"]):
        return OutcomeKind.BACK
    by_kind = {TaskKind.SIGN.value: OutcomeKind.SIGN, TaskKind.STAMP.value: OutcomeKind.STAMP}
    return by_kind.get(str(row["kind"]), OutcomeKind.FORWARD)


def _guess_kind(name: str, ways: list[tuple[ET.Element, list[ET.Element]]], *, first: bool) -> str:
    words = f" {_plain(name)} "
    if first:
        return TaskKind.RECEIVE.value
    if " tra " in words and "ket qua" in words:
        return TaskKind.RETURN.value
    if "dong dau" in words or "phat hanh" in words or " vao so " in words:
        return TaskKind.STAMP.value
    if " ky " in words or "phe duyet" in words:
        return TaskKind.SIGN.value
    return TaskKind.WORK.value


def _plain(words: str) -> str:
    return fold(words).replace("đ", "d")


def _consulted(reader: _Reader) -> dict[str, str]:
    """Tasks between a parallel split and its join → the split. Reasons where branches are more than one task."""
    inside: dict[str, str] = {}
    for node, element in reader.nodes.items():
        branches = reader.flows.get(node, [])
        if _local(element) != "parallelGateway" or (len(branches) < 2 and _own_step(element) is None):
            continue
        joins: set[str] = set()
        for flow in branches:
            task = flow.get("targetRef", "")
            onward = reader.flows.get(task, [])
            join = onward[0].get("targetRef", "") if len(onward) == 1 else ""
            if (
                _local(reader.nodes[task]) not in _TASKS
                or _local(reader.nodes.get(join, element)) != "parallelGateway"
            ):
                reader.reasons.append(
                    _("nhánh song song «%(name)s» phải là một việc rồi nhập lại ngay")
                    % {"name": _name(reader.nodes[task])}
                )
                continue
            inside[task] = node
            joins.add(join)
        if len(joins) > 1:
            reader.reasons.append(
                _("các nhánh của «%(name)s» không nhập lại ở một cổng") % {"name": _name(element)}
            )
        for join in joins:
            if join == node or len(reader.flows.get(join, [])) != 1:
                reader.reasons.append(
                    _("cổng nhập «%(name)s» phải dẫn đến đúng một bước") % {"name": _name(reader.nodes[join])}
                )
    return inside


def _consultation(reader: _Reader, node: str, inside: Mapping[str, str]) -> dict[str, Any]:
    element = reader.nodes[node]
    mine = _own_step(element)
    tasks = [task for task, split in inside.items() if split == node]
    join = reader.flows[tasks[0]][0].get("targetRef", "") if tasks else ""
    onward = reader.flows.get(join, [])
    to = _after(reader, onward[0].get("targetRef", "")) if onward else ""
    if not to:
        reader.reasons.append(_("sau khi lấy ý kiến «%(name)s» phải có một bước") % {"name": _name(element)})
    agencies = [agency for task in tasks if (agency := _asked(reader, task)) is not None]
    if mine is not None:
        row = _own_values(mine)
        answers = element.findall(f"{model('extensionElements')}/{own('answer')}")
        row["outcomes"] = [
            {
                "key": each.get("key", ""),
                "kind": each.get("kind", ""),
                "label": each.get("label", ""),
                "to": to,
                "status": int(each.get("status", "4")) if each.get("status", "4").isdecimal() else 0,
                "_own": True,
            }
            for each in answers
        ]
    else:
        row = {
            "key": reader.keys[node],
            "name": _name(reader.nodes[tasks[0]]) if tasks else _name(element),
            "kind": TaskKind.CONSULT.value,
            "title": "chuyen_vien" if "chuyen_vien" in reader.titles else "",
            "hours": float(max((reader.hours.get(task, Decimal(0)) for task in tasks), default=Decimal(0))),
            "outcomes": [
                {
                    "key": "dong-y",
                    "kind": OutcomeKind.FORWARD.value,
                    "label": _("Đồng ý"),
                    "to": to,
                    "status": 4,
                    "_own": True,
                },
                {
                    "key": "y-kien-khac",
                    "kind": OutcomeKind.FORWARD.value,
                    "label": _("Có ý kiến khác"),
                    "to": to,
                    "status": 4,
                    "_own": True,
                },
            ],
        }
    row["agencies"] = agencies
    return row


def _after(reader: _Reader, node: str) -> str:
    return reader.keys.get(node, "")


def _asked(reader: _Reader, task: str) -> dict[str, str] | None:
    """The agency that a parallel task is asked of: ours says so, else its lane or name begins with «Sở …»."""
    element = reader.nodes[task]
    mine = element.find(f"{model('extensionElements')}/{own('agency')}")
    if mine is not None:
        return {name: mine.get(name, "") for name in ("kind", "level", "slot")}
    for words in (reader.lanes.get(task, ""), _name(element)):
        if found := re.search(r"\bSở ([^():;,]+)", words):
            return {"kind": "so", "level": "province", "slot": clean(found.group(1))}
    reader.reasons.append(
        _("việc song song «%(name)s» không nói hỏi sở nào (đặt trong làn «Sở …»)") % {"name": _name(element)}
    )
    return None
