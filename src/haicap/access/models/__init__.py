"""Tables of access: accounts, who acts for whom, one-time links, what happened at sign-in, who read whose data."""

from haicap.access.models.account import Account, AccountKind
from haicap.access.models.citizen import Citizen
from haicap.access.models.clients import (
    Application,
    ApplicationConsent,
    Grant,
    ScimToken,
    SigningKey,
    SpentToken,
)
from haicap.access.models.delegation import Delegation
from haicap.access.models.imports import PeopleImport
from haicap.access.models.personal_data import (
    Consent,
    ConsentPurpose,
    DataDecision,
    DataRequest,
    DataRequestKind,
    Purpose,
    Reading,
)
from haicap.access.models.scim import ScimGroup, ScimLink, ScimMember, ScimUse
from haicap.access.models.sign_in import KnownDevice, LinkPurpose, OneTimeLink, Outcome, SignInEvent

__all__ = [
    "Account",
    "AccountKind",
    "Application",
    "ApplicationConsent",
    "Citizen",
    "Consent",
    "ConsentPurpose",
    "DataDecision",
    "DataRequest",
    "DataRequestKind",
    "Delegation",
    "Grant",
    "KnownDevice",
    "LinkPurpose",
    "OneTimeLink",
    "Outcome",
    "PeopleImport",
    "Purpose",
    "Reading",
    "ScimGroup",
    "ScimLink",
    "ScimMember",
    "ScimToken",
    "ScimUse",
    "SignInEvent",
    "SigningKey",
    "SpentToken",
]
