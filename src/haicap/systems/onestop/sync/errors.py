"""What can go wrong in reconciliation; codes ONE-510 to ONE-529."""

from __future__ import annotations

from haicap.kernel.errors import BadInput, Conflict, HaicapError, NotAllowed, NotFound


class SyncNotAllowed(NotAllowed):
    """The actor may not look at, replay or set up what goes to outside systems."""

    code = "ONE-510"


class NoSuchPartner(NotFound):
    """There is no such outside system, or it was closed."""

    code = "ONE-511"


class BadPartner(BadInput):
    """The settings of an outside system cannot be used."""

    code = "ONE-512"


class NothingToReplay(Conflict):
    """None of what was chosen has failed."""

    code = "ONE-513"


class RunGoesOn(Conflict):
    """A replay or a first telling of this partner is still going on."""

    code = "ONE-514"


class BadNameList(BadInput):
    """A partner's list of names cannot be read."""

    code = "ONE-515"


class NoSuchName(NotFound):
    """There is no such name of ours, or no such entry in the partner's list."""

    code = "ONE-516"


class PartnerSilent(HaicapError):
    """The partner did not answer, or not in a way that can be read; nobody knows whether it took the message."""

    code = "ONE-517"
    http_status = 502


class PartnerRefused(HaicapError):
    """The partner read the message and does not accept it; sent again unchanged it would not either."""

    code = "ONE-518"
    http_status = 502


class SecretUnreadable(HaicapError):
    """The password of a partner cannot be opened with the deployment's present secret."""

    code = "ONE-519"
    http_status = 500


class BadSync(HaicapError):
    """What was built of a dossier does not satisfy the standard's form; it is not sent."""

    code = "ONE-520"
    http_status = 500


class NothingToPay(Conflict):
    """The dossier has no open fee, or an amount that cannot be paid online."""

    code = "ONE-525"


class ForgedNotice(NotAllowed):
    """A notice of payment does not bear the right check sum; nothing was written."""

    code = "ONE-526"


class UnknownPayment(NotFound):
    """A notice speaks of a payment that we did not open, or of another amount."""

    code = "ONE-527"
