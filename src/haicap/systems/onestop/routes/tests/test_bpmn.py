"""BPMN: what is written is read back, others read it, other tools' files are understood or refused whole."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from SpiffWorkflow.bpmn.parser import BpmnParser

from haicap.registry.establishment.templates import TITLES
from haicap.systems.onestop.models import Status, TaskKind
from haicap.systems.onestop.routes.bpmn import read_bpmn, write_bpmn
from haicap.systems.onestop.routes.bpmn.names import BOUNDS, DIAGRAM, model
from haicap.systems.onestop.routes.definition import Definition, OutcomeKind, parse
from haicap.systems.onestop.routes.errors import BadBpmn
from haicap.systems.onestop.routes.library import StandardRoute, standard_routes
from haicap.systems.onestop.routes.tests.strategies import valid_routes
from haicap.systems.onestop.routes.validation import Severity, check

NAMES = {row[0]: row[1] for row in TITLES}


@settings(max_examples=60, deadline=None)
@given(valid_routes())
def test_bpmn__written_and_read__is_the_same_route(definition: Definition) -> None:
    read = read_bpmn(write_bpmn(definition, "thu", "Quy trình thử", NAMES), NAMES)
    assert read.definition == definition
    assert read.notes == ()
    assert read.name == "Quy trình thử"


@pytest.mark.parametrize("route", standard_routes(), ids=lambda route: route.code)
def test_bpmn__standard_route__is_read_by_another_engine(route: StandardRoute) -> None:
    written = write_bpmn(route.definition, route.code, route.name, NAMES)
    assert read_bpmn(written, NAMES).definition == route.definition
    parser = BpmnParser()
    parser.add_bpmn_io(io.BytesIO(written), f"{route.code}.bpmn")
    spec = parser.get_spec(f"route-{route.code}")
    for step in route.definition.steps:
        name = f"split-{step.key}" if step.kind == TaskKind.CONSULT else f"task-{step.key}"
        assert name in spec.task_specs


def test_bpmn__written__is_drawn_in_full() -> None:
    """Every node and flow has coordinates; no two nodes stand on one another; every lane holds its nodes."""
    written = write_bpmn(standard_routes()[3].definition, "xa", "Xã", NAMES)
    root = ET.fromstring(written)
    process = root.find(model("process"))
    assert process is not None
    flows = {flow.get("id") for flow in process.iter(model("sequenceFlow"))}
    nodes = {each.text for each in process.iter(model("flowNodeRef"))}
    shapes = {
        shape.get("bpmnElement"): shape.find(f"{{{BOUNDS}}}Bounds")
        for shape in root.iter(f"{{{DIAGRAM}}}BPMNShape")
    }
    edges = {edge.get("bpmnElement") for edge in root.iter(f"{{{DIAGRAM}}}BPMNEdge")}
    assert edges == flows
    assert nodes <= set(shapes)
    boxes = [
        tuple(float(bounds.get(name, "0")) for name in ("x", "y", "width", "height"))
        for node, bounds in shapes.items()
        if node in nodes and bounds is not None
    ]
    for number, (x, y, width, height) in enumerate(boxes):
        for other_x, other_y, other_width, other_height in boxes[:number]:
            assert (
                x >= other_x + other_width
                or other_x >= x + width
                or y >= other_y + other_height
                or other_y >= y + height
            )


BPMN_IO = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
  xmlns:omgdi="http://www.omg.org/spec/DD/20100524/DI" id="Definitions_0x" targetNamespace="http://bpmn.io/schema/bpmn">
  <process id="Process_1" name="Cấp giấy phép" isExecutable="false">
    <laneSet id="LaneSet_1">
      <lane id="Lane_1" name="Công chức một cửa"><flowNodeRef>S</flowNodeRef>
        <flowNodeRef>A</flowNodeRef><flowNodeRef>D</flowNodeRef></lane>
      <lane id="Lane_2" name="CHUYÊN VIÊN"><flowNodeRef>B</flowNodeRef></lane>
      <lane id="Lane_3" name="Chủ tịch"><flowNodeRef>C</flowNodeRef></lane>
      <lane id="Lane_4" name="Sở Xây dựng"><flowNodeRef>P1</flowNodeRef></lane>
      <lane id="Lane_5" name="Sở Tư pháp"><flowNodeRef>P2</flowNodeRef></lane>
    </laneSet>
    <startEvent id="S"><outgoing>f0</outgoing></startEvent>
    <userTask id="A" name="Tiếp nhận hồ sơ"><extensionElements><camunda:formData/></extensionElements></userTask>
    <task id="B" name="Thẩm định"/>
    <exclusiveGateway id="G" name="Đủ điều kiện?"/>
    <parallelGateway id="X"/><task id="P1" name="Cho ý kiến quy hoạch"/><task id="P2" name="Cho ý kiến pháp lý"/>
    <parallelGateway id="Y"/>
    <userTask id="C" name="Ký giấy phép"/>
    <userTask id="D" name="Trả kết quả"/>
    <endEvent id="E"/>
    <boundaryEvent id="T" attachedToRef="B" cancelActivity="false">
      <timerEventDefinition><timeDuration>P2DT4H</timeDuration></timerEventDefinition>
    </boundaryEvent>
    <textAnnotation id="note"><text>ghi chú</text></textAnnotation>
    <sequenceFlow id="f0" sourceRef="S" targetRef="A"/>
    <sequenceFlow id="f1" sourceRef="A" targetRef="B"/>
    <sequenceFlow id="f2" sourceRef="B" targetRef="G"/>
    <sequenceFlow id="f3" name="Đạt" sourceRef="G" targetRef="C"/>
    <sequenceFlow id="f4" name="Cần hỏi" sourceRef="G" targetRef="X"/>
    <sequenceFlow id="f5" name="Yêu cầu bổ sung" sourceRef="G" targetRef="B"/>
    <sequenceFlow id="f6" name="Từ chối" sourceRef="G" targetRef="D"/>
    <sequenceFlow id="f7" sourceRef="X" targetRef="P1"/><sequenceFlow id="f8" sourceRef="X" targetRef="P2"/>
    <sequenceFlow id="f9" sourceRef="P1" targetRef="Y"/><sequenceFlow id="f10" sourceRef="P2" targetRef="Y"/>
    <sequenceFlow id="f11" sourceRef="Y" targetRef="B"/>
    <sequenceFlow id="f12" sourceRef="C" targetRef="D"/>
    <sequenceFlow id="f13" sourceRef="D" targetRef="E"/>
  </process>
</definitions>
"""


def test_bpmn__of_another_tool__is_understood_with_notes() -> None:
    read = read_bpmn(BPMN_IO.encode(), NAMES)
    steps = {step.key: step for step in read.definition.steps}
    assert next(iter(steps)) == "tiep-nhan-ho-so"
    assert steps["tham-dinh"].title == "chuyen_vien"
    assert steps["tham-dinh"].hours == 20
    kinds = {each.label: (each.kind, each.status) for each in steps["tham-dinh"].outcomes}
    assert kinds == {
        "Đạt": (OutcomeKind.FORWARD, Status.PROCESSING),
        "Cần hỏi": (OutcomeKind.CONSULT, Status.PROCESSING),
        "Yêu cầu bổ sung": (OutcomeKind.SUPPLEMENT, Status.SUPPLEMENT),
        "Từ chối": (OutcomeKind.REFUSE, Status.PROCESSED),
    }
    asked = next(step for step in steps.values() if step.kind == TaskKind.CONSULT)
    assert [agency.slot for agency in asked.agencies] == ["Xây dựng", "Tư pháp"]
    assert steps["ky-giay-phep"].kind == TaskKind.SIGN
    assert any("camunda" in note for note in read.notes)
    assert not [each for each in check(read.definition, NAMES) if each.severity is Severity.ERROR]


def test_bpmn__what_a_route_cannot_be__is_refused_with_every_reason() -> None:
    more = '<subProcess id="Q" name="Con"/><startEvent id="S2"/><scriptTask id="K" name="Mã"/>'
    bad = BPMN_IO.replace('<endEvent id="E"/>', f'<endEvent id="E"/>{more}')
    with pytest.raises(BadBpmn) as refused:
        read_bpmn(bad.encode(), NAMES)
    reasons = " ".join(refused.value.details["reasons"])
    assert "Con" in reasons
    assert "Mã" in reasons
    assert "điểm bắt đầu" in reasons


def test_bpmn__branch_that_names_no_agency__is_refused() -> None:
    with pytest.raises(BadBpmn, match="không nói hỏi sở nào"):
        read_bpmn(BPMN_IO.replace('name="Sở Tư pháp"', 'name="Bên ngoài"').encode(), NAMES)


BOMB = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="&b;"/></definitions>"""
OUTSIDE = """<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="&f;"/></definitions>"""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x01",
        b"<a/>",
        BOMB.encode(),
        OUTSIDE.encode(),
        b"x" * (2 * 1024 * 1024 + 1),
        b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>',
        b'<?xml version="1.0" encoding="nonsense"?><a/>',
        BPMN_IO.encode()[: len(BPMN_IO) // 2],
    ],
)
def test_bpmn__bad_file__is_refused_in_words(content: bytes) -> None:
    with pytest.raises(BadBpmn) as refused:
        read_bpmn(content, NAMES)
    assert refused.value.details["reasons"]
    assert "passwd" not in str(refused.value)


def test_bpmn__gateways_in_a_circle__are_refused_soon() -> None:
    flows = "".join(
        f'<sequenceFlow id="g{number}" sourceRef="G{number % 8}" targetRef="G{(number * 3 + 1) % 8}"/>'
        for number in range(64)
    )
    gates = "".join(f'<exclusiveGateway id="G{number}"/>' for number in range(8))
    content = (
        '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="p"><startEvent id="S"/>'
        f'<task id="A"/>{gates}<sequenceFlow id="f" sourceRef="S" targetRef="A"/>'
        f'<sequenceFlow id="h" sourceRef="A" targetRef="G0"/>{flows}</process></definitions>'
    )
    with pytest.raises(BadBpmn, match="vòng quanh"):
        read_bpmn(content.encode(), NAMES)


def test_bpmn__half_done_draft__cannot_be_written() -> None:
    with pytest.raises(BadBpmn):
        write_bpmn(Definition(), "a", "A")
    step = {"key": "a", "name": "A", "kind": "work", "title": "", "hours": 1}
    outcome = {"kind": "forward", "label": "x", "to": "khong-co", "status": 4}
    with pytest.raises(BadBpmn):
        write_bpmn(parse({"steps": [step | {"outcomes": [outcome]}]}), "a", "A")
