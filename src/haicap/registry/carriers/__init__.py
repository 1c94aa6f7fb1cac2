"""The registry's carriers: units, agencies, codes, sites, desks, posts and appointments.

Each counts from the tables themselves before and after, so that a ledger line is a fact and not an intention.
"""

from haicap.registry.carriers.agencies import AgencyCarrier, CodeCarrier, SiteCarrier
from haicap.registry.carriers.desks import DeskCarrier
from haicap.registry.carriers.people import AppointmentCarrier, PostCarrier
from haicap.registry.carriers.units import UnitCarrier

CARRIERS = (
    UnitCarrier,
    AgencyCarrier,
    CodeCarrier,
    SiteCarrier,
    PostCarrier,
    AppointmentCarrier,
    DeskCarrier,
)

__all__ = ["CARRIERS"]
