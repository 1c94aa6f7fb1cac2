"""Routes as BPMN 2.0 XML: written with a drawing, read back, and read from other tools."""

from haicap.systems.onestop.routes.bpmn.reading import Imported, read_bpmn
from haicap.systems.onestop.routes.bpmn.writing import write_bpmn

__all__ = ["Imported", "read_bpmn", "write_bpmn"]
