"""The one-stop shop's tables."""

from haicap.systems.onestop.models.dossier import Dossier, DossierNumber, DossierStep
from haicap.systems.onestop.models.parts import (
    ApplicantKind,
    Delivery,
    DossierDetail,
    DossierFee,
    DossierLetter,
    DossierPaper,
    DossierTask,
    LetterForm,
    Result,
    TaskKind,
)
from haicap.systems.onestop.models.procedure import (
    Channel,
    Competence,
    Fee,
    LimitUnit,
    OnlineLevel,
    Procedure,
    ProcedureField,
    ProcedureVersion,
    RequiredPaper,
    TimeLimit,
)
from haicap.systems.onestop.models.queryset import DossierQuerySet
from haicap.systems.onestop.models.route import Route, RouteChoice, RouteVersion
from haicap.systems.onestop.models.status import CLOSED, FINISHED, IN_FLIGHT, Status

__all__ = [
    "CLOSED",
    "FINISHED",
    "IN_FLIGHT",
    "ApplicantKind",
    "Channel",
    "Competence",
    "Delivery",
    "Dossier",
    "DossierDetail",
    "DossierFee",
    "DossierLetter",
    "DossierNumber",
    "DossierPaper",
    "DossierQuerySet",
    "DossierStep",
    "DossierTask",
    "Fee",
    "LetterForm",
    "LimitUnit",
    "OnlineLevel",
    "Procedure",
    "ProcedureField",
    "ProcedureVersion",
    "RequiredPaper",
    "Result",
    "Route",
    "RouteChoice",
    "RouteVersion",
    "Status",
    "TaskKind",
    "TimeLimit",
]
