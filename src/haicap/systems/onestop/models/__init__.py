"""The one-stop shop's tables."""

from haicap.systems.onestop.models.dossier import IN_FLIGHT, Dossier, DossierStep, Status

__all__ = ["IN_FLIGHT", "Dossier", "DossierStep", "Status"]
