"""What can go wrong with digital signing: ONE-411 to ONE-427."""

from __future__ import annotations

from haicap.kernel.errors import BadInput, Conflict, NotAllowed, NotFound, Unavailable


class NotAPdf(BadInput):
    """The bytes are no PDF that can be read."""

    code = "ONE-411"


class PdfEncrypted(BadInput):
    """The PDF is protected by a password: it could not be checked, nor opened for good."""

    code = "ONE-412"


class PdfActive(BadInput):
    """The PDF carries scripts, other files, or actions that start something."""

    code = "ONE-413"


class PdfTooLarge(BadInput):
    """More bytes, pages or objects than are taken."""

    code = "ONE-414"


class PdfLocked(Conflict):
    """An earlier signature forbids any change, further signatures too."""

    code = "ONE-415"


class BadCertificate(BadInput):
    """The file holds no certificate with its key that can sign documents."""

    code = "ONE-416"


class WrongPassphrase(NotAllowed):
    """The passphrase or PIN does not open the key."""

    code = "ONE-417"


class CertificateOutOfDate(Conflict):
    """The certificate is not valid yet, or no longer."""

    code = "ONE-418"


class CertificateRevoked(Conflict):
    """The certificate was withdrawn."""

    code = "ONE-419"


class CertificateOfAnother(NotAllowed):
    """The certificate belongs to another agency or person."""

    code = "ONE-420"


class CertificateNotFound(NotFound):
    """There is no such certificate, or the actor may not see it."""

    code = "ONE-421"


class SigningNotAllowed(NotAllowed):
    """The actor may not sign, seal, or manage certificates."""

    code = "ONE-422"


class KeyAway(Unavailable):
    """The file or the security module with the key does not answer."""

    code = "ONE-423"


class TimeStampAway(Unavailable):
    """The time stamp authority gives no stamp."""

    code = "ONE-424"


class CertificateKnown(Conflict):
    """The agency has this certificate already."""

    code = "ONE-425"


class BadRevocationList(BadInput):
    """The list of revoked certificates (CRL) cannot be read, or is not signed by who it says."""

    code = "ONE-426"


class SignatureBroken(Conflict):
    """After signing, a signature of the file is not valid: nothing was kept."""

    code = "ONE-427"
