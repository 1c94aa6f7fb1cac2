"""What can go wrong at the one-stop shop, in words for people; codes ONE-xxx are unique."""

from __future__ import annotations

from haicap.kernel.errors import BadInput, Conflict, NotAllowed, NotFound, Unavailable


class ReceptionNotAllowed(NotAllowed):
    """The actor does not receive dossiers for this agency."""

    code = "ONE-101"


class AgencyWithoutCode(Conflict):
    """The agency bears no open agency code (mã định danh điện tử): no dossier number can be formed."""

    code = "ONE-102"


class AgencyEnded(Conflict):
    """The agency no longer lives; the error names who took over."""

    code = "ONE-103"


class BadApplication(BadInput):
    """What was entered for a dossier cannot be used."""

    code = "ONE-104"


class CodeExhausted(Conflict):
    """The day's sequence of this agency has used its seven digits."""

    code = "ONE-105"


class DossierNotFound(NotFound):
    """There is no such dossier, or the actor may not see it: the two are not told apart."""

    code = "ONE-201"


class StepNotAllowed(NotAllowed):
    """The actor does not work at the agency that holds the dossier's desk now, or may not take this step."""

    code = "ONE-202"


class StatusMayNotFollow(Conflict):
    """The transition table does not allow this step."""

    code = "ONE-203"


class DossierChanged(Conflict):
    """Somebody else took a step since the page was opened."""

    code = "ONE-204"


class DeskNotOpen(Conflict):
    """The desk is closed, carries no records, or is where the dossier already lies."""

    code = "ONE-205"


class ReasonMissing(BadInput):
    """This step must give its reason."""

    code = "ONE-206"


class BadCatalogue(BadInput):
    """The file is no catalogue of procedures, or is beyond the limits."""

    code = "ONE-211"


class CatalogueNotAllowed(NotAllowed):
    """The actor does not keep the catalogue of procedures."""

    code = "ONE-212"


class NoSuchProcedure(NotFound):
    """There is no such procedure, import, defect or announcement."""

    code = "ONE-213"


class CatalogueMoved(Conflict):
    """The catalogue changed since the file was compared with it, or the import is not waiting to be applied."""

    code = "ONE-214"


class BadSettlement(BadInput):
    """What was entered to settle a defect cannot be used, or it is settled already."""

    code = "ONE-215"


class BadAnnouncement(BadInput):
    """What was entered to announce procedures cannot be used."""

    code = "ONE-216"


class BadFilter(BadInput):
    """A filter, a sort order or a page mark of a list cannot be read."""

    code = "ONE-301"


class ExportNotAllowed(NotAllowed):
    """The actor may not take lists out of the system."""

    code = "ONE-302"


class ListNotAllowed(NotAllowed):
    """The actor works for no agency, so there is no worklist."""

    code = "ONE-303"


class BeingCarried(Unavailable):
    """The tables are closed to writers for the short moment of a cut-over."""

    code = "ONE-503"
