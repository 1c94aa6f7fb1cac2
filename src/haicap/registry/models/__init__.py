"""The registry's tables: units, agencies, codes, sites, people, posts and desks, all through time.

Time is held in two ways (docs/adr/0006): ranges with an exclusion constraint where different owners compete
for one thing (a code, a post), and step rows (`begins_*`, the latest one counts) where one thing has one
state; a step row cannot overlap another by its unique key alone, and re-holding costs one insert.
`recorded` / `withdrawn_at` is the second time: what we believe now is `upper_inf(recorded)` / `withdrawn_at
IS NULL`; nothing is overwritten.
"""

from haicap.registry.models.agency import (
    Agency,
    AgencyCode,
    AgencyKind,
    AgencySuccession,
    AgencyVersion,
    CodeHolding,
)
from haicap.registry.models.desk import CarriedMove, Desk, DeskKind, Holding
from haicap.registry.models.event import EventKind, Reorganisation, Resolution, Succession, UnitEvent
from haicap.registry.models.people import Appointment, FocalPoint, Person, Post, Title
from haicap.registry.models.revision import Deployment, Revision
from haicap.registry.models.site import Site, SiteUse
from haicap.registry.models.unit import Kind, Level, Unit, UnitName, UnitVersion

__all__ = [
    "Agency",
    "AgencyCode",
    "AgencyKind",
    "AgencySuccession",
    "AgencyVersion",
    "Appointment",
    "CarriedMove",
    "CodeHolding",
    "Deployment",
    "Desk",
    "DeskKind",
    "EventKind",
    "FocalPoint",
    "Holding",
    "Kind",
    "Level",
    "Person",
    "Post",
    "Reorganisation",
    "Resolution",
    "Revision",
    "Site",
    "SiteUse",
    "Succession",
    "Title",
    "Unit",
    "UnitEvent",
    "UnitName",
    "UnitVersion",
]
