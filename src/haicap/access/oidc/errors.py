"""Errors of single sign-on; those of the protocol itself are OAuth's own."""

from __future__ import annotations

from haicap.kernel.errors import BadInput, Conflict, NotFound


class BadAddress(BadInput):
    """ACC-301: an address of an application is not exact, not https, or leads elsewhere."""

    code = "ACC-301"


class BadApplication(BadInput):
    """ACC-302: the description of an application cannot be used."""

    code = "ACC-302"


class NoSuchApplication(NotFound):
    """ACC-303: there is no such application."""

    code = "ACC-303"


class ApplicationClosed(Conflict):
    """ACC-304: the application is closed, and stays so."""

    code = "ACC-304"


class RotationTooSoon(Conflict):
    """ACC-305: the next signing key is published already and has not begun to sign."""

    code = "ACC-305"


class NoSuchConsent(NotFound):
    """ACC-306: nothing was agreed to for this application."""

    code = "ACC-306"


class KeyUnreadable(Conflict):
    """ACC-307: no signing key can be decrypted with the deployment's secret."""

    code = "ACC-307"


class RequestRefused(BadInput):
    """ACC-308: an application's request for sign-in or sign-out is not in order; nobody is sent anywhere."""

    code = "ACC-308"
