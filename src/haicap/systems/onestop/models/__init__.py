"""The one-stop shop's tables."""

from haicap.systems.onestop.models.dossier import (
    CLOSED,
    FINISHED,
    IN_FLIGHT,
    Dossier,
    DossierNumber,
    DossierStep,
    Status,
)
from haicap.systems.onestop.models.queryset import DossierQuerySet

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
