"""Lần thử: one attempt to prove who one is, with the counters that slow it down (`throttle`)."""

from __future__ import annotations

import math
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import ngettext

from haicap.access.models import Account
from haicap.access.sign_in import devices, throttle
from haicap.access.sign_in.address import client_address, place_of
from haicap.kernel import clock


class Attempt:
    """An attempt at one account (or a name that fits none) from one place; taken by `refusal`."""

    def __init__(self, request: HttpRequest, what: str, name: str, account: Account | None) -> None:
        self.account = account
        who = str(account.pk) if account is not None else "name:" + name
        device = devices.known(request, account) if account is not None else None
        address = place_of(client_address(request))
        self._own = throttle.counter(what, who, f"device:{device.digest}" if device else f"at:{address}")
        self._all = [self._own]
        if device is None:
            self._all.append(throttle.counter(what, "address", address, free=throttle.FREE_OF_ADDRESS))

    @classmethod
    def at_password(cls, request: HttpRequest, name: str) -> Attempt:
        """An attempt with a password, by user name or official e-mail."""
        name = name.strip().lower()[:254]
        return cls(request, "password", name, account_named(name))

    @classmethod
    def at_passkey(cls, request: HttpRequest, account: Account | None) -> Attempt:
        """An attempt with a passkey alone, by whom it says it is of; None where it names nobody."""
        return cls(request, "passkey", "", account)

    @classmethod
    def at_second_factor(cls, request: HttpRequest, account: Account) -> Attempt:
        """An attempt with a code. Whoever makes it knows the password, so here guesses from all strange places
        count together: otherwise many addresses could share out a million codes.
        """
        attempt = cls(request, "second", account.username, account)
        if len(attempt._all) > 1:
            attempt._all.append(throttle.counter("second", str(account.pk), "anywhere", free=20))
        return attempt

    def refusal(self) -> str:
        """Take the attempt; the sentence that says how long to wait where it cannot be taken now."""
        return "" if throttle.take(self._all) else wait_sentence(self._all)

    def forget(self) -> None:
        """Begin the own counter anew without having taken an attempt: the owner proved it in another way."""
        throttle.forget([self._own])

    def succeeded(self) -> None:
        """The owner proved it: the own counter begins anew, the shared ones lose only this attempt."""
        throttle.forget([self._own])
        throttle.give_back([one for one in self._all if one is not self._own])


def wait_sentence(counters: Iterable[throttle.Counter]) -> str:
    """How long these counters let nobody through."""
    until = throttle.waits_until(counters)
    seconds = (until - clock.now()).total_seconds() if until is not None else 1
    if seconds <= 60:
        count = max(math.ceil(seconds), 1)
        return ngettext(
            "Thử nhiều lần quá. Hãy thử lại sau %(count)s giây.",
            "Thử nhiều lần quá. Hãy thử lại sau %(count)s giây.",
            count,
        ) % {"count": count}
    count = math.ceil(seconds / 60)
    return ngettext(
        "Thử nhiều lần quá. Hãy thử lại sau %(count)s phút.",
        "Thử nhiều lần quá. Hãy thử lại sau %(count)s phút.",
        count,
    ) % {"count": count}


def account_named(name: str) -> Account | None:
    """The account of a user name or an official e-mail, as typed."""
    found = Account.objects.filter(username=name).first()
    if found is None and "@" in name:
        found = Account.objects.filter(email=name).first()
    return found


def wait_error(sentence: str) -> ValidationError:
    """The sentence as what forms raise."""
    return ValidationError(sentence, code="throttled")
