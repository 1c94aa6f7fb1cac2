"""A route as BPMN 2.0 XML: user tasks in a lane per title, exclusive gateways for outcomes, parallel ones for
consultations, and the coordinates of a drawing. What BPMN has no word for stands in extension elements.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from haicap.systems.onestop.models import TaskKind
from haicap.systems.onestop.routes.bpmn.names import BOUNDS, DIAGRAM, INSTANCE, PREFIXES, WAYS, model, own
from haicap.systems.onestop.routes.definition import Definition, Outcome, Step
from haicap.systems.onestop.routes.errors import BadBpmn

LEFT, TOP = 160, 60
COLUMN, ROW = 230, 120
TASK = (120, 80)
GATEWAY = (50, 50)
EVENT = (36, 36)
START, END = "start", "end"


@dataclass(slots=True)
class _Node:
    """A flow node: its element, where it is drawn, and which flows touch it."""

    element: ET.Element
    lane: str
    x: float
    y: float
    width: float
    height: float

    @property
    def id(self) -> str:
        return self.element.get("id", "")


@dataclass(slots=True)
class _Drawing:
    """What is being written."""

    process: ET.Element
    nodes: dict[str, _Node] = field(default_factory=dict)
    flows: list[tuple[str, str, str]] = field(default_factory=list)


def write_bpmn(
    definition: Definition, code: str, name: str, titles: Mapping[str, str] | None = None
) -> bytes:
    """The route as a BPMN file; `titles` are the names of titles by code. Raises BadBpmn where an outcome leads to a
    step that is not there, or the route has no step."""
    _check(definition)
    for prefix, address in PREFIXES.items():
        ET.register_namespace(prefix, address)
    top = ET.Element(
        model("definitions"), {"id": f"definitions-{code}", "targetNamespace": "urn:haicap:routes"}
    )
    process = ET.SubElement(
        top, model("process"), {"id": f"route-{code}", "name": name, "isExecutable": "true"}
    )
    lanes = ET.SubElement(process, model("laneSet"), {"id": "lanes"})
    drawing = _Drawing(process)
    rows = {title: row for row, title in enumerate(dict.fromkeys(step.title for step in definition.steps))}
    _add_events(drawing, definition, rows)
    for column, step in enumerate(definition.steps):
        _add_step(drawing, definition, step, column, rows[step.title])
    _add_flows(drawing, definition)
    _add_lanes(lanes, drawing, rows, titles or {})
    _draw(top, process, drawing, rows, len(definition.steps))
    ET.indent(top)
    written: bytes = ET.tostring(top, encoding="utf-8", xml_declaration=True)
    return written


def _check(definition: Definition) -> None:
    unknown = [
        f"{step.name}: {each.label} → {each.to}"
        for step in definition.steps
        for each in step.outcomes
        if each.to and definition.step(each.to) is None
    ]
    unknown += [
        _("%(name)s: chưa có cơ quan được hỏi, hoặc ý kiến dẫn về nhiều bước") % {"name": step.name}
        for step in definition.steps
        if step.kind == TaskKind.CONSULT
        and (not step.agencies or len({each.to for each in step.outcomes}) != 1)
    ]
    if not definition.steps or unknown:
        raise BadBpmn(
            _("Quy trình chưa xuất được: %(why)s.")
            % {"why": "; ".join(unknown) if unknown else _("chưa có bước nào")},
            todo=_("Hãy sửa các bước rồi xuất lại."),
            details={"reasons": unknown},
        )


def entry(definition: Definition, key: str) -> str:
    """The id of the node by which a step is entered; the end for ""."""
    step = definition.step(key)
    if step is None:
        return END
    return f"split-{key}" if step.kind == TaskKind.CONSULT else f"task-{key}"


def _add_events(drawing: _Drawing, definition: Definition, rows: Mapping[str, int]) -> None:
    first, last = definition.steps[0], definition.steps[-1]
    for kind, name, lane, column in (
        ("startEvent", START, first.title, -0.45),
        ("endEvent", END, last.title, len(definition.steps) + 0.1),
    ):
        element = ET.SubElement(drawing.process, model(kind), {"id": name})
        _place(drawing, element, lane, column, rows[lane], EVENT)


def _add_step(drawing: _Drawing, definition: Definition, step: Step, column: int, row: int) -> None:
    if step.kind == TaskKind.CONSULT:
        _add_consultation(drawing, step, column, row)
        return
    task = ET.SubElement(drawing.process, model("userTask"), {"id": f"task-{step.key}", "name": step.name})
    _describe(task, step)
    _place(drawing, task, step.title, column, row, TASK)
    if len(step.outcomes) > 1:
        way = ET.SubElement(
            drawing.process, model("exclusiveGateway"), {"id": f"way-{step.key}", "name": step.name}
        )
        _place(drawing, way, step.title, column + 0.62, row, GATEWAY)


def _add_consultation(drawing: _Drawing, step: Step, column: int, row: int) -> None:
    split = ET.SubElement(
        drawing.process, model("parallelGateway"), {"id": f"split-{step.key}", "name": step.name}
    )
    inside = _describe(split, step)
    for answer in step.outcomes:
        ET.SubElement(inside, own("answer"), _outcome_values(answer))
    _place(drawing, split, step.title, column - 0.1, row, GATEWAY)
    for number, agency in enumerate(step.agencies, start=1):
        asked = ET.SubElement(
            drawing.process,
            model("userTask"),
            {"id": f"ask-{step.key}-{number}", "name": f"{step.name} ({agency.slot or agency.kind})"},
        )
        ET.SubElement(
            ET.SubElement(asked, model("extensionElements")),
            own("agency"),
            {"kind": agency.kind, "level": agency.level, "slot": agency.slot},
        )
        _place(drawing, asked, step.title, column + 0.15, row, TASK, shift=(number - 1) * 14)
    join = ET.SubElement(drawing.process, model("parallelGateway"), {"id": f"join-{step.key}"})
    _place(drawing, join, step.title, column + 0.75, row, GATEWAY)


def _describe(element: ET.Element, step: Step) -> ET.Element:
    inside = ET.SubElement(element, model("extensionElements"))
    ET.SubElement(
        inside,
        own("step"),
        {
            "key": step.key,
            "name": step.name,
            "kind": str(step.kind.value),
            "title": step.title,
            "hours": format(step.hours.normalize(), "f"),
        },
    )
    return inside


def _outcome_values(outcome: Outcome) -> dict[str, str]:
    return {
        "key": outcome.key or outcome.kind.value,
        "kind": outcome.kind.value,
        "label": outcome.label,
        "status": str(int(outcome.status)),
        "to": outcome.to,
    }


def _add_flows(drawing: _Drawing, definition: Definition) -> None:
    _flow(drawing, "flow.start", START, entry(definition, definition.steps[0].key))
    for step in definition.steps:
        if step.kind == TaskKind.CONSULT:
            for number in range(1, len(step.agencies) + 1):
                _flow(
                    drawing, f"flow-{step.key}.ask-{number}", f"split-{step.key}", f"ask-{step.key}-{number}"
                )
                _flow(
                    drawing, f"flow-{step.key}.told-{number}", f"ask-{step.key}-{number}", f"join-{step.key}"
                )
            _flow(drawing, f"flow-{step.key}.on", f"join-{step.key}", entry(definition, step.outcomes[0].to))
            continue
        source = f"task-{step.key}"
        if len(step.outcomes) > 1:
            _flow(drawing, f"flow-{step.key}", source, f"way-{step.key}")
            source = f"way-{step.key}"
        for each in step.outcomes:
            flow = _flow(
                drawing, f"flow-{step.key}--{each.key or each.kind.value}", source, entry(definition, each.to)
            )
            flow.set("name", each.label)
            ET.SubElement(
                ET.SubElement(flow, model("extensionElements")), own("outcome"), _outcome_values(each)
            )
            if len(step.outcomes) > 1:
                condition = ET.SubElement(
                    flow, model("conditionExpression"), {f"{{{INSTANCE}}}type": "bpmn:tFormalExpression"}
                )
                condition.text = f'outcome == "{each.key or each.kind.value}"'
    for flow_id, source, target in drawing.flows:
        drawing.nodes[source].element.append(_reference("outgoing", flow_id))
        drawing.nodes[target].element.append(_reference("incoming", flow_id))
    for node in drawing.nodes.values():
        _in_order(node.element)


def _in_order(element: ET.Element) -> None:
    """The schema wants documentation, extensions, incoming, outgoing, in this order."""
    order = {model("extensionElements"): 0, model("incoming"): 1, model("outgoing"): 2}
    element[:] = sorted(element, key=lambda child: order.get(child.tag, 3))


def _reference(kind: str, flow_id: str) -> ET.Element:
    element = ET.Element(model(kind))
    element.text = flow_id
    return element


def _flow(drawing: _Drawing, flow_id: str, source: str, target: str) -> ET.Element:
    drawing.flows.append((flow_id, source, target))
    return ET.SubElement(
        drawing.process,
        model("sequenceFlow"),
        {"id": flow_id, "sourceRef": source, "targetRef": target},
    )


def _place(
    drawing: _Drawing,
    element: ET.Element,
    lane: str,
    column: float,
    row: int,
    size: tuple[int, int],
    *,
    shift: float = 0,
) -> None:
    width, height = size
    x, y = LEFT + column * COLUMN, TOP + row * ROW + (ROW - height) / 2 + shift
    node = _Node(element, lane, x, y, width, height)
    drawing.nodes[node.id] = node


def _add_lanes(
    lanes: ET.Element, drawing: _Drawing, rows: Mapping[str, int], titles: Mapping[str, str]
) -> None:
    for title, row in rows.items():
        lane = ET.SubElement(
            lanes, model("lane"), {"id": f"lane-{row + 1}", "name": titles.get(title, title) or "—"}
        )
        for node in drawing.nodes.values():
            if node.lane == title:
                ET.SubElement(lane, model("flowNodeRef")).text = node.id


def _draw(
    top: ET.Element, process: ET.Element, drawing: _Drawing, rows: Mapping[str, int], columns: int
) -> None:
    diagram = ET.SubElement(top, f"{{{DIAGRAM}}}BPMNDiagram", {"id": "diagram"})
    plane = ET.SubElement(
        diagram, f"{{{DIAGRAM}}}BPMNPlane", {"id": "plane", "bpmnElement": process.get("id", "")}
    )
    for row in rows.values():
        _shape(
            plane,
            f"lane-{row + 1}",
            (LEFT - 150, TOP + row * ROW, (columns + 1.4) * COLUMN, ROW),
            horizontal=True,
        )
    for node in drawing.nodes.values():
        _shape(plane, node.id, (node.x, node.y, node.width, node.height))
    for flow_id, source, target in drawing.flows:
        edge = ET.SubElement(
            plane, f"{{{DIAGRAM}}}BPMNEdge", {"id": f"edge-{flow_id}", "bpmnElement": flow_id}
        )
        for x, y in _way(drawing.nodes[source], drawing.nodes[target]):
            ET.SubElement(edge, f"{{{WAYS}}}waypoint", {"x": f"{x:g}", "y": f"{y:g}"})


def _shape(
    plane: ET.Element, element_id: str, bounds: tuple[float, float, float, float], *, horizontal: bool = False
) -> None:
    values = {"id": f"shape-{element_id}", "bpmnElement": element_id}
    if horizontal:
        values["isHorizontal"] = "true"
    shape = ET.SubElement(plane, f"{{{DIAGRAM}}}BPMNShape", values)
    x, y, width, height = bounds
    ET.SubElement(
        shape,
        f"{{{BOUNDS}}}Bounds",
        {"x": f"{x:g}", "y": f"{y:g}", "width": f"{width:g}", "height": f"{height:g}"},
    )


def _way(source: _Node, target: _Node) -> Iterator[tuple[float, float]]:
    """From right to left when going on; out of the top and in from the top when turning back."""
    if target.x >= source.x + source.width:
        yield source.x + source.width, source.y + source.height / 2
        middle = (source.x + source.width + target.x) / 2
        if source.y + source.height / 2 != target.y + target.height / 2:
            yield middle, source.y + source.height / 2
            yield middle, target.y + target.height / 2
        yield target.x, target.y + target.height / 2
        return
    above = min(source.y, target.y) - 14
    yield source.x + source.width / 2, source.y
    yield source.x + source.width / 2, above
    yield target.x + target.width / 2, above
    yield target.x + target.width / 2, target.y
