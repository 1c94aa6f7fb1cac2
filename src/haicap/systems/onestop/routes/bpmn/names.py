"""Namespaces of BPMN 2.0 (ISO/IEC 19510) and of our own extension."""

from __future__ import annotations

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DIAGRAM = "http://www.omg.org/spec/BPMN/20100524/DI"
BOUNDS = "http://www.omg.org/spec/DD/20100524/DC"
WAYS = "http://www.omg.org/spec/DD/20100524/DI"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
#: what a route knows and BPMN does not: title, hours, kind and status of outcomes, agencies that are consulted
OWN = "urn:haicap:route:1"

PREFIXES = {"bpmn": MODEL, "bpmndi": DIAGRAM, "dc": BOUNDS, "di": WAYS, "xsi": INSTANCE, "haicap": OWN}


def model(name: str) -> str:
    """A name of BPMN's model."""
    return f"{{{MODEL}}}{name}"


def own(name: str) -> str:
    """A name of our extension."""
    return f"{{{OWN}}}{name}"
