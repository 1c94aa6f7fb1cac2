"""Danh mục thủ tục hành chính: what may be asked for, of whom, with which papers, for how much, within what time.

`current` and `find` say what a procedure is on a day, `limit_of` and `deadlines.due_at` how long it may take,
`competent_agencies` who decides it where. Imports, defects and announcements are in `imports` and `service`. The names
of the everyday procedures (`EVERYDAY`, for the demonstration) come from the starter catalogue that haicap brings along.
"""

from haicap.systems.onestop.catalogue.competence import Competent, competent_agencies
from haicap.systems.onestop.catalogue.everyday import (
    EVERYDAY,
    FIELDS,
    Procedure,
    field_name,
    procedure,
    procedure_name,
)
from haicap.systems.onestop.catalogue.limits import cases_of, limit_of
from haicap.systems.onestop.catalogue.queries import Configured, configured, current, find, is_published

__all__ = [
    "EVERYDAY",
    "FIELDS",
    "Competent",
    "Configured",
    "Procedure",
    "cases_of",
    "competent_agencies",
    "configured",
    "current",
    "field_name",
    "find",
    "is_published",
    "limit_of",
    "procedure",
    "procedure_name",
]
