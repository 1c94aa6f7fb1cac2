"""Setting up agencies: which organs a unit has, with their names, codes, desks and posts.

`templates` says what each kind of unit has in each period, `codes` issues agency codes, `rows` turns both
into table rows without touching the database, `service` writes them, set-based.
"""

from haicap.registry.establishment.codes import CodeIssuer
from haicap.registry.establishment.rows import EstablishmentRows, UnitFacts, rows_for
from haicap.registry.establishment.service import EstablishReport, establish, issuer_from_database, write_rows
from haicap.registry.establishment.templates import AgencyTemplate, Period, PostTemplate, template_for

__all__ = [
    "AgencyTemplate",
    "CodeIssuer",
    "EstablishReport",
    "EstablishmentRows",
    "Period",
    "PostTemplate",
    "UnitFacts",
    "establish",
    "issuer_from_database",
    "rows_for",
    "template_for",
    "write_rows",
]
