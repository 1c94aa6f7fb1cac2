"""The one-stop shop's tables."""

from haicap.systems.onestop.models.dossier import Dossier, DossierNumber, DossierStep
from haicap.systems.onestop.models.queryset import DossierQuerySet
from haicap.systems.onestop.models.status import CLOSED, FINISHED, IN_FLIGHT, Status

__all__ = [
    "CLOSED",
    "FINISHED",
    "IN_FLIGHT",
    "Dossier",
    "DossierNumber",
    "DossierQuerySet",
    "DossierStep",
    "Status",
]
