"""Xác thực lớp hai: for whom it is compulsory, and whether this session has proved one.

The session keeps the account's id once a second factor was used or enrolled in it. That an authenticator exists
is not enough: a session opened with a stolen password before its owner enrolled must not pass afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from allauth.mfa.models import Authenticator
from django.http import HttpRequest

from haicap.access.hats import Hat, hats_of_account
from haicap.access.middleware import hats_of_request
from haicap.access.models import Account
from haicap.kernel.contract import permissions

#: key of the session: the account whose second factor was proved in it
PROVED_KEY = "second_factor"
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


@cache
def delicate() -> frozenset[str]:
    """Codes of the permissions that ask for a second factor."""
    return frozenset(code for code, permission in permissions().items() if permission.delicate)


def is_delicate(hats: Iterable[Hat]) -> bool:
    """Whether any of these hats holds a delicate permission."""
    return any(hat.rule.permissions & delicate() for hat in hats)


def is_needed(request: HttpRequest) -> bool:
    """Whether who is signed in must have a second factor, in whatever hat."""
    return is_delicate(hats_of_request(request))


def is_needed_by(account: Account) -> bool:
    """Whether an account must have a second factor."""
    return is_delicate(hats_of_account(account))


def is_proved(request: HttpRequest) -> bool:
    """Whether this session has proved a second factor of who is signed in."""
    return bool(request.session.get(PROVED_KEY) == str(request.user.pk))


def factors_of(account: Account) -> list[Authenticator]:
    """The second factors of an account: TOTP first, then passkeys; recovery codes are none."""
    found = Authenticator.objects.filter(user=account, type__in=FACTORS).order_by("type", "pk")
    return list(found[:50])
